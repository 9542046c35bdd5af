"""The C2PA manifest of a release: what it is, what it was made from, who allowed it.

C2PA Technical Specification 2.2 (actions, ingredients, hashes, signature), written by c2pa-python.
Nothing of the person is embedded: no thumbnail, and ingredients by hash only.
"""

from __future__ import annotations

import base64
import datetime
import re
from pathlib import Path

import c2pa

import vivant
from vivant.media.files import os_error
from vivant.release.provenance import Ingredient, Provenance
from vivant.release.signer import SigningKeys

CONSENT = "org.vivant.consent"
RENDER = "org.vivant.render"
LABEL = "org.vivant.label"

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC digital source types, the vocabulary C2PA uses to say how something came to be."""


def source_type(provenance: Provenance) -> str:
    """How the release came to be, as an IPTC digital source type.

    A real person's footage or a real recording with generated parts is a composite; what a model
    made alone, a drawn style or a synthetic voice, is trained algorithmic media.
    """
    real = provenance.style == "2d-real" or provenance.drive == "recording"
    name = "compositeWithTrainedAlgorithmicMedia" if real else "trainedAlgorithmicMedia"
    return SOURCE_TYPES + name


def manifest(
    provenance: Provenance,
    *,
    media_type: str,
    produce_id: str,
    label: dict[str, object],
) -> dict[str, object]:
    """The manifest definition.

    Parameters
    ----------
    provenance
        What there is to say.
    media_type
        ``"video/mp4"`` or ``"audio/wav"``.
    produce_id
        The release's number, the same as in its AIGC metadata.
    label
        What the label assertion says: the visible texts and the AIGC fields.
    """
    agent = {"name": "Vivant", "version": vivant.__version__}
    ingredients = [
        _ingredient(each, _placed(each, provenance), f"ingredient-{number}")
        for number, each in enumerate(provenance.ingredients, 1)
    ]
    placed = [each["label"] for each in ingredients if each["relationship"] == "componentOf"]
    inputs = [each["label"] for each in ingredients if each["relationship"] == "inputTo"]
    created: dict[str, object] = {
        "action": "c2pa.created",
        "digitalSourceType": source_type(provenance),
        "softwareAgent": agent,
    }
    if inputs:
        created["parameters"] = {"ingredientIds": inputs}
    actions = [created]
    if placed:
        actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": placed}})
    expires = provenance.consent_expires
    return {
        "claim_generator_info": [agent],
        "title": produce_id,
        "format": media_type,
        "ingredients": ingredients,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {
                "label": CONSENT,
                "data": {
                    "id": provenance.consent_id,
                    "sha256": provenance.consent_sha256,
                    "person": provenance.person,
                    "owner": provenance.owner,
                    "purpose": provenance.purpose,
                    "evaluation": provenance.evaluation,
                    "expires": expires.astimezone(datetime.UTC).isoformat() if expires else None,
                },
            },
            {
                "label": RENDER,
                "data": {
                    "avatar": provenance.avatar,
                    "avatar_id": provenance.avatar_id,
                    "style": provenance.style,
                    "voice": provenance.voice,
                    "voice_kind": provenance.voice_kind,
                    "drive": provenance.drive,
                    "language": provenance.language,
                    "notices": list(provenance.notices),
                },
            },
            {"label": LABEL, "data": label},
        ],
    }


def sign_file(source: Path, signed: Path, definition: dict[str, object], keys: SigningKeys) -> None:
    """Write `source` with its manifest to `signed`.

    Raises
    ------
    VivantError
        ``disk-full`` or ``not-writable``.
    """
    settings = {
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    info = c2pa.C2paSignerInfo(
        c2pa.C2paSigningAlg.ES256, keys.chain_pem.encode(), keys.key_pem.encode(), None
    )
    try:
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(definition, context=context) as builder,
            open(source, "rb") as reading,
            open(signed, "w+b") as writing,
        ):
            builder.sign(signer, str(definition["format"]), reading, writing)
    except OSError as error:
        raise os_error(error, signed) from error
    except c2pa.C2paError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise os_error(OSError(int(number[1]), str(error)), signed) from error


def _placed(ingredient: Ingredient, provenance: Provenance) -> bool:
    """Whether parts of it can be seen or heard in the release, or it only taught a model."""
    if ingredient.kind == "footage":
        return provenance.style == "2d-real"
    return ingredient.kind == "recording"


def _ingredient(ingredient: Ingredient, placed: bool, label: str) -> dict[str, str]:
    digest = base64.urlsafe_b64encode(bytes.fromhex(ingredient.sha256)).rstrip(b"=").decode()
    return {
        "title": f"{ingredient.kind} (not included)",
        "relationship": "componentOf" if placed else "inputTo",
        # RFC 6920 names a thing by its hash: whoever holds the footage can prove that it is meant.
        "instance_id": f"ni:///sha-256;{digest}",
        "description": f"SHA-256 {ingredient.sha256}",
        "label": label,
    }
