"""SAY: script ─▶ speech ─▶ frames ─▶ release."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from vivant.consent.signing import permit, verify
from vivant.errors import VivantError
from vivant.jobs.home import Avatar, Home
from vivant.media.files import check_writable, sha256_file
from vivant.progress import Progress, part, silent
from vivant.release.provenance import Ingredient, Provenance
from vivant.release.release import release_sound, release_video
from vivant.styles import find_style
from vivant.voice.delivery import NEUTRAL, manner_named
from vivant.voice.script import Script, parse_script
from vivant.voice.speech import Speech, Voice

VIDEO_ENDINGS = (".mp4",)
SOUND_ENDINGS = (".wav",)
MOST_THREADS = 4  # by default; more cores hardly make one voice faster


@dataclass(frozen=True)
class Spoken:
    """What `speak` made."""

    output: Path
    seconds: float  # of the finished video or sound
    wall_seconds: float
    render_fps: float | None  # frames drawn and encoded a second; None for sound alone
    style: str | None
    voice: str
    voice_kind: str
    notices: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The command's ``--json`` answer."""
        return {
            "output": str(self.output),
            "seconds": round(self.seconds, 3),
            "wall_seconds": round(self.wall_seconds, 2),
            "realtime_factor": round(self.wall_seconds / self.seconds, 3),
            "render_fps": None if self.render_fps is None else round(self.render_fps, 1),
            "style": self.style,
            "voice": {"name": self.voice, "kind": self.voice_kind},
            "notices": list(self.notices),
        }


