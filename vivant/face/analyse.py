"""From capture videos to tracks, stabilised crops, patches and base footage.

Two streaming passes over each file, so that memory does not grow with its length. The first
follows the face; then the person's mean face is known, and the second cuts the crops. Each file's
result appears whole or not at all, so work that was killed goes on with the next unfinished file.

    work/tracks/000.npz     landmarks of every frame, face counts, sound at 16 kHz
    work/person.npz         mean face, frame size, patch scale
    work/takes/000/         footage.mp4, patches.bin, crops.npy, take.npz
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap

from vivant.errors import VivantError
from vivant.face.crop import (
    CROP,
    CROP_HEIGHT,
    REGION,
    Box,
    cut,
    patch_scale,
    reference_face,
    stabilise,
    transform,
)
from vivant.face.footage import MAX_SIDE, FootageWriter, PatchWriter
from vivant.face.landmarks import LANDMARKS, LEFT_CHEEK_EDGE, RIGHT_CHEEK_EDGE, FaceTracker
from vivant.face.sound import RATE
from vivant.media.audio import read_audio
from vivant.media.files import atomic_folder, atomic_path
from vivant.media.video import FPS, probe, read_frames
from vivant.progress import Progress, part, silent

SHORTEST_RUN = 25  # frames: less than a second with a face on end teaches nothing
MIN_FACE = 0.5  # seconds of usable face in all, below which there is nothing to train
WHOLE = Box(0, 0, CROP, CROP_HEIGHT)
FACE = Box(24, 16, 136, 150)  # brow to chin
THUMB = (7, 8)  # pixels; of the face, for finding damaged and covered frames
VIEW = (32, 24)  # pixels; of the whole frame, in grey, for finding frames that look alike
STRANGE = 4.0  # times the usual distance of a thumbnail from the person's median
STRANGE_LEVELS = 40.0  # grey levels, at least


@dataclass(frozen=True)
class Person:
    """What is common to all takes."""

    reference: np.ndarray  # (478, 2) mean face, reference pixels
    width: int  # of the base footage, even
    height: int
    scale: float  # patch pixels a reference pixel


@dataclass(frozen=True)
class Take:
    """One capture file, analysed. Frames without exactly one face are in no run."""

    name: str
    folder: Path
    landmarks: np.ndarray  # (n, 478, 2) float32 in reference pixels; NaN outside runs
    matrices: np.ndarray  # (n, 2, 3) frame of the base footage to crop; NaN outside runs
    runs: np.ndarray  # (r, 2) first frame and the one after the last, of unbroken face
    patch_index: np.ndarray  # (n + 1,) offsets into patches.bin
    views: np.ndarray  # (n, 24, 32) uint8, the whole frames in grey, small
    wave: np.ndarray  # (samples,) float32 at 16 kHz

    def crops(self) -> np.ndarray:
        """(n, 168, 160, 3) uint8, read from disk as needed."""
        return np.asarray(np.load(self.folder / "crops.npy", mmap_mode="r"))


def analyse_footage(
    paths: Sequence[str | Path], work: str | Path, progress: Progress = silent
) -> None:
    """Analyse all capture files of one person into `work`.

    Parameters
    ----------
    paths
        Videos with sound, in a fixed order; the same order again continues unfinished work.
    work
        Folder for the results, made if it is not there.
    progress
        Called several times a second.

    Raises
    ------
    VivantError
        ``no-face`` when no file shows a face for a second on end; codes of `vivant.media`.
    """
    work = Path(work)
    (work / "tracks").mkdir(parents=True, exist_ok=True)
    (work / "takes").mkdir(exist_ok=True)
    files = [Path(path) for path in paths]
    lengths = np.array([max(0.1, probe(path).seconds) for path in files])
    edges = np.concatenate([[0], np.cumsum(lengths / lengths.sum())])
    with contextlib.ExitStack() as stack:
        tracker: FaceTracker | None = None
        for number, path in enumerate(files):
            target = work / "tracks" / f"{number:03d}.npz"
            if target.exists():
                continue
            tracker = tracker or stack.enter_context(FaceTracker())
            step = part(progress, 0.6 * edges[number], 0.6 * edges[number + 1])
            _track(path, float(lengths[number]), tracker, target, step)
    person = _person(work, files)
    for number, path in enumerate(files):
        folder = work / "takes" / f"{number:03d}"
        if not folder.exists():
            step = part(progress, 0.6 + 0.4 * edges[number], 0.6 + 0.4 * edges[number + 1])
            _cut_take(path, work / "tracks" / f"{number:03d}.npz", person, folder, step)
    progress(1.0, "footage analysed")


def _track(
    path: Path, seconds: float, tracker: FaceTracker, target: Path, progress: Progress
) -> None:
    landmarks, faces, size = [], [], (0, 0)
    missing = np.full((LANDMARKS, 2), np.nan, np.float32)
    tracker.restart()
    for frame in read_frames(path, max_side=MAX_SIDE):
        seen = tracker(frame.rgb)
        landmarks.append(missing if seen.landmarks is None else seen.landmarks[:, :2])
        faces.append(seen.faces)
        size = (frame.rgb.shape[1], frame.rgb.shape[0])
        if frame.index % 10 == 0:
            progress(min(1.0, frame.time_s / seconds), f"following the face in {path.name}")
    wave = read_audio(path, RATE)
    with atomic_path(target) as aside, open(aside, "wb") as opened:
        np.savez(
            opened,
            landmarks=np.asarray(landmarks, np.float32).reshape(-1, LANDMARKS, 2),
            faces=np.asarray(faces, np.int16),
            size=np.asarray(size),
            wave=wave,
            name=np.asarray(path.stem),
        )


def _person(work: Path, files: Sequence[Path]) -> Person:
    """Mean face and common frame size; every file weighs by its length."""
    target = work / "person.npz"
    if target.exists():
        return read_person(work)
    samples, widths, sizes = [], [], []
    for number in range(len(files)):
        with np.load(work / "tracks" / f"{number:03d}.npz") as track:
            good = np.flatnonzero(_usable(track["landmarks"], track["faces"]))
            points = track["landmarks"][good[::15]].astype(np.float64)
            samples.append(points)
            sizes.append(tuple(int(side) for side in track["size"]))
    size = max(set(sizes), key=sizes.count)
    everything = np.concatenate(samples)
    if len(everything) * 15 < MIN_FACE * FPS:
        raise VivantError(
            "no-face",
            f"{files[0]}: no face could be followed in the footage.",
            "Record the face from the front, whole and well lit.",
            file=files[0],
        )
    for points, own in zip(samples, sizes, strict=True):
        across = points[:, RIGHT_CHEEK_EDGE] - points[:, LEFT_CHEEK_EDGE]
        widths.append(np.linalg.norm(across, axis=1) * size[0] / own[0])
    reference = reference_face(everything)
    with atomic_path(target) as aside, open(aside, "wb") as opened:
        np.savez(
            opened,
            reference=reference,
            size=np.array([size[0] - size[0] % 2, size[1] - size[1] % 2]),
            scale=patch_scale(float(np.median(np.concatenate(widths)))),
        )
    return read_person(work)


def _usable(landmarks: np.ndarray, faces: np.ndarray) -> np.ndarray:
    return (faces == 1) & np.isfinite(landmarks[:, 0, 0])


def _runs(good: np.ndarray) -> np.ndarray:
    """Unbroken stretches of True that are long enough, as (r, 2) first and one past last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    return runs[np.diff(runs, axis=1)[:, 0] >= SHORTEST_RUN]


