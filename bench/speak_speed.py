"""Real-time factor of `vivant speak`, whole process, at two sizes: wall seconds a second of video.

    .venv/bin/python bench/speak_speed.py HOME NAME OUT_DIR

One script of about 15 s, three runs a size; the median counts. Under 1 is faster than real time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = (
    "Good morning, and welcome to our shop. Today we have fresh apples, warm bread, and a very "
    "good cheese from the valley. If you have a question, just ask me. We are open until half past "
    "six this evening, and the first ten orders are delivered free of charge."
)
SIZES = ("360x288", "1280x720")
RUNS = 3


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("name")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = ["| size | seconds of video | real-time factor, median of 3 |", "| --- | --- | --- |"]
    for size in SIZES:
        factors = []
        for run in range(RUNS):
            target = options.out / f"speed-{size}-{run}.mp4"
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "vivant.cli", "speak", options.name, "--text", SCRIPT]
                + ["--size", size, "-o", str(target), "--json", "--home", str(options.home)],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            seconds = json.loads(done.stdout)["seconds"]
            factors.append((time.monotonic() - started) / seconds)
        lines.append(f"| {size} | {seconds:.1f} | {statistics.median(factors):.2f} |")
    (options.out / "speak_speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
