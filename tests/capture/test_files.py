"""Containers, codecs and broken files, as an outsider's phone or program may leave them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.capture.conftest import RATE, Save, Take
from tests.capture.test_footage import codes, only
from vivant.capture.preflight import check
from vivant.media import video

FAST = {
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
}


def encode(
    path: Path,
    take: Take,
    *,
    codec: str,
    pixels: str = "yuv420p",
    sound: str = "aac",
    layout: str = "mono",
    rotation: int | None = None,
) -> Path:
    """A second of talk as other programs write it."""
    frames = take.frames[:25]
    if rotation is not None:
        frames = tuple(np.ascontiguousarray(np.rot90(f, k=-rotation // 90)) for f in frames)
    rate = 48_000
    wave = np.interp(np.arange(rate) * RATE / rate, np.arange(len(take.wave)), take.wave)
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream(codec, rate=25)
        pictures.height, pictures.width = frames[0].shape[:2]
        pictures.pix_fmt = pixels
        pictures.bit_rate = 2_000_000
        pictures.options = FAST.get(codec, {})
        if rotation is not None:
            pictures.set_display_rotation(rotation)
        sounds: Any = container.add_stream(sound, rate=rate, layout=layout)
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        channels = len(av.AudioLayout(layout).channels)
        samples = np.tile(wave.astype(np.float32), (channels, 1))
        piece = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        piece.sample_rate, piece.pts, piece.time_base = rate, 0, Fraction(1, rate)
        fitted = av.AudioResampler(
            sounds.format.name, layout, rate, frame_size=sounds.frame_size or 1024
        )
        for ready in fitted.resample(piece) + fitted.resample(None):
            container.mux(sounds.encode(ready))
        container.mux(sounds.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("phone.mp4", {"codec": "libx264", "rotation": 90}),
        ("ten-bit.mp4", {"codec": "libx265", "pixels": "yuv420p10le"}),
        ("stereo.mov", {"codec": "mpeg4", "layout": "stereo"}),
        ("surround.mkv", {"codec": "libx264", "sound": "flac", "layout": "5.1"}),
        ("browser.webm", {"codec": "libvpx", "sound": "libopus"}),
        ("old.avi", {"codec": "mjpeg", "pixels": "yuvj420p", "sound": "mp3"}),
        ("disc.mpg", {"codec": "mpeg2video", "sound": "mp2"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_container_and_codec(
    tmp_path: Path, take: Take, name: str, how: dict[str, Any]
) -> None:
    report = check([encode(tmp_path / name, take, **how)])
    assert codes(report) - {"clip-too-short"} == {"too-short"}
    assert report.seconds == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_film_whose_copy_was_cut_off(take: Take, save: Save, share: float) -> None:
    """The header comes first in what Vivant writes, so some of it still plays."""
    whole = save("whole.mp4", take.frames, take.wave)
    data = whole.read_bytes()
    whole.write_bytes(data[: int(share * len(data))])
    report = check([whole])
    assert codes(report) & {"unreadable-media", "cut-short"}


def test_a_film_whose_header_was_cut_off(tmp_path: Path, take: Take) -> None:
    path = encode(tmp_path / "a.mp4", take, codec="libx264")  # header at the end, as phones do
    path.write_bytes(path.read_bytes()[:-2000])
    only(check([path]), "unreadable-media")


def test_a_picture_named_mp4(tmp_path: Path, take: Take) -> None:
    for kind in (".png", ".jpg", ".webp", ".bmp"):
        _, data = cv2.imencode(kind, take.frames[0])
        path = tmp_path / f"{kind[1:]}.mp4"
        path.write_bytes(data.tobytes())
        assert "still picture" in only(check([path]), "unreadable-media").message


def test_sound_named_mp4(tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(next((shared_data / "lj").glob("*.wav")).read_bytes())
    only(check([path]), "no-video")


def test_a_file_that_may_not_be_read(
    take: Take, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may be allowed everything, so the refusal is played."""
    path = save("a.mp4", take.frames[:5], take.wave)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(video, "open", refuse, raising=False)
    assert "Permission denied" in only(check([path]), "unreadable-media").message


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path, take: Take, save: Save) -> None:
    (tmp_path / "a.mp4").write_text("no film")
    (tmp_path / "b.mp4").touch()
    good = save("c.mp4", take.frames[:25], take.wave)
    report = check([tmp_path])
    assert {"unreadable-media", "empty-file", "too-short"} <= codes(report)
    assert report.videos == (str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4"), str(good))
    assert report.seconds == pytest.approx(1.0)


def test_odd_sizes_held_upright(take: Take, save: Save) -> None:
    """A tall film whose sides are no even numbers."""
    tall = [
        cv2.copyMakeBorder(rgb[:, 40:321], 150, 151, 0, 0, cv2.BORDER_REFLECT)
        for rgb in take.frames[:25]
    ]
    assert codes(check([save("tall.mp4", tall, take.wave[:RATE])])) == {"too-short"}