def _cut_take(path: Path, track_file: Path, person: Person, folder: Path, report: Progress) -> None:
    with np.load(track_file) as track:
        own = track["size"]
        # A file of another size than the rest is scaled to fit theirs (the crop does not mind).
        fit = np.array([person.width / own[0], person.height / own[1]], np.float32)
        found, wave, name = track["landmarks"] * fit, track["wave"], str(track["name"])
        runs = _runs(_usable(track["landmarks"], track["faces"]))
    landmarks = np.full_like(found, np.nan)
    matrices = np.full((len(found), 2, 3), np.nan)
    for first, last in runs:
        matrices[first:last] = stabilise(found[first:last], person.reference)
        for i in range(first, last):
            landmarks[i] = transform(found[i].astype(np.float64), matrices[i])
    thumbs = np.zeros((len(found), THUMB[1], THUMB[0], 3), np.uint8)
    views = np.zeros((len(found), VIEW[1], VIEW[0]), np.uint8)
    with atomic_folder(folder) as aside:
        crops = open_memmap(
            aside / "crops.npy",
            mode="w+",
            dtype=np.uint8,
            shape=(len(found), WHOLE.height, WHOLE.width, 3),
        )
        with (
            FootageWriter(aside / "footage.mp4", person.width, person.height) as footage,
            PatchWriter(aside / "patches.bin") as patches,
        ):
            for frame in read_frames(path, max_side=MAX_SIDE):
                i = frame.index
                rgb = frame.rgb
                if rgb.shape[:2] != (person.height, person.width):
                    rgb = cv2.resize(
                        rgb, (person.width, person.height), interpolation=cv2.INTER_AREA
                    )
                footage.write(np.ascontiguousarray(rgb))
                views[i] = cv2.cvtColor(
                    cv2.resize(rgb, VIEW, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
                )
                if np.isfinite(matrices[i, 0, 0]):
                    crops[i] = cut(rgb, matrices[i], WHOLE)
                    face = np.ascontiguousarray(crops[i][FACE.slices])
                    thumbs[i] = cv2.resize(face, THUMB, interpolation=cv2.INTER_AREA)
                    patches.write(cut(rgb, matrices[i], REGION, person.scale))
                else:
                    patches.index.append(patches.index[-1])
                if i % 10 == 0:
                    report(min(1.0, i / len(found)), f"cutting the face out of {path.name}")
        crops.flush()
        np.savez(
            aside / "take.npz",
            name=name,
            landmarks=landmarks,
            matrices=matrices,
            runs=runs,
            thumbs=thumbs,
            views=views,
            patch_index=np.asarray(patches.index, np.int64),
            wave=wave,
        )


def read_person(work: str | Path) -> Person:
    """Read what `analyse_footage` found common to all takes."""
    with np.load(Path(work) / "person.npz") as saved:
        width, height = (int(side) for side in saved["size"])
        return Person(saved["reference"], width, height, float(saved["scale"]))


def _distance(thumbs: np.ndarray, median: np.ndarray) -> np.ndarray:
    """How far a tenth of each picture (n, p) is from the median, in grey levels."""
    return np.asarray(np.percentile(np.abs(thumbs - median), 90, axis=1))


def read_takes(work: str | Path) -> tuple[Take, ...]:
    """Read the takes of `analyse_footage`, in the order of its files.

    Frames that do not look like the person (damaged pictures, a hand before the face) are taken
    out of the runs: a tenth of their face is far from the median over all takes.

    Raises
    ------
    VivantError
        ``no-face`` when nothing usable is left.
    """
    takes, thumbs = [], []
    for folder in sorted((Path(work) / "takes").iterdir()):
        if folder.name.startswith("."):
            continue  # what a killed run left
        with np.load(folder / "take.npz") as saved:
            takes.append(
                Take(
                    str(saved["name"]),
                    folder,
                    saved["landmarks"],
                    saved["matrices"],
                    saved["runs"],
                    saved["patch_index"],
                    saved["views"],
                    saved["wave"],
                )
            )
            thumbs.append(saved["thumbs"].reshape(len(saved["thumbs"]), -1).astype(np.float32))
    inside = [np.isfinite(take.landmarks[:, 0, 0]) for take in takes]
    if not any(part.any() for part in inside):
        raise VivantError(
            "no-face",
            f"{takes[0].name}: no file shows the face for a second on end.",
            "Record the face from the front, alone, whole and well lit.",
        )
    every = np.concatenate([t[i] for t, i in zip(thumbs, inside, strict=True)])
    median = np.median(every[:: 1 + len(every) // 2000], axis=0)
    usual = float(np.median(_distance(every, median)))
    limit = max(STRANGE_LEVELS, STRANGE * usual)
    checked = []
    for take, own, within in zip(takes, thumbs, inside, strict=True):
        strange = _distance(own, median) > limit
        good = within & ~np.convolve(strange & within, np.ones(5), "same").astype(bool)
        landmarks = take.landmarks.copy()
        runs = _runs(good)
        kept = np.zeros(len(good), bool)
        for first, last in runs:
            kept[first:last] = True
        landmarks[~kept] = np.nan
        checked.append(dataclasses.replace(take, landmarks=landmarks, runs=runs))
    return tuple(checked)
