"""`vivant check --html`: one page a person can read, with pictures of what is wrong."""

from __future__ import annotations

import base64
import contextlib
import html
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vivant.capture.findings import CheckReport, Finding
from vivant.capture.thresholds import FOOTAGE, SENTENCES, SOUND
from vivant.errors import VivantError
from vivant.media.audio import read_audio
from vivant.media.files import write_bytes
from vivant.media.video import FPS, probe, read_frames

THUMB_WIDTH = 220
STRIP = (-0.4, 0.0, 0.4)  # seconds around a finding
PICTURES = 60  # at most so many findings get pictures: the page stays a few megabytes
PLACES = 8  # of one kind are shown in full; the rest are counted
WAVE_S, WAVE_RATE = 4.0, 8000  # of sound drawn around a finding
HEARD = frozenset(row.code for row in (*SOUND, *SENTENCES))  # findings a picture says nothing about

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #d33; --warn: #d08a1d;
  --good: #2a7; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; display: flex; gap: .6rem; align-items: baseline; }
.amount { margin: .2rem 0 1rem; opacity: .75; }
.verdict { padding: .8rem 1rem; border-radius: .5rem; background: var(--soft);
  border-left: .4rem solid var(--good); font-weight: 600; }
.verdict.no { border-color: var(--bad); }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: .8rem 0;
  border-left: .4rem solid var(--warn); }
article.error { border-left-color: var(--bad); }
article p { margin: .2rem 0; overflow-wrap: anywhere; }
.fix::before { content: "→ "; }
.code { font: .78rem ui-monospace, monospace; opacity: .6; font-weight: 400; }
.place { border-top: 1px solid var(--line); margin-top: .7rem; padding-top: .6rem; }
.file { font-weight: 600; }
.more { opacity: .75; }
.strip { display: flex; gap: .5rem; flex-wrap: wrap; margin-top: .5rem; }
figure { margin: 0; } figcaption { font-size: .75rem; opacity: .7; text-align: center; }
img { display: block; max-width: 100%; border-radius: .25rem; }
.here { outline: 3px solid var(--bad); outline-offset: -3px; }
svg + figcaption { text-align: left; }
svg { display: block; width: 100%; max-width: 43rem; height: 4.5rem; margin-top: .5rem;
  background: var(--soft); border-radius: .25rem; }
