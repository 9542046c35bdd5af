"""Clothes: knitted sweaters draped from a neckline outwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivant.character.hair import Scalp


@dataclass(frozen=True)
class Garment:
    """A mesh that rests on the body."""

    points: np.ndarray  # (n, 3) float64
    triangles: np.ndarray  # (t, 3) int
    colour: np.ndarray  # (n, 3) linear
    uv: np.ndarray  # (n, 2): stitches across and along; 0 for plain cloth


def _grid(rows: int, columns: int, closed: bool) -> np.ndarray:
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - (not closed)), indexing="ij")
    a = (i * columns + j).ravel()
    b = (i * columns + (j + 1) % columns).ravel()
    return np.concatenate(
        [np.stack([a, a + columns, b + columns], 1), np.stack([a, b + columns, b], 1)]
    )


def _neck_ring(body: Scalp, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Points on the neck's skin at these angles (0 is the front) and heights."""
    axis = np.array([0.0, 0.0, 0.18])
    out = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], 1)
    at = axis + 1.6 * out
    at[:, 1] = height
    for _ in range(40):
        off, _ = body.distance(at)
        at = at - out * (0.6 * off)[:, None]
    return at


def sweater(
    body: Scalp,
    neck_y: float,
    colour: np.ndarray,
    rng: np.random.Generator,
    *,
    wide: float,
    rows: int = 64,
    thick: float = 0.045,
) -> Garment:
    """Drape a crew-neck sweater.

    Parameters
    ----------
    body
        Points of the torso and neck with smooth normals.
    neck_y
        Height of the hollow of the throat.
    wide
        How much wider and lower than the neck the opening is, dm.
    rows
        How far it reaches, 0.035 dm a row; a shirt under a sweater only needs its edge.
    thick
        How far off the skin it lies, dm.
    """
    columns, step = 220, 0.035
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    front = 0.5 + 0.5 * np.cos(angle)
    ring = _neck_ring(body, angle, neck_y + 0.42 - 0.42 * front**0.8)
    at = ring
    path = []
    phase = rng.uniform(0, 6.28, 4)
    # March from the neck outwards along the skin; the opening begins after `wide`.
    skip = max(1, round(wide / step))
    for k in range(rows + skip):
        off, normal = body.distance(at)
        s = max(k - skip, 0) * step
        if k >= skip:
            rim = (thick / 0.045) * 0.030 * np.exp(-(((s - 0.06) / 0.07) ** 2)) + 0.015 * (s < 0.14)
            fold = 0.010 * np.sin(3 * angle + 5 * s + phase[0]) * np.sin(7 * s + phase[1])
            fold += 0.008 * np.sin(7 * angle + phase[2]) * np.cos(3 * s + phase[3])
            away = thick + rim + fold * min(s / 0.3, 1.0)
            path.append(at + normal * (away - off)[:, None])
        away = at - [0.0, 0.0, 0.18]
        away[:, 1] = 0.0
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        pull = away + [0.0, -0.9, 0.0]
        pull = pull - normal * (pull * normal).sum(1, keepdims=True)
        pull /= np.linalg.norm(pull, axis=1, keepdims=True) + 1e-9
        at = at + pull * step - normal * (0.5 * (off - 0.02))[:, None]
        at = 0.5 * at + 0.25 * (np.roll(at, 1, 0) + np.roll(at, -1, 0))
    # The rim turns inwards, so that the edge has thickness.
    inner = np.stack(path)[0]
    off, normal = body.distance(inner)
    lip = [inner - normal * (off - 0.004)[:, None], inner - normal * (0.5 * off)[:, None]]
    points = np.concatenate([np.stack(lip), np.stack(path)])
    count = len(points)
    uv = np.zeros((count, columns, 2))
    length = np.arange(count) * step
    around = np.linspace(0, 1, columns, endpoint=False)[None] * np.ones((count, 1))
    uv[..., 0] = np.minimum(around, 1 - around) * 2 * 90
    uv[..., 1] = (length / 0.045)[:, None]
    rib = length < 0.20
    shade = np.where(rib, 0.93, 1.0)
    shade[:2] = 0.45
    tint = np.ones((count, columns, 1)) * shade[:, None, None] * colour
    return Garment(
        points.reshape(-1, 3),
        _grid(count, columns, closed=True),
        tint.reshape(-1, 3),
        uv.reshape(-1, 2),
    )
