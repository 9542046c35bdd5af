"""Do the sentences say their texts, and does one person say them all?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vivant.assets import asset_path
from vivant.capture.findings import Finding
from vivant.capture.thresholds import (
    ALIKE_GE2E,
    ALIKE_TEXTS,
    DOUBTFUL_SHARE,
    FEW_SHARE,
    LEAD_LEAST,
    RIVAL_LEAD,
    SURE_SCORE,
    THRESHOLDS,
    WORD_LOSS_FACTOR,
    WORD_LOSS_FEW,
    WORD_LOSS_LEAST,
    WORD_LOSS_MOST,
    WORDS_TO_TELL,
    WRONG_SHARE,
)
from vivant.errors import VivantError
from vivant.voice import speaker
from vivant.voice.align import FRAME_S, PHONES, RATE, align
from vivant.voice.sentences import Sentence

_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class HeardWord:
    """One word of the text, where it should be in the recording."""

    text: str
    start_s: float
    loss: float  # summed over its frames, how much likelier other phonemes are; negative is good


@dataclass(frozen=True)
class TextMatch:
    """How well a recording says its text."""

    score: float  # per 10 ms frame against the best phonemes of any text; right ones -5 to 15
    words: tuple[HeardWord, ...]
    extra_s: float | None  # where something is said that the text does not have
    rival: str = ""  # another sentence's text that fits better
    no_better: bool = False  # than other sentences' texts
    reason: str = ""  # why nothing could be aligned at all


def can_align(text: str) -> bool:
    """Whether the aligner knows this text's language: English only."""
    return not _HAN.search(text)


def match_text(wave: np.ndarray, text: str, others: Sequence[str] = ()) -> TextMatch:
    """Compare a recording with its text, word by word.

    Each aligned word's score is compared with what free phonemes, in any order, reach in the same
    frames: the likelihood-ratio confidence of Rose and Paul 1990 ("A hidden Markov model based
    keyword recognition system"). The ratio cancels the microphone, the accent and the noise that
    a plain score suffers from. Where that leaves a doubt, the texts of `others` must fit worse.
    """
    try:
        laid = align(wave, text)
    except VivantError as error:
        return TextMatch(-math.inf, (), None, reason=error.message)
    free = free_phoneme_scores(wave)
    words: list[HeardWord] = []
    total = frames = 0.0
    for word in laid.words:
        start, end = round(word.start_s / FRAME_S), round(word.end_s / FRAME_S)
        there = free[start:end]
        there = there[np.isfinite(there)]
        if not len(there):
            continue
        gain = (word.score - float(there.mean())) * (end - start)
        total += gain
        frames += end - start
        words.append(HeardWord(word.text, word.start_s, -gain))
    score = total / max(1.0, frames)
    own = laid.log_likelihood_per_frame
    fits = [(_fit(wave, other, own), other) for other in others] if score < SURE_SCORE else []
    best = max(fits, default=(-math.inf, ""))
    unlike = [fit for fit, other in fits if _shared_words(text, other) < ALIKE_TEXTS]
    return TextMatch(
        score,
        tuple(words),
        laid.unexpected[0][0] if laid.unexpected else None,
        best[1] if best[0] > own + RIVAL_LEAD else "",
        bool(unlike) and own - float(np.mean(unlike)) < LEAD_LEAST,
    )


def _shared_words(text: str, other: str) -> float:
    """How much of the shorter text the other one says, too, 0 to 1."""
    words, others = (set(re.findall(r"[\w']+", each.lower())) for each in (text, other))
    return len(words & others) / max(1, min(len(words), len(others)))


def _fit(wave: np.ndarray, text: str, own: float) -> float:
    """How well another text fits; what cannot be aligned at all fits as badly as texts do."""
    try:
        return align(wave, text).log_likelihood_per_frame
    except VivantError:
        return own - 30.0


