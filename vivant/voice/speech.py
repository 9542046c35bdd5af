"""Speech, and what a voice is given to say: the plain data that the rest of Vivant moves along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from vivant.voice.delivery import PLAIN, Delivery

RATE = 24_000  # samples a second of every voice and every `Speech`

Language = Literal["en", "zh"]
SpeechKind = Literal["personal", "stock", "recording"]


@dataclass(frozen=True)
class Phone:
    """One phoneme, or a silence, with its time in the sound."""

    symbol: str  # IPA in Kokoro's alphabet (stress and tone marks left out); "" for silence
    start_s: float
    end_s: float
    word: int  # index into `Speech.words`; -1 for silence


@dataclass(frozen=True)
class Word:
    """One spoken word with its time in the sound."""

    text: str  # as spoken: "twenty", not "20"
    start_s: float
    end_s: float
    emphasis: bool = False


@dataclass(frozen=True)
class Speech:
    """A waveform with its timed phonemes.

    Phones are in time order, do not overlap, and together with the silences between them fill the
    whole sound; a recording has none, because nobody aligned it.
    """

    wave: np.ndarray  # (samples,) float32 mono in [-1, 1]
    rate: int  # Hz
    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    language: str  # "en", "zh" or "mixed"; "" when unknown (a recording)
    voice: str  # name of the voice, or names joined with "+"
    kind: SpeechKind
    notices: tuple[str, ...] = ()  # what a person should know, one sentence each

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.wave) / self.rate


@dataclass(frozen=True)
class SpokenWord:
    """One word a voice is to say, already normalised: no digits, no abbreviations."""

    text: str  # an English word, or the Chinese characters of one word
    language: Language
    mark: str = ""  # the punctuation after it, out of , ; : . ! ? — …
    emphasis: bool = False
    phonemes: str = ""  # as the script's author wants it, in Kokoro's alphabet; "" looks it up


@dataclass(frozen=True)
class Piece:
    """What a voice says in one go: usually one sentence.

    `vivant.voice.text.pronounce` turns it into one phoneme string a word.
    """

    words: tuple[SpokenWord, ...]
    speed: float = 1.0  # 0.5 slow to 2 fast
    pause_s: float = 0.0  # silence after it, which `speak` adds, not the voice
    delivery: Delivery = PLAIN

    @property
    def language(self) -> str:
        """``"en"``, ``"zh"`` or ``"mixed"``."""
        languages = {word.language for word in self.words}
        return languages.pop() if len(languages) == 1 else "mixed"

    @property
    def text(self) -> str:
        """The words with their punctuation, for messages."""
        joint = "" if self.language == "zh" else " "
        return joint.join(word.text + word.mark for word in self.words)


class Voice(Protocol):
    """Anything that says a piece."""

    name: str
    kind: SpeechKind
    languages: frozenset[str]  # out of "en", "zh"

    def say(self, piece: Piece) -> Speech:
        """Say `piece` at 24 kHz: no more than 50 ms of silence at either end, times from 0.

        `Speech.words` holds exactly one entry for each of `piece.words`, in order.
        """
        ...


@runtime_checkable
class StreamingVoice(Voice, Protocol):
    """A voice whose sound starts before it is whole."""

    def stream(self, piece: Piece) -> Iterator[Speech]:
        """Say `piece` in chunks that follow each other without a gap.

        A word or phoneme is in the chunk that it begins in; its times count from the start of that
        chunk and may reach beyond its end.
        """
        ...
