"""What an avatar keeps of a face, as files.

face.npz      mouth model, mean face, and a row for every frame of footage that may be used
driver.onnx   sound to mouth codes
patches.bin   lower faces, JPEG, in the order of the rows
footage/      base footage, one file a take
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivant.face.codes import LOOK, MouthModel, Rest
from vivant.face.footage import damaged

VERSION = 1


@dataclass(frozen=True)
class Bank:
    """Every usable frame of the footage, take after take, in order of time."""

    take: np.ndarray  # (n,) int, which footage file
    frame: np.ndarray  # (n,) int, frame of that file
    codes: np.ndarray  # (n, CODES) float32
    pose: np.ndarray  # (n, POSES) float32, smoothed
    matrices: np.ndarray  # (n, 2, 3) frame to crop
    shape: np.ndarray  # (n, 57, 2) float32 landmarks of `SHAPE`, reference pixels
    rest_shape: np.ndarray  # (n, 57, 2) float32 the same with the mouth at rest
    colour: np.ndarray  # (n, 3) float32, skin around the mouth
    views: np.ndarray  # (n, 768) uint8, the whole frame in grey, small
    patch_index: np.ndarray  # (n + 1,) offsets into patches.bin

    def __len__(self) -> int:
        return len(self.take)

    def follows(self) -> np.ndarray:
        """(n,) bool: whether row i is the frame right after row i - 1."""
        next_frame = (np.diff(self.frame) == 1) & (np.diff(self.take) == 0)
        return np.concatenate([[False], next_frame])


@dataclass(frozen=True)
class FaceModel:
    """Everything `vivant.face.style` needs besides sound, footage and patches."""

    mouth: MouthModel
    rests: tuple[Rest, ...]  # one a take
    bank: Bank
    reference: np.ndarray  # (478, 2)
    width: int  # of the footage
    height: int
    scale: float  # patch pixels a reference pixel

    def rest_looks(self, rows: np.ndarray) -> np.ndarray:
        """Looks with the mouth at rest, (n, LOOK), at the moments of bank rows."""
        out = np.empty((len(rows), LOOK), np.float32)
        for take in np.unique(self.bank.take[rows]):
            at = self.bank.take[rows] == take
            _, out[at] = self.rests[take].at(self.bank.frame[rows[at]])
        return out + self.bank.pose[rows] @ self.mouth.look_pose


_MOUTH = (
    "pose_mean", "pose_basis", "shape_pose", "look_pose", "shape_basis", "look_basis", "weight",
)  # fmt: skip
_BANK = (
    "take", "frame", "codes", "pose", "matrices", "shape", "rest_shape", "colour", "views",
    "patch_index",
)  # fmt: skip
_REST = ("frames", "shape", "look", "closed")


def save_model(model: FaceModel, path: Path) -> None:
    """Write a model as one .npz file."""
    arrays: dict[str, np.ndarray] = {
        "version": np.array(VERSION),
        "size": np.array([model.width, model.height]),
        "scale": np.array(model.scale),
        "reference": model.reference,
    }
    arrays |= {f"mouth_{name}": getattr(model.mouth, name) for name in _MOUTH}
    arrays |= {f"bank_{name}": getattr(model.bank, name) for name in _BANK}
    for name in _REST:
        parts: Sequence[np.ndarray] = [getattr(rest, name) for rest in model.rests]
        arrays[f"rest_{name}"] = np.concatenate(parts)
        arrays[f"rest_{name}_lengths"] = np.array([len(part) for part in parts])
    with open(path, "wb") as opened:
        np.savez(opened, **arrays)


def load_model(path: Path) -> FaceModel:
    """Read what `save_model` wrote.

    Raises
    ------
    VivantError
        ``avatar-damaged`` when it is missing, cut off or of another version.
    """
    try:
        with np.load(path) as saved:
            arrays = {name: saved[name] for name in saved.files}
        if int(arrays["version"]) != VERSION:
            raise ValueError(f"version {int(arrays['version'])}")
        rest_parts = {}
        for name in _REST:
            cuts = np.cumsum(arrays[f"rest_{name}_lengths"])[:-1]
            rest_parts[name] = np.split(arrays[f"rest_{name}"], cuts)
        rests = tuple(
            Rest(*parts) for parts in zip(*(rest_parts[name] for name in _REST), strict=True)
        )
        width, height = (int(side) for side in arrays["size"])
        return FaceModel(
            MouthModel(*(arrays[f"mouth_{name}"] for name in _MOUTH)),
            rests,
            Bank(*(arrays[f"bank_{name}"] for name in _BANK)),
            arrays["reference"],
            width,
            height,
            float(arrays["scale"]),
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise damaged(path, f"it is not a face model that this version made ({error})") from error
