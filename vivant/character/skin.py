"""Skin: a painted texture around the head, with everything that keeps a face from being plastic."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vivant.assets import asset_path
from vivant.character.identity import Identity
from vivant.character.mesh import Surface
from vivant.character.raster import raster_triangles

ROWS, COLUMNS = 1100, 1500
_TOP, _BOTTOM, _AXIS_Z, _TURN = 8.75, 5.2, 0.15, 2.45


@dataclass(frozen=True)
class Complexion:
    """Colours of one person, sRGB 0 to 255."""

    skin: tuple[float, float, float]
    lips: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    freckles: float  # 0 none to 1 many
    stubble: float  # 0 none to 1 dark


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB levels 0 to 255 to linear light 0 to 1 (IEC 61966-2-1)."""
    x = np.clip(np.asarray(srgb, np.float32) / 255, 0, 1)
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def around(points: np.ndarray) -> np.ndarray:
    """Texture coordinates around the head: (n, 2) float32, u to the person's left, v downwards."""
    u = 0.5 + np.arctan2(points[:, 0], points[:, 2] - _AXIS_Z) / (2 * _TURN)
    v = (_TOP - points[:, 1]) / (_TOP - _BOTTOM)
    return np.stack([u, v], 1).astype(np.float32)


def brow_arch(gender: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Height of the brow above the eye's centre (dm) by the way along it, 0 inside to 1 outside."""
    if gender == "man":
        return (0.0, 0.25, 0.62, 1.0), (0.172, 0.182, 0.198, 0.176)
    return (0.0, 0.25, 0.62, 1.0), (0.182, 0.202, 0.228, 0.206)


def _noise(rng: np.random.Generator, cell: float) -> np.ndarray:
    """Smooth noise over the texture, about unit variance; `cell` in texels."""
    rows, columns = max(2, round(ROWS / cell)), max(2, round(COLUMNS / cell))
    raw = rng.normal(size=(rows, columns)).astype(np.float32)
    return cv2.resize(raw, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)


def _mask(name: str) -> np.ndarray:
    picture = cv2.imread(str(asset_path(f"makehuman/mpfb2/textures/{name}")), cv2.IMREAD_GRAYSCALE)
    return picture.astype(np.float32) / 255


def corner_mask(surface: Surface, name: str) -> np.ndarray:
    """A mask of the base mesh's own texture space at each corner: (corners,) 0 to 1."""
    mask = _mask(name)
    x = np.clip((surface.corner_uv[:, 0] * mask.shape[1]).astype(int), 0, mask.shape[1] - 1)
    y = np.clip(((1 - surface.corner_uv[:, 1]) * mask.shape[0]).astype(int), 0, mask.shape[0] - 1)
    return mask[y, x]


@dataclass(frozen=True)
class Atlas:
    """What lies under each texel."""

    inside: np.ndarray  # (ROWS, COLUMNS) bool: skin at all
    position: np.ndarray  # (ROWS, COLUMNS, 3) float32
    base_uv: np.ndarray  # (ROWS, COLUMNS, 2) float32, the base mesh's own texture space
    triangle: np.ndarray  # (ROWS, COLUMNS) int32
    weights: np.ndarray  # (ROWS, COLUMNS, 3) float32, barycentric


def make_atlas(points: np.ndarray, surface: Surface, keep: np.ndarray) -> Atlas:
    """Unroll the outer skin.

    Parameters
    ----------
    points
        (corners, 3) at rest.
    keep
        (t,) bool: triangles of the outside.
    """
    uv = around(points)
    screen = np.stack(
        [uv[:, 0] * COLUMNS, uv[:, 1] * ROWS, 20 + np.hypot(points[:, 0], points[:, 2] - _AXIS_Z)],
        1,
    ).astype(np.float32)
    triangles = surface.triangles[keep]
    # Triangles across the back seam would smear over the whole picture.
    span = np.ptp(uv[triangles][:, :, 0], axis=1)
    triangles = np.ascontiguousarray(triangles[span < 0.3])
    depth = np.zeros((ROWS, COLUMNS), np.float32)
    ids = np.full((ROWS, COLUMNS), -1, np.int32)
    raster_triangles(screen, triangles, depth, ids, 0, False)
    inside = ids >= 0
    corners = triangles[np.maximum(ids, 0)]
    a, b, c = (screen[corners[..., k], :2] for k in range(3))
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32) + 0.5
    area = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (c[..., 0] - a[..., 0]) * (
        b[..., 1] - a[..., 1]
    )
    wa = ((b[..., 0] - x) * (c[..., 1] - y) - (c[..., 0] - x) * (b[..., 1] - y)) / area
    wb = ((c[..., 0] - x) * (a[..., 1] - y) - (a[..., 0] - x) * (c[..., 1] - y)) / area
    weights = np.stack([wa, wb, 1 - wa - wb], -1)
    position = np.einsum("rck,rckx->rcx", weights, points[corners].astype(np.float32))
    base_uv = np.einsum("rck,rckx->rcx", weights, surface.corner_uv[corners])
    return Atlas(
        inside,
        position.astype(np.float32),
        base_uv.astype(np.float32),
        np.flatnonzero(keep)[span < 0.3][np.maximum(ids, 0)].astype(np.int32),
        weights.astype(np.float32),
    )


