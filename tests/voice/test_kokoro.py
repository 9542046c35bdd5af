"""Stock voices say what they are given, and know when."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.media.audio import resample
from vivant.voice.kokoro import KokoroVoice, stock_voices
from vivant.voice.script import parse_script
from vivant.voice.speech import Piece, Speech

TEXT = "He bought the old house, and she was happy there."


def piece(text: str) -> Piece:
    (only,) = parse_script(text).pieces
    return only


@functools.cache
def said(text: str, voice: str = "af_heart", speed: float = 1.0) -> Speech:
    return KokoroVoice(voice).say(replace(piece(text), speed=speed))


def level(speech: Speech, start_s: float, end_s: float) -> float:
    """Root mean square of a stretch."""
    part = speech.wave[round(start_s * speech.rate) : round(end_s * speech.rate)]
    return float(np.sqrt((part.astype(np.float64) ** 2).mean()))


def test_voices_of_both_languages_and_sexes_are_there() -> None:
    voices = stock_voices()
    assert {(voice.language, voice.gender) for voice in voices} == {
        ("en", "woman"),
        ("en", "man"),
        ("zh", "woman"),
        ("zh", "man"),
    }
    assert len(voices) == 36


@pytest.mark.parametrize(
    ("text", "voice"), [(TEXT, "af_heart"), ("今天天气很好，我们去公园。", "zf_xiaobei")]
)
def test_phones_fill_the_sound_and_words_hold_their_phones(text: str, voice: str) -> None:
    speech = said(text, voice)
    assert speech.phones[0].start_s == 0
    for one, other in itertools.pairwise(speech.phones):
        assert one.start_s < one.end_s == other.start_s
    assert speech.phones[-1].end_s == pytest.approx(speech.seconds, abs=1e-6)
    assert [word.text for word in speech.words] == [word.text for word in piece(text).words]
    for index, word in enumerate(speech.words):
        own = [phone for phone in speech.phones if phone.word == index]
        assert (own[0].start_s, own[-1].end_s) == (word.start_s, word.end_s)


@pytest.mark.parametrize(
    ("text", "voice"), [(TEXT, "af_heart"), ("今天天气很好，我们去公园。", "zf_xiaobei")]
)
def test_sound_is_inside_phones_and_silence_between_them(text: str, voice: str) -> None:
    speech = said(text, voice)
    voiced = [
        phone for phone in speech.phones if phone.symbol and phone.symbol in "aeiouæɑɔəɛɪʌOWI"
    ]
    silent = [phone for phone in speech.phones if not phone.symbol]
    loud = np.median([level(speech, phone.start_s, phone.end_s) for phone in voiced])
    assert any(0.1 < phone.start_s < speech.seconds - 0.2 for phone in silent)  # the comma
    for phone in silent:
        assert level(speech, phone.start_s, phone.end_s) < 0.1 * loud
    assert speech.seconds - speech.words[-1].end_s < 0.25


def test_an_independent_aligner_hears_phones_at_the_same_times() -> None:
    from vivant.voice.align import align

    speech = said(TEXT)
    heard = align(resample(speech.wave, speech.rate, 16_000), TEXT)
    off = [
        word.start_s - other.start_s for word, other in zip(speech.words, heard.words, strict=True)
    ]
    assert abs(np.median(off)) < 0.03
    assert np.max(np.abs(off)) < 0.1


def test_a_phoneme_recogniser_understands_it() -> None:
    from vivant.voice.judge import phoneme_error_rate

    wave = resample(said(TEXT).wave, 24_000, 16_000)
    assert phoneme_error_rate([wave], [TEXT]) < 0.25


def test_an_emphasised_word_is_longer_higher_and_louder() -> None:
    plain, marked = (
        said("I never said that she stole it."),
        said("I never said that *she* stole it."),
    )
    before, after = plain.words[4], marked.words[4]
    assert after.emphasis
    assert after.end_s - after.start_s > 1.2 * (before.end_s - before.start_s)

    def share(speech: Speech, start_s: float, end_s: float) -> float:
        return level(speech, start_s, end_s) / level(speech, 0, speech.seconds)

    assert share(marked, after.start_s, after.end_s) > 1.1 * share(
        plain, before.start_s, before.end_s
    )
    assert pitch(marked, after.start_s, after.end_s) > 1.1 * pitch(
        plain, before.start_s, before.end_s
    )


def pitch(speech: Speech, start_s: float, end_s: float) -> float:
    """Hz of the strongest period of a stretch, by its autocorrelation."""
    part = speech.wave[round(start_s * speech.rate) : round(end_s * speech.rate)]
    alike = np.correlate(part, part, "full")[len(part) - 1 :]
    shortest, longest = speech.rate // 350, speech.rate // 90
    return speech.rate / (shortest + int(np.argmax(alike[shortest:longest])))


def test_speed_changes_the_length() -> None:
    assert said(TEXT, speed=1.5).seconds < 0.8 * said(TEXT).seconds


def test_a_mandarin_voice_says_both_languages_in_one_go() -> None:
    speech = said("我用iPhone打电话。", "zf_xiaobei")
    assert speech.language == "mixed"
    assert speech.notices == ()
    assert [word.text for word in speech.words] == ["我用", "iPhone", "打电话"]


def test_a_sentence_longer_than_the_network_takes_is_said_whole() -> None:
    from vivant.voice.kokoro import MAX_TOKENS, _chunks, _tokens
    from vivant.voice.text import pronounce

    long = piece("and then we went on, " * 60 + "home.")
    groups = _tokens(long.words, pronounce(long))
    chunks = _chunks(groups)
    assert all(len(chunk) <= MAX_TOKENS for chunk in chunks)
    assert {token.word for chunk in chunks for token in chunk} == {-1, *range(len(long.words))}
    assert all(chunk[-1].symbol in ",." for chunk in chunks)


def test_a_voice_nobody_has_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(VivantError) as caught:
        KokoroVoice("af_nobody")
    assert caught.value.code == "no-voice"
    assert "af_heart" in caught.value.fix


def test_an_altered_style_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "af_sky.bin").write_bytes(b"\0" * 1024)
    monkeypatch.setenv("VIVANT_KOKORO_VOICES", str(tmp_path))
    with pytest.raises(VivantError) as caught:
        KokoroVoice("af_sky")
    assert caught.value.code == "asset-altered"


def test_missing_voices_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIVANT_KOKORO_VOICES", str(tmp_path))
    with pytest.raises(VivantError) as caught:
        stock_voices()
    assert caught.value.fix == "Run: vivant doctor --install-voices"
