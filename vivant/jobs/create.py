"""MAKE: from a capture and a consent to a trained, judged, published avatar.

    check ─▶ consent ─▶ ┬ voice-train ─▶ voice-judge ┬ ─▶ publish
                        └ face-analyse ─▶ face-train ─▶ face-judge ┘

Every stage is marked when done; `resume` goes on from the first that is not. The avatar appears
under `<home>/avatars` in one rename at the end.
"""

from __future__ import annotations

import datetime
import shutil
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vivant.consent.signing import permit, verify
from vivant.errors import VivantError
from vivant.jobs.home import Avatar, AvatarRecord, Home, locked
from vivant.jobs.stages import Stage, StageProgress, run_children, run_stages, seconds_by_stage
from vivant.media.files import atomic_folder, read_json, sha256_file, write_bytes, write_json
from vivant.progress import Progress, part

TIERS = ("fast", "standard")
CHAINS = ("voice", "face")


@dataclass(frozen=True)
class Request:
    """What was asked of a training; kept beside its work so that it can be resumed."""

    videos: tuple[str, ...]
    voice: str
    consent_sha256: str
    tier: str
    sha256: dict[str, str]  # of every input file, by path


@dataclass(frozen=True)
class Created:
    """What `create` made."""

    avatar: Avatar
    wall_seconds: float
    stages: dict[str, float]
    report: dict[str, Any]

    def as_json(self) -> dict[str, object]:
        """The command's ``--json`` answer."""
        return {
            "avatar": self.avatar.record.name,
            "folder": str(self.avatar.folder),
            "wall_seconds": round(self.wall_seconds, 1),
            "stages": self.stages,
            "report": self.report,
        }


def show_nothing(stage: str, fraction: float, text: str) -> None:
    """A `StageProgress` that shows nothing."""


def create(
    name: str,
    *,
    videos: Sequence[str | Path] = (),
    voice: str | Path | None = None,
    consent: str | Path | None = None,
    home: Home,
    tier: str = "standard",
    resume: bool = False,
    progress: StageProgress = show_nothing,
) -> Created:
    """Train an avatar.

    Parameters
    ----------
    name
        The avatar's name, unique in `home`.
    videos
        Footage files or folders of them. Not needed with `resume`.
    voice
        Folder of sentences (see `vivant.voice.sentences.read_sentences`). Not needed with `resume`.
    consent
        Signed consent file. Not needed with `resume`.
    tier
        ``"fast"`` (minutes, for a first look) or ``"standard"``.
    resume
        Go on with a training that was stopped.

    Raises
    ------
    VivantError
        ``avatar-exists``, ``create-unfinished``, ``nothing-to-resume``, ``inputs-changed``,
        ``busy``, ``check-failed``, any code of `vivant.consent`, or a stage's own error.
    """
    started = time.monotonic()
    folder, work = home.avatar_folder(name), home.work_folder(name)
    if tier not in TIERS:
        raise VivantError("bad-tier", f"There is no tier {tier!r}.", f"Use {' or '.join(TIERS)}.")
    if (folder / "avatar.json").exists():
        raise VivantError(
            "avatar-exists",
            f"There is an avatar named {name} already.",
            f"Choose another name, or remove it with: vivant delete {name}",
        )
    with locked(work):
        request = _begin(name, work, videos, voice, consent, tier, resume)
        consent_file = work / "consent.json"
        granted = verify(consent_file)

        def consented(report: Progress) -> None:
            permit(granted, purpose=None, language=None, voice=True, face=True)

        run_stages(work, [Stage("consent", consented)], progress)
        # In processes of their own, so that what one loads is gone before the next begins.
        for together in (("check",), CHAINS):
            permit(granted, purpose=None, language=None, voice=True, face=True)  # may have expired
            commands = {
                chain: [sys.executable, "-m", "vivant.jobs.train", chain, str(work)]
                for chain in together
            }
            run_children(commands, work / "logs", progress)
        run_stages(
            work,
            [Stage("publish", lambda report: _publish(name, home, work, request, report))],
            progress,
        )
        stages_done = seconds_by_stage(work)
        shutil.rmtree(work)
    avatar = home.avatar(name)
    return Created(
        avatar=avatar,
        wall_seconds=time.monotonic() - started,
        stages=stages_done,
        report=read_json(folder / "report" / "report.json"),
    )


