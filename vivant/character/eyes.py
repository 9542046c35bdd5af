"""Eyeballs and irises."""

from __future__ import annotations

import cv2
import numpy as np


def eyeball(centre: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The front of a ball: points (n, 3) and triangles (t, 3), counter-clockwise from outside."""
    rings, spokes = 16, 36
    polar = np.linspace(0, 1.45, rings)[1:, None]
    around = np.linspace(0, 2 * np.pi, spokes, endpoint=False)[None]
    directions = np.stack(
        [
            np.sin(polar) * np.cos(around),
            np.sin(polar) * np.sin(around),
            np.cos(polar) * np.ones_like(around),
        ],
        -1,
    ).reshape(-1, 3)
    points = centre + radius * np.concatenate([[[0.0, 0.0, 1.0]], directions])
    i = np.arange(spokes)
    j = (i + 1) % spokes
    triangles = [np.stack([np.zeros_like(i), 1 + i, 1 + j], 1)]
    for ring in range(rings - 2):
        inner, outer = 1 + ring * spokes, 1 + (ring + 1) * spokes
        triangles += [
            np.stack([inner + i, outer + i, outer + j], 1),
            np.stack([inner + i, outer + j, inner + j], 1),
        ]
    return points, np.concatenate(triangles)


def iris_texture(colour: np.ndarray, rng: np.random.Generator, size: int = 192) -> np.ndarray:
    """An iris from the front: (size, size, 3) float32, linear; the limbus is at 1 / 1.15.

    Parameters
    ----------
    colour
        (3,) linear.
    """
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    x = (x + 0.5) / size * 2.3 - 1.15
    y = 1.15 - (y + 0.5) / size * 2.3
    radius = np.hypot(x, y)
    angle = (np.arctan2(y, x) / (2 * np.pi)) % 1.0
    fibres = np.zeros((64, 512), np.float32)
    for columns, rows, amount in ((512, 4, 0.5), (256, 6, 0.35), (90, 3, 0.3)):
        noise = rng.normal(size=(rows, columns)).astype(np.float32)
        fibres += amount * cv2.resize(noise, (512, 64), interpolation=cv2.INTER_CUBIC)
    polar_x = (angle * 511).astype(np.float32)
    polar_y = (np.clip(radius, 0, 1) * 63).astype(np.float32)
    fibre = cv2.remap(fibres, polar_x, polar_y, cv2.INTER_LINEAR)[..., None]
    r = radius[..., None]
    near = np.exp(-(((r - 0.45) / 0.14) ** 2))
    warm = colour * np.array([1.5, 1.1, 0.7], np.float32)
    out = colour * (1.0 + 0.30 * fibre) * (0.75 + 0.5 * np.clip(1 - r, 0, 1))
    out = out * (1 - 0.5 * near) + warm * (1 + 0.3 * fibre) * 0.5 * near
    limbal = np.clip((r - 0.72) / 0.26, 0, 1)
    out = out * (1 - 0.82 * limbal**1.5)
    pupil = np.clip((0.39 - r) / 0.05, 0, 1)
    out = out * (1 - pupil) + 0.004 * pupil
    return np.clip(out, 0.002, 1).astype(np.float32)
