"""`vivant check`: tell the person what to record again before anything trains.

Footage is streamed once, every sentence is read once, and nothing but measurements is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vivant.capture.findings import CheckReport, Finding, Span, from_error
from vivant.capture.footage import judge_footage
from vivant.capture.inputs import video_files
from vivant.capture.pictures import FootageScan, scan_footage
from vivant.capture.sentences import (
    TextMatch,
    can_align,
    judge_same_person,
    judge_speakers,
    judge_texts,
    match_text,
    other_texts,
)
from vivant.capture.sound import RATE, SoundScan, frame_levels, quiet_tonal_percent, scan_sound
from vivant.capture.thresholds import FEW_SHARE, THRESHOLDS
from vivant.errors import VivantError
from vivant.media.audio import read_audio, resample
from vivant.media.video import probe
from vivant.progress import Progress, part, silent
from vivant.voice import speaker
from vivant.voice.sentences import Sentence, read_sentences, recordings_without_text

__all__ = ["CheckReport", "Finding", "Span", "check"]

VOICE_PRINT_S = 3.0  # of a video's sound are enough to tell who speaks
VOICE_PRINT_EVERY_S = 20.0  # of a video
ALONE_S = 15.0  # of sound are enough to judge echo and background by
VOICE_PRINTS = 12  # of all footage are compared with the sentences: half a second each


def check(
    videos: Sequence[Path], voice: Path | None = None, progress: Progress = silent
) -> CheckReport:
    """Look over footage and sentences, and say what is wrong with each file.

    Parameters
    ----------
    videos
        Footage files or folders of them.
    voice
        Folder of sentences (see `vivant.voice.sentences`), or None to check footage only.
    progress
        Told how far it is; may raise to stop. Nothing is written.

    Returns
    -------
    CheckReport
        Problems of single files are findings in it, not exceptions.
    """
    findings: list[Finding] = []
    spans: list[Span] = []
    try:
        files = video_files(videos)
    except VivantError as error:
        files = ()
        findings.append(from_error(error, videos[0]))
    share = 0.0 if not files else (1.0 if voice is None else 0.6)
    scans, heard, problems = _check_videos(files, part(progress, 0.0, share))
    findings += problems
    if scans:
        more, spans = judge_footage(scans)
        findings += more
    sentences: tuple[Sentence, ...] = ()
    spoken_s = 0.0
    if voice is not None:
        sentences, spoken_s, more = _check_sentences(
            Path(voice), files, heard, part(progress, share, 1.0)
        )
        findings += more
    progress(1.0, "checked")
    order = {"error": 0, "warning": 1}
    return CheckReport(
        videos=tuple(str(file) for file in files),
        seconds=sum(scan.seconds for scan in scans) if files else spoken_s,
        sentences=len(sentences),
        findings=tuple(sorted(_once(findings), key=lambda finding: order[finding.severity])),
        unusable=tuple(spans),
    )


@dataclass(frozen=True)
class _Heard:
    """What is kept of one file's sound."""

    path: Path
    scan: SoundScan
    pieces: tuple[tuple[float, np.ndarray], ...]  # (second, sound at 16 kHz) of who speaks


def _check_videos(
    files: Sequence[Path], progress: Progress
) -> tuple[list[FootageScan], list[_Heard], list[Finding]]:
    scans: list[FootageScan] = []
    heard: list[_Heard] = []
    findings: list[Finding] = []
    for number, file in enumerate(files):
        step = part(progress, number / len(files), (number + 1) / len(files))
        try:
            scans.append(scan_footage(file, part(step, 0.0, 0.9)))
            heard.append(_listen(file))
        except VivantError as error:
            findings.append(from_error(error, file))
        step(1.0, file.name)
    findings += _judge_sounds([(item.path, None, item.scan) for item in heard])
    return scans, heard, findings


def _listen(file: Path) -> _Heard:
    info = probe(file)
    rate = info.audio.rate if info.audio is not None and info.audio.rate else RATE
    wave = read_audio(file, rate)
    wave16 = resample(wave, rate, RATE)
    return _Heard(file, scan_sound(wave, rate), _loudest_pieces(wave16))


def _loudest_pieces(wave16: np.ndarray) -> tuple[tuple[float, np.ndarray], ...]:
    """(second, sound) of the loudest `VOICE_PRINT_S` in every `VOICE_PRINT_EVERY_S`."""
    size, every = round(VOICE_PRINT_S * RATE), round(VOICE_PRINT_EVERY_S * RATE)
    pieces = []
    for begin in range(0, max(1, len(wave16) - size), every):
        stretch = wave16[begin : begin + every]
        power = 10 ** (frame_levels(stretch) / 10)
        window = min(len(power), round(VOICE_PRINT_S * 100))
        start = begin + int(np.convolve(power, np.ones(window), "valid").argmax()) * RATE // 100
        piece = wave16[start : start + size]
        if len(piece) >= RATE:
            pieces.append((start / RATE, piece.copy()))
    return tuple(pieces)


