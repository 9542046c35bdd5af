"""Which footage is learnt from, which is kept for judging, and the rows of frames made of it.

work/looks/000.npy    looks of every frame of a take, float16
work/fit.npz          mouth model and the codes of every learnt frame
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivant.errors import VivantError
from vivant.face.analyse import Take
from vivant.face.codes import (
    CODES,
    LOOK,
    MouthModel,
    Rest,
    find_rest,
    in_parts,
    look,
    offsets,
    ring_colour,
    smooth_runs,
)
from vivant.face.crop import SHAPE
from vivant.face.model import Bank
from vivant.media.files import atomic_path
from vivant.media.video import FPS
from vivant.progress import Progress

PIECE = 100  # frames of a long run that are learnt from or held out together
HOLD_OUT_EVERY = 8  # pieces
FIRST_HELD = 3
MARGIN = 12  # frames around a held-out piece of a run that are not learnt from either
SHORTEST_S = 20.0  # usable seconds below which a face is not worth training


@dataclass(frozen=True)
class Piece:
    """Some frames of one take."""

    take: int
    first: int
    last: int  # one past the end


def split(takes: Sequence[Take]) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Pieces to learn from, and pieces to judge by.

    A run is one piece, or several of about four seconds; every eighth is held out.

    Raises
    ------
    VivantError
        ``too-little-footage``.
    """
    usable = sum(int(np.diff(take.runs, axis=1).sum()) for take in takes)
    if usable < SHORTEST_S * FPS:
        raise VivantError(
            "too-little-footage",
            f"Only {usable / FPS:.0f} s of the footage show the face well enough to learn from; "
            f"{SHORTEST_S:.0f} s are the least.",
            "Record more: two to five minutes, one person, facing the camera.",
        )
    pieces = []
    for number, take in enumerate(takes):
        for first, last in take.runs:
            cuts = np.linspace(first, last, 1 + max(1, round((last - first) / PIECE))).astype(int)
            pieces += [Piece(number, int(a), int(b)) for a, b in itertools.pairwise(cuts)]
    held = pieces[FIRST_HELD::HOLD_OUT_EVERY]
    learnt = []
    for piece in pieces:
        if piece in held:
            continue
        first, last = piece.first, piece.last
        for other in held:
            if other.take == piece.take and other.last == first:
                first += MARGIN
            if other.take == piece.take and other.first == last:
                last -= MARGIN
        learnt.append(Piece(piece.take, first, last))
    return tuple(learnt), tuple(held)


def runs_of(pieces: Sequence[Piece], take: int) -> np.ndarray:
    """Unbroken stretches of a take that the pieces cover, (r, 2)."""
    runs: list[list[int]] = []
    for piece in sorted((p for p in pieces if p.take == take), key=lambda p: p.first):
        if runs and runs[-1][1] == piece.first:
            runs[-1][1] = piece.last
        else:
            runs.append([piece.first, piece.last])
    return np.array(runs, np.int64).reshape(-1, 2)


def looks_of(takes: Sequence[Take], work: Path, progress: Progress) -> list[np.ndarray]:
    """Looks of every frame of every take, (n, LOOK) float16 each, read from disk as needed."""
    folder = work / "looks"
    folder.mkdir(exist_ok=True)
    found = []
    for number, take in enumerate(takes):
        path = folder / f"{take.folder.name}.npy"
        if not path.exists():
            crops = take.crops()
            looks = np.zeros((len(crops), LOOK), np.float16)
            for i in np.flatnonzero(np.isfinite(take.landmarks[:, 0, 0])):
                looks[i] = look(np.asarray(crops[i]))
            with atomic_path(path) as aside, open(aside, "wb") as opened:
                np.save(opened, looks)
        progress((number + 1) / len(takes), "measuring the mouth")
        found.append(np.load(path, mmap_mode="r"))
    return found


@dataclass(frozen=True)
class Measured:
    """A piece of footage in the terms of a mouth model."""

    rest: Rest
    pose: np.ndarray  # (n, POSES)
    codes: np.ndarray  # (n, CODES), NaN outside the runs


def measure(model: MouthModel, take: Take, looks: np.ndarray, runs: np.ndarray) -> Measured:
    """Rest face, pose and codes of the runs of a take; the model need not be fitted to it."""
    pose = model.pose(smooth_runs(take.landmarks, runs)).astype(np.float32)
    rest = find_rest(model, take.landmarks, looks, pose, runs)
    codes = np.full((len(pose), CODES), np.nan, np.float32)
    for first, last in runs:
        for frames in in_parts(np.arange(first, last)):
            codes[frames] = model.encode(*offsets(model, take.landmarks, looks, pose, rest, frames))
    return Measured(rest, pose, codes)


def make_bank(
    takes: Sequence[Take],
    runs: Sequence[np.ndarray],
    measured: Sequence[Measured],
    model: MouthModel,
) -> Bank:
    """Rows for every frame in the runs, take after take.

    `patch_index` holds the offsets of a file in which the rows' patches follow each other.
    """
    parts = []
    for number, (take, spans, own) in enumerate(zip(takes, runs, measured, strict=True)):
        at = np.concatenate([np.arange(first, last) for first, last in spans])
        shape, _ = own.rest.at(at)
        crops = take.crops()
        parts.append(
            Bank(
                take=np.full(len(at), number),
                frame=at,
                codes=own.codes[at],
                pose=own.pose[at],
                matrices=take.matrices[at],
                shape=take.landmarks[at][:, SHAPE],
                rest_shape=(shape + own.pose[at] @ model.shape_pose)
                .reshape(-1, len(SHAPE), 2)
                .astype(np.float32),
                colour=np.stack([ring_colour(np.asarray(crops[i])) for i in at]),
                views=take.views[at].reshape(len(at), -1),
                patch_index=np.diff(take.patch_index)[at],
            )
        )
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in dataclasses.fields(Bank)
    }
    columns["patch_index"] = np.concatenate([[0], np.cumsum(columns["patch_index"])])
    return Bank(**columns)
