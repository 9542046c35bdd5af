"""Files are whole or not there."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from vivant.errors import VivantError
from vivant.media.files import (
    atomic_folder,
    atomic_path,
    check_writable,
    read_json,
    write_bytes,
    write_json,
)


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    with atomic_path(path) as aside:
        aside.write_bytes(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic_path(path) as aside:
        aside.write_bytes(b"new, but")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught, atomic_path(tmp_path / "out.bin"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code == "disk-full"
    assert "out.bin" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught:
        write_bytes(tmp_path / "nowhere" / "out.bin", b"")
    assert caught.value.code == "not-writable"


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "avatar"
    with pytest.raises(RuntimeError), atomic_folder(folder) as aside:
        (aside / "model").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(folder) as aside:
        (aside / "model").write_text("whole")
    assert (folder / "model").read_text() == "whole"


def test_json_round_trip_and_a_file_that_is_none(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "王"})
    assert read_json(tmp_path / "a.json") == {"name": "王"}
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(VivantError) as caught:
        read_json(tmp_path / "b.json")
    assert caught.value.code == "not-json"


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.mp4")
    assert list(tmp_path.iterdir()) == []
    for path in (tmp_path / "missing" / "new.mp4", tmp_path):
        with pytest.raises(VivantError) as caught:
            check_writable(path)
        assert caught.value.code == "not-writable"
        assert str(path) in caught.value.message
