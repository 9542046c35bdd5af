"""Speech to motion: face units, head and gaze for every frame, from timed phonemes and a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vivant.errors import VivantError
from vivant.motion.units import AT_EASE, UNITS
from vivant.motion.visemes import Viseme, visemes_of
from vivant.voice.speech import Phone, Speech

FPS = 25
_RATE = 200  # steps a second of the inner time grid
_LEAD_S = 0.04  # the mouth moves ahead of the sound by about this much
_SMOOTH_S = 0.020  # standard deviation of the last smoothing: lips have mass


@dataclass(frozen=True)
class Motion:
    """How the face and head move, one row a video frame at 25 a second."""

    weights: np.ndarray  # (frames, 52) float32, 0 to 1, in the order of `vivant.motion.units.UNITS`
    turn: np.ndarray  # (frames, 3) float32: head's yaw, pitch (nod down), roll, radians
    shift: np.ndarray  # (frames, 3) float32: sway, dm
    gaze: np.ndarray  # (frames, 2) float32: eyes in the head, to the person's left and up, radians
    breath: np.ndarray  # (frames,) float32: 0 out to 1 in

    def __len__(self) -> int:
        return len(self.weights)


@dataclass(frozen=True)
class _Goal:
    """One mouth shape with the time it has."""

    start: float
    end: float
    shape: Viseme


def motion_of(
    speech: Speech, *, seed: int = 0, before_s: float = 0.0, after_s: float = 0.0
) -> Motion:
    """Motion for one speech; the same seed gives the same motion.

    Parameters
    ----------
    speech
        With phonemes; silence between them rests the mouth.
    seed
        Chooses blinks, glances, nods and sway.
    before_s, after_s
        Silence to add around it.

    Returns
    -------
    Motion
        ``round((before_s + speech.seconds + after_s) * 25)`` frames, at least 1.

    Raises
    ------
    VivantError
        ``no-phonemes``: the speech is a recording nobody aligned.
    """
    if not speech.phones and len(speech.wave):
        raise VivantError(
            "no-phonemes",
            "This speech has sound but no timed phonemes, so its mouth shapes are unknown.",
            "Use a voice that gives phonemes, or align the recording with its text first.",
        )
    seconds = before_s + speech.seconds + after_s
    frames = max(1, round(seconds * FPS))
    rng = np.random.default_rng([seed, 41])
    channels = _mouth(speech.phones, before_s, frames)
    stress = _stressed_times(speech, before_s, rng)
    turn, shift = _head(frames, stress, rng)
    gaze = _gaze(frames, turn, rng)
    _brows(channels, frames, stress, rng)
    _lids(channels, frames, gaze, stress, rng)
    weights = np.zeros((frames, len(UNITS)), np.float32)
    for name, curve in channels.items():
        weights[:, UNITS.index(name)] = np.clip(curve, 0, 1)
    t = np.arange(frames) / FPS
    phase = rng.uniform(0, 2 * np.pi)
    breath = 0.5 - 0.5 * np.cos(2 * np.pi * t / rng.uniform(3.6, 4.6) + phase)
    return Motion(weights, turn, shift, gaze, breath.astype(np.float32))


def _goals(phones: tuple[Phone, ...], before_s: float) -> list[_Goal]:
    goals = []
    for phone in phones:
        shapes = visemes_of(phone.symbol)
        # A diphthong dwells on its first part.
        edges = [0.0, 0.58, 1.0] if len(shapes) == 2 else list(np.linspace(0, 1, len(shapes) + 1))
        length = phone.end_s - phone.start_s
        for shape, a, b in zip(shapes, edges[:-1], edges[1:], strict=True):
            start = before_s + phone.start_s + a * length - _LEAD_S
            goals.append(_Goal(start, start + (b - a) * length, shape))
    return goals


def _mouth(phones: tuple[Phone, ...], before_s: float, frames: int) -> dict[str, np.ndarray]:
    """Curves of the mouth's units with coarticulation.

    Every phoneme pulls each unit towards its target with a dominance that falls off exponentially
    around it; the curve is the dominance-weighted mean (M. Cohen, D. Massaro, "Modeling
    coarticulation in synthetic visual speech", 1993). Closures of the lips are not averaged away:
    they are laid over the result, because a viewer hears a p through open lips as something else.
    """
    goals = _goals(phones, before_s)
    count = int(np.ceil(frames / FPS * _RATE)) + 1
    t = np.arange(count) / _RATE
    names = sorted({name for goal in goals for name in goal.shape.units})
    total = np.full(count, 1e-4)
    sums = {name: np.zeros(count) for name in names}
    closed, on_teeth = np.zeros(count), np.zeros(count)
    ends_s = frames / FPS
    rest_before = _Goal(-1.0, goals[0].start if goals else ends_s, visemes_of("")[0])
    rest_after = _Goal(goals[-1].end if goals else ends_s, ends_s + 1.0, visemes_of("")[0])
    for goal in (rest_before, *goals, rest_after):
        half = (goal.end - goal.start) / 2
        middle = goal.start + half
        silent = goal.shape.name == "rest"
        reach = 0.045 if silent else 0.032 + 0.20 * min(half, 0.12)
        a = max(0, int((goal.start - 8 * reach) * _RATE))
        b = min(count, int((goal.end + 8 * reach) * _RATE) + 1)
        if a >= b:
            continue
        outside = np.maximum(np.abs(t[a:b] - middle) - 0.6 * half, 0)
        pull = goal.shape.strength * np.exp(-outside / reach)
        total[a:b] += pull
        for name, value in goal.shape.units.items():
            sums[name][a:b] += pull * value
        if goal.shape.closed or goal.shape.teeth_on_lip:
            hold = max(half, 0.028)
            bump = np.clip(1 - (np.abs(t[a:b] - middle) - hold) / 0.050, 0, 1)
            bump = bump * bump * (3 - 2 * bump)
            into = closed if goal.shape.closed else on_teeth
            into[a:b] = np.maximum(into[a:b], bump)
    sigma = _SMOOTH_S * _RATE
    curves = {name: gaussian_filter1d(sums[name] / total, sigma) for name in names}
    closed, on_teeth = (
        gaussian_filter1d(closed, sigma * 0.5),
        gaussian_filter1d(on_teeth, sigma * 0.5),
    )
    for name in ("mouthLowerDown", "mouthUpperUp", "mouthFunnel", "mouthStretch"):
        if name in curves:
            curves[name] *= 1 - 0.92 * closed
    if "jawOpen" in curves:
        curves["jawOpen"] *= 1 - 0.70 * closed
        curves["jawOpen"] = curves["jawOpen"] * (1 - on_teeth) + 0.05 * on_teeth
        still = np.clip(1 - curves["jawOpen"] / 0.05, 0, 1)
        pressed = AT_EASE["mouthClose"] * np.maximum(closed, still)
        curves["mouthClose"] = curves["jawOpen"] * closed + pressed
    else:
        curves["mouthClose"] = np.full(count, AT_EASE["mouthClose"])
    at = np.minimum(((np.arange(frames) + 0.5) / FPS * _RATE).astype(int), count - 1)
    out: dict[str, np.ndarray] = {}
    for name, curve in curves.items():
        picked = curve[at]
        if f"{name}Left" in UNITS:
            out[f"{name}Left"] = picked
            out[f"{name}Right"] = picked.copy()
        else:
            out[name] = picked
    # A hint of a smile keeps a resting face friendly; it gives way to rounded lips.
    rounded = out.get("mouthPucker", np.zeros(frames)) + out.get("mouthFunnel", np.zeros(frames))
    smile = AT_EASE["mouthSmileLeft"] * np.clip(1 - 1.5 * rounded, 0, 1)
    for side in ("Left", "Right"):
        out[f"mouthSmile{side}"] = out.get(f"mouthSmile{side}", np.zeros(frames)) + smile
        out[f"cheekSquint{side}"] = 0.09 + 0.25 * out[f"mouthSmile{side}"]
    return out


def _stressed_times(speech: Speech, before_s: float, rng: np.random.Generator) -> np.ndarray:
    """When the speaker stresses: emphasised words, and about one louder word in three."""
    times = []
    for word in speech.words:
        a, b = int(word.start_s * speech.rate), int(word.end_s * speech.rate)
        if b - a < 0.12 * speech.rate:
            continue
        chance = 0.30 if len(word.text) > 3 else 0.08
        if word.emphasis or rng.random() < chance:
            times.append(before_s + word.start_s + 0.35 * (word.end_s - word.start_s))
    return np.array(times)


def _drift(frames: int, rng: np.random.Generator, slowest: float, fastest: float) -> np.ndarray:
    """A smooth wandering curve of about unit size: (frames,)."""
    t = np.arange(frames) / FPS
    out = np.zeros(frames)
    for frequency in np.exp(rng.uniform(np.log(slowest), np.log(fastest), 6)):
        out += np.sin(2 * np.pi * frequency * t + rng.uniform(0, 2 * np.pi))
    return out / 6**0.5


def _bumps(frames: int, times: np.ndarray, rise_s: float, fall_s: float) -> np.ndarray:
    t = (np.arange(frames) + 0.5) / FPS
    out = np.zeros(frames)
    for time in times:
        d = t - time
        out = np.maximum(out, np.exp(-((d / np.where(d < 0, rise_s, fall_s)) ** 2)))
    return out


def _head(
    frames: int, stress: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    yaw = 0.050 * _drift(frames, rng, 0.05, 0.35)
    pitch = 0.018 * _drift(frames, rng, 0.06, 0.40) + 0.012
    roll = 0.016 * _drift(frames, rng, 0.05, 0.30)
    nods = stress[rng.random(len(stress)) < 0.6]
    pitch = pitch + 0.030 * _bumps(frames, nods, 0.12, 0.20) * rng.uniform(0.7, 1.2)
    tilts = stress[rng.random(len(stress)) < 0.25]
    roll = roll + 0.020 * _bumps(frames, tilts, 0.25, 0.45) * rng.choice([-1.0, 1.0])
    shift = np.stack(
        [
            0.045 * _drift(frames, rng, 0.05, 0.25) + 0.10 * yaw,
            0.012 * _drift(frames, rng, 0.08, 0.30),
            0.030 * _drift(frames, rng, 0.05, 0.20),
        ],
        1,
    )
    return np.stack([yaw, pitch, roll], 1).astype(np.float32), shift.astype(np.float32)


def _gaze(frames: int, turn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Eyes hold the camera while the head moves, small jumps and now and then a glance away."""
    aim = np.zeros((frames, 2))
    at = 0
    while at < frames:
        hold = int(FPS * rng.uniform(0.7, 2.4))
        away = rng.random() < 0.08
        size = np.array([0.11, 0.06]) if away else np.array([0.022, 0.014])
        if away:
            hold = int(FPS * rng.uniform(0.35, 0.7))
        aim[at : at + hold] = rng.normal(0, 1, 2) * size
        at += hold
    # A saccade takes about one frame and a half.
    aim = gaussian_filter1d(aim, 0.45, axis=0, mode="nearest")
    gaze = aim - np.stack([turn[:, 0], -turn[:, 1]], 1)
    return np.clip(gaze, -0.45, 0.45).astype(np.float32)


def _brows(
    channels: dict[str, np.ndarray], frames: int, stress: np.ndarray, rng: np.random.Generator
) -> None:
    raised = stress[rng.random(len(stress)) < 0.4]
    up = 0.42 * _bumps(frames, raised, 0.12, 0.28) * rng.uniform(0.7, 1.1)
    up = up + AT_EASE["browInnerUp"] + 0.05 * _drift(frames, rng, 0.05, 0.2)
    channels["browInnerUp"] = 0.8 * up
    channels["browOuterUpLeft"] = up
    channels["browOuterUpRight"] = 0.9 * up


def _lids(
    channels: dict[str, np.ndarray],
    frames: int,
    gaze: np.ndarray,
    stress: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Blinks every few seconds (down in 80 ms, up in 160), and lids that follow the gaze."""
    close = np.zeros(frames)
    time = rng.uniform(0.6, 2.5)
    t = (np.arange(frames) + 0.5) / FPS
    while time < frames / FPS:
        d = t - time
        blink = np.where(d < 0, 1 + d / 0.09, 1 - (d - 0.03) / 0.17)
        blink = np.clip(blink, 0, 1)
        close = np.maximum(close, blink * blink * (3 - 2 * blink))
        gap = rng.lognormal(np.log(3.2), 0.45)
        time += float(np.clip(gap, 1.2, 7.0)) if rng.random() > 0.08 else 0.42
    left, up = gaze[:, 0], gaze[:, 1]
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        channels[f"eyeBlink{side}"] = np.maximum(close, AT_EASE[f"eyeBlink{side}"])
        channels[f"eyeLookOut{side}"] = np.clip(sign * left / 0.5, 0, 1)
        channels[f"eyeLookIn{side}"] = np.clip(-sign * left / 0.5, 0, 1)
        channels[f"eyeLookUp{side}"] = np.clip(up / 0.4, 0, 1)
        channels[f"eyeLookDown{side}"] = np.clip(-up / 0.4, 0, 1)
        channels[f"eyeSquint{side}"] = np.full(frames, AT_EASE[f"eyeSquint{side}"])
