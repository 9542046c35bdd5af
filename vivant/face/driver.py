"""The network that hears speech and says how the mouth moves (torch; for training only).

A dilated temporal convolution network over log-mel: no recurrence and no look at the past alone,
so the same weights serve any length of sound, and a frame's codes never depend on sound more than
`REACH` frames away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from vivant.face.codes import CODES
from vivant.face.sound import BANDS, FLOOR, PER_VIDEO_FRAME, SPREAD

REACH = 18  # video frames
HIDDEN = 160
DILATIONS = (1, 2, 4, 8)
DROPOUT = 0.35
WINDOW = 100  # video frames a training example
BATCH = 12
SILENT_SHARE = 6  # one example in this many is nothing but silence or noise
RATE = 2e-3  # AdamW's, cosine to nothing
SPEED_WEIGHT = 0.5
SILENCE = -FLOOR / SPREAD


class Driver(nn.Module):
    """(batch, 80, 4 n) normalised log-mel to (batch, CODES, n)."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv1d(BANDS, HIDDEN, 5, padding=2),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Conv1d(HIDDEN, HIDDEN, 4, stride=2, padding=1),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Conv1d(HIDDEN, HIDDEN, 4, stride=2, padding=1),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(DROPOUT),
                nn.Conv1d(HIDDEN, HIDDEN, 3, padding=d, dilation=d),
                nn.BatchNorm1d(HIDDEN),
                nn.ReLU(),
                nn.Conv1d(HIDDEN, HIDDEN, 1),
            )
            for d in DILATIONS
        )
        self.out = nn.Conv1d(HIDDEN, CODES, 1)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.down(mel)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        codes: torch.Tensor = self.out(hidden)
        return codes


class Ensemble(nn.Module):
    """The mean of several drivers: their errors differ more than what they learned."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        super().__init__()
        self.drivers = nn.ModuleList(drivers)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return torch.stack([driver(mel) for driver in self.drivers]).mean(0)


@dataclass(frozen=True)
class Lesson:
    """One stretch of a take."""

    mels: np.ndarray  # (voices, 4 n, 80) normalised, the own voice first
    codes: np.ndarray  # (n, CODES)
    known: np.ndarray  # (n,) bool: frames whose face was followed


def _window(lesson: Lesson, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A random window in a random voice; beyond the lesson's ends there is silence, not counted."""
    length = len(lesson.codes)
    mel = np.full((PER_VIDEO_FRAME * WINDOW, BANDS), SILENCE, np.float32)
    codes = np.zeros((WINDOW, CODES), np.float32)
    known = np.zeros(WINDOW, np.float32)
    voice = lesson.mels[random.integers(len(lesson.mels))]
    if length >= WINDOW:
        start, to = int(random.integers(length - WINDOW + 1)), 0
        count = WINDOW
    else:
        start, to, count = 0, int(random.integers(WINDOW - length + 1)), length
    mel[PER_VIDEO_FRAME * to : PER_VIDEO_FRAME * (to + count)] = voice[
        PER_VIDEO_FRAME * start : PER_VIDEO_FRAME * (start + count)
    ]
    codes[to : to + count] = np.nan_to_num(lesson.codes[start : start + count])
    known[to : to + count] = lesson.known[start : start + count]
    return mel, codes, known


def _nothing(silences: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A window without speech: digital silence, or noise as `normalise` leaves it."""
    kind = random.integers(len(silences) + 1)
    if kind == len(silences):
        return np.full((PER_VIDEO_FRAME * WINDOW, BANDS), SILENCE, np.float32)
    return np.asarray(silences[kind])


def train_driver(
    lessons: Sequence[Lesson],
    silences: np.ndarray,
    importance: np.ndarray,
    steps: int,
    seed: int,
    progress: Callable[[float], None],
) -> Driver:
    """Train one network.

    Parameters
    ----------
    lessons
        What the person said, with how the mouth moved.
    silences
        (s, 4 * WINDOW, 80) normalised log-mel of noises, to which the mouth rests.
    importance
        (CODES,) weight of each code's error.
    steps
        Batches of `BATCH` windows.
    seed
        Everything random comes from it.
    progress
        Called with the fraction done after every few steps.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    net = Driver()
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=steps, pct_start=0.1
    )
    weight = torch.from_numpy(importance.astype(np.float32))[None, :, None]
    lengths = np.array([lesson.known.sum() for lesson in lessons], np.float64)
    net.train()
    for step in range(steps):
        picked = random.choice(len(lessons), BATCH, p=lengths / lengths.sum())
        examples = [_window(lessons[i], random) for i in picked]
        for slot in range(BATCH // SILENT_SHARE):
            examples[slot] = (
                _nothing(silences, random),
                np.zeros((WINDOW, CODES), np.float32),
                np.ones(WINDOW, np.float32),
            )
        mel = torch.from_numpy(np.stack([e[0] for e in examples]).transpose(0, 2, 1).copy())
        want = torch.from_numpy(np.stack([e[1] for e in examples]).transpose(0, 2, 1).copy())
        known = torch.from_numpy(np.stack([e[2] for e in examples]))[:, None]
        mel = mel + 0.2 * torch.randn(mel.shape) + 0.1 * torch.randn(BATCH, BANDS, 1)
        for example in range(BATCH):
            first = int(random.integers(70))
            mel[example, first : first + int(random.integers(10))] = 0
        error = net(mel) - want
        speed = error[:, :, 1:] - error[:, :, :-1]
        both = known[:, :, 1:] * known[:, :, :-1]
        loss = (weight * error**2 * known).mean() + SPEED_WEIGHT * (weight * speed**2 * both).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 10 == 0:
            progress(step / steps)
    return net.eval()


def export_onnx(drivers: Sequence[Driver], path: Path) -> None:
    """Write the mean of `drivers` as ONNX: ``mel`` (1, 80, 4 n) to ``codes`` (1, CODES, n)."""
    torch.onnx.export(
        Ensemble(drivers).eval(),
        (torch.zeros(1, BANDS, PER_VIDEO_FRAME * WINDOW),),
        str(path),
        input_names=["mel"],
        output_names=["codes"],
        dynamic_axes={"mel": {2: "mel_frames"}, "codes": {2: "frames"}},
        opset_version=17,
        dynamo=False,
    )
