"""2d-real: the person's own footage with the mouth that the sound asks for (no torch).

sound ─▶ codes (driver.onnx) ─▶ path through the bank ─▶ mouth painted into base footage
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from vivant.errors import VivantError
from vivant.face.base import Base, plan_base
from vivant.face.codes import CODES
from vivant.face.crop import SHAPE, invert, transform
from vivant.face.footage import Footage, PatchBank
from vivant.face.landmarks import CHIN
from vivant.face.model import FaceModel, load_model
from vivant.face.paint import Painter, Source, Target, make_painter, paint
from vivant.face.path import Search, find_path, make_search
from vivant.face.sound import BANDS, RATE, log_mel, normalise, speaking, video_frames
from vivant.media.audio import resample
from vivant.media.video import FPS
from vivant.styles import Rendering
from vivant.voice.speech import Speech

SETTLE = 2.0  # frames, standard deviation of the way into rest and out of it
OPEN_TAKES = 3  # base footage files kept open


@dataclass(frozen=True)
class Said:
    """What the sound asks of the mouth, a row a video frame."""

    codes: np.ndarray  # (t, CODES)
    resting: np.ndarray  # (t,) bool


@dataclass(frozen=True)
class Mouths:
    """A bank made ready for drawing."""

    model: FaceModel
    search: Search
    painter: Painter
    patches: PatchBank


class Driver:
    """The trained networks, in ONNX Runtime."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def listen(self, wave: np.ndarray, frames: int) -> Said:
        """Codes of (samples,) float32 sound at 16 kHz for `frames` video frames."""
        mel = log_mel(wave, frames)
        normal = np.ascontiguousarray(normalise(mel).T[None], np.float32)
        assert normal.shape[1] == BANDS
        codes = np.asarray(self._session.run(["codes"], {"mel": normal})[0])[0].T
        speaks = speaking(mel)
        share = gaussian_filter1d(speaks.astype(np.float32), SETTLE, mode="nearest")
        share = np.where(speaks, share, 0)  # at rest is exactly at rest
        return Said((codes * share[:, None]).astype(np.float32), ~speaks)


def open_mouths(folder: Path) -> Mouths:
    """Load a trained face's bank."""
    model = load_model(folder / "face.npz")
    return Mouths(
        model,
        make_search(model.mouth, model.bank),
        make_painter(model.mouth, model.reference, model.scale),
        PatchBank(folder / "patches.bin", model.bank.patch_index),
    )


def draw(
    mouths: Mouths, base: FaceModel, plan: Base, frames: Iterator[np.ndarray], said: Said
) -> Iterator[np.ndarray]:
    """Paint mouths into base frames.

    Parameters
    ----------
    mouths
        Where the mouths come from.
    base
        Whose bank the plan's rows belong to: the avatar's own, or footage held out for judging.
    plan, frames
        The base frames, uint8 (H, W, 3) RGB each; they are painted over.
    said
        What to say, one row a frame.
    """
    bank, model = base.bank, mouths.model
    share = plan.share[:, None].astype(np.float32)

    def mixed(column: np.ndarray) -> np.ndarray:
        rows = column[plan.first].reshape(len(share), -1)
        other = column[plan.second].reshape(len(share), -1)
        shape = (len(share), *column.shape[1:])
        return np.asarray((rows * (1 - share) + other * share).reshape(shape))

    path = find_path(mouths.search, said.codes, mixed(bank.pose), said.resting)
    matrices, shape, colour = mixed(bank.matrices), mixed(bank.shape), mixed(bank.colour)
    wanted = mixed(bank.rest_shape) + model.mouth.shape_of(said.codes).reshape(-1, len(SHAPE), 2)
    source = model.bank
    shown = source.rest_shape[path] + model.mouth.shape_of(source.codes[path]).reshape(
        -1, len(SHAPE), 2
    )
    before, patch = -1, np.zeros(0)
    for t, frame in enumerate(frames):
        row = int(path[t])
        if row != before:
            before, patch = row, mouths.patches[row]
        looks = base.rest_looks(plan.first[t : t + 1])[0]
        if plan.share[t]:
            looks += plan.share[t] * (base.rest_looks(plan.second[t : t + 1])[0] - looks)
        target = Target(
            matrices[t],
            shape[t],
            wanted[t],
            looks + model.mouth.look_of(said.codes[t : t + 1])[0],
            colour[t],
        )
        paint(mouths.painter, frame, target, Source(patch, shown[t], source.colour[row]))
        yield frame


