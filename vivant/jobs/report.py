"""An avatar's report: what the judges measured on clips the training never saw."""

from __future__ import annotations

import base64
import html
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivant.jobs.home import Avatar
from vivant.media.files import read_json, write_bytes


@dataclass(frozen=True)
class Figure:
    """One measured figure, with what it means to a reader."""

    part: str  # "voice" or "face"
    key: str
    name: str
    unit: str
    meaning: str


FIGURES = (
    Figure(
        "voice", "speaker_similarity", "Speaker similarity", "",
        "How alike the made voice and held-out recordings sound to the first judge (CAM++ "
        "embedding): 1 is the same, about 0.3 a stranger of the same sex.",
    ),
    Figure(
        "voice", "self_similarity", "The person's own similarity", "",
        "How alike the person's recordings are among themselves: the ceiling of the line above.",
    ),
    Figure(
        "voice", "second_similarity", "Speaker similarity, second judge", "",
        "The same question put to an independent judge (GE2E embedding); both must agree.",
    ),
    Figure(
        "voice", "second_self_similarity", "The person's own, second judge", "",
        "The second judge's ceiling.",
    ),
    Figure(
        "voice", "phoneme_error_rate", "Phoneme error rate", "",
        "Share of speech sounds a recogniser hears wrongly in the made voice: lower is clearer.",
    ),
    Figure(
        "voice", "recording_phoneme_error_rate", "Phoneme error rate of the recordings", "",
        "The same for the person's own recordings: what the recogniser itself gets wrong.",
    ),
    Figure(
        "voice", "base_phoneme_error_rate", "Phoneme error rate of the base voice", "",
        "The same for the voice that training started from, on the same text.",
    ),
    Figure(
        "voice", "mos", "Estimated quality", "of 5",
        "What listeners would probably answer (distilMOS); compare it with the recordings' own.",
    ),
    Figure(
        "voice", "recording_mos", "Estimated quality of the recordings", "of 5",
        "The same for the recordings: room and microphone are in it.",
    ),
    Figure(
        "face", "psnr_db", "Mouth PSNR", "dB",
        "How close the drawn mouth is to the true one, pixel by pixel: higher is nearer.",
    ),
    Figure(
        "face", "closed_psnr_db", "Mouth PSNR, never opening", "dB",
        "The same for a mouth that stays shut: what the line above must beat.",
    ),
    Figure(
        "face", "ssim", "Mouth SSIM", "",
        "How alike the fine structure is: 1 is the same picture.",
    ),
    Figure(
        "face", "lmd_px", "Lip landmark distance", "px",
        "How far the lips are from the true ones, on a picture 160 pixels wide; below 1 is close.",
    ),
    Figure(
        "face", "closed_lmd_px", "Lip landmark distance, never opening", "px",
        "The same for a mouth that stays shut.",
    ),
    Figure(
        "face", "opening_correlation", "Mouth follows the sound", "",
        "Correlation of the drawn mouth's opening with the true one's: 1 is in step.",
    ),
    Figure(
        "face", "sharpness_ratio", "Sharpness", "of truth",
        "Detail in the drawn mouth against the footage: 1 is as sharp.",
    ),
    Figure(
        "face", "silence_motion_px", "Lip motion in silence", "px",
        "How much the lips move a frame when nothing is said.",
    ),
    Figure(
        "face", "truth_silence_motion_px", "The person's own motion in silence", "px",
        "The same in the footage.",
    ),
    Figure(
        "face", "sync_offset_ms", "Lip sync offset", "ms",
        "How late (+) or early (−) the lips are; within 40 nobody notices.",
    ),
)  # fmt: skip


def read_report(avatar: Avatar) -> dict[str, Any]:
    """The report that was written when the avatar was made."""
    report: dict[str, Any] = read_json(avatar.folder / "report" / "report.json")
    return report


def rows(report: dict[str, Any]) -> list[tuple[Figure, float]]:
    """The figures a report holds, in reading order."""
    return [
        (figure, report[figure.part][figure.key])
        for figure in FIGURES
        if isinstance(report[figure.part].get(figure.key), int | float)
    ]


