"""Learn a person's voice from a few minutes of sentences, on one processor core.

The front of the base voice (`vivant.voice.hibari`) stays as it is: it knows English. Its decoder,
which turns hidden states, pitch and energy into spectra, is copied and tuned to the person:

1. `prepare` lays every recording over the base voice's frames.
2. The copy starts with the base's spectral envelopes stretched along frequency, by the factor that
   fits the person's vocal tract best, and shifted to the person's mean spectrum.
3. It learns to reproduce the recordings from the base voice's energy and the person's own pitch,
   under a multi-resolution spectral loss. (From the person's energy it would learn more than it is
   told when it speaks.) Pitch enters the network on the base voice's scale, so that it never sees a
   pitch it was not trained for; the pulses that are filtered have the person's.
4. What it learnt is taken a little further than it went: weights that stopped early are clearer
   and, so moved, as alike as weights that trained on. And a network that learns to be near on
   average stays too near its own mean: the finished one goes further from it by a constant factor
   (after Toda and Tokuda 2007, on global variance), which makes it more alike and clearer.

Phases stay the base decoder's. A running mean of the weights is kept; the best one by validation
loss becomes the voice.
"""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from vivant.assets import ASSETS, asset_path
from vivant.errors import VivantError
from vivant.media.files import atomic_folder, atomic_path, write_bytes, write_json
from vivant.progress import Progress, part, silent
from vivant.voice.decoder import FFT, pulse_spectrum, spectral_loss
from vivant.voice.hibari import (
    BINS,
    HOP,
    Base,
)
from vivant.voice.personal import FORMAT, build_decoder
from vivant.voice.prepare import Prepared, Utterance, prepare
from vivant.voice.sentences import Sentence

