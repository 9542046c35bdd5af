"""Clothes: a knitted sweater draped from a neckline outwards, and a shirt collar."""

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
    body: Scalp, neck_y: float, colour: np.ndarray, rng: np.random.Generator, *, wide: float
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
    """
    columns, rows, step = 220, 64, 0.035
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
            rim = 0.030 * np.exp(-(((s - 0.06) / 0.07) ** 2)) + 0.015 * (s < 0.14)
            fold = 0.010 * np.sin(3 * angle + 5 * s + phase[0]) * np.sin(7 * s + phase[1])
            fold += 0.008 * np.sin(7 * angle + phase[2]) * np.cos(3 * s + phase[3])
            thick = 0.045 + rim + fold * min(s / 0.3, 1.0)
            path.append(at + normal * (thick - off)[:, None])
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


def shirt_front(body: Scalp, neck_y: float, colour: np.ndarray) -> Garment:
    """The part of a shirt that shows in the opening of a sweater."""
    columns, rows = 40, 12
    angle = np.linspace(-0.55, 0.55, columns)
    path = []
    for k in range(rows):
        at = _neck_ring(body, angle, np.full(columns, neck_y + 0.22 - 0.05 * k))
        off, normal = body.distance(at)
        path.append(at + normal * (0.030 - off)[:, None])
    points = np.stack(path)
    return Garment(
        points.reshape(-1, 3),
        _grid(rows, columns, closed=False),
        np.broadcast_to(colour, (rows * columns, 3)),
        np.zeros((rows * columns, 2)),
    )


def shirt_collar(body: Scalp, neck_y: float, colour: np.ndarray) -> Garment:
    """A folded collar, open at the throat, whose wings lie on the sweater."""
    columns, rows = 160, 15
    opening = 0.0
    angle = np.linspace(opening, 2 * np.pi - opening, columns)
    front = 0.5 + 0.5 * np.cos(angle)
    base = _neck_ring(body, angle, neck_y + 0.40 - 0.37 * front)
    out = base - [0.0, 0.0, 0.18]
    out[:, 1] = 0
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    near = np.exp(-(((np.minimum(angle, 2 * np.pi - angle) - opening) / 0.35) ** 2))
    up = np.array([0.0, 1.0, 0.0])
    path = []
    for k in range(rows):
        t = k / (rows - 1)
        if t < 0.4:  # the stand
            q = t / 0.4
            p = base + out * (0.035 + 0.02 * q) + up * (-0.05 + 0.30 * q)
        else:  # the fold and the leaf
            q = (t - 0.4) / 0.6
            drop = (0.33 + 0.16 * near)[:, None]
            spread = (0.075 + 0.17 * q + 0.10 * near * q)[:, None]
            top = 0.25 + 0.022 * np.sin(min(q * 6, 1) * np.pi)
            p = base + out * spread + up * top - up * drop * q**1.15
            # The leaf lies on the sweater, not in it; its two points part below the throat.
            off, normal = body.distance(p)
            p = p + normal * np.maximum(0.13 - off, 0)[:, None] * min(q * 2, 1.0)
            p[:, 0] += np.where(angle < np.pi, 1.0, -1.0) * near * 0.16 * q**2
        path.append(p)
    points = np.stack(path)
    shade = np.ones((rows, columns, 1))
    shade[:4] = 0.75
    outside = _grid(rows, columns, closed=False)
    count = rows * columns
    return Garment(  # thin cloth is seen from both sides, and each has its own normals
        np.tile(points.reshape(-1, 3), (2, 1)),
        np.concatenate([outside, outside[:, ::-1] + count]),
        np.tile((shade * colour).reshape(-1, 3), (2, 1)),
        np.zeros((2 * count, 2)),
    )
