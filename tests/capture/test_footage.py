"""Every way in which footage can be bad has a code, a second and a remedy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.capture.conftest import RATE, Save, Take, cover_mouth, dark_glasses
from vivant.capture.findings import CheckReport, Finding
from vivant.capture.preflight import check


def only(report: CheckReport, code: str, severity: str = "error") -> Finding:
    """The report's finding with that code; it names its file, and how to fix it."""
    found = [finding for finding in report.findings if finding.code == code]
    assert found, f"{code} not among {[(f.code, f.message) for f in report.findings]}"
    assert found[0].severity == severity
    assert found[0].file in found[0].message
    assert found[0].fix
    if found[0].at_s is not None:
        assert " s" in found[0].message
    assert report.ok == (not report.errors)
    return found[0]


def codes(report: CheckReport) -> set[str]:
    return {finding.code for finding in report.findings}


def test_good_clips_have_nothing_wrong_but_their_number(shared_data: Path) -> None:
    for clips in (
        sorted((shared_data / "grid_s1").glob("*.mpg"))[:3],
        *([path] for path in sorted((shared_data / "grid_others").glob("*.mpg"))),
    ):
        report = check(clips)
        assert codes(report) - {"no-rest"} == {"too-short"}
        assert report.seconds == pytest.approx(3.0 * len(clips))


def test_two_people_in_two_files(shared_data: Path) -> None:
    """Each file shows one face, but not the same one."""
    clips = sorted((shared_data / "grid_s1").glob("*.mpg"))[:2]
    other = sorted((shared_data / "grid_others").glob("*.mpg"))[0]
    finding = only(check([clips[0], other, clips[1]]), "other-face")
    assert finding.file == str(other)
    assert finding.at_s is not None


def test_many_short_files_add_up(shared_data: Path) -> None:
    clips = sorted((shared_data / "grid_s1").glob("*.mpg"))[:11]
    report = check(clips)
    assert report.ok
    assert only(report, "too-short", "warning")


def test_two_second_clip(take: Take, save: Save) -> None:
    path = save("short.mp4", take.frames[:50], take.wave[: 2 * RATE])
    finding = only(check([path]), "too-short")
    assert "2.0 s" in finding.message


