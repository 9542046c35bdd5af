"""How soon sound starts, and how fast it flows: text in to first chunk out, on a warm process.

    python bench/voice_stream.py [VOICE_FOLDER]

With a personal voice's folder (HOME/avatars/NAME/voice) that voice is measured, else the base voice
it stands on. A stock voice is measured beside it. Writes bench/results/voice_stream.md.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from vivant.voice.hibari import HibariVoice
from vivant.voice.kokoro import KokoroVoice
from vivant.voice.personal import load_personal
from vivant.voice.script import parse_script
from vivant.voice.speech import Language, Voice
from vivant.voice.stream import SpeechStream

ENGLISH = (
    "Yes.",
    "Good morning, and welcome to our shop.",
    "The price is $24.99, down from $40.",
    "It ships on 3 December 2026, and arrives within five working days.",
    "Take 5 mg twice a day with water, and call us at once if you feel dizzy.",
    "Our address is 221B Baker Street, London.",
    "I am a digital assistant; a lawyer will read your question before anything is sent to the "
    "court, and you will hear from us by telephone no later than Thursday afternoon.",
    "Does it come in blue? It does, and in green, grey, white and black as well.",
    "Thank you for waiting so long.",
    "Nobody expected the small shop on the corner to stay open through the winter.",
)
MANDARIN = ("好的。", "欢迎来到我们的直播间。", "这件衣服只要三百五十块，今天下单，明天发货。")


def measured(name: str, voice: Voice, language: Language, texts: Sequence[str]) -> str:
    """One row: delays in milliseconds, and seconds of work a second of sound."""
    stream = SpeechStream({language: voice})
    delays, worked, sounded = [], 0.0, 0.0
    for text in [*texts, *texts, *texts][len(texts) :]:
        began, first = time.perf_counter(), None
        for chunk in stream.say(parse_script(text, language)):
            first = first or time.perf_counter() - began
            sounded += chunk.seconds
        worked += time.perf_counter() - began
        delays.append(1000 * (first or 0.0))
    return (
        f"| {name} | {language} | {len(delays)} | {statistics.median(delays):.0f} "
        f"| {max(delays):.0f} | {worked / sounded:.3f} |"
    )


def main() -> None:
    """Measure and write."""
    own: Voice = load_personal(sys.argv[1]) if len(sys.argv) > 1 else HibariVoice()
    name = "personal voice" if len(sys.argv) > 1 else "base voice"
    stock = KokoroVoice("zf_xiaobei")
    lines = [
        "# Streaming speech",
        "",
        "From text to the first chunk of sound, on a warm process with one thread. Pauses count as",
        "sound. A stock voice flows sentence by sentence: it starts when its first one is done.",
        "",
        "| voice | language | sentences | first sound, ms (median) | (worst) | real-time factor |",
        "| --- | --- | --- | --- | --- | --- |",
        measured(name, own, "en", ENGLISH),
        measured("stock voice zf_xiaobei", stock, "en", ENGLISH[:4]),
        measured("stock voice zf_xiaobei", stock, "zh", MANDARIN),
    ]
    out = Path(__file__).parent / "results" / "voice_stream.md"
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
