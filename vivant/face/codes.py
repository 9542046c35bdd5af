"""Mouth codes: where lips and jaw are, and what the mouth looks like, in a few numbers a frame.

Both are measured against the face at rest at that moment: the mean of the frames nearby whose mouth
is closed, moved along with the head's turn. What is left is what speech does, and principal
components of it (Cootes, Edwards and Taylor 1998, "Active Appearance Models") are the codes.
Adding codes to the rest face of *another* frame then moves that frame's mouth.

A *look* is the lower face at half the reference resolution, less the colour of the skin around it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from vivant.face.crop import REGION, RING, SHAPE, feathered_mask, hull
from vivant.face.landmarks import LOWER_LIP, STABLE, UPPER_LIP

SHAPE_CODES = 10
LOOK_CODES = 20
CODES = SHAPE_CODES + LOOK_CODES
POSES = 4  # numbers that say how the head is turned

LOOK_WIDTH, LOOK_HEIGHT = REGION.width // 2, REGION.height // 2
LOOK = LOOK_WIDTH * LOOK_HEIGHT * 3

REST_SHARE = 0.15  # of the frames within a window count as mouth at rest
REST_WINDOW = 75  # frames
KNOT_EVERY = 50  # frames between two stored rest faces
KNOT_SPREAD = 75.0  # frames, standard deviation of the window that a rest face is a mean over
FIT_FRAMES = 3000  # at most this many frames go into the principal components


@dataclass(frozen=True)
class Rest:
    """The face at rest along one take, with the head's turn taken out."""

    frames: np.ndarray  # (k,) where the knots are
    shape: np.ndarray  # (k, 114) landmarks of `SHAPE`, reference pixels
    look: np.ndarray  # (k, LOOK) float16
    closed: np.ndarray  # (c,) frames whose mouth is closed

    def at(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shape (n, 114) and look (n, LOOK) at rest at `frames`, between the knots."""
        after = np.clip(np.searchsorted(self.frames, frames), 1, max(1, len(self.frames) - 1))
        after = np.minimum(after, len(self.frames) - 1)
        before = np.maximum(after - 1, 0)
        gap = np.maximum(1, self.frames[after] - self.frames[before])
        share = np.clip((frames - self.frames[before]) / gap, 0, 1)[:, None].astype(np.float32)
        shape = self.shape[before] * (1 - share) + self.shape[after] * share
        look = self.look[before].astype(np.float32) * (1 - share)
        look += self.look[after].astype(np.float32) * share
        return shape, look


@dataclass(frozen=True)
class MouthModel:
    """Linear model of one person's lower face."""

    pose_mean: np.ndarray  # (42,) stable landmarks, reference pixels
    pose_basis: np.ndarray  # (POSES, 42) per unit of pose
    shape_pose: np.ndarray  # (POSES, 114) how the resting shape moves with the pose
    look_pose: np.ndarray  # (POSES, LOOK)
    shape_basis: np.ndarray  # (SHAPE_CODES, 114) reference pixels a unit of code
    look_basis: np.ndarray  # (LOOK_CODES, LOOK) grey levels a unit of code
    weight: np.ndarray  # (LOOK,) how much of each look pixel speech paints, 0 to 1

    def pose(self, landmarks: np.ndarray) -> np.ndarray:
        """Head turn of (n, 478, 2) reference landmarks as (n, POSES)."""
        stable = landmarks[:, STABLE].reshape(len(landmarks), -1)
        scale = (self.pose_basis**2).sum(1)
        return np.asarray((stable - self.pose_mean) @ (self.pose_basis / scale[:, None]).T)

    def encode(self, shape: np.ndarray, look: np.ndarray) -> np.ndarray:
        """Codes (n, CODES) of shapes (n, 114) and looks (n, LOOK) measured from rest."""
        by_shape = shape @ (self.shape_basis / (self.shape_basis**2).sum(1)[:, None]).T
        weighted = self.look_basis * self.weight
        by_look = look @ (weighted / (self.look_basis * weighted).sum(1)[:, None]).T
        return np.concatenate([by_shape, by_look], 1).astype(np.float32)

    def shape_of(self, codes: np.ndarray) -> np.ndarray:
        """Landmark offsets from rest, (n, 114), of (n, CODES)."""
        return np.asarray(codes[:, :SHAPE_CODES] @ self.shape_basis)

    def look_of(self, codes: np.ndarray) -> np.ndarray:
        """Look offsets from rest, (n, LOOK), of (n, CODES)."""
        return np.asarray(codes[:, SHAPE_CODES:] @ self.look_basis)


def smooth_pose(landmarks: np.ndarray) -> np.ndarray:
    """Take the trembling out of an unbroken run's stable landmarks, before `MouthModel.pose`."""
    out = landmarks.copy()
    out[:, STABLE] = gaussian_filter1d(landmarks[:, STABLE], 2.0, axis=0, mode="nearest")
    return out


def ring_colour(crop: np.ndarray) -> np.ndarray:
    """Mean colour of the skin around the mouth, (3,) float32."""
    return np.asarray(crop[RING.slices].reshape(-1, 3).mean(0), np.float32)


def look_of_region(region: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Look of the `REGION` of a crop, (LOOK,) float32; `colour` is from `ring_colour`."""
    small = cv2.resize(
        np.asarray(region, np.float32), (LOOK_WIDTH, LOOK_HEIGHT), interpolation=cv2.INTER_AREA
    )
    return np.asarray(small - colour).reshape(-1)


def look(crop: np.ndarray) -> np.ndarray:
    """Look of a (168, 160, 3) crop, (LOOK,) float32."""
    return look_of_region(crop[REGION.slices], ring_colour(crop))


def opening(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the inner lips of (n, 478, 2), reference pixels."""
    return np.asarray(np.linalg.norm(landmarks[:, UPPER_LIP] - landmarks[:, LOWER_LIP], axis=1))


def closed_frames(open_px: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Frames whose mouth is about as closed as it gets within a few seconds."""
    found = []
    for first, last in runs:
        length = last - first
        windows = max(1, round(length / REST_WINDOW))
        for part in np.array_split(np.arange(first, last), windows):
            count = max(3, round(REST_SHARE * len(part)))
            found.append(part[np.argsort(open_px[part], kind="stable")[:count]])
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def rest_of_take(shape: np.ndarray, looks: np.ndarray, closed: np.ndarray, length: int) -> Rest:
    """Rest faces along one take.

    Parameters
    ----------
    shape, looks
        (c, 114) and (c, LOOK) of the closed frames, with the pose's part taken out.
    closed
        (c,) their frame numbers.
    length
        Frames of the take.
    """
    knots = np.linspace(0, max(1, length - 1), max(2, 1 + length // KNOT_EVERY))
    distance = (knots[:, None] - closed[None]) / KNOT_SPREAD
    weights = np.exp(-0.5 * (distance**2 - (distance**2).min(1, keepdims=True)))
    weights /= weights.sum(1, keepdims=True)
    return Rest(
        knots.astype(np.float32),
        (weights @ shape).astype(np.float32),
        (weights @ looks).astype(np.float16),
        closed,
    )


def principal(data: np.ndarray, count: int) -> np.ndarray:
    """Uncentred principal directions of (n, d), each as long as its standard deviation."""
    gram = data @ data.T if len(data) < data.shape[1] else data.T @ data
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    if len(data) < data.shape[1]:
        vectors = data.T @ vectors / np.sqrt(np.maximum(values, 1e-9))
    return np.asarray((vectors * np.sqrt(values / len(data))).T, np.float32)


def ridge(inputs: np.ndarray, outputs: np.ndarray, strength: float) -> np.ndarray:
    """Coefficients (p, d) of the ridge regression of (n, d) `outputs` on (n, p) `inputs`."""
    gram = inputs.T @ inputs + strength * len(inputs) * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, inputs.T @ outputs), np.float32)


def mean_weight(reference: np.ndarray) -> np.ndarray:
    """Which look pixels speech paints, (LOOK,) in [0, 1]."""
    mask = feathered_mask(hull(reference[SHAPE], reference), grow=4.0)
    small = cv2.resize(mask, (LOOK_WIDTH, LOOK_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.repeat(small.reshape(-1), 3).astype(np.float32)


def smooth_runs(landmarks: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """`smooth_pose` of every run of a take; NaN outside them."""
    out = np.full_like(landmarks, np.nan)
    for first, last in runs:
        out[first:last] = smooth_pose(landmarks[first:last])
    return out


def find_rest(
    model: MouthModel, landmarks: np.ndarray, looks: np.ndarray, pose: np.ndarray, runs: np.ndarray
) -> Rest:
    """Rest faces along the runs of one take.

    Parameters
    ----------
    model
        Only what it says of the pose is used.
    landmarks, looks, pose
        (n, 478, 2), (n, LOOK) and (n, POSES) of the take.
    runs
        (r, 2).
    """
    closed = closed_frames(opening(landmarks), runs)
    shape = landmarks[closed][:, SHAPE].reshape(len(closed), -1)
    own = np.asarray(looks[closed], np.float32)
    return rest_of_take(
        shape - pose[closed] @ model.shape_pose,
        own - pose[closed] @ model.look_pose,
        closed,
        len(landmarks),
    )


def offsets(
    model: MouthModel,
    landmarks: np.ndarray,
    looks: np.ndarray,
    pose: np.ndarray,
    rest: Rest,
    frames: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """How far shape (m, 114) and look (m, LOOK) of some frames of a take are from rest."""
    shape, look = rest.at(frames)
    shape = landmarks[frames][:, SHAPE].reshape(len(frames), -1) - shape
    shape -= pose[frames] @ model.shape_pose
    look *= -1
    look += looks[frames]
    look -= pose[frames] @ model.look_pose
    return shape, look


def in_parts(frames: np.ndarray) -> list[np.ndarray]:
    """Frame numbers in pieces whose looks fit into little memory."""
    return np.array_split(frames, 1 + len(frames) // 250)


def fit_model(
    landmarks: Sequence[np.ndarray],
    looks: Sequence[np.ndarray],
    runs: Sequence[np.ndarray],
    reference: np.ndarray,
) -> MouthModel:
    """Fit the model to takes.

    Parameters
    ----------
    landmarks
        One (n, 478, 2) a take, reference pixels, NaN outside its runs.
    looks
        One (n, LOOK) a take (may lie on disk).
    runs
        One (r, 2) a take, at least one run in each.
    reference
        (478, 2) mean face.
    """
    smooth = [smooth_runs(points, spans) for points, spans in zip(landmarks, runs, strict=True)]
    inside = [np.concatenate([np.arange(a, b) for a, b in spans]) for spans in runs]
    stable = np.concatenate(
        [points[i][:, STABLE].reshape(len(i), -1) for points, i in zip(smooth, inside, strict=True)]
    )
    pose_mean = stable.mean(0)
    basis = principal((stable - pose_mean)[:: 1 + len(stable) // FIT_FRAMES], POSES)
    weight = mean_weight(reference)
    model = MouthModel(
        pose_mean,
        basis,
        np.zeros((POSES, 2 * len(SHAPE)), np.float32),
        np.zeros((POSES, LOOK), np.float32),
        np.zeros((SHAPE_CODES, 2 * len(SHAPE)), np.float32),
        np.zeros((LOOK_CODES, LOOK), np.float32),
        weight,
    )

    # How the resting face moves with the head: from each take's closed frames.
    poses = [model.pose(points).astype(np.float32) for points in smooth]
    inputs: list[np.ndarray] = []
    shapes: list[np.ndarray] = []
    rest_looks: list[np.ndarray] = []
    for points, own, pose, spans in zip(landmarks, looks, poses, runs, strict=True):
        closed = closed_frames(opening(points), spans)
        for values, into in (
            (pose[closed], inputs),
            (points[closed][:, SHAPE].reshape(len(closed), -1), shapes),
            (np.asarray(own[closed], np.float32), rest_looks),
        ):
            into.append(values - values.mean(0))
    x = np.concatenate(inputs)
    model = dataclasses.replace(
        model,
        shape_pose=ridge(x, np.concatenate(shapes), 0.05),
        look_pose=ridge(x, np.concatenate(rest_looks), 0.05),
    )
    del shapes, rest_looks

    # What speech does on top of it.
    every = 1 + sum(len(i) for i in inside) // FIT_FRAMES
    root = np.sqrt(weight)
    sampled = np.empty((sum(len(i[::every]) for i in inside), LOOK), np.float32)
    shape_offsets, filled = [], 0
    for points, own, pose, spans, i in zip(landmarks, looks, poses, runs, inside, strict=True):
        rest = find_rest(model, points, own, pose, spans)
        for frames in in_parts(i[::every]):
            shape, look = offsets(model, points, own, pose, rest, frames)
            shape_offsets.append(shape)
            np.multiply(look, root, out=sampled[filled : filled + len(frames)])
            filled += len(frames)
    look_basis = principal(sampled, LOOK_CODES) / np.maximum(root, 1e-3)
    look_basis[:, weight < 1e-3] = 0
    shape_basis = principal(np.concatenate(shape_offsets), SHAPE_CODES)
    return dataclasses.replace(model, shape_basis=shape_basis, look_basis=look_basis)
