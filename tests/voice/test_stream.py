"""Sound flows before it is whole, and nobody hears that it came in chunks."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.voice.base import TIMBRE, Front, base_weights, build_decoder, fold_timbre, spectra
from vivant.voice.base import token_ids as ids_of
from vivant.voice.hibari import HibariVoice, session, synthesise
from vivant.voice.kokoro import KokoroVoice, piece_symbols
from vivant.voice.personal import load_personal
from vivant.voice.script import parse_script
from vivant.voice.speak import speak_script
from vivant.voice.speech import RATE, Speech
from vivant.voice.stream import SpeechStream, stream_sound

TEXT = "The river was wide and slow, and the old man sat on the bank all day. Then he went home."


@pytest.fixture(scope="module")
def stream() -> SpeechStream:
    return SpeechStream({"en": HibariVoice()})


@pytest.fixture(scope="module")
def chunks(stream: SpeechStream) -> list[Speech]:
    return list(stream.say(parse_script(TEXT)))


def test_decoded_in_windows_it_sounds_as_if_decoded_whole() -> None:
    weights = base_weights()
    ids = ids_of(piece_symbols(parse_script(TEXT).pieces[0]))
    frames = Front().frames(ids, weights.styles[0, TIMBRE:], np.ones(len(ids)))
    decoder = session(build_decoder(fold_timbre(weights.state, weights.styles[0, :TIMBRE])))
    whole = synthesise(spectra(decoder, frames.features()), frames.f0)
    parts = list(stream_sound(frames.features(), frames.f0, lambda x: spectra(decoder, x)))
    assert len(parts) > 3
    error = np.concatenate(parts) - whole
    assert float(np.abs(error).max()) < 1e-4 * float(np.abs(whole).max())  # under -80 dB


def test_the_first_chunk_needs_only_its_own_frames() -> None:
    seen: list[int] = []

    def decode(features: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(features.shape[1])
        return tuple(np.zeros((601, features.shape[1]), np.float32) for _ in range(5))

    flowing = stream_sound(np.zeros((130, 800), np.float32), np.full(800, 150.0), decode)
    first = next(flowing)
    assert 0.1 <= len(first) / RATE <= 0.2
    assert seen == [39]  # of 800


def test_a_stream_says_what_the_whole_says(chunks: list[Speech]) -> None:
    whole = speak_script(parse_script(TEXT), {"en": HibariVoice()})
    said = [word.text for chunk in chunks for word in chunk.words]
    assert said == [word.text for word in whole.words]
    wave = np.concatenate([chunk.wave for chunk in chunks])
    assert len(wave) == len(whole.wave)
    gain = float(wave @ whole.wave / (wave @ wave))
    assert 0.6 < gain < 1.6  # one gain for the voice, instead of one for this script
    # hibari's decoder counts in 8 bits, with a scale that depends on the window.
    error = gain * wave - whole.wave
    assert float(np.sqrt((error**2).mean() / (whole.wave**2).mean())) < 0.12


def test_times_go_on_from_chunk_to_chunk(chunks: list[Speech]) -> None:
    whole = speak_script(parse_script(TEXT), {"en": HibariVoice()})
    offsets = itertools.accumulate((chunk.seconds for chunk in chunks), initial=0.0)
    starts = [
        offset + word.start_s
        for offset, chunk in zip(offsets, chunks, strict=False)
        for word in chunk.words
    ]
    np.testing.assert_allclose(starts, [word.start_s for word in whole.words], atol=1e-3)
    assert all(0 <= word.start_s < chunk.seconds for chunk in chunks for word in chunk.words)


def test_no_seam_is_louder_than_the_sound_around_it(chunks: list[Speech]) -> None:
    wave = np.concatenate([chunk.wave for chunk in chunks])
    steps = np.abs(np.diff(wave, n=2))
    for seam in itertools.accumulate(len(chunk.wave) for chunk in chunks[:-1]):
        around = steps[max(0, seam - 480) : seam + 480]
        assert steps[seam - 2 : seam + 1].max() <= 1.001 * np.sort(around)[-4:].max()


def test_the_same_text_streams_the_same_sound(stream: SpeechStream, chunks: list[Speech]) -> None:
    again = list(stream.say(parse_script(TEXT)))
    for a, b in zip(chunks, again, strict=True):
        np.testing.assert_array_equal(a.wave, b.wave)


def test_a_personal_voice_streams(tiny: tuple[Path, Path]) -> None:
    voice = load_personal(tiny[1])
    piece = parse_script("Good evening, everybody.").pieces[0]
    chunks = list(voice.stream(piece))
    assert len(chunks) > 1
    assert {chunk.kind for chunk in chunks} == {"personal"}
    assert sum(len(chunk.wave) for chunk in chunks) == len(voice.say(piece).wave)


def test_a_stock_voice_streams_piece_by_piece() -> None:
    flowing = SpeechStream({"zh": KokoroVoice("zf_xiaobei")}).say(parse_script("你好。再见。"))
    sounds = [chunk for chunk in flowing if chunk.words]
    assert ["".join(word.text for word in chunk.words) for chunk in sounds] == ["你好", "再见"]


def test_a_language_without_a_voice_is_refused(stream: SpeechStream) -> None:
    with pytest.raises(VivantError) as caught:
        next(stream.say(parse_script("你好。")))
    assert caught.value.code == "no-voice"