def other_texts(texts: Sequence[str], index: int) -> tuple[str, ...]:
    """Four texts to compare with: the neighbours, since lists slip by one, and two far ones."""
    count = len(texts)
    near = [index + 1, index - 1, index + count // 3, index + 2 * count // 3]
    chosen = dict.fromkeys(texts[k % count] for k in near)
    return tuple(text for text in chosen if text != texts[index] and can_align(text))


def word_loss_limit(matches: Sequence[TextMatch]) -> float:
    """The loss from which a word counts as not heard, for this speaker and microphone."""
    losses = [word.loss for match in matches for word in match.words]
    if len(losses) < WORDS_TO_TELL:
        return WORD_LOSS_FEW
    usual = WORD_LOSS_FACTOR * float(np.percentile(losses, 90))
    return float(np.clip(usual, WORD_LOSS_LEAST, WORD_LOSS_MOST))


def free_phoneme_scores(wave: np.ndarray) -> np.ndarray:
    """(frames,) score of the best run of phonemes without any text, 10 ms a frame; NaN unknown."""
    from pocketsphinx import Decoder

    decoder = Decoder(
        hmm=str(asset_path("pocketsphinx-mdef").parent),
        lm=None,
        dict=None,
        samprate=RATE,
        loglevel="FATAL",
        beam=1e-60,
        wbeam=1e-60,
        pbeam=1e-60,
        maxhmmpf=-1,
        fsgusefiller=False,
        bestpath=False,
        fsgusealtpron=False,
    )
    for index, phone in enumerate(PHONES):
        decoder.add_word(phone.lower(), phone, index == len(PHONES) - 1)
    arcs = [(0, 0, 1 / len(PHONES), phone.lower()) for phone in PHONES] + [(0, 0, 0.1, "<sil>")]
    decoder.add_fsg("free", decoder.create_fsg("free", 0, 0, arcs))
    decoder.activate_search("free")
    pad = round(0.1 * RATE)
    noise = np.random.default_rng(0).standard_normal(2 * pad).astype(np.float32) * 1e-3
    peak = max(float(np.abs(wave).max(initial=0.0)), 1e-4)
    padded = np.concatenate([noise[:pad], wave * (0.7 / peak), noise[pad:]])
    decoder.start_utt()
    decoder.process_raw((np.clip(padded, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    scores = np.full(len(padded) // 160 + 2, np.nan)
    if decoder.hyp() is not None:
        for part in decoder.seg():
            if part.word not in ("<s>", "</s>", "(NULL)"):
                length = part.end_frame + 1 - part.start_frame
                mean = math.log(part.ascore) / 1e-4 / length  # the unit of `Alignment`
                scores[part.start_frame : part.end_frame + 1] = mean
    return scores[pad // 160 :]


def judge_texts(pairs: Sequence[tuple[Sentence, TextMatch]]) -> list[Finding]:
    """Findings about sentences that say something else than their text.

    A few such sentences among many are warned of: training leaves them out.
    """
    findings = []
    limit = THRESHOLDS["text-mismatch"]
    doubtful = sum(
        limit.severity(match.score) is not None or match.no_better or bool(match.rival)
        for _, match in pairs
    )
    systematic = doubtful >= 3 and doubtful > DOUBTFUL_SHARE * len(pairs)
    loss = word_loss_limit([match for _, match in pairs])

    def lost(match: TextMatch) -> list[HeardWord]:
        return [word for word in match.words if word.loss > loss]

    def another(match: TextMatch) -> bool:
        """Whether it is surely another sentence's text."""
        many = len(lost(match)) >= 2 and len(lost(match)) > WRONG_SHARE * len(match.words)
        return many or limit.severity(match.score) == "error" or bool(match.rival)

    stops = systematic or sum(another(match) for _, match in pairs) > FEW_SHARE * len(pairs)
    for sentence, match in pairs:
        wrong = lost(match)
        names = ", ".join(word.text for word in wrong)
        start = sentence.start_s or 0.0
        name = f"{sentence.path}: sentence “{sentence.id}”"
        sure = another(match)
        if sure or limit.severity(match.score) is not None or match.no_better:
            heard = f" (not heard: {names})" if wrong else ""
            says = "does not say" if sure or systematic else "hardly seems to say"
            rather = f", rather “{match.rival}”" if match.rival else ""
            why = match.reason or f"the recording {says} “{sentence.text}”{rather}{heard}"
            worst = max(match.words, key=lambda heard: heard.loss, default=None)
            at = start + (worst.start_s if worst is not None else 0.0)
            findings.append(
                Finding(
                    "text-mismatch",
                    "error" if systematic or (sure and stops) else "warning",
                    str(sentence.path),
                    at,
                    f"{name}, at {at:.1f} s: {why.rstrip('.')}.",
                    "Correct the text, record the sentence again, or leave it out.",
                )
            )
        elif wrong or match.extra_s is not None:
            at = start + (wrong[0].start_s if wrong else match.extra_s or 0.0)
            if wrong:
                what = f"these words are not clearly heard: {names}"
            else:
                what = "something is said that the text does not have"
            findings.append(
                Finding(
                    "wrong-words",
                    "warning",
                    str(sentence.path),
                    at,
                    f"{name}, at {at:.1f} s: {what}.",
                    "Listen there; correct the text or record the sentence again.",
                )
            )
    return findings


def two_voices(cam: np.ndarray, ge2e: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Which utterances may be another person's.

    Two groups are made around the two least alike utterances (spherical two-means).

    Parameters
    ----------
    cam, ge2e
        (n, d) unit vectors of the same utterances by the two judges.

    Returns
    -------
    (odd, likeness) or None
        (n,) True for the smaller group, and how alike the groups' middles are by CAM++; None when
        GE2E finds them alike.
    """
    if len(cam) < 2:
        return None
    likeness = cam @ cam.T
    middles = cam[list(np.unravel_index(likeness.argmin(), likeness.shape))]
    group = np.zeros(len(cam), int)
    for _ in range(20):
        group = (cam @ middles.T).argmax(1)
        if group.min() == group.max():
            return None
        middles = np.stack([speaker.centre(cam[group == k]) for k in (0, 1)])
    odd = group == (0 if (group == 0).sum() * 2 <= len(group) else 1)
    second = speaker.similarity(speaker.centre(ge2e[odd]), speaker.centre(ge2e[~odd]))
    return None if second >= ALIKE_GE2E else (odd, float(middles[0] @ middles[1]))


def judge_speakers(
    sentences: Sequence[Sentence], cam: np.ndarray, ge2e: np.ndarray
) -> list[Finding]:
    """One finding for each sentence that another person speaks."""
    found = two_voices(cam, ge2e)
    word = THRESHOLDS["two-speakers"].severity(found[1]) if found is not None else None
    if found is None or word is None:
        return []
    others = [sentence for sentence, flag in zip(sentences, found[0], strict=True) if flag]
    names = ", ".join(sentence.id for sentence in others[:8])
    names += f" and {len(others) - 8} more" if len(others) > 8 else ""
    return [
        Finding(
            "two-speakers",
            "error" if word == "error" else "warning",
            str(sentence.path),
            sentence.start_s or 0.0,
            f"{sentence.path}: sentence “{sentence.id}”, from {sentence.start_s or 0.0:.1f} s, "
            f"does not sound like the person of the other {len(sentences) - len(others)} "
            f"sentences (likeness {found[1]:.2f}; so do: {names}).",
            "Keep only one person's sentences in the folder, recorded with one microphone.",
        )
        for sentence in others
    ]


def judge_same_person(
    file: str, at_s: float, cam: tuple[np.ndarray, np.ndarray], ge2e: tuple[np.ndarray, np.ndarray]
) -> list[Finding]:
    """Whether a video's voice is that of the sentences; each pair is (video, sentences)."""
    alike = speaker.similarity(*cam)
    word = THRESHOLDS["other-speaker"].severity(alike)
    if word is None or speaker.similarity(*ge2e) >= ALIKE_GE2E:
        return []
    return [
        Finding(
            "other-speaker",
            "error" if word == "error" else "warning",
            file,
            at_s,
            f"{file}: the voice at {at_s:.1f} s is not that of the sentences (likeness "
            f"{alike:.2f}; one person's recordings have .6 and more).",
            "Give footage and sentences of the same person.",
        )
    ]
