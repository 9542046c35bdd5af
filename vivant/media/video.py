"""Pictures in and out of video files: streaming, upright, in true colours, at a constant 25 fps.

Everything goes through PyAV's bundled libraries; no program is started. What `read_frames` yields
never depends on the container: rotation flags and mirror flags are applied, pixels are square,
the colour matrix and range are the file's own (by ITU-R BT.601 below 720 lines and BT.709 from
there on where a file does not say), and variable frame rates become constant ones.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from vivant.errors import VivantError
from vivant.media.files import atomic_path

FPS = 25

HD_LINES = 720  # from here on an untagged picture is BT.709 (what players do, too)
SEEK_FROM_S = 4.0  # below this, decoding from the start is cheaper than a seek

# AVColorSpace values (ITU-T H.273 matrix coefficients) that swscale can undo.
MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


@dataclass(frozen=True)
class VideoStream:
    """The pictures of a file, as they are meant to be seen."""

    width: int  # upright, square pixels
    height: int
    fps: float  # average of the file, before it is made constant
    rotation: int  # clockwise degrees that make it upright: 0, 90, 180 or 270
    codec: str


@dataclass(frozen=True)
class AudioStream:
    """The sound of a file."""

    rate: int  # samples a second
    channels: int
    codec: str


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds."""

    path: Path
    seconds: float
    video: VideoStream | None
    audio: AudioStream | None


@dataclass(frozen=True)
class Frame:
    """One frame of the constant-rate sequence."""

    index: int  # time_s * fps
    time_s: float  # from the first frame of the file
    rgb: np.ndarray  # uint8 (H, W, 3), read-only by convention
    source_index: int  # counts decoded frames of this reading; the same twice = repeated


def unreadable(path: str | Path, reason: str, at_s: float | None = None) -> VivantError:
    """The error for a file that PyAV cannot make sense of."""
    where = "" if at_s is None else f" at {at_s:.1f} s"
    return VivantError(
        "unreadable-media",
        f"{path}: cannot be read as video or sound{where} ({reason}).",
        "Give a video or sound file that other programs can play; export or copy it again.",
        file=path,
        at_s=at_s,
    )


@contextlib.contextmanager
def open_media(path: str | Path) -> Iterator[Any]:
    """Open a file for decoding.

    Raises
    ------
    VivantError
        ``no-file``, ``empty-file`` or ``unreadable-media``; also for what goes wrong inside the
        block while decoding.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise VivantError(
                "no-file", f"{path}: is a folder, not a file.", "Give a file.", file=path
            )
        if path.stat().st_size == 0:
            raise VivantError(
                "empty-file",
                f"{path}: holds no data (0 bytes).",
                "Copy or export the file again; the last attempt was cut off.",
                file=path,
            )
        with open(path, "rb"):
            pass
    except FileNotFoundError as error:
        raise VivantError(
            "no-file", f"{path}: there is no such file.", "Check the path.", file=path
        ) from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            # FFmpeg "plays" any text file called .txt as a terminal screen.
            if container.format.name == "tty":
                raise unreadable(path, "it is a text file")
            if container.format.name == "image2" or container.format.name.endswith("_pipe"):
                raise unreadable(path, "it is a still picture")
            yield container
    except av.FFmpegError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def picture_stream(container: Any) -> Any | None:
    """The moving-picture stream of an open container; cover art does not count."""
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.__class__.attached_pic:
            return stream
    return None


def _turns(frame: av.VideoFrame) -> tuple[int, bool]:
    """Quarter turns counter-clockwise, then a left-right mirror, that make a frame upright.

    The display matrix is nine 32-bit numbers (ISO/IEC 14496-12); the upper left 2x2 part, 16.16
    fixed point, maps stored (x, y) to shown (x', y').
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 0, False
    words = np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.int32)
    matrix = words.reshape(3, 3)[:2, :2].astype(np.float64).T
    norm = np.abs(matrix).max()
    if norm == 0:
        return 0, False
    matrix /= norm
    mirror = bool(np.linalg.det(matrix) < 0)
    if mirror:
        matrix = np.diag([-1.0, 1.0]) @ matrix
    clockwise = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))  # y points down
    return round(-clockwise / 90) % 4, mirror


