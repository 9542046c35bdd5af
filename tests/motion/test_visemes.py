"""Every phoneme a voice can say has a mouth shape."""

from __future__ import annotations

import pytest

from vivant.motion.units import UNITS
from vivant.motion.visemes import visemes_of
from vivant.voice.text import alphabet


def test_the_whole_alphabet_of_the_voices_has_shapes() -> None:
    for symbol in alphabet():
        assert visemes_of(symbol)


def test_every_unit_named_is_a_face_unit() -> None:
    known = {name.removesuffix("Left").removesuffix("Right") for name in UNITS}
    for symbol in alphabet():
        for shape in visemes_of(symbol):
            assert set(shape.units) <= known, symbol


@pytest.mark.parametrize("symbol", ["m", "b", "p"])
def test_lip_sounds_close_the_lips(symbol: str) -> None:
    assert all(shape.closed for shape in visemes_of(symbol))


@pytest.mark.parametrize("symbol", ["f", "v"])
def test_f_and_v_put_the_lip_to_the_teeth(symbol: str) -> None:
    assert all(shape.teeth_on_lip for shape in visemes_of(symbol))


def test_rounded_and_open_vowels_differ_as_they_should() -> None:
    (close_round,), (open_vowel,) = visemes_of("u"), visemes_of("ɑ")
    assert close_round.units["mouthPucker"] > 0.4
    assert "mouthPucker" not in open_vowel.units
    assert open_vowel.units["jawOpen"] > 3 * close_round.units["jawOpen"]


def test_a_diphthong_passes_through_two_shapes() -> None:
    assert len(visemes_of("I")) == 2


def test_length_and_stress_marks_change_nothing() -> None:
    assert visemes_of("ˈuː") == visemes_of("u")


def test_silence_rests() -> None:
    (shape,) = visemes_of("")
    assert shape.name == "rest"
    assert not shape.units


def test_an_unknown_symbol_is_an_error() -> None:
    with pytest.raises(KeyError):
        visemes_of("7")
