"""From analysed footage to everything that speaking needs (torch; for training only).

    work/fit.npz          mouth model
    work/mels/000.npy     a take's sound in several voices, log-mel
    work/drivers/0.pt     trained networks

Each of these is kept when work is stopped, and found again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from scipy.signal import lfilter

from vivant.face.analyse import Person, Take, read_person, read_takes
from vivant.face.changed import put_together, random_change, take_apart
from vivant.face.codes import CODES, MouthModel, fit_model
from vivant.face.driver import WINDOW, Driver, Lesson, export_onnx, train_driver
from vivant.face.material import Measured, looks_of, make_bank, measure, runs_of, split
from vivant.face.model import FaceModel, save_model
from vivant.face.path import code_weights
from vivant.face.sound import PER_VIDEO_FRAME, RATE, log_mel, normalise
from vivant.media.files import atomic_folder, atomic_path
from vivant.progress import Progress, part, silent

OTHER_VOICES = 6  # random voices that each take is heard in, beside the person's own
SILENCES = 12
LEAST_IMPORTANT = 0.1  # weight of a code that one does not see, beside those that one does


@dataclass(frozen=True)
class Recipe:
    """How long to train."""

    networks: int
    steps: int  # each


TIERS = {"fast": Recipe(networks=2, steps=400), "standard": Recipe(networks=4, steps=1000)}


def train_face(
    work: str | Path,
    out: str | Path,
    *,
    tier: str = "standard",
    recipe: Recipe | None = None,
    progress: Progress = silent,
) -> None:
    """Train a face from what `analyse_footage` left.

    Parameters
    ----------
    work
        Folder of `vivant.face.analyse.analyse_footage`; unfinished training is kept in it.
    out
        Folder for the model (see `vivant.face.model`); appears whole at the end.
    tier
        ``"fast"`` or ``"standard"``.
    recipe
        Instead of the tier's own.
    progress
        Called several times a second.

    Raises
    ------
    VivantError
        ``no-face`` or ``too-little-footage``.
    """
    torch.set_num_threads(1)
    work, out = Path(work), Path(out)
    recipe = recipe or TIERS[tier]
    person, takes = read_person(work), read_takes(work)
    learnt, _ = split(takes)
    runs = [runs_of(learnt, number) for number in range(len(takes))]
    kept = [number for number, spans in enumerate(runs) if len(spans)]
    takes, runs = tuple(takes[k] for k in kept), [runs[k] for k in kept]

    looks = looks_of(takes, work, part(progress, 0.0, 0.05))
    mouth = _mouth_model(takes, looks, runs, person, work)
    measured = [
        measure(mouth, take, own, spans)
        for take, own, spans in zip(takes, looks, runs, strict=True)
    ]
    mels = _mels(takes, work, part(progress, 0.08, 0.25))
    lessons = [
        Lesson(np.asarray(mel), own.codes, np.isfinite(own.codes[:, 0]))
        for mel, own in zip(mels, measured, strict=True)
    ]
    drivers = _drivers(lessons, mouth, work, recipe, part(progress, 0.25, 0.95))
    progress(0.95, "writing the face")
    with atomic_folder(out) as aside:
        _write(aside, takes, runs, measured, mouth, person, drivers)
    progress(1.0, "face trained")


def _mouth_model(
    takes: Sequence[Take],
    looks: Sequence[np.ndarray],
    runs: Sequence[np.ndarray],
    person: Person,
    work: Path,
) -> MouthModel:
    path = work / "fit.npz"
    if not path.exists():
        model = fit_model([take.landmarks for take in takes], looks, runs, person.reference)
        with atomic_path(path) as aside, open(aside, "wb") as opened:
            np.savez(opened, **{f.name: getattr(model, f.name) for f in fields(MouthModel)})
    return read_mouth_model(work)


def read_mouth_model(work: Path) -> MouthModel:
    """The mouth model that training fitted."""
    with np.load(work / "fit.npz") as saved:
        return MouthModel(**{f.name: saved[f.name] for f in fields(MouthModel)})


def _mels(takes: Sequence[Take], work: Path, progress: Progress) -> list[np.ndarray]:
    """Each take's sound in its own and in random voices, (voices, 4 n, 80) each."""
    folder = work / "mels"
    folder.mkdir(exist_ok=True)
    found = []
    for number, take in enumerate(takes):
        path = folder / f"{take.folder.name}.npy"
        if not path.exists():
            random = np.random.default_rng([number, 7])
            frames = len(take.landmarks)
            parts = take_apart(take.wave)
            waves = [take.wave]
            for voice in range(OTHER_VOICES):
                waves.append(put_together(parts, random_change(random), random))
                progress(
                    (number + voice / OTHER_VOICES) / len(takes), "changing the voice that is heard"
                )
            mels = np.stack([normalise(log_mel(wave, frames)) for wave in waves])
            with atomic_path(path) as aside, open(aside, "wb") as opened:
                np.save(opened, mels)
        found.append(np.load(path))
    return found


