"""One presenter of each gender for the whole package's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vivant.character.presenter import Presenter, Stage, make_presenter, open_stage
from vivant.face.landmarks import FaceTracker


@pytest.fixture(scope="session")
def woman() -> Presenter:
    return make_presenter(1, "woman")


@pytest.fixture(scope="session")
def man() -> Presenter:
    return make_presenter(1, "man")


@pytest.fixture(scope="session")
def stage(woman: Presenter) -> Stage:
    return open_stage(woman, 640, 480)


@pytest.fixture
def tracker() -> Iterator[FaceTracker]:
    with FaceTracker() as opened:
        yield opened
