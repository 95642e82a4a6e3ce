"""Kernels of each origin: held in a pool, forked, or a program of its own."""

import json
import os

import pytest

from tests.acceptance.conftest import PRELOADED
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.notebook_run import NotebookFailed, run_notebook

ORIGINS = ("spawn", "fork", "pool")


@pytest.fixture(scope="package")
def pool():
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # see `run`; kernels that are held look at the environment too early
    supply = KernelSupply(KernelSettings(preload=PRELOADED, pool_size=1))
    supply.start()
    yield supply
    supply.close()


@pytest.fixture(params=ORIGINS)
def origin(request):
    return request.param


@pytest.fixture
def run(origin, into, forking, pool_now):
    """Run a notebook in a kernel of the origin; gives what it printed."""
    supply = {"spawn": KernelSupply(KernelSettings(forks=False)), "fork": forking, "pool": pool_now}[origin]

    def run_it(path, parameters=None, **options):
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # with it ipykernel leaves out the capture of file descriptors
        if origin == "pool":
            supply.wait_ready()
        try:
            run_notebook(path, parameters or {}, options.pop("folder", into), kernels=supply, **options)
        finally:
            made = json.loads((into / "run.json").read_text())["kernel"] if (into / "run.json").exists() else None
            assert made is None or made["origin"] == origin
        return (into / "output.txt").read_text()

    return run_it


@pytest.fixture
def pool_now(pool):
    """The pool, empty again after the test: kernels that are held would be found by the next one."""
    yield pool
    pool.drain()


def failure_of(run, path, **options):
    with pytest.raises(NotebookFailed) as failed:
        run(path, **options)
    return failed.value
