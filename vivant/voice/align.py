"""Where each word and phoneme of an English sentence lies in its recording, and whether it does.

Forced alignment with the acoustic model inside PocketSphinx. Instead of PocketSphinx's own two-pass
aligner, whose second pass fails on about a third of all long sentences, the sentence becomes one
finite-state graph whose arcs are single phonemes: every pronunciation of a word is a parallel
path, and silence is allowed between words only. One pass then gives words, phonemes, the
pronunciation chosen and a score for each, about 40 times faster than real time.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.errors import VivantError

RATE = 16_000  # Hz, what the acoustic model expects
FRAME_S = 0.01  # seconds a frame of the acoustic model

# Mean score of all frames that are not silence. The unit is one step of PocketSphinx's senone
# scores, 0.1024 nats below the frame's best senone. Right text scores -16 to -25 in LJ Speech and
# -17 to -44 in GRID; another sentence's text -45 and below in LJ Speech, -38 to -70 in GRID, whose
# sentences share words.
MATCHES_ABOVE = -44.0
# Short words score lower by chance, so a word is doubted for what it loses in all, over its frames,
# against this score. No word of the 132 recordings loses 750.
_FAIR_SCORE = -33.0
WORD_LOSS_BELOW = 800.0
_SCORE_NATS = 1e-4  # of the integers in PocketSphinx's segments, which are senone score steps

_MODEL = "pocketsphinx/model/en-us"
_SPHINX = functools.partial(Asset, "pocketsphinx", "5.1.1", licence="BSD-2-Clause", extra="train")
ASSETS.update(
    {
        f"pocketsphinx-{name.rsplit('/', 1)[-1]}": _SPHINX(path=f"{_MODEL}/{name}", sha256=digest)
        for name, digest in {
            "en-us/means": "832019e32cac12eb318964f96f469034acb12d0348eeddc3831831a100cb4dd4",
            "en-us/noisedict": "7295b07df2c204c4f87c6782b6be1a3859d7006d4e3864181c955d6dab105a33",
            "en-us/feat.params": "c982c5f75e2a30c34d2c9ef1f6b129a5a00e67e3e927565076b58664cc2404c9",
            "en-us/mdef": "2360f9a86889c1cfee8bd618a0269387911e5fb2920a594f506b18b8c79683b0",
            "en-us/sendump": "8c9564c0d5bef69ca9d9bf1014abe162f071644cf02cf1fa8a483c3dc165a7a8",
            "en-us/transition_matrices": (
                "c1f7f28ea43177be734be1f88bd7f1b9a853d0e660f8599c67c6eaeca8bb539a"
            ),
            "en-us/variances": "b00d696f85e96834fc10f8e5f06428d8c4db6bffdbe5845b6f69bf6efbc48fa5",
            "cmudict-en-us.dict": (
                "20b5c293e1f311fb375fe067e500ec5636f4fc7af5594967263696def9b23bfe"
            ),
        }.items()
    }
)

SILENCE = "SIL"
_ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W "
    "Y Z ZH"
)
PHONES = tuple(_ARPABET.split())
"""The phonemes of the acoustic model, in ARPAbet."""

_KOKORO = "ɑæəɔWIbʧdðɛɜAfɡhɪiʤklmnŋOYpɹsʃtθʊuvwjzʒʌᵻɐTɾ"
_AS_ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W "
    "Y Z ZH AH IH AH T T"
)
_KOKORO_TO_ARPABET = dict(zip(_KOKORO, _AS_ARPABET.split(), strict=True))
_LETTER_A = ("EY",)  # the dictionary's "a" is the article first


@dataclass(frozen=True)
class AlignedPhone:
    """One phoneme in the recording."""

    symbol: str  # ARPAbet without stress, out of `PHONES`
    start_s: float
    end_s: float
    score: float  # mean a frame, 0 is perfect (see `MATCHES_ABOVE`)


@dataclass(frozen=True)
class AlignedWord:
    """One word in the recording."""

    text: str  # as spoken, lower case
    start_s: float
    end_s: float
    phones: tuple[AlignedPhone, ...]
    score: float  # mean a frame

    @property
    def found(self) -> bool:
        """Whether the sound at this place can be this word."""
        frames = sum(round((phone.end_s - phone.start_s) / FRAME_S) for phone in self.phones)
        return (_FAIR_SCORE - self.score) * frames <= WORD_LOSS_BELOW


@dataclass(frozen=True)
class Alignment:
    """A sentence laid over its recording. Between words there is silence."""

    words: tuple[AlignedWord, ...]
    log_likelihood_per_frame: float  # in the unit of `MATCHES_ABOVE`, true silences left out
    unexpected: tuple[tuple[float, float], ...]  # (start_s, end_s) of sound the text does not have

    @property
    def matches(self) -> bool:
        """Whether the recording says the text, as a whole."""
        return self.log_likelihood_per_frame >= MATCHES_ABOVE

    @property
    def doubtful(self) -> tuple[AlignedWord, ...]:
        """Words that the recording does not seem to have."""
        return tuple(word for word in self.words if not word.found)


@functools.cache
def _dictionary() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The CMU pronouncing dictionary: word to its pronunciations."""
    entries: dict[str, list[tuple[str, ...]]] = {}
    with open(asset_path("pocketsphinx-cmudict-en-us.dict"), encoding="utf-8") as lines:
        for line in lines:
            word, *phones = line.split()
            entries.setdefault(word.split("(")[0], []).append(tuple(phones))
    return {word: tuple(pronunciations) for word, pronunciations in entries.items()}


