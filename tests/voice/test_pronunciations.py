"""Dictionaries of how words sound."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vivant.cli import main
from vivant.errors import VivantError
from vivant.jobs.home import Home
from vivant.voice.pronunciations import (
    Pronunciation,
    key,
    pronunciation,
    read_pronunciations,
    remove_pronunciation,
    set_pronunciation,
)
from vivant.voice.script import parse_script
from vivant.voice.text import pronounce


def known(*entries: tuple[str, str]) -> dict[str, Pronunciation]:
    return {key(word): pronunciation(word, said) for word, said in entries}


def sounds(text: str, *entries: tuple[str, str]) -> dict[str, str]:
    """Every word of a text with its phonemes."""
    found: dict[str, str] = {}
    for piece in parse_script(text, pronunciations=known(*entries)).pieces:
        words = [word.text + word.mark for word in piece.words]
        found.update(zip(words, pronounce(piece), strict=True))
    return found


def test_a_word_sounds_as_the_dictionary_says_in_any_case() -> None:
    assert sounds("Ask nguyen, or NGUYEN.", ("Nguyen", "win")) == {
        **sounds("Ask [nguyen](win), or [NGUYEN](win)."),
    }


def test_only_whole_words_are_meant() -> None:
    assert sounds("The database.", ("data", "/dˈɑtə/")) == sounds("The database.")
    assert sounds("data-driven data.", ("data", "/dˈɑtə/"))["data."] == "dˈɑtə"


def test_addresses_are_left_alone() -> None:
    text = "Write to data@example.com or see data.org now."
    assert sounds(text, ("data", "day"), ("example", "x")) == sounds(text)


def test_capitals_mean_only_capitals() -> None:
    said = sounds("The US told us.", ("US", "/jˌuˈɛs/"))
    assert said["US"] == "jˌuˈɛs"
    assert said["us."] == sounds("told us.")["us."]


def test_a_possessive_follows_its_word() -> None:
    assert sounds("Nguyen's car.", ("Nguyen", "win"))["Nguyen's"] == "wˈɪnz"
    assert sounds("Ask [Marx](marks)'s son.")["Marx's"].endswith("sᵻz")


def test_the_longest_chinese_word_wins() -> None:
    said = sounds("去重庆银行。", ("行", "xing2"), ("重庆银行", "chong2 qing4 yin2 hang2"))
    assert "重庆银行." in said
    assert sounds("行。", ("行", "hang4")) == {"行.": "xa↘ŋ"}


def test_several_words_are_one_entry() -> None:
    said = sounds("In New  Orleans today.", ("New Orleans", "/nu ˈɔɹlənz/"))
    assert "nu ˈɔɹlənz" in said.values()


def test_a_mark_in_the_script_wins() -> None:
    assert sounds("Ask [Nguyen](noon).", ("Nguyen", "win")) == sounds("Ask [Nguyen](noon).")


def test_what_stands_around_a_known_word_is_read_as_before() -> None:
    script = parse_script("我用Foo 15拍了20 km。", pronunciations=known(("Foo", "foo")))
    assert script.text == "我用 Foo 十五 拍 了 二十公里."


def test_pinyin_for_a_name_in_latin_letters(tmp_path: Path) -> None:
    path = tmp_path / "pronunciations.csv"
    path.write_text("Qian,qian2,zh\n", encoding="utf-8")
    (piece,) = parse_script("Ms. Qian.", pronunciations=read_pronunciations(path)).pieces
    assert piece.words[-1].phonemes == pronunciation("钱", "qian2").phonemes
    assert piece.language == "en"


def test_files_may_hold_comments_quotes_and_a_mark_of_their_encoding(tmp_path: Path) -> None:
    path = tmp_path / "pronunciations.csv"
    path.write_bytes('\ufeff# names\r\n\r\nNguyen , win\r\n"Smith, Jones",smiths\r\n'.encode())
    assert [entry.word for entry in read_pronunciations(path).values()] == [
        "Nguyen",
        "Smith, Jones",
    ]
    assert read_pronunciations(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Nguyen", "“Nguyen” is not a word, a comma and how it sounds"),
        ("a,b,c,d", "is not a word, a comma"),
        ("Nguyen,", "needs a word and how to say it"),
        (",win", "needs a word and how to say it"),
        ("Nguyen,/%/", "holds no phonemes I know: %"),
        ("Nguyen,win,fr", "“fr” is no language"),
        ("行,hang", "“hang” has no tone"),
        ("行,hang2 zou3", "has 1 characters and “hang2 zou3” 2 syllables"),
        ("行,hang2,en", "is Chinese"),
        ("T恤,T xu4", "mixes Chinese characters with other letters"),
        ("123,one", "holds no letter"),
        ('"Nguyen,win', "a quotation mark is not closed"),
        ("DATA,dayta\nDATA,darta", "“DATA” is there twice, see line 2"),
        ("Привет,privet\nПривет,/%/", "holds no phonemes"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "pronunciations.csv"
    path.write_text(f"# first\n{line}\n", encoding="utf-8")
    with pytest.raises(VivantError) as caught:
        read_pronunciations(path)
    assert caught.value.code == "bad-pronunciations"
    number = 3 if "\n" in line else 2
    assert caught.value.message.startswith(f"{path}, line {number}: ")
    assert message in caught.value.message


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pronunciations.csv"
    path.write_bytes("行,hang2".encode("gbk"))
    with pytest.raises(VivantError, match="not UTF-8"):
        read_pronunciations(path)


def test_entries_are_changed_in_place_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pronunciations.csv"
    set_pronunciation(path, "Nguyen", "win", None)
    set_pronunciation(path, "行", "hang2", None)
    path.write_text("# ours\n" + path.read_text("utf-8"), "utf-8")
    set_pronunciation(path, "nguyen", "noo yen", None)
    assert path.read_text("utf-8") == "# ours\nnguyen,noo yen\n行,hang2\n"
    remove_pronunciation(path, "NGUYEN".title())
    assert path.read_text("utf-8") == "# ours\n行,hang2\n"
    with pytest.raises(VivantError) as caught:
        remove_pronunciation(path, "Nguyen")
    assert caught.value.code == "no-pronunciation"


def test_the_avatar_wins_over_the_account(tmp_path: Path) -> None:
    home = Home(tmp_path)
    set_pronunciation(home.pronunciations_file(), "data", "darta", None)
    set_pronunciation(home.pronunciations_file(), "Nguyen", "win", None)
    set_pronunciation(home.pronunciations_file("ada"), "Data", "dayta", None)
    assert {word: entry.said for word, entry in home.pronunciations("ada").items()} == {
        "data": "dayta",
        "nguyen": "win",
    }


def run(home: Path, *words: str) -> tuple[int, dict[str, object]]:
    from contextlib import redirect_stdout
    from io import StringIO

    printed = StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        main(["pronounce", *words, "--json", "--home", str(home)])
    return int(ended.value.code or 0), json.loads(printed.getvalue())


def test_the_command_sets_shows_and_removes(tmp_path: Path) -> None:
    assert run(tmp_path, "Nguyen", "win")[0] == 0
    entry = {"word": "Nguyen", "said": "win", "phonemes": "wˈɪn"}
    assert run(tmp_path, "--list")[1]["words"] == [entry]
    assert run(tmp_path, "--remove", "nguyen")[1]["words"] == []
    assert run(tmp_path, "Nguyen")[0] == 1
    assert run(tmp_path, "--list", "--avatar", "nobody")[0] == 1


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/scripts.md").read_text(encoding="utf-8")
    found = re.search(r"^```csv\n(.*?)^```", page, re.M | re.S)
    assert found
    path = tmp_path / "pronunciations.csv"
    path.write_text(found[1], encoding="utf-8")
    assert len(read_pronunciations(path)) == 4
