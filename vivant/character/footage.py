"""Capture footage of a presenter who does not exist, as a real person would bring it."""

from __future__ import annotations

import csv
import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from vivant.character.presenter import Pose, Presenter, draw, make_presenter, open_stage
from vivant.media.audio import write_wav
from vivant.media.files import atomic_folder, write_bytes
from vivant.media.video import VideoWriter
from vivant.motion.speech import Motion, motion_of
from vivant.progress import Progress, part, silent
from vivant.voice.script import parse_script
from vivant.voice.speech import RATE, Phone, Speech, Voice, Word

FILM_S = 50.0
"""Seconds of speech that are filmed; later sentences are recorded as sound only."""
_LEAD_S, _PAUSE_S = 1.0, (0.55, 0.95)
_ROOM_TONE = 2e-4  # the quiet noise of a room, so that pauses are not dead


def make_capture(
    folder: Path,
    *,
    seed: int,
    gender: str,
    sentences: Sequence[tuple[str, str]],
    size: tuple[int, int] = (640, 480),
    voice: Voice,
    film_s: float = FILM_S,
    progress: Progress = silent,
) -> None:
    """Write a capture: ``presenter.mp4`` and ``voice/`` with one WAV a sentence and its text.

    Parameters
    ----------
    folder
        Appears whole, replacing what was there, or not at all.
    seed, gender
        Which presenter; see `vivant.character.presenter.make_presenter`.
    sentences
        (id, English text); an id names its WAV file.
    size
        Width and height of the video.
    voice
        Says the sentences, two at a time.
    film_s
        How much of the speech is filmed, in seconds.
    """
    speeches = []
    rng = np.random.default_rng([seed, 97])
    with atomic_folder(folder) as aside:
        (aside / "voice").mkdir()
        table = io.StringIO()
        writer = csv.writer(table, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_NONE)
        said = _say_all(voice, [text for _, text in sentences])
        for number, (name, text) in enumerate(sentences):
            progress(0.30 * number / len(sentences), f"sentence {number + 1}")
            speech = next(said)
            tone = rng.normal(0, _ROOM_TONE, len(speech.wave)).astype(np.float32)
            speech = replace(speech, wave=speech.wave + tone)
            write_wav(aside / "voice" / f"{name}.wav", speech.wave, speech.rate)
            writer.writerow([name, text])
            speeches.append(speech)
        write_bytes(aside / "voice" / "metadata.csv", table.getvalue().encode())
        filmed = _until(speeches, film_s)
        take = join(filmed, rng)
        presenter = make_presenter(seed, gender)
        motion = motion_of(take, seed=seed)
        progress(0.33, "filming")
        with VideoWriter(
            aside / "presenter.mp4", *size, audio_rate=take.rate, crf=17, threads=1
        ) as video:
            video.write_audio(take.wave)
            filming = part(progress, 0.33, 1.0)
            for index, frame in enumerate(film(presenter, motion, size=size)):
                video.write(frame)
                if index % 10 == 0:
                    filming(index / len(motion), "filming")
    progress(1.0, "filmed")


def _say_all(voice: Voice, texts: Sequence[str]) -> Iterator[Speech]:
    """Say each text, in order; the first alone, because it opens the voice's files."""
    yield _say(voice, texts[0])
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(_say, voice, text) for text in texts[1:]]
        try:
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _say(voice: Voice, text: str) -> Speech:
    said = [voice.say(piece) for piece in parse_script(text, "en").pieces]
    return said[0] if len(said) == 1 else join(said, np.random.default_rng(0), lead_s=0.0)


def _until(speeches: Sequence[Speech], seconds: float) -> list[Speech]:
    total = 0.0
    out = []
    for speech in speeches:
        out.append(speech)
        total += speech.seconds
        if total >= seconds:
            break
    return out


def join(
    speeches: Sequence[Speech], rng: np.random.Generator, *, lead_s: float = _LEAD_S
) -> Speech:
    """One take of several speeches with pauses between them, and `lead_s` of rest at both ends."""
    waves: list[np.ndarray] = []
    phones: list[Phone] = []
    words: list[Word] = []
    at = 0

    def pause(seconds: float) -> None:
        nonlocal at
        count = round(seconds * RATE)
        waves.append(rng.normal(0, _ROOM_TONE, count).astype(np.float32))
        if count:
            phones.append(Phone("", at / RATE, (at + count) / RATE, -1))
        at += count

    for number, speech in enumerate(speeches):
        pause(float(rng.uniform(*_PAUSE_S)) if number else lead_s)
        start, first = at / RATE, len(words)
        phones += [
            Phone(
                p.symbol, p.start_s + start, p.end_s + start, p.word + first if p.word >= 0 else -1
            )
            for p in speech.phones
        ]
        words += [
            Word(w.text, w.start_s + start, w.end_s + start, w.emphasis) for w in speech.words
        ]
        waves.append(speech.wave)
        at += len(speech.wave)
    pause(lead_s)
    return replace(
        speeches[0], wave=np.concatenate(waves), phones=tuple(phones), words=tuple(words)
    )


def poses(motion: Motion) -> Iterator[Pose]:
    """The frames of a motion as poses."""
    for i in range(len(motion)):
        yaw, pitch, roll = (float(x) for x in motion.turn[i])
        x, y, z = (float(v) for v in motion.shift[i])
        left, up = (float(g) for g in motion.gaze[i])
        yield Pose(
            motion.weights[i], (yaw, pitch, roll), (x, y, z), (left, up), float(motion.breath[i])
        )


def film(
    presenter: Presenter,
    motion: Motion,
    *,
    size: tuple[int, int] = (640, 480),
    threads: int | None = None,
) -> Iterator[np.ndarray]:
    """Draw every frame of a motion, in order: (height, width, 3) uint8 RGB.

    Parameters
    ----------
    threads
        Drawing threads; by default the machine's cores, at most 4. The drawing code lets go of
        Python's lock, so threads do run side by side.
    """
    count = threads or min(4, os.cpu_count() or 1)
    stages = SimpleQueue()  # type: ignore[var-annotated]
    for _ in range(count):
        stages.put(open_stage(presenter, *size))

    def one(frame: int, pose: Pose) -> np.ndarray:
        stage = stages.get()
        try:
            return draw(stage, pose, frame=frame)
        finally:
            stages.put(stage)

    waiting: deque[Future[np.ndarray]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for frame, pose in enumerate(poses(motion)):
                waiting.append(pool.submit(one, frame, pose))
                if len(waiting) > 2 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
