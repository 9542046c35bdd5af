"""The base of personal voices: English and Mandarin, in many voices, on one thread in no time.

Its *front* is the text half of Kokoro (`vivant.voice.kokoro`): phonemes to durations, hidden
states, pitch and energy, in the prosody of a voice. Its *decoder* was distilled from Kokoro's by
`bench/voice_bases`: hidden states, pitch, energy and a timbre to spectra. Its blocks are those of
hibari's decoder, which it was started from (ConvNeXt blocks as in Vocos, Siuzdak 2023,
arXiv 2306.00814), and the timbre scales and shifts every block (FiLM, Perez et al. 2018,
arXiv 1709.07871). For one fixed timbre both fold into the blocks' own weights.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from vivant.errors import VivantError
from vivant.media.files import sha256_file
from vivant.voice.delivery import delivered_pitch
from vivant.voice.hibari import session, synthesise
from vivant.voice.kokoro import FRONT_OUTPUTS, LEAD_S, Token, front_model, say_piece
from vivant.voice.speech import RATE, Piece, Speech, SpeechKind
from vivant.voice.text import alphabet

HOP = 300  # samples a decoder frame: 12.5 ms
FRAMES_A_UNIT = 2  # durations count 25 ms
HIDDEN = 512  # channels of a phoneme's hidden state
TIMBRE = 128  # numbers that say whose voice it is, and as many for its prosody
PITCH, ENERGY = HIDDEN, HIDDEN + 1  # rows of the decoder's input after the hidden ones
ROWS = HIDDEN + 2
WIDTH, INNER, BLOCKS, BINS = 256, 768, 8, 601
VOICED_ABOVE = 40.0  # Hz; the front writes smaller values where there is no voice
NORM_EPSILON = 1e-5


@dataclass(frozen=True)
class Frames:
    """What the front makes of a chunk of tokens."""

    durations: np.ndarray  # (L,) int64, units of 25 ms a token, ends included
    hidden: np.ndarray  # (512, U) float32, one column a unit
    f0: np.ndarray  # (2U,) Hz, 0 where there is no voice
    energy: np.ndarray  # (2U,) float32, about the logarithm of the amplitude

    def features(self, f0: np.ndarray | None = None) -> np.ndarray:
        """(514, 2U) float32, the decoder's input, at another pitch if one is given."""
        return features_of(
            np.repeat(self.hidden, FRAMES_A_UNIT, axis=1),
            self.f0 if f0 is None else f0,
            self.energy,
        )