.fine { columns: 2; column-gap: 2rem; padding: 0; list-style: none; font-size: .92rem; }
.fine li::before { content: "✓ "; color: var(--good); font-weight: 700; }
@media (max-width: 40rem) { .fine { columns: 1; } }
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
    """The report as an HTML document: pictures and waveforms of each place are embedded."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    warnings = [finding for finding in report.findings if finding.severity == "warning"]
    if errors:
        verdict = f"Not ready: {_count(_kinds(errors), 'thing')} must be put right first."
    elif warnings:
        verdict = f"Ready to train. {_count(_kinds(warnings), 'thing')} could be better."
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
        f"<p class=amount>{html.escape(', '.join(amount) or 'nothing could be read')}</p>",
        f'<p class="verdict{" no" if errors else ""}">{html.escape(verdict)}</p>',
    ]
    left = PICTURES
    for title, group in (("To put right", errors), ("Could be better", warnings)):
        if not group:
            continue
        parts.append(f"<h2>{title}</h2>")
        for code in dict.fromkeys(finding.code for finding in group):
            places = [finding for finding in group if finding.code == code]
            article, used = _article(places, left)
            left -= used
            parts.append(article)
    parts.append(_fine(report))
    return "\n".join(parts) + "\n"


def _kinds(findings: Sequence[Finding]) -> int:
    return len({finding.code for finding in findings})


def _article(findings: Sequence[Finding], pictures: int) -> tuple[str, int]:
    """All findings of one code, and how many of them got pictures."""
    first = findings[0]
    parts = [
        f'<article class="{first.severity}"><h3>{_title(first.code)} '
        f"<span class=code>{first.code}</span></h3>",
        f"<p class=fix>{html.escape(first.fix)}</p>",
    ]
    used = 0
    for finding in findings[:PLACES]:
        shown = _shown(finding) if used < pictures else ""
        used += bool(shown)
        what = finding.message.removeprefix(f"{finding.file}: ").removeprefix(f"{finding.file}")
        parts.append(
            f'<div class=place><p><span class=file title="{html.escape(finding.file)}">'
            f"{html.escape(Path(finding.file).name)}</span>: {html.escape(what.lstrip())}</p>"
            f"{shown}</div>"
        )
    if len(findings) > PLACES:
        rest = sorted({Path(finding.file).name for finding in findings[PLACES:]})
        names = ", ".join(rest[:20]) + (" …" if len(rest) > 20 else "")
        parts.append(
            f'<p class="place more">and {len(findings) - PLACES} more: {html.escape(names)}</p>'
        )
    return "\n".join([*parts, "</article>"]), used


def _fine(report: CheckReport) -> str:
    """What was looked at and found good, so that a short page does not look like a lazy one."""
    found = {finding.code for finding in report.findings}
    groups = [FOOTAGE, SOUND] if report.videos else [SOUND]
    if report.sentences:
        groups.append(SENTENCES)
    if not (report.videos or report.sentences) or report.seconds <= 0:
        return ""
    rows = [row for group in groups for row in group if row.code not in found]
    items = "".join(f"<li>{html.escape(row.what)}</li>" for row in rows)
    return f"<h2>Looked at, and fine</h2><ul class=fine>{items}</ul>"


def _title(code: str) -> str:
    return html.escape(code.replace("-", " ").capitalize())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _shown(finding: Finding) -> str:
    """What can be seen at a finding's second: three pictures, or the sound's waveform."""
    if finding.at_s is None:
        return ""
    return waveform(finding.file, finding.at_s) if finding.code in HEARD else _strip(finding)


def _strip(finding: Finding) -> str:
    assert finding.at_s is not None
    shown: dict[float, np.ndarray] = {}
    for offset in STRIP:
        second = round(max(0.0, finding.at_s + offset), 2)
        rgb = None if second in shown else thumbnail(finding.file, second)
        if rgb is not None:
            shown[second] = rgb
    here = round(max(0.0, finding.at_s), 2)
    figures = "".join(
        f'<figure><img class="{"here" if second == here else ""}" width={rgb.shape[1]} '
        f'height={rgb.shape[0]} alt="the picture at {second:.1f} s" src="{data_uri(rgb)}">'
        f"<figcaption>{second:.1f} s</figcaption></figure>"
        for second, rgb in shown.items()
    )
    return f"<div class=strip>{figures}</div>" if figures else ""


def waveform(path: str | Path, second: float) -> str:
    """An SVG of the sound around a second, which is marked; empty where there is none."""
    try:
        wave = read_audio(path, WAVE_RATE)
    except VivantError:
        return ""
    start = max(0.0, min(second - WAVE_S / 2, len(wave) / WAVE_RATE - WAVE_S))
    piece = wave[round(start * WAVE_RATE) : round((start + WAVE_S) * WAVE_RATE)]
    if len(piece) < 100:
        return ""
    edges = np.linspace(0, len(piece), 401).astype(int)
    tops = np.maximum.reduceat(np.abs(piece), edges[:-1])
    bars = "".join(f"M{x} {50 - 48 * top:.1f}V{50 + 48 * top:.1f}" for x, top in enumerate(tops))
    mark = 400 * (second - start) / (len(piece) / WAVE_RATE)
    return (
        f'<svg viewBox="0 0 400 100" preserveAspectRatio=none role=img aria-label="the sound '
        f'around {second:.1f} s"><path d="M0 2H400M0 98H400" stroke="#8886" stroke-width=.5 />'
        f'<path d="{bars}" stroke=currentColor stroke-width=.8 opacity=.75 />'
        f'<path d="M{mark:.1f} 0V100" stroke="#d33" stroke-width=1.2 /></svg>'
        f"<figcaption>{start:.1f} to {start + len(piece) / WAVE_RATE:.1f} s, marked at "
        f"{second:.1f} s</figcaption>"
    )


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
