"""Notebooks run without the libraries of the stores that papermill knows, and papermill still reads from those stores."""

import subprocess
import sys

LOADED = """
import sys
from workers.notebooks.papermill_stores import load_papermill
load_papermill()
import workers.notebooks.notebook_engine
print(sorted({"boto3", "botocore", "pyarrow", "papermill"} & set(sys.modules)))
"""

READ = """
import io
from unittest import mock

from workers.notebooks.papermill_stores import load_papermill
load_papermill()
import papermill.iorw
import papermill.s3

with mock.patch.object(papermill.s3.S3, "read", lambda self, path: ["text of", path]):
    print(papermill.iorw.papermill_io.read("s3://bucket/a.ipynb"))
print(papermill.iorw.FileSelector("/a").base_dir)
"""


def printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_papermill_is_loaded_without_the_libraries_of_stores() -> None:
    assert printed(LOADED) == "['papermill']\n"


def test_papermill_reads_from_stores_as_it_does_else() -> None:
    environment = "import os; os.environ.update(AWS_DEFAULT_REGION='eu-west-1')\n"
    assert printed(environment + READ) == "text of\ns3://bucket/a.ipynb\n/a\n"
