"""The parts a face is drawn with."""

from __future__ import annotations

import numpy as np
import pytest

from tests.face.conftest import RATE, SmallFace
from vivant.face.changed import CONDITIONS, put_together, take_apart
from vivant.face.codes import CODES
from vivant.face.crop import SHAPE, cut
from vivant.face.footage import Footage
from vivant.face.judge import WHOLE, _mouth_box
from vivant.face.model import FaceModel, load_model
from vivant.face.paint import Source, Target, paint
from vivant.face.path import find_path, make_search
from vivant.face.sound import SPREAD, log_mel, normalise, speaking
from vivant.face.style import Mouths, open_mouths

pytestmark = pytest.mark.xdist_group("face")


@pytest.fixture(scope="module")
def model(small_face: SmallFace) -> FaceModel:
    return load_model(small_face.avatar / "face" / "face.npz")


@pytest.fixture(scope="module")
def mouths(small_face: SmallFace) -> Mouths:
    return open_mouths(small_face.avatar / "face")


def heard(wave: np.ndarray) -> np.ndarray:
    return normalise(log_mel(wave, 75))


def test_loudness_is_not_heard(sentence: np.ndarray) -> None:
    assert np.abs(heard(sentence) - heard(0.3 * sentence)).mean() < 0.01


def test_the_microphone_is_hardly_heard(sentence: np.ndarray) -> None:
    tilted = np.append(sentence[:1], sentence[1:] - 0.7 * sentence[:-1])
    difference = np.abs(log_mel(sentence, 75) - log_mel(tilted, 75)).mean() / SPREAD
    assert np.abs(heard(sentence) - heard(tilted)).mean() < 0.3 * difference


def test_silence_is_one_constant_whatever_its_kind(sentence: np.ndarray) -> None:
    nothing = heard(np.zeros(3 * RATE, np.float32))
    assert np.ptp(nothing) == 0
    assert not speaking(log_mel(np.zeros(3 * RATE, np.float32), 75)).any()
    room = np.random.default_rng(0).normal(0, 3e-6, 3 * RATE).astype(np.float32)
    np.testing.assert_allclose(heard(room), nothing)
    assert speaking(log_mel(sentence, 75)).any()


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_a_changed_voice_keeps_its_time(sentence: np.ndarray, name: str) -> None:
    changed = put_together(take_apart(sentence), CONDITIONS[name], np.random.default_rng(0))
    assert changed.shape == sentence.shape

    def loudness(wave: np.ndarray) -> np.ndarray:
        return np.log(np.exp(log_mel(wave, 75)).mean(1) + 1e-6)

    a, b = loudness(sentence), loudness(changed)
    lags = range(-5, 6)
    fits = [np.corrcoef(a[10:-10], np.roll(b, lag)[10:-10])[0, 1] for lag in lags]
    assert abs(lags[int(np.argmax(fits))]) <= 1  # mel frames, 10 ms


def test_a_mouth_painted_over_itself_is_the_same_mouth(
    model: FaceModel, mouths: Mouths, small_face: SmallFace
) -> None:
    bank = model.bank
    box = _mouth_box(model.reference)
    for row in range(20, len(bank), 60):
        footage = Footage(small_face.avatar / "face" / "footage" / f"{bank.take[row]:03d}.mp4")
        frame = footage[int(bank.frame[row])].copy()
        footage.close()
        before = cut(frame, bank.matrices[row], WHOLE)[box.slices].astype(float)
        codes = bank.codes[row : row + 1]
        shape = bank.rest_shape[row] + model.mouth.shape_of(codes).reshape(len(SHAPE), 2)
        look = model.rest_looks(np.array([row]))[0] + model.mouth.look_of(codes)[0]
        target = Target(bank.matrices[row], bank.shape[row], shape, look, bank.colour[row])
        paint(mouths.painter, frame, target, Source(mouths.patches[row], shape, bank.colour[row]))
        after = cut(frame, bank.matrices[row], WHOLE)[box.slices].astype(float)
        assert 10 * np.log10(255**2 / ((after - before) ** 2).mean()) > 33


def test_what_was_filmed_is_found_again(model: FaceModel, mouths: Mouths) -> None:
    rows = np.arange(100, 140)
    rows = rows[model.bank.take[rows] == model.bank.take[rows[0]]]
    path = find_path(
        mouths.search, model.bank.codes[rows], model.bank.pose[rows], np.zeros(len(rows), bool)
    )
    assert (path == rows).mean() > 0.9


def test_a_resting_mouth_stays_on_one_frame(model: FaceModel) -> None:
    search = make_search(model.mouth, model.bank)
    pose = model.bank.pose[np.arange(50) % 75]
    path = find_path(search, np.zeros((50, CODES), np.float32), pose, np.ones(50, bool))
    assert len(set(path.tolist())) == 1
    assert path[0] in search.rest
