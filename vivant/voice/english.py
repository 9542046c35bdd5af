"""English text to words, and English words to phonemes.

Reading happens in two steps. `read_english` finds what is not a plain word (dates, money, units,
abbreviations, addresses and so on) and says it in words, keeping where each word came from. The
rules are written here because the packages tried misread too much (docs/experiments.md).
`phonemes_of` then looks the words up with the grapheme-to-phoneme converter of hibari-tts, a port
of misaki's English one, which speaks the alphabet Kokoro was trained with and needs neither spaCy
nor espeak.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vivant.assets import ASSETS, Asset, asset_path
from vivant.voice.speech import Language

if TYPE_CHECKING:
    from hibari.g2p import G2P

MARKS = ",;:.!?—…"  # what a `SpokenWord` may carry after it
_STRENGTH = {mark: at for at, mark in enumerate("?!.…—:;,")}  # of several marks, the first stays

_HIBARI = {
    "lexicon_us_gold.json.gz": "63ae94f8ef0e906d5b24fe9b59ffcbd1529aca5686a774610e43973cbaa86ad2",
    "lexicon_us_silver.json.gz": "c4c2546ebf1eb07010331e7ef785a431aa17ba8e7bfb6b4af8d654ee96a71fd3",
    "lexicon_gb_gold.json.gz": "66e675f23eb007d6707d23fe6603ba5e19f3513aefe42e3c8cd6c078a85f2ce0",
    "lexicon_gb_silver.json.gz": "637f887dd557d193af8c106f5c26624850db3e7bf0ec751ba917aac6d75e948d",
    "tagger.json.gz": "d2da7502284bbbe45d49e0b7ce3ce67bdab82254150f4317f1b8559b4d38d0eb",
    "tokenizer_exceptions.json": "ddf3a3da07bdcf5144270ea4530191d8580fb4fd6f5ae93296e87916e795659a",
    "oov.onnx": "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
    "oov_gb.onnx": "0997e3219543247de5646078d770f8ca77011d8fd0abb29fe48d12c60f53e9e1",
}
ASSETS.update(
    {
        f"english-{name}": Asset(
            "hibari-tts", "0.2.1", f"hibari/assets/{name}", sha256, "Apache-2.0"
        )
        for name, sha256 in _HIBARI.items()
    }
)


@dataclass(frozen=True)
class Reading:
    """One spoken word and the characters of the text it stands for."""

    text: str
    start: int
    end: int
    mark: str = ""
    ends_sentence: bool = False
    language: Language = "en"


# --- words for numbers -----------------------------------------------------------------------


def _words(number: int, kind: str = "cardinal") -> str:
    from hibari.g2p import numbers

    said = {"cardinal": numbers.cardinal, "ordinal": numbers.ordinal, "year": numbers.year}[kind]
    return str(said(number)).replace(",", "").replace("-", " ")


def cardinal(digits: str) -> str:
    """``"1,250"`` to "one thousand two hundred and fifty"; leading zeros are said one by one."""
    digits = digits.replace(",", "").replace(" ", "")
    if (digits.startswith("0") and len(digits) > 1) or len(digits) > 15:
        return one_by_one(digits)
    return _words(int(digits))


def ordinal(number: int) -> str:
    """``23`` to "twenty third"."""
    return _words(number, "ordinal")


def year(number: int) -> str:
    """``1905`` to "nineteen oh five", ``2026`` to "twenty twenty six"."""
    if 2000 <= number <= 2009 or number < 1000:
        return _words(number)
    return _words(number, "year")


def one_by_one(digits: str) -> str:
    """``"007"`` to "zero zero seven"."""
    return " ".join(_words(int(digit)) for digit in digits if digit.isdigit())


def pairs(digits: str) -> str:
    """Three or four digits as a room or flight number: ``"101"`` to "one oh one"."""
    head, tail = digits[:-2], int(digits[-2:])
    if tail == 0 or head[0] == "0":
        return cardinal(digits)
    return f"{cardinal(head)} {'oh ' if tail < 10 else ''}{_words(tail)}"


def number(text: str) -> str:
    """A signed number with or without decimals: ``"-3.50"`` to "minus three point five zero"."""
    sign = "minus " if text[0] in "-−" else "plus " if text[0] == "+" else ""
    whole, _, decimals = text.lstrip("+-−").partition(".")
    said = cardinal(whole) if whole else "zero"
    return sign + said + (f" point {one_by_one(decimals)}" if decimals else "")


def _is_one(text: str) -> bool:
    return text.replace(",", "") in ("1", "1.0", "-1")


# --- word tables -----------------------------------------------------------------------------

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MONTH = {name[:3].lower(): name for name in MONTHS}
_MONTH_NAMES = "|".join([*MONTHS, "Sept", *(name[:3] for name in MONTHS if name != "May")])

# symbol -> (one, many, one hundredth, hundredths)
MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "元": ("yuan", "yuan", "fen", "fen"),
}
_MONEY_CODES = {"USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "INR": "₹", "KRW": "₩", "CNY": "元",
                "RMB": "元", "US$": "$"}  # fmt: skip
_SCALE = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion",
          "tn": "trillion", "t": "trillion"}  # fmt: skip

UNITS = {
    "km": ("kilometre", "kilometres"), "m": ("metre", "metres"),
    "cm": ("centimetre", "centimetres"),
    "mm": ("millimetre", "millimetres"), "nm": ("nanometre", "nanometres"),
    "µm": ("micrometre", "micrometres"), "μm": ("micrometre", "micrometres"),
    "mi": ("mile", "miles"), "ft": ("foot", "feet"), "yd": ("yard", "yards"),
    "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "µg": ("microgram", "micrograms"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "l": ("litre", "litres"), "L": ("litre", "litres"), "ml": ("millilitre", "millilitres"),
    "mL": ("millilitre", "millilitres"), "cl": ("centilitre", "centilitres"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"),
    "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"), "MW": ("megawatt", "megawatts"),
    "GW": ("gigawatt", "gigawatts"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"), "mV": ("millivolt", "millivolts"), "kV": ("kilovolt", "kilovolts"),
    "A": ("amp", "amps"), "mA": ("milliamp", "milliamps"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Ω": ("ohm", "ohms"), "N": ("newton", "newtons"), "J": ("joule", "joules"),
    "kJ": ("kilojoule", "kilojoules"),
    "Pa": ("pascal", "pascals"), "kPa": ("kilopascal", "kilopascals"),
    "hPa": ("hectopascal", "hectopascals"), "bar": ("bar", "bars"), "dB": ("decibel", "decibels"),
    "KB": ("kilobyte", "kilobytes"), "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"), "PB": ("petabyte", "petabytes"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"),
    "fps": ("frame per second", "frames per second"),
    "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometre per hour", "kilometres per hour"),
    "kph": ("kilometre per hour", "kilometres per hour"),
    "m/s": ("metre per second", "metres per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "px": ("pixel", "pixels"), "ha": ("hectare", "hectares"),
    "m²": ("square metre", "square metres"), "m2": ("square metre", "square metres"),
    "km²": ("square kilometre", "square kilometres"),
    "km2": ("square kilometre", "square kilometres"),
    "sq ft": ("square foot", "square feet"), "cm²": ("square centimetre", "square centimetres"),
    "m³": ("cubic metre", "cubic metres"), "m3": ("cubic metre", "cubic metres"),
    "°C": ("degree Celsius", "degrees Celsius"), "℃": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"),
    "k": ("thousand", "thousand"),
    "M": ("million", "million"), "bn": ("billion", "billion"),
    "x": ("times", "times"),
    "mmHg": ("millimetre of mercury", "millimetres of mercury"),
    "mpg": ("mile per gallon", "miles per gallon"), "mmol": ("millimole", "millimoles"),
    "mol": ("mole", "moles"), "mcg": ("microgram", "micrograms"),
    "dL": ("decilitre", "decilitres"), "dl": ("decilitre", "decilitres"),
    "IU": ("international unit", "international units"),
    "sq m": ("square metre", "square metres"), "sq km": ("square kilometre", "square kilometres"),
    "sq mi": ("square mile", "square miles"), "kcal": ("kilocalorie", "kilocalories"),
    "KG": ("kilogram", "kilograms"), "s²": ("second squared", "seconds squared"),
    "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"),
    "%": ("percent", "percent"), "‰": ("per mille", "per mille"),
    "bps": ("basis point", "basis points"),
}  # fmt: skip

# Said whole only before a capitalised word: "Dr. Smith", but "Elm Dr." is a drive.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Mx": "Mix", "Dr": "Doctor", "Prof": "Professor",
    "St": "Saint", "Mt": "Mount", "Ft": "Fort", "Gen": "General", "Gov": "Governor",
    "Sen": "Senator", "Rep": "Representative", "Capt": "Captain", "Lt": "Lieutenant",
    "Col": "Colonel", "Sgt": "Sergeant", "Cmdr": "Commander", "Rev": "Reverend",
    "Hon": "Honourable", "Pres": "President", "Maj": "Major", "Adm": "Admiral",
}  # fmt: skip
# (words, whether a sentence may end with it)
ABBREVIATIONS = {
    "St.": ("Street", True), "Dr.": ("Drive", True), "Ave.": ("Avenue", True),
    "Blvd.": ("Boulevard", True), "Rd.": ("Road", True), "Ln.": ("Lane", True),
    "Sq.": ("Square", True), "Hwy.": ("Highway", True), "Apt.": ("Apartment", False),
    "Jr.": ("Junior", False), "Sr.": ("Senior", False), "Mr.": ("Mister", False),
    "Mrs.": ("Missus", False), "Ms.": ("Miz", False), "Inc.": ("Incorporated", True),
    "Ltd.": ("Limited", True), "Corp.": ("Corporation", True), "Co.": ("Company", True),
    "Bros.": ("Brothers", True), "Dept.": ("Department", False), "Univ.": ("University", False),
    "approx.": ("approximately", False), "vs.": ("versus", False), "vs": ("versus", False),
    "etc.": ("etc", True), "e.g.": ("for example", False), "E.g.": ("For example", False),
    "i.e.": ("that is", False), "I.e.": ("That is", False), "cf.": ("compare", False),
    "et al.": ("et al", True), "viz.": ("namely", False), "ca.": ("circa", False),
    "Fig.": ("Figure", False), "fig.": ("figure", False), "Figs.": ("Figures", False),
    "Vol.": ("Volume", False), "vol.": ("volume", False), "Ch.": ("Chapter", False),
    "Eq.": ("Equation", False), "Sec.": ("Section", False), "pp.": ("pages", False),
    "est.": ("established", False), "min.": ("minimum", False), "max.": ("maximum", False),
    "dept.": ("department", False), "ext.": ("extension", False), "tel.": ("telephone", False),
    "Tel.": ("Telephone", False), "Mon.": ("Monday", True), "Tue.": ("Tuesday", True),
    "Tues.": ("Tuesday", True), "Wed.": ("Wednesday", True), "Thu.": ("Thursday", True),
    "Thurs.": ("Thursday", True), "Fri.": ("Friday", True), "Sat.": ("Saturday", True),
    "w/o": ("without", False), "w/": ("with", False), "b/c": ("because", False),
    "Ph.D.": ("P.H.D", True), "PhD": ("P.H.D", True), "a.k.a.": ("also known as", False),
    "aka": ("also known as", False), "OK": ("okay", False), "ok": ("okay", False),
    "TV": ("T.V", False), "vol": ("volume", False), "ch.": ("chapter", False),
    "Art.": ("Article", False), "Arts.": ("Articles", False), "para.": ("paragraph", False),
    "paras.": ("paragraphs", False), "cl.": ("clause", False), "Reg.": ("Regulation", False),
    "Temp.": ("Temperature", False), "temp.": ("temperature", False),
    "q.d.": ("once a day", True), "b.i.d.": ("twice a day", True),
    "t.i.d.": ("three times a day", True), "q.i.d.": ("four times a day", True),
    "p.r.n.": ("as needed", True), "p.o.": ("by mouth", True), "a.c.": ("before meals", True),
    "p.c.": ("after meals", True), "q.h.s.": ("at bedtime", True),
    "he/she": ("he or she", False), "his/her": ("his or her", False),
    "him/her": ("him or her", False),
}  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = {name[:3]: name for name in _DAYS} | {"Tues": "Tuesday", "Thur": "Thursday",
                                             "Thurs": "Thursday"}  # fmt: skip
_QUARTERS = {"NW": "northwest", "NE": "northeast", "SW": "southwest", "SE": "southeast"}
_MONTH_DOT = {f"{name[:3]}.": name for name in MONTHS if name != "May"} | {"Sept.": "September"}

# Spelled although the lower-case word exists, when the sentence around is not in capitals.
_SPELLED = {"US", "WHO", "IT", "AM", "PM", "AI", "EU", "UN", "UK", "OR", "IP", "HR", "IS", "PR"}

SYMBOLS = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "×": "times", "÷": "divided by",
    "−": "minus", "<": "less than", ">": "greater than", "≤": "less than or equal to",
    "≥": "greater than or equal to", "≠": "is not equal to", "≈": "about", "~": "about",
    "±": "plus or minus", "%": "percent", "°": "degrees", "#": "hash", "§": "section",
    "©": "copyright", "$": "dollar", "£": "pound", "€": "euro", "¥": "yen", "/": "slash",
    "\\": "backslash", "^": "caret", "√": "square root of", "∞": "infinity", "→": "to",
    "µ": "micro", "Ω": "ohm", "℃": "degrees Celsius", "¢": "cents", "*": "asterisk",
    "_": "underscore", "№": "number", "½": "one half", "¼": "one quarter", "¾": "three quarters",
    "⅓": "one third", "⅔": "two thirds", "⅛": "one eighth", "²": "squared", "³": "cubed",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "Δ": "delta", "ε": "epsilon",
    "θ": "theta", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "Σ": "sigma",
    "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
# Shown, never said: brackets and quotation marks shape the pauses, the rest is decoration.
SILENT = set("\"'“”‘’«»()[]{}<>|®™•·*_`´¨¡¿†‡-‐‑")

_LETTER_NAMES = {"w": "double you"}
_URL_SAID = {"/": "slash", ":": "colon", ".": "dot", "-": "dash", "_": "underscore",
             "?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent",
             "~": "tilde", "+": "plus", "@": "at"}  # fmt: skip
_ROMAN_BEFORE = (
    "Chapter|Part|Book|Volume|Act|Scene|Section|Article|Appendix|Phase|Type|Class|Level|Stage|"
    "War|Bowl|Title|Figure|Table|Mark|Episode|Season|Version|Grade"
)
_ROMAN_NAMES = (
    "Henry|Louis|Charles|George|Edward|James|William|Richard|Elizabeth|Mary|John|Paul|Pius|"
    "Benedict|Gregory|Francis|Frederick|Philip|Ferdinand|Alexander|Nicholas|Napoleon|Catherine|"
    "Peter|Leo|Clement|Innocent|Urban|Boniface|Ramesses|Ptolemy|Otto|Wilhelm|Carl|Gustav|Christian"
)
_ROMAN = r"(?=[IVXLC])(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"


# --- rules: a pattern and what it reads as -----------------------------------------------------

_DIGITS = r"\d+(?:\.\d+)?"
_LATIN = "[A-Za-zÀ-ÖØ-öø-ʯḀ-ỿ]"
_NUM = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SIGNED = rf"(?<![\w.])(?:(?<![%°])[-−+])?(?:{_NUM})"

Rule = tuple["re.Pattern[str]", Callable[["re.Match[str]"], "str | None"]]


def _address(match: re.Match[str]) -> str:
    said: list[str] = []
    for piece in re.findall(r"[A-Za-z]+|\d+|.", match[0]):
        if piece.isalpha():
            lower = piece.lower()
            short = len(piece) <= 3 and lower not in {"com", "org", "net", "the", "and", "me"}
            spelled = lower in {"http", "https", "html", "www"} or (
                short and not re.search("[aeiouy]", lower)
            )
            said.append(spell(piece) if spelled else piece)
        elif piece.isdigit():
            said.append(one_by_one(piece) if len(piece) > 2 else cardinal(piece))
        else:
            said.append(_URL_SAID.get(piece, ""))
    return " ".join(word for word in said if word)


def spell(letters: str) -> str:
    """Letters with dots between, which `phonemes_of` reads by name."""
    if len(letters) == 1:
        return letters.upper()
    return ".".join(letters.upper())


def _web(match: re.Match[str]) -> str:
    bare = re.sub(r"^https?://", "", match[0])
    return _address(re.match(r".*", bare))  # type: ignore[arg-type]


def _phone(match: re.Match[str]) -> str | None:
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(one_by_one(group) for group in groups)


def _date(y: int | None, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}" + (f", {year(y)}" if y else "")


def _slash_date(match: re.Match[str]) -> str | None:
    first, second, y = int(match[1]), int(match[2]), int(match[3])
    if len(match[3]) == 2:
        y += 2000 if y < 50 else 1900
    month, day = (first, second) if first <= 12 else (second, first)
    return _date(y, month, day)


def _month_day(match: re.Match[str]) -> str | None:
    day = int(match[2])
    if not 1 <= day <= 31:
        return None
    said = f"{_MONTH[match[1][:3].lower()]} {ordinal(day)}"
    return said + (f", {year(int(match[3]))}" if match[3] else "")


def _day_month(match: re.Match[str]) -> str | None:
    day = int(match[1])
    if not 1 <= day <= 31:
        return None
    said = f"{ordinal(day)} of {_MONTH[match[2][:3].lower()]}"
    before = match.string[: match.start()].rstrip().lower()
    said = said if before.endswith("the") else f"the {said}"
    return said + (f", {year(int(match[3]))}" if match[3] else "")


def _month_year(match: re.Match[str]) -> str:
    return f"{_MONTH[match[1][:3].lower()]} {year(int(match[2]))}"


def _half(text: str) -> str:
    return "A.M" if text[0] in "aA" else "P.M"


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return None
    said = _words(hour)
    if minute:
        said += f" oh {_words(minute)}" if minute < 10 else f" {_words(minute)}"
    elif not match[4] and not match[3]:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    if match[3]:
        seconds = int(match[3])
        said += f" and {_words(seconds)} second" + ("" if seconds == 1 else "s")
    return said + (f" {_half(match[4])}" if match[4] else "")


def _hour(match: re.Match[str]) -> str | None:
    return f"{_words(int(match[1]))} {_half(match[2])}" if int(match[1]) <= 12 else None


def _money(symbol: str, amount: str, scale: str) -> str:
    one, many, hundredth, hundredths = MONEY[symbol]
    if scale:
        return f"{number(amount)} {_SCALE.get(scale.lower(), scale)} {many}"
    whole, _, decimals = amount.partition(".")
    if len(decimals) != 2:
        return f"{number(amount)} {one if _is_one(amount) else many}"
    said = []
    if int(whole.replace(",", "")) or not int(decimals):
        said.append(f"{cardinal(whole)} {one if _is_one(whole) else many}")
    if int(decimals):
        small = int(decimals)
        said.append(f"{_words(small)} {hundredth if small == 1 else hundredths}")
    return " and ".join(said)


def _money_before(match: re.Match[str]) -> str:
    sign = "minus " if match[1] else ""
    symbol = match[2].strip()
    symbol = _MONEY_CODES.get(symbol, symbol)
    return sign + _money(symbol, match[3], match[4] or "")


def _money_after(match: re.Match[str]) -> str:
    return _money(_MONEY_CODES.get(match[3], match[3]), match[1], match[2] or "")


def _cents(match: re.Match[str]) -> str:
    return f"{number(match[1])} cent" + ("" if _is_one(match[1]) else "s")


def _measure(match: re.Match[str]) -> str:
    amount, unit = match[1], match[2]
    one, many = UNITS[unit]
    return f"{number(amount)} {one if _is_one(amount) else many}"


def _measure_range(match: re.Match[str]) -> str:
    return f"{number(match[1])} to {number(match[2])} {UNITS[match[3]][1]}"


def _rate(match: re.Match[str]) -> str:
    one, many = UNITS[match[2]]
    said = one if _is_one(match[1]) else many
    return f"{number(match[1])} {said} per {UNITS[match[3]][0]}"


def _pressure(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} over {cardinal(match[2])} millimetres of mercury"


def _money_range(match: re.Match[str]) -> str:
    scale = _SCALE.get((match[4] or "").lower(), match[4] or "")
    said = f"{number(match[2])} to {number(match[3])}"
    return " ".join(f"{said} {scale} {MONEY[match[1]][1]}".split())


def _days_of_month(match: re.Match[str]) -> str | None:
    first, last = int(match[2]), int(match[3])
    if not 1 <= first < last <= 31:
        return None
    said = f"{_MONTH[match[1][:3].lower()]} {ordinal(first)} to {ordinal(last)}"
    return said + (f", {year(int(match[4]))}" if match[4] else "")


def _subsections(match: re.Match[str]) -> str:
    """Parts of a law: "5(2)(a)" to "five, two, A"."""
    parts = re.findall(r"\w+", match[0])
    return ", ".join(part.upper() if part.isalpha() else cardinal(part) for part in parts)


def _power_of_ten(match: re.Match[str]) -> str:
    return f"{number(match[1])} times ten to the power of {number(match[2])}"


def _digits_named(match: re.Match[str]) -> str:
    """A word and the digits after it, one by one; dashes are short stops."""
    groups = [one_by_one(group) for group in re.findall(r"\d+", match[2])]
    return f"{match[1]} {', '.join(groups)}"


def _feet(match: re.Match[str]) -> str:
    said = f"{_words(int(match[1]))} foot" if match[1] == "1" else f"{_words(int(match[1]))} feet"
    return f"{said} {_words(int(match[2]))}"


def _decade(match: re.Match[str]) -> str:
    digits = match[1]
    said = year(int(digits)) if len(digits) == 4 else _words(int(digits))
    head, _, last = said.rpartition(" ")
    last = last[:-1] + "ies" if last.endswith("y") else last + "s"
    return f"{head} {last}".strip()


_PARTS = {2: "half", 4: "quarter"}


def _fraction_words(top: int, bottom: int) -> str:
    part = _PARTS.get(bottom) or ordinal(bottom)
    if top != 1:
        part = "halves" if bottom == 2 else part + "s"
    return f"{_words(top)} {part}"


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match[2]), int(match[3])
    if (top, bottom) in ((24, 7), (9, 11)) and not match[1]:
        return f"{_words(top)} {_words(bottom)}"
    if not (0 < top < bottom <= 100):
        return None if match[1] else f"{_words(top)} over {_words(bottom)}"
    whole = f"{_words(int(match[1]))} and " if match[1] else ""
    part = _fraction_words(top, bottom)
    return whole + (part.replace("one", "a", 1) if whole and top == 1 else part)


_VULGAR = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}


def _vulgar(match: re.Match[str]) -> str:
    part = _fraction_words(*_VULGAR[match[2]])
    return f"{cardinal(match[1])} and {part.replace('one', 'a', 1)}" if match[1] else part


def _range(match: re.Match[str]) -> str | None:
    first, second = match[1], match[2]
    if len(first) == 4 and len(second) in (2, 4):
        return f"{_plain_int(first)} to {_plain_int(second)}"
    return f"{cardinal(first)} to {cardinal(second)}" if int(first) < int(second) else None


def _ratio(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} to {cardinal(match[2])}"


def _score(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} {cardinal(match[2])}"


def _version(match: re.Match[str]) -> str:
    return " point ".join(cardinal(part) for part in match[0].split("."))


def _size(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} by {cardinal(match[2])}"


def _plain_int(digits: str) -> str:
    """A bare whole number; four digits from 1100 to 2099 are most often a year."""
    if len(digits) == 4 and 1100 <= int(digits) <= 2099:
        return year(int(digits))
    return cardinal(digits)


def _bare(match: re.Match[str]) -> str:
    text = match[0]
    if text.isdigit():
        return _plain_int(text)
    return number(text)


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _roman_value(text: str) -> int:
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
    total = 0
    for at, letter in enumerate(text):
        value = values[letter]
        total += -value if at + 1 < len(text) and values[text[at + 1]] > value else value
    return total


def _roman_cardinal(match: re.Match[str]) -> str:
    return f"{match[1]} {_words(_roman_value(match[2]))}"


def _roman_ordinal(match: re.Match[str]) -> str:
    return f"{match[1]} the {ordinal(_roman_value(match[2]))}"


def _mixed(match: re.Match[str]) -> str:
    """Letters and digits together: "MP3", "H2O", "A380", "iPhone15", "COVID-19"."""
    said = []
    for piece in re.findall(rf"{_LATIN}+|\d+(?:\.\d+)?", match[0]):
        if not piece[0].isdigit():
            said.append(spell(piece) if piece.isupper() and len(piece) < 4 else piece)
        elif "." in piece:
            said.append(number(piece))
        elif len(piece) == 3:
            said.append(pairs(piece))
        elif len(piece) > 4:
            said.append(one_by_one(piece))
        else:
            said.append(_plain_int(piece))
    return " ".join(said)


def _room(match: re.Match[str]) -> str:
    """ "Room 12A" to "Room twelve A"."""
    kind, label = match[0].split(" ")
    kind = ABBREVIATIONS.get(kind, (kind, False))[0].replace("No.", "number")
    digits = label[:-1]
    return f"{kind} {pairs(digits) if len(digits) in (3, 4) else cardinal(digits)} {label[-1]}"


def _dotted(match: re.Match[str]) -> str:
    return spell(match[0].replace(".", ""))


def _alternatives(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_units = _alternatives(list(UNITS))
# What may stand on either side of "per".
_whole_units = _alternatives(
    [unit for unit in UNITS if unit.rstrip("²³23").isalpha() and unit not in ("k", "M", "bn", "x")]
)
_scale = r"hundred|thousand|million|billion|trillion|[kK]|[mM]n?|bn|[bB]|tn"
_RULES: tuple[Rule, ...] = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _address),
    (re.compile(r"https?://[^\s,;!)\]]*[^\s,;.!?)\]]|www\.[^\s,;!)\]]*[^\s,;.!?)\]]"), _web),
    (
        re.compile(
            r"(?<![\w.@-])(?:[A-Za-z][\w-]*\.)+(?:com|org|net|edu|gov|io|ai|dev|app|info|co\.uk|uk|"
            r"de|fr|cn|eu)(?:/[^\s,;!?)]*[^\s,;.!?)])?(?![\w.-]*\w)"
        ),
        _web,
    ),
    (re.compile(r"(?<![\w.])\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?)(?:[ .-]?\d{2,4}){1,4}(?!\d)"), _phone),
    (re.compile(r"(?<![\w.-])0\d{2,4} \d{3,4} \d{3,4}(?![\w-])"), _phone),
    (re.compile(r"\b(ISBN:?) ?((?:97[89]-?)?\d[\d-]{7,14}\d)"), _digits_named),
    (re.compile(r"\b([Cc]all|[Dd]ial) (911|999|112|111|101|988)\b"), _digits_named),
    (
        re.compile(r"(?<=, )([A-Z]{2}) (\d{5}(?:-\d{4})?)(?![\w-])"),
        lambda m: f"{spell(m[1])} {_digits_named(m).partition(' ')[2]}",
    ),
    (re.compile(r"(?<![\w.-])(?:1[- ])?\(\d{3}\) ?\d{3}[- ]\d{4}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.-])(?:1-)?(?:\d{3}[-.])?\d{3}[-.]\d{4}(?![\w-])"), _phone),
    (
        re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\w-])"),
        lambda m: _date(int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"(?<![\w/])(\d{4})/(\d{1,2})/(\d{1,2})(?![\w/])"),
        lambda m: _date(int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"(?<![\w.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\w|\.\d)"),
        lambda m: _date(int(m[3]), int(m[2]), int(m[1])),
    ),
    (
        re.compile(r"(?<=\b[Oo]n |\b[Bb]y )(\d{1,2})/(\d{1,2})(?![\w/])"),
        lambda m: _date(None, int(m[1]), int(m[2])),
    ),
    (
        re.compile(rf"\b({_MONTH_NAMES})\.? (\d{{1,2}}) ?[-–—] ?(\d{{1,2}})\b(?:,? (\d{{4}})\b)?"),
        _days_of_month,
    ),
    (
        re.compile(rf"\b({'|'.join(_DAY)})\.? ?[-–—] ?({'|'.join(_DAY)})\b\.?"),
        lambda m: f"{_DAY[m[1]]} to {_DAY[m[2]]}",
    ),
    (re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])"), _slash_date),
    (
        re.compile(
            rf"\b({_MONTH_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:%.]\d)(?:,? (\d{{4}})\b)?"
        ),
        _month_day,
    ),
    (
        re.compile(
            rf"(?<![\w.:/-])(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH_NAMES})\b"
            r"(?:,? (\d{4})\b)?"
        ),
        _day_month,
    ),
    (re.compile(rf"\b({_MONTH_NAMES})\.?,? (\d{{4}})\b"), _month_year),
    (
        re.compile(
            r"(?<![\w:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([aApP]\.?[mM]\b\.?))?(?![\w:])"
        ),
        _time,
    ),
    (re.compile(r"(?<![\w:.])(\d{1,2}) ?([aApP]\.[mM]\.|[aApP][mM])(?!\w)"), _hour),
    # A dash between two times, sums, decades or shares is "to".
    (
        re.compile(
            r"(?<=\d[ap]m) ?[-–—] ?(?=\d)|(?<=\.m\.) ?[-–—] ?(?=\d)|(?<=\d0s) ?[-–—] ?(?=\d)"
            r"|(?<=:\d\d) ?[-–—] ?(?=\d{1,2}:\d\d)|(?<=\d) ?[-–—] ?(?=[$£€¥₹]\d)"
            r"|(?<=[%°]) ?[-–—] ?(?=\d)"
        ),
        lambda m: "to",
    ),
    (
        re.compile(rf"([$£€¥₹₩])({_NUM}) ?[-–—] ?({_NUM})(?: ?({_scale})(?![A-Za-z]))?"),
        _money_range,
    ),
    (
        re.compile(
            rf"(?<!\w)([-−]?)(US\$|[$£€¥₹₩]|(?:USD|GBP|EUR|JPY|INR|KRW|CNY|RMB) ?)({_NUM})"
            rf"(?: ?({_scale})(?![A-Za-z]))?"
        ),
        _money_before,
    ),
    (
        re.compile(
            rf"(?<![\w.])({_NUM})(?: ?({_scale}))? ?([£€¥₹₩]|USD|GBP|EUR|JPY|INR|KRW|CNY|RMB)(?!\w)"
        ),
        _money_after,
    ),
    (re.compile(rf"(?<![\w.])({_NUM}) ?¢"), _cents),
    (re.compile(r"(?<![\w.])(\d)['′](\d{1,2})[\"″]"), _feet),
    (re.compile(r"(?<![\w.])['’]?(\d{3}0)['’]?s\b"), _decade),
    (
        re.compile(
            r"(?:(?<=the )|(?<=early )|(?<=mid-)|(?<=late )|(?<=his )|(?<=her )|(?<=their )"
            r"|(?<=my )|['’])(\d0)['’]?s\b"
        ),
        _decade,
    ),
    (
        re.compile(
            rf"(?<![\w.])({_NUM}) ?[-–—~] ?({_NUM}) ?({_units})(?![\w/²³])",
        ),
        _measure_range,
    ),
    (re.compile(r"(?<![\w.])(\d{2,3})/(\d{2,3}) ?mmHg\b"), _pressure),
    (re.compile(r"(?<![\w.])(\d+) ?ft\.? (\d+) ?in\b"), _feet),
    (re.compile(rf"({_SIGNED}) ?({_whole_units})/({_whole_units})(?![\w/²³])"), _rate),
    (
        re.compile(
            r"\b(?:Room|Suite|Flat|Gate|Seat|Row|Unit|Section|Article|Apt\.|No\.) \d+[A-Z]\b"
        ),
        _room,
    ),
    (re.compile(rf"({_SIGNED}) ?({_units})(?![\w/²³]|['’]\w)"), _measure),
    (re.compile(r"(?<![\w.,])(\d+|\d{1,3}(?:,\d{3})+)(?:st|nd|rd|th)\b"), _ordinal),
    (re.compile(r"(?<![\w.])(\d*) ?([½¼¾⅓⅔⅛])"), _vulgar),
    (re.compile(r"(?<![\w./])(?:(\d+)[ -])?(\d{1,3})/(\d{1,3})(?![\w/])"), _fraction),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])"), _version),
    (re.compile(r"(?<![\w.])(\d+)[x×](\d+)(?!\w)"), _size),
    (re.compile(r"(?<![\w.])(\d{1,3}):(\d{1,3})(?![\w:])"), _ratio),
    (re.compile(rf"(?<![\w.])({_NUM})[eE]([-−+]?\d{{1,3}})(?!\w)"), _power_of_ten),
    (re.compile(r"(?<![\w.])\d+(?:\((?:\d{1,2}|[a-z])\))+"), _subsections),
    (re.compile(r"(?<![\w.])(\d{3,4})p\b"), lambda m: f"{pairs(m[1])} P"),
    (re.compile(r"(?<![\w.])(\d{2,}|\d+\.\d+)K\b"), lambda m: f"{number(m[1])} thousand"),
    (re.compile(r"(?<=\w) x (?=\d)"), lambda m: "by"),
    (re.compile(r"\bq\.?(\d{1,2})\.?h\b\.?"), lambda m: f"every {_words(int(m[1]))} hours"),
    (re.compile(r"§§"), lambda m: "sections"),
    (re.compile(r"(?<=[\w.)] )vs?\. (?=[A-Z])"), lambda m: "versus"),
    (re.compile(r"\bb\. (?=\d{4}\b)"), lambda m: "born"),
    (re.compile(r"\bd\. (?=\d{4}\b)"), lambda m: "died"),
    (re.compile(r"\bc\. ?(?=\d{3,4}\b)"), lambda m: "circa"),
    (
        re.compile(rf"(?<=[.a-z] )({'|'.join(_QUARTERS)})\b"),
        lambda m: _QUARTERS[m[1]],
    ),
    (re.compile(r"(?<![\w.-])(\d{1,4}) ?[-–—] ?(\d{1,4})(?![\w-]|\.\d)"), _range),
    (re.compile(r"(?<![\w.-])(\d{1,3})[-–](\d{1,3})(?![\w-]|\.\d)"), _score),
    (
        re.compile(
            r"\b(Room|Suite|Route|Highway|Interstate|Flight|Apartment|Area|Bus|Gate|Boeing)"
            r" (\d{3,4})\b"
        ),
        lambda m: f"{m[1]} {pairs(m[2])}",
    ),
    (re.compile(r"\b(?:No|no|Nr)\. ?(\d+)\b"), lambda m: f"number {_plain_int(m[1])}"),
    (re.compile(r"\bNos\. ?(?=\d)"), lambda m: "numbers"),
    (re.compile(r"\bpp?\. ?(\d+)\b(?!\s*[-–])"), lambda m: f"page {_plain_int(m[1])}"),
    (re.compile(r"(?<![\w&])#(\d+)\b"), lambda m: f"number {_plain_int(m[1])}"),
    (re.compile(rf"\b({_ROMAN_BEFORE}) ({_ROMAN})\b(?!['’]\w)"), _roman_cardinal),
    (re.compile(rf"\b({_ROMAN_NAMES}) ({_ROMAN})\b(?!['’.]\w)"), _roman_ordinal),
    (
        re.compile(rf"\b({_alternatives(list(TITLES))})\.? (?=[A-ZÀ-Þ][a-zß-ÿ'’])"),
        lambda m: TITLES[m[1]],
    ),
    (re.compile(r"\b(?:[A-Z]\.){2,}(?:[A-Z]\b)?|\b[A-Z](?=\. [A-Z])\."), _dotted),
    (
        re.compile(rf"(?<![\w.])({_alternatives(list(ABBREVIATIONS))})(?!\w)"),
        lambda m: ABBREVIATIONS[m[1]][0],
    ),
    (re.compile(r"\b(?:[a-z]\.){2,}"), _dotted),
    (re.compile(rf"\b({_alternatives(list(_MONTH_DOT))})(?= |$)"), lambda m: _MONTH_DOT[m[1]]),
    (
        re.compile(rf"\b(?:{_LATIN}+-?{_DIGITS}|{_DIGITS}{_LATIN}+)(?:-?{_LATIN}+|-?{_DIGITS})*\b"),
        _mixed,
    ),
    (re.compile(r"\^2\b"), lambda m: "squared"),
    (re.compile(r"\^3\b"), lambda m: "cubed"),
    (re.compile(rf"(?:(?<![\w.,])[-−+](?=\d))?(?:{_NUM}|\.\d+)"), _bare),
    (re.compile(r"(?<=\d) ?\* ?(?=\d)"), lambda m: "times"),
    (re.compile(r"\^(?=\w)"), lambda m: "to the power of"),
    (re.compile(r"(?<=\band)/(?=or\b)"), lambda m: ""),
    (re.compile(r"\b([CF])#"), lambda m: f"{m[1]} sharp"),
    (re.compile(r"(?<=[^\W_])\.(?=[a-z])|(?<![\w.])\.(?=[A-Za-z]{2})"), lambda m: "dot"),
)
_MAY_END = {short for short, (_, may) in ABBREVIATIONS.items() if may}
# After "5 p.m." or "Elm Ave." these belong to the same sentence.
_GOES_ON = re.compile(
    rf"\s+(?:[ECMP][SD]?T|GMT|UTC|CES?T|BST|{'|'.join(_QUARTERS)}|{'|'.join(_DAYS)})\b"
)
_SAME_MARK = {"–": "—", "-": "—", **dict(zip("，、。！？；：", ",,.!?;:", strict=True))}
_PLAIN = re.compile(
    rf"(?P<word>{_LATIN}(?:{_LATIN}|['’](?={_LATIN})|-(?={_LATIN}))*['’]?)"
    r"|(?P<mark>\.{2,}|[,;:.!?…—–，。！？；：、]|--+| - )"
    r"|(?P<digits>\d+)"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)",
    re.DOTALL,
)


def read_english(
    text: str, follows: str = ""
) -> tuple[tuple[Reading, ...], tuple[tuple[int, str], ...]]:
    """Say English text in words.

    Parameters
    ----------
    text
        Plain text, no script marks.
    follows
        What comes after it and is read elsewhere; it tells "Dr. Smith" from "Elm Dr."

    Returns
    -------
    readings
        The spoken words in order, each with its place in `text`, the mark after it, and whether a
        sentence ends there.
    unsaid
        Characters that have no reading, as (place, character); empty for ordinary text.
    """
    claimed: list[tuple[int, int, str]] = []
    taken = bytearray(len(text))
    for pattern, say in _RULES:
        for match in pattern.finditer(text + follows):
            start, end = match.span()
            if start == end or end > len(text) or any(taken[start:end]):
                continue
            said = say(match)
            if said is not None:
                taken[start:end] = b"\1" * (end - start)
                claimed.append((start, end, said))
    readings: list[Reading] = []
    unsaid: list[tuple[int, str]] = []
    shouting = text.upper() == text
    at = 0
    for start, end, said in [*sorted(claimed), (len(text), len(text), "")]:
        _read_plain(text, at, start, shouting, readings, unsaid)
        for piece in said.split():
            word = piece.rstrip(",")
            readings.append(Reading(word, start, end, "," if piece.endswith(",") else ""))
        if said and _abbreviation_ends(text + follows, start, end):
            readings[-1] = marked(readings[-1], ".")
        at = end
    return tuple(readings), tuple(unsaid)


def _abbreviation_ends(text: str, start: int, end: int) -> bool:
    """Whether the dot that belongs to an abbreviation also ends the sentence."""
    if not text[start:end].endswith("."):
        return False
    short = text[start:end]
    after = text[end:].lstrip("\"'”’)")
    if not after.strip():
        return True
    if _GOES_ON.match(after):
        return False
    may = short in _MAY_END or short[-4:].lower() in ("a.m.", "p.m.")
    return may and bool(re.match(r"\s+[\"“'(]?[A-Z]", after))


def marked(reading: Reading, mark: str) -> Reading:
    """`reading` with `mark` after it, unless the one it has is stronger."""
    if reading.mark and _STRENGTH[reading.mark] <= _STRENGTH[mark]:
        mark = reading.mark
    return replace(reading, mark=mark, ends_sentence=mark in ".!?…")


def _read_plain(
    text: str,
    start: int,
    end: int,
    shouting: bool,
    readings: list[Reading],
    unsaid: list[tuple[int, str]],
) -> None:
    """Append the words between two places that no rule claimed."""
    for match in _PLAIN.finditer(text, start, end):
        kind, found = match.lastgroup, match[0]
        if kind == "word":
            spelled = found in _SPELLED and not shouting
            word = spell(found) if spelled else found.replace("’", "'")
            readings.append(Reading(word, *match.span()))
        elif kind == "digits":  # left over beside what a rule took
            said = cardinal(found).split()
            readings.extend(Reading(number_word, *match.span()) for number_word in said)
        elif kind == "mark":
            mark = _SAME_MARK.get(found.strip()[0], found[0])
            mark = "…" if found.startswith("..") else mark
            if readings:
                readings[-1] = marked(readings[-1], mark)
        elif kind == "other" and found in SYMBOLS and found not in "*_<>":
            said = SYMBOLS[found].split()
            readings.extend(Reading(word, *match.span()) for word in said)
        elif kind == "other" and found in "()[]{}":
            if readings:
                readings[-1] = marked(readings[-1], ",")
        elif kind == "other" and found not in SILENT:
            unsaid.append((match.start(), found))


# --- words to phonemes -------------------------------------------------------------------------

# The tagger knows English from newspapers and misses short sentences. After these words a word
# that is both noun and verb is surely a verb, or surely a noun.
_VERB_AFTER = {
    *("i", "you", "we", "they", "to", "will", "would", "can", "could", "should", "must", "may"),
    *("might", "shall", "cannot", "n't", "please"),
}
_NOUN_AFTER = {"the", "a", "an", "my", "your", "his", "its", "our", "their", "these", "those"}


@functools.cache
def _converter(british: bool) -> G2P:
    for name in _HIBARI:
        asset_path(f"english-{name}")
    from hibari.g2p import G2P

    return G2P(british=british)


@functools.lru_cache(maxsize=256)
def phonemes_of(
    words: tuple[tuple[str, str], ...], *, british: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Phonemes of a sentence's words, which depend on each other (heteronyms, "the" before vowels).

    Parameters
    ----------
    words
        (word, mark after it) pairs as `read_english` gives them.
    british
        Southern British instead of General American.

    Returns
    -------
    phonemes
        One string a word in Kokoro's alphabet, marks left out.
    guessed
        The words that no dictionary holds, read by rule.
    """
    g2p = _converter(british)
    spelling = ("-".join(_plain_letters(word).split()) + mark for word, mark in words)
    tokens = g2p.tokenize(" ".join(spelling))
    _settle_heteronyms(tokens)
    tokens = g2p.phonemize_tokens(tokens)
    groups: list[list] = [[]]
    for token in tokens:
        groups[-1].append(token)
        if token.whitespace:
            groups.append([])
    if not groups[-1]:
        groups.pop()
    if len(groups) != len(words):
        raise AssertionError(f"{len(words)} words became {len(groups)}: {words}")
    phonemes = []
    guessed = []
    for (word, _), group in zip(words, groups, strict=True):
        said = "".join(token.phonemes or "" for token in group)
        phonemes.append(said.strip(MARKS + "()“” ").replace("—", " "))
        if any(token.rating == 2 for token in group):
            guessed.append(word)
    return tuple(phonemes), tuple(guessed)


_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "Æ": "Ae",
     "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th", "ð": "th", "Ð": "Th"}
)  # fmt: skip


def _plain_letters(word: str) -> str:
    """Drop accents that the dictionary does not know: "naïveté" is spelled "naivete" there."""
    letters = unicodedata.normalize("NFD", word.translate(_LETTERS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _settle_heteronyms(tokens: list) -> None:
    for before, token in itertools.pairwise(tokens):
        word = before.text.lower()
        if token.text == "A" and before.text not in (".", "?", "!"):
            token.tag = "NN"  # the letter, not the article
        if word in _VERB_AFTER and token.tag.startswith("NN"):
            token.tag = "VB"
        elif word in _NOUN_AFTER and token.tag in ("VB", "VBP"):
            token.tag = "NN"