def spoken_words(text: str) -> tuple[str, ...]:
    """The words of an English text as they are said: numbers spelled out, punctuation gone.

    A single capital letter that is no word of its own stays a capital: it is spelled, as in
    "bin blue at F two now".
    """
    from vivant.voice.english import read_english

    readings, _ = read_english(text)
    found: list[str] = []
    for reading in readings:
        found += re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", reading.text.replace("’", "'"))
    return tuple(
        word if len(word) == 1 and word.isupper() and (word != "A" or at) else word.lower()
        for at, word in enumerate(found)
    )


@functools.lru_cache(maxsize=4096)
def pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """Every pronunciation of one spoken word, in ARPAbet.

    Words outside the dictionary are read by the English voice's letter-to-sound rules.

    Raises
    ------
    VivantError
        ``not-aligned`` when nothing can be said about the word.
    """
    if word == "A":
        return (_LETTER_A,)
    known = _dictionary().get(word.lower())
    if known:
        return known
    from vivant.voice.english import phonemes_of

    symbols = phonemes_of(((word, ""),))[0][0]
    phones = tuple(_KOKORO_TO_ARPABET[s] for s in symbols if s in _KOKORO_TO_ARPABET)
    if not phones:
        raise VivantError(
            "not-aligned",
            f"The word “{word}” has no English pronunciation.",
            "Write the sentence in English letters.",
        )
    return (phones,)


def align(wave: np.ndarray, text: str) -> Alignment:
    """Lay an English text over its recording.

    Parameters
    ----------
    wave
        Mono float32 at 16 kHz.
    text
        What is said, as written.

    Raises
    ------
    VivantError
        ``not-aligned``: there is no way through the recording with these words, and why.
        A wrong text often still aligns, badly: ask `Alignment.matches`.
    """
    foreign = [c for c in text if c.isalpha() and not unicodedata.name(c, "").startswith("LATIN")]
    if foreign:
        raise VivantError(
            "not-aligned",
            f"The text has letters that are not English: “{''.join(foreign[:8])}”.",
            "Only English sentences can be learnt from: leave this recording out.",
        )
    return align_words(wave, spoken_words(text))


