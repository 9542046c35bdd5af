"""What comes out of `read_frames` is upright, in true colours and at 25 fps, whatever went in."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from vivant.errors import VivantError
from vivant.media import video
from vivant.media.files import atomic_path
from vivant.media.video import FPS, VideoWriter, probe, read_frames

PATCHES = np.array(
    [(200, 40, 40), (40, 180, 60), (50, 70, 210), (230, 200, 60), (224, 172, 150), (128, 128, 128)],
    np.uint8,
)


def patches(width: int = 192, height: int = 128) -> np.ndarray:
    """Two rows of three flat colours, one of them skin."""
    rows = PATCHES.reshape(2, 3, 3)
    return np.kron(rows, np.ones((height // 2, width // 3, 1))).astype(np.uint8)


def patch_colours(rgb: np.ndarray) -> np.ndarray:
    """Mean of the middle of each patch."""
    height, width = rgb.shape[:2]
    return np.array(
        [
            rgb[
                height * (2 * row + 1) // 4 - 4 : height * (2 * row + 1) // 4 + 4,
                width * (2 * column + 1) // 6 - 4 : width * (2 * column + 1) // 6 + 4,
            ].mean((0, 1))
            for row in range(2)
            for column in range(3)
        ]
    )


def encode(
    path: Path,
    frames: list[np.ndarray],
    times_ms: list[int] | None = None,
    *,
    matrix: int = Colorspace.ITU709,
    tag: int | None = None,
    full: bool = False,
    rotation: float | None = None,
) -> Path:
    """A file as other programs might make it."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "8", "preset": "veryfast"}
        stream.codec_context.time_base = Fraction(1, 1000)
        level = ColorRange.JPEG if full else ColorRange.MPEG
        stream.codec_context.color_range = level
        stream.codec_context.colorspace = tag if tag is not None else matrix
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
                format="yuv420p",
                src_color_range=ColorRange.JPEG,
                dst_colorspace=matrix,
                dst_color_range=level,
            )
            frame.pts = 40 * number if times_ms is None else times_ms[number]
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709], ids=["601", "709"])
def test_colours_survive_any_matrix_and_range(tmp_path: Path, matrix: int, full: bool) -> None:
    path = encode(tmp_path / "a.mp4", [patches()] * 3, matrix=matrix, full=full)
    frame = next(iter(read_frames(path)))
    assert np.abs(patch_colours(frame.rgb) - PATCHES).max() < 4


@pytest.mark.parametrize(("size", "matrix"), [((192, 128), 5), ((1290, 720), 1)])
def test_untagged_colours_are_601_when_small_and_709_when_large(
    tmp_path: Path, size: tuple[int, int], matrix: int
) -> None:
    path = encode(tmp_path / "a.mp4", [patches(*size)], matrix=matrix, tag=2)
    frame = next(iter(read_frames(path)))
    assert np.abs(patch_colours(frame.rgb) - PATCHES).max() < 4


