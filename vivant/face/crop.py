"""The stabilised crop: one coordinate system in which a person's face does not move.

Everything the face package measures or paints is in *reference pixels*: a similarity transform
(turn, scale, shift) lays the stable landmarks of a frame on the person's mean face, which is 118
pixels wide with the chin at row 142 of a crop 160 wide and 168 high. `REGION` is the part of it
that speech moves. Patches are the same region with more pixels, when the footage has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from vivant.face.landmarks import (
    CHEEKS,
    CHIN,
    JAW,
    LEFT_CHEEK_EDGE,
    MOUTH,
    NOSE_BASE,
    RIGHT_CHEEK_EDGE,
    STABLE,
)

cv2.setNumThreads(1)

CROP, CROP_HEIGHT = 160, 168  # reference pixels; an open jaw reaches below row 160
FACE_WIDTH = 118.0  # reference pixels between the cheek edges
CHIN_ROW = 142.0
SMOOTHING = 2.0  # frames, standard deviation of the Gaussian over the stable landmarks

SHAPE = np.concatenate([MOUTH, JAW])  # the landmarks that speech moves


@dataclass(frozen=True)
class Box:
    """A rectangle in reference pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of a crop."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


REGION = Box(8, 64, 152, 168)  # from the nose to below an open jaw
RING = Box(40, 66, 136, 86)  # nose and cheeks: skin that does not move, for matching colours


def fit_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares turn, scale and shift from `source` to `target` (Umeyama 1991, in the plane).

    Parameters
    ----------
    source, target
        (n, 2) points.

    Returns
    -------
    (2, 3) matrix, to be applied with `transform`.
    """
    mean_source, mean_target = source.mean(0), target.mean(0)
    a, b = source - mean_source, target - mean_target
    norm = (a * a).sum()
    cos = (a * b).sum() / norm
    sin = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / norm
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.c_[turn, mean_target - turn @ mean_source]


def transform(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) matrix to (..., 2) points."""
    moved: np.ndarray = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def invert(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a (2, 3) matrix."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(matrix, np.float64)))


def reference_face(samples: np.ndarray) -> np.ndarray:
    """The person's mean face in reference pixels.

    Parameters
    ----------
    samples
        (n, 478, 2) landmarks of frames spread over the footage.

    Returns
    -------
    (478, 2) landmarks: upright, 118 wide, centred on column 80, chin on row 142.
    """
    mean = np.asarray(samples[0], np.float64)
    for _ in range(3):  # generalised Procrustes: align on the mean, then take the mean again
        aligned = [transform(s, fit_similarity(s[STABLE], mean[STABLE])) for s in samples]
        mean = np.mean(aligned, axis=0)
    mean -= mean.mean(0)
    mean *= FACE_WIDTH / np.linalg.norm(mean[RIGHT_CHEEK_EDGE] - mean[LEFT_CHEEK_EDGE])
    across = mean[263] - mean[33]  # outer eye corners
    angle = -np.arctan2(across[1], across[0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mean = mean @ turn.T
    mean[:, 0] += CROP / 2 - (mean[LEFT_CHEEK_EDGE, 0] + mean[RIGHT_CHEEK_EDGE, 0]) / 2
    mean[:, 1] += CHIN_ROW - mean[CHIN, 1]
    return mean


def stabilise(landmarks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Frame-to-crop transforms that do not tremble.

    Parameters
    ----------
    landmarks
        (n, 478, 2) of one unbroken run of frames, in frame pixels.
    reference
        From `reference_face`.

    Returns
    -------
    (n, 2, 3) matrices.
    """
    stable = gaussian_filter1d(
        landmarks[:, STABLE].astype(np.float64), SMOOTHING, axis=0, mode="nearest"
    )
    return np.stack([fit_similarity(points, reference[STABLE]) for points in stable])


def cut(rgb: np.ndarray, matrix: np.ndarray, box: Box, scale: float = 1.0) -> np.ndarray:
    """Cut `box` of the crop out of a frame with `scale` pixels a reference pixel."""
    size = (round(box.width * scale), round(box.height * scale))
    to_box = np.asarray(matrix, np.float64) * scale
    # Pixel centres: sample k of the patch lies at reference (k + .5) / scale - .5.
    to_box[:, 2] += 0.5 * scale - 0.5 - scale * np.array([box.left, box.top])
    return np.asarray(
        cv2.warpAffine(rgb, to_box, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )


def patch_scale(face_width: float) -> float:
    """Pixels a reference pixel that keep a face of `face_width` frame pixels sharp.

    A seventh more than the footage has, because a patch is resampled twice; never fewer than one.
    """
    return float(np.clip(round(1.15 * face_width / FACE_WIDTH * 8) / 8, 1.0, 6.0))


def hull(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Outline of the moving lower face: jaw, nose base and cheeks.

    Parameters
    ----------
    points
        (57, 2) landmarks in the order of `SHAPE`, reference pixels.
    reference
        From `reference_face`; gives the points that do not move.
    """
    jaw = points[len(MOUTH) :]
    fixed = reference[np.concatenate([[NOSE_BASE], CHEEKS])]
    return np.concatenate([jaw, fixed])


def feathered_mask(points: np.ndarray, grow: float = 3.0, feather: float = 2.5) -> np.ndarray:
    """Opacity of a pasted lower face over `REGION`.

    Parameters
    ----------
    points
        (n, 2) points, reference pixels; their convex hull is covered.
    grow, feather
        Pixels beyond the hull, and the Gaussian softening of its edge.

    Returns
    -------
    (104, 144) float32 in [0, 1].
    """
    outline = cv2.convexHull((points - [REGION.left, REGION.top]).astype(np.float32))
    mask = np.zeros((REGION.height, REGION.width), np.uint8)
    fixed_point = np.round(np.asarray(outline, np.float64) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed_point, (255,), cv2.LINE_AA, 4)
    side = 2 * round(grow) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    grown[:16] = 0  # above reference row 80 nothing moves
    soft = np.asarray(cv2.GaussianBlur(grown / np.float32(255), (0, 0), feather), np.float32)
    edge = np.minimum(1.0, np.arange(REGION.width) / 4)
    soft *= np.minimum(edge, edge[::-1])[None]
    soft *= np.minimum(1.0, np.arange(REGION.height)[::-1] / 4)[:, None]
    return soft
