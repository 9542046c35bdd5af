"""Where an installation keeps its avatars, its unfinished work and its keys.

<home>/avatars/NAME/   avatar.json, consent.json, voice/, face/, report/   whole avatars only
<home>/work/NAME/      a training under way, or one that was stopped and may be resumed
<home>/pronunciations.csv, <home>/avatars/NAME/pronunciations.csv   how words sound
<home>/keys/           this installation's signing keys
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vivant.errors import VivantError
from vivant.media.files import os_error, read_json

if TYPE_CHECKING:
    from vivant.voice.pronunciations import Pronunciation

NAME_PATTERN = re.compile(r"[\w][\w .-]{0,63}")


@dataclass(frozen=True)
class AvatarRecord:
    """What `avatar.json` says."""

    id: str
    name: str
    person: str
    created: str  # ISO 8601, UTC
    consent_id: str
    consent_sha256: str
    evaluation: bool
    styles: tuple[str, ...]
    voice_kind: str  # "personal" or "stock"
    stock_voices: dict[str, str]  # language to the nearest stock voice
    tier: str
    footage: tuple[dict[str, str], ...]  # {"name", "sha256"} of each video: the ingredients
    models: dict[str, str]  # file in the avatar folder to its SHA-256

    def as_json(self) -> dict[str, object]:
        """The content of `avatar.json`."""
        return asdict(self)


@dataclass(frozen=True)
class Avatar:
    """A whole, published avatar."""

    folder: Path
    record: AvatarRecord

    @property
    def consent_file(self) -> Path:
        """The signed consent the avatar was made under."""
        return self.folder / "consent.json"


@dataclass(frozen=True)
class Home:
    """One installation's folder."""

    root: Path

    @property
    def keys(self) -> Path:
        """Folder of this installation's signing keys."""
        return self.root / "keys"

    def avatar_folder(self, name: str) -> Path:
        """Where the avatar of that name is or would be."""
        return self.root / "avatars" / checked_name(name)

    def pronunciations_file(self, name: str | None = None) -> Path:
        """The dictionary of an avatar, or the account's own."""
        folder = self.root if name is None else self.avatar_folder(name)
        return folder / "pronunciations.csv"

    def pronunciations(self, name: str) -> dict[str, Pronunciation]:
        """How words sound for an avatar: as its own dictionary says, or else the account's.

        Raises
        ------
        VivantError
            ``bad-pronunciations``, with the file and the line.
        """
        from vivant.voice.pronunciations import read_pronunciations

        account = read_pronunciations(self.pronunciations_file())
        return account | read_pronunciations(self.pronunciations_file(name))

    def work_folder(self, name: str) -> Path:
        """Where the training of that name is or would be."""
        return self.root / "work" / checked_name(name)

    def avatars(self) -> list[Avatar]:
        """Every whole avatar, by name."""
        found = sorted((self.root / "avatars").glob("[!.]*/avatar.json"))
        return [read_avatar(path.parent) for path in found]

    def avatar(self, name: str) -> Avatar:
        """The avatar of that name.

        Raises
        ------
        VivantError
            ``no-avatar``, or ``avatar-unfinished`` when its training was stopped.
        """
        folder = self.avatar_folder(name)
        if (folder / "avatar.json").is_file():
            return read_avatar(folder)
        if self.work_folder(name).is_dir():
            raise VivantError(
                "avatar-unfinished",
                f"The avatar {name} is not finished: its training was stopped or is under way.",
                f"Run: vivant create {name} --resume",
            )
        known = ", ".join(a.record.name for a in self.avatars()) or "none yet"
        raise VivantError(
            "no-avatar",
            f"There is no avatar named {name} in {self.root} (there: {known}).",
            "Make it with vivant create, or name one from vivant avatars.",
        )

    def delete(self, name: str) -> None:
        """Remove an avatar and its unfinished work."""
        folder, work = self.avatar_folder(name), self.work_folder(name)
        if not folder.exists() and not work.exists():
            self.avatar(name)
        with locked(work):
            if folder.exists():
                # The record goes first, so that a killed delete leaves nothing listed.
                (folder / "avatar.json").unlink(missing_ok=True)
                shutil.rmtree(folder)
            shutil.rmtree(work, ignore_errors=True)


def default_home() -> Path:
    """`VIVANT_HOME`, or `~/.vivant`."""
    return Path(os.environ.get("VIVANT_HOME") or Path.home() / ".vivant")


def checked_name(name: str) -> str:
    """`name`, if it can be a folder's name.

    Raises
    ------
    VivantError
        ``bad-name``.
    """
    if not NAME_PATTERN.fullmatch(name) or name.endswith((" ", ".")):
        raise VivantError(
            "bad-name",
            f"{name!r} cannot name an avatar.",
            "Use 1 to 64 letters, digits, spaces, dots, dashes or underscores, "
            "starting with a letter or digit.",
        )
    return name


def read_avatar(folder: Path) -> Avatar:
    """Read an avatar's record."""
    data = read_json(folder / "avatar.json")
    data["styles"] = tuple(data["styles"])
    data["footage"] = tuple(data["footage"])
    return Avatar(folder, AvatarRecord(**data))


@contextlib.contextmanager
def locked(work: Path) -> Iterator[None]:
    """Hold the one lock on a training's folder; it goes when the process goes, however it ends.

    Raises
    ------
    VivantError
        ``busy`` when another process holds it.
    """
    path = work.with_name(f".{work.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "w")  # noqa: SIM115 (closed below, where the lock is given up)
    except OSError as error:
        raise os_error(error, path) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise VivantError(
                "busy",
                f"Another process is working on {work.name}.",
                "Wait for it to end, or stop it.",
            ) from error
        yield
