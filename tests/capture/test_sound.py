"""Bad sound is named by its kind, with the file and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.capture.conftest import RATE, Save, Take, Utterance, room_echo, telephone
from tests.capture.test_footage import codes, only
from vivant.capture.preflight import check
from vivant.capture.sound import scan_sound
from vivant.media.audio import read_audio, resample

Spoil = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="session")
def talk(utterances: tuple[Utterance, ...]) -> np.ndarray:
    """Eighteen seconds of one man talking, with pauses; `RATE`."""
    return np.concatenate([utterance.wave for utterance in utterances[:6]])


@pytest.fixture(scope="session")
def reader(shared_data: Path) -> np.ndarray:
    """A woman reading on and on."""
    waves = [read_audio(path, RATE) for path in sorted((shared_data / "lj").glob("*.wav"))[:3]]
    return np.concatenate(waves)


def beneath(wave: np.ndarray, other: np.ndarray, down_db: float) -> np.ndarray:
    """Mix something in, so many dB below."""
    other = np.resize(other, len(wave))
    gain = np.sqrt((wave**2).mean() / (other**2).mean()) * 10 ** (-down_db / 20)
    return (wave + gain * other).astype(np.float32)


def music(seconds: float) -> np.ndarray:
    """Plucked minor chords, two a second."""
    out = np.zeros(round(seconds * RATE))
    dice = np.random.default_rng(1)
    for start in range(0, len(out), RATE // 2):
        time = np.arange(min(RATE // 2, len(out) - start)) / RATE
        for step in dice.choice([0, 3, 7, 10, 12, 15], 3):
            tone = np.sin(2 * np.pi * 220 * 2 ** (step / 12) * time) * np.exp(-3 * time)
            out[start : start + len(time)] += tone
    return out


def amplified(wave: np.ndarray, times: float) -> np.ndarray:
    """As a microphone whose gain is too high records it."""
    return np.clip(wave * (times / np.abs(wave).max()), -1, 1).astype(np.float32)


def noise(wave: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(len(wave))


@pytest.mark.parametrize(
    ("code", "severity", "spoil", "says"),
    [
        ("narrow-band", "error", lambda wave: telephone(wave, RATE), "telephone"),
        ("clipped", "error", lambda wave: amplified(wave, 4), "ceiling"),
        ("clipped", "error", lambda wave: 0.4 * amplified(wave, 6), "ceiling"),
        ("too-quiet", "error", lambda wave: 0.01 * wave, "LUFS"),
        ("noisy", "error", lambda wave: beneath(wave, noise(wave), 3), "dB above the noise"),
        ("noisy", "warning", lambda wave: beneath(wave, noise(wave), 10), "dB above the noise"),
        ("reverberant", "warning", lambda wave: room_echo(wave, RATE, 0.8), "s to die away"),
        ("reverberant", "error", lambda wave: room_echo(wave, RATE, 1.6), "s to die away"),
        ("background-sound", "error", lambda wave: beneath(wave, music(18), 10), "music"),
        ("background-sound", "error", lambda wave: beneath(wave, music(18), 25), "music"),
    ],
    ids=[
        "telephone",
        "clipped",
        "turned-down",
        "quiet",
        "very-noisy",
        "noisy",
        "echo",
        "hall",
        "music",
        "soft-music",
    ],
)
def test_spoiled_sound_of_a_video(
    take: Take, save: Save, talk: np.ndarray, code: str, severity: str, spoil: Spoil, says: str
) -> None:
    path = save("film.mp4", take.frames[:25], np.asarray(spoil(talk), np.float32))
    finding = only(check([path]), code, severity)
    assert says in finding.message


@pytest.mark.parametrize("down_db", [5, 15, 25])
def test_second_voice_in_the_background(
    take: Take, save: Save, talk: np.ndarray, reader: np.ndarray, down_db: float
) -> None:
    path = save("film.mp4", take.frames[:25], beneath(talk, reader, down_db))
    finding = only(check([path]), "background-sound", "warning")
    assert finding.at_s is not None


def test_good_sound_has_no_findings(take: Take, save: Save, talk: np.ndarray) -> None:
    heard = {
        "narrow-band",
        "clipped",
        "too-quiet",
        "noisy",
        "reverberant",
        "background-sound",
        "low-sample-rate",
    }
    hum = sum(np.sin(2 * np.pi * 50 * k * np.arange(RATE) / RATE) / k for k in range(1, 6))
    for wave in (talk, 0.2 * talk, beneath(talk, np.asarray(hum), 40)):
        assert not codes(check([save("film.mp4", take.frames[:25], wave)])) & heard


def test_eight_kilohertz(take: Take, save: Save) -> None:
    path = save("film.mp4", take.frames[:25], resample(take.wave, RATE, 8000), 8000)
    finding = only(check([path]), "low-sample-rate")
    assert "8000 samples a second" in finding.message
    assert "44,100" in finding.fix


def test_silent_track_is_no_talk(take: Take, save: Save) -> None:
    silence = np.zeros(3 * RATE, np.float32)
    only(check([save("film.mp4", take.frames[:25], silence)]), "too-quiet")


def test_the_clipped_second_is_named(talk: np.ndarray) -> None:
    spoiled = talk.copy()
    loud = slice(7 * RATE, 8 * RATE)
    spoiled[loud] = amplified(talk[loud], 20)
    scan = scan_sound(spoiled, RATE)
    assert scan.clipped_percent > 1
    assert 7 <= scan.clipped_at_s < 8
