"""How words sound, as their author wants it: notations, and the dictionaries they are kept in.

A dictionary is a UTF-8 file of lines ``word,how it sounds`` or ``word,how it sounds,language``; the
notations are those of the script mark ``[word](how it sounds)``: a respelling, ``/IPA/`` or pinyin.
Lines that start with ``#`` are comments.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vivant.errors import VivantError
from vivant.media.files import os_error, write_bytes
from vivant.voice.english import phonemes_of, read_english
from vivant.voice.mandarin import HAN, phonemes_of_pinyin
from vivant.voice.speech import Language
from vivant.voice.text import alphabet

EXAMPLE = "Write [Nguyen](win), [data](/dˈeɪɾə/) or [行](hang2)."
LINE_EXAMPLE = "Write lines such as Nguyen,win or data,/dˈeɪɾə/ or 行,hang2 or Qian,qian2,zh."

# The IPA as dictionaries print it, in the letters that Kokoro's alphabet has for it.
_IPA = (
    ("t͡ʃ", "ʧ"), ("tʃ", "ʧ"), ("d͡ʒ", "ʤ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"),
    ("oʊ", "O"), ("əʊ", "Q"), ("ɔɪ", "Y"), ("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("r", "ɹ"), ("g", "ɡ"),
    ("'", "ˈ"), ("ˈ", "ˈ"), (",", "ˌ"), (".", ""), ("(", ""), (")", ""),
)  # fmt: skip
_NOT_PHONEMES = set(',;:.!?—…"()“” ')


@dataclass(frozen=True)
class Pronunciation:
    """One word's sound."""

    word: str
    said: str  # as written by the author
    phonemes: str  # in Kokoro's alphabet
    language: Language  # of the word's letters: which reader it belongs to
    tongue: Language  # what `said` is written in


# --- notations -----------------------------------------------------------------------------------


def pronunciation(word: str, said: str, tongue: Language | None = None) -> Pronunciation:
    """Read how a word sounds.

    Parameters
    ----------
    word
        English words, or Chinese characters.
    said
        A respelling, ``/IPA/``, or pinyin with tones.
    tongue
        ``"zh"`` when `said` is the pinyin of a word in Latin letters.

    Raises
    ------
    ValueError
        What is wrong, as a clause.
    """
    word = " ".join(unicodedata.normalize("NFC", word).split())
    said = unicodedata.normalize("NFC", said).strip()
    if not word or not said:
        raise ValueError("a pronunciation needs a word and how to say it")
    if re.fullmatch(f"[{HAN}]+", word):
        if tongue == "en":
            raise ValueError(f"“{word}” is Chinese: its sound is written in pinyin")
        return Pronunciation(word, said, _pinyin(word, said, len(word)), "zh", "zh")
    if re.search(f"[{HAN}]", word):
        raise ValueError(f"“{word}” mixes Chinese characters with other letters")
    if not re.search(r"[^\W\d_]", word):
        raise ValueError(f"“{word}” holds no letter")
    if tongue == "zh":
        return Pronunciation(word, said, _pinyin(word, said, None), "en", "zh")
    if len(said) > 1 and said[0] == said[-1] == "/":
        return Pronunciation(word, said, _from_ipa(said), "en", "en")
    return Pronunciation(word, said, _from_respelling(said), "en", "en")


def _from_ipa(said: str) -> str:
    phonemes = said[1:-1].strip()
    for ipa, own in _IPA:
        phonemes = phonemes.replace(ipa, own)
    strange = [sign for sign in phonemes if sign not in alphabet() and sign != " "]
    strange += [sign for sign in phonemes if sign in _NOT_PHONEMES - {" "}]
    if strange or not phonemes.strip():
        signs = " ".join(dict.fromkeys(strange)) or "nothing"
        raise ValueError(f"“{said}” holds no phonemes I know: {signs}")
    return phonemes


def _from_respelling(said: str) -> str:
    readings, unsaid = read_english(said)
    if unsaid or not readings or re.search(f"[{HAN}]", said):
        raise ValueError(f"“{said}” cannot be read as English letters")
    each, _ = phonemes_of(tuple((reading.text, "") for reading in readings))
    phonemes = " ".join(each)
    if not phonemes.strip():
        raise ValueError(f"“{said}” has no sound")
    return phonemes


def _pinyin(word: str, said: str, length: int | None) -> str:
    from pypinyin.contrib.tone_convert import to_tone3

    syllables = [
        to_tone3(syllable.lower().replace("u:", "ü").replace("v", "ü"), neutral_tone_with_five=True)
        if not syllable[-1].isdigit()
        else syllable.lower().replace("u:", "v").replace("ü", "v")
        for syllable in re.findall(r"[^\W\d_:]+:?[^\W\d_:]*[1-5]?", said.strip("/"))
    ]
    toneless = [syllable for syllable in syllables if syllable[-1] == "5" and "5" not in said]
    if toneless:
        raise ValueError(f"“{toneless[0][:-1]}” has no tone; write 1 to 4, or 5 for none")
    if length is not None and len(syllables) != length:
        raise ValueError(
            f"“{word}” has {length} characters and “{said}” {len(syllables)} syllables"
        )
    if not syllables:
        raise ValueError(f"“{said}” is no pinyin")
    return phonemes_of_pinyin(syllables)


def possessive(phonemes: str) -> str:
    """An English word's phonemes with 's: "wˈɪn" becomes "wˈɪnz"."""
    last = phonemes[-1:]
    return phonemes + ("ᵻz" if last in "szʃʒʧʤ" else "s" if last in "ptkfθ" else "z")


