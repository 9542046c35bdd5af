"""Weights and data that live inside registry packages, checked by SHA-256 before use.

Every third-party file the program loads is named in `ASSETS` once, with the package that carries
it, so that a vanished or altered package gives one clear error.
"""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from vivant.errors import VivantError
from vivant.media.files import sha256_file


@dataclass(frozen=True)
class Asset:
    """One file inside an installed package."""

    package: str  # distribution name on the registry
    version: str
    path: str  # inside site-packages
    sha256: str
    licence: str
    extra: str = ""  # the Vivant extra that brings it: "" or "train"


ASSETS: dict[str, Asset] = {}


@functools.cache
def asset_path(name: str) -> Path:
    """Path of a checked asset.

    Raises
    ------
    VivantError
        ``asset-missing`` or ``asset-altered``.
    """
    asset = ASSETS[name]
    want = f"{asset.package}=={asset.version}"
    fix = f"Install {want}" + (f" (it comes with vivant[{asset.extra}])." if asset.extra else ".")
    try:
        path = Path(str(importlib.metadata.distribution(asset.package).locate_file(asset.path)))
    except importlib.metadata.PackageNotFoundError as error:
        raise VivantError("asset-missing", f"The package {want} is not installed.", fix) from error
    if not path.is_file():
        raise VivantError("asset-missing", f"{path} is missing from {want}.", fix, file=path)
    if sha256_file(path) != asset.sha256:
        raise VivantError(
            "asset-altered", f"{path} is not the file that {want} carries.", fix, file=path
        )
    return path
