"""Stock voices say what they are given, and know when."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.voice.hibari import words_of
from vivant.voice.kokoro import KokoroVoice, stock_voices
from vivant.voice.speech import Piece, Speech

TEXT = "I never said that she stole the money."


@functools.cache
def said(emphasis: str = "", voice: str = "af_heart") -> Speech:
    words = tuple(replace(word, emphasis=word.text == emphasis) for word in words_of(TEXT))
    return KokoroVoice(voice).say(Piece(words))


def test_voices_of_both_languages_and_sexes_are_there() -> None:
    voices = stock_voices()
    assert {(voice.language, voice.gender) for voice in voices} == {
        (language, gender) for language in ("en", "zh") for gender in ("female", "male")
    }


def test_the_same_piece_always_sounds_the_same_length_and_fills_its_phones() -> None:
    speech = said()
    assert [word.text for word in speech.words] == TEXT.rstrip(".").split()
    assert speech.phones[0].start_s == pytest.approx(0, abs=0.05)
    for one, other in zip(speech.phones, speech.phones[1:], strict=False):
        assert one.end_s == pytest.approx(other.start_s, abs=1e-6)
    assert speech.phones[-1].end_s == pytest.approx(speech.seconds, abs=1e-3)


def test_a_pause_is_quiet_where_the_phones_say_it_is() -> None:
    text = "He bought the old house, and she was happy there."
    speech = KokoroVoice("af_heart").say(Piece(words_of(text)))
    (pause,) = [p for p in speech.phones[1:-1] if not p.symbol]
    middle = (pause.start_s + pause.end_s) / 2
    at = slice(round((middle - 0.02) * speech.rate), round((middle + 0.02) * speech.rate))

    assert speech.words[4].end_s <= middle <= speech.words[5].start_s
    assert np.abs(speech.wave[at]).max() < 0.1 * np.abs(speech.wave).max()


def test_an_emphasised_word_lasts_longer() -> None:
    plain, emphasised = said(), said("she")

    def length(speech: Speech) -> float:
        word = speech.words[4]
        return word.end_s - word.start_s

    assert length(emphasised) > 1.15 * length(plain)


def test_faster_is_shorter() -> None:
    quick = KokoroVoice("af_heart").say(Piece(words_of(TEXT), speed=1.5))
    assert quick.seconds < 0.8 * said().seconds


def test_a_voice_nobody_has_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(VivantError) as caught:
        KokoroVoice("af_nobody")
    assert caught.value.code == "no-voice"
    assert "af_heart" in caught.value.fix


def test_an_altered_style_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "af_sky.bin").write_bytes(b"\0" * 1024)
    monkeypatch.setenv("VIVANT_KOKORO_VOICES", str(tmp_path))
    with pytest.raises(VivantError) as caught:
        KokoroVoice("af_sky").say(Piece(words_of(TEXT)))
    assert caught.value.code == "asset-altered"


def test_missing_voices_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIVANT_KOKORO_VOICES", str(tmp_path))
    with pytest.raises(VivantError) as caught:
        stock_voices()
    assert caught.value.fix == "Run: vivant doctor --install-voices"
