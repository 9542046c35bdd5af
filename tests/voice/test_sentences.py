"""Every form of ``--voice DIR``, and what is said about folders that are none of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.media.audio import read_audio, write_wav
from vivant.voice.sentences import read_sentence_audio, read_sentences, recordings_without_text


def _sound(path: Path) -> None:
    write_wav(path, 0.1 * np.sin(np.arange(8000) / 20).astype(np.float32), 16_000)


def _refused(folder: Path) -> VivantError:
    with pytest.raises(VivantError) as caught:
        read_sentences(folder)
    return caught.value


def test_grid_alignments_give_text_and_word_times(shared_data: Path) -> None:
    sentences = read_sentences(shared_data / "grid_s1")
    assert len(sentences) == 100
    first = sentences[0]
    assert first.text == "bin blue at Z seven again."  # a lone letter is spelled
    assert [word.text for word in first.words][:2] == ["bin", "blue"]
    assert first.words[0].start_s == pytest.approx(0.43)


def test_metadata_names_the_sentences(shared_data: Path) -> None:
    sentences = read_sentences(shared_data / "lj")
    assert sentences[1].id == "LJ001-0002"
    assert "fourteen fifty-five" in sentences[6].text  # the normalised column
    assert len(sentences) + len(recordings_without_text(shared_data / "lj")) == 32


def test_text_files_beside_recordings(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _sound(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text(f"Sentence {name}.\n")
    assert [s.text for s in read_sentences(tmp_path)] == ["Sentence a.", "Sentence b."]


def test_one_long_recording_is_cut_at_its_pauses(shared_data: Path, tmp_path: Path) -> None:
    clips = read_sentences(shared_data / "grid_s1")[:5]
    waves = [read_audio(clip.path, 16_000) for clip in clips]
    write_wav(tmp_path / "reading.wav", np.concatenate(waves), 16_000)
    lines = [f"{number}. {clip.text}" for number, clip in enumerate(clips, 1)]
    (tmp_path / "reading.txt").write_text("\n".join(lines))
    cut = read_sentences(tmp_path)
    assert [s.id for s in cut] == [f"reading-{number:03d}" for number in range(1, 6)]
    begin = 0.0
    for sentence, clip, wave in zip(cut, clips, waves, strict=True):
        assert sentence.start_s is not None
        assert sentence.end_s is not None
        assert sentence.start_s <= begin + clip.words[0].start_s + 0.1
        assert sentence.end_s >= begin + clip.words[-1].end_s - 0.2
        assert begin - 0.1 <= sentence.start_s < sentence.end_s <= begin + len(wave) / 16_000 + 0.1
        begin += len(wave) / 16_000
    assert len(read_sentence_audio(cut[1], 16_000)) < len(waves[1])


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({}, "no-sentences", "no recordings"),
        ({"a.wav": None}, "sound-without-text", "a.wav"),
        ({"a.wav": None, "a.txt": "  \n"}, "sound-without-text", "a.txt"),
        ({"a.wav": None, "a.txt": "One.", "b.txt": "Two."}, "text-without-sound", "b.txt"),
        ({"a.wav": None, "metadata.csv": "a|One.\nb|Two."}, "text-without-sound", "line 2"),
        ({"a.wav": None, "metadata.csv": "a|One.\na|Two."}, "duplicate-sentence", "line 2"),
        ({"a.wav": None, "metadata.csv": "a;One."}, "bad-metadata", "line 1"),
        ({"a.wav": None, "metadata.csv": "a|"}, "sound-without-text", "line 1"),
        ({"a.wav": None, "a.flac": None, "a.txt": "One."}, "duplicate-sentence", "same name"),
        ({"a.wav": None, "a.align": "0 x bin"}, "bad-alignment", "line 1"),
    ],
)
def test_broken_folders_say_what_is_wrong(
    tmp_path: Path, files: dict[str, str | None], code: str, says: str
) -> None:
    for name, text in files.items():
        if text is None:
            _sound(tmp_path / name)
        else:
            (tmp_path / name).write_text(text)
    error = _refused(tmp_path)
    assert error.code == code
    assert says in error.message
    assert error.fix
