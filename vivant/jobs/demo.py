"""The whole line on a person who does not exist: footage, check, consent, create, report, speak,
verify. Stopped half-way, the same command goes on where it was.
"""

from __future__ import annotations

import datetime
import sys
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from vivant.consent.signing import sign_file
from vivant.consent.statement import new_statement, write_statement
from vivant.errors import VivantError
from vivant.jobs.create import create, show_nothing
from vivant.jobs.home import Home
from vivant.jobs.report import read_report, rows, write_report_page
from vivant.jobs.speak import Spoken, speak
from vivant.jobs.stages import StageProgress, child_main, run_children
from vivant.media.files import atomic_folder
from vivant.progress import Progress
from vivant.release.verify import Verification, verify_file

NAME = "demo"
SIZE = (640, 480)
VOICES = {"woman": "af_bella", "man": "am_michael"}
SAYINGS = {
    "en": "Hello! I am a person who never existed. My face was drawn, my voice was made, "
    "and this file says so: anyone can check it.",
    "zh": "大家好！我是一个虚拟人。我的脸是画出来的，声音是合成的，这个文件会告诉你。",
}


@dataclass(frozen=True)
class Demo:
    """What the demo made."""

    folder: Path
    page: Path
    spoken: tuple[Spoken, ...]
    verifications: tuple[Verification, ...]
    report: dict[str, Any]
    wall_seconds: float

    def as_json(self) -> dict[str, object]:
        """The command's ``--json`` answer."""
        return {
            "folder": str(self.folder),
            "report_page": str(self.page),
            "videos": [spoken.as_json() for spoken in self.spoken],
            "verify": [verification.as_json() for verification in self.verifications],
            "report": self.report,
            "wall_seconds": round(self.wall_seconds, 1),
        }

    def text(self) -> str:
        """What is printed at the end."""
        lines = ["", f"Done in {self.wall_seconds / 60:.1f} minutes. Watch:"]
        for spoken, verification in zip(self.spoken, self.verifications, strict=True):
            lines.append(
                f"  {spoken.output}  ({spoken.seconds:.0f} s; vivant verify says: "
                f"{verification.verdict})"
            )
            lines += [f"    notice: {notice}" for notice in spoken.notices]
        lines += ["", "How good it is, on clips the training never saw:"]
        lines += [
            f"  {figure.name:<40} {value:>8.3f} {figure.unit:<8} {figure.meaning}"
            for figure, value in rows(self.report)
        ]
        lines += ["", f"With pictures and sound: {self.page}"]
        return "\n".join(lines)


def demo(
    out: Path,
    *,
    seed: int = 1,
    gender: str = "woman",
    tier: str = "fast",
    progress: StageProgress = show_nothing,
) -> Demo:
    """Make a synthetic presenter's capture and run the whole line on it, into `out`.

    Parameters
    ----------
    out
        Folder for the capture, the avatar, the videos and the report.
    seed
        Which presenter.
    gender
        ``"woman"`` or ``"man"``.
    tier
        As in `vivant.jobs.create.create`.
    """
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    home, capture = Home(out / "home"), out / f"capture-{gender}-{seed}"
    name = f"{NAME}-{gender}-{seed}"

    if capture.exists():
        progress("footage", 1.0, "made before")
    else:  # in a process of its own, so that its memory is free again for training
        command = [sys.executable, "-m", "vivant.jobs.demo", str(capture), str(seed), gender]
        run_children({"footage": command}, home.root / "logs", progress)
    consent = _consent(out, name)
    try:
        avatar = home.avatar(name)
    except VivantError as error:
        avatar = create(
            name,
            videos=sorted(capture.glob("*.mp4")),
            voice=capture / "voice",
            consent=consent,
            home=home,
            tier=tier,
            resume=error.code == "avatar-unfinished",
            progress=progress,
        ).avatar
    report = read_report(avatar)
    page = out / "report.html"
    write_report_page(avatar, report, page)

    spoken = []
    for language, text in SAYINGS.items():

        def saying(fraction: float, words: str, language: str = language) -> None:
            progress(f"speak {language}", fraction, words)

        spoken.append(
            speak(name, text=text, out=out / f"{name}-{language}.mp4", home=home, progress=saying)
        )
    return Demo(
        folder=out,
        page=page,
        spoken=tuple(spoken),
        verifications=tuple(verify_file(s.output, keys=home.keys) for s in spoken),
        report=report,
        wall_seconds=time.monotonic() - started,
    )


def _make_capture(folder: Path, seed: int, gender: str, progress: Progress) -> None:
    from vivant.character.footage import make_capture
    from vivant.voice.kokoro import KokoroVoice

    lines = (files("vivant.character") / "sentences.txt").read_text(encoding="utf-8").splitlines()
    sentences = [(f"{number:03d}", line) for number, line in enumerate(lines, 1) if line]
    with atomic_folder(folder) as aside:
        make_capture(
            aside,
            seed=seed,
            gender=gender,
            sentences=sentences,
            size=SIZE,
            voice=KokoroVoice(VOICES[gender]),
            progress=progress,
        )


def _consent(out: Path, name: str) -> Path:
    """A consent in the synthetic presenter's name, signed with a key made for the occasion."""
    signed = out / f"{name}.consent"
    if not signed.exists():
        statement = new_statement(
            person="A synthetic presenter, who does not exist",
            owner="vivant demo",
            purposes=["personal"],
            languages=["en", "zh"],
            expires=datetime.date.today() + datetime.timedelta(days=365),
        )
        write_statement(statement, out / f"{name}.statement.json")
        sign_file(out / f"{name}.statement.json", out / f"{name}.key.pem", signed, make_key=True)
    return signed


if __name__ == "__main__":

    def _footage(progress: StageProgress) -> None:
        _make_capture(
            Path(sys.argv[1]),
            int(sys.argv[2]),
            sys.argv[3],
            lambda fraction, text: progress("footage", fraction, text),
        )

    sys.exit(child_main(_footage))
