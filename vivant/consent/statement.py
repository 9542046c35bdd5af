"""The statement a person signs: plain fields, and the same in words they can read."""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from vivant.errors import VivantError
from vivant.media.files import write_json

VERSION = 1

EVALUATION = "evaluation"
"""The purpose for recordings published for research, whose people cannot be asked to sign."""

PURPOSES: dict[str, tuple[str, str]] = {
    "commercial": ("advertising, selling and other commercial use", "广告、销售及其他商业用途"),
    "education": ("teaching, training and public information", "教学、培训与公益信息"),
    "personal": ("private, non-commercial use", "个人非商业用途"),
    EVALUATION: ("evaluation and research only, never publication", "仅供评估与研究，不得发布"),
}
"""Every purpose there is, with its words in English and Mandarin."""

LANGUAGES: dict[str, tuple[str, str]] = {
    "en": ("English", "英语"),
    "zh": ("Mandarin Chinese", "普通话"),
}
"""Every language an avatar can speak, with its name in English and Mandarin."""


@dataclass(frozen=True)
class Statement:
    """What is granted. `vivant.consent.signing.sign` turns it into a signed document."""

    version: int
    id: str  # "c-" and 32 hexadecimal digits, never used twice
    person: str  # whose likeness it is
    owner: str  # who may hold and use the avatar
    purposes: tuple[str, ...]  # keys of PURPOSES, sorted
    languages: tuple[str, ...]  # keys of LANGUAGES, sorted
    voice: bool  # may the voice be trained and used
    face: bool  # may the face be trained and used
    issued: str  # UTC, ISO 8601 to the second, "2026-03-01T09:00:00Z"; valid from then
    expires: str  # the same form; not valid from then on
    basis: (
        str | None
    )  # why recordings may be evaluated without the person: "GRID corpus, CC BY 4.0"

    def as_json(self) -> dict[str, object]:
        """The fields as they stand in the signed document."""
        return {**asdict(self), "purposes": list(self.purposes), "languages": list(self.languages)}


def new_statement(
    person: str,
    owner: str,
    *,
    purposes: Iterable[str],
    languages: Iterable[str],
    expires: str | datetime.date | datetime.datetime,
    voice: bool = True,
    face: bool = True,
    basis: str | None = None,
    now: datetime.datetime | None = None,
) -> Statement:
    """A statement ready to be read by the person and signed.

    Parameters
    ----------
    person, owner
        Names: whose likeness it is, and who may use it.
    purposes
        Keys of `PURPOSES`. ``"evaluation"`` stands alone and needs a `basis`.
    languages
        Keys of `LANGUAGES`.
    expires
        A date (``2027-03-01``) counts to its end in UTC, a time must carry its zone
        (``2027-03-01T09:00:00+08:00``), and ``365d`` is that many days from now.
    voice, face
        What of the person may be trained and used.
    basis
        For evaluation only: the licence or agreement the recordings were published under.
    now
        The time of issue; the present when left out.

    Raises
    ------
    VivantError
        ``consent-no-person``, ``consent-no-owner``, ``consent-unknown-purpose``,
        ``consent-unknown-language``, ``consent-grants-nothing``, ``consent-basis-missing``,
        ``consent-mixed-evaluation``, ``consent-basis-needless``, ``consent-bad-expiry``.
    """
    issued = (now or datetime.datetime.now(datetime.UTC)).astimezone(datetime.UTC)
    statement = Statement(
        version=VERSION,
        id=f"c-{secrets.token_hex(16)}",
        person=" ".join(person.split()),
        owner=" ".join(owner.split()),
        purposes=tuple(sorted(set(purposes))),
        languages=tuple(sorted(set(languages))),
        voice=voice,
        face=face,
        issued=utc_text(issued),
        expires=utc_text(_end(expires, issued)),
        basis=" ".join(basis.split()) if basis and basis.strip() else None,
    )
    check_statement(statement)
    return statement


