"""What one recording sounds like: level, clipping, noise, echo, bandwidth, pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from vivant.media.audio import loudness, resample

RATE = 16_000  # Hz, at which all is measured but clipping
HOP = 160  # samples: 10 ms
FRAME = 480  # samples: 30 ms


@dataclass(frozen=True)
class SoundScan:
    """Measurements of one recording.

    Attributes
    ----------
    rate
        Of the file, Hz.
    lufs
        Loudness, BS.1770.
    clipped_percent
        Samples within 15 % of the ceiling (99.9 % are below), of those that are not silence.
    clipped_at_s
        The second with the most of them.
    snr_db
        Level of speech over that of the quietest twentieth.
    band_db
        Strongest sound from 4.5 to 7.5 kHz against speech below 3.4 kHz: an s is above -10.
    decay_s
        Time in which sound would die away by 60 dB at the rate of its quickest falls; None when
        noise hides every fall.
    quiet
        (n, 3) the quietest quarter: second, dB beside the loudest, and 1 where it has a pitch.
    """

    seconds: float
    rate: int
    lufs: float
    clipped_percent: float
    clipped_at_s: float
    snr_db: float
    band_db: float
    decay_s: float | None
    quiet: np.ndarray


def scan_sound(wave: np.ndarray, rate: int) -> SoundScan:
    """Measure mono float32 sound at the rate of its file."""
    clipped, clipped_at = _clipping(wave, rate)
    wave16 = resample(wave, rate, RATE)
    level = frame_levels(wave16)
    return SoundScan(
        len(wave16) / RATE,
        rate,
        loudness(wave, rate),
        clipped,
        clipped_at,
        _snr(level),
        _band(wave16, level),
        _decay(wave16),
        _quiet_tones(wave16),
    )


def frame_levels(wave: np.ndarray) -> np.ndarray:
    """(frames,) dB of full scale, 30 ms every 10 ms, at 16 kHz; rumble below 80 Hz left out."""
    if len(wave) < FRAME:
        wave = np.pad(wave, (0, FRAME - len(wave)))
    high = signal.sosfilt(signal.butter(2, 80, "high", fs=RATE, output="sos"), wave)
    total = np.concatenate([[0.0], np.cumsum(np.square(high))])
    starts = np.arange(0, len(wave) - FRAME + 1, HOP)
    power = (total[starts + FRAME] - total[starts]) / FRAME
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def _clipping(wave: np.ndarray, rate: int) -> tuple[float, float]:
    """Clipped sound spends much time at its ceiling; natural sound next to none.

    The ceiling is taken from the sound, so that a recording turned down afterwards is found, too,
    and with a margin, since MP3, AAC and Opus turn a flat top into a ripple.
    """
    size = np.abs(wave)
    peak = float(size.max(initial=0.0))
    if peak < 1e-3:
        return 0.0, 0.0
    loud = size[size >= 0.02 * peak]
    top = size >= 0.85 * float(np.percentile(loud, 99.9))
    block = max(1, rate // 10)
    counts = np.add.reduceat(top.astype(np.int64), np.arange(0, len(wave), block))
    return 100 * float(top.sum() / len(loud)), float(counts.argmax()) * 0.1


def _snr(level: np.ndarray) -> float:
    """Speech is what is within 25 dB of the loudest; noise the quietest twentieth."""
    loudest = np.percentile(level, 98)
    speech = 10 * np.log10(np.mean(10 ** (level[level >= loudest - 25] / 10)))
    return float(speech - np.percentile(level, 5))


def _spectra(wave: np.ndarray) -> np.ndarray:
    """(frames, 241) power, 30 ms Hann windows every 10 ms, 33 Hz a bin."""
    if len(wave) < FRAME:
        wave = np.pad(wave, (0, FRAME - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32))) ** 2


def _band(wave: np.ndarray, level: np.ndarray) -> float:
    """The strongest hiss of an s or f, which telephone sound and its upsampled copies lack."""
    power = _spectra(wave)
    hertz = np.arange(power.shape[1]) * RATE / FRAME
    high = power[:, (hertz >= 4500) & (hertz <= 7500)].mean(1)
    low = power[:, (hertz >= 300) & (hertz <= 3400)].mean(1)
    loud = level[: len(low)] >= np.percentile(level, 98) - 25
    if not loud.any():
        return 0.0
    strongest = np.percentile(high[loud], 98)
    return float(10 * np.log10(max(strongest, 1e-14) / max(float(low[loud].mean()), 1e-14)))


def _decay(wave: np.ndarray) -> float | None:
    """Blind reverberation time from the steepest falls of the level.

    A room cannot get quiet faster than its reverberation lets it, so the quickest falls of many
    phonemes run at the room's own rate (Ratnam et al. 2003, "Blind estimation of reverberation
    time"; here by the slopes of the octaves around 500 Hz to 2 kHz instead of a likelihood).
    """
    falls = []
    for low, high in ((350, 700), (700, 1400), (1400, 2800)):
        band = signal.sosfilt(
            signal.butter(4, (low, high), "bandpass", fs=RATE, output="sos"), wave
        )
        level = frame_levels(np.asarray(band))
        floor, top = np.percentile(level, 5), np.percentile(level, 98)
        span = 12  # frames: 120 ms
        if len(level) <= span or top - floor < 15:
            continue
        # Least-squares slope over the span, in dB a second.
        weights = np.arange(span) - (span - 1) / 2
        weights /= (weights**2).sum() * HOP / RATE
        slope = np.correlate(level, weights, "valid")
        begin, end = level[: len(slope)], level[span - 1 :]
        usable = (begin > top - 20) & (end > floor + 5) & (slope < 0)
        falls += list(-slope[usable])
    if len(falls) < 20:
        return None
    return float(60 / np.percentile(falls, 95))


def quiet_tonal_percent(scans: Sequence[SoundScan]) -> tuple[float, int, float]:
    """How much of the quietest tenth of all recordings together has a pitch.

    Where a person pauses there is silence, breath or noise, none with a pitch; music goes on, and
    so does another voice for most of the time.

    Returns
    -------
    (percent, which, at_s)
        The share, the recording with most of it, and the second in the middle of that.
    """
    rows = np.concatenate([scan.quiet for scan in scans])
    owner = np.repeat(np.arange(len(scans)), [len(scan.quiet) for scan in scans])
    if not len(rows):
        return 0.0, 0, 0.0
    quietest = rows[:, 1] <= np.percentile(rows[:, 1], 100 * 0.1 / QUIET_SHARE)
    tonal = quietest & (rows[:, 2] > 0)
    which = int(np.bincount(owner[tonal], minlength=1).argmax())
    seconds = rows[tonal & (owner == which), 0]
    at = float(seconds[len(seconds) // 2]) if len(seconds) else 0.0
    return 100 * float(tonal.sum() / quietest.sum()), which, at


def _quiet_tones(wave: np.ndarray) -> np.ndarray:
    """`SoundScan.quiet`. Hum is cut away below 160 Hz; 45 dB below speech nothing does harm."""
    band = np.asarray(
        signal.sosfilt(signal.butter(4, (160, 3000), "bandpass", fs=RATE, output="sos"), wave)
    )
    level = frame_levels(band)
    power = np.convolve(10 ** (level / 10), np.ones(QUIET_FRAMES) / QUIET_FRAMES, "same")
    edge = QUIET_FRAMES // 2
    inner = power[edge:-edge]  # beyond, the average holds nothing
    if len(inner) < 10:
        return np.zeros((0, 3))
    quiet = np.flatnonzero(inner <= np.percentile(inner, 100 * QUIET_SHARE)) + edge
    loudest = float(np.percentile(level, 98))
    lags = np.arange(RATE // 400, RATE // 75)
    rows = np.zeros((len(quiet), 3))
    rows[:, 0] = quiet * HOP / RATE
    rows[:, 1] = 10 * np.log10(np.maximum(power[quiet], 1e-12)) - loudest
    for row, k in zip(rows, quiet, strict=True):
        start = max(0, k * HOP + (FRAME - len(_WINDOW)) // 2)
        piece = band[start : start + len(_WINDOW)]
        if level[k] < max(-75.0, loudest - 45) or len(piece) < len(_WINDOW):
            continue
        spectrum = np.fft.rfft(piece * _WINDOW, 2048)
        auto = np.fft.irfft(np.abs(spectrum) ** 2)
        # The window's own correlation falls off with the lag; dividing by it makes lags equal.
        value = auto[lags] / max(auto[0], 1e-20) / np.maximum(_WINDOW_AUTO[lags], 0.2)
        row[2] = value.max() > 0.6
    return rows


QUIET_SHARE = 0.25
QUIET_FRAMES = 31  # 0.3 s: longer than the closure of a stop
_WINDOW = np.hanning(800)  # 50 ms hold three periods at 70 Hz
_WINDOW_AUTO = np.fft.irfft(np.abs(np.fft.rfft(_WINDOW, 2048)) ** 2)
_WINDOW_AUTO = _WINDOW_AUTO / _WINDOW_AUTO[0]
