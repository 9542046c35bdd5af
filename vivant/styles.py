"""Styles turn speech into frames. Each is found through the entry point group ``vivant.styles``,
so that a package of somebody else's can add one.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from vivant.errors import VivantError
from vivant.voice.speech import Speech

GROUP = "vivant.styles"


@dataclass(frozen=True)
class Rendering:
    """Frames on their way to a release; drawn as they are asked for."""

    width: int  # pixels
    height: int
    fps: int
    frames: Iterator[np.ndarray]  # each (height, width, 3) uint8 RGB


class Renderer(Protocol):
    """An avatar opened in one style."""

    def render(self, speech: Speech, *, size: tuple[int, int] | None = None) -> Rendering:
        """Draw `speech`, one frame for every 1/fps s of its sound, at `size` (width, height)."""
        ...


class Style(Protocol):
    """One way to draw an avatar."""

    name: str

    def open(self, avatar: Path, threads: int = 1) -> Renderer:
        """Load what this style needs from an avatar's folder."""
        ...


def find_style(name: str) -> Style:
    """The installed style of that name.

    Raises
    ------
    VivantError
        ``no-style``.
    """
    installed = {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
    if name not in installed:
        raise VivantError(
            "no-style",
            f"No style named {name!r} is installed.",
            f"Use one of: {', '.join(sorted(installed))}.",
        )
    style: Style = installed[name].load()()
    return style