CHANGED = ("psnr_db", "ssim", "lmd_px", "opening_correlation", "sync_offset_ms")


def changed_voices(report: dict[str, Any]) -> list[tuple[str, list[float]]]:
    """Each changed voice with its figures, in the order of `CHANGED`."""
    return [
        (name, [found[key] for key in CHANGED])
        for name, found in report["face"].get("changed_voices", {}).items()
    ]


def report_text(avatar: Avatar, report: dict[str, Any]) -> str:
    """The report for a terminal."""
    record = avatar.record
    lines = [f"{record.name}: {record.person}, {record.voice_kind} voice, tier {record.tier}"]
    if record.evaluation:
        lines.append("EVALUATION: made from research recordings; everything it says is stamped so.")
    for figure, value in rows(report):
        lines.append(f"  {figure.name:<40} {value:>8.3f} {figure.unit:<8} {figure.meaning}")
    lines.append(
        "  The mouth when the same is said in another voice: PSNR, SSIM, lips px, follows, ms"
    )
    for name, values in changed_voices(report):
        lines.append(f"    {name:<38} " + " ".join(f"{value:>8.3f}" for value in values))
    gate = report["gate"]
    lines.append("gate: " + ("passed" if gate["passed"] else "not passed"))
    lines += [f"  {reason}" for reason in gate["reasons"]]
    return "\n".join(lines)


def write_report_page(avatar: Avatar, report: dict[str, Any], path: Path) -> None:
    """Write the report as one HTML file with its pictures and sounds inside."""
    record, folder = avatar.record, avatar.folder / "report"
    gate = report["gate"]
    verdict = "Passed" if gate["passed"] else "Not passed"
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in gate["reasons"])
    stamp = '<p class="stamp">EVALUATION</p>' if record.evaluation else ""
    table = "".join(
        f"<tr><th>{html.escape(figure.name)}</th><td>{value:.3f} {figure.unit}</td>"
        f"<td>{html.escape(figure.meaning)}</td></tr>"
        for figure, value in rows(report)
    )
    changed = "".join(
        f"<tr><th>{html.escape(name)}</th>"
        + "".join(f"<td>{value:.3f}</td>" for value in values)
        + "</tr>"
        for name, values in changed_voices(report)
    )
    media = "".join(
        _figure(folder / part / item["file"], item["caption"])
        for part in ("face", "voice")
        for item in report[part].get("pictures", [])
    )
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(record.name)}: report</title>
<style>{STYLE}</style></head><body>
<h1>{html.escape(record.name)}</h1>{stamp}
<p>{html.escape(record.person)}, made {html.escape(record.created)} under consent
<code>{html.escape(record.consent_id)}</code>. Everything below was measured on clips and sentences
that the training never saw. Faces and voices here are machine-made copies or the recordings they
are compared with, as each caption says.</p>
<p class="gate">{verdict}</p><ul>{reasons}</ul>
<table>{table}</table>
<h2>The mouth when the same is said in another voice</h2>
<table><tr><th>voice</th><th>PSNR, dB</th><th>SSIM</th><th>lips, px</th><th>follows</th>
<th>sync, ms</th></tr>{changed}</table>
{media}
</body></html>
"""
    write_bytes(path, page.encode())


STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8884}
td:nth-child(2){white-space:nowrap;font-variant-numeric:tabular-nums}
td:nth-child(3){font-size:.9em;opacity:.8}
figure{margin:1.5rem 0}
figure img,figure video{max-width:100%}
.gate{font-size:1.3rem;font-weight:600}
.stamp{display:inline-block;border:2px solid;padding:.1rem .6rem;font-weight:700}
"""


def _figure(path: Path, caption: str) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    data = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    words = html.escape(caption)
    if kind.startswith("image/"):
        shown = f'<img src="{data}" alt="{words}">'
    elif kind.startswith("video/"):
        shown = f'<video src="{data}" controls loop muted playsinline></video>'
    else:
        shown = f'<audio src="{data}" controls></audio>'
    return f"<figure>{shown}<figcaption>{words}</figcaption></figure>"
