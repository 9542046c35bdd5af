"""Is it the same face in all footage? A print of the face every so often, compared with the rest.

dlib's face recognition network (King 2017, "High Quality Face Recognition with Deep Metric
Learning"), whose prints of one person lie closer together than .6 and of two people further apart.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vivant.assets import ASSETS, Asset, asset_path

ASSETS["dlib-face-recognition"] = Asset(
    "face-recognition-models",
    "0.3.0",
    "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "CC0-1.0",
    extra="train",
)

CHIP = 150  # side of the picture the network was trained on, in pixels
# Corners of the eyes and the base of the nose: in the landmarks, and in the chip (its own mean
# shape, with a quarter of the face's size around it).
_POINTS = (263, 362, 33, 133, 2)
_PLACES = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_PLACES_PX = (_PLACES + 0.25) / 1.5 * CHIP


@dataclass(frozen=True)
class FacePrint:
    """Whose face a file shows at a second."""

    time_s: float
    vector: np.ndarray  # (128,) float32; the Euclidean distance of two tells people apart


def face_chip(rgb: np.ndarray, face: np.ndarray) -> np.ndarray:
    """The face upright, uint8 (`CHIP`, `CHIP`, 3), laid as the network expects it."""
    here = face[list(_POINTS), :2].astype(np.float64)
    there = _PLACES_PX
    # Least-squares similarity (Umeyama 1991) in complex numbers: there = turn * here + shift.
    a = (here - here.mean(0)) @ np.array([1, 1j])
    b = (there - there.mean(0)) @ np.array([1, 1j])
    turn = (a.conj() @ b) / max(float((np.abs(a) ** 2).sum()), 1e-9)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    scale = max(abs(turn), 1e-6)
    if scale < 0.75:
        rgb = cv2.GaussianBlur(rgb, (0, 0), 0.45 / scale)  # against aliasing
    shift = there.mean(0) - matrix @ here.mean(0)
    return cv2.warpAffine(
        rgb, np.hstack([matrix, shift[:, None]]), (CHIP, CHIP), borderMode=cv2.BORDER_REPLICATE
    )


@functools.cache
def _network() -> Any:
    import dlib

    return dlib.face_recognition_model_v1(str(asset_path("dlib-face-recognition")))


def face_vector(chip: np.ndarray) -> np.ndarray:
    """(128,) print of a chip from `face_chip`; about a tenth of a second.

    Raises
    ------
    VivantError
        ``asset-missing`` or ``asset-altered``.
    """
    return np.asarray(_network().compute_face_descriptor(np.ascontiguousarray(chip)), np.float32)


def distances(prints: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) how far each print is from the most typical one (the medoid)."""
    stack = np.stack(prints)
    apart = np.linalg.norm(stack[:, None] - stack[None], axis=2)
    return np.asarray(apart[np.median(apart, axis=1).argmin()])
