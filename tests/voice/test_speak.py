"""A script becomes one sound at one level, with the times of everything in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from vivant.errors import VivantError
from vivant.media.audio import loudness, write_wav
from vivant.progress import silent
from vivant.voice.kokoro import KokoroVoice
from vivant.voice.script import parse_script
from vivant.voice.speak import limited, recording, speak_script
from vivant.voice.speech import RATE, Phone, Piece, Speech, SpeechKind, Word


class Humming:
    """A voice that hums 0.2 s a word, so that times can be counted on fingers."""

    def __init__(self, name: str, kind: SpeechKind, language: str, volume: float = 0.3) -> None:
        self.name = name
        self.kind: SpeechKind = kind
        self.languages = frozenset({language})
        self.volume = volume
        self.said: list[str] = []

    def say(self, piece: Piece) -> Speech:
        self.said.append(piece.text)
        count = len(piece.words)
        time = np.arange(round(0.2 * count * RATE)) / RATE
        wave = (self.volume * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
        return Speech(
            wave,
            RATE,
            tuple(Phone("m", 0.2 * at, 0.2 * at + 0.2, at) for at in range(count)),
            tuple(Word(word.text, 0.2 * at, 0.2 * at + 0.2) for at, word in enumerate(piece.words)),
            piece.language,
            self.name,
            self.kind,
        )


def true_peak_db(wave: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(signal.resample_poly(wave, 8, 1)).max()))


def test_pieces_and_pauses_follow_each_other() -> None:
    voice = Humming("hum", "personal", "en")
    script = parse_script("[pause 1] One two. [pause 0.5] Three.")
    speech = speak_script(script, {"en": voice}, silent)
    assert voice.said == ["One two.", "Three."]
    assert [(word.text, round(word.start_s, 3)) for word in speech.words] == [
        ("One", 1.0),
        ("two", 1.2),
        ("Three", 1.9),
    ]
    assert [phone.word for phone in speech.phones] == [-1, 0, 1, -1, 2]
    for one, other in itertools.pairwise(speech.phones):
        assert one.end_s == pytest.approx(other.start_s)
    assert speech.phones[-1].end_s == pytest.approx(speech.seconds)
    assert (speech.kind, speech.voice, speech.language) == ("personal", "hum", "en")


def test_each_language_has_its_voice_and_all_voices_are_equally_loud() -> None:
    loud, quiet = Humming("own", "personal", "en", 0.5), Humming("zf", "stock", "zh", 0.01)
    script = parse_script("Hello there my friends. 你好你好。")
    speech = speak_script(script, {"en": loud, "zh": quiet}, silent)
    for words in (speech.words[:4], speech.words[4:]):
        part = speech.wave[round(words[0].start_s * RATE) : round(words[-1].end_s * RATE)]
        assert loudness(part, RATE) == pytest.approx(-16, abs=1)
    assert (speech.kind, speech.voice, speech.language) == ("stock", "own+zf", "mixed")


def test_one_voice_for_both_languages_says_a_mixed_sentence_in_one_go() -> None:
    voice = Humming("both", "stock", "zh")
    voice.languages = frozenset({"en", "zh"})
    speak_script(parse_script("我用iPhone打电话。"), {"en": voice, "zh": voice}, silent)
    assert len(voice.said) == 1


def test_a_language_without_voice_is_refused() -> None:
    with pytest.raises(VivantError) as caught:
        speak_script(parse_script("你好"), {"en": Humming("hum", "personal", "en")}, silent)
    assert caught.value.code == "no-voice"


def test_guessed_words_are_noticed() -> None:
    speech = speak_script(
        parse_script("Hello Krzysztof."), {"en": Humming("hum", "stock", "en")}, silent
    )
    assert "Krzysztof" in speech.notices[0]


def test_progress_may_stop_it() -> None:
    def stop(fraction: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speak_script(parse_script("One."), {"en": Humming("hum", "stock", "en")}, stop)


@pytest.fixture(scope="module")
def spoken() -> Callable[[str], Speech]:
    def say(text: str) -> Speech:
        script = parse_script(text)
        voice = KokoroVoice("zm_yunyang")
        return speak_script(script, dict.fromkeys(script.languages, voice), silent)

    return say


def test_a_stock_voice_comes_out_at_the_level_of_speech(spoken: Callable[[str], Speech]) -> None:
    speech = spoken("你好！Good morning.")
    assert loudness(speech.wave, speech.rate) == pytest.approx(-16, abs=1)
    assert true_peak_db(speech.wave) < -1


def test_the_limiter_holds_true_peaks_and_leaves_the_rest_alone() -> None:
    time = np.arange(RATE) / RATE
    wave = (0.3 * np.sin(2 * np.pi * 5000 * time)).astype(np.float32)
    wave[RATE // 2 : RATE // 2 + 400] *= 6
    held = limited(wave, RATE)
    assert true_peak_db(held) < -1
    quiet = slice(0, RATE // 2 - 800)
    assert np.allclose(held[quiet], wave[quiet], atol=1e-6)


def test_a_recording_is_speech_without_phones(tmp_path: Path) -> None:
    time = np.arange(44_100) / 44_100
    write_wav(tmp_path / "a.wav", (0.1 * np.sin(2 * np.pi * 200 * time)).astype(np.float32), 44_100)
    speech = recording(tmp_path / "a.wav")
    assert (speech.kind, speech.rate, speech.phones) == ("recording", RATE, ())
    assert speech.seconds == pytest.approx(1, abs=0.01)
    assert loudness(speech.wave, RATE) == pytest.approx(-16, abs=0.5)


def test_a_silent_recording_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(24_000, np.float32), 24_000)
    with pytest.raises(VivantError) as caught:
        recording(tmp_path / "a.wav")
    assert caught.value.code == "silent-sound"
