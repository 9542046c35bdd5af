"""Light: three soft lamps and a bright room, with shadows and occlusion baked once a presenter.

What a lamp sees of the head is measured by drawing the scene from many directions; what is stored
a point is the share of a lamp, and of the room, that reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from vivant.character.raster import raster_strands, raster_triangles, seen_from


@dataclass(frozen=True)
class Lamp:
    """A soft box far away."""

    direction: tuple[float, float, float]  # towards the lamp
    colour: tuple[float, float, float]  # linear
    spread: float  # radius of the box as the tangent of its angle


LAMPS = (
    Lamp((-0.50, 0.52, 0.78), (1.30, 1.22, 1.12), 0.42),  # key: the viewer's left, above
    Lamp((0.85, 0.12, 0.60), (0.30, 0.33, 0.38), 0.60),  # fill: the other side, cooler
    Lamp((0.62, 0.62, -0.72), (1.30, 1.34, 1.45), 0.30),  # rim: behind
)
SKY = np.array([0.30, 0.315, 0.345], np.float32)  # the room from above
GROUND = np.array([0.17, 0.14, 0.125], np.float32)  # and from below
_MAP = 420  # pixels a side of a bake's depth map


def lamp_table() -> np.ndarray:
    """The lamps for `raster.shade`: (3, 6) float32, unit direction and colour."""
    rows = []
    for lamp in LAMPS:
        direction = np.array(lamp.direction)
        rows.append([*(direction / np.linalg.norm(direction)), *lamp.colour])
    return np.array(rows, np.float32)


@dataclass(frozen=True)
class Caster:
    """What throws shadows in a bake."""

    points: np.ndarray  # (n, 3) float32
    triangles: np.ndarray  # (t, 3) int32
    strands: np.ndarray  # (m, 3) float32
    starts: np.ndarray  # (s + 1,) int32


def _frame(direction: np.ndarray) -> np.ndarray:
    forward = direction / np.linalg.norm(direction)
    side = np.cross([0.0, 1.0, 0.1], forward)
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(forward, side), forward])


def _sphere(count: int) -> np.ndarray:
    """Evenly spread directions (Fibonacci lattice): (count, 3)."""
    i = np.arange(count) + 0.5
    z = 1 - 2 * i / count
    angle = np.pi * (1 + 5**0.5) * i
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(angle), z, across * np.sin(angle)], 1)


def bake(
    caster: Caster, points: np.ndarray, normals: np.ndarray, hair: np.ndarray, *, rays: int = 48
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each lamp and of the room that reaches each point, and each hair's vertex.

    Parameters
    ----------
    points, normals
        (p, 3): surfaces take light from their side only.
    hair
        (h, 3): hairs take light from everywhere, and let some through.
    rays
        Directions for the room.

    Returns
    -------
    (p, 4) and (h, 4) float32, 0 to 1: key, fill, rim, room.
    """
    centre = np.array([0.0, 7.0, 0.3], np.float32)
    scale = np.float32(_MAP / 5.2)
    solid, strands, surface, fibre = (
        np.ascontiguousarray((x - centre).T, dtype=np.float32)
        for x in (caster.points, caster.strands, points, hair)
    )
    normals = normals.astype(np.float32)
    thick = np.zeros(len(caster.strands), np.bool_)
    out, out_hair = np.zeros((len(points), 4), np.float32), np.zeros((len(hair), 4), np.float32)
    seen, seen_hair = np.zeros(len(points), np.float32), np.zeros(len(hair), np.float32)

    def look(direction: np.ndarray) -> None:
        axes = (_frame(direction) * [[scale], [-scale], [1.0]]).astype(np.float32)
        middle = np.array([_MAP / 2, _MAP / 2, 20], np.float32)

        def project(x: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray((axes @ x).T) + middle

        depth = np.zeros((_MAP, _MAP), np.float32)
        ids = np.zeros((_MAP, _MAP), np.int32)
        raster_triangles(project(solid), caster.triangles, depth, ids, 0, False)
        raster_strands(project(strands), caster.starts, thick, depth, ids, 0)
        seen_from(project(surface), depth, 0.03, 0.05, seen)
        seen_from(project(fibre), depth, 0.02, 0.35, seen_hair)

    rng = np.random.default_rng(0)
    samples = 14
    for k, lamp in enumerate(LAMPS):
        axes = _frame(np.array(lamp.direction))
        for i in range(samples):
            radius = lamp.spread * np.sqrt((i + rng.random()) / samples)
            angle = 2.39996 * i
            look(axes[2] + radius * (np.cos(angle) * axes[0] + np.sin(angle) * axes[1]))
            out[:, k] += seen / samples
            out_hair[:, k] += seen_hair / samples
    total, total_hair = np.full(len(points), 1e-3, np.float32), 1e-3
    for ray in _sphere(rays):
        if ray[1] < -0.75:
            continue
        look(ray)
        share = 0.65 + 0.35 * float(ray[1])
        weight = share * np.maximum(normals @ ray.astype(np.float32), 0)
        out[:, 3] += weight * seen
        total += weight
        out_hair[:, 3] += share * seen_hair
        total_hair += share
    out[:, 3] /= total
    out_hair[:, 3] /= total_hair
    return out, out_hair


@numba.njit(cache=True, fastmath=True, nogil=True)
def irradiance(
    normals: np.ndarray,
    reach: np.ndarray,
    lamps: np.ndarray,
    sky: np.ndarray,
    ground: np.ndarray,
    out: np.ndarray,
) -> None:
    """Light that arrives at each point: (p, 3) float32, written to `out`.

    Parameters
    ----------
    normals
        (p, 3) float32, unit, as posed.
    reach
        (p, 4) float32 from `bake`.
    lamps, sky, ground
        From `lamp_table`, and the room's light from above and below.
    """
    for i in range(normals.shape[0]):
        up = 0.5 + 0.5 * normals[i, 1]
        for c in range(3):
            out[i, c] = reach[i, 3] * (up * sky[c] + (1 - up) * ground[c])
        for k in range(lamps.shape[0]):
            lit = (
                normals[i, 0] * lamps[k, 0]
                + normals[i, 1] * lamps[k, 1]
                + normals[i, 2] * lamps[k, 2]
            )
            if lit > 0:
                lit *= reach[i, k]
                for c in range(3):
                    out[i, c] += lit * lamps[k, 3 + c]


@numba.njit(cache=True, fastmath=True, nogil=True)
def scatter(
    light: np.ndarray, starts: np.ndarray, neighbours: np.ndarray, rounds: int, channel: int,
    scratch: np.ndarray,
) -> None:  # fmt: skip
    """Let one colour of `light` bleed to neighbouring points of the skin, in place.

    Red travels furthest under skin, which softens shadows and tints their edge: the idea of
    diffusion in texture space (G. Borshukov, J. P. Lewis, "Realistic human face rendering for The
    Matrix Reloaded", SIGGRAPH 2003), done on the mesh's points.
    """
    count = light.shape[0]
    for _ in range(rounds):
        for i in range(count):
            total = np.float32(0.0)
            n = starts[i + 1] - starts[i]
            for e in range(starts[i], starts[i + 1]):
                total += light[neighbours[e], channel]
            scratch[i] = 0.5 * light[i, channel] + 0.5 * total / max(n, 1)
        for i in range(count):
            light[i, channel] = scratch[i]
