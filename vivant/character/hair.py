"""Hair as strands: grown from the scalp, combed by a field of directions, lit as fibres.

Brows and lashes are strands as well, but tied to the moving skin
(see `vivant.character.presenter`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import scipy.spatial

from vivant.character.identity import Identity


@dataclass(frozen=True)
class Strands:
    """Hair at rest, in the head's frame."""

    points: np.ndarray  # (n, 3) float32
    tangents: np.ndarray  # (n, 3) float32, unit, towards the tip
    starts: np.ndarray  # (s + 1,) int32
    loose: int  # the last so many strands stray, and are drawn as single fine hairs
    thick: np.ndarray  # (n,) bool
    colour: np.ndarray  # (n, 3) float32, linear
    shift: np.ndarray  # (n,) float32: how far this hair's highlight slides along it


@dataclass(frozen=True)
class Scalp:
    """The head as hair knows it."""

    points: np.ndarray  # (n, 3)
    normals: np.ndarray  # (n, 3)
    density: np.ndarray  # (n,) 0 to 1: how much hair grows there
    tree: scipy.spatial.cKDTree

    def distance(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Signed distance to the skin, and the skin's normal there."""
        near, index = self.tree.query(at, k=4)
        weight = 1 / (near + 0.01)
        weight /= weight.sum(1, keepdims=True)
        normal = (self.normals[index] * weight[..., None]).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        foot = (self.points[index] * weight[..., None]).sum(1)
        return ((at - foot) * normal).sum(1), normal


# Where hair begins: height above the eyes (dm) by the angle from the front (radians).
_ANGLES = (0.0, 0.25, 0.45, 0.62, 0.80, 0.98, 1.12, 1.25, 1.36, 1.50, 1.75, 2.0, 2.3, 3.2)
_HAIRLINE = {
    "man": (0.63, 0.64, 0.65, 0.60, 0.45, 0.30, 0.10, -0.12, -0.16, 0.12, 0.10, -0.25, -0.60,
            -0.72),
    "woman": (0.67, 0.675, 0.65, 0.57, 0.43, 0.30, 0.12, -0.02, -0.08, 0.14, 0.10, -0.25, -0.55,
              -0.7),
}  # fmt: skip


def make_scalp(
    identity: Identity, points: np.ndarray, normals: np.ndarray, ears: np.ndarray
) -> Scalp:
    """Find where hair grows.

    Parameters
    ----------
    points, normals
        (n, 3): the skin at rest.
    ears
        (n,) 0 to 1.
    """
    eye_y = identity.eye_centres[0, 1]
    head = points[:, 1] > eye_y - 2.3
    points, normals, ears = points[head], normals[head], ears[head]
    angle = np.arctan2(np.abs(points[:, 0]), points[:, 2] - 0.15)
    line = np.interp(angle, _ANGLES, _HAIRLINE[identity.gender])
    above = points[:, 1] - eye_y - line
    density = np.clip(above / 0.07 + 0.35, 0, 1) * (ears < 0.3)
    outside = np.linalg.norm(points - [0, eye_y + 0.1, 0.2], axis=1) > 0.65
    return Scalp(points, normals, density * outside, scipy.spatial.cKDTree(points))


def _waves(rng: np.random.Generator, scale: float) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(3, 12, 3)) / scale, rng.uniform(0, 2 * np.pi, (3, 12))


def _field(waves: tuple[np.ndarray, np.ndarray], at: np.ndarray) -> np.ndarray:
    """Smooth random vectors in space: (n, 3), about unit variance an axis."""
    frequency, phase = waves
    return np.stack([np.sin(at @ frequency[k].T + phase[k]).sum(1) / 6**0.5 for k in range(3)], 1)


def _smooth(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _unit(x: np.ndarray) -> np.ndarray:
    return x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-9)