def test_writer_round_trip_keeps_colours_size_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    odd = patches()[:127, :189]
    with VideoWriter(path, 189, 127, audio_rate=24000, crf=10, metadata={"AIGC": "{}"}) as out:
        for _ in range(30):
            out.write(odd)
        out.write_audio(np.zeros(24000 * 30 // 25, np.float32))
    frames = list(read_frames(path))
    assert len(frames) == 30
    assert frames[0].rgb.shape == (128, 190, 3)  # 4:2:0 needs even sides
    assert np.abs(patch_colours(frames[9].rgb[:127, :189])[[0, 1, 2]] - PATCHES[:3]).max() < 4
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        assert (picture.format.name, int(picture.colorspace), int(picture.color_range)) == (
            "yuv420p",
            Colorspace.ITU709,
            ColorRange.MPEG,
        )
        assert container.metadata["AIGC"] == "{}"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # fast start
    info = probe(path)
    assert info.seconds == pytest.approx(1.2)
    assert info.audio is not None
    assert (info.audio.rate, info.audio.codec) == (24000, "aac")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_flag_is_applied(tmp_path: Path, rotation: int) -> None:
    """A phone stores the sensor's picture and says how far to turn it."""
    stored = np.rot90(patches(), k=-rotation // 90)
    path = encode(tmp_path / "a.mp4", [np.ascontiguousarray(stored)] * 2, rotation=rotation)
    frame = next(iter(read_frames(path)))
    assert frame.rgb.shape == (128, 192, 3)
    assert np.abs(patch_colours(frame.rgb) - PATCHES).max() < 4
    info = probe(path).video
    assert info is not None
    assert (info.width, info.height, info.rotation) == (192, 128, -rotation % 360)


def grey(level: int) -> np.ndarray:
    return np.full((64, 64, 3), level, np.uint8)


def test_variable_frame_rate_becomes_exactly_25(tmp_path: Path) -> None:
    """Grey level tells the time: every frame must show what was on screen nearest to its second."""
    times = sorted({int(t) for t in np.cumsum(np.random.default_rng(1).integers(17, 90, 60))})
    times = [t - times[0] for t in times]
    span = times[-1]
    path = encode(tmp_path / "a.mp4", [grey(20 + 200 * t // span) for t in times], times)
    frames = list(read_frames(path))
    assert [f.index for f in frames] == list(range(len(frames)))
    assert [f.time_s for f in frames] == pytest.approx([k / FPS for k in range(len(frames))])
    assert abs(len(frames) / FPS - probe(path).seconds) <= 1 / FPS
    for frame in frames[:-2]:
        shown = frame.rgb.mean()
        nearest = min(times, key=lambda t: abs(t - 1000 * frame.time_s))
        assert abs(shown - (20 + 200 * nearest // span)) < 3
    assert len({f.source_index for f in frames}) < len(frames)  # some are repeated, and say so


def test_sixty_fps_is_thinned_and_ten_fps_repeated(tmp_path: Path) -> None:
    fast = encode(
        tmp_path / "f.mkv", [grey(k) for k in range(20, 140)], [k * 1000 // 60 for k in range(120)]
    )
    slow = encode(
        tmp_path / "s.mkv", [grey(10 * k) for k in range(20)], [k * 100 for k in range(20)]
    )
    assert abs(len(list(read_frames(fast))) - 50) <= 1
    frames = list(read_frames(slow))
    assert abs(len(frames) - 50) <= 3
    assert len({f.source_index for f in frames}) == 20


def test_window_equals_the_same_part_of_the_whole(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", [grey(20 + k % 200) for k in range(300)])
    whole = {f.index: f.rgb for f in read_frames(path)}
    part = list(read_frames(path, start_s=9.0, end_s=9.4))
    assert [f.index for f in part] == list(range(225, 235))
    assert all(np.array_equal(f.rgb, whole[f.index]) for f in part)


def test_max_side_shrinks(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", [patches()])
    assert next(iter(read_frames(path, max_side=96))).rgb.shape == (64, 96, 3)


def test_real_clip_has_75_frames(shared_data: Path) -> None:
    frames = [f.source_index for f in read_frames(shared_data / "grid_s1" / "bbaz7a.mpg")]
    assert frames == list(range(75))


def test_memory_stays_flat_however_long_the_film(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    with VideoWriter(path, 640, 360, preset="ultrafast") as out:
        for k in range(250):
            out.write(np.full((360, 640, 3), k % 200, np.uint8))
    tracemalloc.start()
    count = sum(1 for _ in read_frames(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 250
    assert peak < 20 * 640 * 360 * 3


def test_text_file_named_mp4(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("Not a film at all.\n" * 50)
    with pytest.raises(VivantError) as caught:
        probe(path)
    assert caught.value.code == "unreadable-media"
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.mp4", b"", "empty-file"),
        ("missing.mp4", None, "no-file"),
        ("a.txt", b"Hello, I am text.\n" * 20, "unreadable-media"),
    ],
)
def test_other_unreadable_files(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(VivantError) as caught:
        probe(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.fix


def test_sound_file_has_no_pictures(shared_data: Path) -> None:
    path = next((shared_data / "lj").glob("*.wav"))
    assert probe(path).video is None
    with pytest.raises(VivantError) as caught:
        next(iter(read_frames(path)))
    assert caught.value.code == "no-video"


def film(path: Path, frames: int = 60) -> None:
    noise = np.random.default_rng(0)
    with VideoWriter(path, 320, 240, preset="ultrafast", crf=1) as out:
        for _ in range(frames):
            out.write(noise.integers(0, 255, (240, 320, 3), np.uint8))


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full answers every write as a full disk does."""
    import contextlib

    @contextlib.contextmanager
    def on_full_disk(path: Path) -> Any:
        with atomic_path(path) as aside:
            aside.unlink()
            aside.symlink_to("/dev/full")
            yield aside

    monkeypatch.setattr(video, "atomic_path", on_full_disk)
    with pytest.raises(VivantError) as caught:
        film(tmp_path / "out.mp4")
    assert caught.value.code == "disk-full"
    assert list(tmp_path.iterdir()) == []


def test_folder_that_does_not_exist_or_may_not_be_written(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", Path("/proc")):
        with pytest.raises(VivantError) as caught:
            film(folder / "out.mp4", 2)
        assert caught.value.code == "not-writable"
        assert str(folder) in caught.value.message


def test_failure_inside_the_block_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with VideoWriter(tmp_path / "o.mp4", 64, 64) as out:
            out.write(grey(9))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_killed_writer_leaves_no_film(tmp_path: Path) -> None:
    """After kill -9 the old file still stands, and no half one bears a film's name."""
    film(tmp_path / "out.mp4", 3)
    before = (tmp_path / "out.mp4").read_bytes()
    code = (
        "import sys, numpy as np\nfrom vivant.media.video import VideoWriter\n"
        "with VideoWriter(sys.argv[1], 64, 64) as out:\n"
        "    while True: out.write(np.zeros((64, 64, 3), np.uint8))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out.mp4")])
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.02)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (tmp_path / "out.mp4").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == ["out.mp4"]


def test_errno_of_a_full_disk_reaches_the_message() -> None:
    with pytest.raises(OSError, match="No space left") as caught, video._as_os_error():
        raise av.error.FFmpegError(errno.ENOSPC, "No space left on device")
    assert caught.value.errno == errno.ENOSPC
