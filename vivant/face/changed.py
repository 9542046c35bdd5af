"""The same words from other mouths, through other microphones: what the driver must not notice.

WORLD (Morise, Yokomori and Ozawa 2016) takes speech apart into pitch, spectral envelope and
aperiodicity and puts it together again with the pitch and the formants moved, so that every mouth
movement keeps its time. Training hears each take in several random voices; the judge uses the
fixed ones in `CONDITIONS`, which training never hears exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from vivant.face.sound import RATE

FRAME_MS = 10.0


@dataclass(frozen=True)
class Change:
    """What is done to a voice."""

    pitch: float = 1.0  # factor
    formants: float = 1.0  # factor; above 1 a shorter throat
    tilt: float = 0.0  # one-zero filter [1, tilt]: above 0 duller, below 0 brighter
    noise: float = 0.0  # white noise, share of the speech's standard deviation
    gain: float = 1.0


CONDITIONS: dict[str, Change] = {
    "higher voice": Change(pitch=1.6, formants=1.12),
    "lower voice": Change(pitch=0.8, formants=0.9),
    "other microphone": Change(tilt=-0.7),
    "noise at 20 dB": Change(noise=0.1),
    "half as loud": Change(gain=0.4),
}


@dataclass(frozen=True)
class TakenApart:
    """A sound as WORLD sees it; make several voices from one."""

    samples: int
    pitch: np.ndarray  # (n,) Hz, 0 where unvoiced
    log_envelope: np.ndarray  # (n, 513)
    aperiodicity: np.ndarray  # (n, 513)


def take_apart(wave: np.ndarray) -> TakenApart:
    """Analyse (samples,) float sound at 16 kHz."""
    import pyworld

    sound = np.ascontiguousarray(wave, np.float64)
    raw, times = pyworld.dio(sound, RATE, frame_period=FRAME_MS)
    pitch = pyworld.stonemask(sound, raw, times, RATE)
    envelope = pyworld.cheaptrick(sound, pitch, times, RATE)
    aperiodicity = pyworld.d4c(sound, pitch, times, RATE)
    return TakenApart(len(sound), pitch, np.log(envelope + 1e-12), aperiodicity)


def put_together(parts: TakenApart, change: Change, random: np.random.Generator) -> np.ndarray:
    """The sound in a changed voice, (samples,) float32, of the same length and timing."""
    import pyworld

    bins = parts.log_envelope.shape[1]
    source = np.clip(np.arange(bins) / change.formants, 0, bins - 1)
    low = source.astype(int)
    high = np.minimum(low + 1, bins - 1)
    share = source - low
    envelope = np.exp(
        parts.log_envelope[:, low] * (1 - share) + parts.log_envelope[:, high] * share
    )
    voice = pyworld.synthesize(
        parts.pitch * change.pitch,
        np.ascontiguousarray(envelope),
        parts.aperiodicity,
        RATE,
        frame_period=FRAME_MS,
    )[: parts.samples]
    voice = np.pad(voice, (0, parts.samples - len(voice)))
    if change.tilt:
        voice = lfilter([1.0, change.tilt], [1.0], voice)
    if change.noise:
        voice = voice + random.normal(0, change.noise * voice.std() + 1e-9, len(voice))
    return np.clip(voice * change.gain, -1, 1).astype(np.float32)


def random_change(random: np.random.Generator) -> Change:
    """A voice, microphone and room drawn at random."""
    return Change(
        pitch=float(random.uniform(0.7, 1.8)),
        formants=float(random.uniform(0.82, 1.22)),
        tilt=float(random.uniform(-0.75, 0.6)),
        noise=float(10 ** random.uniform(-3, -0.9)),
        gain=float(10 ** random.uniform(-0.5, 0.2)),
    )
