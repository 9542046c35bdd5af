"""Which footage moves behind the mouth: a walk through the person's own frames without jumps.

Footage is a graph of moments (Schödl and others 2000, "Video Textures"): a walk goes on through a
take, forwards or backwards, and near its end goes over to another moment that looks alike and was
not seen for a while; where nothing looks alike, it turns round at a still moment. On the way over,
the old footage moves into the new along the optical flow between the two (Kroeger and others 2016,
"Fast Optical Flow using Dense Inverse Search"), so that a head a few pixels off is not seen double.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vivant.face.model import Bank
from vivant.media.video import FPS

LOOK_AHEAD = 25  # frames before the end of a run in which it may be left
LEAST_STAY = 50  # frames a walk stays where it has come to
DISSOLVE = 10  # frames
FORGET_S = 20.0
FLOW_SIDE = 320  # pixels; longer side of the pictures between which the flow is found

# In steps between neighbouring frames, the usual one being 1:
TURN = 7.0  # going over to what differs more than this is worse than turning round
TIRED = 4.0  # what it costs to see again what was just seen
BACKWARDS = 0.3


@dataclass(frozen=True)
class Base:
    """Rows of the bank that make each frame; `second` fades in by `share`."""

    first: np.ndarray  # (t,) int
    second: np.ndarray  # (t,) int
    share: np.ndarray  # (t,) float, 0 to 1


def plain(rows: np.ndarray) -> Base:
    """Rows as they are."""
    return Base(rows, rows, np.zeros(len(rows)))


def plan_base(bank: Bank, frames: int) -> Base:
    """A walk of `frames` frames; the same bank gives the same walk."""
    views = bank.views.astype(np.float32)
    size = (views**2).sum(1)
    follows = bank.follows()
    rows = np.arange(len(follows))
    run = np.cumsum(~follows) - 1
    starts = np.flatnonzero(~follows)
    ends = np.append(starts[1:], len(run)) - 1
    motion = np.zeros(len(rows), np.float32)
    motion[1:] = np.sqrt(((views[1:] - views[:-1]) ** 2).mean(1))
    usual = float(motion[follows].mean()) + 0.5 if follows.any() else 1.0
    seen = np.full(len(rows), -np.inf)  # when a row or one near it was last shown, frames
    stay = min(LEAST_STAY, int((ends - starts).max()))
    after = {1: ends[run] - rows, -1: rows - starts[run]}  # frames left in either direction

    at, way = int(starts[np.argmax(ends - starts)]), 1
    walk: list[int] = []
    joins: list[tuple[int, int, int]] = []  # when, the last row shown whole, its way
    while len(walk) < frames:
        remains = int(after[way][at])
        ahead = min(LOOK_AHEAD, remains // 2)
        # The old take goes on underneath while the new one comes in.
        steps = np.arange(remains - ahead, max(remains - ahead, remains - DISSOLVE) + 1)
        going = at + way * steps
        apart = size[going][:, None] - 2 * views[going] @ views.T + size
        unlike = np.sqrt(np.maximum(apart, 0) / views.shape[1]) / usual
        age = (len(walk) - seen) / (FORGET_S * FPS)
        unlike += TIRED * np.clip(1 - age, 0, 1)
        best, leave, enter, onward = np.inf, 0, 0, 1
        for direction in (1, -1):
            cost = unlike + (BACKWARDS if direction < 0 else 0.0)
            cost[:, after[direction] < stay] = np.inf
            # Near the place that is left it would be a stutter or a turn.
            cost[(run[rows] == run[at]) & (np.abs(rows - going[:, None]) < LEAST_STAY)] = np.inf
            if cost.min() < best:
                best = float(cost.min())
                leave, enter = (int(k) for k in np.unravel_index(cost.argmin(), cost.shape))
                onward = direction
        if best <= TURN:
            shown = at + way * np.arange(steps[leave] + 1)
            joins.append((len(walk) + len(shown), int(shown[-1]), way))
            at, way = enter, onward
        else:
            soonest = remains - min(LOOK_AHEAD, remains // 4)
            still = soonest + int(motion[at + way * np.arange(soonest, remains + 1)].argmin())
            shown = at + way * np.arange(still + 1)
            way = -way
            at = int(np.clip(shown[-1] + way, starts[run[at]], ends[run[at]]))
        walk += shown.tolist()
        around = max(starts[run[shown[0]]], shown.min() - LEAST_STAY)
        seen[around : min(ends[run[shown[0]]], shown.max() + LEAST_STAY) + 1] = len(walk)

    first = np.array(walk[:frames])
    second, share = first.copy(), np.zeros(frames)
    for when, row, direction in joins:
        span = np.arange(when, min(frames, when + DISSOLVE))
        part = (span - when + 1) / (DISSOLVE + 1)
        second[span] = first[span]
        first[span] = np.clip(row + direction * (span - when + 1), starts[run[row]], ends[run[row]])
        share[span] = part * part * (3 - 2 * part)
    return Base(first, second, share)


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """A picture on the way from one frame to another.

    Parameters
    ----------
    first, second
        (H, W, 3) uint8.
    share
        How far on the way, 0 to 1.
    """
    height, width = first.shape[:2]
    scale = min(1.0, FLOW_SIDE / max(height, width))
    small = [
        cv2.cvtColor(
            cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
            cv2.COLOR_RGB2GRAY,
        )
        for frame in (first, second)
    ]
    moved = []
    for frame, a, b, part in (
        (first, small[0], small[1], share),
        (second, small[1], small[0], 1 - share),
    ):
        flow = cv2.GaussianBlur(_flow().calc(a, b, None), (0, 0), 2.0)
        flow = cv2.resize(flow, (width, height)) * np.float32(-part / scale)
        moved.append(
            cv2.remap(
                frame, flow + _pixels(width, height), None, cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
        )  # fmt: skip
    return np.asarray(cv2.addWeighted(moved[0], 1 - share, moved[1], share, 0))


@functools.cache
def _flow() -> Any:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)


@functools.lru_cache(maxsize=2)
def _pixels(width: int, height: int) -> np.ndarray:
    """(height, width, 2) float32: every pixel's own place."""
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return np.stack(np.meshgrid(x, y), -1)