def features_of(hidden: np.ndarray, f0: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Stack (512, F) hidden states, (F,) pitch in Hz and (F,) energy to (514, F)."""
    pitch = np.log1p(np.maximum(f0, 0.0)) / 5
    return np.concatenate([hidden, pitch[None], energy[None]]).astype(np.float32)


def token_ids(symbols: str) -> np.ndarray:
    """(L,) int64: the signs' numbers in the front's alphabet, with a 0 at either end."""
    vocabulary = alphabet()
    return np.array([0, *(vocabulary[sign] for sign in symbols if sign in vocabulary), 0], np.int64)


class Front:
    """Text to durations, hidden states, pitch and energy."""

    def __init__(self, threads: int = 1) -> None:
        self._free = session(front_model(lasting=False), threads)
        self._threads = threads

    @functools.cached_property
    def _lasting(self) -> Any:
        return session(front_model(lasting=True), self._threads)

    def frames(
        self,
        ids: np.ndarray,
        prosody: np.ndarray,
        speed: np.ndarray,
        pitch: np.ndarray | None = None,
        loudness: np.ndarray | None = None,
    ) -> Frames:
        """Say how a chunk goes.

        Parameters
        ----------
        ids
            (L,) from `token_ids`.
        prosody
            (128,) second half of a Kokoro style.
        speed, pitch, loudness
            (L,) of each token: pace (1 is natural), factor of the pitch, added energy.
        """
        given = {**self._given(ids, prosody, pitch, loudness), "speed": speed.astype(np.float32)}
        return _frames(self._free.run(list(FRONT_OUTPUTS), given))

    def frames_lasting(self, ids: np.ndarray, prosody: np.ndarray, durations: np.ndarray) -> Frames:
        """The same where every token lasts as long as `durations` (L,) say, in units of 25 ms."""
        given = {
            **self._given(ids, prosody, None, None),
            FRONT_OUTPUTS[0]: durations.astype(np.int64),
        }
        hidden, f0, energy = self._lasting.run(list(FRONT_OUTPUTS[1:]), given)
        return _frames([durations, hidden, f0, energy])

    @staticmethod
    def _given(
        ids: np.ndarray,
        prosody: np.ndarray,
        pitch: np.ndarray | None,
        loudness: np.ndarray | None,
    ) -> dict[str, np.ndarray]:
        style = np.concatenate([np.zeros(TIMBRE), prosody]).astype(np.float32)
        factor = np.ones(len(ids)) if pitch is None else pitch
        added = np.zeros(len(ids)) if loudness is None else loudness
        return {
            "tokens": ids[None],
            "style": style[None],
            "pitch": factor.astype(np.float32)[None, None],
            "loudness": added.astype(np.float32)[None, None],
        }


def _frames(values: list[np.ndarray]) -> Frames:
    durations, hidden, f0, energy = values
    f0 = f0.reshape(-1)
    return Frames(
        durations.reshape(-1),
        hidden[0],
        np.where(f0 > VOICED_ABOVE, f0, 0.0).astype(np.float32),
        energy.reshape(-1).astype(np.float32),
    )


# --- the decoder -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """The base decoder, and the voices it was taught."""

    state: dict[str, np.ndarray]  # float32, as `vivant.voice.decoder.Decoder` names them
    critic: dict[str, np.ndarray]  # of `vivant.voice.decoder.Critic`
    names: tuple[str, ...]  # of the voices
    styles: np.ndarray  # (N, 256) timbre and prosody of each


_FILE = "base_decoder.npz"


@functools.cache
def base_weights() -> Weights:
    """Load the base decoder that comes with Vivant.

    Raises
    ------
    VivantError
        ``asset-altered``.
    """
    path = files("vivant.voice") / _FILE
    listed = (files("vivant.voice") / "base_decoder.sha256").read_text(encoding="ascii").split()[0]
    with path.open("rb") as opened:
        if sha256_file(str(path)) != listed:
            raise VivantError(
                "asset-altered",
                f"{path} is not the base voice this version was made with.",
                "Install Vivant again.",
            )
        stored = np.load(opened)

        def named(start: str) -> dict[str, np.ndarray]:
            return {
                name[len(start) :]: stored[name].astype(np.float32)
                for name in stored
                if name.startswith(start)
            }

        return Weights(
            named("decoder."),
            named("critic."),
            tuple(str(name) for name in stored["names"]),
            stored["styles"].astype(np.float32),
        )


def base_sha256() -> str:
    """Which base a personal voice belongs to."""
    return (files("vivant.voice") / "base_decoder.sha256").read_text(encoding="ascii").split()[0]


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))))


def fold_timbre(state: Mapping[str, np.ndarray], timbre: np.ndarray) -> dict[str, np.ndarray]:
    """The decoder's weights for one timbre (128,): scales and shifts go into the norms."""
    w = {name: np.asarray(value, np.float32) for name, value in state.items()}
    c = _gelu(w["cond.0.weight"] @ (TIMBRE_SCALE * timbre) + w["cond.0.bias"])
    c = w["cond.2.weight"] @ c + w["cond.2.bias"]
    folded = {
        k: v for k, v in w.items() if not k.startswith(("cond.", "tilt.")) and "film" not in k
    }
    for at in range(BLOCKS):
        scale, shift = np.split(w[f"dec.{at}.film.weight"] @ c + w[f"dec.{at}.film.bias"], 2)
        folded[f"dec.{at}.norm.weight"] = w[f"dec.{at}.norm.weight"] * (1 + scale)
        folded[f"dec.{at}.norm.bias"] = w[f"dec.{at}.norm.bias"] * (1 + scale) + shift
    scale = 1 + w["tilt.weight"] @ c + w["tilt.bias"]
    folded["dec_norm.weight"] = w["dec_norm.weight"] * scale
    folded["dec_norm.bias"] = w["dec_norm.bias"] * scale
    return folded


TIMBRE_SCALE = 3.0  # brings timbres to about unit spread


def build_decoder(state: Mapping[str, np.ndarray]) -> bytes:
    """A folded decoder as an ONNX model: (1, 514, F) features to five spectra (1, 601, F).

    They are named ``lh, theta, ln, lr, phi``; weights are kept in 16 bits.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[onnx.NodeProto] = []
    values: list[onnx.TensorProto] = []

    def weight(name: str, array: np.ndarray) -> str:
        values.append(numpy_helper.from_array(array.astype(np.float16), f"{name}.half"))
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def own(name: str) -> str:
        return weight(name, state[name])

    def linear(x: str, name: str) -> str:
        matrix = weight(f"{name}.weight", state[f"{name}.weight"].T)
        product = node("MatMul", [x, matrix], f"{name}.product")
        return node("Add", [product, own(f"{name}.bias")], f"{name}.out")

    def normalised(x: str, name: str) -> str:
        return node(
            "LayerNormalization",
            [x, own(f"{name}.weight"), own(f"{name}.bias")],
            f"{name}.out",
            axis=-1,
            epsilon=NORM_EPSILON,
        )

    def convolved(x: str, name: str, groups: int) -> str:
        inputs = [x, own(f"{name}.weight"), own(f"{name}.bias")]
        return node("Conv", inputs, f"{name}.out", pads=[3, 3], group=groups)

    def turned(x: str, name: str) -> str:
        return node("Transpose", [x], name, perm=[0, 2, 1])

    values.append(numpy_helper.from_array(np.array([HIDDEN, 2], np.int64), "rows"))
    nodes.append(helper.make_node("Split", ["features", "rows"], ["hidden", "melody"], axis=1))
    x = turned(linear(turned("hidden", "hidden.turned"), "adapter"), "adapted")
    x = convolved(node("Concat", [x, "melody"], "input", axis=1), "dec_in", 1)
    for block in range(BLOCKS):
        name = f"dec.{block}"
        y = turned(convolved(x, f"{name}.dw", WIDTH), f"{name}.turned")
        y = linear(normalised(y, f"{name}.norm"), f"{name}.pw1")
        y = node("Gelu", [y], f"{name}.gelu")
        y = node("Mul", [linear(y, f"{name}.pw2"), own(f"{name}.gamma")], f"{name}.scaled")
        x = node("Add", [x, turned(y, f"{name}.back")], f"{name}.out")
    y = normalised(turned(x, "last"), "dec_norm")
    y = turned(linear(y, "head"), "spectra")
    outputs = ["lh", "theta", "ln", "lr", "phi"]
    nodes.append(helper.make_node("Split", [y], outputs, axis=1, num_outputs=5))
    graph = helper.make_graph(
        nodes,
        "voice-decoder",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, ROWS, "F"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, BINS, "F"])
            for name in outputs
        ],
        values,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


def spectra(decoder: Any, features: np.ndarray) -> tuple[np.ndarray, ...]:
    """Run a decoder's ONNX session on (514, F) features: five arrays (601, F)."""
    return tuple(value[0] for value in decoder.run(None, {"features": features[None]}))


class BaseVoice:
    """The base itself as a voice, in the timbre and prosody of one of those it was taught.

    It is what personal voices are compared with; nobody is meant to be fooled by it.
    """

    kind: SpeechKind = "stock"
    languages: frozenset[str] = frozenset({"en", "zh"})

    def __init__(self, name: str, threads: int = 1) -> None:
        weights = base_weights()
        style = weights.styles[weights.names.index(name)]
        self.name = f"base:{name}"
        self._prosody = style[TIMBRE:]
        self._front = Front(threads)
        model = build_decoder(fold_timbre(weights.state, style[:TIMBRE]))
        self._decoder = session(model, threads)

    def say(self, piece: Piece) -> Speech:
        """Say `piece` (see `vivant.voice.speech.Voice`)."""
        return say_piece(piece, self.name, self.kind, self._render)

    def _render(self, tokens: list[Token], piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        ids = token_ids("".join(token.symbol for token in tokens))
        frames = self._front.frames(ids, self._prosody, np.full(len(ids), piece.speed))
        f0 = delivered_pitch(frames.f0, piece.delivery)
        wave = synthesise(spectra(self._decoder, frames.features(f0)), f0)
        return wave, token_edges(frames.durations, len(wave))


def token_edges(durations: np.ndarray, samples: int) -> np.ndarray:
    """The sample where every token but the first and last starts, and where the last one ends."""
    unit = HOP * FRAMES_A_UNIT
    edges = np.cumsum(durations)[:-1] * unit - round(LEAD_S * RATE)
    return np.asarray(np.clip(edges, 0, samples))
