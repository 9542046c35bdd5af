"""Base footage and patches on disk, made for jumping about in them.

Base footage is the capture again: upright, 25 frames a second, H.264 with a key frame every half
second and no reordered frames, at a quality where the loss cannot be seen. A patch bank is one
file of JPEG pictures one after another with an index, so that any one is read alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from vivant.errors import VivantError
from vivant.media.video import FPS

GROUP = 12  # frames from key frame to key frame
QUALITY = "14"  # x264 constant rate factor
PATCH_QUALITY = 95  # JPEG
MAX_SIDE = 1920  # larger footage is shrunk to this


def damaged(path: Path, reason: str) -> VivantError:
    """The error about a file of an avatar that cannot be used."""
    return VivantError(
        "avatar-damaged",
        f"{path}: {reason}.",
        "Restore the avatar's folder from a copy, or create it again.",
        file=path,
    )


class FootageWriter:
    """Encodes base footage. Use as a context manager; sizes must be even."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._container: Any = av.open(str(path), "w", format="mp4")
        stream: Any = self._container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        stream.options = {
            "crf": QUALITY,
            "preset": "superfast",
            "g": str(GROUP),
            "x264-params": "bframes=0:scenecut=0",
        }
        context = stream.codec_context
        context.thread_count = 1
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._stream = stream
        self._count = 0

    def __enter__(self) -> FootageWriter:
        return self

    def write(self, rgb: np.ndarray) -> None:
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
            threads=1,
        )
        frame.pts = self._count
        frame.time_base = Fraction(1, FPS)
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if error is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return False


class Footage:
    """Random access to base footage: walking on is cheap, and so is walking back.

    Parameters
    ----------
    path
        A file that `FootageWriter` made.
    size
        (width, height) that frames are scaled to while they are converted; None leaves them.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        self._path = path
        self._size = size
        try:
            self._container: Any = av.open(str(path))
            self._stream: Any = self._container.streams.video[0]
        except (av.FFmpegError, IndexError) as error:
            raise damaged(path, f"it cannot be read ({error})") from error
        self._stream.codec_context.thread_count = 1
        self._groups: OrderedDict[int, list[Any]] = OrderedDict()
        self._decoder: Iterator[Any] | None = None
        self._next = -1  # the group that `_decoder` is about to give

    def close(self) -> None:
        self._container.close()

    def __getitem__(self, index: int) -> np.ndarray:
        """Frame `index` as (H, W, 3) uint8 RGB."""
        group = index // GROUP
        if group not in self._groups:
            self._groups[group] = self._decode(group)
            while len(self._groups) > 2:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        frames = self._groups[group]
        if index % GROUP >= len(frames):
            raise damaged(self._path, f"it has no frame {index}")
        frame = frames[index % GROUP]
        width, height = self._size or (frame.width, frame.height)
        smaller = width < frame.width
        return np.asarray(
            frame.reformat(
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=Colorspace.ITU709,
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.MPEG,
                dst_color_range=ColorRange.JPEG,
                interpolation=Interpolation.AREA if smaller else Interpolation.BICUBIC,
                threads=1,
            ).to_ndarray()
        )

    def _decode(self, group: int) -> list[Any]:
        if self._decoder is None or self._next != group:
            pts = int(Fraction(group * GROUP, FPS) / self._stream.time_base)
            self._container.seek(pts, stream=self._stream, backward=True)
            self._decoder = self._container.decode(self._stream)
        frames: list[Any] = []
        first, last = group * GROUP, (group + 1) * GROUP - 1
        for frame in self._decoder:
            number = round(float(frame.time) * FPS)
            if number >= first:
                frames.append(frame)
            if number >= last:
                break
        self._next = group + 1
        return frames


class PatchWriter:
    """Appends patches to a bank file; `index` then says where each one lies."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "wb")  # noqa: SIM115 (closed in __exit__)
        self.index: list[int] = [0]

    def __enter__(self) -> PatchWriter:
        return self

    def write(self, rgb: np.ndarray) -> None:
        """Append one patch, uint8 RGB."""
        full_chroma = [
            cv2.IMWRITE_JPEG_QUALITY,
            PATCH_QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
        ok, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), full_chroma)
        assert ok
        self._file.write(data.tobytes())
        self.index.append(self.index[-1] + len(data))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self._file.close()
        return False


class PatchBank:
    """Reads single patches; the file stays on disk."""

    def __init__(self, path: Path, index: np.ndarray) -> None:
        self._data = np.memmap(path, np.uint8, "r")
        self._index = index

    def __len__(self) -> int:
        return len(self._index) - 1

    def __getitem__(self, number: int) -> np.ndarray:
        """Patch `number` as (h, w, 3) uint8 RGB."""
        data = self._data[self._index[number] : self._index[number + 1]]
        picture = cv2.imdecode(np.asarray(data), cv2.IMREAD_COLOR)
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
