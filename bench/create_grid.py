"""`vivant create` on GRID s1 at default quality: time, memory and report beside what is asked.

    .venv/bin/python bench/create_grid.py shared/data/grid_s1 OUT_DIR

The first 60 clips by name are the footage, all 100 the sentences. Writes OUT_DIR/create_grid.md;
the avatar stays in OUT_DIR/home for `bench/speak_speed.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def asked(
    report: dict[str, Any], minutes: float, peak_gb: float
) -> list[tuple[str, str, float, bool]]:
    """Each line of what must hold: name, bound, measured, held."""
    face, voice = report["face"], report["voice"]
    allowed_error = voice["base_phoneme_error_rate"] + 0.05
    return [
        ("create, minutes", "< 20", minutes, minutes < 20),
        ("peak memory, GB", "< 2", peak_gb, peak_gb < 2),
        ("mouth PSNR, dB", ">= 30", face["psnr_db"], face["psnr_db"] >= 30),
        ("mouth SSIM", ">= .87", face["ssim"], face["ssim"] >= 0.87),
        ("lip landmark distance, px", "<= .92", face["lmd_px"], face["lmd_px"] <= 0.92),
        ("sharpness of truth", ">= .85", face["sharpness_ratio"], face["sharpness_ratio"] >= 0.85),
        (
            "motion in silence, px",
            f"<= {face['truth_silence_motion_px']:.3f} (truth)",
            face["silence_motion_px"],
            face["silence_motion_px"] <= face["truth_silence_motion_px"],
        ),
        ("sync offset, ms", "within 40", face["sync_offset_ms"], abs(face["sync_offset_ms"]) <= 40),
        (
            "speaker similarity (CAM++)",
            ">= .70",
            voice["speaker_similarity"],
            voice["speaker_similarity"] >= 0.70,
        ),
        (
            "phoneme error",
            f"<= {allowed_error:.3f} (base + .05)",
            voice["phoneme_error_rate"],
            voice["phoneme_error_rate"] <= allowed_error,
        ),
    ]


def tree_bytes(pid: int) -> int:
    """Proportional set size of a process and all under it (Linux): shared pages count once."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        own = 1024 * int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])  # type: ignore[index]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return own + sum(tree_bytes(int(child)) for child in children)


def peak_of(command: list[str], watch: Callable[[int], int] = tree_bytes) -> tuple[str, int]:
    """Standard output of a command, and its tree's peak resident bytes."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0]

    def sample() -> None:
        while child.poll() is None:
            peak[0] = max(peak[0], watch(child.pid))
            time.sleep(0.5)

    threading.Thread(target=sample, daemon=True).start()
    output = child.communicate()[0]
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}\n{output}")
    return output, peak[0]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tier", default="standard")
    options = parser.parse_args()
    out, home = options.out, options.out / "home"
    out.mkdir(parents=True, exist_ok=True)
    vivant = [sys.executable, "-m", "vivant.cli"]
    statement, consent = out / "s1.statement.json", out / "s1.consent"
    subprocess.run(
        [*vivant, "consent", "new", "--person", "GRID s1", "--owner", "bench", "--purpose"]
        + ["evaluation", "--basis", "GRID corpus, CC BY 4.0", "--expires", "2099-12-31"]
        + ["-o", str(statement)],
        check=True,
    )
    subprocess.run(
        [*vivant, "consent", "sign", str(statement), "--key", str(out / "key.pem"), "--new-key"]
        + ["-o", str(consent)],
        check=True,
    )
    clips = [str(path) for path in sorted(options.grid.glob("*.mpg"))[:60]]
    started = time.monotonic()
    output, peak = peak_of(
        [*vivant, "create", "s1", "--json", "--home", str(home), "--tier", options.tier]
        + ["--voice", str(options.grid), "--consent", str(consent), "--video", *clips]
    )
    minutes = (time.monotonic() - started) / 60
    created = json.loads(output)
    lines = ["| what | asked | measured | held |", "| --- | --- | --- | --- |"]
    for name, bound, value, held in asked(created["report"], minutes, peak / 1e9):
        lines.append(f"| {name} | {bound} | {value:.3f} | {'yes' if held else 'NO'} |")
    stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in created["stages"].items())
    lines += ["", f"Stages, seconds: {stages}.", ""]
    (out / "create_grid.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