def _silences() -> np.ndarray:
    """Noises of rooms and mains, in which the mouth rests, as `normalise` leaves them."""
    random = np.random.default_rng(11)
    samples = RATE * WINDOW // 25
    found = []
    for number in range(SILENCES):
        noise = random.normal(0, 10 ** random.uniform(-4, -1.5), samples)
        noise = lfilter([1, random.uniform(-0.9, 0.9)], [1], noise)
        if number % 3 == 0:
            hum = np.sin(2 * np.pi * random.uniform(50, 300) * np.arange(samples) / RATE)
            noise = noise + 10 ** random.uniform(-4, -2) * hum
        found.append(normalise(log_mel(noise.astype(np.float32), WINDOW)))
    return np.stack(found)[:, : PER_VIDEO_FRAME * WINDOW]


def _drivers(
    lessons: Sequence[Lesson], mouth: MouthModel, work: Path, recipe: Recipe, progress: Progress
) -> list[Driver]:
    folder = work / "drivers"
    folder.mkdir(exist_ok=True)
    importance = code_weights(mouth) / code_weights(mouth).max() + LEAST_IMPORTANT
    importance = importance / importance.mean()
    assert importance.shape == (CODES,)
    silences = _silences()
    drivers = []
    for number in range(recipe.networks):
        path = folder / f"{number}-{recipe.steps}.pt"
        step = part(progress, number / recipe.networks, (number + 1) / recipe.networks)
        if not path.exists():
            words = f"learning how the mouth moves, network {number + 1} of {recipe.networks}"

            def report(fraction: float, step: Progress = step, words: str = words) -> None:
                step(fraction, words)

            net = train_driver(lessons, silences, importance, recipe.steps, number, report)
            with atomic_path(path) as aside:
                torch.save(net.state_dict(), aside)
        net = Driver()
        net.load_state_dict(torch.load(path, weights_only=True))
        drivers.append(net.eval())
    return drivers


def _write(
    out: Path,
    takes: Sequence[Take],
    runs: Sequence[np.ndarray],
    measured: Sequence[Measured],
    mouth: MouthModel,
    person: Person,
    drivers: Sequence[Driver],
) -> None:
    bank = make_bank(takes, runs, measured, mouth)
    rests = tuple(own.rest for own in measured)
    model = FaceModel(
        mouth, rests, bank, person.reference, person.width, person.height, person.scale
    )
    save_model(model, out / "face.npz")
    export_onnx(drivers, out / "driver.onnx")
    (out / "footage").mkdir()
    with open(out / "patches.bin", "wb") as patches:
        for number, (take, spans) in enumerate(zip(takes, runs, strict=True)):
            shutil.copyfile(take.folder / "footage.mp4", out / "footage" / f"{number:03d}.mp4")
            data = np.memmap(take.folder / "patches.bin", np.uint8, "r")
            for first, last in spans:
                patches.write(data[take.patch_index[first] : take.patch_index[last]].tobytes())
