"""Painting a mouth into a base frame: warp, low and high picture bands, feathered paste.

A real patch is bent by a smooth field so that its landmarks lie where they should. Its fine detail
is kept; what is coarser than a few pixels (shadow of an open mouth, roundness of lips, light of the
room) is replaced by what the mouth model expects at that moment of the base footage, so that
neither light nor mouth jumps where the path does. (Two of the bands of Burt and Adelson 1983,
"A Multiresolution Spline".)
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial.distance import cdist

from vivant.face.codes import LOOK_HEIGHT, LOOK_WIDTH, MouthModel, look_of_region
from vivant.face.crop import REGION, SHAPE, feathered_mask, hull, invert
from vivant.face.landmarks import CHEEKS, NOSE_BASE

GRID = 4  # reference pixels between two knots of the warp field
REACH = 16.0  # reference pixels over which a landmark pulls its surroundings
STIFFNESS = 0.02  # how much the field may miss a landmark, to stay smooth
MAX_PULL = 8.0  # reference pixels a landmark may be moved
BAND = 1.0  # look pixels (two reference pixels), standard deviation between low and high band


@dataclass(frozen=True)
class Painter:
    """What is the same for all frames of a person."""

    mouth: MouthModel
    reference: np.ndarray  # (478, 2)
    scale: float  # patch pixels a reference pixel
    pull: np.ndarray  # (knots, 57) how far each landmark's move is felt at each knot
    knots_x: int
    knots_y: int
    weight: np.ndarray  # (LOOK_HEIGHT, LOOK_WIDTH, 1)


@dataclass(frozen=True)
class Target:
    """The face of one base frame, and the mouth it is to get."""

    matrix: np.ndarray  # (2, 3) frame to crop
    shape: np.ndarray  # (57, 2) landmarks it has
    wanted_shape: np.ndarray  # (57, 2) landmarks it is to get
    wanted_look: np.ndarray  # (LOOK,) look it is to get
    colour: np.ndarray  # (3,) skin around the mouth


@dataclass(frozen=True)
class Source:
    """A frame of the bank."""

    patch: np.ndarray  # (h, w, 3) uint8
    shape: np.ndarray  # (57, 2) landmarks, from the model rather than the tracker
    colour: np.ndarray  # (3,)


def make_painter(mouth: MouthModel, reference: np.ndarray, scale: float) -> Painter:
    """Solve the warp field's interpolation once.

    The field is a Gaussian process with a Matérn 3/2 kernel through the landmarks' moves, and
    through zero at the nose, the cheeks and the border of the region.
    """
    xs = np.arange(REGION.left, REGION.right + GRID, GRID, dtype=np.float64)
    ys = np.arange(REGION.top, REGION.bottom + GRID, GRID, dtype=np.float64)
    knots = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    border_x, border_y = np.meshgrid(
        np.linspace(REGION.left, REGION.right, 9), np.linspace(REGION.top, REGION.bottom, 7)
    )
    border = np.stack([border_x.ravel(), border_y.ravel()], -1)
    edge = (
        (border[:, 0] <= REGION.left) | (border[:, 0] >= REGION.right)
        | (border[:, 1] <= REGION.top) | (border[:, 1] >= REGION.bottom)
    )  # fmt: skip
    still = reference[np.concatenate([[NOSE_BASE, 98, 327], CHEEKS])]
    points = np.concatenate([reference[SHAPE], still, border[edge]])

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        far = cdist(a, b) * np.sqrt(3) / REACH
        return np.asarray((1 + far) * np.exp(-far))

    gram = kernel(points, points) + STIFFNESS * np.eye(len(points))
    pull = np.linalg.solve(gram, kernel(points, knots)).T[:, : len(SHAPE)]
    weight = mouth.weight.reshape(LOOK_HEIGHT, LOOK_WIDTH, 3)[:, :, :1]
    return Painter(mouth, reference, scale, pull.astype(np.float32), len(xs), len(ys), weight)


@functools.cache
def _knots() -> np.ndarray:
    xs = np.arange(REGION.left, REGION.right + GRID, GRID, dtype=np.float32)
    ys = np.arange(REGION.top, REGION.bottom + GRID, GRID, dtype=np.float32)
    return np.stack(np.meshgrid(xs, ys), -1)


def _to_patch(field: np.ndarray, scale: float) -> np.ndarray:
    """Reference pixels to pixels of a patch (see `crop.cut`)."""
    corner = np.array([REGION.left, REGION.top], np.float32)
    return np.asarray((field - corner + 0.5) * scale - 0.5, np.float32)


def _scaled(scale_x: float, scale_y: float, left: float, top: float) -> np.ndarray:
    """Matrix from reference pixels to a grid with `scale` cells a pixel that starts at a corner."""
    return np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y]])


def _chain(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The matrix that applies `first`, then `second`."""
    return second @ np.vstack([first, [0, 0, 1]])


