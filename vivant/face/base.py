"""Which footage moves behind the mouth: a walk through the person's own frames without jumps.

Footage is a graph of moments (Schödl and others 2000, "Video Textures"): a walk goes on through a
take, forwards or backwards, and near its end looks for another moment that looks alike. Where the
two differ a little they are dissolved over some frames; where nothing looks alike, it turns round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivant.face.model import Bank

LOOK_AHEAD = 25  # frames before the end of a run in which it may be left
LEAST_STAY = 50  # frames a walk stays where it has come to
DISSOLVE = 10  # frames
ALIKE = 2.5  # usual differences between neighbouring frames that a dissolve hides
TURN = 1.5  # of the same: what turning round costs
TIRED = 2.0  # of the same: what it costs to see again what was just seen
FORGET_S = 20.0


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
    follows = bank.follows()
    run = np.cumsum(~follows) - 1
    starts = np.flatnonzero(~follows)
    ends = np.append(starts[1:], len(run)) - 1
    size = (views**2).sum(1)
    usual = 1.0
    if follows.any():
        steps = np.flatnonzero(follows)
        usual = float(np.sqrt(((views[steps] - views[steps - 1]) ** 2).mean(1)).mean()) + 0.5
    seen = np.full(len(run), -np.inf)  # when a row was last shown, frames

    def left(row: np.ndarray, way: int) -> np.ndarray:
        """Frames from `row` to the end of its run."""
        return ends[run[row]] - row if way > 0 else row - starts[run[row]]

    at, way = int(starts[np.argmax(ends - starts)]), 1
    walk: list[int] = []
    cuts: list[tuple[int, int, int]] = []  # when, the row that would have come, its way
    stayed = 0
    while len(walk) < frames:
        walk.append(at)
        seen[at] = len(walk)
        stayed += 1
        remains = int(left(np.array(at), way))
        if remains > LOOK_AHEAD or (stayed < LEAST_STAY and remains > 0):
            at += way
            continue
        # Compare what would come next with every row from which one can go on.
        rows = np.arange(len(run))
        going = at + way if remains else at
        apart = size[going] - 2 * views @ views[going] + size
        unlike = np.sqrt(np.maximum(apart, 0) / views.shape[1]) / usual
        age = (len(walk) - seen) / (FORGET_S * 25)
        unlike += TIRED * np.clip(1 - age, 0, 1)
        best_cost, best = np.inf, (going, way)
        for onward in (1, -1):
            cost = unlike.copy()
            cost[left(rows, onward) < min(LEAST_STAY, (ends - starts).max())] = np.inf
            cost[np.abs(rows - at) < LEAST_STAY] = np.inf  # that would be a turn, or a stutter
            near = int(cost.argmin())
            if cost[near] < best_cost:
                best_cost, best = float(cost[near]), (near, onward)
        turning = TURN + TIRED
        leave = best_cost < ALIKE * (1 + 2 * (remains == 0)) and (
            remains == 0 or best_cost < 0.6 * ALIKE
        )
        if leave and best_cost <= turning:
            cuts.append((len(walk), at, way))
            at, way = best
            stayed = 0
        elif remains == 0:
            way = -way
            at = int(np.clip(at + way, starts[run[at]], ends[run[at]]))
            stayed = 0
        else:
            at += way

    first = np.array(walk[:frames])
    second, share = first.copy(), np.zeros(frames)
    for when, row, direction in cuts:
        # The old take goes on underneath while the new one fades in.
        for k in range(DISSOLVE):
            t = when + k
            if t >= frames:
                break
            old = np.clip(row + direction * (k + 1), starts[run[row]], ends[run[row]])
            fade = (k + 1) / (DISSOLVE + 1)
            second[t], first[t] = first[t], old
            share[t] = fade * fade * (3 - 2 * fade)
    return Base(first, second, share)
