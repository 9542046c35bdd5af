"""Only whole avatars are avatars."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vivant.cli import main
from vivant.errors import VivantError
from vivant.jobs.home import AvatarRecord, Home, locked
from vivant.media.files import write_json


def record(name: str) -> AvatarRecord:
    return AvatarRecord(
        id="1", name=name, person="Ada", created="2026-01-01T00:00:00+00:00", consent_id="c-1",
        consent_sha256="0", evaluation=False, styles=("2d-real",), voice_kind="personal",
        stock_voices={"en": "af_heart"}, tier="fast", footage=({"name": "a", "sha256": "0"},),
        models={},
    )  # fmt: skip


def add(home: Home, name: str) -> None:
    folder = home.avatar_folder(name)
    folder.mkdir(parents=True)
    write_json(folder / "avatar.json", record(name).as_json())


def test_avatars_are_listed_by_name_and_half_made_ones_are_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    add(home, "bea")
    add(home, "ada")
    (tmp_path / "avatars" / "half").mkdir()
    (tmp_path / "avatars" / ".whole-x.part").mkdir()
    write_json(tmp_path / "avatars" / ".whole-x.part" / "avatar.json", record("x").as_json())

    assert [avatar.record.name for avatar in home.avatars()] == ["ada", "bea"]
    assert home.avatar("ada").record == record("ada")


def test_a_missing_and_an_unfinished_avatar_say_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(VivantError) as missing:
        home.avatar("ada")
    home.work_folder("ada").mkdir(parents=True)
    with pytest.raises(VivantError) as unfinished:
        home.avatar("ada")

    assert missing.value.code == "no-avatar"
    assert unfinished.value.fix == "Run: vivant create ada --resume"


@pytest.mark.parametrize("name", ["", "../ada", ".ada", "a/b", "ada.", "x" * 65])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught:
        Home(tmp_path).avatar_folder(name)
    assert caught.value.code == "bad-name"


def test_chinese_names_are_names(tmp_path: Path) -> None:
    assert Home(tmp_path).avatar_folder("王小明").name == "王小明"


def test_a_training_under_way_is_locked(tmp_path: Path) -> None:
    work = Home(tmp_path).work_folder("ada")
    with locked(work), pytest.raises(VivantError) as caught, locked(work):
        pass
    assert caught.value.code == "busy"
    with locked(work):
        pass


def test_delete_removes_the_avatar_and_its_unfinished_work(tmp_path: Path) -> None:
    home = Home(tmp_path)
    add(home, "ada")
    home.work_folder("ada").mkdir(parents=True)
    home.delete("ada")
    assert home.avatars() == []
    assert not home.work_folder("ada").exists()


def test_errors_are_one_json_document_with_a_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "nobody", "--json", "--home", str(tmp_path)])
    error = json.loads(capsys.readouterr().out)["error"]
    assert caught.value.code == 1
    assert error["code"] == "no-avatar"
    assert set(error) >= {"code", "message", "fix"}


def test_wrong_usage_exits_with_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["speak", "ada", "-o", "a.mp4"])
    assert caught.value.code == 2


def test_training_without_consent_is_refused_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(
            ["create", "ada", "--video", "a.mp4", "--voice", str(tmp_path), "--json"]
            + ["--home", str(tmp_path / "home")]
        )
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "consent-missing"
    assert not (tmp_path / "home" / "work" / "ada").exists()
