"""Face landmarks: who is in the frame, and 478 points on the one face.

Two passes over each frame, both with the models inside the `mediapipe` package. A detector made
for up to five metres counts the faces and says where the largest one is; FaceMesh (Kartynnik et
al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs") then follows
that one inside a square around it. FaceMesh alone finds no face narrower than about a seventh
of the picture, and never says that there is a second one.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path

LANDMARKS = 478

# Points that speech hardly moves: eye corners, nose, temples, brow, between the brows.
STABLE = np.array(
    [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 127, 356, 234, 454, 9, 8, 151]
)
OUTER_LIPS = np.array(
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146]
)
INNER_LIPS = np.array(
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]
)
MOUTH = np.concatenate([OUTER_LIPS, INNER_LIPS])
JAW = np.array([132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361])
UPPER_LIP, LOWER_LIP = 13, 14  # middle of the inner edges: their distance is the opening
FOREHEAD, NOSE_BASE, CHIN = 10, 2, 152
CHEEKS = np.array([205, 425])
LEFT_CHEEK_EDGE, RIGHT_CHEEK_EDGE = 234, 454  # their distance is the face width
LEFT_EYE = np.array([33, 160, 158, 133, 153, 144])  # corner, two upper, corner, two lower
RIGHT_EYE = np.array([362, 385, 387, 263, 373, 380])

DETECT_EVERY = 5  # frames between two counts of the faces
MIN_SCORE = 0.6
MIN_SECOND_FACE = 0.3  # a face narrower than this share of the largest is background, not company
SQUARE = 2.4  # side of the square given to FaceMesh, in widths of the detected face

_VERSION, _LICENCE = "0.10.21", "Apache-2.0"
_MODELS = {
    "face-mesh": (
        "face_landmark/face_landmark_with_attention.tflite",
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    ),
    "face-detector-near": (
        "face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "face-detector-far": (
        "face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    ),
}
ASSETS.update(
    {
        name: Asset("mediapipe", _VERSION, f"mediapipe/modules/{path}", digest, _LICENCE, "train")
        for name, (path, digest) in _MODELS.items()
    }
)


@dataclass(frozen=True)
class FaceFrame:
    """What one frame shows.

    Attributes
    ----------
    faces
        How many faces; counted every `DETECT_EVERY` frames and held in between.
    landmarks
        (478, 3) float32: x right, y down, z towards the back, all in pixels of the frame; None
        when no face was found.
    """

    faces: int
    landmarks: np.ndarray | None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the native library's start-up lines off the terminal (it writes past `sys.stderr`)."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _mediapipe() -> ModuleType:
    for name in _MODELS:
        asset_path(name)
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet():
        import mediapipe
    return mediapipe


class FaceTracker:
    """Follows the largest face from frame to frame. Close it, or use it as a context manager."""

    def __init__(self) -> None:
        solutions = _mediapipe().solutions
        with _quiet():
            self._far = solutions.face_detection.FaceDetection(
                model_selection=1, min_detection_confidence=0.5
            )
            self._near = solutions.face_detection.FaceDetection(
                model_selection=0, min_detection_confidence=0.5
            )
            self._mesh = solutions.face_mesh.FaceMesh(
                static_image_mode=False, max_num_faces=1, refine_landmarks=True
            )
            for model in (self._far, self._near, self._mesh):
                model.process(np.zeros((64, 64, 3), np.uint8))
        self.restart()

    def __enter__(self) -> FaceTracker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with _quiet():
            for model in (self._far, self._near, self._mesh):
                model.close()

    def restart(self) -> None:
        """Forget the face: the next frame belongs to another recording."""
        self._frame = 0
        self._faces = 0
        self._square: tuple[int, int, int] | None = None  # left, top, side

    def __call__(self, rgb: np.ndarray) -> FaceFrame:
        """Landmarks of the next frame.

        Parameters
        ----------
        rgb
            (H, W, 3) uint8.
        """
        # Cropped pictures of a new size start parts of the library anew, and it says so again.
        with _quiet():
            return self._track(np.ascontiguousarray(rgb))

    def _track(self, rgb: np.ndarray) -> FaceFrame:
        if self._frame % DETECT_EVERY == 0 or self._square is None:
            self._detect(rgb)
        self._frame += 1
        if self._square is None:
            return FaceFrame(self._faces, None)
        square = self._square
        points = self._points(rgb, square)
        if points is None:
            self._detect(rgb)
            if self._square is not None and self._square != square:
                points = self._points(rgb, self._square)
        if points is None:
            self._square = None
            return FaceFrame(self._faces, None)
        return FaceFrame(max(1, self._faces), points)

    def _points(self, rgb: np.ndarray, square: tuple[int, int, int]) -> np.ndarray | None:
        left, top, side = square
        height, width = rgb.shape[:2]
        x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
        result: Any = self._mesh.process(np.ascontiguousarray(rgb[y0:y1, x0:x1]))
        found = result.multi_face_landmarks
        if not found:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
        w, h = x1 - x0, y1 - y0
        return points * np.array([w, h, w], np.float32) + np.array([x0, y0, 0], np.float32)

    def _detect(self, rgb: np.ndarray) -> None:
        boxes = _boxes(self._far.process(rgb), rgb)
        if not len(boxes):
            boxes = _boxes(self._near.process(rgb), rgb)
        if not len(boxes):
            self._faces = 0
            return
        widths = boxes[:, 2]
        self._faces = int((widths >= MIN_SECOND_FACE * widths.max()).sum())
        x, y, size = boxes[self._main(boxes)]
        if self._square is not None:
            left, top, side = self._square
            moved = max(abs(left + side / 2 - x), abs(top + side / 2 - y))
            if moved < 0.35 * size and 0.75 < side / (SQUARE * size) < 1.33:
                return  # the square stays still, so that FaceMesh can follow inside it
        side = round(SQUARE * size)
        self._square = (round(x - side / 2), round(y - side / 2), side)
        self._mesh.reset()

    def _main(self, boxes: np.ndarray) -> int:
        """The largest face, or the one already followed when it is still there."""
        if self._square is not None:
            left, top, side = self._square
            away = np.hypot(boxes[:, 0] - left - side / 2, boxes[:, 1] - top - side / 2)
            nearest = int(away.argmin())
            if away[nearest] < 0.5 * boxes[nearest, 2]:
                return nearest
        return int(boxes[:, 2].argmax())


def _boxes(result: Any, rgb: np.ndarray) -> np.ndarray:
    """Detections as (n, 3): centre x, centre y and the larger side, in pixels."""
    height, width = rgb.shape[:2]
    rows = []
    for detection in result.detections or []:
        if detection.score[0] < MIN_SCORE:
            continue
        box = detection.location_data.relative_bounding_box
        size = max(box.width * width, box.height * height)
        rows.append(
            ((box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height, size)
        )
    return np.array(rows, np.float64).reshape(-1, 3)


def track(frames: Iterable[np.ndarray]) -> Iterator[FaceFrame]:
    """Landmarks of every frame, one at a time, in order.

    Parameters
    ----------
    frames
        RGB uint8 pictures (H, W, 3) of one continuous recording.

    Yields
    ------
    FaceFrame
        One a frame; `landmarks` is None where no face was found.

    Raises
    ------
    VivantError
        ``asset-missing`` or ``asset-altered`` when a model is not the one tested.
    """
    with FaceTracker() as tracker:
        for rgb in frames:
            yield tracker(rgb)
