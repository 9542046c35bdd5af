"""Stages are done once, and children never outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from vivant.errors import VivantError
from vivant.jobs.stages import Stage, run_children, run_stages, seconds_by_stage


def collect(into: list[tuple[str, float]]):  # type: ignore[no-untyped-def]
    def progress(stage: str, fraction: float, text: str) -> None:
        into.append((stage, fraction))

    return progress


def script(folder: Path, name: str, body: str) -> list[str]:
    path = folder / f"{name}.py"
    path.write_text(
        "import sys, time\nfrom pathlib import Path\nfrom vivant.errors import VivantError\n"
        "from vivant.jobs.stages import child_main\n"
        f"def chain(progress):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        "sys.exit(child_main(chain))\n"
    )
    return [sys.executable, str(path)]


def test_a_resumed_job_skips_what_is_done(tmp_path: Path) -> None:
    ran: list[str] = []

    def fail(report: object) -> None:
        ran.append("second")
        raise RuntimeError("power cut")

    first = Stage("first", lambda report: ran.append("first"))
    with pytest.raises(RuntimeError):
        run_stages(tmp_path, [first, Stage("second", fail)], lambda *_: None)
    run_stages(
        tmp_path, [first, Stage("second", lambda report: ran.append("again"))], lambda *_: None
    )

    assert ran == ["first", "second", "again"]
    assert list(seconds_by_stage(tmp_path)) == ["first", "second"]


def test_children_report_their_progress_and_may_print_freely(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    command = script(tmp_path, "a", "print('noise')\nprogress('train', 0.5, 'half')")

    run_children({"a": command}, tmp_path, collect(seen))

    assert seen == [("train", 0.5)]
    assert "noise" in (tmp_path / "a.log").read_text()


def test_a_childs_error_reaches_the_caller_and_stops_the_other_child(tmp_path: Path) -> None:
    failing = script(
        tmp_path, "bad", "raise VivantError('no-face', 'a.mp4: no face', 'Film it again.')"
    )
    slow = script(
        tmp_path, "slow", f"time.sleep(60)\nPath({str(tmp_path / 'ended')!r}).write_text('')"
    )

    started = time.monotonic()
    with pytest.raises(VivantError) as caught:
        run_children({"bad": failing, "slow": slow}, tmp_path, lambda *_: None)

    assert (caught.value.code, caught.value.fix) == ("no-face", "Film it again.")
    assert time.monotonic() - started < 30
    assert not (tmp_path / "ended").exists()


def test_a_crash_names_the_log_and_its_last_words(tmp_path: Path) -> None:
    command = script(tmp_path, "a", "raise RuntimeError('tensor soup')")

    with pytest.raises(VivantError) as caught:
        run_children({"a": command}, tmp_path, lambda *_: None)

    assert caught.value.code == "crashed"
    assert "tensor soup" in caught.value.message
    assert caught.value.file == str(tmp_path / "a.log")


def test_children_of_a_killed_parent_end_by_themselves(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = script(
        tmp_path, "child", f"import os\nPath({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )  # fmt: skip
    parent_code = (
        "from pathlib import Path\nfrom vivant.jobs.stages import run_children\n"
        f"run_children({{'a': {child!r}}}, Path({str(tmp_path)!r}), lambda *_: None)"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code])
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    pid = int(pid_file.read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().split()[2] == "Z")
