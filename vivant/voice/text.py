"""Words of either language to phonemes, in the one alphabet all voices share."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator

from vivant.assets import ASSETS, Asset, asset_path
from vivant.voice.speech import Language, Piece, SpokenWord

ASSETS["kokoro-vocabulary"] = Asset(
    "hibari-tts",
    "0.2.1",
    "hibari/assets/vocab.json",
    "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
    "Apache-2.0",
)


@functools.cache
def alphabet() -> dict[str, int]:
    """Kokoro's alphabet: phonemes, stress, tones, marks and the space, each with its number."""
    return dict(json.loads(asset_path("kokoro-vocabulary").read_text(encoding="utf-8")))


def pronounce(piece: Piece, *, british: bool = False) -> tuple[str, ...]:
    """One phoneme string a word, in Kokoro's alphabet with stress or tone marks, without its mark.

    A word that carries phonemes of its own keeps them. English and Mandarin may alternate.
    """
    said: list[str] = []
    for language, words in _runs(piece):
        if language == "zh":
            from vivant.voice.mandarin import phonemes_of as mandarin

            found = mandarin(tuple((word.text, word.mark) for word in words))
        else:
            from vivant.voice.english import phonemes_of as english

            found, _ = english(tuple((word.text, word.mark) for word in words), british=british)
        said.extend(word.phonemes or phonemes for word, phonemes in zip(words, found, strict=True))
    return tuple(said)


def guessed(piece: Piece) -> tuple[str, ...]:
    """The English words that no dictionary holds and no script mark explains."""
    found: list[str] = []
    for language, words in _runs(piece):
        if language == "en":
            from vivant.voice.english import phonemes_of

            given = {word.text for word in words if word.phonemes}
            _, unknown = phonemes_of(tuple((word.text, word.mark) for word in words))
            found.extend(word for word in unknown if word not in given)
    return tuple(found)


def _runs(piece: Piece) -> Iterator[tuple[Language, list[SpokenWord]]]:
    for language, words in itertools.groupby(piece.words, key=lambda word: word.language):
        yield language, list(words)
