"""From what `vivant.capture.pictures` measured to findings about the footage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from vivant.capture.findings import Finding, Severity, Span
from vivant.capture.people import distances
from vivant.capture.pictures import STRIDE, FootageScan
from vivant.capture.thresholds import (
    CUT_RATIO,
    CUT_STEP,
    EYE_OPEN_MIN,
    IRIS_DARK_MIN,
    LIP_RED_MIN,
    MOUTH_LINE_MIN,
    OWN_RED_SHARE,
    REPEAT_SHARE,
    REST_OPENING,
    STILL,
    STILL_SHARE,
    THRESHOLDS,
    TINT_MAX,
    TURNED_DEG,
)
from vivant.media.video import FPS

STEP_S = STRIDE / FPS  # between two samples


def judge_footage(scans: Sequence[FootageScan]) -> tuple[list[Finding], list[Span]]:
    """Findings about all footage together, and the stretches that cannot be used."""
    findings: list[Finding] = []
    spans: list[Span] = []
    total = sum(scan.seconds for scan in scans)
    redness = usual_redness(scans)

    def share(
        code: str,
        bad: Callable[[FootageScan], np.ndarray],
        words: str,
        fix: str,
        *,
        spoils: bool = True,
    ) -> None:
        flags = [bad(scan) for scan in scans]
        percent = 100 * sum(int(flag.sum()) for flag in flags) * STEP_S / max(total, STEP_S)
        runs = [
            (scan, start, end)
            for scan, flag in zip(scans, flags, strict=True)
            for start, end in _runs(flag)
        ]
        limit = THRESHOLDS[code]
        severity = limit.severity(percent)
        if severity is None:
            return
        if spoils:
            spans.extend(
                Span(str(scan.path), max(0.0, (start - 1) * STEP_S), (end + 1) * STEP_S, code)
                for scan, start, end in runs
            )
        findings.extend(
            Finding(
                code,
                _severity(severity),
                str(scan.path),
                start * STEP_S,
                f"{scan.path}: {words} at {start * STEP_S:.1f} s "
                f"(for {(end - start) * STEP_S:.1f} s; {_percent(percent)} of all footage).",
                fix,
            )
            for scan, start, end in _longest_of_each(runs)
        )

    share(
        "no-face",
        lambda scan: ~scan.samples["found"],
        "no face can be seen",
        "Record with the face in view, uncovered and lit from the front; cut out what is not.",
    )
    share(
        "two-faces",
        lambda scan: _lasting(scan.samples["faces"] > 1, 2),
        "there is more than one face",
        "Record alone; take pictures of people and mirrors out of the background.",
    )
    share(
        "face-cut-off",
        lambda scan: scan.samples["found"] & ~scan.samples["inside"],
        "part of the face is outside the picture",
        "Sit so that the whole head and some space around it stay in the picture.",
    )
    share(
        "face-turned",
        lambda scan: (
            scan.samples["found"]
            & (np.maximum(np.abs(scan.samples["yaw"]), np.abs(scan.samples["pitch"])) > TURNED_DEG)
        ),
        f"the head is turned away or tilted by more than {TURNED_DEG:.0f}°",
        "Look into the camera; small natural movements are welcome.",
        spoils=False,
    )
    share(
        "mouth-covered",
        lambda scan: mouth_covered(scan.samples, redness),
        "something covers the mouth",
        "Keep hands, masks, microphones and cups away from the mouth; record this part again.",
    )
    findings += _length(scans, total, total - _seconds(spans))
    findings += _eyes(scans)
    findings += _same_face(scans, spans)
    findings += _picture(scans)
    findings += _motion(scans, total)
    spans += [
        Span(str(scan.path), (cut - 1) / FPS, (cut + 1) / FPS, "jump-cut")
        for scan in scans
        for cut in cuts(scan)
    ]
    findings += _rest(scans)
    return findings, spans


def usual_redness(scans: Sequence[FootageScan]) -> float:
    """How much redder than the skin this person's lips usually are (median CIELAB a*)."""
    red = np.concatenate([scan.samples["lip_red"][scan.samples["found"]] for scan in scans])
    return float(np.median(red)) if len(red) else 0.0


