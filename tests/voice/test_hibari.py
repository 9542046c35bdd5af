"""The base voice says what it is given, and knows when."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vivant.media.audio import resample
from vivant.voice.align import align
from vivant.voice.hibari import HibariVoice, words_of
from vivant.voice.speech import RATE, Piece, Speech

TEXT = "Please say hello to Dr. Smith, who was born in 1984."


@pytest.fixture(scope="module")
def voice() -> HibariVoice:
    return HibariVoice()


@pytest.fixture(scope="module")
def speech(voice: HibariVoice) -> Speech:
    return voice.say(Piece(words_of(TEXT)))


def test_every_word_has_its_time(speech: Speech) -> None:
    said = [word.text.lower() for word in speech.words]
    assert said[4:6] == ["doctor", "smith"]
    assert said[-3:] == ["nineteen", "eighty", "four"]
    assert speech.words[0].start_s <= 0.05
    assert speech.words[-1].end_s >= speech.seconds - 0.05


def test_phones_fill_the_sound(speech: Speech) -> None:
    edge = 0.0
    for phone in speech.phones:
        assert phone.start_s == pytest.approx(edge, abs=1e-6)
        edge = phone.end_s
    assert edge == pytest.approx(speech.seconds, abs=1e-3)


def test_times_agree_with_forced_alignment(speech: Speech) -> None:
    found = align(resample(speech.wave, RATE, 16_000), TEXT)
    pairs = zip(speech.words, found.words, strict=True)
    late = [ours.start_s - theirs.start_s for ours, theirs in pairs]
    assert abs(np.median(late)) < 0.03


def test_speed_and_emphasis_are_heard(voice: HibariVoice, speech: Speech) -> None:
    words = words_of(TEXT)
    fast = voice.say(Piece(words, speed=1.5))
    assert fast.seconds < 0.8 * speech.seconds
    stressed = tuple(dataclasses.replace(w, emphasis=at == 2) for at, w in enumerate(words))
    heard = voice.say(Piece(stressed))
    plain = speech.words[2]
    strong = heard.words[2]
    assert strong.emphasis
    assert strong.end_s - strong.start_s > 1.08 * (plain.end_s - plain.start_s)


def test_a_given_pronunciation_is_used(voice: HibariVoice) -> None:
    (word,) = words_of("tomato")
    asked = voice.say(Piece((dataclasses.replace(word, phonemes="təmˈɑtO"),)))
    assert "".join(phone.symbol for phone in asked.phones if phone.word == 0) == "təmɑtO"


def test_the_same_piece_sounds_the_same(voice: HibariVoice, speech: Speech) -> None:
    again = voice.say(Piece(words_of(TEXT)))
    np.testing.assert_array_equal(again.wave, speech.wave)


def test_very_long_pieces_are_said_whole(voice: HibariVoice) -> None:
    words = words_of("This goes on and on, without any end in sight, " * 14)
    speech = voice.say(Piece(words))
    assert len(speech.words) == len(words)
    assert speech.seconds > 25
