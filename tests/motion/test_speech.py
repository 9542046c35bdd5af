"""Motion from timed phonemes: what a viewer would notice."""

from __future__ import annotations

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.motion.speech import Motion, motion_of
from vivant.motion.units import UNITS
from vivant.voice.speech import RATE, Phone, Speech, Word

JAW, CLOSE = UNITS.index("jawOpen"), UNITS.index("mouthClose")
PUCKER, BLINK = UNITS.index("mouthPucker"), UNITS.index("eyeBlinkLeft")
MOUTH = [i for i, name in enumerate(UNITS) if name.startswith(("mouth", "jaw"))]


def speech_of(*phones: tuple[str, float]) -> Speech:
    """A speech of (symbol, seconds) one after another, with no sound in it."""
    out, at = [], 0.0
    for symbol, seconds in phones:
        out.append(Phone(symbol, at, at + seconds, 0 if symbol else -1))
        at += seconds
    wave = np.zeros(round(at * RATE), np.float32)
    return Speech(wave, RATE, tuple(out), (Word("word", 0.0, at),), "en", "test", "stock")


def frame_at(seconds: float) -> int:
    return int(seconds * 25)


def opening(motion: Motion) -> np.ndarray:
    """How far the lips are apart: the jaw's opening less what the lips bridge."""
    return np.asarray(motion.weights[:, JAW] - motion.weights[:, CLOSE])


def test_one_row_a_frame_and_weights_in_range() -> None:
    motion = motion_of(speech_of(("ɑ", 1.0)), before_s=0.5, after_s=0.5)
    assert len(motion) == 50
    assert motion.weights.shape == (50, 52)
    assert motion.weights.min() >= 0
    assert motion.weights.max() <= 1


@pytest.mark.parametrize("symbol", ["m", "b", "p"])
def test_lips_close_on_lip_sounds_between_open_vowels(symbol: str) -> None:
    motion = motion_of(speech_of(("", 0.3), ("ɑ", 0.2), (symbol, 0.08), ("ɑ", 0.2), ("", 0.3)))
    middle = opening(motion)[frame_at(0.42) : frame_at(0.58) + 1]
    assert middle.min() < 0.01
    assert opening(motion).max() > 0.15


def test_an_open_vowel_opens_more_than_a_close_one() -> None:
    wide = opening(motion_of(speech_of(("", 0.3), ("ɑ", 0.25), ("", 0.3)))).max()
    narrow = opening(motion_of(speech_of(("", 0.3), ("i", 0.25), ("", 0.3)))).max()
    assert wide > 2 * narrow


def test_lips_round_on_u() -> None:
    rounded = motion_of(speech_of(("", 0.3), ("u", 0.25), ("", 0.3)))
    spread = motion_of(speech_of(("", 0.3), ("i", 0.25), ("", 0.3)))
    assert rounded.weights[:, PUCKER].max() > 0.35
    assert spread.weights[:, PUCKER].max() < 0.05


def test_rounding_is_prepared_during_the_consonant_before() -> None:
    before_u = motion_of(speech_of(("", 0.4), ("s", 0.12), ("u", 0.25), ("", 0.3)))
    before_i = motion_of(speech_of(("", 0.4), ("s", 0.12), ("i", 0.25), ("", 0.3)))
    in_s = frame_at(0.46)
    assert before_u.weights[in_s, PUCKER] > before_i.weights[in_s, PUCKER] + 0.05


def test_the_mouth_is_still_in_silence() -> None:
    motion = motion_of(speech_of(("ɑ", 0.3), ("", 2.0), ("ɑ", 0.3)))
    silent = motion.weights[frame_at(0.7) : frame_at(1.9)][:, MOUTH]
    assert np.ptp(silent, axis=0).max() < 0.02
    assert opening(motion)[frame_at(0.7) : frame_at(1.9)].max() < 0.01


def test_motion_is_smooth() -> None:
    phones = [("h", 0.07), ("ə", 0.06), ("l", 0.08), ("O", 0.2), ("w", 0.08), ("ɜ", 0.12)]
    motion = motion_of(speech_of(("", 0.4), *phones, ("l", 0.08), ("d", 0.06), ("", 0.6)))
    mouth = motion.weights[:, MOUTH]
    # No unit goes more than half its range in a frame, nor shakes to and fro in three frames.
    assert np.abs(np.diff(mouth, axis=0)).max() < 0.5
    assert np.abs(np.diff(motion.turn, axis=0)).max() < np.radians(1.5)
    step = np.diff(mouth, axis=0)
    shaking = (step[:-2] * step[1:-1] < 0) & (step[1:-1] * step[2:] < 0)
    assert not (shaking & (np.abs(step[1:-1]) > 0.08)).any()


def test_the_person_blinks_and_looks_at_the_camera() -> None:
    motion = motion_of(speech_of(("", 20.0)), seed=3)
    closed = motion.weights[:, BLINK] > 0.7
    blinks = int(np.sum(closed[1:] & ~closed[:-1]))
    assert 3 <= blinks <= 14
    aim = motion.gaze + np.stack([motion.turn[:, 0], -motion.turn[:, 1]], 1)
    assert np.median(np.abs(aim)) < np.radians(2.5)


def test_same_seed_same_motion_and_another_seed_another() -> None:
    speech = speech_of(("", 0.3), ("ɑ", 0.3), ("", 1.0))
    first, again, other = (motion_of(speech, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.weights, again.weights)
    assert np.array_equal(first.turn, again.turn)
    assert not np.array_equal(first.turn, other.turn)


def test_a_recording_without_phonemes_is_refused() -> None:
    speech = Speech(np.ones(RATE, np.float32), RATE, (), (), "", "recording", "recording")
    with pytest.raises(VivantError) as caught:
        motion_of(speech)
    assert caught.value.code == "no-phonemes"
