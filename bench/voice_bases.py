"""Make vivant/voice/base_decoder.npz: the decoder of the base voices, distilled from Kokoro's.

    python bench/voice_bases.py speech FOLDER --minutes 60    (more with another --seed)
    python bench/voice_bases.py train FOLDER
    python bench/voice_bases.py pack FOLDER

`speech` has Kokoro say random words of both languages in many voices, keeping everything its
decoder was given: hidden states, pitch, energy, timbre. Timbres are those of the voices in
`TAUGHT` and mixtures of them; English timbres say Mandarin in a Mandarin voice's prosody and the
reverse, so that the decoder learns timbre apart from language. `train` starts from hibari's
decoder, first with the spectral loss alone, then with a critic. The voices in `PEOPLE` are never
heard here: the bench of personal voices takes them for people. Those in `APART` are kept for
recognisers that judge.

On one core: an hour of speech takes 32 minutes, training of 8,000 steps about an hour.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from vivant.assets import asset_path
from vivant.media.files import atomic_path
from vivant.voice.base import BINS, BLOCKS, FRAMES_A_UNIT, HOP, TIMBRE, features_of, token_ids
from vivant.voice.decoder import (
    Critic,
    Decoder,
    critic_loss,
    critic_praise,
    pulse_spectrum,
    sound,
    spectral_loss,
)
from vivant.voice.hibari import session
from vivant.voice.kokoro import FRONT_OUTPUTS, _styles, model_file, stock_voices
from vivant.voice.script import parse_script
from vivant.voice.speech import Language
from vivant.voice.text import pronounce

PEOPLE = [
    "af_sarah",
    "af_nova",
    "bf_isabella",
    "am_michael",
    "am_fenrir",
    "bm_george",
    "zf_xiaoxiao",
    "zf_xiaoyi",
    "zm_yunxi",
    "zm_yunyang",
]
APART = [
    "af_kore",
    "af_sky",
    "bf_alice",
    "am_puck",
    "am_eric",
    "bm_fable",
    "zf_xiaoni",
    "zm_yunjian",
]
# The first of each sex and language reads along when recordings are aligned.
_FIRST = ["af_heart", "bf_emma", "af_bella", "zf_xiaobei", "am_liam", "bm_lewis", "zm_yunxia"]
STYLE_ROW = 60  # of Kokoro's tables, which have one style a length of text

STEPS, CRITIC_FROM, BATCH, RATE = 8000, 2500, 8, 6e-4
CROP = 80  # frames a training example: one second
CONTEXT = 14  # frames on either side that the loss does not see
PRAISE = 0.1  # weight of the critic beside the spectral loss
SMALL = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "was",
    "that",
    "it",
    "for",
    "on",
    "with",
    "he",
    "she",
    "they",
    "we",
    "you",
    "as",
    "at",
    "by",
    "from",
    "his",
    "her",
    "had",
    "have",
    "not",
    "but",
    "are",
    "this",
    "which",
    "or",
    "be",
    "one",
    "all",
    "when",
    "there",
    "so",
    "if",
    "out",
    "up",
    "into",
    "no",
    "more",
    "some",
    "would",
    "like",
    "time",
    "than",
    "then",
    "them",
    "could",
    "other",
]


def taught() -> list[str]:
    """The voices the base learns from."""
    rest = [
        v.name for v in stock_voices() if v.name not in (*PEOPLE, *APART) and v.name not in _FIRST
    ]
    return [*_FIRST, *rest]


# --- speech ------------------------------------------------------------------------------------


class Words:
    """Random texts that cover the sounds of both languages."""

    def __init__(self) -> None:
        gold = json.loads((files("misaki") / "data/us_gold.json").read_text(encoding="utf-8"))
        self._english = sorted(word for word in gold if re.fullmatch("[a-z]{3,9}", word))
        lines = (files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines()
        counted = [(line.split()[0], int(line.split()[1])) for line in lines]
        kept = [(w, n) for w, n in counted if re.fullmatch("[\u4e00-\u9fff]{1,4}", w) and n > 30]
        self._mandarin = [word for word, _ in kept]
        weights = np.sqrt([count for _, count in kept])
        self._weights = weights / weights.sum()

    def english(self, rng: np.random.Generator) -> str:
        count = int(rng.integers(4, 15))
        words = [
            str(rng.choice(SMALL))
            if rng.random() < 0.45
            else self._english[rng.integers(len(self._english))]
            for _ in range(count)
        ]
        commas = ["," if rng.random() < 0.08 else "" for _ in words[1:]]
        text = " ".join(w + c for w, c in zip(words, [*commas, ""], strict=True))
        return text.capitalize() + str(rng.choice(list(".....?!")))

    def mandarin(self, rng: np.random.Generator) -> str:
        count = int(rng.integers(3, 11))
        chosen = rng.choice(len(self._mandarin), count, p=self._weights)
        commas = ["，" if rng.random() < 0.1 else "" for _ in chosen[1:]]
        text = "".join(self._mandarin[w] + c for w, c in zip(chosen, [*commas, ""], strict=True))
        return text + str(rng.choice(list("。。。。。？！")))


def _whole_network() -> onnx.ModelProto:
    model = onnx.load(str(model_file()))
    for name in FRONT_OUTPUTS[1:]:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return model


def make_speech(folder: Path, minutes: float, seed: int) -> None:
    """Write `minutes` of speech, an .npz an utterance."""
    folder.mkdir(parents=True, exist_ok=True)
    network = session(_whole_network().SerializeToString())
    words, rng, voices = Words(), np.random.default_rng(seed), taught()
    seconds, at = 0.0, 0
    while seconds < 60 * minutes:
        language: Language = "zh" if rng.random() < 0.5 else "en"
        text = words.mandarin(rng) if language == "zh" else words.english(rng)
        said = " ".join(pronounce(parse_script(text, language).pieces[0]))
        ids = token_ids(said + str(rng.choice(list("....?!"))))
        length = len(ids) - 2
        if not 8 <= length <= 110:
            continue
        count = 1 if rng.random() < 0.6 else int(rng.integers(2, 4))
        shares = rng.dirichlet(np.ones(count))
        mixed = [str(rng.choice(voices)) for _ in range(count)]
        style = sum(s * _styles(v)[length] for s, v in zip(shares, mixed, strict=True))
        natives = [v for v in voices if (v[0] == "z") == (language == "zh")]
        if not (rng.random() < 0.5 and all(v in natives for v in mixed)):
            prosodies = [v for v in natives if v[1] == mixed[0][1]]
            style[TIMBRE:] = _styles(str(rng.choice(prosodies)))[length, TIMBRE:]
        row = np.ones(len(ids), np.float32)
        wave, durations, hidden, f0, energy = network.run(
            ["audio", *FRONT_OUTPUTS],
            {
                "tokens": ids[None],
                "style": style[None].astype(np.float32),
                "speed": row * np.float32(rng.uniform(0.85, 1.2)),
                "pitch": (row * np.float32(2 ** rng.normal(0, 0.12)))[None, None],
                "loudness": (0 * row)[None, None],
            },
        )
        starts = np.concatenate([[0], np.cumsum(durations)[:-1]])
        np.savez(
            folder / f"{seed}_{at:05d}.npz",
            d=durations.astype(np.int16),
            ten=hidden[0][:, starts].astype(np.float16),
            f0=f0.reshape(-1).astype(np.float32),
            n=energy.reshape(-1).astype(np.float16),
            style=style.astype(np.float32),
            wave=(np.clip(wave.reshape(-1), -1, 1) * 32767).astype(np.int16),
        )
        seconds, at = seconds + wave.size / 24_000, at + 1
        if at % 50 == 0:
            print(f"{seconds / 60:.1f} of {minutes:.0f} minutes", flush=True)


# --- training ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoken:
    """One utterance of Kokoro."""

    hidden: np.ndarray  # (512, L) float16
    durations: np.ndarray  # (L,)
    f0: np.ndarray  # (F,)
    energy: np.ndarray  # (F,)
    timbre: np.ndarray  # (128,)
    wave: np.ndarray  # (F * 300,) int16


def read_speech(folder: Path) -> list[Spoken]:
    """All utterances of a folder."""
    found = []
    for path in sorted(folder.glob("*.npz")):
        z = np.load(path)
        f0 = np.where(z["f0"] > 40, z["f0"], 0).astype(np.float32)
        energy = z["n"].astype(np.float32)
        found.append(
            Spoken(z["ten"], z["d"].astype(int), f0, energy, z["style"][:TIMBRE], z["wave"])
        )
    return found


def _start_decoder() -> Decoder:
    """hibari's decoder where the shapes agree; timbre without effect yet."""
    decoder = Decoder(many=True)
    state = decoder.state_dict()
    graph = onnx.load(str(asset_path("hibari"))).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}

    def widened(name: str) -> torch.Tensor:
        stored = values[f"{name}_quantized"].astype(np.float32)
        real = (stored - float(values[f"{name}_zero_point"])) * float(values[f"{name}_scale"])
        return torch.tensor(real.T.copy())

    for name, value in values.items():
        if name.startswith(("m.dec", "m.head")) and name[2:] in state:
            state[name[2:]] = torch.tensor(value.copy())
    for at in range(BLOCKS):
        for layer in (1, 2):
            place = f"/dec.{at}/pw{layer}/Transpose_output_0"
            state[f"dec.{at}.pw{layer}.weight"] = widened(place)
        for kind in ("weight", "bias"):
            state[f"dec.{at}.film.{kind}"].zero_()
    state["head.weight"] = widened("/head/Transpose_output_0")
    for kind in ("weight", "bias"):
        state[f"tilt.{kind}"].zero_()
    assert len(state["head.bias"]) == 5 * BINS
    decoder.load_state_dict(state)
    return decoder


