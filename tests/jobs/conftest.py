"""One real avatar, trained from a dozen clips, killed and stopped in every stage on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vivant.consent.signing import sign_file
from vivant.consent.statement import new_statement, write_statement
from vivant.jobs.home import Home
from vivant.jobs.stages import marker

STAGES = (
    "consent",
    "check",
    "face-analyse",
    "voice-train",
    "face-train",
    "voice-judge",
    "face-judge",
    "publish",
)


@dataclass
class Interrupted:
    """How a training went that was stopped in every stage, once by each signal."""

    home: Home
    stops: list[tuple[str, int]] = field(default_factory=list)  # stage and signal
    listed_too_early: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    statuses: dict[tuple[str, int], int] = field(default_factory=dict)
    words: dict[tuple[str, int], str] = field(default_factory=dict)
    full_disk: subprocess.CompletedProcess[str] | None = None
    last: subprocess.CompletedProcess[str] | None = None


@pytest.fixture(scope="session")
def evaluation_consent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A consent for research recordings, as `vivant consent` writes it."""
    folder = tmp_path_factory.mktemp("consent")
    statement = new_statement(
        "GRID speaker s1",
        "Vivant's tests",
        purposes=["evaluation"],
        languages=["en", "zh"],
        expires="30d",
        basis="GRID corpus, CC BY 4.0",
    )
    write_statement(statement, folder / "statement.json")
    sign_file(folder / "statement.json", folder / "key.pem", folder / "consent", make_key=True)
    return folder / "consent"


@pytest.fixture(scope="session")
def capture(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen GRID clips, 42 seconds: footage and sentences at once."""
    folder = tmp_path_factory.mktemp("capture")
    for clip in sorted((shared_data / "grid_s1").glob("*.mpg"))[:14]:
        (folder / clip.name).symlink_to(clip)
        (folder / f"{clip.stem}.align").symlink_to(clip.with_suffix(".align"))
    return folder


@pytest.fixture(scope="session")
def interrupted(
    capture: Path, evaluation_consent: Path, tmp_path_factory: pytest.TempPathFactory
) -> Interrupted:
    """Run `vivant create`, stop it wherever it has not been stopped yet, resume, until it ends."""
    home = Home(tmp_path_factory.mktemp("home"))
    result = Interrupted(home)
    first = [
        *("--video", str(capture), "--voice", str(capture)),
        *("--consent", str(evaluation_consent), "--tier", "fast"),
    ]
    work = home.work_folder("s1")
    for attempt in range(4 * len(STAGES)):
        arguments = [*first, "--resume"] if not (work / "request.json").exists() else ["--resume"]
        if result.full_disk is None and marker(work, "check").exists():
            result.full_disk = _run_on_a_full_disk(home, arguments)
        done = _run_until_a_new_stage(result, work, arguments if attempt else first)
        if done is not None:
            result.last = done
            return result
    raise AssertionError(f"the training never ended: {result.stops}")


def _run_until_a_new_stage(
    result: Interrupted, work: Path, arguments: list[str]
) -> subprocess.CompletedProcess[str] | None:
    command = [sys.executable, "-m", "vivant.cli", "create", "s1", "--json"]
    command += ["--home", str(result.home.root), *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would everything below it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    answer: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    stdout = process.stdout
    reader = threading.Thread(target=lambda: answer.append(stdout.read()))
    reader.start()
    said = []
    for line in process.stderr:
        said.append(line)
        stage = line.removesuffix(" …\n")
        if stage not in STAGES or marker(work, stage).exists():
            continue
        for number in (signal.SIGKILL, signal.SIGINT):
            stop = (stage, int(number))
            if stop in result.stops:
                continue
            if stage not in ("consent", "publish"):
                time.sleep(1.0)  # into the middle of it
            process.send_signal(number)
            said += process.stderr.readlines()
            process.wait(30)
            reader.join(10)
            result.stops.append(stop)
            result.statuses[stop] = process.returncode
            result.words[stop] = "".join(said)
            if result.home.avatars():
                if stage != "publish":
                    result.listed_too_early.append(stage)
                return subprocess.CompletedProcess(
                    command, process.returncode, answer[0] if answer else "", "".join(said)
                )
            result.left_running += _left_running(work)
            return None
    process.wait(30)
    reader.join(10)
    return subprocess.CompletedProcess(command, process.returncode, answer[0], "".join(said))


def _run_on_a_full_disk(home: Home, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Resume where no file can grow beyond a megabyte, which is less than a clip's crops need."""
    limited = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from vivant.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", limited, "create", "s1", "--json"]
    command += ["--home", str(home.root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _left_running(work: Path) -> list[str]:
    """Processes of this training still alive five seconds after it was stopped."""
    alive: list[str] = []
    for _ in range(50):
        alive = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(work) in words:
                alive.append(os.fsdecode(b" ".join(words)))
        if not alive:
            break
        time.sleep(0.1)
    return alive
