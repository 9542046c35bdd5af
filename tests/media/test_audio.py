"""Sound comes out mono, at the rate asked for, and in time with the pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.media.audio import loudness, read_audio, resample, write_wav
from vivant.media.video import VideoWriter


def tone(rate: int, seconds: float, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)).astype(
        np.float32
    )


def peak_hz(wave: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(spectrum) * rate / len(wave))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_resampling_keeps_pitch_level_and_time(rate: int) -> None:
    out = resample(tone(rate, 1.0), rate, 16000)
    assert len(out) == 16000
    assert peak_hz(out, 16000) == pytest.approx(440, abs=2)
    assert np.abs(out[1000:-1000]).max() == pytest.approx(0.5, abs=0.01)
    click = np.zeros(rate, np.float32)
    click[rate // 2] = 1
    assert np.argmax(resample(click, rate, 16000)) == pytest.approx(8000, abs=1)


def test_resampling_down_folds_nothing_back() -> None:
    assert np.abs(resample(tone(48000, 1.0, hz=11000), 48000, 16000)[500:-500]).max() < 1e-3


@pytest.mark.parametrize(
    ("rate", "layout", "codec", "suffix"),
    [
        (48000, "stereo", "aac", ".mp4"),
        (8000, "mono", "pcm_s16le", ".wav"),
        (44100, "stereo", "flac", ".flac"),
        (48000, "5.1", "flac", ".flac"),
        (16000, "mono", "pcm_u8", ".wav"),
        (48000, "stereo", "libopus", ".webm"),
    ],
)
def test_any_layout_and_rate(
    tmp_path: Path, rate: int, layout: str, codec: str, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        channels = len(av.AudioLayout(layout).channels)
        wave = np.tile(tone(rate, 1.0), (channels, 1))
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts, frame.time_base = 0, Fraction(1, rate)
        resampler = av.AudioResampler(
            stream.format.name, layout, rate, frame_size=stream.frame_size or 1024
        )
        for ready in resampler.resample(frame) + resampler.resample(None):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    out = read_audio(path, 16000)
    assert len(out) == pytest.approx(16000, abs=1100)
    assert peak_hz(out, 16000) == pytest.approx(440, abs=2)
    assert np.abs(out[4000:12000]).max() == pytest.approx(0.5, abs=0.04)


def test_one_dead_channel_does_not_halve_the_voice(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("flac", rate=48000, layout="stereo")
        pair = np.stack([tone(48000, 1.0), np.zeros(48000, np.float32)])
        frame = av.AudioFrame.from_ndarray(
            (pair * 32767).astype(np.int16).T.reshape(1, -1).copy(), format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        for ready in av.AudioResampler("s16", "stereo", 48000, frame_size=4096).resample(frame):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    assert np.abs(read_audio(path, 16000)).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("offset_s", [0.4, -0.4])
def test_sound_is_aligned_to_the_first_picture(tmp_path: Path, offset_s: float) -> None:
    """A click 1 s after the first picture is at 1 s, whenever the sound track begins."""
    path = tmp_path / "a.mkv"
    rate = 48000
    late = max(0.0, -offset_s)  # when pictures begin on the container's clock
    first = max(0.0, offset_s)  # when sound begins
    wave = np.zeros(2 * rate, np.float32)
    wave[round((1.0 + late - first) * rate)] = 0.9
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream("libx264", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sounds: Any = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for k in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
            frame.pts, frame.time_base = k + round(late * 25), Fraction(1, 25)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        samples = (wave * 32767).astype(np.int16)
        for start in range(0, len(samples), 4800):
            piece = av.AudioFrame.from_ndarray(samples[None, start : start + 4800], "s16", "mono")
            piece.sample_rate = rate
            piece.pts, piece.time_base = start + round(first * rate), Fraction(1, rate)
            container.mux(sounds.encode(piece))
    out = read_audio(path, 16000)
    assert np.argmax(np.abs(out)) / 16000 == pytest.approx(1.0, abs=0.002)


def test_writer_keeps_sound_in_time(tmp_path: Path) -> None:
    wave = np.zeros(48000, np.float32)
    wave[24000:24200] = tone(24000, 200 / 24000, hz=2000)
    with VideoWriter(tmp_path / "a.mp4", 64, 64, audio_rate=24000) as out:
        for _ in range(50):
            out.write(np.full((64, 64, 3), 80, np.uint8))
        for start in range(0, 48000, 700):  # pieces of any size
            out.write_audio(wave[start : start + 700])
    heard = read_audio(tmp_path / "a.mp4", 24000)
    lag = np.argmax(np.correlate(heard[22000:27000], wave[24000:24200])) + 22000 - 24000
    assert abs(lag) <= 2


def test_real_clip(shared_data: Path) -> None:
    wave = read_audio(shared_data / "grid_s1" / "bbaz7a.mpg", 16000)
    assert wave.dtype == np.float32
    assert len(wave) / 16000 == pytest.approx(3.0, abs=0.05)


def test_video_without_sound(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 64) as out:
        out.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(VivantError) as caught:
        read_audio(tmp_path / "a.mp4", 16000)
    assert caught.value.code == "no-sound"


def test_wav_round_trip(tmp_path: Path) -> None:
    wave = tone(22050, 0.5)
    write_wav(tmp_path / "a.wav", wave, 22050)
    assert np.abs(read_audio(tmp_path / "a.wav", 22050) - wave).max() < 1e-4
    with pytest.raises(VivantError) as caught:
        write_wav(tmp_path / "nowhere" / "a.wav", wave, 22050)
    assert caught.value.code == "not-writable"


@pytest.mark.parametrize("rate", [16000, 48000])
def test_loudness_of_the_standards_reference_tone(rate: int) -> None:
    """BS.1770: a 997 Hz sine at 0 dB full scale reads -3.01 LUFS; silence around it is gated."""
    wave = tone(rate, 5.0, hz=997, level=10 ** (-20 / 20))
    assert loudness(wave, rate) == pytest.approx(-23.01, abs=0.1)
    padded = np.concatenate([np.zeros(5 * rate, np.float32), wave])
    assert loudness(padded, rate) == pytest.approx(-23.01, abs=0.2)
    assert loudness(np.zeros(rate), rate) == float("-inf")
