"""The sentences folder: texts, words and who speaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.capture.conftest import RATE, Save, Shelve, Take, Utterance
from tests.capture.test_footage import codes, only
from vivant.capture.preflight import check
from vivant.capture.sentences import judge_texts, match_text
from vivant.media.audio import read_audio, resample, write_wav
from vivant.voice.sentences import Sentence, read_sentences


@pytest.fixture(scope="session")
def strangers(shared_data: Path) -> tuple[Utterance, ...]:
    """Two other people; a GRID file's name spells its sentence."""
    texts = {"brbk7n": "bin red by K seven now.", "lbax4n": "lay blue at X four now."}
    folder = shared_data / "grid_others"
    return tuple(
        Utterance(text, read_audio(folder / f"{name}.mpg", RATE), RATE)
        for name, text in texts.items()
    )


def test_film_of_somebody_else_than_the_sentences(shared_data: Path, shelve: Shelve) -> None:
    """A woman reading prose and a film of a man: only that they are two is wrong."""
    chosen = [s for s in read_sentences(shared_data / "lj") if len(s.text) < 100][:1]
    waves = [Utterance(s.text, read_audio(s.path, 22_050), 22_050) for s in chosen]
    report = check([shared_data / "grid_s1" / "bbaz7a.mpg"], shelve(waves))
    assert report.sentences == len(waves)
    assert codes(report) == {"too-short", "few-sentences", "other-speaker"}
    finding = only(report, "other-speaker")
    assert finding.file.endswith("bbaz7a.mpg")
    assert finding.at_s is not None


def test_texts_of_other_sentences(utterances: tuple[Utterance, ...], shelve: Shelve) -> None:
    """All texts are moved on by one."""
    texts = [utterance.text for utterance in utterances[:4]]
    pairs = zip(utterances, texts[1:] + texts[:1], strict=False)
    moved = [replace(utterance, text=text) for utterance, text in pairs]
    report = check([], shelve(moved))
    wrong = [finding for finding in report.findings if finding.code == "text-mismatch"]
    assert len(wrong) >= 3
    finding = only(report, "text-mismatch")
    assert "does not say" in finding.message
    assert "sentence “s0" in finding.message
    assert not report.ok


def test_right_texts_have_no_findings(utterances: tuple[Utterance, ...]) -> None:
    pairs = [
        (
            Sentence(f"s{k}", u.text, Path(f"s{k}.wav")),
            match_text(resample(u.wave, RATE, 16_000), u.text, [utterances[k - 1].text]),
        )
        for k, u in enumerate(utterances[:8])
    ]
    assert judge_texts(pairs) == []


@pytest.mark.parametrize("what", ["left out", "another word"])
def test_one_wrong_word_is_named(shared_data: Path, what: str) -> None:
    sentence = next(s for s in read_sentences(shared_data / "lj") if 12 < len(s.text.split()) < 20)
    words = sentence.text.split()
    if what == "left out":  # of the recording
        words.insert(2, "umbrellas")
    else:
        words[words.index(max(words, key=len))] = "umbrellas"
    text = " ".join(words)
    wave = read_audio(sentence.path, 16_000)
    findings = judge_texts([(replace(sentence, text=text), match_text(wave, text))])
    assert [finding.code for finding in findings] == ["wrong-words"]
    assert "umbrellas" in findings[0].message
    assert sentence.id in findings[0].message
    assert findings[0].at_s is not None


def test_two_speakers(
    utterances: tuple[Utterance, ...], strangers: tuple[Utterance, ...], shelve: Shelve
) -> None:
    folder = shelve([*utterances[:4], strangers[0]])
    finding = only(check([], folder), "two-speakers")
    assert finding.file == str(folder / "s04.wav")
    assert "“s04”" in finding.message


def test_footage_of_the_same_person_is_not_another_speaker(
    take: Take, save: Save, utterances: tuple[Utterance, ...], shelve: Shelve
) -> None:
    report = check([save("film.mp4", take.frames[:25], take.wave)], shelve(utterances[2:4]))
    assert not codes(report) & {"other-speaker", "two-speakers", "text-mismatch", "wrong-words"}


