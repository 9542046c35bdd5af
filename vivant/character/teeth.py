"""Two rows of single teeth with gums, made to sit inside the lips.

The base mesh has only two coarse blocks wider than the mouth, so teeth are built here: an arch, and
a rounded grid of points for every crown.
"""

from __future__ import annotations

import numpy as np

from vivant.character.mesh import base_mesh, group_vertices, unit_displacements
from vivant.motion.units import UNITS

# Width and height of the crowns from the middle outwards, dm (R. C. Wheeler, "Dental Anatomy").
_UPPER = ((0.085, 0.102), (0.066, 0.088), (0.076, 0.098), (0.070, 0.085), (0.068, 0.078),
          (0.10, 0.072), (0.09, 0.068))  # fmt: skip
_LOWER = ((0.053, 0.088), (0.059, 0.090), (0.069, 0.100), (0.070, 0.085), (0.071, 0.078),
          (0.11, 0.072), (0.10, 0.068))  # fmt: skip
ENAMEL = np.array([0.78, 0.71, 0.59])  # linear
GUM = np.array([0.42, 0.135, 0.13])


def row_of_teeth(front: np.ndarray, *, upper: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Teeth and gum of one jaw.

    Parameters
    ----------
    front
        (3,): the biting edge between the two middle teeth.

    Returns
    -------
    points (n, 3), triangles (t, 3) int, linear colour (n, 3).
    """
    sizes = _UPPER if upper else _LOWER
    sign = 1.0 if upper else -1.0
    wide, deep = (0.275, 0.42) if upper else (0.255, 0.40)

    # The arch as a curve by its length: half an ellipse, flattened at the front.
    t = np.linspace(0, np.pi / 2 * 0.98, 400)
    arch = np.stack([wide * np.sin(t) ** 0.92, -deep * (1 - np.cos(t) ** 1.1)], 1)
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(arch, axis=0), axis=1))]

    def along(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place and outward direction in the x-z plane at the signed length `s`."""
        x = np.interp(np.abs(s), length, arch[:, 0]) * np.sign(s)
        z = np.interp(np.abs(s), length, arch[:, 1])
        step = 0.01
        x2 = np.interp(np.abs(s) + step, length, arch[:, 0]) * np.where(s < 0, -1, 1)
        z2 = np.interp(np.abs(s) + step, length, arch[:, 1])
        tangent = np.stack([x2 - x, z2 - z], -1)
        tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-9
        side = np.where(s < 0, -1.0, 1.0)[..., None]
        out = np.stack([-tangent[..., 1], tangent[..., 0]], -1) * side
        return np.stack([x, z], -1), out

    points, triangles, colours = [], [], []
    count = 0

    def grid(p: np.ndarray, c: np.ndarray, flip: bool) -> None:
        nonlocal count
        rows, columns = p.shape[:2]
        i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel() + count
        a, b, d, e = i, i + 1, i + columns, i + columns + 1
        quads = [np.stack([a, b, e], 1), np.stack([a, e, d], 1)]
        triangles.extend([q[:, ::-1] if flip else q for q in quads])
        points.append(p.reshape(-1, 3))
        colours.append(c.reshape(-1, 3))
        count += rows * columns

    u = np.linspace(-1, 1, 9)[None, :]
    v = np.linspace(0, 1, 9)[:, None]  # 0 the biting edge, 1 under the gum
    for side in (-1.0, 1.0):
        start = 0.0
        for number, (width, height) in enumerate(sizes):
            middle = start + width / 2
            start += width
            # Crowns narrow towards the gum and round off at the corners of the biting edge.
            narrow = 0.5 * width * (0.985 - 0.16 * v**1.5)
            s = side * middle + u * narrow
            place, out = along(s)
            bulge = (
                0.020 * (1 - np.abs(u) ** 3.0) * (0.35 + 0.65 * np.sin(np.pi * (0.25 + 0.6 * v)))
            )
            bulge = bulge - 0.03 * (1 - v) ** 6
            corner = 0.011 * np.abs(u) ** 5 * (1 - v) ** 2
            canine = 0.010 * (1 - np.abs(u)) * (number == 2) * (1 - v)
            lift = 0.004 * (number == 1) + 0.003 * number
            y = front[1] + sign * (v * (height * 1.12) + corner - canine + lift)
            p = np.stack(
                [
                    front[0] + place[..., 0] + out[..., 0] * bulge,
                    y * np.ones_like(u),
                    front[2] + place[..., 1] + out[..., 1] * bulge,
                ],
                -1,
            )
            gap = 1 - 0.38 * np.abs(u) ** 8
            shade = (0.93 + 0.07 * np.sin(np.pi * v)) * gap * (1 - 0.035 * number)
            root = np.clip((v - 0.55) / 0.45, 0, 1)
            colour = (
                ENAMEL * shade[..., None] * (1 + root[..., None] * np.array([-0.02, -0.08, -0.16]))
            )
            grid(p, colour, flip=(not upper))
    # The gum: a band whose edge rises between the teeth.
    total = sum(width for width, _ in sizes)
    s = np.linspace(-total, total, 121)[None, :]
    edges = np.cumsum([0.0, *(width for width, _ in sizes)])
    middles = (edges[:-1] + edges[1:]) / 2
    nearest = np.abs(np.abs(s)[..., None] - middles).argmin(-1)
    widths, heights = np.array(sizes).T
    across = (np.abs(s) - middles[nearest]) / (widths[nearest] / 2)
    crown = heights[nearest] - 0.026 * np.clip(np.abs(across), 0, 1) ** 2.5
    crown = np.apply_along_axis(
        lambda row: np.convolve(np.pad(row, 2, mode="edge"), np.ones(5) / 5, "valid"), 1, crown
    )
    w = np.linspace(0, 1, 6)[:, None]
    place, out = along(s * np.ones_like(w))
    thick = 0.004 + 0.020 * np.sin(np.pi * np.clip(w * 0.9 + 0.02, 0, 1)) ** 0.7
    y = front[1] + sign * (crown + 0.008 + w * 0.16)
    p = np.stack(
        [front[0] + place[..., 0] + out[..., 0] * thick, y, front[2] + place[..., 1]
         + out[..., 1] * thick - 0.05 * w**2],
        -1,
    )  # fmt: skip
    colour = GUM * (1 - 0.25 * w[..., None]) * np.ones((1, s.shape[1], 1))
    grid(p, colour, flip=(not upper))
    return np.concatenate(points), np.concatenate(triangles), np.concatenate(colours)


def jaw_motion(points: np.ndarray) -> np.ndarray:
    """How the face units carry things fixed to the lower jaw: (52, n, 3).

    The motion is the affine map that best follows the base mesh's own lower teeth.
    """
    teeth = group_vertices("helper-lower-teeth")
    rest = base_mesh().vertices[teeth]
    rows = np.c_[rest, np.ones(len(rest))]
    target_rows = np.c_[points, np.ones(len(points))]
    moved = unit_displacements()[:, teeth]
    out = np.zeros((len(UNITS), len(points), 3))
    for k in range(len(UNITS)):
        if np.abs(moved[k]).max() > 0.005:
            out[k] = target_rows @ np.linalg.lstsq(rows, moved[k], rcond=None)[0]
    return out
