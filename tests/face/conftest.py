"""One small face, trained once: a few clips, one network, a few steps."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vivant.face.analyse import analyse_footage
from vivant.face.judge import FaceReport, judge_face
from vivant.face.style import Real2D, RealRenderer
from vivant.face.train import Recipe, train_face
from vivant.media.audio import read_audio
from vivant.voice.speech import Speech

CLIPS = 9  # 27 s, of which one clip is held out
RECIPE = Recipe(networks=1, steps=60)
RATE = 16_000


@dataclass(frozen=True)
class SmallFace:
    """A trained face and what it was made of."""

    clips: tuple[Path, ...]
    analysed: Path  # the work folder before training
    work: Path
    avatar: Path  # face/ is in it


@pytest.fixture(scope="session")
def small_face(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> SmallFace:
    clips = tuple(sorted((shared_data / "grid_s1").glob("*.mpg"))[:CLIPS])
    folder = tmp_path_factory.mktemp("face")
    analyse_footage(clips, folder / "analysed")
    shutil.copytree(folder / "analysed", folder / "work")
    train_face(folder / "work", folder / "avatar" / "face", recipe=RECIPE)
    return SmallFace(clips, folder / "analysed", folder / "work", folder / "avatar")


@pytest.fixture(scope="session")
def judged(
    small_face: SmallFace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FaceReport, Path]:
    """The judge's figures and its folder."""
    folder = tmp_path_factory.mktemp("judged") / "report"
    return judge_face(small_face.work, small_face.avatar / "face", folder), folder


@pytest.fixture(scope="session")
def renderer(small_face: SmallFace) -> RealRenderer:
    return Real2D().open(small_face.avatar)


def spoken(wave: np.ndarray, rate: int = RATE) -> Speech:
    """Sound as `speak --audio` hands it to a style."""
    return Speech(np.asarray(wave, np.float32), rate, (), (), "", "recording", "recording")


@pytest.fixture(scope="session")
def sentence(shared_data: Path) -> np.ndarray:
    """(samples,) of a sentence that `small_face` never heard, at 16 kHz."""
    return read_audio(sorted((shared_data / "grid_s1").glob("*.mpg"))[70], RATE)
