"""A capture as a person would bring it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from vivant.character import footage
from vivant.character.presenter import Presenter
from vivant.media.audio import read_audio
from vivant.media.video import probe, read_frames
from vivant.voice.sentences import read_sentences
from vivant.voice.speech import RATE, Phone, Piece, Speech, SpeechKind, Word


class HummingVoice:
    """A voice that is quick: half a second of sound for any sentence."""

    name = "humming"
    kind: SpeechKind = "stock"
    languages = frozenset({"en", "zh"})

    def say(self, piece: Piece) -> Speech:
        t = np.arange(RATE // 2) / RATE
        wave = (0.3 * np.sin(2 * np.pi * 180 * t)).astype(np.float32)
        phones = (Phone("m", 0.0, 0.1, 0), Phone("ɑ", 0.1, 0.5, 0))
        words = tuple(Word(word.text, 0.0, 0.5) for word in piece.words)
        return Speech(wave, RATE, phones, words, "en", self.name, "stock")


@pytest.fixture(scope="module")
def capture(man: Presenter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("capture") / "one"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(footage, "make_presenter", lambda seed, gender: man)
        footage.make_capture(
            folder,
            seed=1,
            gender="man",
            sentences=[("001", "One small step."), ("002", "And then another.")],
            size=(320, 240),
            voice=HummingVoice(),
            film_s=0.4,
        )
    return folder


def test_a_capture_is_a_video_and_a_folder_of_sentences(capture: Path) -> None:
    sentences = read_sentences(capture / "voice")
    assert [(s.id, s.text) for s in sentences] == [
        ("001", "One small step."),
        ("002", "And then another."),
    ]
    info = probe(capture / "presenter.mp4")
    assert info.video is not None
    assert (info.video.width, info.video.height) == (320, 240)
    # One sentence was filmed, with a second of rest at both ends.
    assert info.seconds == pytest.approx(2.5, abs=0.15)


def test_the_sound_starts_when_the_mouth_does(capture: Path) -> None:
    wave = read_audio(capture / "presenter.mp4", 16_000)
    loud = np.flatnonzero(np.abs(wave) > 0.1)
    assert loud[0] / 16_000 == pytest.approx(1.0, abs=0.05)
    frames = np.stack([f.rgb for f in read_frames(capture / "presenter.mp4")]).astype(float)
    mouth = np.abs(np.diff(frames[:, 150:195, 135:185].mean(3), axis=0)).mean((1, 2))
    assert mouth[25:36].max() > 2.5 * np.median(mouth[5:22])


def test_pauses_are_not_digitally_dead(capture: Path) -> None:
    wave = read_audio(capture / "presenter.mp4", 16_000)
    assert 1e-5 < np.abs(wave[1600:8000]).mean() < 1e-3


def test_a_stopped_capture_leaves_nothing(tmp_path: Path) -> None:
    def stop(fraction: float, text: str) -> None:
        if fraction > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        footage.make_capture(
            tmp_path / "two", seed=1, gender="man",
            sentences=[("001", "One."), ("002", "Two."), ("003", "Three.")],
            voice=HummingVoice(), progress=stop,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_the_sentences_that_come_with_it_are_enough_to_train_on() -> None:
    text = (files("vivant.character") / "sentences.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line]
    assert len(lines) >= 24
    assert len(set(lines)) == len(lines)
    assert sum(len(line.split()) for line in lines) > 300
