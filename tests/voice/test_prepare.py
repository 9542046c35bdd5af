"""What becomes of recordings that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivant.media.audio import write_wav
from vivant.voice.prepare import Prepared, prepare, read_dropped, track_pitch
from vivant.voice.sentences import Sentence

ODD = {
    "silent": (np.zeros(48_000, np.float32), "Nothing is said here.", "silent"),
    "mandarin": (np.full(48_000, 0.1, np.float32), "你好，世界。", "not English"),
    "marks": (np.full(48_000, 0.1, np.float32), "…!", "no words"),
    "brief": (np.full(2_400, 0.1, np.float32), "Far too short for this.", "at the very least"),
}


@pytest.fixture(scope="module")
def prepared(
    sentences: tuple[Sentence, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Prepared, Path]:
    folder = tmp_path_factory.mktemp("odd")
    odd = []
    for name, (wave, text, _) in ODD.items():
        write_wav(folder / f"{name}.wav", wave, 24_000)
        odd.append(Sentence(name, text, folder / f"{name}.wav"))
    return prepare([*sentences[:13], *odd], folder / "work"), folder / "work"


def test_what_cannot_be_learnt_from_is_left_out_and_named(prepared: tuple[Prepared, Path]) -> None:
    found, work = prepared
    held_out = {sentence.id for sentence in found.held_out}
    dropped = dict(found.dropped)
    assert set(dropped) == set(ODD) - held_out
    for name, why in dropped.items():
        assert ODD[name][2] in why
    assert read_dropped(work) == found.dropped
    assert not {utterance.id for utterance in (*found.train, *found.validation)} & set(ODD)


def test_every_frame_has_its_features_pitch_and_sound(prepared: tuple[Prepared, Path]) -> None:
    for utterance in (*prepared[0].train, *prepared[0].validation):
        frames = utterance.features.shape[1]
        assert utterance.features.shape == (130, frames)
        assert utterance.f0.shape == (frames,)
        assert utterance.wave.shape == (frames * 300,)
        assert 60 < np.median(utterance.f0[utterance.f0 > 0]) < 160  # a man


def test_pitch_is_found_where_there_is_some() -> None:
    seconds = np.arange(24_000) / 24_000
    tone = sum(np.sin(2 * np.pi * 120 * h * seconds) / h for h in range(1, 20))
    wave = np.concatenate([np.zeros(12_000), 0.2 * tone, np.zeros(12_000)]).astype(np.float32)
    (f0,) = track_pitch([wave], [np.zeros(160, bool)])
    assert f0.shape == (160,)
    assert np.median(f0[50:110]) == pytest.approx(120, abs=2)
    assert not f0[:30].any()
    assert not f0[130:].any()
