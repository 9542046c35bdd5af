"""Sound in and out of files: mono float32, aligned to the first picture, measured by BS.1770."""

from __future__ import annotations

import wave as riff
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy import signal

from vivant.errors import VivantError
from vivant.media.files import atomic_path
from vivant.media.video import open_media, unreadable, video_zero

GAP_S = 0.03  # clocks jitter by a packet's rounding; a longer hole is a real one
QUIET_CHANNEL = 0.01  # of the loudest channel's energy (-20 dB): a dead or crosstalk channel


def _pieces(path: Path) -> Iterator[tuple[float, int, np.ndarray]]:
    """(second on the video's clock, rate, float32 (channels, n)) for every decoded packet."""
    with open_media(path) as container:
        if not container.streams.audio:
            raise VivantError(
                "no-sound",
                f"{path}: has no sound.",
                "Record it with a microphone, or give the sound as files of its own.",
                file=path,
            )
        zero = video_zero(container)
        stream = container.streams.audio[0]
        planar = None
        end: float | None = None
        try:
            for frame in container.decode(stream):
                if planar is None:
                    # Only the sample format changes here; mixing and rates come later.
                    planar = av.AudioResampler("fltp", frame.layout.name, frame.sample_rate)
                if zero is None:
                    zero = frame.time or 0.0
                time = end if frame.time is None else frame.time - zero
                time = 0.0 if time is None else time
                end = time + frame.samples / frame.sample_rate
                for piece in planar.resample(frame):
                    yield time, frame.sample_rate, piece.to_ndarray()
        except (av.FFmpegError, ValueError) as error:
            raise unreadable(path, str(error), end) from error


def read_audio(path: str | Path, rate: int) -> np.ndarray:
    """The sound of a file as mono float32 in [-1, 1] at `rate`.

    Sample 0 is heard with the first picture when the file has pictures: sound that starts later
    is padded with silence, sound that starts earlier is cut. Holes in the timeline are filled with
    silence. Channels are averaged; dead ones do not count.

    Raises
    ------
    VivantError
        ``no-sound`` and the codes of `vivant.media.video.probe`.
    """
    path = Path(path)
    chunks: list[np.ndarray] = []
    filled = 0
    source_rate = 0
    for time, piece_rate, piece in _pieces(path):
        source_rate = source_rate or piece_rate
        start = round(time * source_rate)
        if not chunks or abs(start - filled) > GAP_S * source_rate:
            if start > filled:
                chunks.append(np.zeros((piece.shape[0], start - filled), np.float32))
                filled = start
            elif start < filled:
                piece = piece[:, filled - start :]
        chunks.append(piece)
        filled += piece.shape[1]
    if not filled:
        raise VivantError(
            "no-sound",
            f"{path}: its sound track is empty.",
            "Record it again with a microphone.",
            file=path,
        )
    channels = np.concatenate(chunks, axis=1)
    energy = (channels.astype(np.float32) ** 2).mean(axis=1)
    mono = channels[energy >= QUIET_CHANNEL * energy.max()].mean(axis=0)
    return resample(np.clip(mono, -1, 1), source_rate, rate)


def resample(wave: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    """Change the sample rate by a windowed-sinc polyphase filter; no delay, float32 out."""
    wave = np.asarray(wave, np.float32)
    if rate_in == rate_out or not len(wave):
        return wave
    want = round(len(wave) * rate_out / rate_in)
    ratio = Fraction(rate_out, rate_in)
    if max(ratio.numerator, ratio.denominator) > 4000:
        ratio = ratio.limit_denominator(2000)  # odd rates: 0.00001 % off, no giant filter
    up, down = ratio.numerator, ratio.denominator
    half = 24 * max(up, down)  # 24 zero crossings a side, Kaiser 9: 90 dB stop band
    taps = signal.firwin(2 * half + 1, 0.94 / max(up, down), window=("kaiser", 9.0)) * up
    out = signal.upfirdn(taps.astype(np.float32), wave, up, down)
    skip = half // down
    if half % down:
        # The filter's delay must be a whole number of output samples.
        lead = down - half % down
        out = signal.upfirdn(
            np.concatenate([np.zeros(lead), taps]).astype(np.float32), wave, up, down
        )
        skip = (half + lead) // down
    out = out[skip : skip + want].astype(np.float32)
    return np.pad(out, (0, want - len(out)))


def write_wav(path: str | Path, wave: np.ndarray, rate: int) -> None:
    """Write mono float sound as 16-bit PCM, whole or not at all; clipped to [-1, 1]."""
    samples = np.round(np.clip(np.asarray(wave, np.float64), -1, 1) * 32767).astype("<i2")
    with atomic_path(path) as aside, riff.open(str(aside), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())


def _k_weighting(rate: int) -> np.ndarray:
    """ITU-R BS.1770-5 pre-filter as second-order sections for any rate.

    The standard prints coefficients for 48 kHz; these are its analogue prototypes (shelf +4 dB at
    1681.97 Hz, high pass at 38.14 Hz) put through the bilinear transform at `rate`, which gives
    the printed values at 48 kHz.
    """
    gain, q, f0 = 10 ** (3.999843853973347 / 20), 0.7071752369554196, 1681.974450955533
    k = np.tan(np.pi * f0 / rate)
    vb = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        (gain + vb * k / q + k * k) / a0,
        2 * (k * k - gain) / a0,
        (gain - vb * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    q, f0 = 0.5003270373238773, 38.13547087602444
    k = np.tan(np.pi * f0 / rate)
    a0 = 1 + k / q + k * k
    high = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high])


def loudness(wave: np.ndarray, rate: int) -> float:
    """Integrated loudness in LUFS of mono sound, gated, by ITU-R BS.1770-5.

    Sound shorter than one 400 ms block is measured whole; silence is ``-inf``.
    """
    if not len(wave):
        return float("-inf")
    power = signal.sosfilt(_k_weighting(rate), np.asarray(wave, np.float64)) ** 2
    block, hop = round(0.4 * rate), round(0.1 * rate)
    if len(power) <= block:
        blocks = np.array([power.mean()])
    else:
        total = np.concatenate([[0.0], np.cumsum(power)])
        starts = np.arange(0, len(power) - block + 1, hop)
        blocks = (total[starts + block] - total[starts]) / block
    level = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-20))
    loud = blocks[level > -70]
    if not len(loud):
        return float("-inf")
    relative = -0.691 + 10 * np.log10(loud.mean()) - 10
    kept = blocks[level > max(-70.0, relative)]
    return float(-0.691 + 10 * np.log10(kept.mean()))