def _comb_short(at: np.ndarray, eye_y: float, part: float) -> np.ndarray:
    """Side parting, the top combed over and back, sides and back down."""
    x, h, z = at[:, 0], at[:, 1] - eye_y, at[:, 2]
    over = 1 - 2 * _smooth(part + 0.16, part + 0.02, x)
    top = np.stack([0.70 * over, 0.0 * x, np.full_like(x, -0.8)], 1)
    low = np.stack([0.0 * x, np.full_like(x, -1.0), np.full_like(x, -0.45)], 1)
    back = np.stack([0.1 * np.sign(x), np.full_like(x, -1.0), 0 * x], 1)
    w_top = (_smooth(0.45, 0.80, h) * (1 - 0.6 * _smooth(-0.2, -0.8, z)))[:, None]
    w_back = _smooth(0.1, -0.5, z)[:, None]
    return _unit(w_top * top + (1 - w_top) * ((1 - w_back) * low + w_back * back))


def _comb_long(at: np.ndarray, eye_y: float, part: float) -> np.ndarray:
    """Parted hair that falls to both sides and away from the face."""
    x, h, z = at[:, 0], at[:, 1] - eye_y, at[:, 2]
    side = np.where(x < part, -1.0, 1.0)
    top = np.stack([1.0 * side, 0.05 + 0 * x, np.full_like(x, -0.45)], 1)
    down = np.stack([0.0 * x, np.full_like(x, -1.0), np.full_like(x, -0.10)], 1)
    w = (_smooth(0.35, 0.95, h) * _smooth(0.80, 0.40, np.abs(x)))[:, None]
    out = w * top + (1 - w) * down
    face = _smooth(0.55, 0.95, z) * _smooth(0.85, 0.70, np.abs(x)) * _smooth(0.85, 0.5, h)
    out = out + face[:, None] * np.stack([1.2 * side, 0 * x, np.full_like(x, -0.9)], 1)
    return _unit(out)