def _upright_size(frame: av.VideoFrame, stream: Any) -> tuple[int, int]:
    """Width and height with square pixels, before any turn."""
    aspect = stream.sample_aspect_ratio
    width = frame.width
    if aspect and 0.25 <= aspect <= 4 and aspect != 1:
        width = max(1, round(width * float(aspect)))
    return width, frame.height


def _to_rgb(frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """Convert by the frame's own matrix and range, and scale."""
    is_rgb = frame.format.is_rgb or frame.format.name.startswith(("gray", "pal", "mono"))
    keywords: dict[str, Any] = {}
    if not is_rgb:
        untagged = Colorspace.ITU709 if frame.height >= HD_LINES else Colorspace.ITU601
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        keywords = {
            "src_colorspace": MATRICES.get(int(frame.colorspace), untagged),
            "dst_colorspace": Colorspace.ITU709,
            "src_color_range": ColorRange.JPEG if full else ColorRange.MPEG,
            "dst_color_range": ColorRange.JPEG,
        }
    smaller = width < frame.width or height < frame.height
    scaling = Interpolation.AREA if smaller else Interpolation.BICUBIC
    converted = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        interpolation=scaling | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT,
        threads=1,
        **keywords,
    )
    return converted.to_ndarray()


def _decode(container: Any, stream: Any, path: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    """Decoded frames with their presentation times on the container's clock, times rising."""
    rate = float(stream.average_rate or stream.guessed_rate or FPS)
    last: float | None = None
    try:
        for frame in container.decode(stream):
            time = frame.time
            if time is None:  # raw streams carry no clock
                time = 0.0 if last is None else last + 1 / rate
            if last is not None and time <= last:
                continue  # shown for no time at all
            last = time
            yield time, frame
    except av.FFmpegError as error:
        raise unreadable(path, error.strerror or str(error), last) from error


def video_zero(container: Any) -> float | None:
    """Time of the first picture on the container's clock, or None without pictures.

    Leaves the container rewound.
    """
    stream = picture_stream(container)
    if stream is None:
        return None
    for frame in container.decode(stream):
        zero = float(frame.time) if frame.time is not None else 0.0
        container.seek(0, backward=True)
        return zero
    return None


def _scan_seconds(path: Path, kind: str) -> float:
    """Length of a file whose header does not say (browser recordings): read all packets."""
    first, last = None, 0.0
    with open_media(path) as container:
        stream = picture_stream(container) if kind == "video" else container.streams.audio[0]
        for packet in container.demux(stream):
            if packet.pts is not None:
                start = float(packet.pts * packet.time_base)
                first = start if first is None else min(first, start)
                last = max(last, start + float((packet.duration or 0) * packet.time_base))
    return 0.0 if first is None else last - first


def probe(path: str | Path) -> MediaInfo:
    """Look into a file: one decoded picture and the headers.

    Raises
    ------
    VivantError
        ``no-file``, ``empty-file``, ``unreadable-media``.
    """
    path = Path(path)
    with open_media(path) as container:
        pictures = picture_stream(container)
        sounds = container.streams.audio[0] if container.streams.audio else None
        if pictures is None and sounds is None:
            raise unreadable(path, "it holds neither pictures nor sound")
        video = audio = None
        if sounds is not None and sounds.codec_context is not None:
            audio = AudioStream(
                int(sounds.codec_context.sample_rate or 0),
                int(sounds.codec_context.channels or 0),
                sounds.codec_context.name,
            )
        if pictures is not None:
            first = next(_decode(container, pictures, path), None)
            if first is None:
                raise unreadable(path, "not one picture can be decoded")
            turns, _ = _turns(first[1])
            width, height = _upright_size(first[1], pictures)
            if turns % 2:
                width, height = height, width
            video = VideoStream(
                width,
                height,
                float(pictures.average_rate or pictures.guessed_rate or FPS),
                -turns * 90 % 360,
                pictures.codec_context.name,
            )
        stream: Any = pictures if pictures is not None else sounds
        if stream.duration:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / av.time_base
        else:
            seconds = 0.0
    if seconds <= 0:
        seconds = _scan_seconds(path, "video" if video else "audio")
    return MediaInfo(path, seconds, video, audio)


def _timed_frames(
    path: Path, start_s: float
) -> Generator[tuple[float, float, av.VideoFrame, Any], None, None]:
    """(start, end, frame, stream) with times from the file's first picture; seeks to `start_s`."""
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise VivantError(
                "no-video",
                f"{path}: holds sound but no pictures.",
                "Give a video file here; sound files belong to --voice.",
                file=path,
            )
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(4, os.cpu_count() or 1)
        rate = float(stream.average_rate or stream.guessed_rate or FPS)
        zero: float | None = None
        frames = _decode(container, stream, path)
        if start_s > SEEK_FROM_S:
            first = next(frames, None)
            if first is not None:
                zero = first[0]
                # Half a second early: some containers seek only roughly.
                target = int((zero + start_s - 0.5) / stream.time_base)
                container.seek(target, stream=stream, backward=True)
                frames = _decode(container, stream, path)
                landed = next(frames, None)
                if landed is None or landed[0] > zero + start_s:
                    container.seek(0, backward=True)
                    frames = _decode(container, stream, path)
                else:
                    frames = itertools.chain([landed], frames)
        held: tuple[float, av.VideoFrame] | None = None
        for time, frame in frames:
            if zero is None:
                zero = time
            if held is not None:
                yield held[0] - zero, time - zero, held[1], stream
            held = (time, frame)
        if held is not None:
            assert zero is not None
            ticks = held[1].duration or 0
            length = float(ticks * stream.time_base) if ticks else 1 / rate
            yield held[0] - zero, held[0] - zero + length, held[1], stream


def read_frames(
    path: str | Path,
    *,
    fps: float = FPS,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_side: int | None = None,
) -> Iterator[Frame]:
    """Frames of a video at a constant rate, one at a time.

    Frame k shows whatever the file shows nearest to second k / fps, counted from its first
    picture, so a variable-rate file loses or repeats pictures but never drifts from its sound.

    Parameters
    ----------
    path
        Any video that PyAV reads.
    fps
        Frames a second of what is yielded.
    start_s, end_s
        Only frames with ``start_s <= time_s < end_s``.
    max_side
        Shrink so that the longer side has at most this many pixels.

    Raises
    ------
    VivantError
        ``no-file``, ``empty-file``, ``unreadable-media`` (with the second), ``no-video``.
    """
    path = Path(path)
    index = max(0, int(np.ceil(start_s * fps - 1e-9)))
    source = -1
    before: tuple[float, av.VideoFrame] | None = None  # the picture shown before this one
    done_until = 0.0
    last: tuple[int, np.ndarray] | None = None
    stream = None

    def picture(number: int, frame: av.VideoFrame) -> np.ndarray:
        nonlocal last
        if last is None or last[0] != number:
            width, height = _upright_size(frame, stream)
            scale = 1.0 if max_side is None else min(1.0, max_side / max(width, height))
            rgb = _to_rgb(frame, max(1, round(width * scale)), max(1, round(height * scale)))
            turns, mirror = _turns(frame)
            if turns:
                rgb = np.rot90(rgb, turns)
            if mirror:
                rgb = rgb[:, ::-1]
            last = (number, np.ascontiguousarray(rgb))
        return last[1]

    with contextlib.closing(_timed_frames(path, start_s)) as timed:
        for begin, end, frame, stream in timed:  # noqa: B007 (picture reads it)
            source += 1
            # Everything up to this picture's time is nearer to it or to the one before.
            while index / fps <= begin:
                time = index / fps
                if end_s is not None and time >= end_s - 1e-9:
                    return
                if before is not None and time - before[0] < begin - time - 1e-6:
                    yield Frame(index, time, picture(source - 1, before[1]), source - 1)
                else:
                    yield Frame(index, time, picture(source, frame), source)
                index += 1
            before = (begin, frame)
            done_until = end
        # The last picture stays until its end.
        while before is not None and (index + 0.5) / fps <= done_until + 1e-6:
            time = index / fps
            if end_s is not None and time >= end_s - 1e-9:
                return
            yield Frame(index, time, picture(source, before[1]), source)
            index += 1


class VideoWriter:
    """An MP4 that players start at once: H.264 (yuv420p, BT.709 limited, tagged) and AAC.

    Use it as a context manager: the file appears under its name, whole, when the block ends well,
    and not at all otherwise.

    Parameters
    ----------
    path
        Where the file goes; replaced if it exists.
    width, height
        Size of the frames written. Odd sizes get one repeated column or row, since 4:2:0 chroma
        has none.
    fps
        Constant frame rate.
    audio_rate
        Samples a second of `write_audio`; None for a silent film.
    crf, preset
        x264's quality (lower is better) and effort.
    metadata
        Container metadata; keys of any name survive.
    threads
        Encoder threads; by default the machine's cores, at most 4.

    Raises
    ------
    VivantError
        ``disk-full`` or ``not-writable``.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        *,
        fps: int = FPS,
        audio_rate: int | None = None,
        crf: int = 20,
        preset: str = "veryfast",
        metadata: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path)
        self.width = width
        self.height = height
        self.fps = fps
        self.audio_rate = audio_rate
        self.frames = 0
        self.samples = 0
        self._crf = crf
        self._preset = preset
        self._metadata = dict(metadata or {})
        self._threads = threads or min(4, os.cpu_count() or 1)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> VideoWriter:
        try:
            aside = self._stack.enter_context(atomic_path(self.path))
            with _as_os_error():
                self._open(aside)
        except BaseException as error:
            # atomic_path's own exit turns an OSError into a VivantError.
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def _open(self, aside: Path) -> None:
        self._container = av.open(
            str(aside),
            "w",
            format="mp4",
            # use_metadata_tags keeps keys that MP4 has no box of its own for, such as AIGC.
            options={"movflags": "+faststart+use_metadata_tags"},
        )
        self._container.metadata.update(self._metadata)
        video: Any = self._container.add_stream("libx264", rate=self.fps)
        video.width = self.width + self.width % 2
        video.height = self.height + self.height % 2
        video.pix_fmt = "yuv420p"
        video.time_base = Fraction(1, self.fps)
        video.options = {"crf": str(self._crf), "preset": self._preset}
        context = video.codec_context
        context.thread_count = self._threads
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._video = video
        self._audio: Any = None
        if self.audio_rate is not None:
            self._audio = self._container.add_stream("aac", rate=self.audio_rate, layout="mono")
            self._audio.bit_rate = 128_000
            self._fifo = av.AudioFifo()

    def write(self, rgb: np.ndarray) -> None:
        """Append one frame, uint8 (height, width, 3)."""
        if rgb.shape != (self.height, self.width, 3) or rgb.dtype != np.uint8:
            raise ValueError(
                f"frame {rgb.shape} {rgb.dtype}, not uint8 ({self.height}, {self.width}, 3)"
            )
        pad = (self.height % 2, self.width % 2)
        if any(pad):
            rgb = np.pad(rgb, ((0, pad[0]), (0, pad[1]), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
            threads=1,
        )
        frame.pts = self.frames
        frame.time_base = Fraction(1, self.fps)
        self.frames += 1
        with _as_os_error():
            self._container.mux(self._video.encode(frame))

    def write_audio(self, wave: np.ndarray) -> None:
        """Append sound, mono float in [-1, 1], at `audio_rate`; clipped to that range."""
        if self._audio is None:
            raise ValueError("this writer was opened without audio_rate")
        if not len(wave):
            return
        assert self.audio_rate is not None
        samples = np.clip(np.asarray(wave, np.float32), -1, 1)[None, :]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout="mono"
        )
        frame.sample_rate = self.audio_rate
        frame.pts = self.samples
        frame.time_base = Fraction(1, self.audio_rate)
        self.samples += samples.shape[1]
        self._fifo.write(frame)
        with _as_os_error():
            for ready in self._fifo.read_many(self._audio.codec_context.frame_size or 1024):
                self._container.mux(self._audio.encode(ready))

    def _finish(self) -> None:
        with _as_os_error():
            self._container.mux(self._video.encode(None))
            if self._audio is not None:
                rest = self._fifo.read(0, True)
                if rest is not None:
                    self._container.mux(self._audio.encode(rest))
                self._container.mux(self._audio.encode(None))
            self._container.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if error is None:
            try:
                self._finish()
            except BaseException as late:
                with contextlib.suppress(av.FFmpegError):
                    self._container.close()
                self._stack.__exit__(type(late), late, late.__traceback__)
                raise
            self._stack.__exit__(None, None, None)
        else:
            with contextlib.suppress(av.FFmpegError):
                self._container.close()
            self._stack.__exit__(kind, error, trace)
        return False


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """FFmpeg's write errors carry an errno; hand them on as what they are."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError) or not 0 < (error.errno or 0) < 4096:
            raise
        raise OSError(error.errno, error.strerror) from error
