"""The version of the sources that a run used, if they are in a git checkout."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from simpleflow_nb.environment import inherited

GIT_SECONDS = 10  #: a repository that answers later is not waited for


@dataclass(frozen=True, kw_only=True)
class SourceVersion:
    """A commit, and whether the file or anything else tracked by git differed from it."""

    commit: str
    dirty: bool


def read_source_version(path: Path) -> SourceVersion | None:
    """Read the version of the checkout that ``path`` is in.

    Untracked files do not make it dirty (outputs often lie in the checkout), unless ``path`` itself is one. None outside
    of a checkout, before its first commit, and where git is missing or refuses.
    """
    folder = path.absolute().parent
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    try:
        status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
        tracked = _git(folder, "ls-files", "--", path.name)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = status.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if commit == "(initial)":
        return None
    return SourceVersion(commit=commit, dirty=not tracked or any(not line.startswith("#") for line in lines))


def _git(folder: Path, *arguments: str) -> str:
    # Without the lock, reading the status cannot interfere with a commit.
    environment = inherited({"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"})
    command = ["git", "--literal-pathspecs", "-C", str(folder), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS, env=environment, stdin=subprocess.DEVNULL
    ).stdout