def grow(
    identity: Identity,
    scalp: Scalp,
    colour: np.ndarray,
    rng: np.random.Generator,
    *,
    style: str,
    count: int = 9000,
) -> Strands:
    """Grow a head of hair.

    Parameters
    ----------
    colour
        (3,) linear.
    style
        ``"short"`` or ``"long"``.
    """
    eye_y = identity.eye_centres[0, 1]
    chance = scalp.density * _spacing(scalp)
    picks = rng.choice(len(chance), count, p=chance / chance.sum())
    # Hairs at the hairline, where density is low, come last: they are drawn singly and finely.
    picks = picks[np.argsort(-scalp.density[picks], kind="stable")]
    roots = scalp.points[picks] + rng.normal(0, 0.018, (count, 3))
    off, normal = scalp.distance(roots)
    roots = roots - normal * (off - 0.004)[:, None]
    h, z, x = roots[:, 1] - eye_y, roots[:, 2], roots[:, 0]
    angle = np.arctan2(np.abs(x), z - 0.15)
    above = h - np.interp(angle, _ANGLES, _HAIRLINE[identity.gender])
    edge = _smooth(-0.03, 0.22, above)  # hair at the hairline is short and fine
    coarse, fine = _waves(rng, 0.30), _waves(rng, 0.07)
    part = 0.24 if style == "short" else 0.10
    layer = rng.random(count)
    if style == "short":
        top = _smooth(0.45, 0.85, h) * _smooth(-0.7, 0.2, z)
        length = 0.10 + 0.10 * _smooth(0.0, 0.5, h) + 0.38 * top + 0.06 * _smooth(0.5, 1.0, z) * top
        length *= (0.45 + 0.55 * edge) * rng.uniform(0.8, 1.1, count)
        volume = 0.022 + 0.04 * _smooth(0.2, 0.6, h) + 0.11 * top * _smooth(0.0, 0.9, z)
        lift, steps, comb = 0.40, 12, _comb_short
    else:
        end = identity.lips_at[1] - 0.52 + 0.10 * _smooth(0.2, 0.9, z)
        # As long as it takes from the root, over the curve of the head, down to one even edge.
        over = 0.75 * _smooth(0.4, 1.0, h) * (1 - np.abs(x) / 0.9)
        length = np.clip(roots[:, 1] - end + over, 0.3, 3.0) * rng.uniform(0.95, 1.01, count)
        volume = 0.06 + 0.08 * _smooth(-0.2, 0.5, h)
        lift, steps, comb = 0.16, 22, _comb_long
    volume = volume * (0.25 + 0.75 * edge)
    step = length / steps
    points = np.empty((count, steps + 1, 3))
    points[:, 0] = roots
    clump = 0.20 * _field(coarse, roots) + 0.10 * _field(fine, roots)
    stray = rng.normal(0, 0.05, (count, 3))
    loose = (np.arange(count) >= count - round(0.03 * count)) | (scalp.density[picks] < 0.8)
    stray[loose] *= 2.5
    direction = _unit(normal * lift + comb(roots, eye_y, part) + clump)
    at = roots
    for k in range(1, steps + 1):
        t = k / steps
        off, normal = scalp.distance(at)
        pull = comb(at, eye_y, part) + clump * (0.6 + 0.4 * t) + stray
        wave = 0.16 * _field(coarse, at * np.array([1.0, 0.9, 1.0]) + 3.0)
        pull = pull + wave
        if style == "long":
            low = _smooth(0.3, -0.6, at[:, 1] - eye_y)
            ends = (low * _smooth(0.65, 1.0, np.full(count, t)))[:, None]
            pull = pull + ends * np.stack(
                [-0.75 * np.sign(at[:, 0]), 0 * low, 0.10 - 0.35 * _smooth(0.2, 0.6, at[:, 2])], 1
            )
        # On the skull hair lies flat; below it hangs free and is only kept off the skin.
        out = (pull * normal).sum(1)
        out = np.minimum(out, 0.0) + np.maximum(out, 0.0) * _smooth(-0.45, 0.15, at[:, 1] - eye_y)
        tangent_pull = pull - normal * out[:, None]
        rise = lift * np.clip(1 - 2.2 * t, 0, 1)
        direction = _unit(0.45 * direction + 0.55 * (tangent_pull + rise * normal))
        at = at + direction * step[:, None]
        off, normal = scalp.distance(at)
        want = 0.012 + volume * layer * np.minimum(1.0, 3.5 * t) * (1 - 0.35 * t)
        if style == "long":
            # Below the skull the hair hangs freely: it only keeps off the skin.
            want *= 0.25 + 0.75 * _smooth(-0.75, 0.1, at[:, 1] - eye_y)
        gap = np.where(off < want, want - off, 0.0)
        too_far = np.where(off > want + 0.10, 0.25 * (want + 0.10 - off), 0.0)
        hang = 1.0 if style == "short" else _smooth(-0.5, 0.3, at[:, 1] - eye_y)
        at = at + normal * (0.7 * gap + too_far * hang)[:, None]
        points[:, k] = at
    n = steps + 1
    tangents = _unit(np.gradient(points, axis=1))
    tint = rng.normal(1, 0.13, (count, 1, 1)) * (
        1 + 0.10 * _field(fine, roots)[:, None, :1] + 0.08 * _field(coarse, roots)[:, None, :1]
    )
    warm = 1 + rng.normal(0, 0.05, (count, 1, 1)) * np.array([1.0, 0.0, -1.0])
    along = np.linspace(0, 1, n)[None, :, None]
    shade = colour * np.clip(tint, 0.5, 1.6) * warm * (0.72 + 0.45 * along)
    thick = (rng.random((count, 1)) < 0.6 * edge[:, None]) & (np.linspace(0, 1, n)[None] < 0.8)
    shift = np.repeat(rng.normal(0, 0.09, (count, 1)) - 0.10, n, axis=1)
    return Strands(
        points=points.reshape(-1, 3).astype(np.float32),
        tangents=tangents.reshape(-1, 3).astype(np.float32),
        starts=(np.arange(count + 1) * n).astype(np.int32),
        loose=int(loose.sum()),
        thick=thick.ravel(),
        colour=shade.reshape(-1, 3).astype(np.float32),
        shift=shift.ravel().astype(np.float32),
    )