def _check_sentences(
    voice: Path, videos: Sequence[Path], heard: Sequence[_Heard], progress: Progress
) -> tuple[tuple[Sentence, ...], float, list[Finding]]:
    try:
        sentences = read_sentences(voice)
    except VivantError as error:
        return (), 0.0, [from_error(error, voice)]
    findings: list[Finding] = []
    known = {file.resolve() for file in videos}
    sounds: list[tuple[Path, Sentence | None, SoundScan]] = []
    texts: list[tuple[Sentence, TextMatch]] = []
    voiced: list[Sentence] = []
    cams: list[np.ndarray] = []
    ge2es: list[np.ndarray] = []
    spoken_s = 0.0
    wave, wave16, loaded, rate = np.zeros(0), np.zeros(0), None, RATE
    unread: Path | None = None
    for number, sentence in enumerate(sentences):
        progress(number / len(sentences), f"sentence {sentence.id}")
        if sentence.path == unread:
            continue
        try:
            if sentence.path != loaded:
                info = probe(sentence.path)
                rate = info.audio.rate if info.audio is not None and info.audio.rate else RATE
                wave = read_audio(sentence.path, rate)
                wave16, loaded = resample(wave, rate, RATE), sentence.path
            piece = _cut(wave, sentence, rate)
            piece16 = _cut(wave16, sentence, RATE)
            if THRESHOLDS["sentence-too-short"].severity(len(piece16) / RATE):
                findings.append(_too_short(sentence, len(piece16) / RATE))
                continue
            if sentence.path.resolve() not in known:  # what is footage, too, was judged there
                sounds.append((sentence.path, sentence, scan_sound(piece, rate)))
            spoken_s += len(piece16) / RATE
            cams.append(speaker.campplus(piece16))
            ge2es.append(speaker.ge2e(piece16))
            voiced.append(sentence)
            if can_align(sentence.text):
                others = other_texts([each.text for each in sentences], number)
                texts.append((sentence, match_text(piece16, sentence.text, others)))
        except VivantError as error:
            unread = sentence.path
            findings.append(from_error(error, sentence.path))
    findings += _judge_sounds(sounds)
    findings += judge_texts(texts)
    findings += _unused(voice)
    findings += _amount(voice, sentences, spoken_s)
    if voiced:
        cam, ge2e = np.stack(cams), np.stack(ge2es)
        findings += judge_speakers(voiced, cam, ge2e)
        findings += _same_person(heard, cam, ge2e)
    return sentences, spoken_s, findings


def _cut(wave: np.ndarray, sentence: Sentence, rate: int) -> np.ndarray:
    start = round((sentence.start_s or 0.0) * rate)
    end = len(wave) if sentence.end_s is None else round(sentence.end_s * rate)
    return wave[start:end]


def _too_short(sentence: Sentence, seconds: float) -> Finding:
    return Finding(
        "sentence-too-short",
        "warning",
        str(sentence.path),
        sentence.start_s,
        f"{sentence.path}: sentence “{sentence.id}” lasts only {seconds:.2f} s.",
        "Record whole sentences of two to ten seconds; this one is left out.",
    )


def _unused(voice: Path) -> list[Finding]:
    """Recordings that no text names: perhaps forgotten, perhaps a shortened metadata.csv."""
    unused = recordings_without_text(voice)
    if not unused:
        return []
    names = ", ".join(path.name for path in unused[:5])
    names += f" and {len(unused) - 5} more" if len(unused) > 5 else ""
    return [
        Finding(
            "recording-without-text",
            "warning",
            str(voice),
            None,
            f"{voice}: metadata.csv has no line for {names}; "
            + ("it is" if len(unused) == 1 else "they are")
            + " not used.",
            "Add a line id|text for each, or move the recordings out of the folder.",
        )
    ]


def _amount(voice: Path, sentences: Sequence[Sentence], spoken_s: float) -> list[Finding]:
    limit = THRESHOLDS["few-sentences"]
    word = limit.severity(spoken_s)
    if word is None:
        return []
    return [
        Finding(
            "few-sentences",
            "error" if word == "error" else "warning",
            str(voice),
            None,
            f"{voice}: {len(sentences)} sentences, {spoken_s:.0f} s in all; "
            + (
                f"at least {limit.error:.0f} s are needed."
                if word == "error"
                else f"{limit.warning:.0f} s and more make a better voice."
            ),
            "Record more sentences: 100 of them, about five minutes, are good.",
        )
    ]


