"""`vivant check` as a person types it: exit status, JSON, the page, and a disk that is full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.capture.conftest import Save, Take
from vivant import cli
from vivant.capture.findings import CheckReport, Finding, Span
from vivant.capture.page import page, waveform, write_page
from vivant.capture.thresholds import THRESHOLDS
from vivant.errors import VivantError


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["check", *map(str, arguments)])
    return int(str(stopped.value.code))


def test_json_and_page(
    take: Take, save: Save, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save("film.mp4", take.frames[:50], take.wave)
    assert run(path, "--json", "--html", tmp_path / "page.html") == 1
    answer = json.loads(capsys.readouterr().out)
    assert {"ok", "seconds", "sentences", "findings"} <= set(answer)
    assert (answer["ok"], answer["seconds"], answer["sentences"]) == (False, 2.0, 0)
    finding = next(finding for finding in answer["findings"] if finding["code"] == "too-short")
    assert set(finding) == {"code", "severity", "file", "at_s", "message", "fix"}
    assert (finding["severity"], finding["file"]) == ("error", str(path))
    text = (tmp_path / "page.html").read_text()
    assert "Not ready" in text
    assert finding["fix"] in text
    assert "Looked at, and fine" in text


def test_words_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "film.mp4").write_text("no film")
    assert run(tmp_path / "film.mp4") == 1
    said = capsys.readouterr().out
    assert f"error: unreadable-media: {tmp_path / 'film.mp4'}" in said
    assert "not ready" in said


REPORT = CheckReport(
    ("a.mp4",),
    61.0,
    0,
    (Finding("too-dark", "warning", "a.mp4", None, "a.mp4: the face is dark <40>.", "Lamp."),),
    (Span("a.mp4", 0.0, 1.0, "no-face"),),
)


def test_page_of_a_good_recording() -> None:
    text = page(REPORT)
    assert "Ready to train. 1 thing could be better." in text
    assert "1 min 1 s of video in 1 file" in text
    assert "&lt;40&gt;" in text
    assert "Nothing was found wrong" in page(CheckReport(("a.mp4",), 61.0, 0, ()))


def test_page_shows_the_frames_and_the_sound(take: Take, save: Save) -> None:
    path = save("film.mp4", take.frames, take.wave)
    shown = [
        Finding("no-face", "error", str(path), 1.0, f"{path}: no face.", "Show it."),
        Finding("clipped", "error", str(path), 1.0, f"{path}: clipped.", "Turn down."),
    ]
    text = page(CheckReport((str(path),), 3.0, 0, tuple(shown)))
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count("<svg") == 1
    assert waveform(path.parent / "nowhere.wav", 1.0) == ""


def test_page_of_many_findings_stays_short(tmp_path: Path) -> None:
    many = tuple(
        Finding("noisy", "error", f"{k}.wav", 0.0, f"{k}.wav: is noisy.", "Hush.")
        for k in range(500)
    )
    text = page(CheckReport((), 61.0, 500, many))
    assert len(text) < 20_000
    assert "and 492 more" in text


@pytest.mark.parametrize("where", ["nowhere/page.html", "folder"])
def test_page_that_cannot_be_written(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(VivantError) as caught:
        write_page(REPORT, tmp_path / where)
    assert caught.value.code == "not-writable"
    assert str(tmp_path / where) in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_unwritable_page_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "film.mp4").touch()
    assert run(tmp_path / "film.mp4", "--json", "--html", tmp_path / "nowhere" / "p.html") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "not-writable"
    assert error["fix"]


def test_disk_that_is_full(tmp_path: Path) -> None:
    """The system lets no file grow beyond 1 kB, as a quota does."""
    code = """
import resource, sys
from vivant import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
cli.main(["check", sys.argv[1], "--json", "--html", sys.argv[2]])
"""
    (tmp_path / "film.mp4").touch()
    (tmp_path / "page.html").write_text("the page of last time")
    arguments = [str(tmp_path / "film.mp4"), str(tmp_path / "page.html")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "disk-full"
    assert str(tmp_path / "page.html") in error["message"]
    assert (tmp_path / "page.html").read_text() == "the page of last time"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "page.html"]


def test_pictures_in_the_page_are_upright_and_small(take: Take, save: Save) -> None:
    from vivant.capture.page import THUMB_WIDTH, thumbnail

    shown = thumbnail(save("film.mp4", take.frames[:30], None), 0.5)
    assert shown is not None
    assert shown.shape[1] == THUMB_WIDTH
    assert isinstance(shown, np.ndarray)


def test_the_page_of_thresholds_shows_what_the_program_uses() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "preflight.md").read_text("utf-8")
    for row in THRESHOLDS.values():
        limits = [
            "" if limit is None else f"{'<' if row.below else '>'} {limit:g}"
            for limit in (row.warning, row.error)
        ]
        assert f"| `{row.code}` | {row.what} | {row.unit} | {limits[0]} | {limits[1]} |" in page
