"""The parts of a training, each in a process of its own: ``python -m vivant.jobs.train PART WORK``.

`check` runs first and alone, then `voice` and `face` side by side.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vivant.errors import VivantError
from vivant.jobs.create import read_request
from vivant.jobs.stages import Stage, StageProgress, child_main, run_stages
from vivant.media.files import write_json
from vivant.progress import Progress


def check_chain(work: Path, progress: StageProgress) -> None:
    """Look over the capture of the training in `work`; errors end it.

    Raises
    ------
    VivantError
        ``check-failed`` with the first error found.
    """
    from vivant.capture.preflight import check

    request = read_request(work)

    def run(report: Progress) -> None:
        found = check([Path(v) for v in request.videos], Path(request.voice), report)
        write_json(work / "check.json", found.as_json())
        errors = [finding for finding in found.findings if finding.severity == "error"]
        if not found.ok:
            first = errors[0]
            more = f" (and {len(errors) - 1} more: run vivant check)" if len(errors) > 1 else ""
            raise VivantError(
                "check-failed",
                f"{first.code}: {first.message}{more}",
                first.fix,
                file=first.file,
                at_s=first.at_s,
            )

    run_stages(work, [Stage("check", run)], progress)


def voice_chain(work: Path, progress: StageProgress) -> None:
    """Train and judge the voice of the training in `work`."""
    from vivant.voice.judge import judge_voice
    from vivant.voice.sentences import read_sentences
    from vivant.voice.train import train_voice

    request = read_request(work)
    sentences = read_sentences(Path(request.voice))

    def train(report: Progress) -> None:
        train_voice(
            sentences, work / "voice", work / "voice-model", tier=request.tier, progress=report
        )

    def judge(report: Progress) -> None:
        judge_voice(work / "voice", work / "voice-model", work / "voice-report", report)

    run_stages(work, [Stage("voice-train", train), Stage("voice-judge", judge)], progress)


def face_chain(work: Path, progress: StageProgress) -> None:
    """Analyse the footage, train and judge the face of the training in `work`."""
    from vivant.face.analyse import analyse_footage
    from vivant.face.judge import judge_face
    from vivant.face.train import train_face

    request = read_request(work)

    def judge(report: Progress) -> None:
        judge_face(work / "face", work / "face-model", work / "face-report", report)

    stages = [
        Stage(
            "face-analyse",
            lambda report: analyse_footage(
                [Path(v) for v in request.videos], work / "face", report
            ),
        ),
        Stage(
            "face-train",
            lambda report: train_face(
                work / "face", work / "face-model", tier=request.tier, progress=report
            ),
        ),
        Stage("face-judge", judge),
    ]
    run_stages(work, stages, progress)


if __name__ == "__main__":
    chain = {"check": check_chain, "voice": voice_chain, "face": face_chain}[sys.argv[1]]
    folder = Path(sys.argv[2])
    sys.exit(child_main(lambda progress: chain(folder, progress)))
