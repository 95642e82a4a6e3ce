"""Parts of the key of a shared item, as its worker finds them: each thing that its work depends on, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deciders.tasks.arguments import SharedSettings
from deciders.values.key_parts import KeyParts
from simpleflow_nb.environment import keep_secret_for_tests  # noqa: F401
