"""Is the trained voice the person's, and can it be understood?

Everything is measured on text the training never saw, and set beside the same figure of the
person's own held-out recordings, because a judge has its own limits. Two independent embeddings
judge who speaks (`vivant.voice.speaker`), a phoneme recogniser (hama) what is said, and distilMOS
(Stahl and Gamper 2025, arXiv 2502.05356) how it sounds.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vivant.assets import ASSETS, Asset, asset_path
from vivant.errors import VivantError
from vivant.media.audio import resample, write_wav
from vivant.media.files import atomic_folder, write_json
from vivant.progress import Progress, silent
from vivant.voice.align import align, pronunciations, spoken_words
from vivant.voice.hibari import EDGE_S, HibariVoice, words_of
from vivant.voice.personal import load_personal
from vivant.voice.prepare import read_dropped, read_split
from vivant.voice.sentences import Sentence, read_sentence_audio
from vivant.voice.speaker import RATE, campplus, centre, ge2e, similarity
from vivant.voice.speech import Piece, Voice

_HAMA = functools.partial(Asset, "hama", "1.7.0", licence="Apache-2.0", extra="train")
ASSETS.update(
    {
        "hama": _HAMA(
            path="hama/assets/asr_waveform.hama",
            sha256="a9fcfe73e179ca48e399cd76a90a6b3e1887bf5037ecc52b778d13a149563328",
        ),
        "hama-vocabulary": _HAMA(
            path="hama/assets/g2p_vocab.json",
            sha256="520d19e4e6ae58658eed53594e0feab8ea8e1b4b04a7746e25e50c16c29b91bf",
        ),
        "distillmos": Asset(
            "distillmos",
            "0.9.1",
            "distillmos/weights/distill_mos_v7.pt",
            "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
            "MIT",
            extra="train",
        ),
    }
)

# A personal voice passes when all of these hold.
SIMILARITY_OF_SELF = 0.75  # of the person's own similarity, first judge (CAM++)
SECOND_OF_SELF = 0.85  # second judge (GE2E), whose strangers score higher
OVER_STOCK = 0.05  # nearer to the person than the nearest stock voice, both judges
AS_GOOD_AS_SELF = 0.9  # of the person's own similarity: then a stock voice may be as near
PHONEME_ERROR_OVER_BASE = 0.05

MIN_REFERENCES = 4  # recordings that a person's centre is taken from
MAN_BELOW_HZ = 165.0  # for choosing a stock voice of the same sex

# Prose of everyday words that training does not use.
HELD_OUT_TEXT = (
    "The morning train was late again, so we walked along the river instead.",
    "She found an old photograph between the pages of a borrowed book.",
    "Nobody expected the small shop on the corner to stay open through winter.",
    "He asked whether the bridge would be strong enough for heavy lorries.",
    "Fresh bread and warm soup were waiting for them in the kitchen.",
    "Children laughed as the yellow kite rose above the village church.",
    "The doctor explained everything twice and then drew a simple picture.",
    "We usually measure success by things that are easy to count.",
    "A gentle voice from the next room told us to be quiet.",
    "Most of the money was spent on repairing the garage roof.",
    "They chose a narrow path that led through thick woods to the beach.",
    "Your father thought the journey would take about three hours.",
)


@dataclass(frozen=True)
class Gate:
    """Whether the personal voice may be used, and why not."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class VoiceReport:
    """The judge's figures. Similarities are cosines; error rates are shares of phonemes."""

    kind: Literal["personal", "stock"]
    speaker_similarity: float  # CAM++, made prose against held-out recordings
    self_similarity: float  # CAM++, each recording against the others
    stock_similarity: float  # CAM++, the nearest stock voice
    second_similarity: float  # the same three with GE2E
    second_self_similarity: float
    second_stock_similarity: float
    phoneme_error_rate: float  # made prose
    recording_phoneme_error_rate: float  # held-out recordings, on their own texts
    base_phoneme_error_rate: float  # the base voice, same prose
    mos: float  # 1 to 5, made prose
    recording_mos: float
    stock_voices: dict[str, str]  # the nearest stock voice by language
    gate: Gate
    sentences: int  # prose sentences judged
    recordings: int  # real recordings judged
    left_out: tuple[tuple[str, str], ...] = ()  # recordings that were not learnt from, and why
    pictures: tuple[dict[str, str], ...] = ()  # sound files beside report.json, with captions

    def as_json(self) -> dict[str, Any]:
        """The ``report.voice`` object of the command contract."""
        out = {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }
        out["gate"] = {"passed": self.gate.passed, "reasons": list(self.gate.reasons)}
        out["left_out"] = [{"sentence": name, "reason": why} for name, why in self.left_out]
        out["pictures"] = list(self.pictures)
        return out


