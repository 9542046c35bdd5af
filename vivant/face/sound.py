"""What the mouth is driven by: log-mel spectrograms that do not say who speaks, or into what.

A voice changes the mean of each mel band, a microphone its tilt, a room its floor. So each band is
measured against its own mean over the loud frames nearby, and everything far below that mean is
one floor: digital silence, room tone and faint noise look the same.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

RATE = 16_000
HOP = 160  # 10 ms a frame
PER_VIDEO_FRAME = 4  # mel frames in 1/25 s
BANDS = 80
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
WINDOW, FFT = 400, 512
PRE_EMPHASIS = 0.97

ACTIVE = 4.0  # natural-log units below the loud frames that still count as speech (17 dB)
SILENCE = np.log(1e-7)  # mean band power below which nothing is speech (about -65 dB of full scale)
FLOOR = 4.0  # natural-log units below a band's own mean where everything becomes one
SPREAD = 2.5  # natural-log units that become 1
NEARBY_S = 2.0  # standard deviation of the window over which a band's mean is taken
AT_ONCE = 2000  # mel frames transformed at once, so that long sound needs little memory
BLOCK = 10  # mel frames averaged before that window, to make it cheap


def _mel_filters() -> np.ndarray:
    """Triangles on the mel scale of O'Shaughnessy 1987, (80, 257)."""

    def mel(hz: float) -> float:
        return float(2595 * np.log10(1 + hz / 700))

    points = np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), BANDS + 2)
    edges = 700 * (10 ** (points / 2595) - 1)
    bins = np.fft.rfftfreq(FFT, 1 / RATE)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(up, down), 0, None).astype(np.float32)


_FILTERS = _mel_filters()
_WINDOW = np.hanning(WINDOW).astype(np.float32)


def video_frames(samples: int, rate: int, fps: int = 25) -> int:
    """How many video frames show a sound of `samples`: the last one may be partly covered."""
    return max(1, -(-samples * fps // rate))


def log_mel(wave: np.ndarray, frames: int) -> np.ndarray:
    """Log-mel power, four frames a video frame, the first centred on sample 0.

    Parameters
    ----------
    wave
        (samples,) float at 16 kHz in [-1, 1].
    frames
        Video frames wanted; the sound is cut or continued with silence.

    Returns
    -------
    (4 * frames, 80) float32, natural logarithm.
    """
    count = PER_VIDEO_FRAME * frames
    need = (count - 1) * HOP + WINDOW
    sound = np.asarray(wave, np.float32)
    sound = np.append(sound[:1], sound[1:] - PRE_EMPHASIS * sound[:-1])
    sound = np.pad(sound, (WINDOW // 2, max(0, need - WINDOW // 2 - len(sound))))[:need]
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    mel = np.empty((count, BANDS), np.float32)
    for first in range(0, count, AT_ONCE):
        power = np.abs(np.fft.rfft(windows[first : first + AT_ONCE] * _WINDOW, FFT)) ** 2
        mel[first : first + AT_ONCE] = np.log(power @ _FILTERS.T + 1e-10)
    return mel


def loud_frames(mel: np.ndarray) -> np.ndarray:
    """Which mel frames are speech, by level: (n,) bool."""
    level = np.log(np.exp(mel).mean(1))
    loud = np.percentile(level, 95)
    return np.asarray(level > max(loud - ACTIVE, SILENCE))


def normalise(mel: np.ndarray) -> np.ndarray:
    """Take voice, microphone and level out of a log-mel spectrogram.

    Parameters
    ----------
    mel
        (n, 80) from `log_mel`; any length.

    Returns
    -------
    (n, 80) float32; silence is a constant, about -1.6.
    """
    active = loud_frames(mel)
    if not active.any():
        return np.full(mel.shape, -FLOOR / SPREAD, np.float32)
    overall = mel[active].mean(0)
    weights = active.astype(np.float64)
    pad = -len(mel) % BLOCK
    summed = np.pad((mel - overall) * weights[:, None], ((0, pad), (0, 0)))
    counted = np.pad(weights, (0, pad))
    sums = summed.reshape(-1, BLOCK, BANDS).sum(1)
    counts = counted.reshape(-1, BLOCK).sum(1)
    sigma = NEARBY_S * 100 / BLOCK
    sums = gaussian_filter1d(sums, sigma, axis=0, mode="constant")
    counts = gaussian_filter1d(counts, sigma, mode="constant")
    # In a long pause the overall mean takes over: half a second of it is always mixed in.
    local = sums / (counts + 50.0 * BLOCK / (sigma * BLOCK * np.sqrt(2 * np.pi)))[:, None]
    centres = (np.arange(len(local)) + 0.5) * BLOCK - 0.5
    at = np.clip(np.arange(len(mel)), centres[0], centres[-1])
    low = np.minimum(np.searchsorted(centres, at, side="right") - 1, max(0, len(local) - 2))
    high = np.minimum(low + 1, len(local) - 1)
    share = ((at - centres[low]) / BLOCK)[:, None]
    mean = overall + local[low] * (1 - share) + local[high] * share
    return (np.logaddexp(mel - mean, -FLOOR) / SPREAD).astype(np.float32)


def speaking(mel: np.ndarray, margin_s: float = 0.2) -> np.ndarray:
    """Which video frames have speech within `margin_s`.

    Parameters
    ----------
    mel
        (4 n, 80) from `log_mel`.

    Returns
    -------
    (n,) bool.
    """
    loud = loud_frames(mel)
    if loud.sum() < 5:
        return np.zeros(len(mel) // PER_VIDEO_FRAME, bool)
    # A lone click is no speech: at least 3 of 9 frames around it are loud, too.
    dense = np.convolve(loud, np.ones(9), "same") >= 3
    near = maximum_filter1d((loud & dense).astype(np.uint8), 2 * round(margin_s * 100) + 1)
    return (
        np.asarray(near[: len(mel) // PER_VIDEO_FRAME * PER_VIDEO_FRAME])
        .reshape(-1, PER_VIDEO_FRAME)
        .any(1)
    )
