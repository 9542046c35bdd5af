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
    ("written", "said"),
    [  # news, prices, addresses, telephones, times, medicine, law, science, names
        ("The S&P 500 fell 1.5% to 4,567.89.",
         "The S and P five hundred fell one point five percent to four thousand five "
         "hundred and sixty seven point eight nine."),
        ("Shares rose 3¼ points.", "Shares rose three and a quarter points."),
        ("GDP grew 2.3% in Q3 2025.",
         "GDP grew two point three percent in Q three twenty twenty five."),
        ("Profit was $1.2bn, up from $950m.",
         "Profit was one point two billion dollars, up from nine hundred and fifty "
         "million dollars."),
        ("The U.S. Senate voted 51-49.", "The U.S Senate voted fifty one forty nine."),
        ("Open Mon-Fri, 9am-5pm.", "Open Monday to Friday, nine A.M to five P.M."),
        ("Open 9:00-17:00 daily.", "Open nine o'clock to seventeen hundred daily."),
        ("Call 020 7946 0958 or 0800 123 456.",
         "Call zero two zero, seven nine four six, zero nine five eight or zero eight "
         "zero zero, one two three, four five six."),
        ("Dial +44 20 7946 0958.",
         "Dial plus four four, two zero, seven nine four six, zero nine five eight."),
        ("1600 Pennsylvania Ave. NW, Washington, DC 20500",
         "sixteen hundred Pennsylvania Avenue northwest, Washington, D.C two zero five "
         "zero zero"),
        ("221B Baker St., London NW1 6XE", "two twenty one B Baker Street, London N.W one six X.E"),
        ("P.O. Box 123", "P.O Box one hundred and twenty three"),
        ("123 E. Main St., Apt. 4B",
         "one hundred and twenty three E Main Street, Apartment four B"),
        ("Take I-95 to Exit 12.", "Take I ninety five to Exit twelve."),
        ("Take 5 mg b.i.d. with food.", "Take five milligrams twice a day with food."),
        ("500 mg q.i.d. p.r.n.", "five hundred milligrams four times a day as needed."),
        ("Take 2 tabs p.o. t.i.d.", "Take two tabs by mouth three times a day."),
        ("BP was 120/80 mmHg.",
         "BP was one hundred and twenty over eighty millimetres of mercury."),
        ("Dose: 0.5 mL/kg.", "Dose: zero point five millilitres per kilogram."),
        ("10 mg/dL and 5 mmol/L", "ten milligrams per decilitre and five millimoles per litre"),
        ("Temp. was 38.5 °C (101.3 °F).",
         "Temperature was thirty eight point five degrees Celsius, one hundred and one "
         "point three degrees Fahrenheit."),
        ("See § 12 and §§ 3-5.", "See section twelve and sections three to five."),
        ("Art. 5(2) of the GDPR", "Article five, two of the GDPR"),
        ("Article 6(1)(a)", "Article six, one, A"),
        ("pursuant to para. 3", "pursuant to paragraph three"),
        ("Smith v. Jones", "Smith versus Jones"),
        ("Roe vs. Wade", "Roe versus Wade"),
        ("No. 3 and Nos. 4 and 5", "number three and numbers four and five"),
        ("Sec. 2.1", "Section two point one"),
        ("on 1/2/2026", "on January second, twenty twenty six"),
        ("01.02.2026", "February first, twenty twenty six"),
        ("2026/11/23", "November twenty third, twenty twenty six"),
        ("Jan 5-7, 2026", "January fifth to seventh, twenty twenty six"),
        ("from 5 to 10 p.m.", "from five to ten P.M."),
        ("the 5th of May", "the fifth of May"),
        ("May 5, 2026", "May fifth, twenty twenty six"),
        ("in 1066 and 1900", "in one thousand and sixty six and nineteen hundred"),
        ("in 800 BC and AD 79", "in eight hundred BC and AD seventy nine"),
        ("the 2020s and 21st century", "the twenty twenties and twenty first century"),
        ("$5-$10", "five dollars to ten dollars"),
        ("$5–10 million", "five to ten million dollars"),
        ("£3.50", "three pounds and fifty pence"),
        ("5'11\"", "five feet eleven"),
        ("6ft 2in", "six feet two"),
        ("3x faster", "three times faster"),
        ("1:30:05", "one thirty and five seconds"),
        ("ratio 3:1", "ratio three to one"),
        ("score was 3-2", "score was three two"),
        ("-10 to -5", "minus ten to minus five"),
        ("10%-15%", "ten percent to fifteen percent"),
        ("±5%", "plus or minus five percent"),
        ("½ cup, 1 1/2 cups, 3/4 in.", "one half cup, one and a half cups, three quarters in."),
        ("1e6", "one times ten to the power of six"),
        ("1.5e-3", "one point five times ten to the power of minus three"),
        ("10^6", "ten to the power of six"),
        ("e.g., this; i.e., that", "for example, this; that is, that"),
        ("Dr. Jane O'Neil Jr., M.D.", "Doctor Jane O'Neil Junior, M.D."),
        ("Prof. Müller, Ph.D.", "Professor Müller, P.H.D."),
        ("Mr. & Mrs. Smith", "Mister and Missus Smith"),
        ("St. Mary's St.", "Saint Mary's Street."),
        ("Lt. Gov. Gen. Smith", "Lieutenant Governor General Smith"),
        ("Acme Inc. and Foo Ltd. merged.", "Acme Incorporated and Foo Limited merged."),
        ("iOS 17.4 and Windows 11", "iOS seventeen point four and Windows eleven"),
        ("Wi-Fi 6 at 5GHz", "Wi-Fi six at five gigahertz"),
        ("COVID-19, H1N1 and B12", "COVID nineteen, H one N one and B twelve"),
        ("F-16 and Boeing 747", "F sixteen and Boeing seven forty seven"),
        ("NASA, NATO, FBI and UNESCO", "NASA, NATO, FBI and UNESCO"),
        ("CEO, CFO, HR and PR", "CEO, CFO, H.R and P.R"),
        ("ASAP, FAQ and DIY", "ASAP, FAQ and DIY"),
        ("24/7", "twenty four seven"),
        ("@username", "at username"),
        ("user_name@mail.example.co.uk", "user underscore name at mail dot example dot co dot uk"),
        ("https://docs.python.org/3/library", "docs dot python dot org slash three slash library"),
        ("example.com/path", "example dot com slash path"),
        ("file.txt and README.md", "file dot txt and README dot md"),
        ("100 km/h", "one hundred kilometres per hour"),
        ("30 mpg", "thirty miles per gallon"),
        ("1 lb 4 oz", "one pound four ounces"),
        ("5 sq m", "five square metres"),
        ("25 m/s²", "twenty five metres per second squared"),
        ("12V, 2A", "twelve volts, two amps"),
        ("pH 7.4", "pH seven point four"),
        ("CO2 and H2SO4", "C.O two and H two S.O four"),
        ("Louis XIV and Chapter IV", "Louis the fourteenth and Chapter four"),
        ("World War I", "World War one"),
        ("Elizabeth II", "Elizabeth the second"),
        ("4th", "fourth"),
        ("$1M", "one million dollars"),
        ("$1,234.56", "one thousand two hundred and thirty four dollars and fifty six cents"),
        ("1,000,000th", "one millionth"),
        ("007", "zero zero seven"),
        ("0.05", "zero point zero five"),
        ("I have 2.", "I have two."),
        ("2 of 10", "two of ten"),
        ("Page 12 of 20", "Page twelve of twenty"),
        ("pp. 12-15", "pages twelve to fifteen"),
        ("vol. 3, ch. 2, fig. 4", "volume three, chapter two, figure four"),
        ("approx. 5", "approximately five"),
        ("b. 1950, d. 2010", "born nineteen fifty, died twenty ten"),
        ("c. 1850", "circa eighteen fifty"),
        ("Mon., Jan. 5", "Monday, January fifth"),
        ("Sept. 11", "September eleventh"),
        ("12:00", "twelve o'clock"),
        ("12 noon", "twelve noon"),
        ("0:30", "zero thirty"),
        ("23:59", "twenty three fifty nine"),
        ("7 p.m.", "seven P.M."),
        ("5 o'clock", "five o'clock"),
        ("1970s-1980s", "nineteen seventies to nineteen eighties"),
        ("5kg", "five kilograms"),
        ("5 KG", "five kilograms"),
        ("10 cm x 20 cm", "ten centimetres by twenty centimetres"),
        ("1080p and 4K", "ten eighty P and four K"),
        ("16:9", "sixteen to nine"),
        ("1/3 of 2/3", "one third of two thirds"),
        ("1 in 10", "one in ten"),
        ("10-year-old", "ten year-old"),
        ("20-minute", "twenty minute"),
        ("AT&T", "AT and T"),
        ("Q&A", "Q and A"),
        ("and/or", "and or"),
        ("he/she", "he or she"),
        ("100°", "one hundred degrees"),
        ("ISBN 978-3-16-148410-0",
         "ISBN nine seven eight, three, one six, one four eight four one zero, zero"),
        ("1-800-555-0199", "one, eight zero zero, five five five, zero one nine nine"),
        ("Flight BA2490", "Flight B.A two thousand four hundred and ninety"),
        ("Gate B12", "Gate B twelve"),
        ("Room 12A", "Room twelve A"),
        ("$100k", "one hundred thousand dollars"),
        ("100K", "one hundred thousand"),
        ("5M", "five million"),
        ("3D", "three D"),
        ("5G", "five G"),
        ("2FA", "two F.A"),
    ],
)  # fmt: skip
def test_text_of_the_real_world(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He met J. K. Rowling. She left.", 2),
        ("Dr. Smith waits. Mr. Jones too.", 2),
        ("It is 5 p.m. Then it rained.", 2),
        ("It costs $3.50 vs. $4. Fine!", 2),
        ("What?! No... Yes.", 3),
        ("It opens at 5 p.m. EST on Elm Ave. NW.", 1),
        ("It opens at 5 p.m. Monday.", 1),
        ("See Art. 5 and para. 3 of Smith v. Jones.", 1),
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
