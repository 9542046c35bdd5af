"""Mandarin text to words, and Mandarin words to phonemes.

`read_mandarin` writes characters simplified and says numbers, dates, money and units in words with
WeTextProcessing's transducers (package wetext), then cuts words with jieba. `phonemes_of` finds
pinyin with pypinyin, settles what depends on the neighbours (polyphones, the tones of 不 and 一,
third tones in a row, neutral tones, erhua), and writes it in the alphabet that Kokoro's Mandarin
voices were trained with, as misaki transcribes it.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vivant.voice.english import Reading, marked, read_english

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇"
_MARKS = {"，": ",", "、": ",", "。": ".", "．": ".", "！": "!", "？": "?", "；": ";", "：": ":",
          "…": "…", "—": "—", "–": "—", ",": ",", ".": ".", "!": "!", "?": "?", ";": ";", ":": ":",
          "（": ",", "）": ",", "(": ",", ")": ",", "～": ","}  # fmt: skip
_SILENT = set("“”‘’\"'「」『』《》〈〉【】〔〕·•・﹏*_`-| ")
_SAID = {"+": "加", "=": "等于", "×": "乘以", "÷": "除以", "/": "斜杠", "&": "和", "@": "艾特",
         "%": "百分号", "°": "度", "#": "井号", ">": "大于", "<": "小于", "≥": "大于等于",
         "≤": "小于等于", "≈": "约等于", "~": "到", "±": "正负", "€": "欧元", "£": "英镑",
         "$": "美元", "¥": "元", "￥": "元", "₩": "韩元", "→": "到", "≠": "不等于", "√": "根号",
         "π": "派", "α": "阿尔法", "β": "贝塔", "γ": "伽马", "μ": "缪", "Ω": "欧姆", "∞": "无穷大",
         "²": "平方", "³": "立方"}  # fmt: skip
_CURRENCY = {
    "¥": "元",
    "￥": "元",
    "$": "美元",
    "€": "欧元",
    "£": "英镑",
    "₩": "韩元",
    "₹": "卢比",
    "HK$": "港元",
    "US$": "美元",
    "A$": "澳元",
    "C$": "加元",
    "NT$": "新台币",
}
_UNITS = {"V": "伏", "W": "瓦", "kW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时", "mAh": "毫安时",
          "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "dB": "分贝", "Mbps": "兆每秒",
          "MB": "兆", "MB/s": "兆每秒", "fps": "帧每秒", "mph": "英里每小时", "°F": "华氏度",
          "℉": "华氏度", "kcal": "千卡", "kPa": "千帕", "mmHg": "毫米汞柱", "mmol/L": "毫摩尔每升",
          "μmol/L": "微摩尔每升", "mg/dL": "毫克每分升", "g/L": "克每升", "mg/kg": "毫克每千克",
          "μg": "微克", "µg": "微克", "IU": "国际单位", "m/s": "米每秒"}  # fmt: skip
_NUMERALS = "零〇一二两三四五六七八九十百千万亿点幺"
_NUM = r"\d+(?:\.\d+)?"


# --- text to words -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """Characters, each with the place (start, end) it came from."""

    text: str
    places: tuple[tuple[int, int], ...]

    def part(self, start: int, end: int) -> _Text:
        return _Text(self.text[start:end], self.places[start:end])

    def place(self, start: int, end: int) -> tuple[int, int]:
        return self.places[start][0], self.places[max(start, end - 1)][1]


def _replaced(given: _Text, pattern: str, say: Any) -> _Text:
    """`re.sub` that keeps places."""
    text: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for match in re.finditer(pattern, given.text):
        said = say(match)
        text += [given.text[at : match.start()], said]
        places += given.places[at : match.start()]
        places += [given.place(*match.span())] * len(said)
        at = match.end()
    text.append(given.text[at:])
    places += given.places[at:]
    return _Text("".join(text), tuple(places))


def _scale(given: str | None) -> str:
    return {None: "", "k": "千", "K": "千", "m": "百万", "M": "百万", "bn": "十亿"}.get(
        given, given or ""
    )


def _one_by_one(digits: str) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in digits if digit.isdigit())


def _cardinal(digits: str) -> str:
    """A number under a thousand in characters: the transducers take 120 and 110 for telephones."""
    number, said = int(digits), ""
    for size, unit in ((100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            said += "零一二三四五六七八九"[digit] + unit
        elif said and number % size and not said.endswith("零"):
            said += "零"
    return said.replace("一十", "十", 1) if said.startswith("一十") else said or "零"


# What the transducers misread: a pattern, and what stands for it.
_SPECIAL: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"第2(?!\d)", lambda m: "第二"),
    (r"No\. ?(?=\d)", lambda m: "第"),
    (r"(?<![\d.:：])2(?=倍|点钟|点半|点整|点[0-5]\d分)", lambda m: "两"),
    (r"(?<![\d.:：])2[:：](?=[0-5]\d(?![\d:]))(?<=[午上晨早晚后夜间天日 ]2:)", lambda m: "两点"),
    (r"(邮编|邮政编码)([:：]? ?)(\d{6})(?!\d)", lambda m: m[1] + m[2] + _one_by_one(m[3])),
    (r"(?<!\d)(\d{3,4})(?=室|房间|号房)", lambda m: _one_by_one(m[1])),
    (r"(?<![A-Za-z0-9])([GDCZTKLY])(\d{1,4})(?=次)", lambda m: m[1] + _one_by_one(m[2])),
    (r"(?<![A-Za-z0-9])([A-Z]{2})(\d{3,4})(?=次?航班)", lambda m: m[1] + _one_by_one(m[2])),
    (r"(?<=[A-Za-z])-(?=\d)", lambda m: " "),
    (r"([(（])(\d{4})([)）])(?=[\u4e00-\u9fff])", lambda m: m[1] + _one_by_one(m[2]) + m[3]),
    (r"(?<![\d.])(\d)\.(\d{1,2})(?=事件|节|讲话|惨案)", lambda m: _one_by_one(m[0])),
    (
        r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{1,3})(?![\d.])",
        lambda m: "点".join(map(_one_by_one, m.groups())),
    ),
    (r"(?<!\d)(2160|1440|1080|720|480)[pP](?![A-Za-z])", lambda m: _one_by_one(m[1]) + "P"),
    (
        r"(?<![\d/])(\d{2,3})/(\d{2,3})(?= ?(?:mmHg|毫米汞柱))",
        lambda m: f"{_cardinal(m[1])}比{m[2]}",
    ),
    (r"(血压[为是：: ]?)(\d{2,3})/(\d{2,3})", lambda m: f"{m[1]}{_cardinal(m[2])}比{m[3]}"),
    (r"(\d)[×xX](\d{1,3})(?=小时)", lambda m: f"{m[1]}乘{_cardinal(m[2])}"),
    (r"(\d)²(?![A-Za-z])", lambda m: m[1] + "的平方"),
    (r"(\d)³(?![A-Za-z])", lambda m: m[1] + "的立方"),
    (r"(?<=[°\d])(\d{1,2})′", lambda m: m[1] + "分"),
    (r"(?<=[分°\d])(\d{1,2})″", lambda m: m[1] + "秒"),
    (r"(?:RMB|CNY) ?(\d[\d,.]*\d|\d)([万亿]?)", lambda m: f"{m[1]}{m[2]}元人民币"),
)


def _prepared(text: str) -> _Text:
    """Rewrite what the transducers misread."""
    given = _Text(text, tuple((at, at + 1) for at in range(len(text))))
    units = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    signs = "|".join(sorted(map(re.escape, _CURRENCY), key=len, reverse=True))
    scale = r"([百千万亿]+|(?:k|K|m|M|bn)(?![A-Za-z]))?"
    given = _replaced(given, r"(?<=\d),(?=\d{3}(?!\d))", lambda m: "")
    for pattern, say in _SPECIAL:
        given = _replaced(given, pattern, say)
    given = _replaced(
        given, r"(?<!\d)(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)", lambda m: f"{m[3]}年{m[1]}月{m[2]}日"
    )
    given = _replaced(given, r"[(（](0\d{2,3})[)）] ?(\d{7,8})", lambda m: f"{m[1]}-{m[2]}")
    given = _replaced(
        given, rf"({signs}) ?({_NUM}){scale}", lambda m: m[2] + _scale(m[3]) + _CURRENCY[m[1]]
    )
    given = _replaced(
        given, rf"({_NUM}){scale} ?([€£₩₹])", lambda m: m[1] + _scale(m[2]) + _CURRENCY[m[3]]
    )
    return _replaced(given, rf"({_NUM}) ?({units})(?![A-Za-z])", lambda m: m[1] + _UNITS[m[2]])


# Left to English: addresses, and names that mix letters and digits.
_ENGLISH = re.compile(
    r"https?://[\w./?=&%#~+-]+|www\.[\w./?=&%#~+-]+|[\w.+-]+@[A-Za-z0-9.-]+"
    r"|(?<![A-Za-z0-9])[A-Za-z]+-?\d+[A-Za-z]+(?![A-Za-z0-9])",
    re.ASCII,
)


def _normalised(given: _Text) -> _Text:
    """Numbers and what belongs to them in characters."""
    import wetext

    simple = re.sub(
        f"[{HAN}]+",
        lambda run: str(wetext.preprocess(run[0], traditional_to_simple=True)),
        given.text,
    )
    if len(simple) != len(given.text):
        raise AssertionError(f"simplifying changed the length of “{given.text}”")
    text: list[str] = []
    places: list[tuple[int, int]] = []

    def keep(start: int, end: int) -> None:
        text.append(simple[start:end])
        places.extend(given.places[start:end])

    at = 0
    for match in [*_ENGLISH.finditer(simple), None]:
        end = match.start() if match else len(simple)
        done = at
        at += len(simple[at:end]) - len(simple[at:end].lstrip())
        if simple[at:end].strip():
            result = wetext.normalize_with_mapping(
                simple[at:end].rstrip(), lang="zh", operator="tn"
            )
            for change in result.mappings:
                keep(done, at + change.input_start)
                said = change.output_text
                text.append(said)
                place = given.place(at + change.input_start, at + change.input_end)
                places += [place] * len(said)
                done = at + change.input_end
        keep(done, end)
        if match:
            keep(*match.span())
            at = match.end()
    return _Text("".join(text), tuple(places))


_RUNS = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<latin>[A-Za-zÀ-ɏ][^{HAN}，。！？；：、…—（）《》「」『』“”\n]*)"
    r"|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)


def read_mandarin(text: str) -> tuple[tuple[Reading, ...], tuple[tuple[int, str], ...]]:
    """Say Mandarin text in words; English inside it becomes English words.

    Parameters
    ----------
    text
        Plain text, simplified or traditional, no script marks.

    Returns
    -------
    readings
        The spoken words in order, as `vivant.voice.english.read_english` gives them.
    unsaid
        Characters that have no reading, as (place, character).
    """
    said = _normalised(_prepared(text))
    readings: list[Reading] = []
    unsaid: list[tuple[int, str]] = []
    for match in _RUNS.finditer(said.text):
        run = said.part(*match.span())
        if match.lastgroup == "han":
            _read_han(run, readings, unsaid)
        elif match.lastgroup == "latin":
            found, strange = read_english(run.text)
            for reading in found:
                start, end = run.place(reading.start, reading.end)
                readings.append(replace(reading, start=start, end=end))
            unsaid += [(run.places[at][0], symbol) for at, symbol in strange]
        elif match.lastgroup == "other":
            symbol = match[0]
            if symbol in _MARKS:
                if readings:
                    readings[-1] = marked(readings[-1], _MARKS[symbol])
            elif symbol in _SAID:
                start, end = run.places[0]
                readings.append(Reading(_SAID[symbol], start, end, language="zh"))
            elif symbol not in _SILENT:
                unsaid.append((run.places[0][0], symbol))
    return tuple(readings), tuple(unsaid)


def _read_han(run: _Text, readings: list[Reading], unsaid: list[tuple[int, str]]) -> None:
    at = 0
    for word in _cut(run.text):
        start, end = run.place(at, at + len(word))
        known = [char for char in word if _pinyin(char)[0][-1] in "12345"]
        strange = [at + i for i, char in enumerate(word) if char not in known]
        unsaid += [(run.places[i][0], run.text[i]) for i in strange]
        if known:
            readings.append(Reading("".join(known), start, end, language="zh"))
        at += len(word)


@functools.cache
def _jieba() -> Any:
    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    return jieba


@functools.cache
def _sandhi() -> Any:
    from misaki.tone_sandhi import ToneSandhi

    return ToneSandhi()


# jieba joins the particle 地 to some verbs after it.
_LED_BY_DE = {
    "地说",
    "地问",
    "地看",
    "地笑",
    "地想",
    "地走",
    "地跑",
    "地唱",
    "地哭",
    "地写",
    "地听",
}


def _pieces(text: str) -> list[str]:
    """jieba's words, the particle 地 apart from a verb."""
    pieces: list[str] = []
    for word in _jieba().lcut(text):
        guessed = len(word) == 2 and word[0] == "地" and word not in _jieba().dt.FREQ
        split = pieces and (guessed or word in _LED_BY_DE)
        pieces += [word[0], word[1:]] if split else [word]
    return pieces


