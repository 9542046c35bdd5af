"""Scripts: plain text with a few marks, read into pieces that a voice can say.

The marks are described in docs/scripts.md: ``[pause 0.5]``, ``[speed 0.9]``, ``[pitch +2]``,
``[range 1.3]``, ``[manner lively]``, ``*emphasis*`` and ``[word](pronunciation)``.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from vivant.errors import VivantError
from vivant.voice.delivery import (
    MANNERS,
    NEUTRAL,
    PITCHES,
    RANGES,
    Delivery,
    SpeakingManner,
    manner_named,
)
from vivant.voice.english import SYMBOLS, Reading, marked, read_english
from vivant.voice.pronunciations import (
    EXAMPLE,
    POSSESSIVE,
    Pronunciation,
    occurrences,
    possessive,
    pronunciation,
)
from vivant.voice.speech import Language, Piece, SpokenWord

NO_PRONUNCIATIONS: Mapping[str, Pronunciation] = MappingProxyType({})
SENTENCE_PAUSE_S = 0.35
PARAGRAPH_PAUSE_S = 0.8
LONGEST_PAUSE_S = 30.0
SPEEDS = (0.5, 2.0)
LONGEST_S = 3600.0  # of a whole script
LONGEST_WORD = 300  # signs without a space; the longest addresses people read out are shorter
WORD_S, CHARACTER_S = 0.38, 0.24  # what an English word and a Chinese character take, about

KNOWN_MARKS = (
    "The marks are [pause 0.5], [speed 0.9], [pitch +2], [range 1.3], [manner lively], "
    "*emphasis* and [word](pronunciation); "
    r"write \[ or \* for the sign itself (docs/scripts.md)."
)
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇"
# Chinese needs no spaces, and its marks separate words as well as a space does.
_ENDLESS = re.compile(rf"[^\s{_HAN}，。！？；：、…—]{{{LONGEST_WORD + 1},}}")
_HAN_MARKS = "，。！？；：、…—“”‘’（）《》〈〉「」『』【】·～ 0-9%.,:/¥￥$€£+-"


@dataclass(frozen=True)
class Script:
    """A script, ready to be said."""

    pieces: tuple[Piece, ...]
    lead_s: float = 0.0  # silence before the first piece
    notices: tuple[str, ...] = ()

    @property
    def languages(self) -> frozenset[str]:
        """The languages it needs a voice for."""
        return frozenset(word.language for piece in self.pieces for word in piece.words)

    @property
    def text(self) -> str:
        """What is said, in words."""
        return " ".join(piece.text for piece in self.pieces)


def parse_script(
    text: str,
    language: Language | None = None,
    *,
    manner: str = NEUTRAL,
    pronunciations: Mapping[str, Pronunciation] = NO_PRONUNCIATIONS,
) -> Script:
    """Read a script.

    Parameters
    ----------
    text
        Plain text with marks.
    language
        The language that numbers and signs between two languages are read in; by default each
        sentence decides by what it is mostly written in.
    manner
        One of `vivant.voice.delivery.MANNERS`: how it is spoken where no mark says otherwise.
    pronunciations
        How words sound where no mark says otherwise, from
        `vivant.voice.pronunciations.read_pronunciations`.

    Raises
    ------
    VivantError
        ``no-manner``, ``empty-script``, ``script-too-long``, ``word-too-long``, ``script-mark`` (an
        unknown or wrong mark, with line and column), ``unspeakable`` (letters of a script no voice
        reads).
    """
    _check_length(text)
    plain = _known(_marks(_Source(unicodedata.normalize("NFC", text))), pronunciations)
    pieces: list[Piece] = []
    lead_s = 0.0
    way = _Way(manner_named(manner))
    held_s = 0.0  # the pause that marks asked for after the last piece
    left_out: list[str] = []
    for start, end, event in plain.segments():
        for group, ends in _sentences(_words(plain, start, end, language, left_out)):
            pause_s = SENTENCE_PAUSE_S * way.manner.pause if ends else 0.0
            pieces.append(Piece(group, way.pace, pause_s, way.delivery))
            held_s = 0.0
        if isinstance(event, _Change):
            way = way.after(event, manner)
        elif isinstance(event, _Pause) and not pieces:
            lead_s += event.seconds
        elif isinstance(event, _Pause):
            # The voice leaves off as before a comma where no sentence ends.
            held_s += event.seconds
            pieces[-1] = replace(_closed(pieces[-1], ","), pause_s=held_s)
        elif isinstance(event, _Paragraph) and pieces:
            pause_s = held_s or PARAGRAPH_PAUSE_S * way.manner.pause
            pieces[-1] = replace(_closed(pieces[-1], "."), pause_s=pause_s)
    if not pieces:
        raise VivantError(
            "empty-script",
            "The script has nothing that can be said.",
            "Write at least one word.",
        )
    pieces[-1] = replace(_closed(pieces[-1], "."), pause_s=held_s)
    script = Script(tuple(pieces), lead_s, _notices(left_out))
    seconds = sum(_seconds(piece) for piece in pieces)
    if seconds > LONGEST_S:
        raise _too_long(seconds)
    return script


def _check_length(text: str) -> None:
    """Refuse at once what would take minutes to read and hours to say."""
    if len(text) > 40 * LONGEST_S:
        raise _too_long(len(text) / 15)
    if endless := _ENDLESS.search(text):
        raise VivantError(
            "word-too-long",
            f"{_Source(text).where(endless.start())}: more than {LONGEST_WORD} signs without a "
            "space cannot be said.",
            "Put spaces between the words.",
        )


def _too_long(seconds: float) -> VivantError:
    return VivantError(
        "script-too-long",
        f"The script would take about {seconds / 60:.0f} minutes to say; "
        f"the most is {LONGEST_S / 60:.0f}.",
        "Split it into several scripts.",
    )


def _seconds(piece: Piece) -> float:
    spoken = sum(
        CHARACTER_S * len(word.text) if word.language == "zh" else WORD_S for word in piece.words
    )
    return spoken / piece.speed + piece.pause_s


def _notices(left_out: list[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    signs = ", ".join(dict.fromkeys(left_out))
    return (f"Left out, because nothing can be said for it: {signs}.",)


# --- marks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pause:
    seconds: float


@dataclass(frozen=True)
class _Change:
    """What a mark sets from its place on; the others stay."""

    speed: float | None = None
    pitch: float | None = None
    pitch_range: float | None = None
    manner: str | None = None  # "" is the one that the script started with


@dataclass(frozen=True)
class _Way:
    """How the text is spoken at some place: a manner, and what marks change about it."""

    manner: SpeakingManner
    speed: float = 1.0
    pitch: float = 0.0
    pitch_range: float = 1.0

    def after(self, change: _Change, start: str) -> _Way:
        manner = self.manner if change.manner is None else MANNERS[change.manner or start]
        return _Way(
            manner,
            self.speed if change.speed is None else change.speed,
            self.pitch if change.pitch is None else change.pitch,
            self.pitch_range if change.pitch_range is None else change.pitch_range,
        )

    @property
    def pace(self) -> float:
        return min(max(self.speed * self.manner.speed, SPEEDS[0]), SPEEDS[1])

    @property
    def delivery(self) -> Delivery:
        given = self.manner.delivery
        return Delivery(
            given.pitch + self.pitch, given.pitch_range * self.pitch_range, given.loudness_db
        )


@dataclass(frozen=True)
class _Paragraph:
    pass


_Event = _Pause | _Change | _Paragraph
_Emit = Callable[[str, int], None]  # characters of the plain text, and their place in the source


@dataclass(frozen=True)
class _Source:
    """The script as written, which errors point into."""

    text: str

    def where(self, at: int) -> str:
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        return f"line {line}, column {column}"

    def wrong(self, at: int, message: str, fix: str = KNOWN_MARKS) -> VivantError:
        return VivantError("script-mark", f"{self.where(at)}: {message}", fix)


@dataclass(frozen=True)
class _Plain:
    """The text without its marks, and what the marks said about it."""

    source: _Source
    text: str
    origins: tuple[int, ...]  # place in the source of every character
    emphasised: tuple[tuple[int, int], ...]
    given: dict[int, tuple[int, str, Language]]  # start -> (end, phonemes, language)
    events: tuple[tuple[int, _Event], ...]

    def segments(self) -> Iterator[tuple[int, int, _Event | None]]:
        """Stretches of text between two events, each with the event that ends it."""
        start = 0
        for at, event in self.events:
            yield start, at, event
            start = at
        yield start, len(self.text), None


def _known(plain: _Plain, pronunciations: Mapping[str, Pronunciation]) -> _Plain:
    """The same with the words of a dictionary said as it says, where no mark gives a sound."""
    given = dict(plain.given)
    taken = [(start, end) for start, (end, _, _) in given.items()]
    for start, end, entry in occurrences(plain.text, pronunciations):
        cut = any(start < at < end for at, _ in plain.events)
        if not cut and not any(a < end and start < b for a, b in taken):
            given[start] = (end, entry.phonemes, entry.language)
    return replace(plain, given=given)


_PAUSE = re.compile(r"\[pause\s+(\d+(?:\.\d+)?|\.\d+)\s*(s|ms)?\s*\]")
_SPEED = re.compile(r"\[speed\s+(\d+(?:\.\d+)?|\.\d+)\s*\]")
_PITCH = re.compile(r"\[pitch\s+([-−+]?(?:\d+(?:\.\d+)?|\.\d+))\s*\]")
_RANGE = re.compile(r"\[range\s+(\d+(?:\.\d+)?|\.\d+)\s*\]")
_MANNER = re.compile(r"\[manner(?:\s+([^\[\]\s]+))?\s*\]")
_SAID_AS = re.compile(r"\[([^\[\]\n]+)\]\(([^()\n]*)\)")
_BREAK = re.compile(r"[ \t]*\n(?:[ \t]*\n)+\s*|[ \t]*\n(?=[ \t]*(?:[-•*]|\d{1,2}[.)])[ \t]+\S)")
_BULLET = re.compile(r"[ \t]*(?:[-•*])[ \t]+")
_EMPHASIS = re.compile(r"\*{1,2}")
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
for _kept in "，。！？：；（）～":
    _FULL_WIDTH.pop(_kept, None)


def _marks(source: _Source) -> _Plain:
    raw = source.text
    text: list[str] = []
    origins: list[int] = []
    emphasised: list[tuple[int, int]] = []
    given: dict[int, tuple[int, str, Language]] = {}
    events: list[tuple[int, _Event]] = []
    opened: tuple[int, int, str] | None = None  # (place in the text, in the source, sign)

    def emit(signs: str, at: int) -> None:
        text.append(signs)
        origins.extend([at] * len(signs))

    at = 0
    length = 0
    while at < len(raw):
        length = len(origins)
        char = raw[at]
        start_of_line = not raw[raw.rfind("\n", 0, at) + 1 : at].strip()
        if char == "\\" and raw[at + 1 : at + 2] in ("[", "]", "*", "\\"):
            emit(raw[at + 1], at)
            at += 2
        elif found := _BREAK.match(raw, at):
            if opened:
                raise _unclosed(source, opened[1], opened[2])
            events.append((length, _Paragraph()))
            emit(" ", at)
            at = found.end()
        elif start_of_line and (found := _BULLET.match(raw, at)):
            at = found.end()
        elif char == "[":
            at = _bracket(source, at, length, emit, given, events)
        elif char == "*" and (found := _EMPHASIS.match(raw, at)):
            sign = found[0]
            if opened and opened[2] == sign and not raw[at - 1].isspace():
                emphasised.append((opened[0], length))
                opened = None
                at = found.end()
            elif not opened and _opens(raw, at, found.end()):
                opened = (length, at, sign)
                at = found.end()
            else:
                emit(char, at)
                at += 1
        else:
            _emit_character(char, at, emit)
            at += 1
    if opened:
        raise _unclosed(source, opened[1], opened[2])
    return _Plain(source, "".join(text), tuple(origins), tuple(emphasised), given, tuple(events))


def _opens(raw: str, at: int, after: int) -> bool:
    follows = raw[after : after + 1]
    before = raw[at - 1 : at]
    glued = before.isalnum() and before.isascii()
    return bool(follows) and not follows.isspace() and follows != "*" and not glued


def _unclosed(source: _Source, at: int, sign: str) -> VivantError:
    return source.wrong(at, f"the emphasis {sign} is never closed in its paragraph.")


def _emit_character(char: str, at: int, emit: _Emit) -> None:
    kind = unicodedata.category(char)
    if char in _FULL_WIDTH:
        emit(_FULL_WIDTH[char], at)
    elif char.isspace() or kind in ("Zs", "Zl", "Zp"):
        emit(" ", at)
    elif kind == "Nd" and not char.isascii():
        emit(str(unicodedata.digit(char)), at)
    elif kind[0] == "L" and (plain := unicodedata.normalize("NFKC", char)).isascii():
        emit(plain, at)  # ligatures, and letters that mathematicians and shop signs dress up
    elif kind in ("No", "Nl", "So") and char not in SYMBOLS:
        plain = unicodedata.normalize("NFKC", char).replace("\u2044", "/")
        emit(plain if plain.isascii() else char, at)
    elif kind not in ("Cc", "Cf", "Cs", "Mn", "Me"):  # those are seen by nobody and said by nobody
        emit(char, at)


def _bracket(
    source: _Source,
    at: int,
    length: int,
    emit: _Emit,
    given: dict[int, tuple[int, str, Language]],
    events: list[tuple[int, _Event]],
) -> int:
    """Read the mark that starts with ``[`` at `at`; returns the place after it."""
    raw = source.text
    if found := _PAUSE.match(raw, at):
        seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
        if not 0 < seconds <= LONGEST_PAUSE_S:
            raise source.wrong(
                at,
                f"a pause of {seconds:g} s is not possible.",
                f"Give more than 0 and at most {LONGEST_PAUSE_S:g} seconds: [pause 0.5].",
            )
        events.append((length, _Pause(seconds)))
    elif found := _SPEED.match(raw, at):
        factor = float(found[1])
        if not SPEEDS[0] <= factor <= SPEEDS[1]:
            raise source.wrong(
                at,
                f"a speed of {factor:g} is not possible.",
                f"Give {SPEEDS[0]:g} (slow) to {SPEEDS[1]:g} (fast): [speed 0.9].",
            )
        events.append((length, _Change(speed=factor)))
    elif found := _PITCH.match(raw, at):
        semitones = float(found[1].replace("−", "-"))
        if not PITCHES[0] <= semitones <= PITCHES[1]:
            raise source.wrong(
                at,
                f"a pitch of {semitones:+g} semitones is not possible.",
                f"Give {PITCHES[0]:g} (low) to {PITCHES[1]:+g} (high) semitones: [pitch +2].",
            )
        events.append((length, _Change(pitch=semitones)))
    elif found := _RANGE.match(raw, at):
        factor = float(found[1])
        if not RANGES[0] <= factor <= RANGES[1]:
            raise source.wrong(
                at,
                f"a pitch range of {factor:g} is not possible.",
                f"Give {RANGES[0]:g} (flat) to {RANGES[1]:g} (wide): [range 1.3].",
            )
        events.append((length, _Change(pitch_range=factor)))
    elif found := _MANNER.match(raw, at):
        if found[1] and found[1] not in MANNERS:
            raise source.wrong(
                at,
                f"“{found[1]}” is not a manner I know.",
                f"Use one of: {', '.join(MANNERS)}; [manner] ends it.",
            )
        events.append((length, _Change(manner=found[1] or "")))
    elif found := _SAID_AS.match(raw, at):
        word = found[1].strip()
        try:
            said = pronunciation(word, found[2])
        except ValueError as error:
            raise source.wrong(at, f"{error}.", EXAMPLE) from error
        ending = POSSESSIVE.match(raw, found.end()) if said.language == "en" else None
        phonemes = possessive(said.phonemes) if ending else said.phonemes
        word += ending[0] if ending else ""
        emit(word, at + 1)
        given[length] = (length + len(word), phonemes, said.language)
        return ending.end() if ending else found.end()
    else:
        shown = raw[at : at + 30].split("\n")[0]
        closed = shown.find("]")
        shown = shown[: closed + 1] if closed >= 0 else shown
        raise source.wrong(at, f"“{shown}” is not a mark I know.")
    return found.end()


# --- words and sentences -------------------------------------------------------------------------


def _words(
    plain: _Plain, start: int, end: int, language: Language | None, left_out: list[str]
) -> list[tuple[SpokenWord, bool]]:
    """Words of a stretch of text, each with whether a sentence ends after it."""
    readings: list[tuple[Reading, str]] = []  # with the phonemes that the author gave
    runs = tuple(_language_runs(plain, start, end, language))
    inside = [(at, *known) for at, known in sorted(plain.given.items()) if start <= at < end]
    at = start
    for given_start, given_end, phonemes, tongue in [*inside, (end, end, "", "en")]:
        _read_stretch(plain, at, given_start, runs, readings, left_out)
        if phonemes:
            word = plain.text[given_start:given_end]
            reading = Reading(word, given_start, given_end, language=tongue)
            readings.append((reading, phonemes))
        at = given_end
    words = []
    for reading, phonemes in readings:
        emphasis = any(a < reading.end and reading.start < b for a, b in plain.emphasised)
        spoken = SpokenWord(reading.text, reading.language, reading.mark, emphasis, phonemes)
        words.append((spoken, reading.ends_sentence))
    return words


def _read_stretch(
    plain: _Plain,
    start: int,
    end: int,
    runs: tuple[tuple[int, int, Language], ...],
    readings: list[tuple[Reading, str]],
    left_out: list[str],
) -> None:
    inside = [
        (max(a, start), min(b, end), tongue) for a, b, tongue in runs if a < end and b > start
    ]
    for run_start, run_end, tongue in inside:
        text = plain.text[run_start:run_end]
        # A mark right after a word with a given pronunciation belongs to that word.
        lead = re.match(r"\s*([,;:.!?…—，。！？；：、]+)", text)
        if lead and readings:
            sign = {"，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":"}
            for mark in lead[1]:
                last, phonemes = readings[-1]
                readings[-1] = (marked(last, sign.get(mark, mark)), phonemes)
        if tongue == "zh":
            from vivant.voice.mandarin import read_mandarin

            found, unsaid = read_mandarin(text)
        else:
            found, unsaid = read_english(text, plain.text[run_end : run_end + 20])
        readings.extend(
            (replace(reading, start=reading.start + run_start, end=reading.end + run_start), "")
            for reading in found
        )
        for at, sign_left in unsaid:
            _leave_out(plain, run_start + at, sign_left, left_out)


def _leave_out(plain: _Plain, at: int, sign: str, left_out: list[str]) -> None:
    if unicodedata.category(sign)[0] in "LN":
        where = plain.source.where(plain.origins[at])
        name = unicodedata.name(sign, "a letter without a name").lower()
        raise VivantError(
            "unspeakable",
            f"{where}: “{sign}” ({name}) cannot be said.",
            "Scripts are English, Mandarin or both: write it in Latin letters or Chinese "
            "characters.",
        )
    if sign.strip():
        left_out.append(sign)


_ROUGH = re.compile(r"(?<=[。！？…；])|(?<=[.!?;])\s+")


def _language_runs(
    plain: _Plain, start: int, end: int, language: Language | None
) -> Iterator[tuple[int, int, Language]]:
    """Cut a stretch where the language that reads it changes.

    Chinese is also cut where emphasis starts and ends: no space tells words apart there.
    """
    text = plain.text
    stretches: list[tuple[int, int, Language]] = []
    at = start
    cuts = [found.end() for found in _ROUGH.finditer(text, start, end) if found.end() > start]
    for cut in [*cuts, end]:
        main = language or _main_language(text[at:cut])
        for run in _runs_inside(text, at, cut, main):
            if stretches and stretches[-1][2] == run[2]:
                stretches[-1] = (stretches[-1][0], run[1], run[2])
            else:
                stretches.append(run)
        at = cut
    borders = sorted({at for marked_range in plain.emphasised for at in marked_range})
    for run_start, run_end, tongue in stretches:
        inside = [at for at in borders if run_start < at < run_end] if tongue == "zh" else []
        for a, b in itertools.pairwise([run_start, *inside, run_end]):
            yield a, b, tongue


@functools.lru_cache(maxsize=64)
def _main_language(text: str) -> Language:
    characters = len(re.findall(rf"[{_HAN}]", text))
    words = len(re.findall(r"[A-Za-zÀ-ɏ]+", text))
    return "zh" if characters and characters >= words else "en"


def _runs_inside(
    text: str, start: int, end: int, main: Language
) -> Iterator[tuple[int, int, Language]]:
    if main == "zh":
        if end > start:
            yield start, end, "zh"  # `read_mandarin` reads the English inside it
        return
    at = start
    for found in re.finditer(rf"[{_HAN}](?:[{_HAN}{_HAN_MARKS}]*[{_HAN}。！？])?", text[start:end]):
        if start + found.start() > at:
            yield at, start + found.start(), "en"
        yield start + found.start(), start + found.end(), "zh"
        at = start + found.end()
    if end > at:
        yield at, end, "en"


def _sentences(
    words: list[tuple[SpokenWord, bool]],
) -> Iterator[tuple[tuple[SpokenWord, ...], bool]]:
    """Groups of words up to the end of a sentence, each with whether it is one."""
    group: list[SpokenWord] = []
    for word, ends in words:
        group.append(word)
        if ends:
            yield tuple(group), True
            group = []
    if group:
        yield tuple(group), False


def _closed(piece: Piece, mark: str) -> Piece:
    """`piece` with `mark` at its end, unless it has one that does the same."""
    last = piece.words[-1]
    if last.mark in tuple(".!?…") or (last.mark and mark == ","):
        return piece
    return replace(piece, words=(*piece.words[:-1], replace(last, mark=mark)))
