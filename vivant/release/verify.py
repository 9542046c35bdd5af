"""Say what a file is and where it comes from, and never more than the evidence shows."""

from __future__ import annotations

import datetime
import json
import mimetypes
import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import c2pa

from vivant.errors import VivantError
from vivant.release.aigc import GENERATED, read_aigc
from vivant.release.c2pa_manifest import CONSENT, LABEL, RENDER, SOURCE_TYPES
from vivant.release.signer import root_certificate

Verdict = Literal["made-here", "made-elsewhere", "altered", "no-evidence"]

# The content-type UUIDs of C2PA's JUMBF boxes (C2PA 2.2, section 11.1): where one of them stands,
# there is, or was, a manifest, however damaged.
JUMBF_BOX = re.compile(
    rb"jumd(?:c2pa|c2ma|c2as|c2cl|c2cs)\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"
)

# First bytes that tell a type better than a file's name does.
MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "video/mp4"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/avi"),
    (8, b"WEBP", "image/webp"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"%PDF", "application/pdf"),
)


@dataclass(frozen=True)
class Mark:
    """What was found of a watermark in the sound or the picture."""

    checked: bool
    found: bool
    payload: str | None
    confidence: float  # 0 to 1

    def as_json(self) -> dict[str, object]:
        """The watermark object of ``verify --json``."""
        return {
            "checked": self.checked,
            "found": self.found,
            "payload": self.payload,
            "confidence": self.confidence,
        }


UNCHECKED = Mark(checked=False, found=False, payload=None, confidence=0.0)


@dataclass(frozen=True)
class Verification:
    """What is known about a file."""

    verdict: Verdict
    c2pa_state: Literal["trusted", "valid", "invalid", "absent"]
    # trusted: intact, signed by this installation; valid: intact, signed by somebody else
    signer: str | None  # the name in the signing certificate
    aigc: dict[str, str] | None  # GB 45438-2025 metadata as it stands in the file
    watermark_audio: Mark
    watermark_video: Mark
    consent_id: str | None
    consent_state: str | None  # "live", "expired" or "unknown"; None without a consent
    evidence: tuple[str, ...]  # sentences, the most important first

    def as_json(self) -> dict[str, object]:
        """The answer of ``verify --json``."""
        return {
            "verdict": self.verdict,
            "c2pa": {"state": self.c2pa_state, "signer": self.signer},
            "aigc": self.aigc,
            "watermark": {
                "audio": self.watermark_audio.as_json(),
                "video": self.watermark_video.as_json(),
            },
            "consent": {"id": self.consent_id, "state": self.consent_state},
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True)
class _Manifest:
    """The active manifest as c2pa-python read it."""

    state: Literal["trusted", "valid", "invalid", "absent"]
    signer: str | None
    assertions: dict[str, Any]
    reasons: tuple[str, ...]  # of an invalid one, C2PA's failure codes


def verify_file(
    path: str | Path, keys: Path | None = None, *, now: datetime.datetime | None = None
) -> Verification:
    """Read everything a file says about itself, and check it.

    Nothing is fetched from the network.

    Parameters
    ----------
    path
        Any file.
    keys
        Folder of this installation's keys; without it nothing counts as made here.
    now
        The time to judge the consent at; the present when left out.

    Raises
    ------
    VivantError
        ``no-file`` or ``unreadable-file``. A file that says nothing, or is no media at all, is an
        answer and not an error.
    """
    path = Path(path)
    _check_readable(path)
    root = root_certificate(keys) if keys is not None else None
    manifest = _read_manifest(path, root)
    evidence: list[str] = []
    aigc, aigc_text = _aigc_evidence(path)
    consent_id = consent_state = None
    verdict: Verdict
    if path.stat().st_size == 0:
        verdict = "no-evidence"
        evidence.append("The file holds no data (0 bytes).")
    elif manifest.state == "absent":
        verdict = "no-evidence"
        evidence.append(
            "There is no C2PA manifest in it. That proves nothing either way: copying a file "
            "through many programs and platforms removes manifests."
        )
    elif manifest.state == "invalid":
        verdict = "altered"
        evidence.append(
            "It carries a C2PA manifest that does not fit: the file was changed or damaged after "
            f"it was signed ({', '.join(manifest.reasons)})."
        )
    else:
        verdict = "made-here" if manifest.state == "trusted" else "made-elsewhere"
        evidence += _signed_evidence(manifest, root)
        consent_id, consent_state, told = _consent_evidence(manifest, now)
        evidence += told
        signed_label = (_assertion(manifest, LABEL) or {}).get("aigc")
        if signed_label is not None and signed_label != aigc:
            verdict = "altered"
            evidence.insert(
                0,
                "Its AIGC metadata and its signed manifest contradict each other: somebody "
                "changed one of them.",
            )
    if aigc_text is not None:
        evidence.append(aigc_text)
    if aigc is not None and manifest.state == "absent":
        evidence.append("Nothing signed backs that claim; anybody could have written it.")
    evidence.append("Watermarks were not looked for: this version of Vivant has no detector yet.")
    return Verification(
        verdict=verdict,
        c2pa_state=manifest.state,
        signer=manifest.signer,
        aigc=aigc,
        watermark_audio=UNCHECKED,
        watermark_video=UNCHECKED,
        consent_id=consent_id,
        consent_state=consent_state,
        evidence=tuple(evidence),
    )


def _check_readable(path: Path) -> None:
    try:
        if path.is_dir():
            raise VivantError(
                "no-file", f"{path}: is a folder, not a file.", "Give a file.", file=path
            )
        with open(path, "rb") as opened:
            opened.read(1)
    except FileNotFoundError as error:
        raise VivantError(
            "no-file", f"{path}: there is no such file.", "Check the path.", file=path
        ) from error
    except OSError as error:
        raise VivantError(
            "unreadable-file",
            f"{path}: cannot be read ({error.strerror}).",
            "Check that you may read it, and that the disk is well.",
            file=path,
        ) from error