def _cut(text: str) -> list[str]:
    """Words, with numbers in one piece and 儿 with the word before it."""
    words: list[str] = []
    for word in _pieces(text):
        number = words and all(char in _NUMERALS for char in words[-1]) and word[0] in _NUMERALS
        if words and (
            (number and len(words[-1] + word) < 8) or (word == "儿" and words[-1] not in "一我")
        ):
            words[-1] += word
        else:
            words.append(word)
    return words


# --- words to phonemes -------------------------------------------------------------------------


def _pinyin(word: str) -> list[str]:
    """One syllable a character, ``"hang2"``; a character that has none is returned itself."""
    from pypinyin import Style, lazy_pinyin

    found = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    return [{"n2": "en2", "ng2": "en2", "m2": "mu2"}.get(syllable, syllable) for syllable in found]


@dataclass(eq=False)
class _Syllable:
    char: str
    pinyin: str  # with its tone as a digit
    word: int

    @property
    def tone(self) -> str:
        return self.pinyin[-1]

    @tone.setter
    def tone(self, tone: str) -> None:
        self.pinyin = self.pinyin[:-1] + tone


# Where 儿 is a child or a word of its own, not a curl of the tongue.
_FULL_ER = {
    *("女儿", "男儿", "婴儿", "幼儿", "孤儿", "少儿", "患儿", "混血儿", "幼儿园", "胎儿"),
    *("儿童", "儿子", "儿女", "健儿", "宠儿", "新生儿", "育儿", "托儿所", "儿科"),
}
_VERB = ("v", "vn", "vd")
_DEGREES = {
    "很",
    "太",
    "多",
    "好",
    "更",
    "最",
    "挺",
    "真",
    "够",
    "这么",
    "那么",
    "不",
    "非常",
    "特别",
}
_SUDDENLY = {"猛地", "忽地", "蓦地", "倏地", "霍地"}
# What a character sounds like beside others, as a pattern of the text with # at the word's start
# (before it what was said before, after it the word and what follows) and the word's syllables;
# the first that fits counts.
_BESIDE: tuple[tuple[str, str, str], ...] = (
    ("行", r"[这那哪干同改]#行", "hang2"),
    ("一行", r"[这那哪干爱]#一行", "yi1 hang2"),
    ("干一行", r"#干一行", "gan4 yi1 hang2"),
    ("还", r"#还(?:钱|书|款|债|给|账|清|贷款|了(?:钱|书|债))", "huan2"),
    ("长", r"#长(?:[了得成满高胖出]|在)|在#长", "zhang3"),
    ("只", r"[零〇一二两三四五六七八九十百千万亿几每]#只", "zhi1"),
    ("为", r"#为(?:了|人民|我|你|他|她|什么|大家|何)", "wei4"),
    ("种", r"[零〇一二两三四五六七八九十百千万亿几各这那每]#种", "zhong3"),
    ("种", r"#种(?:[了着过下上满点菜树花草地田瓜]|水稻|玉米|小麦|粮食)", "zhong4"),
    ("中", r"#中[了过](?!$)", "zhong4"),
    ("倒", r"#倒(?:[了点满出]*[一半两几]?[杯碗壶点水茶酒])|#倒(?:车|水|茶|垃圾)", "dao4"),
    ("倒", r"#倒[了下在]", "dao3"),
    ("教", r"#教", "jiao1"),
    ("调", r"#调(?:[高低大小好成亮暗慢快匀准]|音量)", "tiao2"),
    ("量", r"#量(?:一量|了量|身高|体温|血压|尺寸|了)", "liang2"),
    ("一量", r"量#一量", "yi1 liang2"),
    ("数一数", r"#", "shu3 yi1 shu3"),
    ("空着", r"#空着(?!手|肚子)", "kong4 zhe5"),
    ("背着", r"#背着(?!手|人|我|你|他|她|大家)", "bei1 zhe5"),
    ("重重地", r"#", "zhong4 zhong4 de5"),
    *((word, "#", f"chong2 {verb}") for word, verb in (
        ("重做", "zuo4"), ("重写", "xie3"), ("重来", "lai2"), ("重启", "qi3"), ("重装", "zhuang1"),
        ("重拍", "pai1"), ("重试", "shi4"), ("重算", "suan4"), ("重发", "fa1"), ("重读", "du2"),
    )),
)  # fmt: skip


