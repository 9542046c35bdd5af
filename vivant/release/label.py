"""The visible label: what everybody can read on the picture.

GB 45438-2025 asks for text that holds "AI" or its Chinese name and a word for generated, on the
edge of the opening picture, for at least 2 seconds, at least 5 % of the picture's shorter side
high. After that a smaller mark stays. Both are drawn once per video and blended into a few
thousand pixels of each frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-label.ttf"
CAP_HEIGHT = 0.733  # of Noto Sans, as a share of the font size

OPENING_S = 2.0
OPENING_HEIGHT = 0.05  # of the shorter side, for capital letters, the lowest that count as text
MARK_HEIGHT = 0.025
EVALUATION_HEIGHT = 0.04
# Below these font sizes, in pixels, Chinese (12) and Latin (10) can no longer be read.
SMALLEST = 12
SMALLEST_LATIN = 10

CHINESE, ENGLISH = "AI生成", "AI-generated"
EVALUATION = ("EVALUATION", "仅供评估")

# White on a plate that lets 30 % of the picture through: at least 8:1 contrast over pure white
# (WCAG 2.2 asks 4.5:1), and busy backgrounds shrink to under a third of their contrast.
PLATE_OPACITY = 0.70
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
AMBER, NEARLY_BLACK = (255, 193, 7), (20, 16, 0)


@dataclass(frozen=True)
class Stamp:
    """A drawn piece of text, ready to be blended into frames."""

    left: int  # pixels from the frame's left edge
    top: int
    keep: np.ndarray  # uint8 (h, w, 3): how much of the picture stays, 0 to 255
    add: np.ndarray  # uint8 (h, w, 3): what comes on top of that

    def blend(self, rgb: np.ndarray) -> None:
        """Draw into `rgb`, uint8 (H, W, 3), in place."""
        height, width = self.keep.shape[:2]
        part = rgb[self.top : self.top + height, self.left : self.left + width]
        part[:] = cv2.add(cv2.multiply(part, self.keep, scale=1 / 255), self.add)


@dataclass(frozen=True)
class Label:
    """The stamps of one video."""

    opening: Stamp
    mark: Stamp
    evaluation: Stamp | None
    opening_frames: int
    texts: tuple[str, ...]  # what can be read, for the manifest

    def draw(self, rgb: np.ndarray, index: int) -> np.ndarray:
        """A labelled copy of frame number `index`, uint8 (H, W, 3) RGB."""
        labelled = np.array(rgb, order="C")  # the renderer may hand out the same frame again
        (self.opening if index < self.opening_frames else self.mark).blend(labelled)
        if self.evaluation is not None:
            self.evaluation.blend(labelled)
        return labelled


def make_label(width: int, height: int, fps: float, language: str, *, evaluation: bool) -> Label:
    """Draw the label for a video.

    Parameters
    ----------
    width, height
        The video's size in pixels.
    fps
        Its frames a second.
    language
        ``"en"`` puts English first; everything else puts Chinese first. The opening label always
        holds both.
    evaluation
        Whether to stamp EVALUATION on every frame.
    """
    english = language == "en"
    first, second = (ENGLISH, CHINESE) if english else (CHINESE, ENGLISH)
    short = min(width, height)
    stamp = None
    if evaluation:
        size = max(SMALLEST, math.ceil(EVALUATION_HEIGHT * short / CAP_HEIGHT))
        stamp = _stamp(EVALUATION, size, width, height, bottom=True, ink=NEARLY_BLACK, plate=AMBER)
    opening = max(SMALLEST, math.ceil(OPENING_HEIGHT * short / CAP_HEIGHT))
    mark = max(SMALLEST_LATIN if english else SMALLEST, math.ceil(MARK_HEIGHT * short / CAP_HEIGHT))
    return Label(
        opening=_stamp((first, second), opening, width, height),
        mark=_stamp((first,), mark, width, height),
        evaluation=stamp,
        opening_frames=math.ceil(OPENING_S * fps),
        texts=(f"{first} · {second}", first, *(" ".join(EVALUATION),) * evaluation),
    )


def _stamp(
    words: tuple[str, ...],
    size: int,
    width: int,
    height: int,
    *,
    bottom: bool = False,
    ink: tuple[int, int, int] = WHITE,
    plate: tuple[int, int, int] = BLACK,
) -> Stamp:
    """Words on a plate in the upper (or lower) left corner: on one line where they fit, or below
    each other, or smaller."""
    margin = max(2, round(0.02 * min(width, height)))
    while True:
        font = ImageFont.truetype(str(FONT), size)
        pad = max(2, round(0.3 * size))
        for lines in ([" · ".join(words)], list(words)):
            boxes = [font.getbbox(line, anchor="ls") for line in lines]
            wide = math.ceil(max(box[2] for box in boxes)) + 2 * pad
            tall = round(size * (1.15 * (len(lines) - 1) + 0.9)) + 2 * pad
            if wide <= width - 2 * margin and tall <= height // 2:
                break
        else:
            size -= 1
            continue
        break
    coverage = Image.new("L", (wide, tall))
    draw = ImageDraw.Draw(coverage)
    for number, line in enumerate(lines):
        baseline = pad + round(size * (0.82 + 1.15 * number))
        draw.text((pad, baseline), line, fill=255, font=font, anchor="ls")
    text = np.asarray(coverage, np.float32)[..., None] / 255
    keep = (1 - text) * (1 - PLATE_OPACITY)
    add = text * np.array(ink, np.float32) + (1 - text) * PLATE_OPACITY * np.array(
        plate, np.float32
    )
    return Stamp(
        left=margin,
        top=height - margin - tall if bottom else margin,
        keep=np.ascontiguousarray(np.repeat(np.round(keep * 255), 3, axis=2).astype(np.uint8)),
        add=np.ascontiguousarray(np.round(add).astype(np.uint8)),
    )