# What is said.

_ARPABET_TO_IPA = {
    "AA": "ɑ", "AE": "æ", "AH": "ə", "AO": "ɑ", "AW": "au", "AY": "ai", "B": "b", "CH": "tʃ",
    "D": "d", "DH": "ð", "EH": "ɛ", "ER": "əɹ", "EY": "ei", "F": "f", "G": "ɡ", "HH": "h",
    "IH": "i", "IY": "i", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ",
    "OW": "ou", "OY": "ɑi", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ",
    "UH": "u", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_MERGED = str.maketrans({"ɾ": "ɹ", "ʌ": "ə", "ɔ": "ɑ", "ɪ": "i", "ʊ": "u", "g": "ɡ"})


def expected_phonemes(text: str) -> str:
    """The phonemes of an English text, one letter each, vowels merged as the recogniser needs."""
    return "".join(
        _ARPABET_TO_IPA[phone] for word in spoken_words(text) for phone in pronunciations(word)[0]
    )


def heard_phonemes(wave: np.ndarray) -> str:
    """What the recogniser hears in 16 kHz sound, in the letters of `expected_phonemes`."""
    text = _recogniser().transcribe_waveform(np.clip(wave, -1, 1), RATE).phoneme_text
    text = "".join(text.split()).replace("͡", "").replace("̪", "").replace("|", "")
    text = re.sub("[ˈˌː̯̃]", "", text)
    text = re.sub("[ɜɝɚ]ɹ?", "əɹ", text.replace("hw", "w"))
    return text.translate(_MERGED)


@functools.cache
def _recogniser() -> Any:
    asset_path("hama-vocabulary")
    from hama.asr import ASRModel

    return ASRModel(model_path=asset_path("hama"))


def edit_distance(a: str, b: str) -> int:
    """Levenshtein's: insertions, deletions and substitutions that turn `a` into `b`."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def phoneme_error_rate(waves: Sequence[np.ndarray], texts: Sequence[str]) -> float:
    """Share of phonemes that the recogniser hears wrongly, over all of the text.

    Parameters
    ----------
    waves
        Mono float32 at 16 kHz.
    texts
        What each says.
    """
    wrong = total = 0
    for wave, text in zip(waves, texts, strict=True):
        wanted = expected_phonemes(text)
        wrong += edit_distance(wanted, heard_phonemes(wave))
        total += len(wanted)
    return wrong / max(total, 1)


# How it sounds.


@contextlib.contextmanager
def _without_torchaudio() -> Iterator[None]:
    """distilMOS imports torchaudio only to read files, which it never does here."""
    kept = sys.modules.get("torchaudio")
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    try:
        yield
    finally:
        if kept is None:
            del sys.modules["torchaudio"]
        else:
            sys.modules["torchaudio"] = kept


@functools.cache
def _quality_network() -> Any:
    import torch

    with _without_torchaudio():
        from distillmos.sqa import ConvTransformerSQAModel
    network = ConvTransformerSQAModel(load_weights=False)
    state = torch.load(asset_path("distillmos"), "cpu", weights_only=True)
    network.load_state_dict(state["model"])
    return network.eval()


def mean_opinion(wave: np.ndarray) -> float:
    """Estimated mean opinion score of 16 kHz speech, 1 to 5."""
    import torch

    with torch.no_grad():
        return float(_quality_network()(torch.as_tensor(wave, dtype=torch.float32)[None]))


# Who speaks.


def leave_one_out(embeddings: Sequence[np.ndarray]) -> float:
    """Mean similarity of each embedding to the centre of the others."""
    return float(
        np.mean(
            [
                similarity(one, centre([e for j, e in enumerate(embeddings) if j != i]))
                for i, one in enumerate(embeddings)
            ]
        )
    )


@dataclass(frozen=True)
class NearestStock:
    """The stock voices nearest to a person, and how near the English one is."""

    voices: dict[str, str]  # language to name
    similarity: float  # CAM++, of the English one
    second_similarity: float  # GE2E


def nearest_stock(first: np.ndarray, second: np.ndarray, man: bool) -> NearestStock:
    """The nearest stock voice of the same sex in each language, by both judges together.

    The stock voices' embeddings were made by ``bench/stock_speakers.py``.
    """
    table = np.load(Path(__file__).with_name("stock_speakers.npz"))
    scores: dict[str, tuple[float, str, float, float]] = {}
    for name, one, two in zip(table["names"], table["campplus"], table["ge2e"], strict=True):
        if (name[1] == "m") != man:
            continue
        language = "zh" if name[0] == "z" else "en"
        a, b = similarity(first, one), similarity(second, two)
        if language not in scores or a + b > scores[language][0]:
            scores[language] = (a + b, str(name), a, b)
    return NearestStock(
        {language: name for language, (_, name, _, _) in scores.items()},
        scores["en"][2],
        scores["en"][3],
    )


def _spoken(voice: Voice, texts: Sequence[str], told: Callable[[], None]) -> list[np.ndarray]:
    waves = []
    for text in texts:
        told()
        speech = voice.say(Piece(words_of(text)))
        waves.append(_levelled(resample(speech.wave, speech.rate, RATE)))
    return waves


def _levelled(wave: np.ndarray) -> np.ndarray:
    peak = float(np.abs(wave).max(initial=0.0))
    return np.asarray(wave * (0.8 / max(peak, 1e-6)), np.float32)


def _speech_of(sentence: Sentence) -> np.ndarray | None:
    """The words of a recording, as tightly cut as made speech is; None if they are not heard."""
    wave = read_sentence_audio(sentence, RATE)
    try:
        found = align(wave, sentence.text)
    except VivantError:
        return None
    if not found.matches:
        return None
    begin = max(0.0, found.words[0].start_s - EDGE_S)
    cut = wave[round(begin * RATE) : round((found.words[-1].end_s + EDGE_S) * RATE)]
    return _levelled(cut) if len(cut) >= RATE // 2 else None


def _references(
    held_out: Sequence[Sentence], learnt: Sequence[Sentence], told: Callable[[], None]
) -> tuple[list[Sentence], list[np.ndarray], int]:
    """Held-out recordings, others if they are too few to find a centre, and how many are held out.

    Silence and the noise of the room around the words would count as voice: they are cut off.
    """
    used: list[Sentence] = []
    waves: list[np.ndarray] = []
    set_aside = 0
    for at, sentence in enumerate([*held_out, *learnt]):
        if at >= len(held_out) and len(waves) >= MIN_REFERENCES:
            break
        told()
        wave = _speech_of(sentence)
        if wave is not None:
            used.append(sentence)
            waves.append(wave)
            set_aside += at < len(held_out)
    return used, waves, set_aside or len(waves)


def judge_voice(work: Path, model: Path, report: Path, progress: Progress = silent) -> VoiceReport:
    """Judge a trained voice and write the report.

    Parameters
    ----------
    work
        What `vivant.voice.train.train_voice` worked in: it knows which recordings were set aside.
    model
        The trained voice's folder.
    report
        Folder to write, whole: ``report.json`` and sound samples, real beside made.
    progress
        Told the fraction done.

    Raises
    ------
    VivantError
        ``no-voice-model`` and the codes of reading sound.
    """
    held_out, learnt, manner = read_split(work)
    voice, base = load_personal(model), HibariVoice()
    steps = 6 * max(len(held_out), MIN_REFERENCES) + 5 * len(HELD_OUT_TEXT)
    done = 0

    def told(text: str = "judging the voice") -> None:
        nonlocal done
        progress(min(done / steps, 1.0), text)
        done += 1

    def each(function: Callable[[np.ndarray], Any], waves: Sequence[np.ndarray]) -> list[Any]:
        found = []
        for wave in waves:
            told()
            found.append(function(wave))
        return found

    references, real, set_aside = _references(held_out, learnt, told)
    made = _spoken(voice, HELD_OUT_TEXT, told)
    plain = _spoken(base, HELD_OUT_TEXT, told)
    real_first, real_second = each(campplus, real), each(ge2e, real)
    first, second = centre(real_first), centre(real_second)
    stock = nearest_stock(first, second, float(np.exp(manner.f0_mean)) < MAN_BELOW_HZ)
    figures = {
        "speaker_similarity": float(np.mean([e @ first for e in each(campplus, made)])),
        "self_similarity": leave_one_out(real_first),
        "stock_similarity": stock.similarity,
        "second_similarity": float(np.mean([e @ second for e in each(ge2e, made)])),
        "second_self_similarity": leave_one_out(real_second),
        "second_stock_similarity": stock.second_similarity,
        "phoneme_error_rate": phoneme_error_rate(made, HELD_OUT_TEXT),
        "recording_phoneme_error_rate": phoneme_error_rate(
            real[:set_aside], [s.text for s in references[:set_aside]]
        ),
        "base_phoneme_error_rate": phoneme_error_rate(plain, HELD_OUT_TEXT),
        "mos": float(np.mean(each(mean_opinion, made))),
        "recording_mos": float(np.mean(each(mean_opinion, real[:set_aside]))),
    }
    gate = gate_of(figures)
    with atomic_folder(report) as aside:
        samples = []
        for at, sentence in enumerate(references[: min(set_aside, 3)], 1):
            told("writing samples")
            speech = voice.say(Piece(words_of(sentence.text)))
            write_wav(aside / f"made-{at}.wav", speech.wave, speech.rate)
            write_wav(aside / f"real-{at}.wav", real[at - 1], RATE)
            for kind, what in (("real", "recorded"), ("made", "made")):
                samples.append({"file": f"{kind}-{at}.wav", "caption": f"{what}: {sentence.text}"})
        write_wav(aside / "made-prose.wav", made[0], RATE)
        samples.append({"file": "made-prose.wav", "caption": f"made: {HELD_OUT_TEXT[0]}"})
        judged = VoiceReport(
            kind="personal" if gate.passed else "stock",
            stock_voices=stock.voices,
            gate=gate,
            sentences=len(HELD_OUT_TEXT),
            recordings=len(real),
            left_out=read_dropped(work),
            pictures=tuple(samples),
            **figures,
        )
        write_json(aside / "report.json", judged.as_json())
    progress(1.0, "voice judged")
    return judged


def gate_of(figures: dict[str, float]) -> Gate:
    """Pass a personal voice, or say in words why not.

    Parameters
    ----------
    figures
        The float fields of `VoiceReport` by name.
    """
    reasons = []
    for prefix, judge, share in (
        ("", "CAM++", SIMILARITY_OF_SELF),
        ("second_", "GE2E", SECOND_OF_SELF),
    ):
        name = "speaker_similarity" if not prefix else "second_similarity"
        found, own = figures[name], figures[f"{prefix}self_similarity"]
        stock = figures[f"{prefix}stock_similarity"]
        if found < share * own:
            reasons.append(
                f"It does not sound enough like the person: {judge} similarity {found:.2f}, at "
                f"least {share * own:.2f} wanted ({share:.0%} of the person's own {own:.2f})."
            )
        if found < min(stock + OVER_STOCK, AS_GOOD_AS_SELF * own):
            reasons.append(
                f"A stock voice sounds about as much like the person: {judge} similarity "
                f"{stock:.2f}, this one {found:.2f}."
            )
    error, base = figures["phoneme_error_rate"], figures["base_phoneme_error_rate"]
    if error > base + PHONEME_ERROR_OVER_BASE:
        reasons.append(
            f"It is not clear enough: {error:.1%} of its speech sounds are misheard, {base:.1%} "
            "of the base voice's."
        )
    return Gate(not reasons, tuple(reasons))
