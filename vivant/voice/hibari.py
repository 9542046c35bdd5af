"""The small English base voice: text to phonemes, durations, pitch, energy and sound.

`hibari-tts` is one ONNX graph. Here it is cut in two where the frame features enter the decoder, so
that durations, pitch and energy can be changed in between, and so that a personal voice can put its
own decoder behind the same front. The front says how long every phoneme lasts, so their times are
exact. It speaks about 30 times faster than real time on one thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.voice.delivery import Delivery, delivered_pitch
from vivant.voice.english import phonemes_of, read_english
from vivant.voice.speech import RATE, Phone, Piece, Speech, SpeechKind, SpokenWord, Word

ASSETS.update(
    {
        "hibari": Asset(
            "hibari-tts",
            "0.2.1",
            "hibari/assets/hibari.onnx",
            "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
            "Apache-2.0",
        ),
        "hibari-vocabulary": Asset(
            "hibari-tts",
            "0.2.1",
            "hibari/assets/vocab.json",
            "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
            "Apache-2.0",
        ),
    }
)

HOP = 300  # samples a frame: 12.5 ms
BINS = 601  # of a 1200-point spectrum
TOKEN_FRAMES = 2  # durations are counted in 25 ms
HIDDEN = 128  # channels of the text encoding
F0, ENERGY = HIDDEN, HIDDEN + 1  # rows of the decoder's input after the hidden ones
VOICED_ABOVE = 40.0  # Hz; the front writes smaller values where there is no voice
MAX_SYMBOLS = 400  # more in one go than the front was trained for
_FRONT_OUTPUTS = {
    "/Transpose_22_output_0": "hidden",
    "/Cast_32_output_0": "durations",
    "f0": "f0",
    "/Concat_43_output_0": "features",
}
_FEATURES = "/Concat_43_output_0"
_DECODER_OUTPUTS = ("lh", "theta", "ln", "lr", "phi")

# The front's durations run behind the sound: measured against forced alignment on 202 words, 85 ms
# (quartiles 70 and 100), and 75 ms against the onset of energy.
LAG_S = 0.08

EMPHASIS_SLOWER = 1.22  # how much longer an emphasised word lasts
EMPHASIS_HIGHER = 1.12  # how much its pitch rises
EMPHASIS_LOUDER = 0.15  # added to its energy feature

MARKS = ",;:.!?—…"
STRESS = "ˈˌ"
EDGE_S = 0.04  # silence left before the first and after the last phoneme


@dataclass(frozen=True)
class Tokens:
    """A piece as the front reads it."""

    ids: np.ndarray  # (L,) int64, with a 0 at either end
    symbols: tuple[str, ...]  # (L,) "" at the ends
    words: tuple[int, ...]  # (L,) index of the word; -1 for spaces, marks and ends


@dataclass(frozen=True)
class Frames:
    """What the front makes of a piece: everything the decoder needs, frame by frame."""

    tokens: Tokens
    durations: np.ndarray  # (L,) frames of 12.5 ms a token
    features: np.ndarray  # (130, F) float32: hidden rows, pitch row, energy row
    f0: np.ndarray  # (F,) Hz, 0 where there is no voice

    @property
    def token_of_frame(self) -> np.ndarray:
        """(F,) index of the token each frame belongs to."""
        return np.repeat(np.arange(len(self.durations)), self.durations)


def words_of(text: str) -> tuple[SpokenWord, ...]:
    """An English text as spoken words. A lone capital that is no word is spelled."""
    readings, _ = read_english(text)
    return tuple(
        SpokenWord(
            reading.text,
            "en",
            reading.mark,
            phonemes="ˈA" if reading.text == "A" and at else "",
        )
        for at, reading in enumerate(readings)
    )


@functools.cache
def _vocabulary() -> dict[str, int]:
    import json

    return dict(json.loads(asset_path("hibari-vocabulary").read_text(encoding="utf-8")))


def tokens_of(words: tuple[SpokenWord, ...]) -> Tokens:
    """Phonemes, spaces and marks of `words` in the front's alphabet."""
    said, _ = phonemes_of(tuple((word.text, word.mark) for word in words))
    vocabulary = _vocabulary()
    symbols, owners = [""], [-1]
    for index, (word, phonemes) in enumerate(zip(words, said, strict=True)):
        if index:
            symbols.append(" ")
            owners.append(-1)
        for symbol in word.phonemes or phonemes:
            if symbol in vocabulary:
                symbols.append(symbol)
                owners.append(index if symbol not in f" {MARKS}" else -1)
        for mark in word.mark:
            symbols.append(mark)
            owners.append(-1)
    symbols.append("")
    owners.append(-1)
    ids = np.array([vocabulary[symbol] if symbol else 0 for symbol in symbols], np.int64)
    return Tokens(ids, tuple(symbols), tuple(owners))


