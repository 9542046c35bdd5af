"""What preflight has to say, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from vivant.errors import VivantError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one file, and what to do about it."""

    code: str  # stable kebab-case word
    severity: Severity  # an error stops `create`; a warning costs quality
    file: str
    at_s: float | None  # second in the file; None when it is about the whole file
    message: str  # names the file, the second and the reason
    fix: str

    def as_json(self) -> dict[str, object]:
        """The finding as `check --json` shows it."""
        out = asdict(self)
        if self.at_s is not None:
            out["at_s"] = round(self.at_s, 2)
        return out


@dataclass(frozen=True)
class Span:
    """A stretch of footage that shows nothing to learn from: training leaves it out."""

    file: str
    start_s: float
    end_s: float
    code: str  # the finding's code


@dataclass(frozen=True)
class CheckReport:
    """Everything preflight found."""

    videos: tuple[str, ...]
    seconds: float  # of video; of sound when no video was given
    sentences: int
    findings: tuple[Finding, ...]
    unusable: tuple[Span, ...] = ()  # stretches inside otherwise good footage

    @property
    def ok(self) -> bool:
        """Whether training may begin: there is no error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop `create`."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def as_json(self) -> dict[str, object]:
        """The document that `check --json` prints."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 2),
            "sentences": self.sentences,
            "findings": [finding.as_json() for finding in self.findings],
            "unusable": [asdict(span) for span in self.unusable],
        }


def from_error(error: VivantError, file: str | Path) -> Finding:
    """A file that cannot be used at all."""
    return Finding(
        error.code, "error", error.file or str(file), error.at_s, error.message, error.fix
    )
