"""Signing a statement and checking the signature: JWS with Ed25519.

The signed document is a JSON Web Signature in the flattened JSON form (RFC 7515), algorithm Ed25519
(RFC 8037, named as RFC 9864 asks). Its protected header carries the signer's public key (``jwk``),
whose thumbprint (RFC 7638) says who signed. The payload is the statement with its words.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from vivant.consent.statement import (
    EVALUATION,
    LANGUAGES,
    Statement,
    document,
    parse_document,
    parse_utc,
)
from vivant.errors import VivantError
from vivant.media.files import os_error, read_json, write_json

ALGORITHM = "Ed25519"
TYPE = "vivant-consent+jws"  # an explicit type, so that no other signed document passes (RFC 8725)
CLOCK_SKEW = datetime.timedelta(minutes=5)  # the signer's clock may run ahead by this much

State = Literal["not-yet-valid", "live", "expired"]


@dataclass(frozen=True)
class Consent:
    """A statement whose signature has been checked."""

    statement: Statement
    id: str
    sha256: str  # of the signed file, byte for byte
    signer: str  # RFC 7638 thumbprint of the key that signed, base64url
    person: str
    owner: str
    purposes: tuple[str, ...]  # sorted
    languages: tuple[str, ...]  # sorted
    issued: datetime.datetime  # UTC
    expires: datetime.datetime  # UTC
    voice: bool
    face: bool
    basis: str | None
    evaluation: bool  # everything made under it is stamped EVALUATION

    @property
    def state(self) -> State:
        """How it stands now; see `standing`."""
        return standing(self)

    def as_json(self) -> dict[str, object]:
        """For ``consent verify --json``."""
        return {
            "id": self.id,
            "sha256": self.sha256,
            "signer": self.signer,
            "person": self.person,
            "owner": self.owner,
            "purposes": list(self.purposes),
            "languages": list(self.languages),
            "issued": self.issued.isoformat(),
            "expires": self.expires.isoformat(),
            "voice": self.voice,
            "face": self.face,
            "basis": self.basis,
            "evaluation": self.evaluation,
            "state": self.state,
        }


def new_key(path: str | Path) -> OKPKey:
    """Make an Ed25519 key in `path`, readable by its owner only, and never over another file.

    Raises
    ------
    VivantError
        ``key-exists``, ``not-writable`` or ``disk-full``.
    """
    path = Path(path)
    key = OKPKey.generate_key("Ed25519")
    try:
        # Created with its final permissions: there is no moment in which others can read it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise VivantError(
            "key-exists",
            f"{path}: there is a file already, and a key is never overwritten.",
            "Use that key, or name another file for the new one.",
            file=path,
        ) from error
    except OSError as error:
        raise os_error(error, path) from error
    try:
        with open(handle, "wb") as opened:
            opened.write(key.as_pem(private=True))
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise os_error(error, path) from error
    return key


def load_key(path: str | Path) -> OKPKey:
    """Read a private Ed25519 key (PEM, PKCS 8).

    Raises
    ------
    VivantError
        ``key-missing``, ``key-permissions`` when others may read it, ``key-unreadable``.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except OSError as error:
        raise VivantError(
            "key-missing",
            f"{path}: the key cannot be read ({error.strerror}).",
            "Check the path, or make a key with `vivant consent sign --new-key`.",
            file=path,
        ) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise VivantError(
            "key-permissions",
            f"{path}: others on this machine may read this private key "
            f"(its mode is {stat.S_IMODE(mode):04o}).",
            f"Run `chmod 600 {path}`; if somebody may have read it, make a new key.",
            file=path,
        )
    try:
        key = OKPKey.import_key(text)
    except (JoseError, ValueError, TypeError) as error:
        raise _bad_key(path) from error
    if key.curve_name != "Ed25519" or not key.is_private:
        raise _bad_key(path)
    return key


def thumbprint(key: OKPKey) -> str:
    """Who a key is: its RFC 7638 SHA-256 thumbprint, base64url, 43 characters."""
    return key.thumbprint()