def _spacing(scalp: Scalp) -> np.ndarray:
    """Area each scalp point stands for, so that hair is even where the mesh is not."""
    near, _ = scalp.tree.query(scalp.points, k=5)
    return near[:, 1:].mean(1) ** 2


@numba.njit(cache=True, fastmath=True, nogil=True)
def light_strands(
    points: np.ndarray,
    tangents: np.ndarray,
    rotation: np.ndarray,
    reach: np.ndarray,
    colour: np.ndarray,
    shift: np.ndarray,
    normals: np.ndarray,
    lamps: np.ndarray,
    sky: np.ndarray,
    ground: np.ndarray,
    camera: np.ndarray,
    out: np.ndarray,
) -> None:
    """Light hair: (n, 3) float32, linear, written to `out`.

    Parameters
    ----------
    points
        (n, 3), posed.
    tangents, normals
        (n, 3), at rest; `rotation` (3, 3) turns them. `normals` point out of the hair's bulk.
    reach
        (n, 4) from `vivant.character.light.bake`.

    Notes
    -----
    Diffuse light and two highlights of a fibre: J. Kajiya, T. Kay, "Rendering fur with three
    dimensional textures", SIGGRAPH 1989, and the shifted lobes of T. Scheuermann, "Practical
    real-time hair rendering and shading", SIGGRAPH 2004.
    """
    r = rotation
    for i in range(points.shape[0]):
        a, b, c = tangents[i, 0], tangents[i, 1], tangents[i, 2]
        tx = r[0, 0] * a + r[0, 1] * b + r[0, 2] * c
        ty = r[1, 0] * a + r[1, 1] * b + r[1, 2] * c
        tz = r[2, 0] * a + r[2, 1] * b + r[2, 2] * c
        a, b, c = normals[i, 0], normals[i, 1], normals[i, 2]
        nx = r[0, 0] * a + r[0, 1] * b + r[0, 2] * c
        ny = r[1, 0] * a + r[1, 1] * b + r[1, 2] * c
        nz = r[2, 0] * a + r[2, 1] * b + r[2, 2] * c
        vx = camera[0] - points[i, 0]
        vy = camera[1] - points[i, 1]
        vz = camera[2] - points[i, 2]
        scale = 1.0 / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx *= scale
        vy *= scale
        vz *= scale
        up = 0.5 + 0.5 * ny
        room = reach[i, 3] * np.sqrt(reach[i, 3])
        red = colour[i, 0] * room * (up * sky[0] + (1 - up) * ground[0])
        green = colour[i, 1] * room * (up * sky[1] + (1 - up) * ground[1])
        blue = colour[i, 2] * room * (up * sky[2] + (1 - up) * ground[2])
        for k in range(lamps.shape[0]):
            lx, ly, lz = lamps[k, 0], lamps[k, 1], lamps[k, 2]
            along = tx * lx + ty * ly + tz * lz
            wrap = max(0.35 + 0.65 * (nx * lx + ny * ly + nz * lz), 0.0)
            diffuse = np.sqrt(max(1.0 - along * along, 0.0)) * wrap
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            scale = 1.0 / np.sqrt(hx * hx + hy * hy + hz * hz)
            th = (tx * hx + ty * hy + tz * hz) * scale
            first = max(1.0 - (th - shift[i]) ** 2, 0.0)
            second = max(1.0 - (th - shift[i] + 0.22) ** 2, 0.0)
            first = first**48 * wrap
            second = second**14 * wrap
            lit = reach[i, k]
            white = 0.055 * first * lit
            tinted = (0.75 * diffuse + 0.85 * second) * lit
            red += lamps[k, 3] * (colour[i, 0] * tinted + white)
            green += lamps[k, 4] * (colour[i, 1] * tinted + white)
            blue += lamps[k, 5] * (colour[i, 2] * tinted + white)
        out[i, 0], out[i, 1], out[i, 2] = red, green, blue
