"""A trained personal voice: the base voice's front with the person's own decoder behind it.

Speaking needs ONNX Runtime and NumPy only. Phases come from the base decoder, magnitudes from the
person's, pitch and pace are moved to the person's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vivant.assets import ASSETS
from vivant.errors import VivantError
from vivant.voice.delivery import Delivery, delivered_pitch
from vivant.voice.hibari import (
    BINS,
    EMPHASIS_HIGHER,
    EMPHASIS_LOUDER,
    ENERGY,
    F0,
    Base,
    Plan,
    emphasised_frames,
    pitch_feature,
    say,
    session,
    stream,
    token_speeds,
    tokens_of,
)
from vivant.voice.prepare import Manner
from vivant.voice.speech import Piece, Speech, SpeechKind, SpokenWord

FORMAT = 2  # of the voice folder
_BLOCKS = 8


def build_decoder(state: Mapping[str, np.ndarray]) -> bytes:
    """The trained decoder as an ONNX model: features to ``lh, ln, lr``, weights in 16 bits.

    Parameters
    ----------
    state
        Weights by name, as `vivant.voice.train.Decoder` has them.
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
            epsilon=1e-5,
        )

    def convolved(x: str, name: str, groups: int) -> str:
        inputs = [x, own(f"{name}.weight"), own(f"{name}.bias")]
        return node("Conv", inputs, f"{name}.out", pads=[3, 3], group=groups)

    def turned(x: str, name: str) -> str:
        return node("Transpose", [x], name, perm=[0, 2, 1])

    x = convolved("features", "dec_in", 1)
    for block in range(_BLOCKS):
        name = f"dec.{block}"
        y = turned(convolved(x, f"{name}.dw", 256), f"{name}.turned")
        y = linear(normalised(y, f"{name}.norm"), f"{name}.pw1")
        y = node("Gelu", [y], f"{name}.gelu")
        y = node("Mul", [linear(y, f"{name}.pw2"), own(f"{name}.gamma")], f"{name}.scaled")
        x = node("Add", [x, turned(y, f"{name}.back")], f"{name}.out")
    y = normalised(turned(x, "last"), "dec_norm")
    y = turned(linear(y, "head"), "magnitudes")
    nodes.append(helper.make_node("Split", [y], ["lh", "ln", "lr"], axis=1, num_outputs=3))
    graph = helper.make_graph(
        nodes,
        "personal-decoder",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 130, "F"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, BINS, "F"])
            for name in ("lh", "ln", "lr")
        ],
        values,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


class PersonalVoice:
    """A person's own voice, English only."""

    kind: SpeechKind = "personal"
    languages = frozenset({"en"})

    def __init__(self, name: str, manner: Manner, decoder: str, threads: int = 1) -> None:
        self.name = name
        self._manner = manner
        self._base = Base(threads)
        self._decoder = session(decoder, threads)

    def say(self, piece: Piece) -> Speech:
        """Say `piece` (see `vivant.voice.speech.Voice`)."""
        return say(piece, self.name, self.kind, self._plan)

    def stream(self, piece: Piece) -> Iterator[Speech]:
        """Say `piece` in chunks (see `vivant.voice.speech.StreamingVoice`)."""
        return stream(piece, self.name, self.kind, self._plan)

    def _plan(self, words: tuple[SpokenWord, ...], speed: float, delivery: Delivery) -> Plan:
        tokens = tokens_of(words)
        speeds = token_speeds(tokens, words, speed / self._manner.pace)
        frames = self._base.frames(tokens, speeds)
        stress = emphasised_frames(frames, words)
        f0 = self._manner.from_base(frames.f0) * EMPHASIS_HIGHER**stress
        f0 = delivered_pitch(f0, delivery)
        features = frames.features.copy()
        features[F0] = pitch_feature(self._manner.to_base(f0))
        features[ENERGY] += EMPHASIS_LOUDER * stress
        return Plan(frames, features, f0, self._spectra, delivery.gain)

    def _spectra(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        _, theta, _, _, phi = self._base.spectra(features)
        lh, ln, lr = (part[0] for part in self._decoder.run(None, {"features": features[None]}))
        return lh, theta, ln, lr, phi


def load_personal(folder: str | Path, threads: int = 1) -> PersonalVoice:
    """Load the voice that `vivant.voice.train.train_voice` wrote.

    Raises
    ------
    VivantError
        ``no-voice-model`` when the folder is not a whole voice, ``other-base`` when it was trained
        on another base voice than the one installed.
    """
    folder = Path(folder)
    try:
        record = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
        decoder = folder / "decoder.onnx"
        if record["format"] != FORMAT or not decoder.is_file():
            raise ValueError(f"format {record['format']}")
        manner = Manner(**record["manner"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VivantError(
            "no-voice-model",
            f"{folder}: holds no trained voice of this version ({error}).",
            "Create the avatar again.",
            file=folder,
        ) from error
    if record["base"] != ASSETS["hibari"].sha256:
        raise VivantError(
            "other-base",
            f"{folder}: was trained on another base voice.",
            "Create the avatar again with this version.",
            file=folder,
        )
    return PersonalVoice("personal", manner, str(decoder), threads)
