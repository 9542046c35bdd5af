"""The sentences a person recorded, each with its text, from any form of ``--voice DIR``.

Four forms, told apart by what lies in the folder:

- ``metadata.csv`` with lines ``id|text`` or ``id|text|normalised text``, and ``id.wav`` beside it;
  recordings it does not name are not used (`recordings_without_text` lists them)
- ``NAME.txt`` beside ``NAME.wav``
- ``NAME.align`` beside ``NAME.mpg``: GRID's ``start end word`` lines, in 1/25000 s
- one long recording and one text file with numbered lines, to be cut at its pauses

The sound may be in any container that has some.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivant.errors import VivantError

_SUFFIXES = (
    ".wav .flac .mp3 .ogg .oga .opus .m4a .aac .wma .aif .aiff .mka .weba "
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .mts .3gp"
)
SOUND_SUFFIXES = frozenset(_SUFFIXES.split())
TICKS_PER_S = 25_000  # of GRID's .align files
GRID_SILENCE = frozenset({"sil", "sp"})

_NUMBERED = re.compile(r"^\s*(\d+)\s*[.):|\t ]\s*(\S.*)$")


@dataclass(frozen=True)
class TimedWord:
    """A word with its time in the file, as the person's own alignment gives it."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Sentence:
    """One recorded sentence."""

    id: str  # unique in its folder
    text: str
    path: Path  # the file with its sound
    start_s: float | None = None  # where it begins in the file; None is the file's beginning
    end_s: float | None = None  # None is the file's end
    words: tuple[TimedWord, ...] = ()  # empty when no alignment came with it