class Real2D:
    """The style itself."""

    name = "2d-real"

    def open(self, avatar: Path, threads: int = 1) -> RealRenderer:
        """Open an avatar's face.

        Raises
        ------
        VivantError
            ``avatar-damaged``.
        """
        return RealRenderer(Path(avatar) / "face", threads)


class RealRenderer:
    """One person, ready to be drawn."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._mouths = open_mouths(folder)
        self._driver = Driver(folder / "driver.onnx", threads)

    def render(self, speech: Speech, *, size: tuple[int, int] | None = None) -> Rendering:
        """Draw `speech`; see `vivant.styles.Renderer`.

        Raises
        ------
        VivantError
            ``bad-size`` for an odd or tiny one.
        """
        model = self._mouths.model
        width, height = size or (model.width, model.height)
        if width % 2 or height % 2 or min(width, height) < 32:
            raise VivantError(
                "bad-size",
                f"A video of {width}x{height} cannot be encoded.",
                "Ask for an even width and height, 32 pixels or more.",
            )
        count = video_frames(len(speech.wave), speech.rate, FPS)
        said = self._driver.listen(resample(speech.wave, speech.rate, RATE), count)
        assert said.codes.shape == (count, CODES)
        plan = plan_base(model.bank, count)
        frames = draw(self._mouths, model, plan, self._footage(plan), said)
        return Rendering(width, height, FPS, self._fitted(frames, plan, width, height))

    def _footage(self, plan: Base) -> Iterator[np.ndarray]:
        bank = self._mouths.model.bank
        opened: OrderedDict[int, Footage] = OrderedDict()

        def frame(row: int) -> np.ndarray:
            take = int(bank.take[row])
            if take not in opened:
                opened[take] = Footage(self._folder / "footage" / f"{take:03d}.mp4")
                if len(opened) > OPEN_TAKES:
                    opened.popitem(last=False)[1].close()
            opened.move_to_end(take)
            return opened[take][int(bank.frame[row])]

        try:
            for first, second, share in zip(plan.first, plan.second, plan.share, strict=True):
                shown = frame(int(first))
                if share:
                    shown = cv2.addWeighted(shown, 1 - share, frame(int(second)), share, 0)
                yield np.require(shown, requirements=["C", "W"])
        finally:
            for footage in opened.values():
                footage.close()

    def _fitted(
        self, frames: Iterator[np.ndarray], plan: Base, width: int, height: int
    ) -> Iterator[np.ndarray]:
        """Scale to fill the size, and cut off what is beyond it, around the face."""
        model = self._mouths.model
        if (width, height) == (model.width, model.height):
            yield from frames
            return
        scale = max(width / model.width, height / model.height)
        wide, high = width / scale, height / scale
        centre = np.median(
            [
                transform(model.reference[CHIN] * [1, 0.6], invert(matrix))
                for matrix in model.bank.matrices[np.unique(plan.first)]
            ],
            axis=0,
        )
        left = np.clip(centre[0] - wide / 2, 0, model.width - wide)
        top = np.clip(centre[1] - high / 2, 0, model.height - high)
        cut = (wide, high) != (model.width, model.height)
        smaller = scale < 1
        for frame in frames:
            if cut:
                x0, y0 = round(left), round(top)
                frame = frame[y0 : y0 + round(high), x0 : x0 + round(wide)]
            yield cv2.resize(
                frame,
                (width, height),
                interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC,
            )