CROP = 80  # frames a training example: one second
CONTEXT = 12  # frames on either side that the loss does not see, the edge of the receptive field
CHECKPOINT_EVERY = 100  # steps; also how often the validation loss is taken
REACH = 1.04  # how far the weights go, of the way that training moved them
CONTRAST = 1.15  # how far spectra go from their mean, of what the network says
WARPS = (0.88, 0.94, 1.0, 1.07, 1.14, 1.21, 1.28, 1.36)  # tried first; over 1 lowers formants


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to train."""

    steps: int
    batch: int = 4
    learning_rate: float = 3e-4
    patience: int = 3  # validations without progress before it stops
    ema: float = 0.99  # of the running mean of the weights
    seed: int = 0


TIERS = {"fast": Recipe(steps=300), "standard": Recipe(steps=1200)}


class _Block(nn.Module):
    def __init__(self, width: int = 256, inner: int = 768) -> None:
        super().__init__()
        self.dw = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pw1 = nn.Linear(width, inner)
        self.pw2 = nn.Linear(inner, width)
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.dw(x).transpose(1, 2))
        y = self.gamma * self.pw2(functional.gelu(self.pw1(y)))
        return x + y.transpose(1, 2)


class Decoder(nn.Module):
    """Magnitudes of hibari's decoder: (B, 130, F) features to (B, 3 * 601, F) ``lh, ln, lr``."""

    def __init__(self) -> None:
        super().__init__()
        self.dec_in = nn.Conv1d(130, 256, 7, padding=3)
        self.dec = nn.ModuleList([_Block() for _ in range(8)])
        self.dec_norm = nn.LayerNorm(256)
        self.head = nn.Linear(256, 3 * BINS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dec_in(x)
        for block in self.dec:
            x = block(x)
        return torch.as_tensor(self.head(self.dec_norm(x.transpose(1, 2))).transpose(1, 2))


def base_decoder() -> Decoder:
    """The base voice's decoder without its phases, its 8-bit weights widened to float."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(asset_path("hibari"))).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}

    def widened(name: str) -> torch.Tensor:
        stored = values[f"{name}_quantized"].astype(np.float32)
        real = (stored - float(values[f"{name}_zero_point"])) * float(values[f"{name}_scale"])
        return torch.tensor(real.T.copy())

    state = {
        name[2:]: torch.tensor(value.copy())
        for name, value in values.items()
        if name.startswith(("m.dec", "m.head"))
    }
    for block in range(8):
        for layer in (1, 2):
            weight = widened(f"/dec.{block}/pw{layer}/Transpose_output_0")
            state[f"dec.{block}.pw{layer}.weight"] = weight
    rows = np.concatenate([np.arange(part * BINS, (part + 1) * BINS) for part in (0, 2, 3)])
    state["head.weight"] = widened("/head/Transpose_output_0")[rows]
    state["head.bias"] = state["head.bias"][rows]
    decoder = Decoder()
    decoder.load_state_dict(state)
    return decoder.eval()


def _rows(output: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return output.split(BINS, 1)


def _warp(decoder: Decoder, factor: float) -> Decoder:
    """Stretch the decoder's magnitude envelopes: what was at ``factor * f`` comes to lie at f."""
    warped = copy.deepcopy(decoder)
    places = np.minimum(np.arange(BINS) * factor, BINS - 1)
    low = np.minimum(places.astype(int), BINS - 2)
    share = torch.tensor(places - low, dtype=torch.float32)
    with torch.no_grad():
        for start in (0, BINS, 2 * BINS):
            for values in (warped.head.weight, warped.head.bias):
                own = values[start : start + BINS].clone()
                weight = share[:, None] if own.ndim == 2 else share
                values[start : start + BINS] = own[low] * (1 - weight) + own[low + 1] * weight
    return warped


# Sound from spectra, and the loss.


@dataclass(frozen=True)
class _Batch:
    features: torch.Tensor  # (B, 130, CROP + 2 * CONTEXT)
    pulses: torch.Tensor  # (B, 601, ...)
    phases: tuple[
        torch.Tensor, torch.Tensor
    ]  # of the base decoder, likewise: pulses' (over pi), free
    wave: torch.Tensor  # (B, ... * 300)


_WINDOW = torch.hann_window(FFT)


def _sound(
    magnitudes: tuple[torch.Tensor, ...], batch: _Batch, generator: torch.Generator
) -> torch.Tensor:
    """(B, F * 300) sound, as `vivant.voice.hibari.synthesise` makes it, with gradients."""
    lh, ln, lr = (torch.exp(values.clamp(max=7.0)) for values in magnitudes)
    theta, phi = batch.phases
    noise = torch.complex(
        torch.randn(lh.shape, generator=generator), torch.randn(lh.shape, generator=generator)
    )
    spectrum = batch.pulses * torch.polar(lh, np.pi * theta) + ln * noise
    spectrum = spectrum + torch.polar(lr, phi)
    spectrum = torch.cat([spectrum, torch.zeros_like(spectrum[..., :1])], -1)
    return torch.istft(spectrum, FFT, HOP, FFT, _WINDOW, center=True, length=lh.shape[-1] * HOP)


# Batches. Every step draws from a generator seeded by its number, so that training resumed at a
# step goes on exactly as if it had never stopped.


@dataclass(frozen=True)
class _Material:
    utterance: Utterance
    pulses: torch.Tensor
    phases: tuple[torch.Tensor, torch.Tensor]  # in 16 bits: they are kept for all recordings


def _material(utterances: tuple[Utterance, ...], base: Base) -> list[_Material]:
    found = []
    for utterance in utterances:
        _, theta, _, _, phi = base.spectra(utterance.features)
        turned = np.angle(np.exp(1j * phi)).astype(np.float16)
        phases = torch.from_numpy(np.tanh(theta).astype(np.float16)), torch.from_numpy(turned)
        found.append(_Material(utterance, pulse_spectrum(utterance.f0), phases))
    return found


def _batch(material: list[_Material], rng: np.random.Generator, size: int) -> _Batch:
    length = CROP + 2 * CONTEXT
    frames = np.array([m.utterance.features.shape[1] for m in material], float)
    chosen = rng.choice(len(material), size, p=frames / frames.sum())
    features, pulses, thetas, phis, waves = [], [], [], [], []
    for index in chosen:
        item = material[index]
        spare = item.utterance.features.shape[1] - length
        start = int(rng.integers(0, spare + 1)) if spare > 0 else 0
        stop = start + length
        short = max(0, -spare)
        x = torch.from_numpy(item.utterance.features[:, start:stop])
        w = torch.from_numpy(item.utterance.wave[start * HOP : stop * HOP])
        features.append(functional.pad(x, (0, short)))
        pulses.append(functional.pad(item.pulses[:, start:stop], (0, short)))
        thetas.append(functional.pad(item.phases[0][:, start:stop].float(), (0, short)))
        phis.append(functional.pad(item.phases[1][:, start:stop].float(), (0, short)))
        waves.append(functional.pad(w, (0, short * HOP)))
    phases = torch.stack(thetas), torch.stack(phis)
    return _Batch(torch.stack(features), torch.stack(pulses), phases, torch.stack(waves))


def _loss(decoder: Decoder, batch: _Batch, generator: torch.Generator) -> torch.Tensor:
    made = _sound(_rows(decoder(batch.features)), batch, generator)
    middle = slice(CONTEXT * HOP, (CONTEXT + CROP) * HOP)
    return spectral_loss(made[:, middle], batch.wave[:, middle])


def _validation_loss(decoder: Decoder, material: list[_Material], seed: int) -> float:
    rng = np.random.default_rng((seed, 10**6))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        losses = [float(_loss(decoder, _batch(material, rng, 4), generator)) for _ in range(4)]
    return float(np.mean(losses))


def _best_start(base: Decoder, material: list[_Material], recipe: Recipe) -> tuple[Decoder, float]:
    """The base decoder, warped and equalised towards the person, with the smallest loss."""
    best: tuple[float, Decoder, float] | None = None
    for factor in WARPS:
        decoder = _equalised(_warp(base, factor), material, recipe.seed)
        loss = _validation_loss(decoder, material, recipe.seed)
        if best is None or loss < best[0]:
            best = (loss, decoder, factor)
    assert best is not None
    return best[1], best[2]


def _equalised(decoder: Decoder, material: list[_Material], seed: int) -> Decoder:
    """Shift the decoder's biases by the difference of the mean log spectra, smoothed."""
    rng = np.random.default_rng((seed, 10**6 + 1))
    generator = torch.Generator().manual_seed(seed)
    batch = _batch(material, rng, 12)
    with torch.no_grad():
        made = _sound(_rows(decoder(batch.features)), batch, generator)
        logs = []
        for wave in (made, batch.wave):
            spectrum = torch.stft(wave, FFT, HOP, FFT, _WINDOW, return_complex=True).abs()
            logs.append(torch.log(spectrum + 2e-3))
        loud = logs[1].mean(1, keepdim=True) > logs[1].mean()
        shift = ((logs[1] - logs[0]) * loud).sum((0, 2)) / loud.sum()
        kernel = torch.hann_window(41)
        smooth = functional.conv1d(
            functional.pad(shift[None, None], (20, 20), mode="replicate"),
            (kernel / kernel.sum())[None, None],
        )[0, 0]
        decoder.head.bias.add_(smooth.repeat(3))
    return decoder


def _contrasted(decoder: Decoder, material: list[_Material]) -> Decoder:
    """Move the decoder's log spectra away from their mean over the recordings, by `CONTRAST`."""
    with torch.no_grad():
        totals = [
            decoder(torch.from_numpy(item.utterance.features)[None])[0].sum(1) for item in material
        ]
        frames = sum(item.utterance.features.shape[1] for item in material)
        mean = torch.stack(totals).sum(0) / frames
        decoder.head.weight.mul_(CONTRAST)
        decoder.head.bias.mul_(CONTRAST).add_(mean * (1 - CONTRAST))
    return decoder


def train_voice(
    sentences: Sequence[Sentence],
    work: Path,
    out: Path,
    *,
    tier: str = "standard",
    progress: Progress = silent,
    max_steps: int | None = None,
    recipe: Recipe | None = None,
) -> None:
    """Train a personal voice.

    Parameters
    ----------
    sentences
        The person's recordings with their texts.
    work
        Folder for what can be taken up again after an interruption.
    out
        The finished voice's folder; it appears whole, at the end.
    tier
        ``"standard"`` or ``"fast"``.
    progress
        Told the fraction done, the step and the time left.
    max_steps
        Stop after so many steps (of this recipe's schedule): for tests.
    recipe
        Instead of the tier's own.

    Raises
    ------
    VivantError
        ``unknown-tier`` and the codes of `vivant.voice.prepare.prepare`.
    """
    if tier not in TIERS:
        raise VivantError(
            "unknown-tier", f"There is no tier “{tier}”.", f"Use one of {', '.join(TIERS)}."
        )
    recipe = recipe or TIERS[tier]
    torch.set_num_threads(1)
    prepared = prepare(sentences, work, part(progress, 0.0, 0.12))
    state, start_factor = _train(prepared, work, recipe, max_steps, part(progress, 0.12, 0.98))
    with atomic_folder(out) as aside:
        write_bytes(aside / "decoder.onnx", build_decoder(state))
        write_json(
            aside / "voice.json",
            {
                "format": FORMAT,
                "base": ASSETS["hibari"].sha256,
                "manner": dataclasses.asdict(prepared.manner),
                "warp": start_factor,
                "sentences": len(prepared.train),
                "seconds": round(sum(len(u.wave) for u in prepared.train) / 24_000, 1),
                "tier": tier,
            },
        )
    progress(1.0, "voice trained")


def _train(
    prepared: Prepared,
    work: Path,
    recipe: Recipe,
    max_steps: int | None,
    progress: Progress,
) -> tuple[dict[str, np.ndarray], float]:
    """Run or resume training; the best weights and the warp they started from."""
    progress(0.0, "loading the base voice")
    base = Base()
    train, validation = _material(prepared.train, base), _material(prepared.validation, base)
    checkpoint = work / "checkpoint.pt"
    saved = _read_checkpoint(checkpoint, prepared, recipe)
    if saved is None:
        start, factor = _best_start(base_decoder().requires_grad_(False), train, recipe)
    else:
        start, factor = base_decoder().requires_grad_(False), saved["warp"]
        start.load_state_dict(saved["start"])
    decoder = copy.deepcopy(start).requires_grad_(True)
    averaged = copy.deepcopy(start)
    optimiser = torch.optim.AdamW(
        decoder.parameters(),
        recipe.learning_rate,
        betas=(0.8, 0.99),
        weight_decay=1e-3,
        fused=True,
    )
    step, best, best_loss, since = 0, copy.deepcopy(start.state_dict()), float("inf"), 0
    if saved is not None:
        decoder.load_state_dict(saved["decoder"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        step, best = saved["step"], saved["best"]
        best_loss, since = saved["best_loss"], saved["since"]
    last = min(recipe.steps, max_steps or recipe.steps)
    began, first = time.monotonic(), step
    while step < last and since < recipe.patience:
        rng = np.random.default_rng((recipe.seed, step))
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 30)
            cool = 0.5 * (1 + np.cos(np.pi * step / recipe.steps))
            group["lr"] = float(recipe.learning_rate * warm * (0.05 + 0.95 * cool))
        loss = _loss(decoder, _batch(train, rng, recipe.batch), generator)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            keep = min(recipe.ema, 1 - 1 / (1 + step))
            for mean, value in zip(averaged.parameters(), decoder.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        if step % CHECKPOINT_EVERY == 0 or step == last:
            found = _validation_loss(averaged, validation, recipe.seed)
            since += 1
            if found < best_loss:
                best_loss, best, since = found, copy.deepcopy(averaged.state_dict()), 0
            _write_checkpoint(
                checkpoint,
                {
                    "key": _key(prepared, recipe),
                    "step": step,
                    "start": start.state_dict(),
                    "warp": factor,
                    "decoder": decoder.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "best": best,
                    "best_loss": best_loss,
                    "since": since,
                },
            )
        left = (time.monotonic() - began) / (step - first) * (last - step)
        progress(step / last, f"training the voice, step {step} of {last}, {left:.0f} s left")
    averaged.load_state_dict(
        {name: torch.lerp(value, best[name], REACH) for name, value in start.state_dict().items()}
    )
    state = _contrasted(averaged, train).state_dict()
    return {name: value.numpy() for name, value in state.items()}, factor


def _key(prepared: Prepared, recipe: Recipe) -> str:
    """Which training a checkpoint belongs to."""
    names = [u.id for u in (*prepared.train, *prepared.validation)]
    lengths = [len(u.wave) for u in prepared.train]
    return repr((recipe, names, lengths, prepared.manner))


def _read_checkpoint(path: Path, prepared: Prepared, recipe: Recipe) -> dict[str, Any] | None:
    """The last checkpoint of this very training, or None."""
    if not path.is_file():
        return None
    saved: dict[str, Any] = torch.load(path, "cpu", weights_only=True)
    return saved if saved["key"] == _key(prepared, recipe) else None


def _write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    with atomic_path(path) as aside:
        torch.save(state, aside)
