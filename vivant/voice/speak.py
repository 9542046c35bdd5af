"""Script to speech: voices say the pieces, and the pieces become one sound at one level."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from vivant.errors import VivantError
from vivant.progress import Progress, silent
from vivant.voice.script import Script
from vivant.voice.speech import RATE, Phone, Piece, Speech, SpeechKind, Voice, Word
from vivant.voice.text import guessed

LOUDNESS_LUFS = -16.0  # what podcasts and video platforms level mono speech to
PEAK_DBTP = -1.2  # true peak; a little below -1 for what the sound codec adds
_OVERSAMPLING = 4  # for true peaks, as ITU-R BS.1770-5 annex 2 asks at these rates
_LIMITER_S = 0.005


def speak_script(
    script: Script, voices: Mapping[str, Voice], progress: Progress = silent
) -> Speech:
    """Say a script.

    Parameters
    ----------
    script
        From `vivant.voice.script.parse_script`.
    voices
        The voice of each language the script needs. A sentence in two languages is said in one go
        when both have the same voice.
    progress
        Called after every piece.

    Returns
    -------
    Speech
        At 24 kHz and -16 LUFS, with the times of all words and phonemes. Its kind is "personal"
        only if every voice is.

    Raises
    ------
    VivantError
        ``no-voice`` when a language has no voice, and the codes of the voices.
    """
    check_voices(script, voices)
    total = sum(len(piece.words) for piece in script.pieces)
    done = 0
    parts: list[Speech | float] = [script.lead_s]
    for piece in script.pieces:
        progress(done / total, "speaking")
        for voice, part in voiced_parts(piece, voices):
            parts.append(voice.say(part))
        parts.append(piece.pause_s)
        done += len(piece.words)
    progress(1.0, "speaking")
    speech = _joined(_levelled(parts))
    return replace(speech, notices=_notices(script) + speech.notices)


def recording(path: str | Path) -> Speech:
    """A recording as speech, which drives an avatar instead of text.

    Nothing is known about its words, so it has no phones.

    Raises
    ------
    VivantError
        ``silent-sound`` and the codes of `vivant.media.audio.read_audio`.
    """
    from vivant.media.audio import read_audio

    wave = read_audio(path, RATE)
    if not len(wave) or float(np.abs(wave).max()) < 1e-3:
        raise VivantError(
            "silent-sound",
            f"{path}: nothing can be heard in it.",
            "Give a recording of someone speaking.",
            file=path,
        )
    said = Speech(wave, RATE, (), (), "", "recording", "recording")
    (levelled,) = _levelled([said])
    assert isinstance(levelled, Speech)
    return levelled


def check_voices(script: Script, voices: Mapping[str, Voice]) -> None:
    """Every language of a script has a voice that speaks it.

    Raises
    ------
    VivantError
        ``no-voice``.
    """
    for language in script.languages:
        if language not in voices or language not in voices[language].languages:
            raise VivantError(
                "no-voice",
                f"The script needs a voice for the language “{language}”, and there is none.",
                "Name a stock voice that speaks it.",
            )


def voiced_parts(piece: Piece, voices: Mapping[str, Voice]) -> Iterable[tuple[Voice, Piece]]:
    """The stretches of a piece that one voice says."""

    def name(word_language: str) -> tuple[str, str]:
        return voices[word_language].kind, voices[word_language].name

    for _, words in itertools.groupby(piece.words, key=lambda word: name(word.language)):
        run = tuple(words)
        yield voices[run[0].language], replace(piece, words=run, pause_s=0.0)


def _levelled(parts: list[Speech | float]) -> list[Speech | float]:
    """Bring every voice to the same loudness, over all that it says, and limit its peaks."""
    from vivant.media.audio import loudness

    gains: dict[str, float] = {}
    spoken = [part for part in parts if isinstance(part, Speech)]
    for name in {part.voice for part in spoken}:
        whole = np.concatenate([part.wave for part in spoken if part.voice == name])
        rate, gain = spoken[0].rate, 1.0
        for _ in range(3):  # the limiter takes a little away, which the next turn gives back
            level = loudness(limited(whole * np.float32(gain), rate), rate)
            gain *= 10 ** ((LOUDNESS_LUFS - level) / 20) if np.isfinite(level) else 1.0
        gains[name] = gain
    return [
        replace(part, wave=limited(part.wave * np.float32(gains[part.voice]), part.rate))
        if isinstance(part, Speech)
        else part
        for part in parts
    ]


def limited(wave: np.ndarray, rate: int) -> np.ndarray:
    """Hold true peaks under -1 dBTP by turning the gain down smoothly around them.

    Parameters
    ----------
    wave
        (samples,) float32 mono.
    rate
        Hz.
    """
    from scipy import ndimage, signal

    ceiling = 10 ** (PEAK_DBTP / 20)
    if not len(wave) or float(np.abs(wave).max()) < 0.5 * ceiling:
        return wave.astype(np.float32)
    fine = np.abs(signal.resample_poly(wave, _OVERSAMPLING, 1))
    peaks = fine[: len(wave) * _OVERSAMPLING].reshape(-1, _OVERSAMPLING).max(axis=1)
    gain = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    span = round(_LIMITER_S * rate) | 1
    # The minimum over a window twice as long reaches past the smoothing, so peaks stay covered.
    gain = ndimage.minimum_filter1d(gain, 2 * span + 1)
    gain = np.convolve(np.pad(gain, span // 2, "edge"), np.hanning(span) / np.hanning(span).sum())
    gain = gain[span // 2 * 2 : span // 2 * 2 + len(wave)]
    return (wave * gain).astype(np.float32)


def _joined(parts: list[Speech | float]) -> Speech:
    waves: list[np.ndarray] = []
    phones: list[Phone] = []
    words: list[Word] = []
    samples = 0
    for part in parts:
        if isinstance(part, float):
            wave = np.zeros(round(part * RATE), np.float32)
        else:
            wave = part.wave
            at = samples / RATE
            phones += [
                replace(
                    phone,
                    start_s=phone.start_s + at,
                    end_s=phone.end_s + at,
                    word=phone.word + len(words) if phone.word >= 0 else -1,
                )
                for phone in part.phones
            ]
            words += [
                replace(word, start_s=word.start_s + at, end_s=word.end_s + at)
                for word in part.words
            ]
        samples += len(wave)
        waves.append(wave)
    spoken = [part for part in parts if isinstance(part, Speech)]
    languages = {part.language for part in spoken}
    kinds: set[SpeechKind] = {part.kind for part in spoken}
    return Speech(
        wave=np.concatenate(waves),
        rate=RATE,
        phones=tuple(_filled(phones, samples / RATE)),
        words=tuple(words),
        language=languages.pop() if len(languages) == 1 else "mixed",
        voice="+".join(dict.fromkeys(part.voice for part in spoken)),
        kind="personal" if kinds == {"personal"} else "stock",
        notices=tuple(dict.fromkeys(notice for part in spoken for notice in part.notices)),
    )


def _filled(phones: list[Phone], seconds: float) -> Iterable[Phone]:
    """Phones with one silence wherever none sounds, from 0 to the end."""
    at = 0.0
    for phone in phones:
        if phone.symbol:
            if phone.start_s > at + 1e-6:
                yield Phone("", at, phone.start_s, -1)
            yield phone
            at = phone.end_s
    if seconds > at + 1e-6:
        yield Phone("", at, seconds, -1)


def _notices(script: Script) -> tuple[str, ...]:
    notices = list(script.notices)
    unknown = dict.fromkeys(word for piece in script.pieces for word in guessed(piece))
    if unknown:
        first = next(iter(unknown))
        notices.append(
            f"No dictionary has these words, so their sound is a guess: {', '.join(unknown)}. "
            f"To set it, write for example [{first}](how it sounds)."
        )
    return tuple(notices)
