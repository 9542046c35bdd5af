"""The base voice: what its folded weights and its two ways of timing promise."""

from __future__ import annotations

import numpy as np
import torch

from vivant.voice.base import (
    TIMBRE,
    BaseVoice,
    Front,
    base_weights,
    build_decoder,
    fold_timbre,
    spectra,
    token_ids,
)
from vivant.voice.decoder import loaded
from vivant.voice.hibari import session
from vivant.voice.kokoro import piece_symbols
from vivant.voice.script import parse_script


def _ids(text: str) -> np.ndarray:
    return token_ids(piece_symbols(parse_script(text).pieces[0]))


def test_a_timbre_folds_into_the_weights() -> None:
    weights = base_weights()
    timbre = weights.styles[3, :TIMBRE]
    ids = _ids("Good morning.")
    features = Front().frames(ids, weights.styles[0, TIMBRE:], np.ones(len(ids))).features()
    with torch.no_grad():
        many = loaded(weights.state, many=True)(
            torch.from_numpy(features)[None], torch.from_numpy(timbre)[None]
        )
    folded = session(build_decoder(fold_timbre(weights.state, timbre)))
    one = np.concatenate(spectra(folded, features))
    # The exported weights have 16 bits.
    assert np.abs(one - many[0].numpy())[:601].mean() < 0.02


def test_durations_given_are_the_durations_made() -> None:
    weights, front = base_weights(), Front()
    prosody = weights.styles[0, TIMBRE:]
    ids = _ids("The old man sat on the bank.")
    free = front.frames(ids, prosody, np.ones(len(ids)))
    again = front.frames_lasting(ids, prosody, free.durations)
    np.testing.assert_allclose(again.f0, free.f0, atol=1e-3)
    slower = front.frames_lasting(ids, prosody, free.durations * 2)
    assert slower.hidden.shape[1] == 2 * free.hidden.shape[1]


def test_every_voice_it_was_taught_speaks_both_languages() -> None:
    english = parse_script("We met by the river.").pieces[0]
    mandarin = parse_script("我们在河边见面。").pieces[0]
    for name in ("af_heart", "zm_yunxia"):
        voice = BaseVoice(name)
        for piece in (english, mandarin):
            speech = voice.say(piece)
            assert 0.8 < speech.seconds < 4
            assert len(speech.words) == len(piece.words)
            assert 0.02 < float(np.abs(speech.wave).max()) < 2
