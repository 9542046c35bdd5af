"""Pitch, range, loudness and manners are heard: measured on synthesised sound."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
import pyworld

from vivant.errors import VivantError
from vivant.voice.delivery import MANNERS, Delivery, delivered_pitch, manner_named
from vivant.voice.hibari import HibariVoice
from vivant.voice.kokoro import KokoroVoice
from vivant.voice.script import parse_script
from vivant.voice.speech import RATE, Speech, Voice

SAYS = {
    "hibari": "We went down to the river in the morning, and nobody said a word.",
    "am_michael": "We went down to the river in the morning, and nobody said a word.",
    "zf_xiaobei": "今天早上我们去了河边，谁也没有说一句话。",
}


@functools.cache
def voice(name: str) -> Voice:
    return HibariVoice() if name == "hibari" else KokoroVoice(name)


@functools.cache
def said(name: str, delivery: Delivery, speed: float = 1.0) -> Speech:
    (piece,) = parse_script(SAYS[name]).pieces
    return voice(name).say(replace(piece, delivery=delivery, speed=speed))


def in_manner(name: str, manner: str) -> Speech:
    chosen = MANNERS[manner]
    return said(name, chosen.delivery, chosen.speed)


def pitches(speech: Speech) -> np.ndarray:
    """Semitones of every voiced 10 ms, as WORLD tracks them."""
    wave = speech.wave.astype(np.float64)
    f0, _ = pyworld.harvest(wave, RATE, 60, 500, frame_period=10)
    sure, _ = pyworld.dio(wave, RATE, 60, 500, frame_period=10)
    return np.asarray(12 * np.log2(f0[(f0 > 0) & (sure[: len(f0)] > 0)]))


def spread(speech: Speech) -> float:
    low, high = np.percentile(pitches(speech), [15, 85])
    return float(high - low)


def decibels(speech: Speech) -> float:
    return float(10 * np.log10((speech.wave.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("name", SAYS)
def test_three_semitones_up_are_three_semitones(name: str) -> None:
    up = np.median(pitches(said(name, Delivery(pitch=3))))
    down = np.median(pitches(said(name, Delivery(pitch=-3))))
    plain = np.median(pitches(said(name, Delivery())))
    assert up - plain == pytest.approx(3, abs=0.7)
    assert plain - down == pytest.approx(3, abs=0.7)


@pytest.mark.parametrize("name", SAYS)
def test_a_wider_range_goes_further_up_and_down_about_the_same_pitch(name: str) -> None:
    plain, wide = said(name, Delivery()), said(name, Delivery(pitch_range=1.5))
    flat = said(name, Delivery(pitch_range=0.6))
    assert spread(wide) > 1.25 * spread(plain)
    assert spread(flat) < 0.8 * spread(plain)
    assert np.mean(pitches(wide)) == pytest.approx(np.mean(pitches(plain)), abs=1)


@pytest.mark.parametrize("name", SAYS)
def test_manners_differ_as_they_say(name: str) -> None:
    spoken = {manner: in_manner(name, manner) for manner in MANNERS}
    length = {manner: speech.seconds for manner, speech in spoken.items()}
    middle = {manner: float(np.median(pitches(speech))) for manner, speech in spoken.items()}
    width = {manner: spread(speech) for manner, speech in spoken.items()}
    level = {manner: decibels(speech) for manner, speech in spoken.items()}
    assert length["calm"] > length["neutral"] > length["lively"]
    assert min(length["warm"], length["serious"]) > length["lively"]
    assert middle["lively"] > middle["warm"] > middle["calm"] > middle["serious"]
    assert width["lively"] > width["warm"] > width["neutral"] > width["calm"]
    assert width["neutral"] > width["serious"]
    assert level["lively"] > level["neutral"] > level["warm"] > level["calm"]


def test_a_louder_piece_is_not_clipped() -> None:
    loud = said("zf_xiaobei", Delivery(loudness_db=40))
    assert 0.9 < np.abs(loud.wave).max() <= 1


def test_words_keep_their_times_when_the_melody_changes() -> None:
    plain, high = said("am_michael", Delivery()), said("am_michael", Delivery(3, 1.4, 2))
    for one, other in zip(plain.words, high.words, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=0.05)


def test_a_pitch_curve_keeps_its_silences_and_its_mean() -> None:
    f0 = np.array([0, 100, 200, 0, 400], np.float32)
    moved = delivered_pitch(f0, Delivery(pitch=12, pitch_range=0.5))
    assert moved == pytest.approx([0, 400 / 2**0.5, 400, 0, 400 * 2**0.5])
    assert delivered_pitch(np.zeros(3), Delivery(pitch=2)).tolist() == [0, 0, 0]


def test_marks_set_the_manner_and_change_it() -> None:
    script = parse_script(
        "One. [manner lively] Two. [pitch +2] Three. [manner] Four. [pitch 0] [range 1.3] Five."
    )
    lively = MANNERS["lively"]
    one, two, three, four, five = script.pieces
    assert (one.delivery, one.speed) == (Delivery(), 1)
    assert (two.delivery, two.speed) == (lively.delivery, lively.speed)
    assert three.delivery == replace(lively.delivery, pitch=lively.delivery.pitch + 2)
    assert four.delivery == Delivery(pitch=2)
    assert five.delivery == Delivery(pitch_range=1.3)
    assert two.pause_s < one.pause_s


def test_a_script_may_start_in_a_manner_and_come_back_to_it() -> None:
    script = parse_script("One. [manner neutral] Two. [manner] Three.", manner="calm")
    calm, neutral = MANNERS["calm"].delivery, Delivery()
    assert [piece.delivery for piece in script.pieces] == [calm, neutral, calm]


def test_speed_marks_count_on_top_of_the_manner() -> None:
    (piece,) = parse_script("[speed 2] Hello.", manner="lively").pieces
    assert piece.speed == 2  # no voice goes faster
    (piece,) = parse_script("[speed 0.8] Hello.", manner="calm").pieces
    assert piece.speed == pytest.approx(0.8 * MANNERS["calm"].speed)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("[pitch 9] a", "a pitch of +9 semitones is not possible"),
        ("[range 3] a", "a pitch range of 3 is not possible"),
        ("a\n[manner merry] b", "line 2, column 1: “merry” is not a manner I know"),
    ],
)
def test_what_no_voice_can_do_is_refused(script: str, message: str) -> None:
    with pytest.raises(VivantError) as caught:
        parse_script(script)
    assert caught.value.code == "script-mark"
    assert message in caught.value.message


def test_an_unknown_manner_is_refused_with_those_there_are() -> None:
    with pytest.raises(VivantError) as caught:
        manner_named("merry")
    assert caught.value.code == "no-manner"
    assert "lively" in caught.value.fix
