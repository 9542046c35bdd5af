"""Speech as it is made: sound flows in chunks while the rest is still being computed.

A decoder of convolutions sees a limited number of frames, so a piece can be decoded window by
window, with that many frames on either side, and sounds as if decoded whole: pulses are computed
from the whole pitch curve, noise is drawn for the whole piece, and overlap-add carries its tail
from chunk to chunk. There is no seam because there is no cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from vivant.voice.hibari import BINS, HOP
from vivant.voice.script import Script
from vivant.voice.speak import LOUDNESS_LUFS, check_voices, limited, voiced_parts
from vivant.voice.speech import RATE, Phone, Speech, StreamingVoice, Voice, Word

CONTEXT = 27  # frames on either side that a decoder sees: nine layers of seven taps
FIRST_CHUNK = 12  # frames, 150 ms: soon out, and long enough to make the second one meanwhile
LONGEST_CHUNK = 96  # frames; every chunk is twice as long as the one before, up to this
AHEAD = 512  # samples, 21 ms: what the limiter sees on either side
_OVERLAP = 3  # frames that one block of 300 samples still waits for

Spectra = tuple[np.ndarray, ...]  # lh, theta, ln, lr, phi, each (601, F)


def stream_sound(
    features: np.ndarray, f0: np.ndarray, decode: Callable[[np.ndarray], Spectra]
) -> Iterator[np.ndarray]:
    """What `vivant.voice.hibari.synthesise` makes of ``decode(features)``, chunk by chunk.

    Parameters
    ----------
    features
        (C, F) float32, the decoder's input.
    f0
        (F,) Hz, 0 without voice.
    decode
        Features of a window to its spectra; it may not see further than `CONTEXT` frames.

    Yields
    ------
    np.ndarray
        float32 sound; all chunks together have F * 300 samples.
    """
    from hibari import dsp

    frames = features.shape[1]
    pulses = dsp.stft(dsp.pulses(f0.astype(np.float32)), frames)
    noise = np.random.default_rng(0).standard_normal((BINS, 2 * frames), dtype=np.float32)
    noise = noise.view(np.complex64)
    weights = _window_sums(frames)
    tail = np.zeros((_OVERLAP, HOP), np.float32)
    start, length = 0, FIRST_CHUNK
    while start < frames:
        stop = min(frames, start + length)
        left, right = max(0, start - CONTEXT), min(frames, stop + CONTEXT)
        inside = slice(start - left, stop - left)
        lh, theta, ln, lr, phi = (part[:, inside] for part in decode(features[:, left:right]))
        spectrum = pulses[:, start:stop] * (dsp.ex(lh) * np.exp(1j * np.pi * np.tanh(theta)))
        spectrum += dsp.ex(ln) * noise[:, start:stop] + dsp.ex(lr) * np.exp(1j * phi)
        blocks = np.zeros((stop - start + _OVERLAP, HOP), np.float32)
        blocks[:_OVERLAP] = tail
        sounding = np.fft.irfft(spectrum.T, 4 * HOP, axis=1).astype(np.float32) * dsp.WIN
        for part, block in enumerate(np.split(sounding, 4, axis=1)):
            blocks[part : part + stop - start] += block
        done = stop if stop < frames else frames + _OVERLAP
        ready = blocks[: done - start] / weights[start:done, :]
        tail = blocks[stop - start :]
        # The first two blocks and the last one lie outside the piece: frames are centred.
        yield ready[max(0, 2 - start) : min(done, frames + 2) - start].reshape(-1)
        start, length = stop, min(2 * length, LONGEST_CHUNK)


def _window_sums(frames: int) -> np.ndarray:
    """(F + 3, 300) sum of the squared windows that overlap at every sample."""
    from hibari import dsp

    squared = (dsp.WIN * dsp.WIN).reshape(4, HOP)
    sums = np.zeros((frames + _OVERLAP, HOP), np.float32)
    for part in range(4):
        sums[part : part + frames] += squared[part]
    return np.maximum(sums, 1e-11)


# Said once when a stream opens, to know how loud a voice is.
_CALIBRATION = {"en": "This is how loud I am.", "zh": "我的声音有这么大。"}


def voice_gain(voice: Voice) -> float:
    """The factor that brings a voice to -16 LUFS, measured on a sentence it says.

    `vivant.voice.speak.speak_script` measures everything a voice says; a stream cannot wait for
    that.
    """
    from vivant.media.audio import loudness
    from vivant.voice.script import parse_script

    language = "en" if "en" in voice.languages else "zh"
    said = voice.say(parse_script(_CALIBRATION[language]).pieces[0])
    level = loudness(said.wave, said.rate)
    return float(10 ** ((LOUDNESS_LUFS - level) / 20)) if np.isfinite(level) else 1.0


class SpeechStream:
    """Says scripts as they come, in chunks, from warm voices.

    Parameters
    ----------
    voices
        The voice of each language. One that is no `StreamingVoice` is said piece by piece.

    Making one warms the voices up: what is loaded on first use is loaded now.
    """

    def __init__(self, voices: Mapping[str, Voice]) -> None:
        self._voices = voices
        self._gains = {id(voice): voice_gain(voice) for voice in voices.values()}

    def say(self, script: Script) -> Iterator[Speech]:
        """Chunks of a script, in order, each with the words and phonemes that begin in it.

        Times count from the start of the chunk and may reach beyond its end. Silences are chunks
        without words.

        Raises
        ------
        VivantError
            ``no-voice`` when a language has no voice.
        """
        check_voices(script, self._voices)
        if script.lead_s:
            yield _silence(script.lead_s)
        for piece in script.pieces:
            for voice, part in voiced_parts(piece, self._voices):
                gain = np.float32(self._gains[id(voice)])
                chunks = (
                    voice.stream(part) if isinstance(voice, StreamingVoice) else [voice.say(part)]
                )
                yield from _limited_chunks(replace(c, wave=c.wave * gain) for c in chunks)
            if piece.pause_s:
                yield _silence(piece.pause_s)


def _limited_chunks(chunks: Iterable[Speech]) -> Iterator[Speech]:
    """Chunks with their peaks limited as if they were one sound, `AHEAD` samples later."""
    before = after = np.zeros(0, np.float32)  # already given out; still to come
    phones: list[Phone] = []
    words: list[Word] = []
    taken = given = 0  # samples
    latest: Speech | None = None
    for chunk in itertools.chain(chunks, [None]):
        wave = np.zeros(0, np.float32) if chunk is None else chunk.wave
        if chunk is not None:
            latest, at = chunk, taken / RATE
            phones += [replace(p, start_s=p.start_s + at, end_s=p.end_s + at) for p in chunk.phones]
            words += [replace(w, start_s=w.start_s + at, end_s=w.end_s + at) for w in chunk.words]
            taken += len(wave)
        whole = np.concatenate([before, after, wave])
        stop = len(whole) - (AHEAD if chunk is not None else 0)
        if latest is None or stop <= len(before):
            after = np.concatenate([after, wave])
            continue
        ready = limited(whole, RATE)[len(before) : stop]
        begin_s, given = given / RATE, given + len(ready)
        end_s = given / RATE if chunk is not None else np.inf
        yield replace(
            latest,
            wave=ready,
            phones=tuple(
                replace(p, start_s=p.start_s - begin_s, end_s=p.end_s - begin_s)
                for p in phones
                if p.start_s < end_s
            ),
            words=tuple(
                replace(w, start_s=w.start_s - begin_s, end_s=w.end_s - begin_s)
                for w in words
                if w.start_s < end_s
            ),
        )
        phones = [p for p in phones if p.start_s >= end_s]
        words = [w for w in words if w.start_s >= end_s]
        before, after = whole[max(0, stop - AHEAD) : stop], whole[stop:]


def _silence(seconds: float) -> Speech:
    return Speech(np.zeros(round(seconds * RATE), np.float32), RATE, (), (), "", "", "stock")
