"""A voice is learnt, taken up again after a stop, and speaks without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.voice.conftest import TINY
from vivant.errors import VivantError
from vivant.voice import train
from vivant.voice.hibari import HibariVoice, words_of
from vivant.voice.personal import load_personal
from vivant.voice.sentences import Sentence, read_sentences
from vivant.voice.speech import RATE, Piece
from vivant.voice.train import train_voice


class Killed(Exception):
    """Stands for the process ending at this very moment."""


def _killed_at(step: int) -> Callable[[float, str], None]:
    def progress(fraction: float, text: str) -> None:
        if text.startswith(f"training the voice, step {step} "):
            raise Killed

    return progress


def test_training_goes_on_where_it_was_killed(
    sentences: tuple[Sentence, ...],
    tiny: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 2)
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    for name in ("prepared.json", "prepared.npz"):  # preparing again would only take time
        (work / name).write_bytes((tiny[0] / name).read_bytes())
    recipe = TINY
    with pytest.raises(Killed):
        train_voice(sentences, work, out, recipe=recipe, progress=_killed_at(3))
    assert not out.exists()
    assert not list(tmp_path.glob(".out*"))
    told: list[str] = []
    train_voice(sentences, work, out, recipe=recipe, progress=lambda _, text: told.append(text))
    steps = [text for text in told if "step" in text]
    assert steps[0].startswith("training the voice, step 3 ")  # two were done and kept
    assert (out / "decoder.onnx").read_bytes() == (tiny[1] / "decoder.onnx").read_bytes()


def test_it_speaks_at_the_persons_pitch(tiny: tuple[Path, Path]) -> None:
    import pyworld

    piece = Piece(words_of("The morning train was late again."))
    speech = load_personal(tiny[1]).say(piece)
    base = HibariVoice().say(piece)
    assert speech.kind == "personal"
    assert [word.text for word in speech.words] == [word.text for word in piece.words]
    medians = []
    for wave in (speech.wave, base.wave):
        f0, _ = pyworld.dio(wave.astype(np.float64), RATE, 60.0, 400.0)
        medians.append(np.median(f0[f0 > 0]))
    assert 80 < medians[0] < 130 < medians[1]  # a man, learnt from a woman's voice


def test_speaking_needs_no_torch(tiny: tuple[Path, Path]) -> None:
    code = (
        "import json, sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from vivant.voice.hibari import words_of\n"
        "from vivant.voice.personal import load_personal\n"
        "from vivant.voice.speech import Piece\n"
        f"speech = load_personal({str(tiny[1])!r}).say(Piece(words_of('Hello there.')))\n"
        "heavy = {'torch', 'librosa', 'pocketsphinx', 'pyworld', 'torchaudio', 'resemblyzer'}\n"
        "print(json.dumps([speech.seconds, sorted(heavy & set(sys.modules))]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, heavy = json.loads(ran.stdout)
    assert seconds > 0.5
    assert heavy == []


def test_a_stopped_training_is_no_voice(tmp_path: Path, tiny: tuple[Path, Path]) -> None:
    with pytest.raises(VivantError) as caught:
        load_personal(tmp_path)
    assert caught.value.code == "no-voice-model"
    whole = json.loads((tiny[1] / "voice.json").read_text())
    (tmp_path / "voice.json").write_text(json.dumps({**whole, "base": "another"}))
    (tmp_path / "decoder.onnx").write_bytes((tiny[1] / "decoder.onnx").read_bytes())
    with pytest.raises(VivantError) as caught:
        load_personal(tmp_path)
    assert caught.value.code == "other-base"


def test_recordings_that_do_not_say_their_text_are_refused(
    sentences: tuple[Sentence, ...], shared_data: Path, tmp_path: Path
) -> None:
    lj = read_sentences(shared_data / "lj")
    swapped = [Sentence(s.id, lj[at % len(lj)].text, s.path) for at, s in enumerate(sentences[:6])]
    with pytest.raises(VivantError) as caught:
        train_voice(swapped, tmp_path / "work", tmp_path / "out")
    assert caught.value.code == "not-aligned"
    assert not (tmp_path / "out").exists()


def test_too_few_sentences_are_refused(sentences: tuple[Sentence, ...], tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught:
        train_voice(sentences[:3], tmp_path / "work", tmp_path / "out")
    assert caught.value.code == "too-few-sentences"
