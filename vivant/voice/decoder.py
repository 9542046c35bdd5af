"""The voice decoder for training: the network, sound with gradients, losses and the critic.

For speaking, `vivant.voice.base.build_decoder` makes an ONNX model of its weights.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from vivant.voice.base import (
    BINS,
    BLOCKS,
    ENERGY,
    HIDDEN,
    HOP,
    INNER,
    NORM_EPSILON,
    PITCH,
    TIMBRE,
    TIMBRE_SCALE,
    WIDTH,
)
from vivant.voice.prepare import mel_filters

FFT = 1200
ADAPTED = 128  # channels that hidden states are brought to before the first convolution


class _Block(nn.Module):
    def __init__(self, many: bool) -> None:
        super().__init__()
        self.dw = nn.Conv1d(WIDTH, WIDTH, 7, padding=3, groups=WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.film = nn.Linear(TIMBRE, 2 * WIDTH) if many else None
        self.pw1 = nn.Linear(WIDTH, INNER)
        self.pw2 = nn.Linear(INNER, WIDTH)
        self.gamma = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: torch.Tensor, timbre: torch.Tensor | None) -> torch.Tensor:
        y = self.norm(self.dw(x).transpose(1, 2))
        if self.film is not None:
            scale, shift = self.film(timbre)[:, None].chunk(2, -1)
            y = y * (1 + scale) + shift
        y = self.gamma * self.pw2(functional.gelu(self.pw1(y)))
        return x + torch.as_tensor(y.transpose(1, 2))


class Decoder(nn.Module):
    """Features (B, 514, F) to spectra (B, 5 * 601, F), for one voice or, with timbres, for many."""

    def __init__(self, *, many: bool) -> None:
        super().__init__()
        self.adapter = nn.Linear(HIDDEN, ADAPTED)
        self.dec_in = nn.Conv1d(ADAPTED + 2, WIDTH, 7, padding=3)
        self.dec = nn.ModuleList([_Block(many) for _ in range(BLOCKS)])
        self.dec_norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.head = nn.Linear(WIDTH, 5 * BINS)
        self.cond = self.tilt = None
        if many:
            self.cond = nn.Sequential(
                nn.Linear(TIMBRE, TIMBRE), nn.GELU(), nn.Linear(TIMBRE, TIMBRE)
            )
            self.tilt = nn.Linear(TIMBRE, WIDTH)

    def forward(self, features: torch.Tensor, timbre: torch.Tensor | None = None) -> torch.Tensor:
        if self.cond is not None:
            assert timbre is not None
            timbre = self.cond(timbre * TIMBRE_SCALE)
        hidden = self.adapter(features[:, :HIDDEN].transpose(1, 2)).transpose(1, 2)
        x = self.dec_in(torch.cat([hidden, features[:, PITCH : ENERGY + 1]], 1))
        for block in self.dec:
            x = block(x, timbre)
        y = self.dec_norm(x.transpose(1, 2))
        if self.tilt is not None:
            y = y * (1 + self.tilt(timbre)[:, None])
        return torch.as_tensor(self.head(y).transpose(1, 2)).float()


def loaded(state: Mapping[str, np.ndarray], *, many: bool) -> Decoder:
    """A decoder with these weights."""
    decoder = Decoder(many=many)
    decoder.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return decoder


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    """Its weights as arrays, by name."""
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


_WINDOW = torch.hann_window(FFT)


def pulse_spectrum(f0: np.ndarray) -> torch.Tensor:
    """(601, F) complex spectrum of the pulse train of a pitch curve (F,) in Hz."""
    from hibari import dsp

    return torch.from_numpy(dsp.stft(dsp.pulses(np.maximum(f0, 0)), len(f0)))


def sound(spectra: torch.Tensor, pulses: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """(B, F * 300) sound, as `vivant.voice.hibari.synthesise` makes it, with gradients.

    Parameters
    ----------
    spectra
        (B, 5 * 601, F) from the decoder.
    pulses
        (B, 601, F) complex, from `pulse_spectrum`.
    generator
        Of the noise.
    """
    harmonic, phase, noise, free, turn = spectra.split(BINS, 1)
    amplitudes = [torch.exp(values.clamp(max=7.0)) for values in (harmonic, noise, free)]
    normal = torch.randn((2, *harmonic.shape), generator=generator)
    spectrum = pulses * torch.polar(amplitudes[0], np.pi * torch.tanh(phase))
    spectrum = spectrum + amplitudes[1] * torch.complex(normal[0], normal[1])
    spectrum = spectrum + torch.polar(amplitudes[2], turn)
    spectrum = torch.cat([spectrum, torch.zeros_like(spectrum[..., :1])], -1)
    samples = harmonic.shape[-1] * HOP
    return torch.istft(spectrum, FFT, HOP, FFT, _WINDOW, center=True, length=samples)


# --- losses ------------------------------------------------------------------------------------


@functools.cache
def _scales() -> tuple[tuple[int, int, torch.Tensor, torch.Tensor], ...]:
    return tuple(
        (size, hop, torch.hann_window(size), torch.tensor(mel_filters(size, mels)))
        for size, hop, mels in ((512, 128, 40), (1024, 256, 80), (2048, 512, 100))
    )


def spectral_loss(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Mean distance of log mel and log linear spectra at three resolutions."""
    total = torch.zeros(())
    for size, hop, window, mels in _scales():
        a = torch.stft(made, size, hop, size, window, return_complex=True).abs()
        b = torch.stft(real, size, hop, size, window, return_complex=True).abs()
        floor = 1e-3 * size / 1024
        total = total + (torch.log(mels @ a + floor) - torch.log(mels @ b + floor)).abs().mean()
        if size < 2048:
            log_a, log_b = torch.log(a + 2 * floor), torch.log(b + 2 * floor)
            total = total + 0.5 * (log_a - log_b).abs().mean()
    return total


