"""The footage behind the mouth goes on for as long as the sound, and never jumps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.face.conftest import SmallFace
from vivant.face.base import between, plan_base
from vivant.face.footage import Footage
from vivant.face.model import Bank, load_model


def bank_of(lengths: list[int], brightness: list[float]) -> Bank:
    """Takes in which only the brightness drifts; near values look alike."""
    take = np.repeat(np.arange(len(lengths)), lengths)
    frame = np.concatenate([np.arange(n) for n in lengths])
    level = np.repeat(brightness, lengths) + 0.5 * frame
    n = len(take)
    return Bank(
        take=take,
        frame=frame,
        codes=np.zeros((n, 30), np.float32),
        pose=np.zeros((n, 4), np.float32),
        matrices=np.zeros((n, 2, 3)),
        shape=np.zeros((n, 57, 2), np.float32),
        rest_shape=np.zeros((n, 57, 2), np.float32),
        colour=np.zeros((n, 3), np.float32),
        views=np.repeat(level[:, None], 768, 1).astype(np.uint8),
        patch_index=np.arange(n + 1),
    )


@pytest.mark.parametrize("frames", [1, 60, 3000])
def test_a_walk_is_as_long_as_asked(frames: int) -> None:
    plan = plan_base(bank_of([75, 75, 90], [20, 22, 24]), frames)
    assert len(plan.first) == len(plan.second) == len(plan.share) == frames
    assert ((plan.share >= 0) & (plan.share <= 1)).all()


def test_takes_that_look_alike_follow_each_other_through_a_dissolve() -> None:
    bank = bank_of([75, 75, 75], [20, 21, 22])
    plan = plan_base(bank, 600)
    shown = np.where(plan.share > 0, plan.second, plan.first)
    assert len(np.unique(bank.take[shown])) > 1
    level = bank.views[:, 0].astype(float)
    picture = level[plan.first] * (1 - plan.share) + level[plan.second] * plan.share
    assert np.abs(np.diff(picture)).max() < 8


def test_where_nothing_looks_alike_the_walk_turns_round() -> None:
    bank = bank_of([80, 60], [20, 200])
    plan = plan_base(bank, 500)
    assert (bank.take[plan.first] == 0).all()
    assert (bank.take[plan.second] == 0).all()


def test_one_short_take_is_enough() -> None:
    plan = plan_base(bank_of([26], [50]), 200)
    assert np.abs(np.diff(plan.first)).max() <= 1
    assert len(np.unique(plan.first)) >= 20


def test_the_same_footage_gives_the_same_walk() -> None:
    bank = bank_of([75, 75, 90], [20, 22, 24])
    assert np.array_equal(plan_base(bank, 400).first, plan_base(bank, 400).first)


def test_real_footage_goes_on_through_many_takes_without_a_jump(small_face: SmallFace) -> None:
    bank = load_model(small_face.avatar / "face" / "face.npz").bank
    plan = plan_base(bank, 500)
    assert len(np.unique(bank.take[plan.first])) > 3
    folder = small_face.avatar / "face" / "footage"
    opened = {k: Footage(folder / f"{k:03d}.mp4", (90, 72)) for k in np.unique(bank.take)}

    def picture(row: int) -> np.ndarray:
        return opened[bank.take[row]][int(bank.frame[row])]

    pictures = [
        between(picture(first), picture(second), float(share)) if share else picture(first)
        for first, second, share in zip(plan.first[:300], plan.second, plan.share, strict=False)
    ]
    steps = np.abs(np.diff(np.array(pictures, np.float32), axis=0)).mean((1, 2, 3))
    joined = plan.share[1:300] > 0
    assert joined.any()
    assert steps[joined].max() < 1.5 * np.percentile(steps[~joined], 98)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_on_the_way_from_one_frame_to_another_things_move_and_are_not_seen_double(
    share: float,
) -> None:
    x, y = np.meshgrid(np.arange(120.0), np.arange(90.0))

    def disc(at: float) -> np.ndarray:
        light = 40 + 160 / (1 + np.exp(np.hypot(x - at, y - 45) - 20))
        return np.repeat(light[..., None], 3, 2).astype(np.uint8)

    made = between(disc(54), disc(60), share)
    wanted = disc(54 + 6 * share)
    doubled = (1 - share) * disc(54).astype(float) + share * disc(60)
    error = np.abs(made.astype(float) - wanted).mean()
    assert error < 0.5 * np.abs(doubled - wanted).mean()
