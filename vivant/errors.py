"""The one exception type a user sees: what is wrong, where, and how to fix it."""

from __future__ import annotations

from pathlib import Path


class VivantError(Exception):
    """A refusal or failure that a person can act on.

    Parameters
    ----------
    code
        Stable kebab-case word that programs may match, such as ``"no-face"``.
    message
        One sentence that names the file, the frame or second, and the reason.
    fix
        One sentence that says what to do about it.
    file
        The file it is about, if any.
    at_s
        The second in that file, if any.
    """

    def __init__(
        self,
        code: str,
        message: str,
        fix: str,
        *,
        file: str | Path | None = None,
        at_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.file = str(file) if file is not None else None
        self.at_s = at_s

    def as_json(self) -> dict[str, object]:
        """The ``error`` object of every ``--json`` answer."""
        out: dict[str, object] = {"code": self.code, "message": self.message, "fix": self.fix}
        if self.file is not None:
            out["file"] = self.file
        if self.at_s is not None:
            out["at_s"] = round(self.at_s, 3)
        return out


class Cancelled(Exception):
    """Raised out of a progress callback when the person asked to stop."""