def align_words(wave: np.ndarray, words: tuple[str, ...]) -> Alignment:
    """`align` for a text already split into spoken words."""
    if not words:
        raise VivantError(
            "not-aligned", "The text has no words.", "Write down what the recording says."
        )
    peak = float(np.abs(wave).max(initial=0.0))
    if peak < 1e-4:
        raise VivantError("not-aligned", "The recording is silent.", "Record the sentence again.")
    shortest = [min(pronunciations(word), key=len) for word in words]
    least_s = 3 * FRAME_S * sum(map(len, shortest))  # three states a phoneme, one frame each
    if len(wave) / RATE < least_s:
        raise VivantError(
            "not-aligned",
            f"The recording lasts {len(wave) / RATE:.2f} s; its {len(words)} words need "
            f"{least_s:.2f} s at the very least.",
            "Check that the text belongs to this recording and that it is whole.",
        )
    # A little noise before and after lets the silence model start and end well.
    padding = round(0.1 * RATE)
    noise = np.random.default_rng(0).standard_normal(2 * padding).astype(np.float32) * 1e-3
    padded = np.concatenate([noise[:padding], wave * (0.7 / peak), noise[padding:]])
    for beam in (1e-80, 1e-160, 1e-300):
        segments = _decode(padded, words, beam)
        if segments is not None:
            return _alignment(segments, words, wave, padding / RATE)
    raise VivantError(
        "not-aligned",
        f"No way through the recording says “{' '.join(words)}”.",
        "Check that the text belongs to this recording, word for word.",
    )


@dataclass(frozen=True)
class _Segment:
    label: str  # phoneme in lower case, or "<sil>"
    start: int  # frame
    end: int  # frame after the last
    score: float  # sum over its frames


def _graph(words: tuple[str, ...]) -> tuple[list[tuple[int, int, float, str]], int]:
    """Arcs (from, to, probability, label) of all ways to say `words`, and the final node."""
    number = itertools.count(1)
    arcs: list[tuple[int, int, float, str]] = [(0, 0, 0.5, "<sil>")]
    here = 0
    for word in words:
        after = next(number)
        for phones in pronunciations(word):
            source = here
            for index, phone in enumerate(phones):
                target = after if index == len(phones) - 1 else next(number)
                arcs.append((source, target, 1.0, phone.lower()))
                source = target
        arcs.append((after, after, 0.1, "<sil>"))
        here = after
    return arcs, here


