"""From a person's sentences to what the voice is trained on: aligned, pitch-tracked, levelled.

Each recording is laid over the base voice's reading of the same text, phoneme by phoneme, so that
every frame of the recording knows which hidden state of the base voice it should sound from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivant.errors import VivantError
from vivant.media.audio import resample
from vivant.media.files import atomic_path, sha256_file, write_json
from vivant.progress import Progress, silent
from vivant.voice.align import RATE as ALIGN_RATE
from vivant.voice.align import AlignedWord, align
from vivant.voice.hibari import (
    BINS,
    F0,
    HOP,
    VOICED_ABOVE,
    Base,
    pitch_feature,
    synthesise,
    tokens_of,
    words_of,
)
from vivant.voice.sentences import Sentence, read_sentence_audio
from vivant.voice.speech import RATE

FRAME_S = HOP / RATE
MARGIN_S = 0.15  # of silence kept around the words
MIN_SENTENCES = 5
MIN_SPEECH_S = 15.0
_PITCH_SPREAD = 0.28  # most of the log pitch's deviation taken over: more is octave errors


@dataclass(frozen=True)
class Utterance:
    """One recording, ready for training."""

    id: str
    features: np.ndarray  # (130, F) float32, the decoder's input; its energy is the base voice's
    f0: np.ndarray  # (F,) Hz, the person's own; 0 without voice
    wave: np.ndarray  # (F * 300,) float32 at 24 kHz, at the base voice's level


@dataclass(frozen=True)
class Manner:
    """How the person speaks beside how the base voice does."""

    f0_mean: float  # of log Hz
    f0_spread: float
    base_f0_mean: float
    base_f0_spread: float
    pace: float  # the person's length of a word over the base voice's

    def to_base(self, f0: np.ndarray) -> np.ndarray:
        """The person's pitch as the base voice would have it; 0 stays 0."""
        return _mapped(f0, self.f0_mean, self.f0_spread, self.base_f0_mean, self.base_f0_spread)

    def from_base(self, f0: np.ndarray) -> np.ndarray:
        """The base voice's pitch as the person would have it; 0 stays 0."""
        return _mapped(f0, self.base_f0_mean, self.base_f0_spread, self.f0_mean, self.f0_spread)


def _mapped(
    f0: np.ndarray, mean: float, spread: float, new_mean: float, new_spread: float
) -> np.ndarray:
    voiced = f0 > 0
    out = np.zeros_like(f0, dtype=np.float32)
    steps = np.clip((np.log(f0[voiced]) - mean) / spread, -3.0, 3.0)
    out[voiced] = np.exp(steps * new_spread + new_mean)
    return out


@dataclass(frozen=True)
class Prepared:
    """All that training needs, and who was set aside for what."""

    train: tuple[Utterance, ...]
    validation: tuple[Utterance, ...]  # for early stopping
    held_out: tuple[Sentence, ...]  # for the judge: nothing is learnt from them
    manner: Manner
    dropped: tuple[tuple[str, str], ...]  # (sentence, why it is not used)


def split(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence], list[Sentence]]:
    """Training, validation and held-out sentences, by a hash of the names: about 80, 8 and 12 %.

    Raises
    ------
    VivantError
        ``too-few-sentences``.
    """
    if len(sentences) < MIN_SENTENCES:
        raise VivantError(
            "too-few-sentences",
            f"{len(sentences)} sentences are too few to learn a voice from.",
            f"Record at least {MIN_SENTENCES}; 100 are good.",
        )
    order = sorted(sentences, key=lambda sentence: hashlib.sha256(sentence.id.encode()).hexdigest())
    held = min(12, max(1, round(0.12 * len(order))))
    validation = min(8, max(1, round(0.08 * len(order))))
    return order[held + validation :], order[held : held + validation], order[:held]


def mel_energy(wave: np.ndarray) -> np.ndarray:
    """(F,) log level of each 12.5 ms frame, as the base voice's energy feature follows it."""
    size = 1200
    padded = np.pad(np.asarray(wave, np.float32), size // 2, mode="reflect")
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::HOP]
    magnitude = np.abs(np.fft.rfft(frames * window)).astype(np.float32)
    mels = magnitude @ mel_filters(size, 80).T + 1e-3 * size / 1024
    return np.asarray(np.log(np.linalg.norm(mels, axis=1) + 1e-3))


