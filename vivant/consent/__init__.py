"""Consent: the person's signed statement of who may use what, for which purposes, until when.

Nothing is trained, rendered or released without one (see ``docs/consent.md``).
"""

from vivant.consent.signing import (
    Consent,
    load_key,
    new_key,
    permit,
    read_statement,
    sign,
    sign_file,
    standing,
    thumbprint,
    verify,
)
from vivant.consent.statement import (
    EVALUATION,
    LANGUAGES,
    PURPOSES,
    Statement,
    new_statement,
    statement_text,
    write_statement,
)

__all__ = [
    "EVALUATION",
    "LANGUAGES",
    "PURPOSES",
    "Consent",
    "Statement",
    "load_key",
    "new_key",
    "new_statement",
    "permit",
    "read_statement",
    "sign",
    "sign_file",
    "standing",
    "statement_text",
    "thumbprint",
    "verify",
    "write_statement",
]