def speak(
    name: str,
    *,
    text: str | None = None,
    audio: str | Path | None = None,
    out: str | Path,
    home: Home,
    style: str = "2d-real",
    voice: str | None = None,
    manner: str = NEUTRAL,
    purpose: str | None = None,
    size: tuple[int, int] | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Spoken:
    """Say a script, or follow a recording, in an avatar's likeness.

    Parameters
    ----------
    name
        The avatar.
    text
        The script, with marks (docs/scripts.md). Either this or `audio`.
    audio
        A recording that drives the avatar instead of text.
    out
        ``.mp4`` for a video, ``.wav`` for the sound alone.
    style
        A style the avatar was made for.
    voice
        A stock voice's name, to be used instead of the avatar's own.
    manner
        One of `vivant.voice.delivery.MANNERS`: how the script is spoken until a mark changes it.
    purpose
        One of the consent's purposes; the first of them by default.
    size
        (width, height) of the video in pixels; the footage's own by default.
    threads
        Threads for the networks; by default one a core, up to four. Frames are encoded in a thread
        of their own.

    Raises
    ------
    VivantError
        ``no-avatar``, ``no-script``, ``no-manner``, ``bad-output``, ``not-writable``, ``no-style``,
        ``bad-pronunciations``, any code of
        `vivant.consent`, `vivant.voice` or `vivant.release`.
    """
    started = time.monotonic()
    threads = threads or min(MOST_THREADS, os.cpu_count() or 1)
    out = Path(out)
    if (text is None) == (audio is None):
        raise VivantError(
            "no-script", "Give either a script or a recording.", "Use --text, --script or --audio."
        )
    manner_named(manner)
    if out.suffix.lower() not in VIDEO_ENDINGS + SOUND_ENDINGS:
        raise VivantError(
            "bad-output",
            f"{out}: cannot tell what to write from this ending.",
            "End the name in .mp4 for a video or .wav for the sound alone.",
            file=out,
        )
    with_picture = out.suffix.lower() in VIDEO_ENDINGS
    avatar = home.avatar(name)
    granted = verify(avatar.consent_file)
    if granted.sha256 != avatar.record.consent_sha256:
        raise VivantError(
            "consent-altered",
            f"{avatar.consent_file} is not the consent that {name} was made under.",
            "Restore the file; nothing is rendered without it.",
            file=avatar.consent_file,
        )
    permit(granted, purpose=purpose, language=None, voice=True, face=with_picture)
    check_writable(out)

    progress(0.0, "speech")
    script = None
    if text is not None:
        known = home.pronunciations(avatar.record.name)
        script = parse_script(text, manner=manner, pronunciations=known)
    speech = _speech(avatar, script, audio, voice, threads, part(progress, 0.0, 0.3))
    for language in ("en", "zh") if speech.language == "mixed" else (speech.language,):
        if language:
            permit(granted, purpose=purpose, language=language, voice=True, face=with_picture)
    provenance = Provenance(
        avatar=avatar.record.name,
        avatar_id=avatar.record.id,
        person=granted.person,
        owner=granted.owner,
        consent_id=granted.id,
        consent_sha256=granted.sha256,
        purpose=purpose or granted.purposes[0],
        evaluation=granted.evaluation,
        style=style if with_picture else None,
        voice=speech.voice,
        voice_kind=speech.kind,
        drive="text" if text is not None else "recording",
        language=speech.language,
        notices=speech.notices,
        ingredients=_ingredients(avatar, audio),
        consent_expires=granted.expires,
    )
    if not with_picture:
        release_sound(out, speech.wave, speech.rate, provenance, keys=home.keys)
        render_fps = None
    else:
        render_fps = _render(
            avatar, style, speech, size, threads, out, provenance, home, part(progress, 0.3, 1.0)
        )
    progress(1.0, "done")
    return Spoken(
        output=out,
        seconds=speech.seconds,
        wall_seconds=time.monotonic() - started,
        render_fps=render_fps,
        style=style if with_picture else None,
        voice=speech.voice,
        voice_kind=speech.kind,
        notices=speech.notices,
    )


def _speech(
    avatar: Avatar,
    script: Script | None,
    audio: str | Path | None,
    voice: str | None,
    threads: int,
    progress: Progress,
) -> Speech:
    from vivant.voice.speak import recording, speak_script

    if audio is not None:
        return recording(audio)
    assert script is not None
    voices = _voices(avatar, script.languages, voice, threads)
    speech = speak_script(script, voices, progress)
    stock = [
        _stock_notice(avatar, language, spoken.name, asked=voice is not None)
        for language, spoken in sorted(voices.items())
        if spoken.kind == "stock"
    ]
    return replace(speech, notices=(*stock, *speech.notices))


def _stock_notice(avatar: Avatar, language: str, name: str, *, asked: bool) -> str:
    """Why a stock voice speaks, for everybody who hears it."""
    tongue = {"en": "English", "zh": "Mandarin"}[language]
    if asked:
        why = "it was asked for"
    elif avatar.record.voice_kind == "personal":
        why = "the personal voice does not speak that language"
    else:
        why = "the voice learnt from the person did not pass its checks (vivant report)"
    return f"{tongue} is said by the stock voice {name}, not by the person's own: {why}."


def _voices(
    avatar: Avatar, languages: frozenset[str], asked: str | None, threads: int
) -> dict[str, Voice]:
    """The voice of each language: the one asked for, the person's own, or a stock one."""
    from vivant.voice.kokoro import KokoroVoice
    from vivant.voice.personal import load_personal

    if asked is not None:
        return dict.fromkeys(languages, KokoroVoice(asked, threads=threads))
    voices: dict[str, Voice] = {}
    if avatar.record.voice_kind == "personal":
        own = load_personal(avatar.folder / "voice", threads=threads)
        voices = dict.fromkeys(languages & own.languages, own)
    for language in languages - voices.keys():
        voices[language] = KokoroVoice(avatar.record.stock_voices[language], threads=threads)
    return voices


def _render(
    avatar: Avatar,
    style: str,
    speech: Speech,
    size: tuple[int, int] | None,
    threads: int,
    out: Path,
    provenance: Provenance,
    home: Home,
    progress: Progress,
) -> float:
    if style not in avatar.record.styles:
        raise VivantError(
            "no-style",
            f"{avatar.record.name} has no style {style!r}.",
            f"Use one it was made for: {', '.join(avatar.record.styles)}.",
        )
    renderer = find_style(style).open(avatar.folder, threads=threads)
    started = time.monotonic()
    rendering = renderer.render(speech, size=size)
    release_video(
        out,
        rendering.frames,
        rendering.width,
        rendering.height,
        rendering.fps,
        speech.wave,
        speech.rate,
        provenance,
        keys=home.keys,
        progress=progress,
    )
    return speech.seconds * rendering.fps / (time.monotonic() - started)


def _ingredients(avatar: Avatar, audio: str | Path | None) -> tuple[Ingredient, ...]:
    footage = tuple(
        Ingredient(title=f["name"], sha256=f["sha256"], kind="footage")
        for f in avatar.record.footage
    )
    if audio is None:
        return footage
    driven = Ingredient(title=Path(audio).name, sha256=sha256_file(audio), kind="recording")
    return (*footage, driven)
