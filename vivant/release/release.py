"""The only way out: label, encode, write the metadata, sign, and only then appear.

frames ─▶ label ─▶ H.264/AAC with AIGC metadata ─▶ C2PA manifest ─▶ rename into place
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import queue
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cryptography import x509
from cryptography.x509.oid import NameOID

from vivant.errors import Cancelled, VivantError
from vivant.media.audio import write_wav
from vivant.media.files import os_error
from vivant.media.video import VideoWriter
from vivant.progress import Progress, silent
from vivant.release.aigc import KEY, aigc_label, aigc_text, append_wav_chunk
from vivant.release.c2pa_manifest import manifest, sign_file
from vivant.release.label import OPENING_S, Label, make_label
from vivant.release.provenance import Provenance
from vivant.release.signer import SigningKeys, signing_keys

WAITING_FRAMES = 8  # between the renderer and the encoder: enough to smooth, little memory
PROGRESS_EVERY = 5  # frames


@dataclass(frozen=True)
class Released:
    """What was written."""

    path: Path
    produce_id: str  # in the AIGC metadata and the manifest
    seconds: float
    frames: int  # 0 for sound alone


def release_video(
    out: str | Path,
    frames: Iterable[np.ndarray],
    width: int,
    height: int,
    fps: int,
    wave: np.ndarray,
    rate: int,
    provenance: Provenance,
    keys: Path,
    progress: Progress = silent,
) -> Released:
    """Label, encode and sign a video; it appears under its name whole, or not at all.

    Frames are pulled in the caller's thread while another one labels and encodes, so that drawing
    and encoding overlap.

    Parameters
    ----------
    out
        The MP4 to write; replaced if it is there.
    frames
        uint8 (height, width, 3) RGB each.
    width, height, fps
        Size in pixels and frames a second.
    wave, rate
        The sound: (samples,) float32 mono in [-1, 1] and Hz; no samples for a silent film.
    provenance
        What to say about it.
    keys
        Folder of this installation's keys (made on first use).
    progress
        Called about five times a second of video. It may raise `Cancelled`.

    Raises
    ------
    VivantError
        ``not-writable``, ``disk-full``, ``no-frames``, ``keys-damaged``.
    """
    out = Path(out)
    with _aside(out) as folder:
        signing = signing_keys(keys)
        produce_id = str(uuid.uuid4())
        aigc = aigc_label(_installation(signing), produce_id)
        label = make_label(
            width, height, fps, provenance.language, evaluation=provenance.evaluation
        )
        writer = VideoWriter(
            folder / "encoded.mp4",
            width,
            height,
            fps=fps,
            audio_rate=rate if len(wave) else None,
            metadata={KEY: aigc_text(aigc)},
        )
        count = _encode(writer, frames, label, wave, progress)
        if count == 0:
            raise VivantError(
                "no-frames",
                f"{out}: there was not one frame to write.",
                "Give a script with at least one word.",
                file=out,
            )
        progress(0.98, "signing")
        definition = manifest(
            provenance,
            media_type="video/mp4",
            produce_id=produce_id,
            label={
                "visible": list(label.texts),
                "opening_seconds": OPENING_S,
                "aigc": aigc,
            },
        )
        sign_file(folder / "encoded.mp4", folder / "signed.mp4", definition, signing)
        _publish(folder / "signed.mp4", out)
    progress(1.0, "released")
    return Released(out, produce_id, count / fps, count)


def release_sound(
    out: str | Path,
    wave: np.ndarray,
    rate: int,
    provenance: Provenance,
    keys: Path,
    progress: Progress = silent,
) -> Released:
    """Write synthetic speech as a signed WAV with AIGC metadata, whole or not at all.

    Parameters
    ----------
    out
        The WAV to write; replaced if it is there.
    wave, rate
        (samples,) float32 mono in [-1, 1], and Hz.
    provenance
        What to say about it.
    keys
        Folder of this installation's keys (made on first use).
    progress
        Called at the start of each step. It may raise `Cancelled`.

    Raises
    ------
    VivantError
        ``nothing-made`` for a recording's own sound, ``not-writable``, ``disk-full``,
        ``keys-damaged``.
    """
    out = Path(out)
    if provenance.drive == "recording":
        # Calling a real recording AI-generated would be as false as the other way round.
        raise VivantError(
            "nothing-made",
            f"{out}: the sound of a recording alone holds nothing that was made here.",
            "Write a video (.mp4), or give a text to be spoken.",
            file=out,
        )
    with _aside(out) as folder:
        signing = signing_keys(keys)
        produce_id = str(uuid.uuid4())
        aigc = aigc_label(_installation(signing), produce_id)
        progress(0.0, "writing")
        plain = folder / "plain.wav"
        write_wav(plain, wave, rate)
        append_wav_chunk(plain, aigc)
        progress(0.5, "signing")
        definition = manifest(
            provenance,
            media_type="audio/wav",
            produce_id=produce_id,
            label={"visible": [], "opening_seconds": 0.0, "aigc": aigc},
        )
        sign_file(plain, folder / "signed.wav", definition, signing)
        _publish(folder / "signed.wav", out)
    progress(1.0, "released")
    return Released(out, produce_id, len(wave) / rate, 0)


def _encode(
    writer: VideoWriter,
    frames: Iterable[np.ndarray],
    label: Label,
    wave: np.ndarray,
    progress: Progress,
) -> int:
    """Pull frames here, label and encode them in a thread; returns how many there were."""
    waiting: queue.Queue[np.ndarray | None] = queue.Queue(WAITING_FRAMES)
    stop = threading.Event()

    def work() -> None:
        with writer:
            index = 0
            while (rgb := waiting.get()) is not None:
                writer.write(label.draw(rgb, index))
                index += 1
                # Sound goes along with the pictures, so that the file needs no reordering.
                writer.write_audio(_until(writer, wave, index))
            if stop.is_set():
                raise Cancelled
            writer.write_audio(wave[writer.samples :])

    expected = max(1, round(len(wave) / (writer.audio_rate or 1) * writer.fps))
    count = 0
    with concurrent.futures.ThreadPoolExecutor(1, "encode") as pool:
        encoding = pool.submit(work)

        def hand_over(rgb: np.ndarray | None) -> None:
            while not encoding.done():
                with contextlib.suppress(queue.Full):
                    waiting.put(rgb, timeout=0.2)
                    return

        try:
            for rgb in frames:
                if encoding.done():
                    break
                hand_over(rgb)
                count += 1
                if count % PROGRESS_EVERY == 0:
                    progress(0.97 * min(1.0, count / expected), f"frame {count} of {expected}")
        except BaseException:
            stop.set()
            hand_over(None)
            with contextlib.suppress(Cancelled, VivantError):
                encoding.result()
            raise
        hand_over(None)
        encoding.result()
    return count


def _until(writer: VideoWriter, wave: np.ndarray, frame: int) -> np.ndarray:
    """The sound not yet written up to the start of frame number `frame`."""
    if writer.audio_rate is None:
        return wave[:0]
    return wave[writer.samples : frame * writer.audio_rate // writer.fps]


@contextlib.contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` that is gone afterwards; errors name `out`, not what is in it.

    Made first of all, so that an unwritable place is found before anything is rendered.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.stem}-", suffix=".part", dir=out.parent))
    except OSError as error:
        raise os_error(error, out) from error
    try:
        yield folder
    except VivantError as error:
        if error.file is None or Path(error.file).parent != folder:
            raise
        message = error.message.replace(error.file, str(out))
        raise VivantError(error.code, message, error.fix, file=out) from error
    except OSError as error:
        if error.filename is None or Path(error.filename).parent != folder:
            raise
        raise os_error(error, out) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(signed: Path, out: Path) -> None:
    try:
        with open(signed, "rb") as written:
            os.fsync(written.fileno())
        os.replace(signed, out)
    except OSError as error:
        raise os_error(error, out) from error


def _installation(keys: SigningKeys) -> str:
    """This installation's name, as in its certificates."""
    root = x509.load_pem_x509_certificate(keys.root_pem.encode())
    return str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
