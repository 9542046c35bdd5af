"""A personal voice trained for four steps: fit for testing, not for listening."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivant.voice.sentences import Sentence, read_sentences
from vivant.voice.train import Recipe, train_voice

TINY = Recipe(4, batch=2)


@pytest.fixture(scope="session")
def sentences(shared_data: Path) -> tuple[Sentence, ...]:
    return read_sentences(shared_data / "grid_s1")[:16]


@pytest.fixture(scope="session")
def tiny(
    sentences: tuple[Sentence, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """(work, out) of a training of four steps."""
    folder = tmp_path_factory.mktemp("voice")
    train_voice(sentences, folder / "work", folder / "out", recipe=TINY)
    return folder / "work", folder / "out"