def input_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files named by `paths`, folders opened one level deep, in order and once each."""
    files: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        files += [p for p in inside if p not in files]
    return files


def read_request(work: Path) -> Request:
    """The request a training's folder was begun with."""
    data = read_json(work / "request.json")
    data["videos"] = tuple(data["videos"])
    return Request(**data)


def _begin(
    name: str,
    work: Path,
    videos: Sequence[str | Path],
    voice: str | Path | None,
    consent: str | Path | None,
    tier: str,
    resume: bool,
) -> Request:
    if (work / "request.json").exists():
        if not resume:
            raise VivantError(
                "create-unfinished",
                f"A training of {name} was stopped before its end.",
                f"Go on with: vivant create {name} --resume, or drop it with: vivant delete {name}",
            )
        request = read_request(work)
        _same_inputs(request)
        return request
    if resume and not (videos and voice and consent):
        raise VivantError(
            "nothing-to-resume",
            f"There is no stopped training of {name} to resume.",
            f"Start it: vivant create {name} --video PATH --voice DIR --consent FILE",
        )
    if not videos or voice is None:
        raise VivantError(
            "no-capture",
            "An avatar needs footage and sentences.",
            "Name them with --video PATH… and --voice DIR.",
        )
    if consent is None:
        raise VivantError(
            "consent-missing",
            "Nothing is trained without the person's signed consent.",
            "Make one with vivant consent new and vivant consent sign, then pass --consent FILE.",
        )
    granted = verify(consent)
    permit(granted, purpose=None, language=None, voice=True, face=True)
    from vivant.capture.inputs import video_files, voice_files

    video_paths = video_files([Path(v) for v in videos])
    files = sorted({*video_paths, *voice_files(Path(voice))})
    request = Request(
        videos=tuple(str(path.resolve()) for path in video_paths),
        voice=str(Path(voice).resolve()),
        consent_sha256=granted.sha256,
        tier=tier,
        sha256={str(path.resolve()): sha256_file(path) for path in files},
    )
    with atomic_folder(work) as aside:
        write_bytes(aside / "consent.json", Path(consent).read_bytes())
        write_json(aside / "request.json", asdict(request))
    return request


def _same_inputs(request: Request) -> None:
    for path, sha256 in request.sha256.items():
        if not Path(path).is_file() or sha256_file(path) != sha256:
            raise VivantError(
                "inputs-changed",
                f"{path} is not the file this training was begun with.",
                "Put the file back, or delete the unfinished avatar and start again.",
                file=path,
            )


def _publish(name: str, home: Home, work: Path, request: Request, progress: Progress) -> None:
    folder = home.avatar_folder(name)
    granted = verify(work / "consent.json")
    judged = {chain: read_json(work / f"{chain}-report" / "report.json") for chain in CHAINS}
    with atomic_folder(folder) as aside:
        shutil.copyfile(work / "consent.json", aside / "consent.json")
        for chain in CHAINS:
            shutil.copytree(work / f"{chain}-model", aside / chain)
            shutil.copytree(work / f"{chain}-report", aside / "report" / chain)
            part(progress, 0.0, 0.6)(1.0, chain)
        report = {**judged, "gate": _gate(judged), "check": read_json(work / "check.json")}
        write_json(aside / "report" / "report.json", report)
        record = AvatarRecord(
            id=str(uuid.uuid4()),
            name=name,
            person=granted.person,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            consent_id=granted.id,
            consent_sha256=granted.sha256,
            evaluation=granted.evaluation,
            styles=("2d-real",),
            voice_kind=judged["voice"]["kind"],
            stock_voices=judged["voice"]["stock_voices"],
            tier=request.tier,
            footage=tuple(
                {"name": Path(path).name, "sha256": request.sha256[path]} for path in request.videos
            ),
            models={
                str(path.relative_to(aside)): sha256_file(path)
                for chain in CHAINS
                for path in sorted((aside / chain).rglob("*"))
                if path.is_file()
            },
        )
        write_json(aside / "avatar.json", record.as_json())


def _gate(judged: dict[str, Any]) -> dict[str, object]:
    reasons = [
        f"{chain}: {reason}" for chain in CHAINS for reason in judged[chain]["gate"]["reasons"]
    ]
    return {"passed": all(judged[chain]["gate"]["passed"] for chain in CHAINS), "reasons": reasons}