def check_statement(statement: Statement) -> None:
    """Refuse a statement that says nothing, or more than one thing at once.

    Raises
    ------
    VivantError
        See `new_statement`.
    """
    if not statement.person:
        raise VivantError(
            "consent-no-person",
            "The statement names no person.",
            "Name the human being whose voice and face it is.",
        )
    if not statement.owner:
        raise VivantError(
            "consent-no-owner",
            "The statement names no owner.",
            "Name the person or company that may use the avatar.",
        )
    _check_words("purpose", statement.purposes, PURPOSES)
    _check_words("language", statement.languages, LANGUAGES)
    if not (statement.voice or statement.face):
        raise VivantError(
            "consent-grants-nothing",
            "The statement grants neither voice nor face.",
            "Grant the voice, the face, or both.",
        )
    if EVALUATION in statement.purposes:
        if len(statement.purposes) > 1:
            raise VivantError(
                "consent-mixed-evaluation",
                "The purpose evaluation cannot stand beside other purposes: "
                f"{', '.join(statement.purposes)}.",
                "Make one statement for evaluation, and another that the person signs.",
            )
        if not statement.basis:
            raise VivantError(
                "consent-basis-missing",
                "The purpose evaluation needs the basis on which the recordings may be used.",
                'Add it, such as --basis "GRID corpus, CC BY 4.0".',
            )
    elif statement.basis:
        raise VivantError(
            "consent-basis-needless",
            "A basis stands in for a person's signature, and only evaluation may have one; "
            f"the purposes are {', '.join(statement.purposes)}.",
            "Leave the basis out and let the person sign, or ask for evaluation only.",
        )
    if parse_utc(statement.expires) <= parse_utc(statement.issued):
        raise VivantError(
            "consent-bad-expiry",
            f"The statement would expire on {statement.expires}, not after its issue on "
            f"{statement.issued}.",
            "Give an expiry that lies in the future.",
        )


def statement_text(statement: Statement, language: str | None = None) -> str:
    """The statement in words, for reading, printing and speaking.

    Parameters
    ----------
    statement
        The fields.
    language
        ``"en"``, ``"zh"``, or ``None`` for both, one below the other.

    Returns
    -------
    str
        A few short paragraphs. The words of a version never change, since they are signed.
    """
    if language is None:
        return "\n\n".join(statement_text(statement, each) for each in LANGUAGES)
    column = list(LANGUAGES).index(language)
    purposes = [PURPOSES[purpose][column] for purpose in statement.purposes]
    spoken = [LANGUAGES[each][column] for each in statement.languages]
    write = {"en": _english, "zh": _mandarin}[language]
    return write(statement, purposes, spoken)


def _english(statement: Statement, purposes: list[str], languages: list[str]) -> str:
    kinds = " and ".join(_granted(statement, "voice", "face"))
    withheld = (
        ""
        if statement.voice and statement.face
        else (f" My {'face' if statement.voice else 'voice'} is not granted.")
    )
    released = (
        "Every output says that it is AI-generated, and names in its signed record "
        f"this statement, {statement.person} and {statement.owner}."
    )
    if statement.basis:
        return (
            f"Statement {statement.id}\n\n"
            f"{statement.owner} uses published recordings of {statement.person} on this basis: "
            f"{statement.basis}. {statement.person} was not asked and has not signed.\n\n"
            f"A digital double of the {kinds} may be made, in {_listed(languages)}, for "
            f"{_listed(purposes)}. It is valid from {statement.issued} until "
            f"{statement.expires}.\n\n"
            f"Every output is stamped EVALUATION. {released}"
        )
    return (
        f"Statement {statement.id}\n\n"
        f"I, {statement.person}, allow {statement.owner} to make a digital double of my {kinds} "
        f"and to let it speak in {_listed(languages)}.{withheld}\n\n"
        f"It may be used for: {'; '.join(purposes)}. For nothing else.\n\n"
        f"This is valid from {statement.issued} until {statement.expires}.\n\n"
        f"{released}"
    )


def _mandarin(statement: Statement, purposes: list[str], languages: list[str]) -> str:
    kinds = "和".join(_granted(statement, "声音", "面容"))
    withheld = (
        ""
        if statement.voice and statement.face
        else (f"本人未授权使用本人的{'面容' if statement.voice else '声音'}。")
    )
    released = (
        "每一份输出内容均标明由人工智能生成，"
        f"并在其签名记录中写明本声明、{statement.person}和{statement.owner}。"
    )
    if statement.basis:
        return (
            f"声明 {statement.id}\n\n"
            f"{statement.owner}依据“{statement.basis}”使用{statement.person}已公开发布的录制资料。"
            f"未曾征询{statement.person}本人，本人亦未签署。\n\n"
            f"可据此制作其{kinds}的数字分身，以{'、'.join(languages)}说话，"
            f"用途：{'；'.join(purposes)}。"
            f"有效期自 {statement.issued} 起，至 {statement.expires} 止。\n\n"
            f"每一份输出内容均加盖“评估”标记。{released}"
        )
    return (
        f"声明 {statement.id}\n\n"
        f"本人{statement.person}，允许{statement.owner}制作本人{kinds}的数字分身，"
        f"并让其以{'、'.join(languages)}说话。{withheld}\n\n"
        f"用途仅限：{'；'.join(purposes)}。不得用于其他任何用途。\n\n"
        f"有效期自 {statement.issued} 起，至 {statement.expires} 止。\n\n"
        f"{released}"
    )


def write_statement(statement: Statement, path: str | Path) -> None:
    """Write the unsigned statement, with its words, for the person to read and sign."""
    write_json(path, document(statement))