def read_statement(path: str | Path) -> Statement:
    """The statement in a file, signed (then the signature is checked) or not.

    Raises
    ------
    VivantError
        What `verify` raises, except ``consent-unsigned``.
    """
    try:
        return verify(path).statement
    except VivantError as error:
        if error.code != "consent-unsigned":
            raise
    return parse_document(read_json(path), path)


def sign(statement: Statement, key: OKPKey, path: str | Path) -> None:
    """Write the signed document.

    Parameters
    ----------
    statement
        What the person has read.
    key
        The person's private key; for evaluation, the operator's.
    path
        Where the signed document goes, whole or not at all.
    """
    header = {"alg": ALGORITHM, "typ": TYPE, "jwk": key.as_dict(private=False)}
    payload = json.dumps(document(statement), ensure_ascii=False, sort_keys=True)
    signed = jws.serialize_json(
        {"protected": header}, payload.encode(), key, algorithms=[ALGORITHM]
    )
    write_json(path, signed)


def sign_file(
    path: str | Path, key: str | Path, out: str | Path, *, make_key: bool = False
) -> Consent:
    """Sign the statement in `path` with the private key in `key`, and write it to `out`.

    With `make_key` the key is made when there is none yet. Raises what `read_statement`,
    `load_key`, `new_key` and `verify` raise.
    """
    statement = read_statement(path)
    made = make_key and not Path(key).exists()
    sign(statement, new_key(key) if made else load_key(key), out)
    return verify(out)


def verify(path: str | Path, *, trusted: Collection[str] | None = None) -> Consent:
    """Check a signed document: its signature, its fields and its words, but not the clock.

    Parameters
    ----------
    path
        The file that `sign` wrote.
    trusted
        Thumbprints of keys that may have signed. ``None`` accepts any key: the document then proves
        that nobody changed it since it was signed, and by which key, but not whose key that is.

    Raises
    ------
    VivantError
        ``consent-missing``, ``consent-unsigned``, ``consent-altered``, ``consent-malformed``,
        ``consent-version``, ``consent-text-differs``, ``consent-untrusted-key``.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise VivantError(
            "consent-missing",
            f"{path}: there is no consent to be read ({error.strerror}).",
            "Write one with `vivant consent new`, let the person sign it with "
            "`vivant consent sign`, and name that file.",
            file=path,
        ) from error
    try:
        raw = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VivantError(
            "consent-malformed",
            f"{path}: is not a consent statement (it is not JSON: {error}).",
            "Give the file that `vivant consent sign` wrote.",
            file=path,
        ) from error
    if not isinstance(raw, dict) or not {"payload", "protected", "signature"} <= raw.keys():
        raise VivantError(
            "consent-unsigned",
            f"{path}: nobody has signed this.",
            "Let the person sign it: `vivant consent sign FILE --key KEY -o SIGNED`.",
            file=path,
        )
    altered = VivantError(
        "consent-altered",
        f"{path}: the signature does not fit; the document was changed after it was signed.",
        "Use the file as it was signed, or let the person sign again.",
        file=path,
    )
    try:
        signed = cast(jws.FlattenedJSONSerialization, raw)
        verified = jws.deserialize_json(signed, _embedded_key, algorithms=[ALGORITHM])
        key = _key_in(verified.headers())
        payload = json.loads(verified.payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise altered from error
    header = {"alg": ALGORITHM, "typ": TYPE, "jwk": key.as_dict(private=False)}
    signature = urlsafe_b64encode(urlsafe_b64decode(str(raw["signature"]) + "==")).rstrip(b"=")
    # One document, one form: nothing beside what was signed, nothing that decodes to the same.
    if verified.headers() != header or len(raw) != 3 or signature.decode() != raw["signature"]:
        raise altered
    statement = parse_document(payload, path)
    signer = thumbprint(key)
    if trusted is not None and signer not in trusted:
        raise VivantError(
            "consent-untrusted-key",
            f"{path}: signed by the key {signer}, which is not one of those trusted here.",
            "Ask the person for the thumbprint of their key, and let them sign with that key.",
            file=path,
        )
    return Consent(
        statement=statement,
        id=statement.id,
        sha256=hashlib.sha256(data).hexdigest(),
        signer=signer,
        person=statement.person,
        owner=statement.owner,
        purposes=statement.purposes,
        languages=statement.languages,
        issued=parse_utc(statement.issued),
        expires=parse_utc(statement.expires),
        voice=statement.voice,
        face=statement.face,
        basis=statement.basis,
        evaluation=EVALUATION in statement.purposes,
    )


def standing(consent: Consent, now: datetime.datetime | None = None) -> State:
    """Whether a consent may be used at `now` (a time with its zone; the present when left out).

    The one place that decides it: a later answer, such as revoked, belongs here.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    if now + CLOCK_SKEW < consent.issued:
        return "not-yet-valid"
    return "live" if now < consent.expires else "expired"


