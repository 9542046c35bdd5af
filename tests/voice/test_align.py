"""Right text is laid over its recording; wrong text is recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.voice.align import MATCHES_ABOVE, RATE, align, pronunciations, spoken_words
from vivant.voice.sentences import Sentence, read_sentence_audio, read_sentences


@pytest.fixture(scope="module")
def lj(shared_data: Path) -> list[tuple[Sentence, np.ndarray]]:
    sentences = read_sentences(shared_data / "lj")
    return [(s, read_sentence_audio(s, RATE)) for s in sentences]


def test_every_sentence_aligns_even_the_long_ones(
    lj: list[tuple[Sentence, np.ndarray]],
) -> None:
    for sentence, wave in lj:
        found = align(wave, sentence.text)
        assert found.matches, sentence.id
        assert not found.doubtful
        times = [t for word in found.words for t in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert times[-1] <= len(wave) / RATE


def test_words_lie_where_the_corpus_says(shared_data: Path) -> None:
    apart = []
    for sentence in read_sentences(shared_data / "grid_s1")[::12]:
        found = align(read_sentence_audio(sentence, RATE), sentence.text)
        assert len(found.words) == len(sentence.words)
        for ours, theirs in zip(found.words, sentence.words, strict=True):
            apart.append(abs(ours.start_s - theirs.start_s))
    assert np.median(apart) < 0.04


def test_another_sentence_does_not_match(lj: list[tuple[Sentence, np.ndarray]]) -> None:
    text = "He bought the old brown house, and she was happy there."
    for _, wave in lj[1:4]:
        try:
            score = align(wave, text).log_likelihood_per_frame
        except VivantError as error:
            score = -np.inf if error.code == "not-aligned" else 0.0
        assert score < MATCHES_ABOVE


def test_sound_that_the_text_leaves_out_is_found(lj: list[tuple[Sentence, np.ndarray]]) -> None:
    found = align(lj[1][1], "In being modern.")  # "comparatively" is missing
    assert found.unexpected or found.doubtful


@pytest.mark.parametrize(
    ("seconds", "level", "text", "says"),
    [
        (2.0, 0.0, "Hello there.", "silent"),
        (0.2, 0.1, "This sentence takes far longer to say than that.", "at the very least"),
        (2.0, 0.1, "…", "no words"),
    ],
)
def test_the_reason_is_named(seconds: float, level: float, text: str, says: str) -> None:
    wave = level * np.random.default_rng(0).standard_normal(int(seconds * RATE))
    with pytest.raises(VivantError, match=says) as caught:
        align(wave.astype(np.float32), text)
    assert caught.value.code == "not-aligned"


def test_numbers_letters_and_unknown_words_are_read() -> None:
    assert spoken_words("In 1984, 3 men.") == ("in", "nineteen", "eighty", "four", "three", "men")
    assert spoken_words("bin blue at F two now") == ("bin", "blue", "at", "F", "two", "now")
    assert pronunciations("F") == (("EH", "F"),)
    assert pronunciations("vivantish")[0][0] == "V"
