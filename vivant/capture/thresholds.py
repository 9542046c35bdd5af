"""Every number that preflight judges by, in one place; docs/preflight.md shows the same table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Threshold:
    """One judged quantity.

    A value beyond `warning` costs quality, one beyond `error` stops training; None is no such
    limit. `below` says which side is bad.
    """

    code: str
    what: str
    unit: str
    warning: float | None
    error: float | None
    below: bool = True

    def severity(self, value: float) -> str | None:
        """``"error"``, ``"warning"`` or None for a value."""
        for name, limit in (("error", self.error), ("warning", self.warning)):
            if limit is not None and (value < limit if self.below else value > limit):
                return name
        return None


def _above(
    code: str, what: str, unit: str, warning: float | None, error: float | None
) -> Threshold:
    return Threshold(code, what, unit, warning, error, below=False)


FOOTAGE = (
    Threshold("too-short", "length of all footage", "s", 120, 30),
    Threshold("clip-too-short", "length of one file", "s", 1.5, None),
    Threshold("low-frame-rate", "pictures a second", "fps", 23, 14),
    Threshold("small-face", "width of the face", "pixels", 90, 60),
    _above("cut-short", "part of the file's own length that cannot be read", "%", 3, None),
    _above("no-face", "footage without a face", "%", 0, 10),
    _above("two-faces", "footage with more than one face", "%", 0, 5),
    _above("other-face", "distance of a face from the others (dlib)", "", 0.5, 0.6),
    _above("face-cut-off", "footage with the face partly out of the picture", "%", 0.5, 5),
    _above("face-turned", "footage with the head turned or tilted over 30°", "%", 2, 15),
    _above("mouth-covered", "footage with something over the mouth", "%", 0, 3),
    _above("eyes-covered", "open eyes without a visible iris", "%", 20, 50),
    Threshold("blurred", "fine beside coarse detail of the face", "", 0.15, 0.09),
    Threshold("too-dark", "median brightness of the face (0 to 255)", "", 65, 40),
    _above("too-bright", "burnt-out skin", "%", 5, 20),
    _above("frozen", "longest standing picture", "s", 0.35, 1.5),
    _above("dropped-frames", "repeated pictures", "%", 15, 35),
    _above("camera-moves", "travel of the background", "% of the width", 2, 8),
    _above("jump-cut", "cuts inside files, a minute", "", 0, 4),
    Threshold("no-rest", "longest rest of the mouth", "s", 0.36, None),
)
"""Of the pictures. Shares are of all footage given: a slip in a long recording is no error."""

SOUND = (
    Threshold("low-sample-rate", "sample rate", "Hz", 22_050, 16_000),
    Threshold("narrow-band", "strongest hiss from 4.5 to 7.5 kHz, beside speech", "dB", -32, -42),
    Threshold("too-quiet", "loudness", "LUFS", -36, -48),
    _above("clipped", "samples near the ceiling", "%", 1.3, 2.5),
    Threshold("noisy", "speech above noise", "dB", 20, 10),
    _above("reverberant", "time for sound to die away by 60 dB", "s", 0.5, 0.85),
    _above("background-sound", "quietest moments with music or a voice in them", "%", 28, 65),
)
"""Of every sentence and of the video's own track."""

SENTENCES = (
    Threshold("few-sentences", "speech in all sentences", "s", 100, 30),
    Threshold("sentence-too-short", "length of one sentence", "s", 0.6, None),
    _above("recording-without-text", "recordings that metadata.csv does not name", "", 0, None),
    Threshold("text-mismatch", "likelihood of the text against any phonemes", "", -8, -14),
    _above("wrong-words", "words of a sentence that are not heard", "", 0, None),
    Threshold("two-speakers", "likeness of the two voices found (CAM++)", "", 0.68, 0.6),
    Threshold("other-speaker", "likeness of the video's voice (CAM++)", "", 0.65, 0.55),
)
"""Of the sentences and who speaks them."""

THRESHOLDS: dict[str, Threshold] = {row.code: row for row in (*FOOTAGE, *SOUND, *SENTENCES)}
"""All thresholds by code."""

# How the quantities above are told from single frames.
TURNED_DEG = 30.0  # a mouth seen from further round is mostly cheek
LIP_RED_MIN = 5.0  # CIELAB a* of lips over skin: covered mouths 0 to 1, bare ones 11 and more
MOUTH_LINE_MIN = 0.16  # depth of the line between the lips: covered 0 to .1, bare .25 and more
TINT_MAX = 18.0  # CIELAB chroma between mouth surroundings and forehead: bare 1 to 9, cloth 20 on
OWN_RED_SHARE = 0.4  # of this person's usual lip redness, below which something covers the lips
IRIS_DARK_MIN = 0.06  # open eyes .1 and more, dark glasses near 0
EYE_OPEN_MIN = 0.22  # an eye closed further shows too little to judge
STILL = 0.02  # mean difference, of 255, between two pictures that are the same one
STILL_SHARE = 0.1  # or of the file's usual difference
REPEAT_SHARE = 0.36  # of the largest neighbouring difference: real ones are .4 to 1
CUT_STEP = 3.0  # mean difference, of 255, that a cut has at least
CUT_RATIO = 3.5  # times its neighbours
REST_OPENING = 0.022  # inner lips apart, in face widths
# Likelihood lost over a word, beside free phonemes. Speakers differ: the limit is 2.5 times what
# nine in ten of their words stay below, within these bounds; 1 right word in 300 is above.
WORD_LOSS_LEAST, WORD_LOSS_MOST, WORD_LOSS_FACTOR = 350.0, 700.0, 2.5
WORD_LOSS_FEW = 550.0  # with fewer than WORDS_TO_TELL words
WORDS_TO_TELL = 40
SURE_SCORE = 0.5  # of a text: no other sentence's text reached it (GRID, LJ)
RIVAL_LEAD = 4.0  # of another text's score, from which it is what was said
ALIKE_TEXTS = 0.5  # of the words: a text that shares more says little about a mismatch
LEAD_LEAST = 8.5  # of the right text's score over other sentences' mean: 9.2 and more (GRID)
FEW_SHARE = 0.05  # of all recordings may have bad sound: they are warned of and left out
WRONG_SHARE = 0.3  # of a sentence's words: it is another sentence
DOUBTFUL_SHARE = 0.1  # of all sentences: no longer single hard ones, the texts are wrong
ALIKE_GE2E = 0.8  # second judge (GE2E): one person's groups of recordings are above, .88 to .96
