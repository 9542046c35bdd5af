"""Stages of a long job: each done once, marked on disk, skipped when the job is resumed.

Training runs as two child processes side by side, one thread each, because two threaded
processes on two cores slow each other down many times over (see docs/experiments.md). A child
reports on its standard output, one JSON object a line, and ends itself when its standard input
closes, so no child outlives a parent that was killed.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vivant.errors import VivantError
from vivant.media.files import read_json, write_json
from vivant.progress import Progress

StageProgress = Callable[[str, float, str], None]
"""Called with a stage's name, the fraction of it done, 0 to 1, and a few words."""


THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


FULL_BELOW = 4_000_000  # bytes free on a disk that counts as full


@dataclass(frozen=True)
class Stage:
    """One step of a job; it must be safe to run again after it was killed half-way."""

    name: str
    run: Callable[[Progress], None]


def marker(work: Path, name: str) -> Path:
    """The file that says a stage is done."""
    return work / "done" / f"{name}.json"


def seconds_by_stage(work: Path) -> dict[str, float]:
    """Wall seconds of every stage done so far, in the order they ended."""
    marks = sorted((work / "done").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return {path.stem: float(read_json(path)["seconds"]) for path in marks}


def run_stages(work: Path, stages: Sequence[Stage], progress: StageProgress) -> None:
    """Run each stage that is not marked done, marking it when it ends well."""
    (work / "done").mkdir(parents=True, exist_ok=True)
    for stage in stages:
        if marker(work, stage.name).exists():
            progress(stage.name, 1.0, "done before")
            continue
        started = time.monotonic()
        progress(stage.name, 0.0, "")

        def report(fraction: float, text: str, name: str = stage.name) -> None:
            progress(name, fraction, text)

        stage.run(report)
        write_json(marker(work, stage.name), {"seconds": round(time.monotonic() - started, 2)})
        progress(stage.name, 1.0, "done")


# ---- the child's side ----------------------------------------------------------------------


def child_main(chain: Callable[[StageProgress], None]) -> int:
    """Run a chain of stages in this process and report to the parent."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    channel = sys.stdout
    sys.stdout = sys.stderr  # anything a library prints must not look like a report

    def report(stage: str, fraction: float, text: str) -> None:
        line = {"stage": stage, "fraction": round(fraction, 4), "text": text}
        channel.write(json.dumps(line) + "\n")
        channel.flush()

    try:
        chain(report)
    except VivantError as error:
        channel.write(json.dumps({"error": error.as_json()}) + "\n")
        channel.flush()
        return 1
    return 0


def _end_with_parent() -> None:
    # Not through sys.stdin, whose lock would be held while the interpreter shuts down.
    while os.read(0, 1):  # b"" when the parent closes the pipe or dies
        pass
    os._exit(2)


# ---- the parent's side ---------------------------------------------------------------------


def run_children(
    commands: Mapping[str, Sequence[str]], logs: Path, progress: StageProgress
) -> None:
    """Run the named commands side by side until all end; one failing stops the others.

    Raises
    ------
    VivantError
        The first child's own error, or ``crashed`` with the end of its log.
    """
    logs.mkdir(parents=True, exist_ok=True)
    environment = os.environ | dict.fromkeys(THREAD_LIMITS, "1")
    events: queue.Queue[tuple[str, dict[str, Any] | None]] = queue.Queue()
    children: dict[str, subprocess.Popen[str]] = {}
    errors: dict[str, VivantError] = {}
    try:
        for name, command in commands.items():
            with open(logs / f"{name}.log", "a", encoding="utf-8") as log:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=environment,
                    start_new_session=True,  # Ctrl-C reaches the parent alone, which ends them
                )
            children[name] = child
            assert child.stdout is not None
            threading.Thread(target=_pump, args=(name, child.stdout, events), daemon=True).start()
        open_children = set(children)
        while open_children:
            try:
                name, event = events.get(timeout=0.5)
            except queue.Empty:
                continue
            if event is None:
                open_children.discard(name)
                status = children[name].wait()
                if status != 0:
                    raise errors.get(name) or _crash(name, status, logs / f"{name}.log")
            elif "error" in event:
                errors[name] = _error(event["error"])
            else:
                progress(event["stage"], event["fraction"], event["text"])
    finally:
        for child in children.values():
            _end(child)


def _pump(
    name: str, stream: IO[str], events: queue.Queue[tuple[str, dict[str, Any] | None]]
) -> None:
    for line in stream:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # a native library printing past Python's own sys.stdout
        events.put((name, event))
    events.put((name, None))


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _error(data: dict[str, Any]) -> VivantError:
    return VivantError(
        data["code"], data["message"], data["fix"], file=data.get("file"), at_s=data.get("at_s")
    )


def _crash(name: str, status: int, log: Path) -> VivantError:
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    # Libraries that do not say why they could not write, and memory-mapped files, end up here.
    if shutil.disk_usage(log.parent).free < FULL_BELOW:
        return VivantError(
            "disk-full",
            f"{log.parent.parent}: the disk is full; the {name} part of the training {how}.",
            "Free some space, then go on with --resume.",
            file=log.parent.parent,
        )
    return VivantError(
        "crashed",
        f"The {name} part of the training {how}: {' / '.join(tail) or 'it said nothing'}",
        f"Read {log}, then go on with --resume. A kill by signal 9 usually means that the "
        "machine ran out of memory.",
        file=log,
    )
