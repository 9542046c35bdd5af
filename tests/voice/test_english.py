"""English text is said as a careful reader would say it."""

from __future__ import annotations

import pytest

from vivant.voice.english import phonemes_of, read_english


def spoken(text: str) -> str:
    readings, _ = read_english(text)
    return " ".join(reading.text + reading.mark for reading in readings)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1,234,567 people", "one million two hundred and thirty four thousand five hundred "
         "and sixty seven people"),
        ("-5 and 3.14", "minus five and three point one four"),
        ("agent 007", "agent zero zero seven"),
        ("the 1st, 2nd and 23rd", "the first, second and twenty third"),
        ("1/2, 3/4 and 2½", "one half, three quarters and two and a half"),
        ("pages 10-15", "pages ten to fifteen"),
        ("from 1914-1918", "from nineteen fourteen to nineteen eighteen"),
        ("in 1905, 2005 and 2026",
         "in nineteen oh five, two thousand and five and twenty twenty six"),
        ("the 1990s and the '80s", "the nineteen nineties and the eighties"),
        ("2026-11-23", "November twenty third, twenty twenty six"),
        ("11/23/2026", "November twenty third, twenty twenty six"),
        ("Nov. 23rd", "November twenty third"),
        ("23 November 2026", "the twenty third of November, twenty twenty six"),
        ("at 3:45 pm or 15:30", "at three forty five P.M or fifteen thirty"),
        ("at 9:05 and 12:00", "at nine oh five and twelve o'clock"),
        ("$3.50, $1 and $0.99", "three dollars and fifty cents, one dollar and ninety nine cents"),
        ("¥1,000 and €2m", "one thousand yen and two million euros"),
        ("£2.5 billion", "two point five billion pounds"),
        ("5 USD or EUR 20", "five dollars or twenty euros"),
        ("50% of 0.5%", "fifty percent of zero point five percent"),
        ("5 km, 1 kg and 100 Mbps",
         "five kilometres, one kilogram and one hundred megabits per second"),
        ("20°C to -5 °C", "twenty degrees Celsius to minus five degrees Celsius"),
        ("10–15 km", "ten to fifteen kilometres"),
        ("1920x1080", "one thousand nine hundred and twenty by one thousand and eighty"),
        ("Dr. Smith, Baker St., St. Paul", "Doctor Smith, Baker Street, Saint Paul"),
        ("e.g. No. 5, etc.", "for example number five, etc."),
        ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
        ("john.doe@example.com", "john dot doe at example dot com"),
        ("https://www.example.com/faq", "W.W.W dot example dot com slash faq"),
        ("Henry VIII in World War II", "Henry the eighth in World War two"),
        ("R&D at AT&T", "R and D at AT and T"),
        ("3 + 4 = 7, x², 5 × 6", "three plus four equals seven, x squared, five times six"),
        ("version 2.1.3 and USB 3.0", "version two point one point three and USB three point zero"),
        ("MP3, H2O and COVID-19", "M.P three, H two O and COVID nineteen"),
        ("the US and WHO", "the U.S and W.H.O"),
        ("and/or", "and or"),
        ("Room 101", "Room one oh one"),
    ],
)  # fmt: skip
def test_written_forms_are_said_in_words(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He met J. K. Rowling. She left.", 2),
        ("Dr. Smith waits. Mr. Jones too.", 2),
        ("It is 5 p.m. Then it rained.", 2),
        ("It costs $3.50 vs. $4. Fine!", 2),
        ("What?! No... Yes.", 3),
    ],
)
def test_only_real_sentence_ends_end_sentences(text: str, sentences: int) -> None:
    readings, _ = read_english(text)
    assert sum(reading.ends_sentence for reading in readings) == sentences


def test_every_word_knows_where_it_was_written() -> None:
    text = "Pay $3.50 now"
    readings, _ = read_english(text)
    assert {text[reading.start : reading.end] for reading in readings} == {"Pay", "$3.50", "now"}


def test_what_has_no_reading_is_reported() -> None:
    _, unsaid = read_english("Hello 😀 there")
    assert unsaid == ((6, "😀"),)


def said(text: str, *, british: bool = False) -> dict[str, str]:
    readings, _ = read_english(text)
    words = tuple((reading.text, reading.mark) for reading in readings)
    phonemes, _ = phonemes_of(words, british=british)
    return {
        f"{word}{at}": each
        for at, ((word, _), each) in enumerate(zip(words, phonemes, strict=True))
    }


@pytest.mark.parametrize(
    ("text", "word", "phonemes"),
    [
        ("I object to the object.", "object1", "əbʤˈɛkt"),
        ("I object to the object.", "object4", "ˈɑbʤəkt"),
        ("Please record a record.", "record1", "ɹəkˈɔɹd"),
        ("Please record a record.", "record3", "ɹˈɛkəɹd"),
        ("I read the book he read.", "read5", "ɹˈɛd"),
        ("They were close to the door.", "close2", "klˈOs"),
        ("Please close the door.", "close1", "klˈOz"),
        ("The apple and the pear", "The0", "ði"),
        ("The FBI and NASA", "FBI1", "ˌɛfbˌiˈI"),
        ("The FBI and NASA", "NASA3", "nˈæsə"),
    ],
)
def test_words_are_pronounced_in_context(text: str, word: str, phonemes: str) -> None:
    assert said(text)[word] == phonemes


def test_british_words_sound_british() -> None:
    assert said("no bath", british=True) == {"no0": "nˈQ", "bath1": "bˈɑːθ"}


def test_guessed_words_are_named() -> None:
    _, guessed = phonemes_of((("Hello", ","), ("Krzysztof", ".")))
    assert guessed == ("Krzysztof",)