def read_sentences(folder: str | Path) -> tuple[Sentence, ...]:
    """Every sentence in `folder`, in the order of its metadata or its file names.

    Raises
    ------
    VivantError
        ``no-folder``, ``no-sentences``, ``sound-without-text``, ``text-without-sound``,
        ``duplicate-sentence``, ``bad-metadata``, ``bad-alignment``; from a long recording also
        ``not-aligned``.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise VivantError(
            "no-folder",
            f"{folder}: there is no such folder.",
            "Give --voice the folder that holds the recorded sentences.",
            file=folder,
        )
    files = sorted(path for path in folder.iterdir() if path.is_file())
    files = [path for path in files if not path.name.startswith(".")]
    sounds = [path for path in files if path.suffix.lower() in SOUND_SUFFIXES]
    metadata = folder / "metadata.csv"
    if metadata.is_file():
        return _from_metadata(metadata, sounds)
    texts = [path for path in files if path.suffix.lower() in (".txt", ".align")]
    if not sounds and not texts:
        raise VivantError(
            "no-sentences",
            f"{folder}: there are no recordings in it.",
            "Put NAME.wav and NAME.txt for each sentence there, or recordings and metadata.csv.",
            file=folder,
        )
    if len(sounds) == 1 and len(texts) == 1 and texts[0].suffix.lower() == ".txt":
        numbered = _numbered_lines(texts[0])
        if len(numbered) > 1:
            return _from_long_recording(sounds[0], numbered)
    return _from_pairs(sounds, texts)


def recordings_without_text(folder: str | Path) -> tuple[Path, ...]:
    """Recordings in `folder` that no sentence uses: only ``metadata.csv`` can leave some out."""
    used = {sentence.path for sentence in read_sentences(folder)}
    return tuple(
        path
        for path in sorted(Path(folder).iterdir())
        if path.suffix.lower() in SOUND_SUFFIXES and path not in used
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise VivantError(
            "bad-metadata",
            f"{path}: is not UTF-8 text ({error.reason} at byte {error.start}).",
            "Save it as UTF-8.",
            file=path,
        ) from error


def _by_stem(paths: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise VivantError(
                "duplicate-sentence",
                f"{path}: {found[path.stem].name} has the same name, so they are one sentence.",
                "Keep one of the two, or rename one together with its text.",
                file=path,
            )
        found[path.stem] = path
    return found


def _without_text(path: Path, where: str) -> VivantError:
    return VivantError(
        "sound-without-text",
        f"{path}: has no text {where}.",
        "Write down what it says, or move the recording out of the folder.",
        file=path,
    )


def _from_metadata(metadata: Path, sounds: list[Path]) -> tuple[Sentence, ...]:
    by_stem = _by_stem(sounds)
    sentences: dict[str, Sentence] = {}
    for number, line in enumerate(_read_text(metadata).splitlines(), 1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("|")]
        if len(columns) not in (2, 3) or not columns[0]:
            raise VivantError(
                "bad-metadata",
                f"{metadata}, line {number}: is not id|text or id|text|normalised text.",
                "Write one line a sentence, with a | between the name and the text.",
                file=metadata,
            )
        name, text = columns[0], columns[-1] or columns[1]
        stem = Path(name).stem if Path(name).suffix.lower() in SOUND_SUFFIXES else name
        if stem in sentences:
            raise VivantError(
                "duplicate-sentence",
                f"{metadata}, line {number}: “{stem}” is there twice.",
                "Give every sentence a name of its own.",
                file=metadata,
            )
        if stem not in by_stem:
            raise VivantError(
                "text-without-sound",
                f"{metadata}, line {number}: there is no recording named {stem}.",
                "Record it, or take the line out.",
                file=metadata,
            )
        if not text:
            raise _without_text(by_stem[stem], f"in {metadata.name}, line {number}")
        sentences[stem] = Sentence(stem, text, by_stem[stem])
    if not sentences:
        raise VivantError(
            "no-sentences",
            f"{metadata}: is empty.",
            "Write one line id|text for each recording.",
            file=metadata,
        )
    return tuple(sentences.values())


def _from_pairs(sounds: list[Path], texts: list[Path]) -> tuple[Sentence, ...]:
    by_stem = _by_stem(sounds)
    aligned = {path.stem: path for path in texts if path.suffix.lower() == ".align"}
    plain = {path.stem: path for path in texts if path.suffix.lower() == ".txt"}
    for stem, path in (aligned | plain).items():
        if stem not in by_stem:
            raise VivantError(
                "text-without-sound",
                f"{path}: there is no recording named {stem} beside it.",
                "Record it, or take the text away.",
                file=path,
            )
    sentences = []
    for stem, path in by_stem.items():
        if stem in aligned:
            words = read_align(aligned[stem])
            text = _text_of(words)
            if stem in plain:
                text = _one_line(plain[stem])
            sentences.append(Sentence(stem, text, path, words=words))
        elif stem in plain:
            sentences.append(Sentence(stem, _one_line(plain[stem]), path))
        else:
            raise _without_text(path, f"beside it ({stem}.txt or {stem}.align)")
    return tuple(sentences)


def _one_line(path: Path) -> str:
    text = " ".join(_read_text(path).split())
    if not text:
        raise VivantError(
            "sound-without-text",
            f"{path}: is empty.",
            "Write down what the recording says.",
            file=path,
        )
    return text


def read_align(path: Path) -> tuple[TimedWord, ...]:
    """The spoken words of a GRID ``.align`` file; silences are left out.

    Raises
    ------
    VivantError
        ``bad-alignment``.
    """
    words = []
    for number, line in enumerate(_read_text(path).splitlines(), 1):
        columns = line.split()
        if not columns:
            continue
        try:
            start, end, word = int(columns[0]), int(columns[1]), columns[2]
        except (ValueError, IndexError):
            start, end, word = 0, -1, ""
        if end < start:
            raise VivantError(
                "bad-alignment",
                f"{path}, line {number}: is not “start end word” in 1/25000 s.",
                "Correct the line, or write the text into a .txt file instead.",
                file=path,
            )
        if word not in GRID_SILENCE:
            words.append(TimedWord(word, start / TICKS_PER_S, end / TICKS_PER_S))
    if not words:
        raise VivantError(
            "bad-alignment",
            f"{path}: has no words.",
            "Correct it, or write the text into a .txt file instead.",
            file=path,
        )
    return tuple(words)


def _text_of(words: tuple[TimedWord, ...]) -> str:
    """A sentence of aligned words. A lone letter is a spelled one, so it is a capital."""
    spoken = [word.text.upper() if len(word.text) == 1 else word.text for word in words]
    return " ".join(spoken).capitalize() if len(spoken) == 1 else " ".join(spoken) + "."


def _numbered_lines(path: Path) -> list[tuple[str, str]]:
    """(number, text) of a numbered text file; empty when any line has no number."""
    lines = [line for line in _read_text(path).splitlines() if line.strip()]
    matches = [_NUMBERED.match(line) for line in lines]
    if not all(matches):
        return []
    numbered = [(match.group(1), match.group(2).strip()) for match in matches if match]
    seen: set[str] = set()
    for number, _ in numbered:
        if number in seen:
            raise VivantError(
                "duplicate-sentence",
                f"{path}: number {number} is there twice.",
                "Number every sentence differently.",
                file=path,
            )
        seen.add(number)
    return numbered


def _from_long_recording(sound: Path, numbered: list[tuple[str, str]]) -> tuple[Sentence, ...]:
    from vivant.media.audio import read_audio
    from vivant.voice.align import RATE, cut_recording

    spans = cut_recording(read_audio(sound, RATE), [text for _, text in numbered], sound)
    return tuple(
        Sentence(f"{sound.stem}-{int(number):03d}", text, sound, start, end)
        for (number, text), (start, end) in zip(numbered, spans, strict=True)
    )


def read_sentence_audio(sentence: Sentence, rate: int) -> np.ndarray:
    """The sound of one sentence, mono float32 at `rate`."""
    from vivant.media.audio import read_audio

    wave = read_audio(sentence.path, rate)
    start = round((sentence.start_s or 0.0) * rate)
    end = len(wave) if sentence.end_s is None else round(sentence.end_s * rate)
    return wave[start:end]
