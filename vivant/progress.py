"""How long work reports where it is. The caller decides how to show it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and a few words. It may raise `Cancelled`."""


def silent(fraction: float, text: str) -> None:
    """A `Progress` that shows nothing."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A `Progress` whose 0 to 1 fills `start` to `end` of another one."""

    def report(fraction: float, text: str) -> None:
        progress(start + (end - start) * fraction, text)

    return report
