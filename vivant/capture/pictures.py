"""What one footage file shows, measured frame by frame while it streams past once.

Every frame is looked at small, for frozen frames, drops and cuts; every third one in detail, with
the face followed by `vivant.face.landmarks`. Judging is left to `vivant.capture.footage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vivant.capture.people import FacePrint, face_chip, face_vector
from vivant.face import landmarks as points
from vivant.face.landmarks import FaceTracker
from vivant.media.video import FPS, MediaInfo, probe, read_frames
from vivant.progress import Progress, silent

MAX_SIDE = 960  # pixels; a face is measured at no more than 160 anyway
STRIDE = 3  # frames between two detailed looks: 8.3 a second
THUMB = 96  # width of the small picture every frame is compared in
CROP, CROP_FACE = 128, 88  # side of the upright face crop, and the face's width in it
SHARP_FACE = 160  # face width at which sharpness is judged: what training will use
PRINT_EVERY_S = 15.0  # of footage for one look at whose face it is
CHEEKS = (50, 280, 205, 425)
FOREHEAD = (151, 9, 108, 337)
LEFT_LIDS = np.array([33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7])
RIGHT_LIDS = np.array(
    [362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382]
)
IRISES = ((468, 469, LEFT_LIDS), (473, 474, RIGHT_LIDS))  # centre, edge, lids

SAMPLE = np.dtype(
    [
        ("time_s", "f8"),
        ("faces", "i4"),
        ("found", "?"),  # landmarks were found; what follows holds only then
        ("x", "f4"),  # face centre and width, in shares of the picture's width
        ("y", "f4"),
        ("width", "f4"),
        ("inside", "?"),  # the whole face is in the picture
        ("yaw", "f4"),  # degrees; 0 looks into the camera
        ("pitch", "f4"),
        ("roll", "f4"),
        ("detail", "f4"),  # fine beside coarse detail at SHARP_FACE: 0 blurred, .25 and more sharp
        ("luma", "f4"),  # median of the face, 0 to 255
        ("burnt", "f4"),  # share of the face at 250 or more
        ("sunk", "f4"),  # share of the face at 12 or less
        ("opening", "f4"),  # inner lips apart, in face widths
        ("lip_red", "f4"),  # CIELAB a* of the lips less that of the skin around them
        ("mouth_line", "f4"),  # how much darker than the skin the line between the lips is, 0 to 1
        ("tint", "f4"),  # CIELAB chroma distance of mouth surroundings and forehead
        ("eye_open", "f4"),  # lids apart, in eye widths, the wider eye
        ("iris_dark", "f4"),  # how much darker than its surroundings the iris is, 0 to 1
        ("shift_x", "f4"),  # of the background since the sample before, shares of the width
        ("shift_y", "f4"),
        ("anchors", "i4"),  # background points that agree on the shift
    ]
)


@dataclass(frozen=True)
class FootageScan:
    """Everything measured in one file.

    Attributes
    ----------
    info
        What the headers say.
    change
        (frames,) mean absolute difference to the frame before, 0 to 255, in the small picture; 0
        for the first.
    change3
        (frames,) the same over three frames, from one before to one after the step.
    source
        (frames,) the decoded picture each 25 fps frame shows.
    samples
        Record array of `SAMPLE`, one a detailed look.
    prints
        Whose face it is, once every `PRINT_EVERY_S`.
    """

    info: MediaInfo
    change: np.ndarray
    change3: np.ndarray
    source: np.ndarray
    samples: np.ndarray
    prints: tuple[FacePrint, ...]

    @property
    def path(self) -> Path:
        return self.info.path

    @property
    def seconds(self) -> float:
        """Length, as counted in frames."""
        return len(self.change) / FPS


def scan_footage(path: Path, progress: Progress = silent) -> FootageScan:
    """Measure a file in one pass; memory does not grow with its length.

    Raises
    ------
    VivantError
        As `vivant.media.video.read_frames`.
    """
    info = probe(path)
    thumbs: list[np.ndarray] = []
    change: list[float] = []
    change3: list[float] = []
    source: list[int] = []
    samples: list[np.void] = []
    background = _Background()
    who = _Who()
    with FaceTracker() as tracker:
        for frame in read_frames(path, max_side=MAX_SIDE):
            height, width = frame.rgb.shape[:2]
            small = cv2.resize(
                frame.rgb,
                (THUMB, max(8, round(THUMB * height / width))),
                interpolation=cv2.INTER_AREA,
            ).astype(np.float32)
            thumbs.append(small)
            change.append(float(np.abs(small - thumbs[-2]).mean()) if len(thumbs) > 1 else 0.0)
            if len(thumbs) == 4:
                change3.append(float(np.abs(thumbs[3] - thumbs[0]).mean()))
                thumbs.pop(0)
            source.append(frame.source_index)
            if frame.index % STRIDE == 0:
                samples.append(_look(frame.rgb, frame.time_s, tracker, background, who))
            if frame.index % 12 == 0:
                progress(min(1.0, frame.time_s / max(info.seconds, 0.1)), path.name)
    lined = np.zeros(len(change), np.float32)
    lined[2 : 2 + len(change3)] = change3  # frames k-2 to k+1 step over the cut before frame k
    return FootageScan(
        info,
        np.array(change, np.float32),
        lined,
        np.array(source),
        np.array(samples, SAMPLE),
        who.prints(),
    )


def _look(
    rgb: np.ndarray, time_s: float, tracker: FaceTracker, background: _Background, who: _Who
) -> np.void:
    row = np.zeros((), SAMPLE)
    row["time_s"] = time_s
    height, width = rgb.shape[:2]
    seen = tracker(rgb)
    row["faces"] = seen.faces
    face = seen.landmarks
    row["found"] = face is not None
    row["shift_x"], row["shift_y"], row["anchors"] = background.shift(rgb, face)
    if face is None:
        return cast(np.void, row[()])
    flat = face[:, :2]
    lo, hi = flat.min(0), flat.max(0)
    row["x"], row["y"] = (lo + hi) / 2 / width
    row["width"] = np.linalg.norm(face[454] - face[234]) / width
    row["inside"] = bool(lo.min() >= 0 and hi[0] < width and hi[1] < height)
    across, down = face[454] - face[234], face[152] - face[10]
    row["yaw"] = np.degrees(np.arctan2(across[2], across[0]))
    row["pitch"] = np.degrees(np.arctan2(down[2], down[1]))
    row["roll"] = np.degrees(np.arctan2(across[1], across[0]))
    row["opening"] = np.linalg.norm(
        flat[points.UPPER_LIP] - flat[points.LOWER_LIP]
    ) / np.linalg.norm(across[:2])
    _light(rgb, face, row)
    _mouth(rgb, face, row)
    _eyes(rgb, face, row)
    if row["inside"]:
        who.see(rgb, face, time_s, float(np.hypot(row["yaw"], row["pitch"])))
    return cast(np.void, row[()])


def face_crop(
    rgb: np.ndarray, face: np.ndarray, side: int = CROP, face_width: float = CROP_FACE
) -> tuple[np.ndarray, np.ndarray]:
    """Upright square crop with the face `face_width` pixels wide, and the landmarks in it."""
    flat = face[:, :2].astype(np.float64)
    eyes = flat[263] - flat[33]
    # 3D width: a face turned aside keeps its scale.
    scale = face_width / max(1.0, float(np.linalg.norm(face[454] - face[234])))
    turn = eyes / max(1e-6, float(np.linalg.norm(eyes))) * scale
    matrix = np.array([[turn[0], turn[1]], [-turn[1], turn[0]]])
    centre = flat[[33, 263, 61, 291]].mean(0)
    offset = side / 2 - matrix @ centre
    crop = cv2.warpAffine(
        _prefiltered(rgb, scale),
        np.hstack([matrix, offset[:, None]]),
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return crop, flat @ matrix.T + offset


def _prefiltered(rgb: np.ndarray, scale: float) -> np.ndarray:
    """Blur before shrinking, so that noise and edges do not alias."""
    if scale >= 0.75:
        return rgb
    return cv2.GaussianBlur(rgb, (0, 0), 0.45 / scale)


def _inside(corners: np.ndarray, side: int = CROP) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def _dots(where: np.ndarray, radius: int = 4) -> np.ndarray:
    mask = np.zeros((CROP, CROP), np.uint8)
    for x, y in np.round(where).astype(int):
        cv2.rectangle(mask, (x - radius, y - radius), (x + radius, y + radius), 1, -1)
    return mask.astype(bool)


def _grown(mask: np.ndarray, by: int) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)


def _median(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    picked = values[mask]
    return np.median(picked, axis=0) if len(picked) else np.zeros(values.shape[-1], np.float32)


def _light(rgb: np.ndarray, face: np.ndarray, row: np.ndarray) -> None:
    width = min(float(SHARP_FACE), float(np.linalg.norm(face[454] - face[234])))
    side = max(48, round(width * 1.25))
    crop, where = face_crop(rgb, face, side, width)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    skin = _inside(cv2.convexHull(where.astype(np.float32))[:, 0], side)
    lit = grey[skin]
    if not len(lit):
        return
    row["luma"] = np.median(lit)
    row["burnt"] = (lit >= 250).mean()
    row["sunk"] = (lit <= 12).mean()
    row["detail"] = fine_detail(grey, skin)


def fine_detail(grey: np.ndarray, where: np.ndarray) -> float:
    """Edges finer than a pixel or so beside those of a few pixels: what blurring takes away first.

    The ratio of the standard deviations of two bands of a Laplacian pyramid (Burt and Adelson
    1983), 0-1 and 1-4 pixels of Gaussian sigma, over the pixels `where`. Noise fills the fine band,
    too, but evenly, where edges are sparse: what the median deviation explains is taken off.
    """
    fine_blur = cv2.GaussianBlur(grey, (0, 0), 1)
    fine = (grey - fine_blur)[where]
    coarse = (fine_blur - cv2.GaussianBlur(grey, (0, 0), 4))[where]
    noise = 1.4826 * float(np.median(np.abs(fine - np.median(fine))))
    # White noise that leaves 1 in the fine band leaves .45 in the coarse one.
    edges = max(0.0, float(fine.var()) - noise**2)
    shapes = max(1.0, float(coarse.var()) - (0.45 * noise) ** 2)
    return float(np.sqrt(edges / shapes))


def _mouth(rgb: np.ndarray, face: np.ndarray, row: np.ndarray) -> None:
    """Look for lips where the landmarks say they are: a hand or a mask has none."""
    crop, where = face_crop(rgb, face)
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mouth = _inside(where[points.OUTER_LIPS])
    lips = mouth & ~_inside(where[points.INNER_LIPS])
    around = _grown(mouth, 6) & ~_grown(mouth, 2)
    lip, skin = _median(lab, lips), _median(lab, around)
    forehead = _median(lab, _dots(where[list(FOREHEAD)]))
    row["lip_red"] = lip[1] - skin[1]
    row["tint"] = np.hypot(*(skin[1:] - forehead[1:]))
    x, y = where[points.INNER_LIPS].mean(0)
    half = 0.25 * np.linalg.norm(where[61] - where[291])
    column = lab[
        max(0, round(y) - 14) : max(1, round(y) + 15),
        max(0, round(x - half)) : max(1, round(x + half)),
        0,
    ]
    if column.size and skin[0] > 1:
        row["mouth_line"] = np.clip(1 - column.mean(1).min() / skin[0], 0, 1)


def _eyes(rgb: np.ndarray, face: np.ndarray, row: np.ndarray) -> None:
    """Look for an iris darker than the white and lids around it, in the wider open eye."""
    flat = face[:, :2]
    best = -1.0
    for centre, edge, lids in IRISES:
        corners = flat[lids[[0, 8]]]
        width = float(np.linalg.norm(corners[1] - corners[0]))
        opening = float(np.linalg.norm(flat[lids[4]] - flat[lids[12]])) / max(width, 1e-6)
        if opening <= best:
            continue
        best = opening
        scale = 48 / max(width, 1.0)
        middle = flat[centre]
        offset = np.array([32.0, 24.0]) - scale * middle
        matrix = np.hstack([np.eye(2) * scale, offset[:, None]])
        eye = cv2.warpAffine(
            _prefiltered(rgb, scale), matrix, (64, 48), borderMode=cv2.BORDER_REPLICATE
        )
        grey = cv2.cvtColor(eye, cv2.COLOR_RGB2GRAY).astype(np.float32)
        radius = np.clip(scale * float(np.linalg.norm(flat[edge] - middle)), 4, 14)
        ys, xs = np.mgrid[:48, :64]
        away = np.hypot(xs - 32, ys - 24)
        shown = np.zeros((48, 64), np.uint8)
        outline = flat[lids] * scale + offset
        cv2.fillPoly(shown, [np.round(outline).astype(np.int32)], 1)
        iris = (away < 0.8 * radius) & (shown > 0)
        white = (away > 1.3 * radius) & (shown > 0)
        if iris.sum() < 8 or white.sum() < 8:
            row["iris_dark"] = 0
        else:
            row["iris_dark"] = np.clip(
                1 - np.median(grey[iris]) / max(1.0, float(np.percentile(grey[white], 60))), -1, 1
            )
    row["eye_open"] = best


class _Who:
    """Keeps the face seen most from the front in every stretch of `PRINT_EVERY_S`."""

    def __init__(self) -> None:
        self._best: dict[int, tuple[float, float, np.ndarray]] = {}  # turned, second, chip

    def see(self, rgb: np.ndarray, face: np.ndarray, time_s: float, turned_deg: float) -> None:
        stretch = int(time_s / PRINT_EVERY_S)
        held = self._best.get(stretch)
        if held is None or turned_deg < held[0] - 2:  # small gains are not worth a new chip
            self._best[stretch] = (turned_deg, time_s, face_chip(rgb, face))

    def prints(self) -> tuple[FacePrint, ...]:
        return tuple(
            FacePrint(time_s, face_vector(chip)) for _, time_s, chip in self._best.values()
        )


class _Background:
    """Movement of what is behind the person, by points followed from sample to sample."""

    WIDTH = 320
    EVERY = 2  # samples

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._count = 0

    def shift(self, rgb: np.ndarray, face: np.ndarray | None) -> tuple[float, float, int]:
        """(dx, dy, agreeing points) since the sample looked at before."""
        self._count += 1
        if self._count % self.EVERY != 1 or face is None:
            return 0.0, 0.0, 0
        scale = self.WIDTH / rgb.shape[1]
        grey = cv2.cvtColor(
            cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
            cv2.COLOR_RGB2GRAY,
        )
        before, self._before = self._before, grey
        if before is None or before.shape != grey.shape:
            return 0.0, 0.0, 0
        mask = np.full(grey.shape, 255, np.uint8)
        lo, hi = face[:, :2].min(0) * scale, face[:, :2].max(0) * scale
        size = hi - lo
        # Hair above and beside the face; shoulders and hands below it, out to the picture's edge.
        x0, x1 = int(lo[0] - 0.6 * size[0]), int(hi[0] + 0.6 * size[0])
        cv2.rectangle(mask, (x0, int(lo[1] - 0.7 * size[1])), (x1, grey.shape[0]), 0, -1)
        cv2.rectangle(mask, (0, int(hi[1] - 0.1 * size[1])), (grey.shape[1], grey.shape[0]), 0, -1)
        corners = cv2.goodFeaturesToTrack(before, 60, 0.05, 6, mask=mask)
        if corners is None or len(corners) < 8:
            return 0.0, 0.0, 0
        moved, status, _ = cv2.calcOpticalFlowPyrLK(before, grey, corners, None)
        steps = (moved - corners)[status.ravel() > 0].reshape(-1, 2)
        if len(steps) < 8:
            return 0.0, 0.0, 0
        middle = np.median(steps, axis=0)
        agree = np.hypot(*(steps - middle).T) < 0.7
        if agree.mean() < 0.5:
            return 0.0, 0.0, 0
        step = steps[agree].mean(0) / self.WIDTH
        return float(step[0]), float(step[1]), int(agree.sum())