def _same_person(heard: Sequence[_Heard], cam: np.ndarray, ge2e: np.ndarray) -> list[Finding]:
    """The speaker of the footage, by some of its files, against the middle of the sentences."""
    findings: list[Finding] = []
    pieces = [(item.path, at, piece) for item in heard for at, piece in item.pieces]
    chosen = np.unique(np.linspace(0, len(pieces) - 1, min(len(pieces), VOICE_PRINTS)).astype(int))
    for path, at, piece in (pieces[k] for k in chosen):
        findings += judge_same_person(
            str(path),
            at,
            (speaker.campplus(piece), speaker.centre(cam)),
            (speaker.ge2e(piece), speaker.centre(ge2e)),
        )
    return findings


# What each sound threshold is compared with, in a person's words, and how to do better.
_SOUND_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "low-sample-rate",
        "has {value:.0f} samples a second",
        "Record at 44,100 or 48,000 samples a second (8,000 is telephone quality).",
    ),
    (
        "narrow-band",
        "has no sound above 4 kHz, as from a telephone line",
        "Record directly, not through a call or a headset in call mode; converting cannot help.",
    ),
    (
        "too-quiet",
        "is very quiet ({value:.0f} LUFS)",
        "Move closer to the microphone or raise its gain.",
    ),
    (
        "clipped",
        "is clipped: {value:.1f} % of it is at its ceiling (natural sound: under 1 %)",
        "Lower the microphone's gain and record again; clipping cannot be undone.",
    ),
    (
        "noisy",
        "is noisy: speech is only {value:.0f} dB above the noise",
        "Record in a quiet room, close to the microphone; switch fans off.",
    ),
    (
        "reverberant",
        "echoes: sound takes {value:.1f} s to die away",
        "Record close to the microphone in a room with curtains, carpets or a full wardrobe.",
    ),
    (
        "background-sound",
        "has music or another voice in it: {value:.0f} % of the quietest moments have a pitch",
        "Switch music and television off and record alone.",
    ),
)


def _judge_sounds(
    sounds: Sequence[tuple[Path, Sentence | None, SoundScan]],
) -> list[Finding]:
    """Findings about level, clipping, noise and so on, one a file and code.

    What is wrong with a few recordings among many is a warning: training can do without them.
    """
    findings: list[Finding] = []
    if not sounds:
        return findings
    # A short clip has few falls and few pauses: for these two, all short ones are one recording,
    # when together they are long enough.
    short = [item for item in sounds if item[2].seconds < ALONE_S]
    if sum(scan.seconds for _, _, scan in short) < ALONE_S:
        short = []
    falls = [scan.decay_s for _, _, scan in short if scan.decay_s is not None]
    decay = float(np.median(falls)) if falls else 0.0
    tonal, worst, tonal_at = quiet_tonal_percent([scan for _, _, scan in short] or [sounds[0][2]])
    for item in sounds:
        path, sentence, scan = item
        values: dict[str, tuple[float, float | None]] = {
            "low-sample-rate": (float(scan.rate), None),
            "narrow-band": (scan.band_db, None),
            "too-quiet": (scan.lufs, None),
            "clipped": (scan.clipped_percent, scan.clipped_at_s),
            "noisy": (scan.snr_db, None),
        }
        if scan.seconds >= ALONE_S:
            values["reverberant"] = (scan.decay_s or 0.0, None)
            own, _, own_at = quiet_tonal_percent([scan])
            values["background-sound"] = (own, own_at)
        if short and item is short[0]:
            values["reverberant"] = (decay, None)
        if short and item is short[worst]:
            values["background-sound"] = (tonal, tonal_at)
        offset = (sentence.start_s or 0.0) if sentence is not None else 0.0
        for code, words, fix in _SOUND_WORDS:
            if code not in values:
                continue
            value, at = values[code]
            word = THRESHOLDS[code].severity(value)
            if word is None:
                continue
            at = None if at is None else at + offset
            which = f"sentence “{sentence.id}” " if sentence is not None else "the sound "
            where = "" if at is None else f" (at {at:.1f} s)"
            findings.append(
                Finding(
                    code,
                    "error" if word == "error" else "warning",
                    str(path),
                    at,
                    f"{path}: {which}{words.format(value=value)}{where}.",
                    fix,
                )
            )
    counts = Counter(finding.code for finding in findings if finding.severity == "error")
    whole = {"reverberant", "background-sound"}  # one finding stands for all recordings
    return [
        replace(finding, severity="warning")
        if finding.code not in whole and counts[finding.code] < FEW_SHARE * len(sounds)
        else finding
        for finding in findings
    ]


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """Drop what is said twice about one place, as when a file is both footage and sentence."""
    seen: set[tuple[str, str, float | None]] = set()
    kept = []
    for finding in findings:
        key = (finding.code, finding.file, finding.at_s)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept
