"""Scripts: plain text with marks."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from vivant.errors import VivantError
from vivant.voice.script import PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S, parse_script
from vivant.voice.text import pronounce


def words(text: str) -> list[str]:
    return [
        f"*{word.text}*{word.mark}" if word.emphasis else word.text + word.mark
        for piece in parse_script(text).pieces
        for word in piece.words
    ]


def test_sentences_and_paragraphs_become_pieces_with_pauses() -> None:
    script = parse_script("One. Two?\n\nThree")
    assert [piece.text for piece in script.pieces] == ["One.", "Two?", "Three."]
    assert [piece.pause_s for piece in script.pieces] == [SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S, 0]


def test_a_line_break_inside_a_paragraph_is_a_space() -> None:
    assert [piece.text for piece in parse_script("a long\nline").pieces] == ["a long line."]


@pytest.mark.parametrize(
    ("mark", "seconds"), [("0.5", 0.5), ("0.5s", 0.5), ("500ms", 0.5), ("2 s", 2.0)]
)
def test_pause_marks(mark: str, seconds: float) -> None:
    script = parse_script(f"One [pause {mark}] two.")
    assert [piece.pause_s for piece in script.pieces] == [seconds, 0]


def test_a_pause_replaces_the_pause_of_a_sentence() -> None:
    script = parse_script("[pause 1] One. [pause 0.1] Two. [pause 3]")
    assert script.lead_s == 1
    assert [piece.pause_s for piece in script.pieces] == [0.1, 3]


def test_speed_holds_until_the_next() -> None:
    script = parse_script("One. [speed 0.8] Two. Three. [speed 1] Four.")
    assert [piece.speed for piece in script.pieces] == [1, 0.8, 0.8, 1]


def test_emphasis_covers_all_words_of_what_it_marks() -> None:
    assert words("I *really* paid *$3.50* **now**.") == [
        *("I", "*really*", "paid", "*three*", "*dollars*", "*and*", "*fifty*", "*cents*"),
        "*now*.",
    ]
    assert words("我*非常*高兴") == ["我", "*非常*", "高兴."]


def test_signs_that_are_no_marks_stay_text() -> None:
    assert words("2 * 3 is \\*six\\*") == ["two", "times", "three", "is", "six."]
    assert words("* a point\n* another") == ["a", "point.", "another."]


@pytest.mark.parametrize(
    ("script", "phonemes"),
    [
        ("[Nguyen](win)", "wˈɪn"),
        ("[data](/dˈeɪtə/)", "dˈAtə"),
        ("[church](/tʃɝtʃ/)", "ʧɜɹʧ"),
        ("[行](hang2)", "xa↗ŋ"),
        ("[银行](yín háng)", "i↗nxa↗ŋ"),
    ],
)
def test_pronunciations(script: str, phonemes: str) -> None:
    (piece,) = parse_script(script).pieces
    assert pronounce(piece) == (phonemes,)


def test_languages_are_told_apart() -> None:
    assert parse_script("Hello there, 20 km.").pieces[0].language == "en"
    assert parse_script("你好，20公里。").pieces[0].language == "zh"
    assert parse_script("我用iPhone打电话。").pieces[0].language == "mixed"
    english = parse_script("The word 你好 means hello in 2020.")
    assert english.pieces[0].text.endswith("in twenty twenty.")
    assert english.languages == {"en", "zh"}


def test_what_cannot_be_said_but_is_no_text_is_noticed() -> None:
    script = parse_script("Hello 😀 there ✓.")
    assert script.notices == ("Left out, because nothing can be said for it: 😀, ✓.",)
    assert script.text == "Hello there."


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("", "empty-script", "nothing that can be said"),
        ("😀 …", "empty-script", "nothing that can be said"),
        ("Hi\nyou [wait 3]", "script-mark", "line 2, column 5: “[wait 3]” is not a mark I know"),
        ("a [pause]", "script-mark", "line 1, column 3: “[pause]” is not a mark"),
        ("a [pause 99] b", "script-mark", "a pause of 99 s is not possible"),
        ("[speed 9] b", "script-mark", "a speed of 9 is not possible"),
        ("a *b", "script-mark", "line 1, column 3: the emphasis * is never closed"),
        ("[行](hang)", "script-mark", "“hang” has no tone"),
        ("[行](hang2 zou3)", "script-mark", "has 1 characters and “hang2 zou3” 2 syllables"),
        ("[行](zzz3)", "script-mark", "“zzz3” is no pinyin"),
        ("[a](/%/)", "script-mark", "holds no phonemes I know: %"),
        ("Hi.\nПривет", "unspeakable", "line 2, column 1: “П” (cyrillic capital letter pe)"),
        ("かな", "unspeakable", "hiragana letter ka"),
        ("سلام", "unspeakable", "arabic letter seen"),
        ("สวัสดี", "unspeakable", "thai character so sua"),
        (" \n\t\u3000", "empty-script", "nothing that can be said"),
        ("... !!! ，。“”", "empty-script", "nothing that can be said"),
        ("\x00\x07\u200f", "empty-script", "nothing that can be said"),
        ("word " * 20_000, "script-too-long", "127 minutes"),
        ("今天天气很好，我们去公园玩。" * 3_600, "script-too-long", "minutes"),
        ("Look: " + "a" * 5_000, "word-too-long", "line 1, column 7: more than 300 signs"),
        ("a-" * 2_500, "word-too-long", "without a space"),
        ("1" * 5_000, "word-too-long", "without a space"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(script: str, code: str, message: str) -> None:
    with pytest.raises(VivantError) as caught:
        parse_script(script)
    assert caught.value.code == code
    assert message in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("He\x00llo\x07 wor\x1bld", "Hello world."),  # control characters
        ("\u202eHello\u202c \u200fworld\u200e", "Hello world."),  # marks of direction
        ("\ufeffHel\u200dlo", "Hello."),
        ("ﬁne 𝓗𝓮𝓵𝓵𝓸 ＡＢ", "fine Hello AB."),
        ("٣٤٥ apples", "three hundred and forty five apples."),
        ("H̷̢̧e̶l̸l̵o̴", "Hello."),
        ("Hi 😀 你好 🎉", "Hi 你好."),
    ],
)
def test_strange_signs_have_a_sensible_reading(script: str, said: str) -> None:
    assert parse_script(script).text == said


def test_long_text_without_an_end_of_a_sentence_is_read_whole() -> None:
    script = parse_script("天" * 5_000)
    assert sum(len(word.text) for piece in script.pieces for word in piece.words) == 5_000


def test_the_example_of_the_documentation_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs/scripts.md").read_text(encoding="utf-8")
    example = page.split("said in words.\n\n")[1].split("\n\n    vivant speak")[0]
    script = parse_script(textwrap.dedent(example))
    assert script.languages == {"en", "zh"}
    assert [piece.speed for piece in script.pieces] == [1, 1, 0.9, 1]
    assert script.pieces[0].pause_s == 0.6
    assert script.notices == ()
