"""What is seen of an avatar that speaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.face.conftest import RATE, SmallFace, spoken
from vivant.errors import VivantError
from vivant.face.base import plan_base
from vivant.face.codes import opening
from vivant.face.crop import REGION, invert, transform
from vivant.face.footage import Footage
from vivant.face.landmarks import CHIN, FOREHEAD, track
from vivant.face.model import load_model
from vivant.face.style import Real2D, RealRenderer

pytestmark = pytest.mark.xdist_group("face")


def lips(renderer: RealRenderer, wave: np.ndarray) -> np.ndarray:
    """Opening of the drawn mouth in every frame, pixels."""
    frames = renderer.render(spoken(wave)).frames
    found = [seen.landmarks for seen in track(frames)]
    assert all(points is not None for points in found)
    return opening(np.array(found)[:, :, :2])


def test_the_mouth_moves_with_the_sound_and_rests_in_silence(
    renderer: RealRenderer, sentence: np.ndarray
) -> None:
    second = np.zeros(RATE, np.float32)
    drawn = lips(renderer, np.concatenate([second, sentence, second]))
    silent = np.concatenate([drawn[5:22], drawn[-22:-5]])
    spoken_part = drawn[35:-35]
    assert spoken_part.std() > 3 * silent.std()
    assert silent.max() < np.percentile(spoken_part, 50)


@pytest.mark.parametrize("noise", [0.0, 1e-5, 1e-3])
def test_nothing_but_noise_leaves_the_mouth_as_it_is(renderer: RealRenderer, noise: float) -> None:
    wave = np.random.default_rng(0).normal(0, 1, 2 * RATE) * noise
    said = renderer._driver.listen(wave.astype(np.float32), 50)
    # Faint noise is no speech; loud noise alone might be anything, so it moves little at most.
    assert said.resting.all() if noise < 1e-3 else np.abs(said.codes).mean() < 0.5
    assert not said.codes[said.resting].any()


@pytest.mark.parametrize("samples", [1, 640, 641, 24_000, 40_123])
def test_every_bit_of_sound_has_a_picture(
    renderer: RealRenderer, sentence: np.ndarray, samples: int
) -> None:
    frames = list(renderer.render(spoken(sentence[:samples])).frames)
    assert len(frames) == -(-samples * 25 // RATE)
    assert {frame.shape for frame in frames} == {(288, 360, 3)}
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}


def test_around_the_mouth_the_footage_is_untouched(
    renderer: RealRenderer, small_face: SmallFace, sentence: np.ndarray
) -> None:
    folder = small_face.avatar / "face"
    bank = load_model(folder / "face.npz").bank
    frames = list(renderer.render(spoken(sentence[: 2 * RATE])).frames)
    plan = plan_base(bank, len(frames))
    corners = [
        (x, y) for x in (REGION.left, REGION.right) for y in (REGION.top, REGION.bottom)
    ]  # fmt: skip
    touched = 0
    for frame, row, share in zip(frames, plan.first, plan.share, strict=True):
        if share:
            continue  # two frames of footage, dissolved
        footage = Footage(folder / "footage" / f"{bank.take[row]:03d}.mp4")
        base = footage[int(bank.frame[row])]
        box = transform(np.array(corners, float), invert(bank.matrices[row]))
        (x0, y0), (x1, y1) = np.floor(box.min(0)).astype(int), np.ceil(box.max(0)).astype(int) + 1
        inside = np.zeros(base.shape[:2], bool)
        inside[max(0, y0) : y1, max(0, x0) : x1] = True
        np.testing.assert_array_equal(frame[~inside], base[~inside])
        touched += int((frame[inside] != base[inside]).any())
        footage.close()
    assert touched > 10


def test_the_same_speech_gives_the_same_video(renderer: RealRenderer, sentence: np.ndarray) -> None:
    one, two = (list(renderer.render(spoken(sentence[:RATE])).frames) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_long_sound_is_heard_as_a_whole(
    renderer: RealRenderer, sentence: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = renderer._driver.listen(sentence, 75)
    monkeypatch.setattr("vivant.face.style.HEAR", 30)
    parts = renderer._driver.listen(sentence, 75)
    np.testing.assert_allclose(parts.codes, whole.codes, atol=1e-4)


@pytest.mark.parametrize("size", [(180, 144), (640, 360), (1280, 720), (360, 640), (100, 288)])
def test_any_size_shows_the_whole_head(
    renderer: RealRenderer, sentence: np.ndarray, size: tuple[int, int]
) -> None:
    rendering = renderer.render(spoken(sentence[: RATE // 5]), size=size)
    frames = list(rendering.frames)
    assert (rendering.width, rendering.height) == size
    assert {frame.shape for frame in frames} == {(size[1], size[0], 3)}
    [*_, seen] = track(frames)
    assert seen.landmarks is not None
    face = seen.landmarks[[FOREHEAD, CHIN], 1]
    assert face[0] > 0
    assert face[1] < size[1]
    x = seen.landmarks[:, 0]
    assert x.min() > 0
    assert x.max() < size[0]


@pytest.mark.parametrize("size", [(361, 288), (0, 0), (16, 16)])
def test_a_size_that_cannot_be_encoded_is_refused(
    renderer: RealRenderer, sentence: np.ndarray, size: tuple[int, int]
) -> None:
    with pytest.raises(VivantError) as refused:
        renderer.render(spoken(sentence), size=size)
    assert refused.value.code == "bad-size"


def test_a_damaged_face_is_said_to_be_damaged(small_face: SmallFace, tmp_path: Path) -> None:
    face = tmp_path / "face"
    face.mkdir()
    for name in ("driver.onnx", "patches.bin"):
        (face / name).symlink_to(small_face.avatar / "face" / name)
    data = (small_face.avatar / "face" / "face.npz").read_bytes()
    (face / "face.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(VivantError) as refused:
        Real2D().open(tmp_path)
    assert refused.value.code == "avatar-damaged"


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "mediapipe", "pyworld", "pocketsphinx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import numpy as np
from vivant.styles import find_style
from vivant.voice.speech import Speech
wave = np.sin(np.arange(24000) / 9).astype(np.float32) / 4
speech = Speech(wave, 24000, (), (), "", "recording", "recording")
rendering = find_style("2d-real").open(sys.argv[1]).render(speech)
print(sum(1 for _ in rendering.frames))
"""


def test_it_is_drawn_without_torch_and_mediapipe(small_face: SmallFace) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(small_face.avatar)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "25", done.stderr