def permit(
    consent: Consent,
    *,
    purpose: str | None,
    language: str | None,
    voice: bool,
    face: bool,
    now: datetime.datetime | None = None,
) -> None:
    """Let a use pass, or refuse it with the reason.

    Parameters
    ----------
    consent
        What `verify` returned.
    purpose
        What the use is for, one of `vivant.consent.PURPOSES`; ``None`` for training, which serves
        any of them.
    language
        ``"en"``, ``"zh"``, or ``"mixed"`` for both; ``None`` for training, and where the language
        of a recording is not known.
    voice, face
        What of the person the use needs. A stock voice needs no voice.
    now
        The time of use, with its zone; the present when left out.

    Raises
    ------
    VivantError
        ``consent-not-yet-valid``, ``consent-expired``, ``consent-purpose``, ``consent-language``,
        ``consent-no-voice``, ``consent-no-face``.
    """
    stands = standing(consent, now)
    if stands == "not-yet-valid":
        raise VivantError(
            "consent-not-yet-valid",
            f"The consent {consent.id} is valid only from {consent.issued.isoformat()}.",
            "Wait until then, or check this machine's clock.",
        )
    if stands == "expired":
        raise VivantError(
            "consent-expired",
            f"The consent {consent.id} of {consent.person} expired on "
            f"{consent.expires.isoformat()}.",
            "Ask the person for a new one.",
        )
    if purpose is not None and purpose not in consent.purposes:
        raise VivantError(
            "consent-purpose",
            f"{consent.person} has not agreed to the purpose {purpose}, only to "
            f"{', '.join(consent.purposes)}.",
            "Use it for what was agreed, or ask the person for a new consent.",
        )
    for spoken in LANGUAGES if language == "mixed" else [language] if language else []:
        if spoken not in consent.languages:
            raise VivantError(
                "consent-language",
                f"{consent.person} has not agreed to speak {spoken}, only "
                f"{', '.join(consent.languages)}.",
                "Use the languages that were agreed, or ask the person for a new consent.",
            )
    if voice and not consent.voice:
        raise VivantError(
            "consent-no-voice",
            f"{consent.person} has not granted their voice.",
            "Use a stock voice, or ask the person for a new consent.",
        )
    if face and not consent.face:
        raise VivantError(
            "consent-no-face",
            f"{consent.person} has not granted their face.",
            "Use the voice alone, or ask the person for a new consent.",
        )


def _embedded_key(document: GuestProtocol) -> OKPKey:
    """The public key in a document's header.

    What makes it mean something is that its thumbprint is kept as the signer, and compared where
    the caller knows whose signature to expect.
    """
    return _key_in(document.headers())


def _key_in(header: Mapping[str, Any]) -> OKPKey:
    jwk = header["jwk"]
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]})


def _bad_key(path: Path) -> VivantError:
    return VivantError(
        "key-unreadable",
        f"{path}: is not a private Ed25519 key in PEM form.",
        "Give the key that `vivant consent sign --new-key` made, or one from "
        "`openssl genpkey -algorithm ed25519`.",
        file=path,
    )
