"""Vivant: a person's digital double, made with their consent, that says what it is.

The four functions here do what the commands of the same names do:

>>> import vivant
>>> report = vivant.check(["footage.mp4"], "sentences/")              # doctest: +SKIP
>>> made = vivant.create("ada", videos=["footage.mp4"], voice="sentences/",
...                      consent="ada.consent")                       # doctest: +SKIP
>>> vivant.speak("ada", text="Hello.", out="hello.mp4")               # doctest: +SKIP
>>> vivant.verify("hello.mp4").verdict                                # doctest: +SKIP
'made-here'
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vivant.errors import Cancelled, VivantError
from vivant.progress import Progress, silent

if TYPE_CHECKING:
    from vivant.capture.preflight import CheckReport
    from vivant.jobs.create import Created
    from vivant.jobs.home import Home
    from vivant.jobs.speak import Spoken
    from vivant.jobs.stages import StageProgress
    from vivant.release.verify import Verification

__version__ = "0.1.0"

# Each function imports its part when called, so that speaking never loads what only training needs.


def check(
    videos: Sequence[str | Path],
    voice: str | Path | None = None,
    *,
    progress: Progress = silent,
) -> CheckReport:
    """Look over footage and sentences; see `vivant.capture.preflight.check`."""
    from vivant.capture.preflight import check as run

    return run([Path(v) for v in videos], None if voice is None else Path(voice), progress)


def create(
    name: str,
    *,
    videos: Sequence[str | Path] = (),
    voice: str | Path | None = None,
    consent: str | Path | None = None,
    tier: str = "standard",
    resume: bool = False,
    home: Home | str | Path | None = None,
    progress: StageProgress | None = None,
) -> Created:
    """Train an avatar; see `vivant.jobs.create.create`."""
    from vivant.jobs.create import create as run
    from vivant.jobs.create import show_nothing

    return run(
        name,
        videos=videos,
        voice=voice,
        consent=consent,
        home=_home(home),
        tier=tier,
        resume=resume,
        progress=progress or show_nothing,
    )


def speak(
    name: str,
    *,
    text: str | None = None,
    audio: str | Path | None = None,
    out: str | Path,
    style: str = "2d-real",
    voice: str | None = None,
    manner: str = "neutral",
    purpose: str | None = None,
    size: tuple[int, int] | None = None,
    threads: int | None = None,
    home: Home | str | Path | None = None,
    progress: Progress = silent,
) -> Spoken:
    """Say a script, or follow a recording, in an avatar's likeness; see `vivant.jobs.speak`."""
    from vivant.jobs.speak import speak as run

    return run(
        name,
        text=text,
        audio=audio,
        out=out,
        home=_home(home),
        style=style,
        voice=voice,
        manner=manner,
        purpose=purpose,
        size=size,
        threads=threads,
        progress=progress,
    )


def verify(file: str | Path, *, home: Home | str | Path | None = None) -> Verification:
    """Say what a file is and where it comes from; see `vivant.release.verify.verify_file`."""
    from vivant.release.verify import verify_file

    return verify_file(Path(file), keys=_home(home).keys)


def _home(home: Home | str | Path | None) -> Home:
    from vivant.jobs.home import Home, default_home

    if isinstance(home, Home):
        return home
    return Home(default_home() if home is None else Path(home))


__all__ = ["Cancelled", "VivantError", "__version__", "check", "create", "speak", "verify"]
