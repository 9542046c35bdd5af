"""From the paths a person names to the files they mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vivant.errors import VivantError

_SUFFIXES = ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .mts .m2ts .ts .3gp .wmv .flv .ogv"
VIDEO_SUFFIXES = frozenset(_SUFFIXES.split())


def video_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Footage files: files as named, folders by their video files in the order of their names.

    Raises
    ------
    VivantError
        ``no-file`` for a path that does not exist, ``no-footage`` for a folder without video.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            if not path.exists():
                raise VivantError(
                    "no-file", f"{path}: there is no such file.", "Check the path.", file=path
                )
            found.append(path)
            continue
        inside = sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in VIDEO_SUFFIXES and not file.name.startswith(".")
        )
        if not inside:
            raise VivantError(
                "no-footage",
                f"{path}: there is no video file in this folder.",
                "Name the video files, or the folder that holds them.",
                file=path,
            )
        found += inside
    return tuple(dict.fromkeys(found))


def voice_files(folder: Path) -> tuple[Path, ...]:
    """Every sound file with a text in a ``--voice`` folder, in order, each once."""
    from vivant.voice.sentences import read_sentences

    return tuple(dict.fromkeys(sentence.path for sentence in read_sentences(folder)))