def mel_filters(size: int, count: int, low: float = 30.0, high: float = 11_000.0) -> np.ndarray:
    """(count, size // 2 + 1) equal-area triangles on Slaney's mel scale at 24 kHz."""

    def mel(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) * 27 / np.log(6.4)

    steps = np.linspace(mel(low), mel(high), count + 2)
    edges = np.where(steps < 15, steps * 200 / 3, 1000 * np.exp((steps - 15) * np.log(6.4) / 27))
    bins = np.arange(size // 2 + 1) * RATE / size
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    return (np.maximum(triangles, 0) * 2 / (right - left)).astype(np.float32)


def track_pitch(
    waves: Sequence[np.ndarray], expected: Sequence[np.ndarray], progress: Progress = silent
) -> list[np.ndarray]:
    """Pitch of each recording, every 12.5 ms, in a range found from the person.

    Parameters
    ----------
    waves
        Mono float32 at 24 kHz.
    expected
        (F,) bool for each: where the base voice has voice at this place.
    progress
        Told the fraction done.

    WORLD's DIO looks for the person's median first, then Harvest (Morise 2017) tracks within an
    octave below and above it: a wide range invites octave errors. Harvest bridges unvoiced sounds,
    so a frame counts as voiced only where DIO finds a pitch too, beside such a frame, or where the
    base voice has voice: the finished voice has it there too, and must have learnt how it sounds.
    """
    import pyworld

    sample = [np.asarray(wave, np.float64) for wave in waves[:: max(1, len(waves) // 12)]]
    coarse = np.concatenate(
        [pyworld.dio(wave, RATE, 55.0, 500.0, frame_period=12.5)[0] for wave in sample]
    )
    coarse = coarse[coarse > 0]
    if not len(coarse):
        raise VivantError(
            "no-voice",
            "There is no voiced speech in the recordings.",
            "Check that the microphone recorded you, then record the sentences again.",
        )
    median = float(np.median(coarse))
    low, high = max(50.0, median / 2.0), min(600.0, median * 2.1)
    tracks = []
    for at, (wave, expected_here) in enumerate(zip(waves, expected, strict=True)):
        progress(at / len(waves), "pitch")
        samples = np.asarray(wave, np.float64)
        f0, _ = pyworld.harvest(samples, RATE, low, high, frame_period=1000 * FRAME_S)
        strict, _ = pyworld.dio(samples, RATE, low, high, frame_period=1000 * FRAME_S)
        frames = len(expected_here)
        voiced = np.convolve(strict[:frames] > 0, np.ones(3), mode="same") > 0
        known = (voiced | expected_here) & (f0[:frames] > VOICED_ABOVE)
        tracks.append(np.where(known, f0[:frames], 0.0).astype(np.float32))
    return tracks


def _anchors(
    base: tuple[AlignedWord, ...], real: tuple[AlignedWord, ...]
) -> list[tuple[float, float]]:
    """(base_s, real_s) of the same places: phoneme edges, or word edges where they differ."""
    pairs = []
    for a, b in zip(base, real, strict=True):
        if len(a.phones) == len(b.phones):
            for p, q in zip(a.phones, b.phones, strict=True):
                pairs += [(p.start_s, q.start_s), (p.end_s, q.end_s)]
        else:
            pairs += [(a.start_s, b.start_s), (a.end_s, b.end_s)]
    return pairs


def _time_map(pairs: list[tuple[float, float]], frames: int, base_frames: int) -> np.ndarray:
    """(frames,) which base frame each frame of the recording corresponds to."""
    pairs = sorted({(round(x, 3), round(y, 3)) for x, y in pairs})
    x = np.array([0.0, *(p[0] for p in pairs), base_frames * FRAME_S])
    y = np.maximum.accumulate([p[1] for p in pairs]) + np.arange(len(pairs)) * 1e-6
    y = np.concatenate([[min(-0.01, y[0] - 0.01)], y, [max(frames * FRAME_S, y[-1] + 0.01) + 0.2]])
    times = np.interp((np.arange(frames) + 0.5) * FRAME_S, y, x)
    return np.clip((times / FRAME_S).astype(int), 0, base_frames - 1)


def prepare(sentences: Sequence[Sentence], work: Path, progress: Progress = silent) -> Prepared:
    """Prepare a person's sentences, or read what an earlier call left in `work`.

    Raises
    ------
    VivantError
        ``too-few-sentences``, ``not-aligned`` when too many do not say their text, and the codes of
        `vivant.media.audio.read_audio`.
    """
    key = _fingerprint(sentences)
    done = _load(work, key, sentences)
    if done is not None:
        return done
    work.mkdir(parents=True, exist_ok=True)
    training, validation, held_out = split(sentences)
    base = Base()
    rows, expected, kept, waves, dropped = [], [], [], [], []
    base_levels, base_f0s = [], []
    base_s = real_s = 0.0
    wanted = [*training, *validation]
    for at, sentence in enumerate(wanted):
        progress(0.6 * at / len(wanted), f"aligning {sentence.id}")
        words = words_of(sentence.text)
        tokens = tokens_of(words)
        frames = base.frames(tokens, np.ones(len(tokens.ids)))
        spoken = synthesise(base.spectra(frames.features), frames.f0)
        wave = read_sentence_audio(sentence, RATE)
        try:
            real = align(resample(wave, RATE, ALIGN_RATE), sentence.text)
            if not real.matches:
                raise VivantError(
                    "not-aligned",
                    f"it does not say its text (score {real.log_likelihood_per_frame:.0f})",
                    "",
                )
            mine = align(resample(spoken, RATE, ALIGN_RATE), sentence.text)
        except VivantError as error:
            dropped.append((sentence.id, error.message))
            continue
        begin = max(0.0, real.words[0].start_s - MARGIN_S)
        finish = min(len(wave) / RATE, real.words[-1].end_s + MARGIN_S)
        cut = wave[round(begin * RATE) : round(finish * RATE)]
        count = len(cut) // HOP
        cut = cut[: count * HOP]
        pairs = [(x, y - begin) for x, y in _anchors(mine.words, real.words)]
        base_frame = _time_map(pairs, count, frames.features.shape[1])
        base_levels.append(mel_energy(spoken))
        base_f0s.append(frames.f0[frames.f0 > 60])
        base_s += mine.words[-1].end_s - mine.words[0].start_s
        real_s += real.words[-1].end_s - real.words[0].start_s
        rows.append(frames.features[:, base_frame])
        expected.append(frames.f0[base_frame] > 0)
        waves.append(cut.astype(np.float32))
        kept.append(sentence)
    seconds = sum(map(len, waves)) / RATE
    if len(kept) < MIN_SENTENCES - 2 or seconds < MIN_SPEECH_S:
        why = f" First: {dropped[0][0]}: {dropped[0][1]}" if dropped else ""
        raise VivantError(
            "not-aligned" if dropped else "too-few-sentences",
            f"Only {len(kept)} of {len(wanted)} sentences ({seconds:.0f} s of speech) can be "
            f"learnt from; at least {MIN_SPEECH_S:.0f} s are needed.{why}",
            "Check that the texts belong to the recordings, or record more sentences.",
        )
    loud = np.percentile(np.concatenate(base_levels), 90)
    waves = [_levelled(wave, loud) for wave in waves]
    tracks = track_pitch(waves, expected, lambda f, text: progress(0.6 + 0.4 * f, text))
    ours = np.log(np.concatenate([f0[f0 > 0] for f0 in tracks]))
    theirs = np.log(np.concatenate(base_f0s))
    manner = Manner(
        f0_mean=float(np.median(ours)),
        f0_spread=float(min(_spread(ours), _PITCH_SPREAD)),
        base_f0_mean=float(np.median(theirs)),
        base_f0_spread=float(_spread(theirs)),
        pace=float(np.clip(real_s / base_s, 0.7, 1.4)),
    )
    utterances = {}
    for sentence, features, wave, f0 in zip(kept, rows, waves, tracks, strict=True):
        features[F0] = pitch_feature(manner.to_base(f0))
        utterances[sentence.id] = Utterance(sentence.id, features, f0, wave)
    found = Prepared(
        tuple(utterances[s.id] for s in training if s.id in utterances),
        tuple(utterances[s.id] for s in validation if s.id in utterances),
        tuple(held_out),
        manner,
        tuple(dropped),
    )
    if not found.validation:  # all of them were dropped: give one up for it
        found = dataclasses.replace(found, train=found.train[1:], validation=found.train[:1])
    _save(work, key, found, sentences)
    return found


def _spread(values: np.ndarray) -> float:
    """Standard deviation from the middle 68 %, blind to octave errors."""
    low, high = np.percentile(values, [16, 84])
    return float(high - low) / 2


def _levelled(wave: np.ndarray, loud: float) -> np.ndarray:
    """Bring the loud tenth of the frames to the base voice's level."""
    for _ in range(2):  # the level has a floor, so one step is not exact
        wave = wave * float(np.exp(loud - np.percentile(mel_energy(wave), 90)))
    return np.asarray(wave, np.float32)


def _fingerprint(sentences: Sequence[Sentence]) -> str:
    """Changes when a recording or a text does."""
    digest = hashlib.sha256(f"prepare 3 {BINS} {HOP}".encode())
    for sentence in sentences:
        stamp = sha256_file(sentence.path)
        digest.update(
            f"{sentence.id}|{sentence.text}|{sentence.start_s}|{sentence.end_s}|{stamp}".encode()
        )
    return digest.hexdigest()


def _save(work: Path, key: str, prepared: Prepared, sentences: Sequence[Sentence]) -> None:
    arrays = {}
    for name, part in (("train", prepared.train), ("validation", prepared.validation)):
        for at, utterance in enumerate(part):
            arrays[f"{name}/{at}/features"] = utterance.features
            arrays[f"{name}/{at}/f0"] = utterance.f0
            arrays[f"{name}/{at}/wave"] = utterance.wave
    with atomic_path(work / "prepared.npz") as aside, open(aside, "wb") as out:
        np.savez(out, **arrays)
    write_json(
        work / "prepared.json",
        {
            "key": key,
            "manner": dataclasses.asdict(prepared.manner),
            "train": [utterance.id for utterance in prepared.train],
            "validation": [utterance.id for utterance in prepared.validation],
            "held_out": [sentence.id for sentence in prepared.held_out],
            "dropped": [list(pair) for pair in prepared.dropped],
            "sentences": {
                s.id: {"text": s.text, "path": str(s.path), "start_s": s.start_s, "end_s": s.end_s}
                for s in sentences
            },
        },
    )


def _load(work: Path, key: str, sentences: Sequence[Sentence]) -> Prepared | None:
    try:
        record = json.loads((work / "prepared.json").read_text(encoding="utf-8"))
        if record["key"] != key:
            return None
        arrays = np.load(work / "prepared.npz")
    except (OSError, ValueError, KeyError):
        return None
    by_id = {sentence.id: sentence for sentence in sentences}

    def part(name: str) -> tuple[Utterance, ...]:
        return tuple(
            Utterance(
                utterance,
                arrays[f"{name}/{at}/features"],
                arrays[f"{name}/{at}/f0"],
                arrays[f"{name}/{at}/wave"],
            )
            for at, utterance in enumerate(record[name])
        )

    return Prepared(
        part("train"),
        part("validation"),
        tuple(by_id[name] for name in record["held_out"]),
        Manner(**record["manner"]),
        tuple((name, why) for name, why in record["dropped"]),
    )


def read_dropped(work: Path) -> tuple[tuple[str, str], ...]:
    """The recordings that `prepare` did not use, and why."""
    record = json.loads((work / "prepared.json").read_text(encoding="utf-8"))
    return tuple((name, why) for name, why in record["dropped"])


def read_split(work: Path) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...], Manner]:
    """What `prepare` left in `work`: sentences held out and learnt from, and the manner."""
    record = json.loads((work / "prepared.json").read_text(encoding="utf-8"))

    def sentences(names: list[str]) -> tuple[Sentence, ...]:
        found = []
        for name in names:
            s = record["sentences"][name]
            path = Path(s["path"])
            found.append(Sentence(name, s["text"], path, s["start_s"], s["end_s"]))
        return tuple(found)

    learnt = sentences([*record["train"], *record["validation"]])
    return sentences(record["held_out"]), learnt, Manner(**record["manner"])