def media_type(path: Path) -> str:
    """What kind of file it is, by its first bytes, or by its name where they do not tell."""
    with open(path, "rb") as opened:
        head = opened.read(16)
    for at, magic, kind in MAGIC:
        if head[at : at + len(magic)] == magic:
            return kind
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _read_manifest(path: Path, root: str | None) -> _Manifest:
    absent = _Manifest("absent", None, {}, ())
    settings: dict[str, Any] = {
        # Reading a stranger's file must not call the addresses it names.
        "verify": {
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        }
    }
    if root is not None:
        settings["trust"] = {"trust_anchors": root}
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    try:
        with (
            open(path, "rb") as opened,
            c2pa.Reader(media_type(path), opened, context=context) as reader,
        ):
            state = reader.get_validation_state()
            store = json.loads(reader.json())
    except c2pa.C2paError as error:
        # c2pa gives up in many ways on a damaged manifest, and on files that never had one.
        if _has_jumbf(path):
            return _Manifest("invalid", None, {}, (str(error).strip(" :"),))
        return absent
    results = store.get("validation_results", {}).get("activeManifest", {})
    failures = tuple(sorted({str(each["code"]) for each in results.get("failure", [])}))
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature = active.get("signature_info", {})
    signer = signature.get("common_name") or signature.get("issuer")
    assertions = {each["label"]: each.get("data") for each in active.get("assertions", [])}
    if state == "Trusted":
        return _Manifest("trusted", signer, assertions, ())
    if state == "Valid":
        return _Manifest("valid", signer, assertions, ())
    return _Manifest("invalid", None, {}, failures or ("not valid",))


def _has_jumbf(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    with (
        open(path, "rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return JUMBF_BOX.search(content) is not None


def _assertion(manifest: _Manifest, label: str) -> dict[str, Any] | None:
    data = manifest.assertions.get(label)
    return data if isinstance(data, dict) else None


def _signed_evidence(manifest: _Manifest, root: str | None) -> list[str]:
    if manifest.state == "trusted":
        evidence = [
            "It carries an intact C2PA manifest, signed by this installation "
            f"({manifest.signer}): pictures, sound and metadata are as they were released here."
        ]
    else:
        here = "" if root else ", and this installation has no keys to compare with"
        evidence = [
            f"It carries an intact C2PA manifest, signed by {manifest.signer or 'somebody'}, "
            f"which is not this installation{here}. Whether that name is true was not checked."
        ]
    actions = _assertion(manifest, "c2pa.actions.v2") or _assertion(manifest, "c2pa.actions") or {}
    for action in actions.get("actions", []):
        kind = str(action.get("digitalSourceType", "")).removeprefix(SOURCE_TYPES)
        if kind == "trainedAlgorithmicMedia":
            evidence.append("Its signer says that trained models made all of it.")
        elif kind == "compositeWithTrainedAlgorithmicMedia":
            evidence.append(
                "Its signer says that it is put together from real recordings and parts that "
                "trained models made."
            )
        elif kind:
            evidence.append(f"Its signer says how it came to be: {kind}.")
    render = _assertion(manifest, RENDER)
    if render is not None:
        voice = f"the {render.get('voice_kind')} voice {render.get('voice')}"
        if render.get("voice_kind") == "recording":
            voice = "a recording"
        style = f"in the style {render.get('style')}" if render.get("style") else "as sound alone"
        evidence.append(f"The avatar {render.get('avatar')} speaks {style}, with {voice}.")
        evidence += [str(notice) for notice in render.get("notices") or []]
    return evidence


def _consent_evidence(
    manifest: _Manifest, now: datetime.datetime | None
) -> tuple[str | None, str | None, list[str]]:
    """Consent id, how it stands, and what to say about it."""
    consent = _assertion(manifest, CONSENT)
    if consent is None or not isinstance(consent.get("id"), str):
        return None, None, []
    state = "unknown"
    if isinstance(consent.get("expires"), str):
        try:
            expires = datetime.datetime.fromisoformat(consent["expires"])
            live = (now or datetime.datetime.now(datetime.UTC)) < expires
            state = "live" if live else "expired"
        except (ValueError, TypeError):
            state = "unknown"
    told = [
        f"It names the consent {consent['id']} of {consent.get('person')}, given to "
        f"{consent.get('owner')} for the purpose {consent.get('purpose')}"
        + {
            "live": "; by its date that consent is still live.",
            "expired": "; that consent has expired since.",
            "unknown": "; until when is not said.",
        }[state]
    ]
    if consent.get("evaluation") is True:
        told.append(
            "It was made for EVALUATION: the person did not sign, and it must not be published."
        )
    return consent["id"], state, told


def _aigc_evidence(path: Path) -> tuple[dict[str, str] | None, str | None]:
    try:
        label = read_aigc(path)
    except VivantError as error:
        if error.code != "aigc-malformed":
            raise
        return None, "It carries AIGC metadata that is not in the form of GB 45438-2025."
    if label is None:
        return None, None
    words = {GENERATED: "is", "2": "may be", "3": "is suspected to be"}
    producer = label.get("ContentProducer") or "nobody it names"
    return label, (
        f"Its AIGC metadata (GB 45438-2025) claims that it "
        f"{words.get(label.get('Label', ''), 'may be')} AI-generated, made by {producer}, "
        f"number {label.get('ProduceID') or 'not given'}."
    )