def paint_skin(
    identity: Identity, complexion: Complexion, atlas: Atlas, rng: np.random.Generator
) -> np.ndarray:
    """Paint the skin: (ROWS, COLUMNS, 4) float32, linear colour and strength of highlights."""
    x, y, z = (atlas.position[..., k] for k in range(3))
    side = np.abs(x)
    eye = identity.eye_centres[0]
    lips = identity.lips_at
    nose_y = lips[1] + 0.28

    def spot(cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
        return np.exp(-(((side - cx) / sx) ** 2) - ((y - cy) / sy) ** 2) * (z > 0.2)

    skin = np.array(complexion.skin, np.float32)
    colour = np.ones((ROWS, COLUMNS, 1), np.float32) * skin
    blotch = 0.6 * _noise(rng, 60) + 0.4 * _noise(rng, 24)
    red = (
        0.48 * spot(0.48, lips[1] + 0.30, 0.26, 0.22)  # cheeks
        + 0.42 * spot(0.0, nose_y + 0.02, 0.18, 0.13)  # nose
        + 0.22 * spot(0.0, lips[1] - 0.40, 0.22, 0.14)  # chin
        + 0.45 * spot(0.92, eye[1] - 0.25, 0.20, 0.40) * np.clip((0.75 - z) / 0.4, 0, 1)  # ears
        + 0.20 * spot(eye[0], eye[1], 0.24, 0.12)  # lids
    )
    red = np.clip(red * (1 + 0.22 * blotch) + 0.035 * blotch, -0.1, 1)[..., None]
    # Blood under the skin takes green and blue away.
    colour = colour * (1 - red * np.array([0.03, 0.20, 0.19], np.float32))
    yellow = 0.35 * spot(0.0, eye[1] + 0.65, 0.6, 0.35)[..., None]
    colour = colour * (1 + yellow * np.array([0.01, 0.015, -0.05], np.float32))
    tired = 0.5 * spot(eye[0] - 0.04, eye[1] - 0.18, 0.16, 0.06)[..., None]
    colour = colour * (1 - tired * np.array([0.09, 0.12, 0.08], np.float32))
    fold = spot(eye[0], eye[1] + 0.16, 0.20, 0.06)[..., None]
    made_up = 0.13 if identity.gender == "woman" else 0.05
    colour = colour * (1 - made_up * fold * np.array([0.7, 1.0, 1.0], np.float32))
    mottle = 0.012 * _noise(rng, 9) + 0.012 * _noise(rng, 4)
    pores = np.minimum(_noise(rng, 2.2), 0.5)
    colour = colour * (1 + mottle + 0.012 * pores)[..., None]
    if complexion.freckles > 0:
        field = _noise(rng, 7.0) + 0.5 * _noise(rng, 3.5)
        where = spot(0.35, lips[1] + 0.38, 0.42, 0.20) + 0.8 * spot(0, nose_y + 0.12, 0.2, 0.2)
        amount = np.clip((field - 1.5) / 0.7, 0, 1) * where * complexion.freckles
        colour = colour * (1 - amount[..., None] * np.array([0.18, 0.30, 0.36], np.float32))
    for _ in range(2):  # small moles, away from mouth and eyes
        mx = rng.choice([-1.0, 1.0]) * rng.uniform(0.38, 0.62)
        my = rng.uniform(lips[1] - 0.15, eye[1] - 0.28)
        mole = np.exp(-(((x - mx) ** 2 + (y - my) ** 2) / 0.010**2)) * (z > 0.5)
        colour = colour * (1 - 0.25 * mole[..., None])
    if complexion.stubble > 0:
        jaw = np.clip((lips[1] + 0.02 - y + 0.75 * np.clip(side - 0.35, 0, 1)) / 0.22, 0, 1)
        jaw = jaw * np.clip((y - (lips[1] - 0.95)) / 0.35, 0, 1) * np.clip((z - 0.15) / 0.35, 0, 1)
        moustache = spot(0.15, lips[1] + 0.155, 0.19, 0.075)
        beard = np.clip(jaw * (1 - spot(0.0, lips[1] - 0.12, 0.14, 0.05) * 0.5) + moustache, 0, 1)
        beard = cv2.GaussianBlur(beard.astype(np.float32), (0, 0), 9)
        hairs = 0.75 + 0.25 * np.clip(_noise(rng, 2.6), -1, 1.5)
        amount = (beard * hairs * complexion.stubble)[..., None]
        colour = colour * (1 - amount * np.array([0.34, 0.29, 0.24], np.float32))
    # Lips: their own colour, fine upright lines, darker where they meet.
    mask = _mask("mpfb_lips.jpg")
    lip = cv2.remap(
        cv2.GaussianBlur(mask, (0, 0), 1.2),
        atlas.base_uv[..., 0] * mask.shape[1],
        (1 - atlas.base_uv[..., 1]) * mask.shape[0],
        cv2.INTER_LINEAR,
    )
    lip = cv2.GaussianBlur(lip, (0, 0), 2.0)[..., None]
    lines = cv2.resize(rng.normal(size=(60, COLUMNS // 3)).astype(np.float32), (COLUMNS, ROWS))[
        ..., None
    ]
    lip_colour = np.array(complexion.lips, np.float32) * (1 + 0.045 * lines)
    seam = np.exp(-(((y - lips[1]) / 0.022) ** 2))[..., None] * lip
    lip_colour = lip_colour * (1 - 0.35 * seam)
    strength = 0.88 if identity.gender == "woman" else 0.72
    colour = colour * (1 - strength * lip) + lip_colour * strength * lip
    # A shadow of colour under the brows' hairs.
    along = (side - (eye[0] - 0.185)) / 0.42
    arch = np.interp(along, *brow_arch(identity.gender))
    brow = np.exp(-(((y - eye[1] - arch) / 0.040) ** 2)) * (z > 0.4)
    brow = brow * np.clip(np.minimum(along + 0.02, 1.05 - along) / 0.15, 0, 1)
    tint = np.array(complexion.hair, np.float32)
    colour = colour * (1 - 0.38 * brow[..., None]) + tint * 0.38 * brow[..., None]
    # Rims of the lids: dark, and darker with make-up.
    lid = _mask("mpfb_eyelids.jpg")
    lid_mask = cv2.remap(
        lid,
        atlas.base_uv[..., 0] * lid.shape[1],
        (1 - atlas.base_uv[..., 1]) * lid.shape[0],
        cv2.INTER_LINEAR,
    )
    lid_mask = cv2.GaussianBlur(lid_mask, (0, 0), 1.5)[..., None]
    colour = colour * (1 - lid_mask * np.array([0.10, 0.16, 0.16], np.float32))
    gloss = (
        0.75
        + 0.35 * spot(0.0, nose_y + 0.12, 0.16, 0.30)
        + 0.25 * spot(0.0, eye[1] + 0.62, 0.45, 0.28)
        + 0.20 * spot(0.45, eye[1] - 0.25, 0.25, 0.16)
    )
    gloss = gloss * (1 + 0.22 * np.clip(pores + 0.6 * _noise(rng, 3.5), -1.5, 1))
    gloss = gloss[..., None] * (1 - lip) + (1.5 + 0.35 * lines) * lip
    out = np.concatenate([to_linear(colour), np.clip(gloss, 0, 3).astype(np.float32)], 2)
    return _grow(out, atlas.inside)


def _grow(texture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Fill texels outside the skin from their neighbours, so that edges do not bleed."""
    weight = inside.astype(np.float32)
    spread = cv2.GaussianBlur(texture * weight[..., None], (0, 0), 12)
    share = cv2.GaussianBlur(weight, (0, 0), 12)[..., None]
    filled = spread / np.maximum(share, 1e-4)
    mean = texture[inside].mean(0)
    filled = np.where(share > 1e-3, filled, mean)
    return np.ascontiguousarray(np.where(inside[..., None], texture, filled).astype(np.float32))