def test_text_file_named_mp4(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("This is not a film.\n" * 100)
    assert only(check([path]), "unreadable-media").file == str(path)


def test_only_what_is_usable_counts(take: Take, save: Save) -> None:
    """Thirty seconds of film, half of it with a hand before the mouth."""
    hand = [
        cover_mouth(rgb, face, "hand")
        for rgb, face in zip(take.frames, take.landmarks, strict=True)
    ]
    part = [*take.frames[:55], *hand[:55]]
    finding = only(check([save("half.mp4", part * 7, take.wave)]), "too-short")
    assert "usable" in finding.message


def test_zero_bytes_and_missing(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    only(check([tmp_path / "empty.mp4"]), "empty-file")
    only(check([tmp_path / "nowhere.mp4"]), "no-file")


def test_folder_without_video(tmp_path: Path) -> None:
    only(check([tmp_path]), "no-footage")


def test_video_without_sound(take: Take, save: Save) -> None:
    only(check([save("mute.mp4", take.frames, None)]), "no-sound")


def test_sound_without_video(shared_data: Path) -> None:
    only(check([next((shared_data / "lj").glob("*.wav"))]), "no-video")


def test_two_people(take: Take, another: Take, save: Save) -> None:
    pairs = [np.hstack([a, b]) for a, b in zip(take.frames, another.frames, strict=True)]
    finding = only(check([save("two.mp4", pairs, take.wave)]), "two-faces")
    assert finding.at_s == pytest.approx(0, abs=0.3)


def test_no_face(take: Take, save: Save) -> None:
    wall = [np.roll(rgb[:, :60], k, axis=0) for k, rgb in enumerate(take.frames)]
    only(check([save("wall.mp4", [np.tile(w, (1, 6, 1)) for w in wall], take.wave)]), "no-face")


@pytest.mark.parametrize("with_what", ["card", "phone", "mask", "hand"])
def test_covered_mouth(take: Take, save: Save, with_what: str) -> None:
    """Landmark models imagine a mouth there; the picture has none."""
    covered = [
        cover_mouth(rgb, face, with_what)
        for rgb, face in zip(take.frames, take.landmarks, strict=True)
    ]
    only(check([save("covered.mp4", covered, take.wave)]), "mouth-covered")


def test_mouth_covered_for_a_while(take: Take, save: Save) -> None:
    frames = [
        cover_mouth(rgb, face, "hand") if 25 <= k < 55 else rgb
        for k, (rgb, face) in enumerate(zip(take.frames, take.landmarks, strict=True))
    ]
    report = check([save("covered.mp4", frames, take.wave)])
    finding = only(report, "mouth-covered")
    assert finding.at_s == pytest.approx(1.0, abs=0.15)
    span = next(span for span in report.unusable if span.code == "mouth-covered")
    assert span.start_s <= 1.0
    assert span.end_s >= 2.15


@pytest.mark.parametrize("look", ["grey", "pale", "dark", "warm", "small"])
def test_uncovered_mouth_is_not_called_covered(
    take: Take, another: Take, save: Save, look: str
) -> None:
    """Black and white film, pale lips, dark skin, warm light, a low resolution."""
    frames = []
    for k, rgb in enumerate(take.frames[:40] + another.frames[:40]):
        lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        if look == "grey":
            lab[..., 1:] = 0
        elif look == "pale":
            lab[..., 1:] *= 0.4
        elif look == "dark":
            lab[..., 0] *= 0.5
            lab[..., 1:] *= 0.6
        elif look == "warm":
            lab[..., 2] += 25
        out = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255).astype(np.uint8)
        if look == "small":
            out = cv2.resize(cv2.resize(rgb, (216, 172), interpolation=cv2.INTER_AREA), (360, 288))
        frames.append(np.ascontiguousarray(out))
        assert k < 80
    report = check([save("look.mp4", frames, take.wave)])
    assert not codes(report) & {"mouth-covered", "eyes-covered"}


def test_dark_glasses(take: Take, save: Save) -> None:
    frames = [dark_glasses(r, f) for r, f in zip(take.frames, take.landmarks, strict=True)]
    only(check([save("glasses.mp4", frames, take.wave)]), "eyes-covered")


def test_small_face(take: Take, save: Save) -> None:
    frames = []
    for rgb in take.frames:
        scene = np.full((360, 640, 3), 150, np.uint8)
        scene[100:230, 200:362] = cv2.resize(rgb, (162, 130), interpolation=cv2.INTER_AREA)
        frames.append(scene)
    finding = only(check([save("far.mp4", frames, take.wave)]), "small-face")
    assert "pixels" in finding.message


def test_face_cut_off(take: Take, save: Save) -> None:
    frames = [rgb[: int(take.landmarks[0][17, 1]) + 8] for rgb in take.frames]
    report = check([save("cut.mp4", frames, take.wave)])
    assert codes(report) & {"face-cut-off", "no-face"}


def test_blurred(take: Take, save: Save) -> None:
    frames = [cv2.GaussianBlur(rgb, (0, 0), 4) for rgb in take.frames]
    only(check([save("blur.mp4", frames, take.wave)]), "blurred")


@pytest.mark.parametrize(("gain", "code"), [(0.2, "too-dark"), (2.2, "too-bright")])
def test_exposure(take: Take, save: Save, gain: float, code: str) -> None:
    frames = [np.clip(rgb * gain, 0, 255).astype(np.uint8) for rgb in take.frames]
    only(check([save("light.mp4", frames, take.wave)]), code)


def test_frozen(take: Take, save: Save) -> None:
    frames = [*take.frames[:20], *[take.frames[20]] * 45, *take.frames[21:31]]
    finding = only(check([save("frozen.mp4", frames, take.wave)]), "frozen")
    assert finding.at_s == pytest.approx(0.9, abs=0.3)


def test_dropped_frames(take: Take, save: Save) -> None:
    frames = [take.frames[k - k % 3] for k in range(75)]
    only(check([save("drops.mp4", frames, take.wave)]), "dropped-frames")


def textured(rgb: np.ndarray) -> np.ndarray:
    """A wall with something on it instead of a plain one."""
    wall = np.random.default_rng(3).integers(60, 200, (18, 23, 3)).astype(np.uint8)
    wall = cv2.resize(wall, (360, 288), interpolation=cv2.INTER_CUBIC)
    back = cv2.GaussianBlur(
        ((rgb[..., 2].astype(int) - rgb[..., 0]) > 40).astype(np.float32), (0, 0), 1
    )[..., None]
    return (back * wall + (1 - back) * rgb).astype(np.uint8)


def test_camera_moves_but_a_moving_head_is_fine(take: Take, save: Save) -> None:
    still = [textured(rgb) for rgb in take.frames]
    assert "camera-moves" not in codes(check([save("tripod.mp4", still, take.wave)]))
    wide = [cv2.copyMakeBorder(rgb, 0, 0, 40, 40, cv2.BORDER_REFLECT) for rgb in still]
    held = [
        wide[k][:, s : s + 360]
        for k, s in enumerate((40 + 30 * np.sin(np.arange(75) / 9)).round().astype(int))
    ]
    only(check([save("hand.mp4", held, take.wave)]), "camera-moves")


def test_jump_cut_inside_a_file_but_not_between_files(
    take: Take, shared_data: Path, save: Save
) -> None:
    from tests.capture.conftest import load_take

    later = load_take(shared_data / "grid_s1" / "bbwg3a.mpg")
    frames = [*take.frames[:40], *later.frames[20:60]]
    report = check([save("cut.mp4", frames, take.wave)])
    finding = only(report, "jump-cut", "warning")
    assert finding.at_s == pytest.approx(1.6, abs=0.05)
    two = [save("a.mp4", take.frames[:40], take.wave), save("b.mp4", later.frames, later.wave)]
    assert "jump-cut" not in codes(check(two))


def test_turned_head_and_rest_of_the_mouth(take: Take, save: Save) -> None:
    """A head in full profile cannot be had from frontal footage; squeezing it is near enough."""
    talking = [
        k
        for k, face in enumerate(take.landmarks)
        if np.linalg.norm(face[13, :2] - face[14, :2]) > 3.5
    ]
    frames = [take.frames[talking[k % len(talking)]] for k in range(60)]
    only(check([save("talk.mp4", frames, take.wave)]), "no-rest", "warning")


def test_low_frame_rate(take: Take, tmp_path: Path) -> None:
    from vivant.media.video import VideoWriter

    with VideoWriter(tmp_path / "slow.mp4", 360, 288, fps=10, audio_rate=RATE) as out:
        for rgb in take.frames[::2]:
            out.write(rgb)
        out.write_audio(take.wave)
    only(check([tmp_path / "slow.mp4"]), "low-frame-rate")


def test_stopping_it(take: Take, save: Save) -> None:
    from vivant.errors import Cancelled

    def stop(fraction: float, text: str) -> None:
        assert 0 <= fraction <= 1
        raise Cancelled

    with pytest.raises(Cancelled):
        check([save("a.mp4", take.frames, take.wave)], None, stop)