def mouth_covered(samples: np.ndarray, usual: float) -> np.ndarray:
    """Per sample, whether the place of the mouth does not look like one.

    Landmark models draw a plausible mouth on a hand or a mask. Lips are redder than the skin around
    them and meet in a dark line; without both there are none. Where this person's lips are plainly
    red, losing most of that is enough: fingers make dark lines, too.
    """
    pale = samples["lip_red"] < LIP_RED_MIN
    flat = samples["mouth_line"] < MOUTH_LINE_MIN
    cloth = samples["tint"] > TINT_MAX
    lost = (samples["lip_red"] < OWN_RED_SHARE * usual) & (usual >= 2 * LIP_RED_MIN)
    seen = samples["found"] & samples["inside"] & (np.abs(samples["yaw"]) < TURNED_DEG)
    return _lasting(seen & ((pale & (flat | cloth)) | lost), 2)


def _severity(word: str) -> Severity:
    return "error" if word == "error" else "warning"


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(start, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _lasting(flags: np.ndarray, least: int) -> np.ndarray:
    """Only runs of at least `least` samples."""
    out = np.zeros(len(flags), bool)
    for start, end in _runs(flags):
        if end - start >= least:
            out[start:end] = True
    return out


def _longest_of_each(
    runs: list[tuple[FootageScan, int, int]],
) -> list[tuple[FootageScan, int, int]]:
    """The longest run of each file: one finding a file is enough to go and look."""
    best: dict[Path, tuple[FootageScan, int, int]] = {}
    for run in runs:
        held = best.get(run[0].path)
        if held is None or run[2] - run[1] > held[2] - held[1]:
            best[run[0].path] = run
    return list(best.values())


def _seconds(spans: Sequence[Span]) -> float:
    """Length of all spans together, those that overlap counted once."""
    seconds = 0.0
    until: tuple[str, float] = ("", 0.0)
    for span in sorted(spans, key=lambda span: (span.file, span.start_s)):
        done = until[1] if until[0] == span.file else 0.0
        seconds += max(0.0, span.end_s - max(span.start_s, done))
        until = (span.file, max(span.end_s, done))
    return seconds


def _length(scans: Sequence[FootageScan], total: float, usable: float) -> list[Finding]:
    findings = []
    # A short film is called short, whatever else is wrong with it.
    word = THRESHOLDS["too-short"].severity(total if total < 30 else usable)
    if word is not None and scans:
        limit = THRESHOLDS["too-short"]
        files = "" if len(scans) == 1 else f" (and {len(scans) - 1} more)"
        part = f", {max(0.0, usable):.1f} s of it usable" if usable < total - 1 else ""
        findings.append(
            Finding(
                "too-short",
                _severity(word),
                str(scans[0].path),
                None,
                f"{scans[0].path}{files}: {total:.1f} s of footage in all{part}; "
                + (
                    f"at least {limit.error:.0f} s are needed."
                    if word == "error"
                    else f"{limit.warning:.0f} to 300 s are recommended."
                ),
                "Record 2 to 5 minutes of talking; several files add up.",
            )
        )
    findings += [
        Finding(
            "clip-too-short",
            "warning",
            str(scan.path),
            None,
            f"{scan.path}: lasts only {scan.seconds:.1f} s.",
            "Give longer clips, with a whole sentence each.",
        )
        for scan in scans
        if THRESHOLDS["clip-too-short"].severity(scan.seconds) and word != "error"
    ]
    for scan in scans:
        lost = scan.info.seconds - scan.seconds
        if THRESHOLDS["cut-short"].severity(100 * lost / max(scan.info.seconds, 1)) and lost > 0.5:
            findings.append(
                Finding(
                    "cut-short",
                    "warning",
                    str(scan.path),
                    scan.seconds,
                    f"{scan.path}: ends at {scan.seconds:.1f} s, though it says that it lasts "
                    f"{scan.info.seconds:.1f} s.",
                    "Copy or export the file again; this copy is not whole.",
                )
            )
    return findings


def _same_face(scans: Sequence[FootageScan], spans: Sequence[Span]) -> list[Finding]:
    """One finding for each file that shows another face than most of the footage does."""
    prints = [
        (scan, seen)
        for scan in scans
        for seen in scan.prints
        if not any(
            span.file == str(scan.path) and span.start_s <= seen.time_s <= span.end_s
            for span in spans
        )
    ]
    if len(prints) < 2:
        return []
    worst: dict[Path, tuple[float, float]] = {}
    away = distances([seen.vector for _, seen in prints])
    for (scan, seen), distance in zip(prints, away, strict=True):
        held = worst.get(scan.path)
        if held is None or distance > held[0]:
            worst[scan.path] = (float(distance), seen.time_s)
    findings = []
    for path, (distance, at) in worst.items():
        word = THRESHOLDS["other-face"].severity(distance)
        if word is not None:
            verb = "is not" if word == "error" else "may not be"
            findings.append(
                Finding(
                    "other-face",
                    _severity(word),
                    str(path),
                    at,
                    f"{path}: the face at {at:.1f} s {verb} the one of the other footage "
                    f"(distance {distance:.2f}; one person's faces have .4 and less).",
                    "Give footage of one person only.",
                )
            )
    return findings


def _eyes(scans: Sequence[FootageScan]) -> list[Finding]:
    findings = []
    for scan in scans:
        rows = scan.samples
        judged = (
            rows["found"]
            & rows["inside"]
            & (rows["eye_open"] > EYE_OPEN_MIN)
            & (np.abs(rows["yaw"]) < TURNED_DEG)
        )
        if judged.sum() < 5:
            continue
        hidden = judged & (rows["iris_dark"] < IRIS_DARK_MIN)
        percent = 100 * float(hidden.sum() / judged.sum())
        word = THRESHOLDS["eyes-covered"].severity(percent)
        if word is None:
            continue
        at = float(rows["time_s"][np.flatnonzero(hidden)[0]])
        findings.append(
            Finding(
                "eyes-covered",
                _severity(word),
                str(scan.path),
                at,
                f"{scan.path}: the eyes cannot be seen in {percent:.0f} % of this file, first at "
                f"{at:.1f} s.",
                "Take dark or mirroring glasses off and keep hair and hands away from the eyes.",
            )
        )
    return findings


def _picture(scans: Sequence[FootageScan]) -> list[Finding]:
    """Face size, sharpness and exposure, judged by the median of each file."""
    findings: list[Finding] = []

    def add(code: str, scan: FootageScan, value: float, at: float, words: str, fix: str) -> None:
        word = THRESHOLDS[code].severity(value)
        if word is not None:
            findings.append(
                Finding(
                    code,
                    _severity(word),
                    str(scan.path),
                    at,
                    f"{scan.path}: {words} (seen at {at:.1f} s).",
                    fix,
                )
            )

    for scan in scans:
        rows = scan.samples[scan.samples["found"]]
        assert scan.info.video is not None
        fps = pictures_a_second(scan)
        word = THRESHOLDS["low-frame-rate"].severity(fps)
        if word is not None:
            findings.append(
                Finding(
                    "low-frame-rate",
                    _severity(word),
                    str(scan.path),
                    None,
                    f"{scan.path}: has {fps:.1f} pictures a second.",
                    "Record with 25 pictures a second or more; more light helps a camera to.",
                )
            )
        if not len(rows):
            continue

        def typical(name: str, rows: np.ndarray = rows) -> tuple[float, float]:
            """Median and the second of the sample nearest to it."""
            value = float(np.median(rows[name]))
            return value, float(rows["time_s"][np.abs(rows[name] - value).argmin()])

        share, at = typical("width")
        pixels = share * scan.info.video.width
        add(
            "small-face",
            scan,
            pixels,
            at,
            f"the face is only {pixels:.0f} pixels wide",
            "Move closer or use a higher resolution: a third of the picture's width is good.",
        )
        detail, at = typical("detail")
        add(
            "blurred",
            scan,
            detail,
            at,
            f"the face is blurred (detail {detail:.2f}; sharp faces have .25 and more)",
            "Clean the lens, let the camera focus on the eyes, and add light.",
        )
        luma, at = typical("luma")
        add(
            "too-dark",
            scan,
            luma,
            at,
            f"the face is dark (brightness {luma:.0f} of 255)",
            "Put a lamp or a window in front of you, not behind.",
        )
        burnt, at = typical("burnt")
        add(
            "too-bright",
            scan,
            100 * burnt,
            at,
            f"{100 * burnt:.0f} % of the face is burnt out to white",
            "Lower the exposure or soften the light.",
        )
    return findings


def _motion(scans: Sequence[FootageScan], total: float) -> list[Finding]:
    """Frozen and repeated pictures, cuts, and a camera that moves."""
    findings: list[Finding] = []
    by_file = [(scan, cuts(scan)) for scan in scans]
    count = sum(len(found) for _, found in by_file)
    word = THRESHOLDS["jump-cut"].severity(60 * count / max(total, 30.0))
    if word is not None:
        findings += [
            Finding(
                "jump-cut",
                _severity(word),
                str(scan.path),
                found[0] / FPS,
                f"{scan.path}: the picture jumps at {_seconds_listed(found)}.",
                "Split the file there: cuts between files are fine, cuts inside one are not.",
            )
            for scan, found in by_file
            if found
        ]
    for scan in scans:
        # Re-encoding leaves a little change in a standing picture, so measure by the film's own.
        same = scan.change <= max(STILL, STILL_SHARE * float(np.median(scan.change)))
        same[0] = False
        runs = _runs(same)
        longest = max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
        held = (longest[1] - longest[0]) / FPS
        word = THRESHOLDS["frozen"].severity(held)
        if word is not None:
            findings.append(
                Finding(
                    "frozen",
                    _severity(word),
                    str(scan.path),
                    longest[0] / FPS,
                    f"{scan.path}: the picture stands still for {held:.1f} s from "
                    f"{longest[0] / FPS:.1f} s.",
                    "Close other programs while recording, or record to a faster disk.",
                )
            )
        repeats = np.flatnonzero(repeated(scan))
        percent = 100 * len(repeats) / max(1, len(same))
        word = THRESHOLDS["dropped-frames"].severity(percent)
        if word is not None and not THRESHOLDS["low-frame-rate"].severity(pictures_a_second(scan)):
            at = float(repeats[0]) / FPS
            findings.append(
                Finding(
                    "dropped-frames",
                    _severity(word),
                    str(scan.path),
                    at,
                    f"{scan.path}: {percent:.0f} % of the pictures repeat the one before, first "
                    f"at {at:.1f} s.",
                    "Record with a constant 25 or 30 pictures a second.",
                )
            )
        findings += _camera(scan)
    return findings


def _seconds_listed(frames: Sequence[int]) -> str:
    """Times as in “1.2 s, 3.4 s and 5 more places”."""
    shown = ", ".join(f"{frame / FPS:.1f} s" for frame in frames[:6])
    return shown if len(frames) <= 6 else f"{shown} and {len(frames) - 6} more places"


def pictures_a_second(scan: FootageScan) -> float:
    """The file's rate, or fewer where it holds fewer pictures than its header promises."""
    assert scan.info.video is not None
    held = (scan.source[-1] - scan.source[0] + 1) / scan.seconds if len(scan.source) else 0.0
    return min(scan.info.video.fps, held) if held < FPS - 1.5 else scan.info.video.fps


def repeated(scan: FootageScan) -> np.ndarray:
    """(frames,) whether a picture repeats the one before amid others that do not."""
    change = np.pad(scan.change, 2, mode="edge")
    around = np.max([change[k : k + len(scan.change)] for k in (0, 1, 3, 4)], axis=0)
    flags = (scan.change < REPEAT_SHARE * around) & (around > STILL)
    flags[0] = False
    return np.asarray(flags)


def cuts(scan: FootageScan) -> list[int]:
    """Frames at which the picture jumps: one large step between calm neighbours, and no flash."""
    change = scan.change
    found = []
    for k in np.flatnonzero(change >= CUT_STEP):
        if k < 2 or k >= len(change) - 2:
            continue
        around = max(change[k - 2], change[k - 1], change[k + 1], change[k + 2])
        if change[k] >= CUT_RATIO * around and scan.change3[k] >= 0.7 * change[k]:
            found.append(int(k))
    return found


def _camera(scan: FootageScan) -> list[Finding]:
    rows = scan.samples
    known = rows["anchors"] > 0
    if known.sum() < 5:
        return []  # a plain background tells nothing, and shows nothing moving either
    path = np.cumsum(np.stack([rows["shift_x"], rows["shift_y"]], 1), axis=0)
    away = np.hypot(*(path - np.median(path, axis=0)).T)
    travel = 100 * 2 * float(away.max())
    word = THRESHOLDS["camera-moves"].severity(travel)
    if word is None:
        return []
    at = float(rows["time_s"][away.argmax()])
    return [
        Finding(
            "camera-moves",
            _severity(word),
            str(scan.path),
            at,
            f"{scan.path}: the camera moves by {travel:.0f} % of the picture's width, furthest at "
            f"{at:.1f} s.",
            "Put the camera or phone on something that stands still.",
        )
    ]


def _rest(scans: Sequence[FootageScan]) -> list[Finding]:
    best = 0
    faces = 0
    for scan in scans:
        rows = scan.samples
        faces += int(rows["found"].sum())
        still = rows["found"] & (rows["opening"] < REST_OPENING)
        best = max([best, *(end - start for start, end in _runs(still))])
    if not faces or THRESHOLDS["no-rest"].severity(best * STEP_S + 1e-9) is None:
        return []
    return [
        Finding(
            "no-rest",
            "warning",
            str(scans[0].path),
            None,
            f"{scans[0].path}: the mouth is never closed and at rest for "
            f"{THRESHOLDS['no-rest'].warning:.2f} s in any file.",
            "Pause between sentences with the lips closed; the avatar's silence is made from it.",
        )
    ]