@functools.cache
def _critic_scales() -> tuple[tuple[int, int, torch.Tensor, torch.Tensor], ...]:
    return tuple(
        (size, hop, torch.hann_window(size), torch.tensor(mel_filters(size, mels)))
        for size, hop, mels in ((512, 128, 64), (1024, 256, 96), (2048, 300, 128))
    )


Verdict = list[tuple[torch.Tensor, list[torch.Tensor]]]


class _Patches(nn.Module):
    def __init__(self, width: int = 24) -> None:
        super().__init__()
        normal = nn.utils.parametrizations.weight_norm
        self.l = nn.ModuleList(
            [
                normal(nn.Conv2d(1, width, (5, 3), (2, 1), (2, 1))),
                normal(nn.Conv2d(width, width, (5, 3), (2, 1), (2, 1))),
                normal(nn.Conv2d(width, 2 * width, (5, 3), (2, 2), (2, 1))),
                normal(nn.Conv2d(2 * width, 2 * width, 3, 1, 1)),
            ]
        )
        self.o = normal(nn.Conv2d(2 * width, 1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        seen = []
        x = x[:, None]
        for layer in self.l:
            x = functional.leaky_relu(layer(x), 0.1)
            seen.append(x)
        return self.o(x), seen


class Critic(nn.Module):
    """Tells made from real by patches of the log mel spectrum at three resolutions.

    Without it, a network that learns to be near on average makes blurred spectra. Least squares
    (Mao et al. 2017, arXiv 1611.04076) and feature matching (Kumar et al. 2019, arXiv 1910.06711).
    """

    def __init__(self) -> None:
        super().__init__()
        self.d = nn.ModuleList([_Patches() for _ in _critic_scales()])

    def forward(self, wave: torch.Tensor) -> Verdict:
        verdicts = []
        for patches, (size, hop, window, mels) in zip(self.d, _critic_scales(), strict=True):
            magnitude = torch.stft(wave, size, hop, size, window, return_complex=True).abs()
            verdicts.append(patches((torch.log(mels @ magnitude + 1e-3 * size / 1024) + 2) / 3))
        return verdicts


def critic_loss(real: Verdict, made: Verdict) -> torch.Tensor:
    """What the critic learns from: 1 for the real, 0 for the made."""
    total = torch.zeros(())
    for (a, _), (b, _) in zip(real, made, strict=True):
        total = total + ((1 - a.float()) ** 2).mean() + (b.float() ** 2).mean()
    return total


def critic_praise(real: Verdict, made: Verdict) -> torch.Tensor:
    """What the decoder learns from the critic: to be taken for real, and to look alike inside."""
    total = torch.zeros(())
    for (_, own), (score, seen) in zip(real, made, strict=True):
        total = total + ((1 - score.float()) ** 2).mean()
        for a, b in zip(own, seen, strict=True):
            total = total + (a - b).abs().float().mean() / (a.abs().float().mean() + 1e-3)
    return total
