"""2d-real: the person's own footage with the mouth that the sound asks for (no torch).

sound ─▶ codes (driver.onnx) ─▶ path through the bank ─▶ mouth painted into base footage
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from vivant.errors import VivantError
from vivant.face.base import Base, between, plan_base
from vivant.face.crop import REGION, SHAPE, invert, transform
from vivant.face.footage import Footage, PatchBank, damaged
from vivant.face.landmarks import CHIN, FOREHEAD, LEFT_CHEEK_EDGE, RIGHT_CHEEK_EDGE
from vivant.face.model import FaceModel, load_model
from vivant.face.paint import Painter, Source, Target, make_painter, paint
from vivant.face.path import Search, find_path, make_search
from vivant.face.sound import PER_VIDEO_FRAME, RATE, log_mel, normalise, speaking, video_frames
from vivant.media.audio import resample
from vivant.media.video import FPS
from vivant.styles import Rendering
from vivant.voice.speech import Speech

SETTLE = 1.5  # frames, standard deviation of the way into rest and out of it
SETTLE_FRAMES = 3  # frames that way is long, to either side of its middle
OPEN_TAKES = 3  # base footage files kept open
HEAR = 1500  # video frames the networks hear at once
CONTEXT = 20  # video frames before and after that they hear as well; more than they reach
HEAD_ABOVE, HEAD_BELOW, HEAD_ASIDE = 0.45, 0.15, 0.3  # of the face: hair, chin, ears
SURROUNDINGS = 0.55  # brightness of what fills a picture that the footage does not


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
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a dozen kinds of its own
            raise damaged(path, "it holds no network that can be read") from error

    def listen(self, wave: np.ndarray, frames: int) -> Said:
        """Codes of (samples,) float32 sound at 16 kHz for `frames` video frames."""
        mel = log_mel(wave, frames)
        normal = np.ascontiguousarray(normalise(mel).T[None], np.float32)
        codes = []
        for first in range(0, frames, HEAR):
            start, last = max(0, first - CONTEXT), min(frames, first + HEAR)
            heard = normal[:, :, PER_VIDEO_FRAME * start : PER_VIDEO_FRAME * (last + CONTEXT)]
            found = self._session.run(["codes"], {"mel": heard})[0][0].T
            codes.append(found[first - start : last - start])
        speaks = speaking(mel)
        # Into rest and out of it within speech's own margin: at rest is exactly at rest.
        share = minimum_filter1d(speaks.astype(np.float32), 2 * SETTLE_FRAMES + 1, mode="nearest")
        share = gaussian_filter1d(share, SETTLE, mode="nearest", radius=SETTLE_FRAMES)
        return Said((np.concatenate(codes) * share[:, None]).astype(np.float32), ~speaks)


def open_mouths(folder: Path) -> Mouths:
    """Load a trained face's bank.

    Raises
    ------
    VivantError
        ``avatar-damaged``.
    """
    model = load_model(folder / "face.npz")
    patches, index = folder / "patches.bin", model.bank.patch_index
    if not patches.is_file() or patches.stat().st_size != index[-1]:
        raise damaged(patches, f"it should hold {index[-1]} bytes")
    return Mouths(
        model,
        make_search(model.mouth, model.bank),
        make_painter(model.mouth, model.reference, model.scale),
        PatchBank(patches, index),
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
            if mouths.painter.scale < model.scale:
                size = (
                    round(REGION.width * mouths.painter.scale),
                    round(REGION.height * mouths.painter.scale),
                )
                patch = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
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

        The footage fills the size asked for as long as the whole head stays in the picture, and
        is set before a blurred copy of itself otherwise.

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
        plan = plan_base(model.bank, count)
        layout = lay_out(model, np.unique(plan.first), width, height)
        mouths, base = self._mouths, model
        if layout.work != (model.width, model.height):
            mouths, base = _at_size(mouths, layout.work)
        frames = draw(mouths, base, plan, self._footage(plan, layout.work), said)
        return Rendering(width, height, FPS, _placed(frames, layout, width, height))

    def _footage(self, plan: Base, size: tuple[int, int]) -> Iterator[np.ndarray]:
        bank = self._mouths.model.bank
        opened: OrderedDict[int, Footage] = OrderedDict()

        def frame(row: int) -> np.ndarray:
            take = int(bank.take[row])
            if take not in opened:
                opened[take] = Footage(self._folder / "footage" / f"{take:03d}.mp4", size)
                if len(opened) > OPEN_TAKES:
                    opened.popitem(last=False)[1].close()
            opened.move_to_end(take)
            return opened[take][int(bank.frame[row])]

        try:
            for first, second, share in zip(plan.first, plan.second, plan.share, strict=True):
                shown = frame(int(first))
                if share:
                    shown = between(shown, frame(int(second)), float(share))
                yield np.require(shown, requirements=["C", "W"])
        finally:
            for footage in opened.values():
                footage.close()


@dataclass(frozen=True)
class Layout:
    """Where the footage lies in the picture."""

    work: tuple[int, int]  # width and height at which frames are decoded and painted
    scale: float  # from there to the picture
    left: int  # in the picture; negative where the footage is cut off
    top: int
    shown: tuple[int, int]  # width and height of the whole footage in the picture


def lay_out(model: FaceModel, rows: np.ndarray, width: int, height: int) -> Layout:
    """Fit the footage into a picture of another size or shape.

    Parameters
    ----------
    model
        Its size and mean face are used.
    rows
        Of the bank, that will be shown.
    width, height
        Of the picture.
    """
    points = model.reference[[FOREHEAD, CHIN, LEFT_CHEEK_EDGE, RIGHT_CHEEK_EDGE]]
    found = np.array([transform(points, invert(matrix)) for matrix in model.bank.matrices[rows]])
    tall = np.median(found[:, 1, 1] - found[:, 0, 1])
    wide = np.median(found[:, 3, 0] - found[:, 2, 0])
    top = max(0.0, found[:, 0, 1].min() - HEAD_ABOVE * tall)
    bottom = min(float(model.height), found[:, 1, 1].max() + HEAD_BELOW * tall)
    left = max(0.0, found[:, 2, 0].min() - HEAD_ASIDE * wide)
    right = min(float(model.width), found[:, 3, 0].max() + HEAD_ASIDE * wide)

    fill = max(width / model.width, height / model.height)
    fits = (right - left) * fill <= width and (bottom - top) * fill <= height
    scale = fill if fits else min(width / model.width, height / model.height)
    shown = (max(width, round(model.width * scale)), max(height, round(model.height * scale)))
    if fits:
        # The head stays in the picture; beyond that the footage's own composition is kept.
        x = np.clip((shown[0] - width) / 2, right * scale - width, left * scale)
        y = np.clip((shown[1] - height) / 2, bottom * scale - height, top * scale)
        x, y = -min(x, shown[0] - width), -min(y, shown[1] - height)
    else:
        shown = (min(width, round(model.width * scale)), min(height, round(model.height * scale)))
        x, y = (width - shown[0]) / 2, (height - shown[1]) / 2
    if scale < 1:
        return Layout(shown, 1.0, round(x), round(y), shown)
    return Layout((model.width, model.height), scale, round(x), round(y), shown)


def _at_size(mouths: Mouths, size: tuple[int, int]) -> tuple[Mouths, FaceModel]:
    """Mouths and base for painting into footage that is decoded smaller than it was filmed."""
    model = mouths.model
    shrink = np.array([size[0] / model.width, size[1] / model.height])
    matrices = model.bank.matrices.copy()
    # Pixel centres: sample k of the small frame lies at (k + .5) / shrink - .5 of the large one.
    matrices[:, :, 2] += matrices[:, :, :2] @ (0.5 / shrink - 0.5)
    matrices[:, :, :2] /= shrink
    base = dataclasses.replace(model, bank=dataclasses.replace(model.bank, matrices=matrices))
    # Patches with many more pixels than the frame would sparkle.
    scale = min(model.scale, max(0.5, np.ceil(8 * model.scale * shrink.mean()) / 8))
    painter = make_painter(model.mouth, model.reference, float(scale))
    return dataclasses.replace(mouths, painter=painter), base


def _placed(
    frames: Iterator[np.ndarray], layout: Layout, width: int, height: int
) -> Iterator[np.ndarray]:
    """Scale and place painted frames in pictures of the final size."""
    if layout.shown == (width, height) == layout.work:
        yield from frames
        return
    (wide, high), scale = layout.shown, layout.scale
    x0, y0 = max(0, layout.left), max(0, layout.top)
    x1, y1 = min(width, layout.left + wide), min(height, layout.top + high)
    full = (x1 - x0, y1 - y0) == (width, height)
    behind = np.zeros(0)
    for number, frame in enumerate(frames):
        if number == 0 and not full:
            behind = _surroundings(frame, width, height)
        if layout.work == layout.shown:
            part = frame[y0 - layout.top : y1 - layout.top, x0 - layout.left : x1 - layout.left]
        else:  # only what is seen is scaled, from whole pixels
            left, top = round((x0 - layout.left) / scale), round((y0 - layout.top) / scale)
            right, bottom = round((x1 - layout.left) / scale), round((y1 - layout.top) / scale)
            part = cv2.resize(
                frame[top:bottom, left:right], (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC
            )
        if full:
            yield np.ascontiguousarray(part)
        else:
            picture = behind.copy()
            picture[y0:y1, x0:x1] = part
            yield picture


def _surroundings(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """A dark, blurred copy of a frame that fills a picture."""
    small = cv2.resize(
        frame, (64, 64 * frame.shape[0] // frame.shape[1]), interpolation=cv2.INTER_AREA
    )
    soft = cv2.GaussianBlur(small, (0, 0), 4.0, borderType=cv2.BORDER_REPLICATE)
    fill = max(width / soft.shape[1], height / soft.shape[0])
    big = cv2.resize(soft, None, fx=fill, fy=fill, interpolation=cv2.INTER_CUBIC)
    top, left = (big.shape[0] - height) // 2, (big.shape[1] - width) // 2
    picture = big[max(0, top) :][:height, max(0, left) :][:, :width]
    picture = cv2.resize(picture, (width, height))
    return np.asarray(cv2.convertScaleAbs(picture, alpha=SURROUNDINGS))