def _decode(wave: np.ndarray, words: tuple[str, ...], beam: float) -> list[_Segment] | None:
    """Best path through the graph, or None when the beam lost the last word."""
    from pocketsphinx import Decoder

    for name in ASSETS:
        if name.startswith("pocketsphinx-"):
            asset_path(name)
    decoder = Decoder(
        hmm=str(asset_path("pocketsphinx-mdef").parent),
        lm=None,
        dict=None,
        samprate=RATE,
        loglevel="FATAL",
        beam=beam,
        wbeam=beam,
        pbeam=beam,
        maxhmmpf=-1,
        fsgusefiller=False,
        bestpath=False,  # its lattice search may end in the middle of the sentence
        fsgusealtpron=False,
    )
    for index, phone in enumerate(PHONES):
        decoder.add_word(phone.lower(), phone, index == len(PHONES) - 1)
    arcs, final = _graph(words)
    decoder.add_fsg("sentence", decoder.create_fsg("sentence", 0, final, arcs))
    decoder.activate_search("sentence")
    pcm = (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return None
    segments = [
        _Segment(
            part.word,
            part.start_frame,
            part.end_frame + 1,
            math.log(part.ascore) / _SCORE_NATS,
        )
        for part in decoder.seg()
        if part.word not in ("<s>", "</s>", "(NULL)")
    ]
    said = [part.label for part in segments if part.label != "<sil>"]
    return segments if _spelled(said, words) is not None else None


def _spelled(labels: list[str], words: tuple[str, ...]) -> list[int] | None:
    """How many phonemes each word took; None when the labels are not exactly the words."""
    ways: list[tuple[int, list[int]]] = [(0, [])]
    for word in words:
        lengths = []
        for at, taken in ways:
            for phones in pronunciations(word):
                if labels[at : at + len(phones)] == [phone.lower() for phone in phones]:
                    lengths.append((at + len(phones), [*taken, len(phones)]))
        ways = list({at: (at, taken) for at, taken in reversed(lengths)}.values())
    whole = [taken for at, taken in ways if at == len(labels)]
    return whole[0] if whole else None


def _alignment(
    segments: list[_Segment], words: tuple[str, ...], wave: np.ndarray, padding_s: float
) -> Alignment:
    seconds = len(wave) / RATE

    def time(frame: int) -> float:
        return min(max(frame * FRAME_S - padding_s, 0.0), seconds)

    spoken = [part for part in segments if part.label != "<sil>"]
    counts = _spelled([part.label for part in spoken], words)
    assert counts is not None
    aligned = []
    at = 0
    for word, count in zip(words, counts, strict=True):
        parts = spoken[at : at + count]
        at += count
        phones = tuple(
            AlignedPhone(
                part.label.upper(),
                time(part.start),
                time(part.end),
                part.score / (part.end - part.start),
            )
            for part in parts
        )
        frames = parts[-1].end - parts[0].start
        aligned.append(
            AlignedWord(
                word,
                phones[0].start_s,
                phones[-1].end_s,
                phones,
                sum(part.score for part in parts) / frames,
            )
        )
    unexpected = tuple(
        (time(part.start), time(part.end))
        for part in segments
        if part.label == "<sil>"
        and part.end - part.start >= 15
        and _FAIR_SCORE * (part.end - part.start) - part.score > WORD_LOSS_BELOW
    )
    # True silences say nothing about the words; speech that had to pass as silence does.
    telling = [
        part
        for part in segments
        if part.label != "<sil>" or part.score < _FAIR_SCORE * (part.end - part.start)
    ]
    total = sum(part.score for part in telling)
    frames = sum(part.end - part.start for part in telling)
    return Alignment(tuple(aligned), total / frames, unexpected)


# Cutting one long recording into its sentences.

_PAUSE_S = 0.22  # a silence this long may lie between two sentences
_MARGIN_S = 0.12  # kept on either side of a cut


def cut_recording(
    wave: np.ndarray, texts: list[str], file: object = ""
) -> list[tuple[float, float]]:
    """Where each of `texts`, read one after another, begins and ends in a long recording.

    The sound is cut at its pauses; a dynamic program gives each sentence a run of neighbouring
    pieces so that lengths fit the number of phonemes and cuts fall on long pauses; then every
    sentence is aligned, and where one does not match, its cuts are moved to a neighbouring pause.

    Parameters
    ----------
    wave
        Mono float32 at 16 kHz.
    texts
        The sentences, in the order they were read.
    file
        The recording's name, for messages.

    Returns
    -------
    list of (start_s, end_s)
        One span a sentence, in seconds.

    Raises
    ------
    VivantError
        ``not-aligned``, naming the first sentence that cannot be found.
    """
    pieces = _pieces(wave)
    if len(pieces) < len(texts):
        raise VivantError(
            "not-aligned",
            f"{file}: has {len(texts)} sentences in its text but only {len(pieces)} stretches of "
            "speech between pauses.",
            "Pause for half a second after every sentence, or record one file a sentence.",
            file=str(file),
        )
    spoken = [spoken_words(text) for text in texts]
    sizes = np.array(
        [sum(min(map(len, pronunciations(word))) for word in words) for words in spoken], float
    )
    bounds = _assign(pieces, sizes)
    spans = []
    for index, words in enumerate(spoken):
        spans.append(_settle(wave, pieces, bounds, index, words, file))
    return spans


def _pieces(wave: np.ndarray) -> list[tuple[float, float]]:
    """Stretches of sound between pauses, in seconds."""
    hop = RATE // 100
    count = len(wave) // hop
    frames = np.asarray(wave[: count * hop], np.float64).reshape(count, hop)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    level = np.convolve(level, np.ones(5) / 5, mode="same")
    floor, top = np.percentile(level, 10), np.percentile(level, 95)
    loud = level > floor + 0.3 * (top - floor)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    pieces: list[tuple[float, float]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        begin, finish = start * FRAME_S, end * FRAME_S
        if pieces and begin - pieces[-1][1] < _PAUSE_S:
            pieces[-1] = (pieces[-1][0], finish)
        elif finish - begin > 0.08:
            pieces.append((begin, finish))
    return pieces


def _assign(pieces: list[tuple[float, float]], sizes: np.ndarray) -> list[int]:
    """First piece of each sentence, and one past the last piece, by dynamic programming.

    The cost of a sentence is how far its length is from what its phonemes take at the mean pace
    (in standard deviations of 15 %), less a bonus for the pause in front of it.
    """
    lengths = np.array([end - start for start, end in pieces])
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    gaps = np.array([0.0, *(b[0] - a[1] for a, b in itertools.pairwise(pieces))])
    bonus = np.minimum(gaps, 1.5) * 2.0
    expected = sizes / sizes.sum() * total[-1]
    count, many = len(sizes), len(pieces)
    best = np.full((count + 1, many + 1), np.inf)
    back = np.zeros((count + 1, many + 1), int)
    best[0, 0] = 0.0
    for sentence in range(1, count + 1):
        want = expected[sentence - 1]
        spread = 0.15 * want + 0.25
        for end in range(sentence, many - (count - sentence) + 1):
            starts = np.arange(sentence - 1, end)
            misfit = ((total[end] - total[starts] - want) / spread) ** 2
            cost = best[sentence - 1, starts] + misfit - bonus[starts] * (starts > 0)
            choice = int(cost.argmin())
            best[sentence, end] = cost[choice]
            back[sentence, end] = starts[choice]
    bounds = [many]
    for sentence in range(count, 0, -1):
        bounds.append(int(back[sentence, bounds[-1]]))
    return bounds[::-1]


def _settle(
    wave: np.ndarray,
    pieces: list[tuple[float, float]],
    bounds: list[int],
    index: int,
    words: tuple[str, ...],
    file: object,
) -> tuple[float, float]:
    """Align one sentence at its cuts or, if it does not match, at neighbouring ones."""
    first, last = bounds[index], bounds[index + 1]
    tries = sorted(
        itertools.product((0, 1, 2), (0, 1, -1, 2, -2)),  # never back into the sentence before
        key=lambda move: move[0] + abs(move[1]),
    )
    best: tuple[float, int, int] | None = None
    reason = "no stretch of the recording is long enough"
    for move_first, move_last in tries:
        start, end = first + move_first, last + move_last
        if not (0 <= start < end <= len(pieces)):
            continue
        begin = max(0.0, pieces[start][0] - _MARGIN_S)
        finish = pieces[end - 1][1] + _MARGIN_S
        try:
            found = align_words(wave[round(begin * RATE) : round(finish * RATE)], words)
        except VivantError as error:
            reason = error.message
            continue
        score = found.log_likelihood_per_frame
        if best is None or score > best[0]:
            best = (score, start, end)
        if found.matches and not found.unexpected and not found.doubtful:
            break
    if best is None or best[0] < MATCHES_ABOVE:
        at = pieces[min(first, len(pieces) - 1)][0]
        raise VivantError(
            "not-aligned",
            f"{file}: sentence {index + 1} (“{' '.join(words)}”) is not heard near {at:.1f} s: "
            + (
                reason
                if best is None
                else f"the best place scores {best[0]:.0f}, speech that says "
                f"it scores above {MATCHES_ABOVE:.0f}"
            )
            + ".",
            "Check that the numbered text has every sentence in the order it was read.",
            file=str(file),
            at_s=at,
        )
    _, start, end = best
    bounds[index + 1] = end
    return max(0.0, pieces[start][0] - _MARGIN_S), pieces[end - 1][1] + _MARGIN_S
