"""What a release says about itself, as plain data: who, under which consent, from what, how."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Ingredient:
    """Something a release was made from. Only its hash is ever published, not its name."""

    title: str  # for people on this machine; never leaves it
    sha256: str  # hexadecimal, of the file
    kind: Literal["footage", "sentences", "recording"]  # recording: the sound that drives it


@dataclass(frozen=True)
class Provenance:
    """Everything the label, the metadata and the manifest of one release need to know."""

    avatar: str  # its name
    avatar_id: str
    person: str  # whose likeness it is
    owner: str  # who may use it
    consent_id: str
    consent_sha256: str  # of the signed consent file
    purpose: str  # one of `vivant.consent.PURPOSES`
    evaluation: bool  # stamp it EVALUATION
    style: str | None  # "2d-real" and so on; None for sound alone
    voice: str  # the voice's name
    voice_kind: str  # "personal", "stock" or "recording"
    drive: Literal["text", "recording"]
    language: str  # "en", "zh", "mixed"; "" when unknown
    notices: tuple[str, ...] = ()  # what a viewer should know: "a stock voice speaks"
    ingredients: tuple[Ingredient, ...] = ()
    consent_expires: datetime.datetime | None = None  # lets `verify` tell whether it is still live
