"""This installation's signing keys: a root certificate made on first use, and a leaf it renews.

    <keys>/release/root.key   P-256 private key of the root, mode 0600
    <keys>/release/root.pem   the root certificate: what "made here" is checked against
    <keys>/release/leaf.pem   the signing key and its certificate chain in one file, mode 0600

The certificate profile is the one C2PA 2.2 asks of a signing credential (section 14.5): ECDSA
P-256, emailProtection, subject and authority key identifiers, a critical digitalSignature usage.
"""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vivant.errors import VivantError
from vivant.media.files import os_error

ORGANISATION = "Vivant"
ROOT_LIFE = datetime.timedelta(days=30 * 365)
# Signatures carry no trusted time yet, so a strict reader may refuse a file once its leaf has
# expired: a leaf lives ten years and is replaced after five, and every file has at least five.
LEAF_LIFE = datetime.timedelta(days=10 * 365)
RENEW_BEFORE = datetime.timedelta(days=5 * 365)
BACKDATED = datetime.timedelta(days=1)  # for readers whose clock is behind


@dataclass(frozen=True)
class SigningKeys:
    """What signs a release. Never log it or put it into an error."""

    chain_pem: str  # leaf, then root
    key_pem: str
    root_pem: str

    def __repr__(self) -> str:
        return "SigningKeys(...)"


def signing_keys(keys: Path, *, now: datetime.datetime | None = None) -> SigningKeys:
    """The keys in `keys`, made when there are none and renewed when they grow old.

    Safe when several processes ask at once: a complete folder is renamed into place, the one who
    comes second uses the first one's, and a leaf is replaced in one step.

    Raises
    ------
    VivantError
        ``not-writable``, ``disk-full``, or ``keys-damaged``.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    folder = keys / "release"
    if not folder.is_dir():
        _make_folder(keys, folder, now)
    try:
        root_pem = (folder / "root.pem").read_text(encoding="ascii")
        key_pem, chain_pem = _split_leaf((folder / "leaf.pem").read_text(encoding="ascii"))
        root = x509.load_pem_x509_certificate(root_pem.encode())
        leaf = x509.load_pem_x509_certificate(chain_pem.encode())
        leaf.verify_directly_issued_by(root)
        if leaf.not_valid_after_utc - now < RENEW_BEFORE:
            loaded = serialization.load_pem_private_key((folder / "root.key").read_bytes(), None)
            if not isinstance(loaded, ec.EllipticCurvePrivateKey):
                raise ValueError("the root key is not an elliptic-curve key")
            text = _leaf_pem(loaded, root, now)
            _replace_private(folder / "leaf.pem", text.encode())
            key_pem, chain_pem = _split_leaf(text)
    except VivantError:
        raise
    except Exception as error:  # cryptography raises many kinds; none may show key material
        raise VivantError(
            "keys-damaged",
            f"{folder}: the signing keys cannot be used ({type(error).__name__}).",
            "Restore the folder from a backup; or move it away and new keys are made, but then "
            "earlier files no longer count as made here.",
            file=folder,
        ) from None
    return SigningKeys(chain_pem, key_pem, root_pem)


def root_certificate(keys: Path) -> str | None:
    """The root certificate in PEM form, or None where nothing was ever released."""
    path = keys / "release" / "root.pem"
    return path.read_text(encoding="ascii") if path.is_file() else None


def _make_folder(keys: Path, folder: Path, now: datetime.datetime) -> None:
    try:
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = Path(tempfile.mkdtemp(prefix=".release-", suffix=".part", dir=keys))  # mode 0700
    except OSError as error:
        raise os_error(error, folder) from error
    try:
        key = ec.generate_private_key(ec.SECP256R1())
        root = _root_certificate(key, now)
        _write_private(aside / "root.key", _key_pem(key))
        _write_private(aside / "root.pem", root.public_bytes(serialization.Encoding.PEM))
        _write_private(aside / "leaf.pem", _leaf_pem(key, root, now).encode())
        aside.rename(folder)
    except OSError as error:
        if not (folder / "leaf.pem").is_file():  # else: somebody else was first, and theirs counts
            raise os_error(error, folder) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _root_certificate(key: ec.EllipticCurvePrivateKey, now: datetime.datetime) -> x509.Certificate:
    # The random part tells installations apart where a reader shows only the name.
    name = _name(f"Vivant installation {secrets.token_hex(4)}")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf_pem(
    root_key: ec.EllipticCurvePrivateKey, root: x509.Certificate, now: datetime.datetime
) -> str:
    """A new key and its chain (leaf, root), PEM, in that order."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(str(names[0].value)))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(now + LEAF_LIFE, root.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (_key_pem(key) + leaf.public_bytes(pem) + root.public_bytes(pem)).decode("ascii")


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _split_leaf(text: str) -> tuple[str, str]:
    """Key and chain out of ``leaf.pem``."""
    start = text.index("-----BEGIN CERTIFICATE-----")
    return text[:start], text[start:]


def _write_private(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _replace_private(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}-{secrets.token_hex(8)}.part")
    try:
        _write_private(aside, data)
        os.replace(aside, path)
    except OSError as error:
        raise os_error(error, path) from error
    finally:
        aside.unlink(missing_ok=True)