def paint(painter: Painter, frame: np.ndarray, target: Target, source: Source) -> None:
    """Paint the source's mouth into `frame`, in place.

    Parameters
    ----------
    painter
        From `make_painter`.
    frame
        (H, W, 3) uint8, the base frame; `target.matrix` leads from its pixels to the crop.
    target, source
        See `Target` and `Source`.
    """
    move = np.clip(source.shape - target.wanted_shape, -MAX_PULL, MAX_PULL).astype(np.float32)
    bent = (painter.pull @ move).reshape(painter.knots_y, painter.knots_x, 2) + _knots()
    field = _to_patch(bent, painter.scale)

    correction = _low_band(painter, bent, target, source)
    outline = np.concatenate(
        [hull(target.wanted_shape, painter.reference), hull(target.shape, painter.reference)]
    )
    mask = feathered_mask(outline)

    # From here on in the pixels of the frame, only where the region lies.
    corners = np.array(
        [[x, y, 1.0] for x in (REGION.left, REGION.right) for y in (REGION.top, REGION.bottom)]
    )
    on_frame = corners @ invert(target.matrix).T
    height, width = frame.shape[:2]
    x0, y0 = np.maximum(0, np.floor(on_frame.min(0))).astype(int)
    x1, y1 = np.minimum([width, height], np.ceil(on_frame.max(0)).astype(int) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    to_crop = target.matrix.copy()
    to_crop[:, 2] += target.matrix[:, :2] @ np.array([x0, y0])
    size = (int(x1 - x0), int(y1 - y0))
    linear = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def onto(picture: np.ndarray, to_picture: np.ndarray, border: int) -> np.ndarray:
        matrix = _chain(to_picture, to_crop)
        return np.asarray(cv2.warpAffine(picture, matrix, size, flags=linear, borderMode=border))

    knots = _scaled(1 / GRID, 1 / GRID, REGION.left, REGION.top)
    where = onto(field, knots, cv2.BORDER_REPLICATE)
    pasted = cv2.remap(
        source.patch, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    halves = _scaled(0.5, 0.5, REGION.left + 0.5, REGION.top + 0.5)
    pasted += onto(correction, halves, cv2.BORDER_REPLICATE)
    opacity = onto(mask, _scaled(1, 1, REGION.left, REGION.top), cv2.BORDER_CONSTANT)
    part = frame[y0:y1, x0:x1]
    mixed = part + (pasted - part) * opacity[:, :, None]
    part[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _low_band(painter: Painter, bent: np.ndarray, target: Target, source: Source) -> np.ndarray:
    """What to add to the bent patch, (LOOK_HEIGHT, LOOK_WIDTH, 3) float32 grey levels."""
    shown = look_of_region(source.patch, source.colour).reshape(LOOK_HEIGHT, LOOK_WIDTH, 3)
    centre = np.array([REGION.left + 0.5, REGION.top + 0.5], np.float32)
    halves = (bent - centre) / 2
    # Look pixel k has its centre half a reference pixel right of reference pixel 2 k.
    look_grid = np.array([[2 / GRID, 0, 0.5 / GRID], [0, 2 / GRID, 0.5 / GRID]])
    where = cv2.warpAffine(
        halves,
        look_grid,
        (LOOK_WIDTH, LOOK_HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    moved = cv2.remap(shown, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    wanted = target.wanted_look.reshape(LOOK_HEIGHT, LOOK_WIDTH, 3)
    missing = cv2.GaussianBlur(wanted - moved, (0, 0), BAND)
    # Outside the painted part only the light is matched.
    return np.asarray(missing * painter.weight + (target.colour - source.colour), np.float32)