# --- finding words in text -----------------------------------------------------------------------


def key(word: str) -> str:
    """What two spellings of one entry share; words all in capitals ("US") are only themselves."""
    return word if len(word) > 1 and word.isupper() else word.casefold()


_LETTER = r"A-Za-zÀ-ÖØ-öø-ʯḀ-ỿ0-9"
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|\b[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\S*", re.ASCII)
POSSESSIVE = re.compile(r"['’][sS](?![A-Za-z])")


def occurrences(
    text: str, known: Mapping[str, Pronunciation]
) -> Iterator[tuple[int, int, Pronunciation]]:
    """Where a dictionary's words stand in a text, the longest of those that start at a place.

    Latin words are found whole and, unless all in capitals, in any case, never inside an address.
    A possessive 's is part of the word and of the sound given with it.
    """
    if not known:
        return
    taken = [found.span() for found in _ADDRESS.finditer(text)]
    for found in _pattern(tuple(known)).finditer(text):
        entry = known.get(key(" ".join(found[0].split()))) or known.get(found[0].casefold())
        start, end = found.span()
        if entry is None or any(a < end and start < b for a, b in taken):
            continue
        ending = POSSESSIVE.match(text, end) if entry.language == "en" else None
        if ending:
            end, entry = ending.end(), replace(entry, phonemes=possessive(entry.phonemes))
        yield start, end, entry


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    latin, han = [], []
    for word in sorted(words, key=len, reverse=True):
        spaced = r"\s+".join(re.escape(part) for part in word.split())
        if re.search(f"[{HAN}]", word):
            han.append(spaced)
        else:
            latin.append(spaced if key(word) == word and word.isupper() else f"(?i:{spaced})")
    kinds = [f"(?<![{_LETTER}])(?:{'|'.join(latin)})(?![{_LETTER}])"] if latin else []
    return re.compile("|".join([*kinds, *han]))


# --- files ---------------------------------------------------------------------------------------


def read_pronunciations(path: Path) -> dict[str, Pronunciation]:
    """Read a dictionary; a file that is not there is an empty one.

    Raises
    ------
    VivantError
        ``bad-pronunciations``, with the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise VivantError(
            "bad-pronunciations",
            f"{path}: is not UTF-8 text (byte {error.start}).",
            "Save the dictionary as UTF-8.",
            file=path,
        ) from error
    except OSError as error:
        raise os_error(error, path) from error
    known: dict[str, Pronunciation] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entry = _entry(line)
            if key(entry.word) in known:
                raise ValueError(
                    f"“{entry.word}” is there twice, see line {lines[key(entry.word)]}"
                )
        except ValueError as error:
            raise VivantError(
                "bad-pronunciations",
                f"{path}, line {number}: {error}.",
                LINE_EXAMPLE,
                file=path,
            ) from error
        known[key(entry.word)] = entry
        lines[key(entry.word)] = number
    return known


def _entry(line: str) -> Pronunciation:
    try:
        (cells,) = csv.reader([line], strict=True)
    except csv.Error as error:
        raise ValueError(f"a quotation mark is not closed ({error})") from error
    word, said, tongue, *more = [*(cell.strip() for cell in cells), "", ""]
    if len(cells) < 2 or len(cells) > 3 or any(more[1:]):
        raise ValueError(f"“{line.strip()}” is not a word, a comma and how it sounds")
    if tongue not in ("", "en", "zh"):
        raise ValueError(f"“{tongue}” is no language; it is en or zh, or left out")
    return pronunciation(word, said, "zh" if tongue == "zh" else "en" if tongue else None)


def set_pronunciation(path: Path, word: str, said: str, tongue: Language | None) -> Pronunciation:
    """Add an entry to a dictionary, or change it; its other lines stay as they are.

    Raises
    ------
    VivantError
        ``bad-pronunciations``, and the codes of `vivant.media.files.write_bytes`.
    """
    known = read_pronunciations(path)
    try:
        entry = pronunciation(word, said, tongue)
    except ValueError as error:
        raise VivantError("bad-pronunciations", f"{error}.", LINE_EXAMPLE) from error
    cells = [entry.word, entry.said, *(["zh"] if entry.tongue != entry.language else [])]
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    _rewrite(path, known.get(key(entry.word)), text.getvalue())
    return entry


def remove_pronunciation(path: Path, word: str) -> None:
    """Take an entry out of a dictionary.

    Raises
    ------
    VivantError
        ``no-pronunciation``, ``bad-pronunciations``, and the codes of
        `vivant.media.files.write_bytes`.
    """
    entry = read_pronunciations(path).get(key(" ".join(word.split())))
    if entry is None:
        raise VivantError(
            "no-pronunciation",
            f"{path} has no “{word}”.",
            "See what it has: vivant pronounce --list",
            file=path,
        )
    _rewrite(path, entry, None)


def _rewrite(path: Path, old: Pronunciation | None, new: str | None) -> None:
    """Put the line `new` where `old` was, or at the end."""
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
    kept: list[str] = []
    for line in lines:
        comment = not line.strip() or line.lstrip().startswith("#")
        if old is None or comment or _entry(line) != old:
            kept.append(line)
        elif new is not None:
            kept.append(new)
    if old is None and new is not None:
        kept.append(new)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_error(error, path.parent) from error
    write_bytes(path, "".join(f"{line}\n" for line in kept).encode())