def _batch(spoken: list[Spoken], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    length = CROP + 2 * CONTEXT
    lengths = np.array([len(s.f0) for s in spoken], float)
    rows = []
    for at in rng.choice(len(spoken), BATCH, p=lengths / lengths.sum()):
        item = spoken[at]
        start = int(rng.integers(0, max(1, len(item.f0) - length + 1)))
        stop = min(start + length, len(item.f0))
        pad = length - (stop - start)
        tokens = np.repeat(np.arange(len(item.durations)), FRAMES_A_UNIT * item.durations)
        f0 = np.pad(item.f0[start:stop], (0, pad))
        hidden = item.hidden[:, tokens[start:stop]].astype(np.float32)
        features = features_of(
            np.pad(hidden, ((0, 0), (0, pad))), f0, np.pad(item.energy[start:stop], (0, pad))
        )
        wave = item.wave[start * HOP : stop * HOP].astype(np.float32) / 32767
        rows.append(
            (
                torch.from_numpy(features),
                pulse_spectrum(f0),
                torch.from_numpy(item.timbre.astype(np.float32)),
                torch.from_numpy(np.pad(wave, (0, pad * HOP))),
            )
        )
    return tuple(torch.stack(values) for values in zip(*rows, strict=True))


def train(folder: Path, steps: int) -> None:
    """Distil the decoder; resumes from the last checkpoint."""
    torch.set_num_threads(1)
    spoken = read_speech(folder)
    decoder, critic = _start_decoder(), Critic()
    averaged = copy.deepcopy(decoder).requires_grad_(False)
    optimisers = [
        torch.optim.AdamW(net.parameters(), RATE, betas=(0.8, 0.99), weight_decay=1e-3, fused=True)
        for net in (decoder, critic)
    ]
    checkpoint, step = folder / "base.pt", 0
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        step = saved["step"]
        decoder.load_state_dict(saved["decoder"])
        averaged.load_state_dict(saved["averaged"])
        critic.load_state_dict(saved["critic"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
    began, first, losses = time.monotonic(), step, []
    middle = slice(CONTEXT * HOP, (CONTEXT + CROP) * HOP)
    while step < steps:
        generator = torch.Generator().manual_seed(step)
        rate = RATE * min(1.0, (step + 1) / 200)
        rate *= 0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * step / steps))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = float(rate)
        features, pulses, timbre, wave = _batch(spoken, np.random.default_rng((7, step)))
        with torch.autocast("cpu", torch.bfloat16):
            spectra = decoder(features, timbre)
        made, real = sound(spectra, pulses, generator)[:, middle], wave[:, middle]
        loss = spectral_loss(made, real)
        losses.append(float(loss.detach()))
        if step >= CRITIC_FROM:
            with torch.autocast("cpu", torch.bfloat16):
                worse = critic_loss(critic(real), critic(made.detach()))
            optimisers[1].zero_grad()
            worse.backward()
            optimisers[1].step()
            critic.requires_grad_(False)
            with torch.autocast("cpu", torch.bfloat16):
                with torch.no_grad():
                    own = critic(real)
                loss = loss + PRAISE * critic_praise(own, critic(made))
            critic.requires_grad_(True)
        optimisers[0].zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimisers[0].step()
        step += 1
        with torch.no_grad():
            keep = min(0.999, 1 - 1 / step)
            for mean, value in zip(averaged.parameters(), decoder.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        if step % 100 == 0:
            left = (time.monotonic() - began) / (step - first) * (steps - step)
            print(f"step {step}, loss {np.mean(losses):.3f}, {left / 60:.0f} min left", flush=True)
            losses = []
        if step % 500 == 0 or step == steps:
            with atomic_path(checkpoint) as aside:
                torch.save(
                    {
                        "step": step,
                        "decoder": decoder.state_dict(),
                        "averaged": averaged.state_dict(),
                        "critic": critic.state_dict(),
                        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                    },
                    aside,
                )


def pack(folder: Path) -> None:
    """Write the weights into the package, in 16 bits, and their hash beside them."""
    saved = torch.load(folder / "base.pt", weights_only=True)
    arrays = {f"decoder.{n}": v.numpy().astype(np.float16) for n, v in saved["averaged"].items()}
    arrays |= {f"critic.{n}": v.numpy().astype(np.float16) for n, v in saved["critic"].items()}
    arrays["names"] = np.array(taught())
    arrays["styles"] = np.stack([_styles(v)[STYLE_ROW] for v in taught()]).astype(np.float16)
    out = Path(str(files("vivant.voice"))) / "base_decoder.npz"
    with atomic_path(out) as aside, open(aside, "wb") as opened:
        np.savez_compressed(opened, **arrays)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    out.with_suffix(".sha256").write_text(f"{digest}  {out.name}\n", encoding="ascii")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("speech", "train", "pack"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if given.what == "speech":
        make_speech(given.folder, given.minutes, given.seed)
    elif given.what == "train":
        train(given.folder, given.steps)
    else:
        pack(given.folder)


if __name__ == "__main__":
    main()
