"""How something is said beside what is said: melody, loudness, and the speaking manners.

A `Delivery` belongs to a piece and every voice honours it; pace stays a number of its own on the
piece. A `SpeakingManner` is a delivery with the pace and the pauses that go with it.

The manners are rules. Their directions for joy and tenderness are those found over and over in
acted and natural speech (Murray and Arnott 1993, JASA 93; Juslin and Laukka 2003, Psychological
Bulletin 129): joy is fast, high, loud and wide in pitch, tenderness slow and soft. Their sizes are
kept small: twice as much sounds acted, and a much narrower range would flatten Mandarin's tones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivant.errors import VivantError

PITCHES = (-6.0, 6.0)  # semitones a script may ask for
RANGES = (0.5, 2.0)
LOWEST_HZ, HIGHEST_HZ = 50.0, 600.0  # what a range may stretch a pitch to


@dataclass(frozen=True)
class Delivery:
    """Melody and loudness of a piece, beside the voice's own."""

    pitch: float = 0.0  # semitones up
    pitch_range: float = 1.0  # factor of the distance from the mean, on a logarithmic scale
    loudness_db: float = 0.0

    @property
    def pitch_factor(self) -> float:
        """What every Hz is multiplied with."""
        return float(2 ** (self.pitch / 12))

    @property
    def gain(self) -> float:
        """What every sample is multiplied with."""
        return float(10 ** (self.loudness_db / 20))


PLAIN = Delivery()  # as the voice speaks by itself


@dataclass(frozen=True)
class SpeakingManner:
    """A way to speak: what it does to pace, melody, loudness and the pauses at ends."""

    speed: float
    delivery: Delivery
    pause: float  # factor of the pauses after sentences and paragraphs


NEUTRAL = "neutral"
MANNERS = {
    # As the voice speaks by itself.
    NEUTRAL: SpeakingManner(1.0, PLAIN, 1.0),
    # Slower, softer and flatter, with time to breathe: nothing presses.
    "calm": SpeakingManner(0.9, Delivery(-0.7, 0.8, -2.0), 1.35),
    # Joy: faster, higher, louder, and a melody that goes far up and down; sentences follow closely.
    "lively": SpeakingManner(1.08, Delivery(1.5, 1.4, 1.5), 0.8),
    # Low and measured, yet not soft: slower than lively, less melody, a pause that lets it sink in.
    "serious": SpeakingManner(0.95, Delivery(-1.5, 0.75, 0.5), 1.25),
    # A smile and a near listener: a little higher and wider, but slow and soft.
    "warm": SpeakingManner(0.95, Delivery(0.7, 1.15, -1.0), 1.1),
}


def manner_named(name: str) -> SpeakingManner:
    """One of `MANNERS`.

    Raises
    ------
    VivantError
        ``no-manner``.
    """
    if name not in MANNERS:
        raise VivantError(
            "no-manner",
            f"There is no speaking manner “{name}”.",
            f"Use one of: {', '.join(MANNERS)}.",
        )
    return MANNERS[name]


def delivered_pitch(f0: np.ndarray, delivery: Delivery) -> np.ndarray:
    """Move a pitch curve as a delivery asks.

    Parameters
    ----------
    f0
        (F,) Hz, 0 where there is no voice.
    delivery
        Its range is stretched about the mean of the voiced frames' logarithmic pitch.

    Returns
    -------
    np.ndarray
        (F,) float32 Hz; frames without voice stay 0.
    """
    moved = np.zeros(len(f0), np.float32)
    voiced = f0 > 0
    if voiced.any():
        steps = np.log(f0[voiced] * delivery.pitch_factor)
        mean = float(steps.mean())
        hertz = np.exp(mean + (steps - mean) * delivery.pitch_range)
        moved[voiced] = np.clip(hertz, LOWEST_HZ, HIGHEST_HZ)
    return moved
