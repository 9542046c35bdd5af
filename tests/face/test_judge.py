"""The judge measures what it says: against known shifts, and against a mouth that never opens."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vivant.face.judge import FaceReport, detail, ssim, sync
from vivant.jobs.report import FIGURES
from vivant.media.video import probe

pytestmark = pytest.mark.xdist_group("face")


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_lips_that_are_late_on_purpose_are_found_late(late: int) -> None:
    random = np.random.default_rng(1)
    curves = [np.convolve(random.normal(size=140), np.hanning(7), "same") for _ in range(4)]
    truth = [c[20:120] for c in curves]
    shifted = [c[20 - late : 120 - late] for c in curves]
    lag, fit = sync(shifted, truth)
    assert abs(lag - late) < 0.25
    assert fit > 0.9


def test_ssim_is_one_for_the_same_picture_and_falls_with_blur() -> None:
    picture = np.random.default_rng(2).uniform(0, 255, (60, 80))
    assert ssim(picture, picture).min() > 0.999
    soft = cv2.GaussianBlur(picture, (0, 0), 2.0)
    assert ssim(picture, soft).mean() < 0.5


def test_detail_falls_with_blur() -> None:
    picture = np.random.default_rng(3).uniform(0, 255, (60, 80, 3)).astype(np.float32)
    assert detail(cv2.GaussianBlur(picture, (0, 0), 1.5)) < 0.3 * detail(picture)


def test_a_face_learnt_in_a_minute_already_follows_the_sound(
    judged: tuple[FaceReport, Path],
) -> None:
    found, _ = judged
    assert found.psnr_db > found.closed_psnr_db
    assert found.lmd_px < found.closed_lmd_px
    assert found.opening_correlation > 0.5
    assert abs(found.sync_offset_ms) <= 60
    assert found.sharpness_ratio > 0.7
    assert found.silence_motion_px <= found.truth_silence_motion_px + 0.05


def test_the_report_holds_the_contract_the_changed_voices_and_pictures_that_open(
    judged: tuple[FaceReport, Path],
) -> None:
    found, folder = judged
    report = json.loads((folder / "report.json").read_text())
    for figure in FIGURES:
        if figure.part == "face":
            assert isinstance(report[figure.key], float), figure.key
    assert report["psnr_db"] == pytest.approx(found.psnr_db, abs=1e-3)
    assert {"higher voice", "lower voice", "noise at 20 dB"} <= set(report["changed_voices"])
    assert report["gate"]["passed"] == (report["gate"]["reasons"] == [])
    for picture in report["pictures"]:
        path = folder / picture["file"]
        if path.suffix == ".png":
            assert cv2.imread(str(path)) is not None
        else:
            assert probe(path).video is not None
        assert "AI-generated" in picture["caption"]
