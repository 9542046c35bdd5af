"""2d-real: the footage as it was, but for a mouth that says what is heard."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vivant.errors import Cancelled, VivantError
from vivant.face.analyse import analyse_footage
from vivant.face.base import plan_base
from vivant.face.footage import Footage
from vivant.face.style import Driver, Real2D, RealRenderer, open_mouths
from vivant.face.train import train_face
from vivant.media.audio import read_audio
from vivant.voice.speech import RATE, Speech

from .conftest import TINY


def speech_of(wave: np.ndarray) -> Speech:
    return Speech(wave.astype(np.float32), RATE, (), (), "en", "test", "recording")


@pytest.fixture(scope="module")
def renderer(face: Path, tmp_path_factory: pytest.TempPathFactory) -> RealRenderer:
    avatar = tmp_path_factory.mktemp("avatar")
    (avatar / "face").symlink_to(face / "model")
    return Real2D().open(avatar)


@pytest.fixture(scope="module")
def heard(clips: list[Path]) -> np.ndarray:
    return read_audio(clips[3], RATE)


def test_there_is_a_frame_for_every_moment_of_the_sound(renderer: RealRenderer) -> None:
    for seconds, frames in ((0.01, 1), (1.0, 25), (1.5, 38)):
        rendering = renderer.render(speech_of(np.zeros(round(seconds * RATE))))
        assert sum(1 for _ in rendering.frames) == frames


def test_in_silence_the_mouth_is_asked_to_rest_and_shows_one_picture(face: Path) -> None:
    said = Driver(face / "model" / "driver.onnx").listen(np.zeros(32_000, np.float32), 50)
    assert said.resting.all()
    assert (said.codes == 0).all()


def test_the_mouth_moves_when_something_is_said(face: Path, clips: list[Path]) -> None:
    said = Driver(face / "model" / "driver.onnx").listen(read_audio(clips[3], 16_000), 75)
    first = said.codes[:, 0]
    assert first[~said.resting].std() > 5 * np.abs(first[said.resting]).max(initial=0.0) + 0.1


def test_loudness_and_microphone_level_do_not_change_the_mouth(
    face: Path, clips: list[Path]
) -> None:
    driver = Driver(face / "model" / "driver.onnx")
    wave = read_audio(clips[3], 16_000)
    loud, quiet = driver.listen(wave, 75), driver.listen(0.25 * wave, 75)
    assert np.abs(loud.codes[:, 0] - quiet.codes[:, 0]).max() < 0.3


def test_away_from_the_mouth_the_picture_is_the_footage(
    renderer: RealRenderer, face: Path, heard: np.ndarray
) -> None:
    drawn = list(renderer.render(speech_of(heard)).frames)
    bank = open_mouths(face / "model").model.bank
    plan = plan_base(bank, len(drawn))
    row = plan.first[10]
    truth = Footage(face / "model" / "footage" / f"{bank.take[row]:03d}.mp4")[int(bank.frame[row])]
    changed = np.abs(drawn[10].astype(int) - truth).max(2) > 0
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert changed.mean() < 0.25
    height, width = changed.shape
    assert rows.min() > 0.3 * height
    assert columns.min() > 0.2 * width


def test_a_size_of_another_shape_is_filled_and_shows_the_face(renderer: RealRenderer) -> None:
    for size in ((320, 180), (180, 320), (1280, 720)):
        rendering = renderer.render(speech_of(np.zeros(RATE // 10)), size=size)
        frame = next(iter(rendering.frames))
        assert frame.shape == (size[1], size[0], 3)
        middle = frame[size[1] // 3 : 2 * size[1] // 3, size[0] // 3 : 2 * size[0] // 3]
        assert middle[..., 0].mean() > middle[..., 2].mean()  # skin before a blue wall


def test_an_odd_size_is_refused(renderer: RealRenderer) -> None:
    with pytest.raises(VivantError) as caught:
        renderer.render(speech_of(np.zeros(RATE)), size=(321, 240))
    assert caught.value.code == "bad-size"
    assert "321x240" in caught.value.message


def test_a_training_that_was_stopped_ends_in_the_same_face(face: Path, tmp_path: Path) -> None:
    for name in ("tracks", "takes", "person.npz"):
        source = face / "work" / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / "work" / name)
        else:
            shutil.copyfile(source, tmp_path / "work" / name)

    def stop(at: float):  # type: ignore[no-untyped-def]
        def progress(fraction: float, text: str) -> None:
            if fraction >= at:
                raise Cancelled

        return progress

    for at in (0.1, 0.6):
        with pytest.raises(Cancelled):
            train_face(tmp_path / "work", tmp_path / "model", recipe=TINY, progress=stop(at))
        assert not (tmp_path / "model").exists()
    train_face(tmp_path / "work", tmp_path / "model", recipe=TINY)
    for name in ("driver.onnx", "patches.bin"):
        assert (tmp_path / "model" / name).read_bytes() == (face / "model" / name).read_bytes()


def test_too_little_footage_is_said(clips: list[Path], tmp_path: Path) -> None:
    analyse_footage(clips[:2], tmp_path / "work")
    with pytest.raises(VivantError) as caught:
        train_face(tmp_path / "work", tmp_path / "model", recipe=TINY)
    assert caught.value.code == "too-little-footage"
    assert "6 s" in caught.value.message


def test_a_damaged_face_says_so(face: Path, tmp_path: Path) -> None:
    shutil.copytree(face / "model", tmp_path / "face")
    (tmp_path / "face" / "face.npz").write_bytes(b"not a model")
    with pytest.raises(VivantError) as caught:
        Real2D().open(tmp_path)
    assert caught.value.code == "avatar-damaged"


def test_drawing_needs_neither_torch_nor_mediapipe(face: Path, tmp_path: Path) -> None:
    (tmp_path / "face").symlink_to(face / "model")
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'mediapipe', 'pyworld', 'librosa'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import numpy as np\n"
        "from vivant.face.style import Real2D\n"
        "from vivant.voice.speech import Speech\n"
        "wave = np.random.default_rng(0).normal(0, .1, 24000).astype(np.float32)\n"
        "said = Speech(wave, 24000, (), (), 'en', 'x', 'recording')\n"
        f"print(len(list(Real2D().open({str(tmp_path)!r}).render(said).frames)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "25", done.stderr
