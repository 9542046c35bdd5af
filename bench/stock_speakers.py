"""Make vivant/voice/stock_speakers.npz: what both speaker judges hear in every stock voice.

    python -m bench.stock_speakers

The judge of a personal voice looks there for the stock voice nearest to a person.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import vivant.voice
from vivant.media.audio import resample
from vivant.voice.hibari import words_of
from vivant.voice.kokoro import KokoroVoice, stock_voices
from vivant.voice.speaker import RATE, campplus, centre, ge2e
from vivant.voice.speech import Piece, SpokenWord

_ENGLISH = (
    "The morning train was late, so we walked along the river instead.",
    "Fresh bread and warm soup were waiting for them in the kitchen.",
)
_MANDARIN = ("今天 早上 火车 晚点 了", "厨房 里 有 新鲜 的 面包 和 热汤")


def pieces(language: str) -> list[Piece]:
    """What a voice of this mother tongue says."""
    if language == "en":
        return [Piece(words_of(text)) for text in _ENGLISH]
    return [Piece(tuple(SpokenWord(word, "zh") for word in text.split())) for text in _MANDARIN]


def main() -> None:
    """Say two sentences with every stock voice and keep the embeddings."""
    names, first, second = [], [], []
    for voice in stock_voices():
        speaker = KokoroVoice(voice.name)
        waves = []
        for piece in pieces(voice.language):
            speech = speaker.say(piece)
            waves.append(resample(speech.wave, speech.rate, RATE))
        names.append(voice.name)
        first.append(centre([campplus(wave) for wave in waves]))
        second.append(centre([ge2e(wave) for wave in waves]))
        print(voice.name, flush=True)
    out = Path(vivant.voice.__path__[0]) / "stock_speakers.npz"
    np.savez_compressed(
        out,
        names=np.array(names),
        campplus=np.array(first, np.float16),
        ge2e=np.array(second, np.float16),
    )


if __name__ == "__main__":
    main()
