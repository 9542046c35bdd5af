"""`vivant check --html`: one page a person can read, with pictures of what is wrong."""

from __future__ import annotations

import base64
import contextlib
import html
from pathlib import Path

import cv2
import numpy as np

from vivant.capture.findings import CheckReport, Finding
from vivant.errors import VivantError
from vivant.media.files import write_bytes
from vivant.media.video import FPS, probe, read_frames

THUMB_WIDTH = 240
STRIP = (-0.4, 0.0, 0.4)  # seconds around a finding
PICTURES = 60  # at most so many findings get pictures: the page stays a few megabytes

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #c22; --warn: #b70; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.verdict { padding: .8rem 1rem; border-radius: .5rem; background: var(--soft);
  border-left: .4rem solid #2a7; }
.verdict.no { border-color: var(--bad); }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: .7rem 0;
  border-left: .4rem solid var(--warn); }
article.error { border-left-color: var(--bad); }
article p { margin: .2rem 0; overflow-wrap: anywhere; }
.fix { font-weight: 600; }
.code { font: .8rem ui-monospace, monospace; opacity: .7; }
.strip { display: flex; gap: .4rem; flex-wrap: wrap; margin-top: .6rem; }
figure { margin: 0; } figcaption { font-size: .75rem; opacity: .7; text-align: center; }
img { display: block; max-width: 100%; border-radius: .25rem; }
.here { outline: 3px solid var(--bad); outline-offset: -3px; }
"""


def write_page(report: CheckReport, path: str | Path) -> None:
    """Write the report as one self-contained HTML file.

    Raises
    ------
    VivantError
        ``disk-full`` or ``not-writable``.
    """
    write_bytes(path, page(report).encode())


def page(report: CheckReport) -> str:
    """The report as an HTML document, thumbnails embedded."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    warnings = [finding for finding in report.findings if finding.severity == "warning"]
    if errors:
        verdict = f"Not ready: {_count(len(errors), 'thing')} must be put right first."
    elif warnings:
        verdict = f"Ready to train. {_count(len(warnings), 'thing')} could be better."
    else:
        verdict = "Ready to train. Nothing was found wrong."
    amount = []
    if report.videos:
        amount.append(f"{_length(report.seconds)} of video in {_count(len(report.videos), 'file')}")
    if report.sentences:
        amount.append(_count(report.sentences, "sentence"))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>Vivant check</title><style>{_STYLE}</style>",
        "<h1>Check of your recordings</h1>",
        f"<p>{html.escape(', '.join(amount) or 'nothing could be read')}</p>",
        f'<p class="verdict{" no" if errors else ""}">{html.escape(verdict)}</p>',
    ]
    left = PICTURES
    for title, group in (("To put right", errors), ("Could be better", warnings)):
        if not group:
            continue
        parts.append(f"<h2>{title}</h2>")
        for finding in group:
            strip = _strip(finding) if left > 0 else ""
            left -= bool(strip)
            parts.append(
                f'<article class="{finding.severity}"><p>{html.escape(finding.message)}</p>'
                f"<p class=fix>{html.escape(finding.fix)}</p><p class=code>{finding.code}</p>"
                f"{strip}</article>"
            )
    return "\n".join(parts) + "\n"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _strip(finding: Finding) -> str:
    """Three pictures around a finding's second; empty for what no picture shows."""
    if finding.at_s is None:
        return ""
    shown = []
    for offset in STRIP:
        second = max(0.0, finding.at_s + offset)
        rgb = thumbnail(finding.file, second)
        if rgb is not None:
            shown.append((second, offset == 0, rgb))
    figures = "".join(
        f'<figure><img class="{"here" if here else ""}" width={rgb.shape[1]} '
        f'height={rgb.shape[0]} alt="the picture at {second:.1f} s" src="{data_uri(rgb)}">'
        f"<figcaption>{second:.1f} s</figcaption></figure>"
        for second, here, rgb in shown
    )
    return f"<div class=strip>{figures}</div>" if figures else ""


def thumbnail(path: str | Path, second: float) -> np.ndarray | None:
    """A small upright picture of a video at a second, or None where there is none to show."""
    with contextlib.suppress(VivantError):
        info = probe(path)
        if info.video is None:
            return None
        # The longer side such that the width comes out as THUMB_WIDTH.
        side = round(THUMB_WIDTH * max(1.0, info.video.height / info.video.width))
        for frame in read_frames(path, start_s=second, end_s=second + 2 / FPS, max_side=side):
            return frame.rgb
    return None


def data_uri(rgb: np.ndarray) -> str:
    """A picture as a JPEG that sits inside the page."""
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80]
    )
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
