"""A face learnt in a minute from fourteen clips: fit for testing, not for looking at."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivant.face.analyse import analyse_footage
from vivant.face.judge import FaceReport, judge_face
from vivant.face.train import Recipe, train_face

TINY = Recipe(networks=1, steps=100)


@pytest.fixture(scope="session")
def clips(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "grid_s1").glob("*.mpg"))[:14]


@pytest.fixture(scope="session")
def face(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``work`` and ``model``."""
    folder = tmp_path_factory.mktemp("face")
    analyse_footage(clips, folder / "work")
    train_face(folder / "work", folder / "model", recipe=TINY)
    return folder


@pytest.fixture(scope="session")
def judged(face: Path) -> tuple[FaceReport, Path]:
    """The judge's figures and its folder."""
    return judge_face(face / "work", face / "model", face / "report"), face / "report"
