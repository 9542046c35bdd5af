"""What each phoneme asks of the mouth, as targets of ARKit face units.

Phonemes are the IPA of Kokoro's alphabet, English and Mandarin, where a diphthong is one letter:
A (eɪ), I (aɪ), O (oʊ), Q (əʊ), W (aʊ), Y (ɔɪ). The classes follow the visemes of MPEG-4 Face
Animation (ISO/IEC 14496-2, table C.3), with rounding and spread told apart for vowels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Viseme:
    """A mouth shape and how strongly its sound insists on it."""

    name: str
    units: Mapping[str, float]  # ARKit face unit, both sides as one: "mouthSmile"; 0 to 1
    strength: float  # dominance over neighbours: 1 an ordinary vowel, more insists
    closed: bool = False  # the lips must meet
    teeth_on_lip: bool = False  # the lower lip must meet the upper teeth


def _viseme(
    name: str, strength: float, *, closed: bool = False, teeth_on_lip: bool = False, **units: float
) -> Viseme:
    return Viseme(name, MappingProxyType(units), strength, closed, teeth_on_lip)


REST = _viseme("rest", 0.7)
_LIPS = _viseme("lips", 1.6, closed=True, jawOpen=0.03, mouthPress=0.25, mouthRollLower=0.10)
_LIP_TEETH = _viseme(
    "lip-teeth", 1.5, teeth_on_lip=True, jawOpen=0.045, mouthRollLower=0.42, mouthUpperUp=0.30
)
_TONGUE_TEETH = _viseme("tongue-teeth", 0.9, jawOpen=0.11, mouthLowerDown=0.18, mouthUpperUp=0.06)
_RIDGE = _viseme("ridge", 0.55, jawOpen=0.09, mouthLowerDown=0.20, mouthUpperUp=0.06)
_HISS = _viseme(
    "hiss", 0.95, jawOpen=0.04, mouthLowerDown=0.36, mouthUpperUp=0.16, mouthStretch=0.22
)
_HUSH = _viseme(
    "hush", 1.1, jawOpen=0.06, mouthFunnel=0.50, mouthPucker=0.15, mouthLowerDown=0.20,
    mouthUpperUp=0.12,
)  # fmt: skip
_BACK = _viseme("back", 0.45, jawOpen=0.15, mouthLowerDown=0.12)
_RHOTIC = _viseme("rhotic", 0.8, jawOpen=0.09, mouthFunnel=0.32, mouthPucker=0.20)
_ROUND_GLIDE = _viseme("round-glide", 1.9, jawOpen=0.045, mouthPucker=0.82, mouthFunnel=0.24)
_CLOSE_ROUND = _viseme("close-round", 1.4, jawOpen=0.07, mouthPucker=0.60, mouthFunnel=0.28)
_FRONT_ROUND = _viseme("front-round", 1.2, jawOpen=0.06, mouthPucker=0.62, mouthFunnel=0.20)
_MID_ROUND = _viseme("mid-round", 1.1, jawOpen=0.27, mouthFunnel=0.44, mouthPucker=0.20)
_OPEN_ROUND = _viseme("open-round", 1.0, jawOpen=0.36, mouthFunnel=0.32, mouthPucker=0.08)
_OPEN = _viseme(
    "open", 1.2, jawOpen=0.46, mouthLowerDown=0.18, mouthUpperUp=0.08, mouthStretch=0.06
)
_FRONT_OPEN = _viseme(
    "front-open", 1.2, jawOpen=0.41, mouthLowerDown=0.20, mouthUpperUp=0.10, mouthStretch=0.18
)
_MID = _viseme("mid", 1.1, jawOpen=0.29, mouthLowerDown=0.20, mouthUpperUp=0.07, mouthStretch=0.14)
_NEUTRAL = _viseme("neutral", 0.6, jawOpen=0.17, mouthLowerDown=0.12, mouthUpperUp=0.04)
_CLOSE_SPREAD = _viseme(
    "close-spread", 1.0, jawOpen=0.09, mouthLowerDown=0.26, mouthUpperUp=0.10, mouthStretch=0.24,
    mouthSmile=0.22,
)  # fmt: skip

_TABLE: tuple[tuple[str, tuple[Viseme, ...]], ...] = (
    ("mbpβɸ", (_LIPS,)),
    ("fvʋ", (_LIP_TEETH,)),
    ("θð", (_TONGUE_TEETH,)),
    ("tdnlɾʔɲɫTɖɳɽʈ", (_RIDGE,)),
    ("szʦʣS", (_HISS,)),
    ("ʃʒʧʤʂʐꭧ", (_HUSH,)),
    ("ɕʑʨʥ", (_HISS,)),
    ("kgɡŋhxχɣcqçɟʝɰɴʁʎ", (_BACK,)),
    ("rɹɻ", (_RHOTIC,)),
    ("wʍ", (_ROUND_GLIDE,)),
    ("ɥ", (_FRONT_ROUND,)),
    ("jiɪᵻ", (_CLOSE_SPREAD,)),
    ("uʊɯ", (_CLOSE_ROUND,)),
    ("yʏ", (_FRONT_ROUND,)),
    ("oɔɵøœ", (_MID_ROUND,)),
    ("ɒ", (_OPEN_ROUND,)),
    ("aɑɐ", (_OPEN,)),
    ("æ", (_FRONT_OPEN,)),
    ("eɛ", (_MID,)),
    ("ʌ", (_MID,)),
    ("əᵊɤɨ", (_NEUTRAL,)),
    ("ɜɝɚ", (_RHOTIC,)),
    ("A", (_MID, _CLOSE_SPREAD)),
    ("I", (_OPEN, _CLOSE_SPREAD)),
    ("OQ", (_MID_ROUND, _CLOSE_ROUND)),
    ("W", (_OPEN, _CLOSE_ROUND)),
    ("Y", (_MID_ROUND, _CLOSE_SPREAD)),
)
_BY_LETTER = {letter: shapes for letters, shapes in _TABLE for letter in letters}
_SILENT = frozenset(" ˈˌːʰʲᵝˑ̩̯̃͡↓↑→↗↘˥˦˧˨˩‿|,.;:!?—…\"“”()'-")


def visemes_of(symbol: str) -> tuple[Viseme, ...]:
    """Mouth shapes of one phoneme, in the order they are passed through.

    Length, stress and tone marks add nothing; a syllabic consonant is its consonant.

    Parameters
    ----------
    symbol
        IPA in Kokoro's alphabet; ``""`` is silence.

    Raises
    ------
    KeyError
        The symbol is not in the alphabet.
    """
    shapes: list[Viseme] = []
    for letter in symbol:
        if letter in _SILENT:
            continue
        for shape in _BY_LETTER[letter]:
            if not shapes or shapes[-1] is not shape:
                shapes.append(shape)
    return tuple(shapes) or (REST,)
