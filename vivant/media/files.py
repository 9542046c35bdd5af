"""Files that are either whole or not there: write aside, flush, then rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vivant.errors import VivantError


def os_error(error: OSError, path: str | Path) -> VivantError:
    """Say in a person's words why `path` could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        full = (
            "a limit on file sizes is reached" if error.errno == errno.EFBIG else "the disk is full"
        )
        return VivantError(
            "disk-full",
            f"{path}: {full}; nothing half-written was left behind.",
            "Free some space or choose another folder, then run the same command again.",
            file=path,
        )
    reason = error.strerror or str(error)
    return VivantError(
        "not-writable",
        f"{path}: cannot be written ({reason}).",
        "Choose a folder that exists and that you may write to.",
        file=path,
    )


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a sibling temporary path that becomes `path` when the block ends well.

    Raises
    ------
    VivantError
        ``disk-full`` or ``not-writable``; the temporary file is removed.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}-", suffix=f".part{path.suffix}", dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise os_error(error, path) from error
    aside = Path(name)
    try:
        yield aside
        with open(aside, "rb") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        os.replace(aside, path)
    except OSError as error:
        raise os_error(error, path) from error
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield an empty sibling folder that becomes `path` (replacing it) when the block ends well."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent))
    except OSError as error:
        raise os_error(error, path) from error
    try:
        yield aside
        if path.exists():
            shutil.rmtree(path)
        os.replace(aside, path)
    except OSError as error:
        raise os_error(error, path) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_writable(path: str | Path) -> None:
    """Refuse at once what could not be written after long work.

    Raises
    ------
    VivantError
        ``not-writable`` or ``disk-full``.
    """
    path = Path(path)
    if path.is_dir():
        raise os_error(IsADirectoryError(errno.EISDIR, "it is a folder"), path)
    try:
        with tempfile.NamedTemporaryFile(prefix=".", dir=path.parent):
            pass
    except OSError as error:
        raise os_error(error, path) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with atomic_path(path) as aside:
        aside.write_bytes(data)


def write_json(path: str | Path, data: Any) -> None:
    """Write `data` as UTF-8 JSON to `path`, whole or not at all."""
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)
    write_bytes(path, (text + "\n").encode())


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    VivantError
        ``not-json`` when it is not JSON, ``no-file`` when it is not there.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise VivantError(
            "no-file", f"{path}: there is no such file.", "Check the path.", file=path
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VivantError(
            "not-json", f"{path}: is not JSON ({error}).", "Give a file Vivant wrote.", file=path
        ) from error


def sha256_file(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