def session(model: str | bytes, threads: int = 1) -> Any:
    """An ONNX Runtime session that leaves other threads alone."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cut() -> tuple[bytes, bytes]:
    """The base graph as front (text to features) and decoder (features to spectra)."""
    import onnx
    from onnx import TensorProto, helper
    from onnx.utils import Extractor

    model = onnx.load(str(asset_path("hibari")))
    kinds = {"/Cast_32_output_0": TensorProto.INT64}
    known = {value.name for value in (*model.graph.output, *model.graph.value_info)}
    for name in _FRONT_OUTPUTS:
        if name not in known:
            kind = kinds.get(name, TensorProto.FLOAT)
            model.graph.value_info.append(helper.make_tensor_value_info(name, kind, None))
    extractor = Extractor(model)
    front = extractor.extract_model(["ids", "speed"], list(_FRONT_OUTPUTS))
    speed = next(value for value in front.graph.input if value.name == "speed")
    # One speed a token, not one a sentence: the division it enters broadcasts.
    speed.type.tensor_type.shape.dim[0].dim_param = "L"
    decoder = extractor.extract_model([_FEATURES], list(_DECODER_OUTPUTS))
    return front.SerializeToString(), decoder.SerializeToString()


class Base:
    """The base voice's two halves, loaded."""

    def __init__(self, threads: int = 1) -> None:
        front, decoder = _cut()
        self._front = session(front, threads)
        self._decoder = session(decoder, threads)

    def frames(self, tokens: Tokens, speeds: np.ndarray) -> Frames:
        """Durations, pitch and energy of a piece.

        Parameters
        ----------
        tokens
            What to say.
        speeds
            (L,) float32, 1 is the base's own pace.
        """
        values = self._front.run(
            list(_FRONT_OUTPUTS), {"ids": tokens.ids[None], "speed": speeds.astype(np.float32)}
        )
        found = dict(zip(_FRONT_OUTPUTS.values(), values, strict=True))
        features = found["features"][0]
        f0 = found["f0"].reshape(-1)
        durations = found["durations"].reshape(-1).astype(np.int64) * TOKEN_FRAMES
        return Frames(tokens, durations, features, np.where(f0 > VOICED_ABOVE, f0, 0.0))

    def spectra(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        """Decode (130, F) features to ``lh, theta, ln, lr, phi``, each (601, F)."""
        values = self._decoder.run(list(_DECODER_OUTPUTS), {_FEATURES: features[None]})
        return tuple(value[0] for value in values)


def pitch_feature(f0: np.ndarray) -> np.ndarray:
    """How the decoder reads pitch: ``log(1 + f0) / 5``, 0 without voice."""
    return (np.log1p(np.maximum(f0, 0.0)) / 5).astype(np.float32)


def synthesise(spectra: tuple[np.ndarray, ...], f0: np.ndarray) -> np.ndarray:
    """Spectra and pitch to sound, as hibari does it: filtered pulses, noise, a free-phase part.

    The noise has a fixed seed: the same piece always sounds the same.
    """
    from hibari import dsp

    rng = np.random.default_rng(0)
    return np.asarray(dsp.synth(*spectra, f0.astype(np.float32), rng), np.float32)


def token_speeds(tokens: Tokens, words: tuple[SpokenWord, ...], speed: float) -> np.ndarray:
    """(L,) speed of each token: emphasised words are slower."""
    emphasised = [at >= 0 and words[at].emphasis for at in tokens.words]
    return np.where(emphasised, speed / EMPHASIS_SLOWER, speed).astype(np.float32)


def emphasised_frames(frames: Frames, words: tuple[SpokenWord, ...]) -> np.ndarray:
    """(F,) 0 to 1: how much each frame belongs to an emphasised word, with soft edges."""
    flags = np.array([at >= 0 and words[at].emphasis for at in frames.tokens.words], float)
    curve = flags[frames.token_of_frame]
    if not curve.any():
        return curve
    kernel = np.hanning(9)[1:-1]
    return np.convolve(curve, kernel / kernel.sum(), mode="same")


def timed(
    frames: Frames, words: tuple[SpokenWord, ...], samples: int
) -> tuple[tuple[Phone, ...], tuple[Word, ...]]:
    """Times of phonemes and words, and the silences between them, from the durations.

    A stress mark's time belongs to the phoneme after it, a space's to the phoneme before it; a
    punctuation mark of 50 ms or more is a silence.
    """
    lengths = frames.durations * HOP / RATE
    ends = np.maximum(np.cumsum(lengths) - LAG_S, 0.0)
    starts = np.maximum(ends - lengths, 0.0)
    phones: list[Phone] = []
    pending: float | None = None  # start of a stress mark waiting for its phoneme
    tokens = frames.tokens
    for at, (symbol, word) in enumerate(zip(tokens.symbols, tokens.words, strict=True)):
        start, end = float(starts[at]), float(ends[at])
        if word >= 0 and symbol in STRESS:
            pending = start if pending is None else pending
            continue
        if word >= 0:
            phones.append(Phone(symbol, start if pending is None else pending, end, word))
            pending = None
        elif phones and phones[-1].word >= 0 and (symbol == " " or end - start < 0.05):
            last = phones[-1]
            phones[-1] = Phone(last.symbol, last.start_s, end, last.word)
        elif phones and phones[-1].word < 0:
            phones[-1] = Phone("", phones[-1].start_s, end, -1)
        elif end > start:
            phones.append(Phone("", start, end, -1))
    seconds = samples / RATE
    if phones and phones[-1].end_s != seconds:
        last = phones[-1]
        phones[-1] = Phone(last.symbol, last.start_s, seconds, last.word)
    spoken: list[Word] = []
    for index, written in enumerate(words):
        own = [phone for phone in phones if phone.word == index]
        if own:
            begin, finish = own[0].start_s, own[-1].end_s
        else:  # a word without sound takes no time, after the one before it
            begin = finish = spoken[-1].end_s if spoken else 0.0
        spoken.append(Word(written.text, begin, finish, written.emphasis))
    return tuple(phones), tuple(spoken)


def kept_samples(phones: tuple[Phone, ...], samples: int) -> tuple[int, int]:
    """First and one after the last sample that stay when the ends are cut; (0, 0) without words."""
    spoken = [phone for phone in phones if phone.word >= 0]
    if not spoken:
        return 0, 0
    begin = max(0.0, spoken[0].start_s - EDGE_S)
    finish = min(samples / RATE, spoken[-1].end_s + EDGE_S)
    return round(begin * RATE), round(finish * RATE)


def fades(start: int, stop: int, samples: int) -> np.ndarray:
    """The fades at both ends of a sound of so many samples, from sample `start` to `stop`."""
    length = max(1, min(samples, RATE // 100) - 1)
    at = np.arange(start, stop)
    return np.clip(np.minimum(at, samples - 1 - at) / length, 0, 1).astype(np.float32)


def trimmed(
    wave: np.ndarray, phones: tuple[Phone, ...], words: tuple[Word, ...]
) -> tuple[np.ndarray, tuple[Phone, ...], tuple[Word, ...]]:
    """Leave `EDGE_S` of silence at either end, faded, and move the times along."""
    start, stop = kept_samples(phones, len(wave))
    if stop <= start:
        return wave[:0], (), words
    cut = wave[start:stop] * fades(0, stop - start, stop - start)
    begin, seconds = start / RATE, len(cut) / RATE

    def moved(time: float) -> float:
        return min(max(time - begin, 0.0), seconds)

    new_phones = tuple(
        Phone(p.symbol, moved(p.start_s), moved(p.end_s), p.word)
        for p in phones
        if moved(p.end_s) > moved(p.start_s)
    )
    new_words = tuple(Word(w.text, moved(w.start_s), moved(w.end_s), w.emphasis) for w in words)
    return cut, new_phones, new_words


class HibariVoice:
    """The base voice as a stock voice: one American woman, English only, very fast."""

    name = "hibari"
    kind: SpeechKind = "stock"
    languages = frozenset({"en"})

    def __init__(self, threads: int = 1) -> None:
        self._base = Base(threads)

    def say(self, piece: Piece) -> Speech:
        """Say `piece` (see `vivant.voice.speech.Voice`)."""
        return say(piece, self.name, self.kind, self._plan)

    def stream(self, piece: Piece) -> Iterator[Speech]:
        """Say `piece` in chunks (see `vivant.voice.speech.StreamingVoice`)."""
        return stream(piece, self.name, self.kind, self._plan)

    def _plan(self, words: tuple[SpokenWord, ...], speed: float, delivery: Delivery) -> Plan:
        tokens = tokens_of(words)
        frames = self._base.frames(tokens, token_speeds(tokens, words, speed))
        stress = emphasised_frames(frames, words)
        f0 = delivered_pitch(frames.f0 * EMPHASIS_HIGHER**stress, delivery)
        features = frames.features.copy()
        features[F0] = pitch_feature(f0)
        features[ENERGY] += EMPHASIS_LOUDER * stress
        return Plan(frames, features, f0, self._base.spectra, delivery.gain)


@dataclass(frozen=True)
class Plan:
    """A part of a piece, up to where sound begins."""

    frames: Frames
    features: np.ndarray  # (130, F)
    f0: np.ndarray  # (F,) Hz
    decode: Callable[[np.ndarray], tuple[np.ndarray, ...]]  # features to spectra
    gain: float


Planner = Callable[[tuple[SpokenWord, ...], float, Delivery], Plan]


def say(piece: Piece, name: str, kind: SpeechKind, planned: Planner) -> Speech:
    """Say a piece, in parts if it is very long."""
    waves: list[np.ndarray] = []
    phones: list[Phone] = []
    words: list[Word] = []
    offset = 0.0
    for part in _parts(piece.words):
        plan = planned(part, piece.speed, piece.delivery)
        wave = synthesise(plan.decode(plan.features), plan.f0) * np.float32(plan.gain)
        cut = trimmed(wave, *timed(plan.frames, part, len(wave)))
        shift = len(words)
        waves.append(cut[0])
        for p in cut[1]:
            word = p.word + shift if p.word >= 0 else -1
            phones.append(Phone(p.symbol, p.start_s + offset, p.end_s + offset, word))
        words += [Word(w.text, w.start_s + offset, w.end_s + offset, w.emphasis) for w in cut[2]]
        offset += len(cut[0]) / RATE
    wave = np.concatenate(waves) if waves else np.zeros(0, np.float32)
    peak = float(np.abs(wave).max(initial=0.0))
    if peak > 0.97:
        wave = wave * (0.97 / peak)
    return Speech(wave, RATE, tuple(phones), tuple(words), "en", name, kind)


def stream(piece: Piece, name: str, kind: SpeechKind, planned: Planner) -> Iterator[Speech]:
    """The same in chunks, each made only when it is asked for."""
    from vivant.voice.stream import stream_sound

    for part in _parts(piece.words):
        plan = planned(part, piece.speed, piece.delivery)
        samples = len(plan.f0) * HOP
        heard, spoken = timed(plan.frames, part, samples)
        start, stop = kept_samples(heard, samples)
        _, phones, words = trimmed(np.zeros(samples, np.float32), heard, spoken)
        made = given = 0  # samples of the whole, and of what is kept
        for block in stream_sound(plan.features, plan.f0, plan.decode):
            kept = block[max(0, start - made) : max(0, stop - made)]
            made += len(block)
            if not len(kept):
                continue
            until = given + len(kept)
            begin_s, end_s = given / RATE, until / RATE
            last = until >= stop - start
            yield Speech(
                kept * fades(given, until, stop - start) * np.float32(plan.gain),
                RATE,
                tuple(
                    Phone(p.symbol, p.start_s - begin_s, p.end_s - begin_s, p.word)
                    for p in phones
                    if begin_s <= p.start_s < end_s
                ),
                tuple(
                    Word(w.text, w.start_s - begin_s, w.end_s - begin_s, w.emphasis)
                    for w in words
                    if begin_s <= w.start_s < end_s or (last and w.start_s >= end_s)
                ),
                "en",
                name,
                kind,
            )
            given = until


def _parts(words: tuple[SpokenWord, ...]) -> list[tuple[SpokenWord, ...]]:
    """Cut a piece that is too long for the front after a mark, or anywhere if there is none."""
    if not words:
        return []
    if len(tokens_of(words).ids) <= MAX_SYMBOLS or len(words) < 2:
        return [words]
    middle = len(words) / 2
    places = [at + 1 for at, word in enumerate(words[:-1]) if word.mark] or range(1, len(words))
    place = min(places, key=lambda at: abs(at - middle))
    return [*_parts(words[:place]), *_parts(words[place:])]
