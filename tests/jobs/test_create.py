"""A training may be stopped anywhere, and what comes of it speaks, is labelled and verified."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vivant
from tests.jobs.conftest import STAGES, Interrupted
from vivant.jobs.home import Home
from vivant.media.audio import read_audio
from vivant.media.video import probe, read_frames

pytestmark = pytest.mark.xdist_group("create")  # one training for all of it

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "mediapipe", "librosa", "resemblyzer", "pocketsphinx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from vivant.cli import main
main(sys.argv[1:])
"""


def command(*words: str | Path, home: Home) -> subprocess.CompletedProcess[str]:
    """Run `vivant` where nothing that only training needs can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, words), "--json", "--home", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def home(interrupted: Interrupted) -> Home:
    assert interrupted.home.avatars(), interrupted.last
    return interrupted.home


@pytest.fixture(scope="module")
def spoken(home: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """An English video, made by the command line without torch."""
    out = tmp_path_factory.mktemp("spoken") / "morning.mp4"
    done = command("speak", "s1", "--text", "Good morning. Shall we begin?", "-o", out, home=home)
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def test_a_training_killed_or_stopped_in_every_stage_ends_well(interrupted: Interrupted) -> None:
    assert {stage for stage, _ in interrupted.stops} == set(STAGES)
    assert [avatar.record.name for avatar in interrupted.home.avatars()] == ["s1"]
    assert not interrupted.home.work_folder("s1").exists() or interrupted.stops[-1][0] == "publish"


def test_nothing_half_made_was_ever_listed_or_left_running(interrupted: Interrupted) -> None:
    assert interrupted.listed_too_early == []
    assert interrupted.left_running == []


def test_ctrl_c_says_how_to_go_on(interrupted: Interrupted) -> None:
    stopped = [stop for stop in interrupted.stops if stop[1] == signal.SIGINT]
    for stop in stopped:
        if stop[0] == "publish":
            continue
        assert interrupted.statuses[stop] == 130, interrupted.words[stop]
        assert "vivant create s1 --resume" in interrupted.words[stop]
        assert "Traceback" not in interrupted.words[stop]


def test_a_full_disk_is_said_and_nothing_is_lost(interrupted: Interrupted) -> None:
    assert interrupted.full_disk is not None
    assert interrupted.full_disk.returncode == 1
    error = json.loads(interrupted.full_disk.stdout)["error"]
    assert error["code"] == "disk-full", interrupted.full_disk.stderr
    assert "--resume" in error["fix"] or "again" in error["fix"]


def test_the_report_has_every_figure_of_the_contract(home: Home) -> None:
    done = command("report", "s1", home=home)
    report = json.loads(done.stdout)
    assert {
        "kind",
        "speaker_similarity",
        "self_similarity",
        "phoneme_error_rate",
        "recording_phoneme_error_rate",
        "mos",
    } <= set(report["voice"])
    assert {
        "psnr_db",
        "ssim",
        "lmd_px",
        "sharpness_ratio",
        "silence_motion_px",
        "sync_offset_ms",
    } <= set(report["face"])
    assert isinstance(report["gate"]["passed"], bool)
    assert report["gate"]["passed"] == (report["gate"]["reasons"] == [])


def test_the_report_page_stands_alone(home: Home, tmp_path: Path) -> None:
    done = command("report", "s1", "--html", tmp_path / "report.html", home=home)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "EVALUATION" in page
    assert "data:image/" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_it_speaks_without_anything_that_training_needs(
    spoken: tuple[Path, dict[str, object]],
) -> None:
    out, answer = spoken
    media = probe(out)
    assert media.video is not None
    assert media.audio is not None
    assert (media.video.width, media.video.height, media.video.fps) == (360, 288, 25)
    assert abs(media.seconds - float(str(answer["seconds"]))) < 0.1
    assert {"output", "render_fps", "realtime_factor", "style", "voice", "notices"} <= set(answer)


def test_every_frame_is_stamped_evaluation(spoken: tuple[Path, dict[str, object]]) -> None:
    out, _ = spoken
    for frame in read_frames(out):
        corner = frame.rgb[-30:, :160].astype(int)
        amber = (corner[..., 0] > 180) & (corner[..., 2] < 110)
        assert amber.mean() > 0.05, f"frame {frame.index}"


def test_verify_says_what_it_is(spoken: tuple[Path, dict[str, object]], home: Home) -> None:
    done = command("verify", spoken[0], home=home)
    found = json.loads(done.stdout)
    assert found["verdict"] == "made-here"
    assert found["c2pa"]["state"] == "trusted"
    assert found["aigc"]["Label"] == "1"
    assert found["consent"]["state"] == "live"
    assert any("EVALUATION" in line for line in found["evidence"])


def test_one_changed_byte_is_an_altered_file(
    spoken: tuple[Path, dict[str, object]], home: Home, tmp_path: Path
) -> None:
    data = bytearray(spoken[0].read_bytes())
    data[len(data) // 2] ^= 255
    (tmp_path / "changed.mp4").write_bytes(data)
    assert vivant.verify(tmp_path / "changed.mp4", home=home.root).verdict == "altered"


def test_mandarin_is_spoken_by_a_voice_that_says_so(home: Home, tmp_path: Path) -> None:
    spoken = vivant.speak(
        "s1", text="大家好，今天天气很好。", out=tmp_path / "zh.mp4", home=home.root
    )
    assert spoken.voice_kind == "stock"
    assert any("stock voice" in notice for notice in spoken.notices)
    found = vivant.verify(tmp_path / "zh.mp4", home=home.root)
    assert any("stock voice" in line for line in found.evidence)


def test_a_recording_can_drive_it(home: Home, shared_data: Path, tmp_path: Path) -> None:
    driven = sorted((shared_data / "lj").glob("*.wav"))[0]
    spoken = vivant.speak("s1", audio=driven, out=tmp_path / "driven.mp4", home=home.root)
    assert spoken.voice_kind == "recording"
    heard, given = read_audio(tmp_path / "driven.mp4", 16_000), read_audio(driven, 16_000)
    length = min(len(heard), len(given))
    assert np.corrcoef(heard[:length], given[:length])[0, 1] > 0.9
    assert abs(probe(tmp_path / "driven.mp4").seconds - len(given) / 16_000) < 0.1


def test_sound_alone_is_signed_too(home: Home, tmp_path: Path) -> None:
    vivant.speak("s1", text="Good morning.", out=tmp_path / "morning.wav", home=home.root)
    assert vivant.verify(tmp_path / "morning.wav", home=home.root).verdict == "made-here"


def test_a_second_avatar_of_that_name_is_refused(
    home: Home, capture: Path, evaluation_consent: Path
) -> None:
    with pytest.raises(vivant.VivantError) as caught:
        vivant.create(
            "s1", videos=[capture], voice=capture, consent=evaluation_consent, home=home.root
        )
    assert caught.value.code == "avatar-exists"


def test_a_consent_swapped_afterwards_renders_nothing(home: Home, tmp_path: Path) -> None:
    copied = Home(tmp_path / "home")
    shutil.copytree(home.root / "avatars" / "s1", copied.avatar_folder("s1"))
    consent = copied.avatar_folder("s1") / "consent.json"
    consent.write_text(consent.read_text().replace("\n", " "))
    with pytest.raises(vivant.VivantError) as caught:
        vivant.speak("s1", text="Hello.", out=tmp_path / "x.mp4", home=copied.root)
    assert caught.value.code.startswith("consent-")
    assert not (tmp_path / "x.mp4").exists()


def test_an_output_that_cannot_be_written_is_named(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "missing" / "x.mp4"
    done = command("speak", "s1", "--text", "Hello.", "-o", out, home=home)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "not-writable"
    assert str(out.parent) in error["message"]


def test_a_full_disk_leaves_no_half_video(home: Home, tmp_path: Path) -> None:
    limited = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n" + WITHOUT,
            *("speak", "s1", "--text", "Good morning, everyone. Shall we begin?", "--json"),
            *("--home", str(home.root), "-o", str(tmp_path / "x.mp4")),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert limited.returncode == 1, limited.stderr
    assert json.loads(limited.stdout)["error"]["code"] in ("disk-full", "not-writable")
    assert list(tmp_path.iterdir()) == []


def test_create_refuses_without_consent(capture: Path, tmp_path: Path) -> None:
    with pytest.raises(vivant.VivantError) as caught:
        vivant.create("x", videos=[capture], voice=capture, consent=None, home=tmp_path)
    assert caught.value.code == "consent-missing"
    assert Home(tmp_path).avatars() == []