def document(statement: Statement) -> dict[str, object]:
    """Fields and words together: what is written, and what is signed."""
    return {
        "statement": statement.as_json(),
        "text": {language: statement_text(statement, language) for language in LANGUAGES},
    }


def parse_document(raw: object, file: str | Path) -> Statement:
    """The statement in a decoded document, checked field by field.

    Raises
    ------
    VivantError
        ``consent-malformed`` when a field is missing or of the wrong kind, ``consent-version`` for
        a version this program does not know, ``consent-text-differs`` when the words do not say
        what the fields say, and everything `check_statement` raises.
    """
    fields = raw.get("statement") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(fields, dict):
        raise _malformed(file, "there is no statement in it")
    if fields.get("version") != VERSION:
        raise VivantError(
            "consent-version",
            f"{file}: the statement has version {fields.get('version')!r}; "
            f"this program knows version {VERSION}.",
            "Use the program that wrote it, or write a new statement.",
            file=file,
        )
    for name in ("id", "person", "owner", "issued", "expires"):
        if not isinstance(fields.get(name), str):
            raise _malformed(file, f"its {name} is not a text")
    if not re.fullmatch(r"c-[0-9a-f]{32}", fields["id"]):
        raise _malformed(file, "its id is not one that Vivant gives")
    for name in ("voice", "face"):
        if not isinstance(fields.get(name), bool):
            raise _malformed(file, f"its {name} is neither true nor false")
    for name in ("purposes", "languages"):
        words = fields.get(name)
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise _malformed(file, f"its {name} are not a list of words")
    basis = fields.get("basis")
    if basis is not None and not isinstance(basis, str):
        raise _malformed(file, "its basis is not a text")
    statement = Statement(
        version=VERSION,
        id=fields["id"],
        person=fields["person"],
        owner=fields["owner"],
        purposes=tuple(fields["purposes"]),
        languages=tuple(fields["languages"]),
        voice=fields["voice"],
        face=fields["face"],
        issued=fields["issued"],
        expires=fields["expires"],
        basis=basis,
    )
    try:
        check_statement(statement)
    except ValueError as error:
        raise _malformed(file, str(error)) from error
    # The person reads the words; the program obeys the fields. They must be the same thing.
    if raw.get("text") != document(statement)["text"]:
        raise VivantError(
            "consent-text-differs",
            f"{file}: the words of the statement do not say what its fields say.",
            "Write a new statement with `vivant consent new` and sign that one, unedited.",
            file=file,
        )
    return statement


def utc_text(time: datetime.datetime) -> str:
    """`time` in UTC as ISO 8601 to the second, ending in Z."""
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime.datetime:
    """The time that `utc_text` wrote.

    Raises
    ------
    ValueError
        When it is not in that form.
    """
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)


def _end(expires: str | datetime.date, issued: datetime.datetime) -> datetime.datetime:
    """When a statement ends, whatever way it was said."""
    try:
        if isinstance(expires, str):
            if expires.endswith("d"):
                return issued + datetime.timedelta(days=int(expires[:-1]))
            just_a_date = len(expires) == len("2027-03-01")
            kind = datetime.date if just_a_date else datetime.datetime
            expires = kind.fromisoformat(expires)
        if not isinstance(expires, datetime.datetime):
            day = datetime.datetime.combine(expires, datetime.time(), datetime.UTC)
            return day + datetime.timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise VivantError(
            "consent-bad-expiry",
            f"The expiry {str(expires)!r} is no date.",
            "Write it as 2027-03-01, as 2027-03-01T09:00:00+08:00, or as 365d.",
        ) from error
    if expires.tzinfo is None:
        raise VivantError(
            "consent-bad-expiry",
            f"The expiry {expires.isoformat()} has no time zone.",
            "Add it, such as 2027-03-01T00:00:00+00:00, or give a date.",
        )
    return expires


def _check_words(kind: str, given: tuple[str, ...], known: dict[str, tuple[str, str]]) -> None:
    unknown = [word for word in given if word not in known]
    if unknown or not given:
        what = f"the {kind} {unknown[0]!r} is not known" if unknown else f"it names no {kind}"
        raise VivantError(
            f"consent-unknown-{kind}",
            f"The statement cannot stand: {what}.",
            f"Choose from {', '.join(known)}.",
        )


def _granted(statement: Statement, voice: str, face: str) -> list[str]:
    return [voice] * statement.voice + [face] * statement.face


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _malformed(file: str | Path, why: str) -> VivantError:
    return VivantError(
        "consent-malformed",
        f"{file}: is not a consent statement ({why}).",
        "Give the file that `vivant consent new` or `vivant consent sign` wrote.",
        file=file,
    )
