"""Training a face: what goes into it, and that it may be stopped anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from tests.face.conftest import RECIPE, SmallFace
from vivant.errors import VivantError
from vivant.face.analyse import analyse_footage, read_person, read_takes
from vivant.face.material import split
from vivant.face.train import train_face
from vivant.media.files import sha256_file
from vivant.media.video import read_frames

pytestmark = pytest.mark.xdist_group("face")


class Stopped(Exception):
    """A training killed from outside."""


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_stopped_anywhere_it_goes_on_to_the_same_face(
    small_face: SmallFace, tmp_path: Path
) -> None:
    work, out = tmp_path / "work", tmp_path / "face"
    shutil.copytree(small_face.analysed, work)
    for stop_at in (0.02, 0.15, 0.3, 0.96, None):

        def stop(fraction: float, words: str, stop_at: float | None = stop_at) -> None:
            if stop_at is not None and fraction >= stop_at:
                raise Stopped

        if stop_at is None:
            train_face(work, out, recipe=RECIPE, progress=stop)
        else:
            with pytest.raises(Stopped):
                train_face(work, out, recipe=RECIPE, progress=stop)
            assert stop_at > 0.95 or not out.exists()
    assert hashes(out) == hashes(small_face.avatar / "face")


def test_footage_is_learnt_from_or_held_out_never_both(small_face: SmallFace) -> None:
    takes = read_takes(small_face.work)
    learnt, held = split(takes)
    assert held
    shown = np.zeros((len(takes), 75), int)
    for piece in (*learnt, *held):
        shown[piece.take, piece.first : piece.last] += 1
    assert shown.max() == 1


def test_too_little_footage_is_refused(small_face: SmallFace, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(small_face.analysed, work)
    for folder in sorted((work / "takes").iterdir())[3:]:
        shutil.rmtree(folder)
    with pytest.raises(VivantError) as refused:
        train_face(work, tmp_path / "face", recipe=RECIPE)
    assert refused.value.code == "too-little-footage"
    assert "9 s" in refused.value.message


def test_footage_of_an_odd_size_loses_a_line(small_face: SmallFace, tmp_path: Path) -> None:
    clip = tmp_path / "odd.mkv"
    with av.open(str(clip), "w") as out:
        picture = out.add_stream("ffv1", rate=25)
        picture.width, picture.height, picture.pix_fmt = 359, 287, "bgr0"
        sound = out.add_stream("pcm_s16le", rate=16_000)
        for frame in read_frames(small_face.clips[0], end_s=1.4):
            cropped = np.ascontiguousarray(frame.rgb[:287, :359])
            out.mux(picture.encode(av.VideoFrame.from_ndarray(cropped, format="rgb24")))
        out.mux(picture.encode())
        noise = np.random.default_rng(0).integers(-99, 99, (1, 22_400)).astype(np.int16)
        samples = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        samples.rate = 16_000
        out.mux(sound.encode(samples))
        out.mux(sound.encode())
    analyse_footage([clip], tmp_path / "work")
    person, (take,) = read_person(tmp_path / "work"), read_takes(tmp_path / "work")
    assert (person.width, person.height) == (358, 286)
    assert take.runs.tolist() == [[0, 35]]
    frames = [frame.rgb for frame in read_frames(take.folder / "footage.mp4")]
    assert {frame.shape for frame in frames} == {(286, 358, 3)}
