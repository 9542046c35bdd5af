"""Both judges know one speaker from another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.media.audio import read_audio
from vivant.voice.speaker import SAME_SPEAKER_ABOVE, campplus, centre, ge2e, similarity


@pytest.fixture(scope="module")
def one(shared_data: Path) -> list[np.ndarray]:
    return [read_audio(p, 16_000) for p in sorted((shared_data / "grid_s1").glob("*.mpg"))[:6]]


@pytest.fixture(scope="module")
def others(shared_data: Path) -> list[np.ndarray]:
    return [read_audio(p, 16_000) for p in sorted((shared_data / "grid_others").glob("*.mpg"))]


@pytest.mark.parametrize("judge", [campplus, ge2e])
def test_one_person_is_nearer_than_four_others(
    judge: Callable[[np.ndarray], np.ndarray], one: list[np.ndarray], others: list[np.ndarray]
) -> None:
    middle = centre([judge(wave) for wave in one[:4]])
    own = [similarity(judge(wave), middle) for wave in one[4:]]
    strange = [similarity(judge(wave), middle) for wave in others]
    assert min(own) > max(strange) + 0.1
    if judge is campplus:
        assert min(own) > SAME_SPEAKER_ABOVE


def test_loudness_does_not_matter(one: list[np.ndarray]) -> None:
    for judge in (campplus, ge2e):
        assert similarity(judge(one[0]), judge(one[0] * 0.3)) > 0.97


def test_too_short_to_tell() -> None:
    with pytest.raises(VivantError) as caught:
        campplus(np.zeros(2000, np.float32))
    assert caught.value.code == "too-short"
