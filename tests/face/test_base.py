"""The footage behind the mouth goes on for as long as the sound, and never jumps."""

from __future__ import annotations

import numpy as np
import pytest

from vivant.face.base import plan_base
from vivant.face.model import Bank


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
    assert len(np.unique(plan.first)) == 26


def test_the_same_footage_gives_the_same_walk() -> None:
    bank = bank_of([75, 75, 90], [20, 22, 24])
    assert np.array_equal(plan_base(bank, 400).first, plan_base(bank, 400).first)
