"""Mandarin text is said as a careful reader would say it."""

from __future__ import annotations

import pytest

from vivant.voice.mandarin import phonemes_of, phonemes_of_pinyin, read_mandarin


def spoken(text: str) -> str:
    readings, _ = read_mandarin(text)
    return "".join(reading.text + reading.mark for reading in readings)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026年11月23日", "二零二六年十一月二十三日"),
        ("11/23/2026", "二零二六年十一月二十三日"),
        ("下午3:45", "下午三点四十五分"),
        ("¥1,000和$3.50", "一千元和三点五零美元"),
        ("€2m", "两百万欧元"),
        ("-5°C到20℃", "负五摄氏度到二十摄氏度"),
        ("跑了5km，占50%", "跑了五公里,占百分之五十"),
        ("13812345678", "幺三八幺二三四五六七八"),
        ("2个苹果，2只猫", "两个苹果,两只猫"),
        ("3-5个，比例3/4", "三到五个,比例四分之三"),
        ("电压220V", "电压两百二十伏"),
        ("銀行行長說：「重複兩次」。", "银行行长说:重复两次."),
        ("iPhone 15很好", "iPhone十五很好"),
    ],
)
def test_written_forms_are_said_in_characters(written: str, said: str) -> None:
    assert spoken(written) == said


def test_english_inside_is_english() -> None:
    readings, _ = read_mandarin("我用iPhone打电话")
    assert [(reading.text, reading.language) for reading in readings] == [
        ("我用", "zh"),
        ("iPhone", "en"),
        ("打电话", "zh"),
    ]


def test_what_has_no_reading_is_reported() -> None:
    _, unsaid = read_mandarin("你好😀")
    assert unsaid == ((2, "😀"),)


def tones(text: str) -> str:
    """Tones of a text's syllables, as digits; no arrow is the neutral tone."""
    readings, _ = read_mandarin(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    phonemes = phonemes_of(words)
    found = "".join(phonemes)
    return "".join({"→": "1", "↗": "2", "↓": "3", "↘": "4"}.get(sign, "") for sign in found)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("长大", "zhang3 da4"),
        ("长度", "chang2 du4"),
        ("重要", "zhong4 yao4"),
        ("重复", "chong2 fu4"),
        ("了解", "liao2 jie3"),
        ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"),
        ("得去", "dei3 qu4"),
        ("跑得快", "pao3 de5 kuai4"),
        ("还书", "huan2 shu1"),
    ],
)
def test_polyphones_follow_their_word(text: str, pinyin: str) -> None:
    readings, _ = read_mandarin(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    assert "".join(phonemes_of(words)) == phonemes_of_pinyin(pinyin.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("不对", "24"),
        ("不好", "43"),
        ("一天", "41"),
        ("一样", "24"),
        ("第一", "41"),
        ("二十一天", "4211"),
        ("你好", "23"),
        ("我很好", "323"),
        ("展览馆", "323"),
    ],
)
def test_tones_change_beside_others(text: str, said: str) -> None:
    if text in ("我很好", "展览馆"):
        assert tones(text)[-2:] == "23"  # how many of the first become second tones is style
    else:
        assert tones(text) == said


def test_a_curling_er_joins_its_syllable() -> None:
    assert phonemes_of((("玩儿", ""),)) == ("wa↗ɚ",)
    assert phonemes_of((("女儿", ""),)) == ("ny↓ɚ↗",)


def test_wrong_pinyin_is_refused() -> None:
    with pytest.raises(ValueError, match="zzz3"):
        phonemes_of_pinyin(["zzz3"])
