"""Which of the person's own frames to show: a shortest path through the footage.

The Viterbi search weighs how near a frame's mouth is to what was heard, how little picture and
mouth jump from one frame to the next, and how near its head turn is to the base frame's. Following
the footage as it was recorded costs almost nothing, so the path is made of long real stretches
(the idea of Bregler, Covell and Slaney 1997, "Video Rewrite").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivant.face.codes import MouthModel
from vivant.face.model import Bank

CANDIDATES = 40  # frames considered for every frame of the output
LOOK_SHARE = 0.8  # weight of the look beside the shape
JUMP = 0.5  # cost of a jump in the mouth, beside its distance from what was heard
RUN_ON = 0.1  # share of the jump cost that following the footage costs
POSE = 0.15  # cost of another head turn than the base frame's
BLOCK = 256  # output frames whose distances are held at once
REST_FRAMES = 12  # the frames nearest to rest, out of which pauses are made


@dataclass(frozen=True)
class Search:
    """A bank made ready for searching."""

    features: np.ndarray  # (n, CODES) codes in units of what one sees
    weights: np.ndarray  # (CODES,)
    pose: np.ndarray  # (n, POSES) in units of their spread
    pose_spread: np.ndarray  # (POSES,)
    follows: np.ndarray  # (n,) bool
    rest: np.ndarray  # rows whose mouth is at rest


def code_weights(mouth: MouthModel) -> np.ndarray:
    """How much one unit of each code is seen: its basis' length; shape and look apart."""
    shape = np.linalg.norm(mouth.shape_basis, axis=1)
    looks = np.linalg.norm(mouth.look_basis * np.sqrt(mouth.weight), axis=1)
    weights = np.concatenate([shape / shape.max(), LOOK_SHARE * looks / looks.max()])
    return np.asarray(weights / np.linalg.norm(weights), np.float32)


def make_search(mouth: MouthModel, bank: Bank) -> Search:
    """Prepare a bank; a few milliseconds."""
    weights = code_weights(mouth)
    features = bank.codes * weights
    spread = bank.pose.std(0) + 1e-6
    rest = np.argsort((features**2).sum(1), kind="stable")[:REST_FRAMES]
    return Search(features, weights, bank.pose / spread, spread, bank.follows(), rest)


def find_path(
    search: Search, codes: np.ndarray, pose: np.ndarray, resting: np.ndarray
) -> np.ndarray:
    """Rows of the bank to show.

    Parameters
    ----------
    search
        From `make_search`.
    codes
        (t, CODES) what was heard.
    pose
        (t, POSES) head turn of the base frames.
    resting
        (t,) bool: frames that must show a still mouth at rest.

    Returns
    -------
    (t,) int.
    """
    wanted = codes * search.weights
    turned = pose / search.pose_spread
    candidates, costs = _candidates(search, wanted, turned, resting)
    total = costs[0]
    back: list[np.ndarray] = []
    for t in range(1, len(wanted)):
        before, now = candidates[t - 1], candidates[t]
        steps = search.features[now][None] - search.features[before][:, None]
        meant = wanted[t] - wanted[t - 1]
        jump = JUMP * ((steps - meant) ** 2).sum(2) + JUMP * (steps**2).sum(2)
        turn = search.pose[now][None] - search.pose[before][:, None]
        jump += 0.5 * POSE * (turn**2).mean(2) * np.square(search.weights).mean() + 0.01
        follows = (now[None] == before[:, None] + 1) & search.follows[now][None]
        jump[follows] *= RUN_ON
        if resting[t]:
            jump[now[None] == before[:, None]] = 0
        options = total[:, None] + jump
        best = options.argmin(0)
        back.append(best)
        total = options[best, np.arange(len(now))] + costs[t]
    at = int(total.argmin())
    path = [candidates[-1][at]]
    for t in range(len(wanted) - 2, -1, -1):
        at = int(back[t][at])
        path.append(candidates[t][at])
    return np.array(path[::-1])


def _candidates(
    search: Search, wanted: np.ndarray, turned: np.ndarray, resting: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each output frame the rows to choose from, and what each costs by itself."""
    size = np.square(search.features).sum(1)
    pose_size = np.square(search.pose).sum(1)
    scale = POSE * np.square(search.weights).mean() / search.pose.shape[1]
    rows: list[np.ndarray] = []
    costs: list[np.ndarray] = []
    for first in range(0, len(wanted), BLOCK):
        block = wanted[first : first + BLOCK]
        apart = size[None] - 2 * block @ search.features.T + np.square(block).sum(1)[:, None]
        turn = turned[first : first + BLOCK]
        apart += scale * (
            pose_size[None] - 2 * turn @ search.pose.T + np.square(turn).sum(1)[:, None]
        )
        count = min(CANDIDATES, apart.shape[1] - 1)
        nearest = np.argpartition(apart, count, axis=1)[:, :count]
        for i in range(len(block)):
            if resting[first + i]:
                chosen = search.rest
            else:
                chosen = nearest[i]
                if rows:  # what comes next in the footage is always worth considering
                    after = rows[-1] + 1
                    after = after[after < len(size)]
                    chosen = np.union1d(chosen, after[search.follows[after]][:CANDIDATES])
            rows.append(chosen)
            costs.append(apart[i, chosen])
    return rows, costs