def test_eight_kilohertz_and_clipped_sentences(
    utterances: tuple[Utterance, ...], shelve: Shelve
) -> None:
    low = [Utterance(u.text, resample(u.wave, RATE, 8000), 8000) for u in utterances[:2]]
    loud = replace(utterances[2], wave=np.clip(utterances[2].wave * 20, -1, 1))
    report = check([], shelve([*low, loud]))
    finding = only(report, "low-sample-rate")
    assert finding.file.endswith("s00.wav")
    assert "sentence “s00” has 8000 samples a second" in finding.message
    assert only(report, "clipped").file.endswith("s02.wav")


def test_sentences_that_say_nothing(utterances: tuple[Utterance, ...], shelve: Shelve) -> None:
    silent = replace(utterances[0], wave=np.zeros(2 * RATE, np.float32))
    blip = replace(utterances[0], wave=utterances[0].wave[RATE : RATE + 8000])
    report = check([], shelve([silent, blip, utterances[0]]))
    assert only(report, "too-quiet").file.endswith("s00.wav")
    assert only(report, "text-mismatch").file.endswith("s00.wav")
    assert only(report, "sentence-too-short", "warning").file.endswith("s01.wav")


def test_mandarin_is_not_judged_by_an_english_aligner(
    utterances: tuple[Utterance, ...], shelve: Shelve
) -> None:
    mandarin = [replace(utterance, text="今天天气很好。") for utterance in utterances[:2]]
    assert not codes(check([], shelve(mandarin))) & {"text-mismatch", "wrong-words"}


def put(folder: Path, name: str, content: str | bytes | Utterance) -> None:
    folder.mkdir(exist_ok=True)
    if isinstance(content, Utterance):
        write_wav(folder / name, content.wave, content.rate)
    else:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "no-sentences"),
        ({"notes.pdf": "nothing"}, "no-sentences"),
        ({"a.wav": None}, "sound-without-text"),
        ({"a.wav": None, "a.txt": "  "}, "sound-without-text"),
        ({"a.txt": "hello"}, "text-without-sound"),
        ({"a.wav": None, "metadata.csv": "a|hello\na|hello"}, "duplicate-sentence"),
        ({"a.wav": None, "metadata.csv": "b|hello"}, "text-without-sound"),
        ({"a.wav": None, "metadata.csv": "a;hello"}, "bad-metadata"),
        ({"a.wav": None, "metadata.csv": "a|caf\xe9".encode("latin-1")}, "bad-metadata"),
        ({"a.wav": None, "a.txt": "caf\xe9".encode("latin-1")}, "bad-metadata"),
        ({"a.wav": None, "a.align": "not an alignment"}, "bad-alignment"),
        ({"a.wav": b"", "a.txt": "hello"}, "empty-file"),
        ({"a.wav": b"RIFF nonsense" * 9, "a.txt": "hello"}, "unreadable-media"),
    ],
    ids=[
        "empty",
        "no-media",
        "no-text",
        "blank-text",
        "no-sound",
        "same-id",
        "unknown-id",
        "no-bar",
        "latin-1",
        "latin-1-txt",
        "align",
        "zero-bytes",
        "not-sound",
    ],
)
def test_folders_that_hold_no_sentences(
    tmp_path: Path,
    utterances: tuple[Utterance, ...],
    files: dict[str, str | bytes | None],
    code: str,
) -> None:
    folder = tmp_path / "voice"
    folder.mkdir()
    for name, content in files.items():
        put(folder, name, utterances[0] if content is None else content)
    finding = only(check([], folder), code)
    assert str(folder) in finding.file


def test_missing_folder(tmp_path: Path) -> None:
    only(check([], tmp_path / "nowhere"), "no-folder")


def test_recordings_that_the_metadata_forgets(
    tmp_path: Path, utterances: tuple[Utterance, ...]
) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        put(tmp_path / "voice", name, utterances[0])
    put(tmp_path / "voice", "metadata.csv", f"a|{utterances[0].text}")
    finding = only(check([], tmp_path / "voice"), "recording-without-text", "warning")
    assert "b.wav, c.wav" in finding.message
