"""Bad recordings, made from good ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from vivant.face.landmarks import MOUTH, FaceTracker
from vivant.media.audio import read_audio, resample, write_wav
from vivant.media.video import VideoWriter, read_frames

RATE = 44_100


@dataclass(frozen=True)
class Take:
    """A recorded clip in memory."""

    frames: tuple[np.ndarray, ...]  # RGB uint8
    landmarks: tuple[np.ndarray, ...]  # (478, 3), one a frame
    wave: np.ndarray  # mono float32 at RATE


def load_take(path: Path) -> Take:
    frames = tuple(frame.rgb for frame in read_frames(path))
    with FaceTracker() as tracker:
        found = [tracker(rgb).landmarks for rgb in frames]
    assert all(face is not None for face in found)
    return Take(frames, tuple(face for face in found if face is not None), read_audio(path, RATE))


@pytest.fixture(scope="session")
def take(shared_data: Path) -> Take:
    """A man saying "bin blue at Z seven again"; three seconds, 360x288."""
    return load_take(shared_data / "grid_s1" / "bbaz7a.mpg")


@pytest.fixture(scope="session")
def another(shared_data: Path) -> Take:
    """Somebody else."""
    return load_take(sorted((shared_data / "grid_others").glob("*.mpg"))[1])


Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write frames and sound as a film: ``save(name, frames, wave, rate=RATE)``."""

    def write(
        name: str,
        frames: list[np.ndarray] | tuple[np.ndarray, ...],
        wave: np.ndarray | None,
        rate: int = RATE,
    ) -> Path:
        height, width = frames[0].shape[:2]
        with VideoWriter(
            tmp_path / name,
            width,
            height,
            audio_rate=None if wave is None else rate,
            crf=12,
            preset="ultrafast",
        ) as out:
            for rgb in frames:
                out.write(np.ascontiguousarray(rgb))
            if wave is not None:
                out.write_audio(wave)
        return tmp_path / name

    return write


@dataclass(frozen=True)
class Utterance:
    """One sentence in memory."""

    text: str
    wave: np.ndarray
    rate: int


@pytest.fixture(scope="session")
def utterances(shared_data: Path) -> tuple[Utterance, ...]:
    """Twelve sentences of one person."""
    from vivant.voice.sentences import read_sentences

    chosen = read_sentences(shared_data / "grid_s1")[:12]
    return tuple(Utterance(s.text, read_audio(s.path, RATE), RATE) for s in chosen)


Shelve = Callable[..., Path]


@pytest.fixture
def shelve(tmp_path: Path) -> Shelve:
    """Write sentences as NAME.wav and NAME.txt: ``shelve(utterances)``."""

    def write(sentences: list[Utterance] | tuple[Utterance, ...]) -> Path:
        folder = tmp_path / "sentences"
        folder.mkdir()
        for number, sentence in enumerate(sentences):
            write_wav(folder / f"s{number:02d}.wav", sentence.wave, sentence.rate)
            (folder / f"s{number:02d}.txt").write_text(sentence.text)
        return folder

    return write


def cover_mouth(rgb: np.ndarray, face: np.ndarray, with_what: str) -> np.ndarray:
    """Put something over the mouth."""
    out = rgb.copy()
    width = float(np.linalg.norm(face[454] - face[234]))
    x, y = (int(v) for v in face[MOUTH, :2].mean(0))
    if with_what in ("card", "phone"):
        colour = (120, 120, 120) if with_what == "card" else (15, 15, 18)
        corner = (int(0.32 * width), int(0.2 * width))
        cv2.rectangle(
            out, (x - corner[0], y - corner[1]), (x + corner[0], y + corner[1]), colour, -1
        )
    elif with_what == "mask":
        jaw = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397]
        edge = face[[*jaw, 288, 361, 323, 454, 197], :2].astype(np.int32)
        cv2.fillPoly(out, [edge], (150, 190, 215))
        for fold in (-0.08, 0.0, 0.08):  # pleats are dark lines, as lips make
            row = int(y + fold * width)
            cv2.line(out, (x - int(0.3 * width), row), (x + int(0.3 * width), row), (95, 130, 155))
    elif with_what == "hand":
        brow = face[151, :2].astype(int)
        skin = np.median(rgb[brow[1] - 4 : brow[1] + 5, brow[0] - 8 : brow[0] + 9], axis=(0, 1))
        for finger in range(4):
            middle = (x, int(y + (finger - 1.5) * 0.13 * width))
            axes = (int(0.42 * width), int(0.075 * width))
            shade = (0.92 + 0.04 * finger) * skin
            cv2.ellipse(out, middle, axes, 8, 0, 360, shade.tolist(), -1)
            cv2.ellipse(out, middle, axes, 8, 0, 360, (0.6 * skin).tolist(), 1)
    else:
        raise ValueError(with_what)
    changed = np.abs(out.astype(int) - rgb).sum(2, keepdims=True) > 0
    grain = np.random.default_rng(x).normal(0, 3, rgb.shape)
    return np.where(changed, np.clip(out + grain, 0, 255), rgb).astype(np.uint8)


def dark_glasses(rgb: np.ndarray, face: np.ndarray) -> np.ndarray:
    out = rgb.copy()
    width = float(np.linalg.norm(face[454] - face[234]))
    for corners in ((33, 133), (362, 263)):
        middle = face[list(corners), :2].mean(0).astype(int)
        cv2.ellipse(
            out,
            (int(middle[0]), int(middle[1])),
            (int(0.19 * width), int(0.13 * width)),
            0,
            0,
            360,
            (25, 25, 28),
            -1,
        )
    return out


def room_echo(wave: np.ndarray, rate: int, seconds: float) -> np.ndarray:
    """Add a room that takes `seconds` to fall by 60 dB."""
    from scipy.signal import fftconvolve

    length = round(seconds * rate)
    tail = np.random.default_rng(0).standard_normal(length)
    tail *= 10 ** (-3 * np.arange(length) / length)
    tail /= np.sqrt((tail**2).sum())
    tail[0] += 0.5
    wet = fftconvolve(wave, tail)[: len(wave)]
    return np.asarray(wet / np.abs(wet).max() * 0.5, np.float32)


def telephone(wave: np.ndarray, rate: int) -> np.ndarray:
    """8 kHz sound in a file that claims a higher rate."""
    return resample(resample(wave, rate, 8000), 8000, rate)