@functools.lru_cache(maxsize=256)
def phonemes_of(words: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Phonemes of Mandarin words, which depend on each other.

    Parameters
    ----------
    words
        (word, mark after it) pairs as `read_mandarin` gives them.

    Returns
    -------
    tuple of str
        One string a word in Kokoro's alphabet with tone arrows, marks left out.
    """
    syllables: list[_Syllable] = []
    for index in range(len(words)):
        syllables += _word_syllables(words, index)
    phrase: list[_Syllable] = []
    for at, syllable in enumerate(syllables):
        phrase.append(syllable)
        last = at + 1 == len(syllables) or syllables[at + 1].word != syllable.word
        if last and (words[syllable.word][1] or at + 1 == len(syllables)):
            _tones_in_context(phrase, words)
            phrase = []
    said = ["" for _ in words]
    for syllable in syllables:
        said[syllable.word] = _joined(said[syllable.word], syllable, words[syllable.word][0])
    return tuple(said)


def phonemes_of_pinyin(pinyin: Sequence[str]) -> str:
    """Phonemes of given syllables, ``["hang2"]``, no tone changed.

    Raises
    ------
    ValueError
        When one of them is not pinyin with a tone, 1 to 5.
    """
    return "".join(_ipa(syllable) for syllable in pinyin)


@functools.cache
def _ipa(pinyin: str) -> str:
    from misaki.zh import ZHG2P

    try:
        said = ZHG2P.py2ipa(pinyin)
    except (AssertionError, KeyError, IndexError, ValueError) as error:
        raise ValueError(f"“{pinyin}” is no pinyin syllable with a tone") from error
    return said.replace("\u032f", "")  # the mark of a non-syllabic vowel, which has no token


def _tag(word: str) -> str:
    """jieba's part of speech."""
    return str(_jieba().posseg.dt.word_tag_tab.get(word, "x"))


def _word_syllables(words: tuple[tuple[str, str], ...], index: int) -> list[_Syllable]:
    word = words[index][0]
    known = _pinyin(word)
    pinyin = [*known]
    if "儿" not in word[1:]:
        pinyin = _sandhi()._neural_sandhi(word, _tag(word), pinyin)
        if word[-1] == "地" and len(word) == 2:  # 土地 and 种地 are ground, no particle
            pinyin[-1] = "de5" if word in _SUDDENLY else known[-1]
        elif word[-1] == "地" and pinyin[-1] == "di5":
            pinyin[-1] = "de5"
        for at in range(1, len(word)):  # 行行 in 银行行长 is no doubling, as it is in 看看
            if word[at] == word[at - 1] and len(word) > 2:
                pinyin[at] = known[at]
    pinyin = _polyphones(words, index, pinyin)
    return [_Syllable(char, syllable, index) for char, syllable in zip(word, pinyin, strict=True)]


def _polyphones(words: tuple[tuple[str, str], ...], index: int, pinyin: list[str]) -> list[str]:
    """Readings that the dictionary of words cannot settle."""
    word = words[index][0]
    before = words[index - 1][0] if index and not words[index - 1][1] else ""
    after = words[index + 1][0] if index + 1 < len(words) and not words[index][1] else ""
    if word == "得":
        if _tag(before) in _VERB or _tag(before)[0] == "a" or (before and _tag(after)[0] in "ad"):
            return ["de5"]
        return ["dei3"] if _tag(after) in _VERB or after in ("去", "来", "走") else ["de2"]
    if len(word) == 3 and word[1] == "得":
        return [pinyin[0], "de5", pinyin[2]]
    if word == "得去":
        return ["dei3", "qu4"]
    if word == "地":
        led = before and (_tag(after)[:1] in ("v", "d") or _tag(before)[0] in "adzi")
        return ["de5"] if led and after else ["di4"]
    if len(word) > 1 and word[-1] == "只" and word[-2] in _NUMERALS + "几每":
        return [*pinyin[:-1], "zhi1"]
    degree = word[:-1] or before
    if word[-1] == "长" and degree in _DEGREES:
        return [*pinyin[:-1], "chang2"]
    if word == "着" and _tag(before) in _VERB:
        return ["zhe5"]
    around = ""
    for said, pattern, syllables in _BESIDE:
        if said == word:
            around = around or _around(words, index)
            if re.search(pattern, around):
                return syllables.split()
    if word == "种" and before and _tag(before) == "m":
        return ["zhong3"]
    return pinyin


def _around(words: tuple[tuple[str, str], ...], index: int) -> str:
    """The text around a word up to the next marks, with # where the word starts."""
    start, end = index, index + 1
    while start and index - start < 3 and not words[start - 1][1]:
        start -= 1
    while end < len(words) and end - index < 4 and not words[end - 1][1]:
        end += 1
    joined = ["".join(word for word, _ in part) for part in (words[start:index], words[index:end])]
    return "#".join(joined)


def _tones_in_context(phrase: list[_Syllable], words: tuple[tuple[str, str], ...]) -> None:
    """不 and 一 before other tones, and third tones in a row, between two marks."""
    for at, syllable in enumerate(phrase):
        after = phrase[at + 1] if at + 1 < len(phrase) else None
        before = phrase[at - 1] if at else None
        if syllable.char == "不" and syllable.pinyin.startswith("bu"):
            doubled = before and after and before.char == after.char
            syllable.tone = "5" if doubled else "2" if after and after.tone == "4" else "4"
        elif syllable.char == "一" and syllable.pinyin.startswith("yi"):
            syllable.tone = _tone_of_one(before, syllable, phrase)
    # From right to left within a word, then across words that are said in one breath.
    for at in range(len(phrase) - 2, -1, -1):
        here, after = phrase[at], phrase[at + 1]
        if here.tone == "3" and after.tone == "3":
            short = len(words[here.word][0]) + len(words[after.word][0]) <= 3
            if here.word == after.word or short:
                here.tone = "2"


def _tone_of_one(before: _Syllable | None, here: _Syllable, phrase: list[_Syllable]) -> str:
    """一 is level in numbers, ordinals and alone; elsewhere it avoids the tone after it."""
    at = phrase.index(here)
    after = phrase[at + 1] if at + 1 < len(phrase) else None
    then = phrase[at + 2].char if at + 2 < len(phrase) else ""
    if after is None or (before and before.char in "第十百千万亿零〇点幺"):
        return "1"
    if before and before.char == after.char:
        return "5"
    if before and before.char in "期周拜初二三四五六七八九" and before.word == here.word:
        return "1"
    if after.char in "零〇一二三四五六七八九月号日楼" or (after.char == "点" and then in _NUMERALS):
        return "1"
    # 个 is said without tone, yet counts as the fourth tone that it has in full.
    return "2" if after.tone == "4" or after.char == "个" else "4"


def _joined(said: str, syllable: _Syllable, word: str) -> str:
    """Append a syllable; a curling 儿 takes the end of the one before."""
    if syllable.char == "儿" and said and word not in _FULL_ER and word[0] != "儿":
        tail = re.fullmatch(r"(.*?)([→↗↘↓]?)([ni]?)([→↗↘↓]?)", said)
        assert tail is not None
        return tail[1] + tail[2] + tail[4] + "ɚ"
    return said + _ipa(syllable.pinyin)
