"""The presenter as a camera, and a face tracker, sees it."""

from __future__ import annotations

import numpy as np
import pytest

from vivant.character.presenter import (
    REST,
    Pose,
    Presenter,
    Stage,
    draw,
    make_presenter,
    open_stage,
    weights_of,
)
from vivant.face.landmarks import (
    LEFT_CHEEK_EDGE,
    LOWER_LIP,
    RIGHT_CHEEK_EDGE,
    UPPER_LIP,
    FaceTracker,
)
from vivant.motion.units import AT_EASE


def posed(*, turn: tuple[float, float, float] = (0.0, 0.0, 0.0), **units: float) -> Pose:
    return Pose(weights_of(**{**AT_EASE, **units}), turn, (0.0, 0.0, 0.0), (0.0, 0.0), 0.0)


def found(tracker: FaceTracker, picture: np.ndarray) -> np.ndarray:
    """Landmarks once the tracker has settled on a still picture."""
    seen = [tracker(picture) for _ in range(6)][-1]
    assert seen.faces == 1
    assert seen.landmarks is not None
    return seen.landmarks


def opening(landmarks: np.ndarray) -> float:
    """Distance of the lips as a share of the face's width."""
    width = np.linalg.norm(landmarks[LEFT_CHEEK_EDGE, :2] - landmarks[RIGHT_CHEEK_EDGE, :2])
    return float(np.linalg.norm(landmarks[UPPER_LIP, :2] - landmarks[LOWER_LIP, :2]) / width)


@pytest.mark.parametrize("who", ["woman", "man"])
def test_a_face_detector_is_sure_that_this_is_a_face(
    who: str, request: pytest.FixtureRequest
) -> None:
    import mediapipe

    presenter: Presenter = request.getfixturevalue(who)
    picture = draw(open_stage(presenter, 640, 480), REST)
    assert picture.shape == (480, 640, 3)
    assert picture.dtype == np.uint8
    with mediapipe.solutions.face_detection.FaceDetection(model_selection=0) as detector:
        detections = detector.process(picture).detections
    assert len(detections) == 1
    assert detections[0].score[0] > 0.9


def test_the_face_is_large_enough_to_train_on(stage: Stage, tracker: FaceTracker) -> None:
    landmarks = found(tracker, draw(stage, REST))
    assert np.ptp(landmarks[:, 0]) > 190


def test_the_jaw_opens_the_mouth_and_rest_closes_it(stage: Stage, tracker: FaceTracker) -> None:
    closed = opening(found(tracker, draw(stage, REST)))
    tracker.restart()
    wide = opening(found(tracker, draw(stage, posed(jawOpen=0.35, mouthClose=0.0))))
    assert closed < 0.02
    assert wide > 0.08


def test_the_lips_meet_over_an_open_jaw(stage: Stage, tracker: FaceTracker) -> None:
    pressed = posed(jawOpen=0.2, mouthClose=0.235)
    assert opening(found(tracker, draw(stage, pressed))) < 0.025


def test_closing_the_lids_hides_the_irises(stage: Stage, woman: Presenter) -> None:
    wide = draw(stage, posed(eyeBlinkLeft=0.0, eyeBlinkRight=0.0)).astype(int)
    shut = draw(stage, posed(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)).astype(int)
    changed = np.abs(wide - shut).sum(2) > 60
    rows, columns = np.nonzero(changed)
    assert 150 < len(rows) < 4000
    # Two separate patches, beside the middle of the picture.
    assert (np.abs(columns - 320) > 10).mean() > 0.98


def test_teeth_show_in_an_open_mouth(stage: Stage) -> None:
    picture = draw(stage, posed(jawOpen=0.3, mouthClose=0.0, mouthUpperUpLeft=0.4,
                                mouthUpperUpRight=0.4)).astype(int)  # fmt: skip
    mouth = picture[290:380, 270:370]
    bright = (mouth.min(2) > 105) & (np.ptp(mouth, axis=2) < 60)
    assert bright.sum() > 100


def test_turning_the_head_moves_the_nose_the_same_way(stage: Stage, tracker: FaceTracker) -> None:
    straight = found(tracker, draw(stage, REST))
    tracker.restart()
    turned = found(tracker, draw(stage, posed(turn=(0.25, 0.0, 0.0))))
    centre = [(points[234, 0] + points[454, 0]) / 2 for points in (straight, turned)]
    assert turned[4, 0] - centre[1] > straight[4, 0] - centre[0] + 10


def test_the_same_seed_draws_the_same_picture(man: Presenter) -> None:
    once, again = open_stage(man, 320, 240), open_stage(make_presenter(1, "man"), 320, 240)
    assert np.array_equal(draw(once, REST, frame=3), draw(again, REST, frame=3))


def test_other_sizes_show_the_same_scene(woman: Presenter) -> None:
    small = draw(open_stage(woman, 320, 240), REST)
    large = draw(open_stage(woman, 640, 480), REST)
    halved = large.reshape(240, 2, 320, 2, 3).mean((1, 3))
    assert np.abs(small - halved).mean() < 6


def test_an_unknown_gender_is_an_error() -> None:
    with pytest.raises(KeyError):
        make_presenter(1, "robot")
