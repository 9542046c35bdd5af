"""A consent is what its person signed, for as long as they signed it, and for nothing else."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from vivant.consent.signing import Consent, permit, sign_file, verify
from vivant.consent.statement import new_statement, statement_text, write_statement
from vivant.errors import VivantError

NOW = datetime.datetime.now(datetime.UTC)
TOMORROW = NOW + datetime.timedelta(days=1)


def signed(folder: Path, **changes: Any) -> Consent:
    granted: dict[str, Any] = {
        "purposes": ["commercial"],
        "languages": ["en"],
        "expires": "2099-12-31",
    }
    statement = new_statement("Ada Lovelace", "Analytical Shop", **(granted | changes))
    write_statement(statement, folder / "statement.json")
    return sign_file(
        folder / "statement.json", folder / "key.pem", folder / "consent", make_key=True
    )


def test_what_was_signed_is_what_is_read(tmp_path: Path) -> None:
    consent = signed(tmp_path)
    assert (consent.person, consent.owner) == ("Ada Lovelace", "Analytical Shop")
    assert consent.purposes == ("commercial",)
    assert (consent.voice, consent.face, consent.evaluation) == (True, True, False)
    assert verify(tmp_path / "consent").sha256 == consent.sha256


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    signed(tmp_path)
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0


def test_the_statement_names_person_and_owner_in_both_languages(tmp_path: Path) -> None:
    text = statement_text(signed(tmp_path, languages=["en", "zh"]).statement)
    assert text.count("Ada Lovelace") >= 2
    assert "Mandarin" in text
    assert "普通话" in text


def test_one_changed_byte_anywhere_is_found(tmp_path: Path) -> None:
    signed(tmp_path)
    data = bytearray((tmp_path / "consent").read_bytes())
    for at in range(0, len(data), max(1, len(data) // 40)):
        changed = bytearray(data)
        changed[at] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(VivantError) as caught:
            verify(tmp_path / "changed")
        assert caught.value.code.startswith("consent-"), caught.value.code


def test_an_unsigned_statement_is_no_consent(tmp_path: Path) -> None:
    signed(tmp_path)
    with pytest.raises(VivantError) as caught:
        verify(tmp_path / "statement.json")
    assert caught.value.code == "consent-unsigned"


@pytest.mark.parametrize(
    ("granted", "use", "code"),
    [
        ({}, {}, None),
        ({}, {"purpose": "education"}, "consent-purpose"),
        ({}, {"language": "zh"}, "consent-language"),
        ({"voice": False}, {}, "consent-no-voice"),
        ({"face": False}, {}, "consent-no-face"),
        ({"face": False}, {"face": False}, None),
        ({"expires": TOMORROW}, {"now": NOW + datetime.timedelta(days=3)}, "consent-expired"),
        ({}, {"now": NOW - datetime.timedelta(days=3)}, "consent-not-yet-valid"),
    ],
)
def test_only_what_was_granted_is_permitted(
    granted: dict[str, Any], use: dict[str, Any], code: str | None, tmp_path: Path
) -> None:
    consent = signed(tmp_path, **granted)
    asked: dict[str, Any] = {"purpose": "commercial", "language": "en", "voice": True, "face": True}
    if code is None:
        permit(consent, **(asked | use))
        return
    with pytest.raises(VivantError) as caught:
        permit(consent, **(asked | use))
    assert caught.value.code == code


def test_research_recordings_need_their_basis_and_are_stamped(tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught:
        signed(tmp_path, purposes=["evaluation"])
    assert caught.value.code == "consent-basis-missing"
    consent = signed(tmp_path, purposes=["evaluation"], basis="GRID corpus, CC BY 4.0")
    assert consent.evaluation
