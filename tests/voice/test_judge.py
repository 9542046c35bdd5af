"""The judge's figures mean what they say, and the gate gives its reasons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vivant.media.audio import read_audio, resample
from vivant.voice import judge
from vivant.voice.hibari import HibariVoice, words_of
from vivant.voice.judge import (
    HELD_OUT_TEXT,
    edit_distance,
    gate_of,
    judge_voice,
    mean_opinion,
    nearest_stock,
    phoneme_error_rate,
)
from vivant.voice.speaker import campplus, centre, ge2e
from vivant.voice.speech import Piece

GOOD = {
    "speaker_similarity": 0.75,
    "self_similarity": 0.88,
    "stock_similarity": 0.50,
    "second_similarity": 0.84,
    "second_self_similarity": 0.86,
    "second_stock_similarity": 0.65,
    "phoneme_error_rate": 0.15,
    "base_phoneme_error_rate": 0.12,
}


def test_a_good_voice_passes() -> None:
    assert gate_of(GOOD).passed


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"speaker_similarity": 0.40}, "CAM++ similarity 0.40"),
        ({"second_similarity": 0.60}, "GE2E similarity 0.60"),
        ({"stock_similarity": 0.74}, "A stock voice sounds about as much like the person"),
        ({"phoneme_error_rate": 0.18}, "18.0% of its speech sounds are misheard"),
    ],
)
def test_each_failing_figure_is_a_reason(changed: dict[str, float], says: str) -> None:
    gate = gate_of({**GOOD, **changed})
    assert not gate.passed
    assert any(says in reason for reason in gate.reasons)


def test_clear_speech_is_heard_and_wrong_speech_is_not() -> None:
    text, other = HELD_OUT_TEXT[0], HELD_OUT_TEXT[1]
    speech = HibariVoice().say(Piece(words_of(text)))
    wave = resample(speech.wave, speech.rate, 16_000)
    assert phoneme_error_rate([wave], [text]) < 0.25
    assert phoneme_error_rate([wave], [other]) > 0.6
    noise = np.random.default_rng(0).standard_normal(len(wave)).astype(np.float32)
    assert mean_opinion(wave) > mean_opinion(wave + 0.05 * noise) + 0.5


def test_edit_distance_counts_changes() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3


def test_the_nearest_stock_voice_is_of_the_same_sex(shared_data: Path) -> None:
    waves = [read_audio(p, 16_000) for p in sorted((shared_data / "grid_s1").glob("*.mpg"))[:3]]
    first, second = centre(map(campplus, waves)), centre(map(ge2e, waves))
    found = nearest_stock(first, second, man=True)
    assert set(found.voices) == {"en", "zh"}
    assert all(name[1] == "m" for name in found.voices.values())
    assert 0 < found.similarity < 0.7


def test_a_voice_of_four_steps_is_refused_with_a_whole_report(
    tiny: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "HELD_OUT_TEXT", HELD_OUT_TEXT[:2])
    told: list[float] = []
    report = judge_voice(*tiny, tmp_path / "report", lambda fraction, _: told.append(fraction))
    assert report.kind == "stock"
    assert not report.gate.passed
    assert told == sorted(told)
    written = json.loads((tmp_path / "report" / "report.json").read_text())
    assert written["kind"] == "stock"
    assert written["stock_voices"]["en"][1] == "m"
    assert written["gate"]["reasons"]
    assert 0.7 < written["self_similarity"] < 1
    for sample in written["pictures"]:
        assert read_audio(tmp_path / "report" / sample["file"], 16_000).any()
