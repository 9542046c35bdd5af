"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

# Two cores, several processes: one thread each, or they trample each other.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, beside the checkout or named by VIVANT_TEST_DATA."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("VIVANT_TEST_DATA", beside))
    if not (folder / "grid_s1").is_dir():
        pytest.fail(
            f"{folder} holds no test recordings: put GRID s1 (grid_s1/*.mpg with *.align) and LJ "
            "(lj/*.wav with metadata.csv) there, or point VIVANT_TEST_DATA at them."
        )
    return folder
