"""The `vivant` command: parses, calls, prints.

With ``--json`` one document goes to standard output and everything else to standard error.
Exit 0 done, 1 refused or failed, 2 wrong usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

import vivant
from vivant.errors import Cancelled, VivantError
from vivant.jobs.home import Home, default_home
from vivant.jobs.stages import StageProgress
from vivant.progress import Progress

Answer = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its status."""
    options = parser().parse_args(arguments)
    home = Home(Path(options.home) if options.home else default_home())
    words = sys.stderr if options.json else sys.stdout
    try:
        with redirect_stdout(words):
            answer, status = options.run(options, home)
    except VivantError as error:
        if options.json:
            print(json.dumps({"error": error.as_json()}, ensure_ascii=False, indent=1))
        print(f"vivant: {error.message}\n  fix: {error.fix}", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, Cancelled):
        hint = f" Go on with: vivant create {options.name} --resume" if _resumable(options) else ""
        if options.json:
            stopped = VivantError("cancelled", "Stopped.", hint.strip() or "Run it again.")
            print(json.dumps({"error": stopped.as_json()}, indent=1))
        print(f"vivant: stopped; nothing half-made was kept.{hint}", file=sys.stderr)
        sys.exit(130)
    if options.json:
        print(json.dumps(answer, ensure_ascii=False, indent=1))
    sys.exit(status)


def _resumable(options: argparse.Namespace) -> bool:
    return options.command == "create"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON document on stdout")
    common.add_argument("--home", metavar="DIR", help="default: $VIVANT_HOME or ~/.vivant")
    top = argparse.ArgumentParser(
        prog="vivant", description="A person's digital double, made with their consent."
    )
    top.add_argument("--version", action="version", version=f"vivant {vivant.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., tuple[Answer, int]], text: str) -> Any:
        sub = commands.add_parser(name, parents=[common], help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    demo = command("demo", run_demo, "the whole line, on a person who does not exist")
    demo.add_argument("--out", metavar="DIR", default="demo-output")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--gender", choices=("woman", "man"), default="woman")

    check = command("check", run_check, "look over footage and sentences before training")
    check.add_argument("videos", nargs="+", metavar="VIDEO", help="files or folders")
    check.add_argument("--voice", metavar="DIR", help="folder of sentences with their texts")
    check.add_argument("--html", metavar="FILE", help="write a page with pictures")

    _consent_parsers(commands, common)

    create = command("create", run_create, "train an avatar")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--video", nargs="+", metavar="PATH", default=[])
    create.add_argument("--voice", metavar="DIR")
    create.add_argument("--consent", metavar="FILE")
    create.add_argument("--tier", choices=("fast", "standard"), default="standard")
    create.add_argument("--resume", action="store_true", help="go on with a stopped training")

    report = command("report", run_report, "how good an avatar is, on held-out clips")
    report.add_argument("name", metavar="NAME")
    report.add_argument("--html", metavar="FILE", help="write a page with pictures and sound")

    speak = command("speak", run_speak, "make an avatar say something")
    speak.add_argument("name", metavar="NAME")
    said = speak.add_mutually_exclusive_group(required=True)
    said.add_argument("--text", metavar="T")
    said.add_argument("--script", metavar="FILE", help="text with marks, UTF-8")
    said.add_argument("--audio", metavar="FILE", help="a recording to follow")
    speak.add_argument("--voice", metavar="VOICE", help="a stock voice instead of its own")
    speak.add_argument(
        "--manner",
        metavar="M",
        default="neutral",
        help="neutral, calm, lively, serious or warm, until the script changes it",
    )
    speak.add_argument("--style", metavar="S", default="2d-real")
    speak.add_argument("--size", metavar="WxH", type=_size, help="default: as the footage")
    speak.add_argument("--purpose", metavar="P", help="one of the consent's purposes")
    speak.add_argument("--threads", type=int, metavar="N", help="default: a thread a core, up to 4")
    speak.add_argument("-o", "--out", required=True, metavar="OUT", help=".mp4, or .wav")

    pronounce = command("pronounce", run_pronounce, "set or show how words sound")
    pronounce.add_argument("word", metavar="WORD", nargs="?")
    pronounce.add_argument(
        "said", metavar="SAID", nargs="?", help="a respelling, /IPA/, or pinyin: win, /wɪn/, hang2"
    )
    pronounce.add_argument("--avatar", metavar="NAME", help="for this avatar only")
    pronounce.add_argument(
        "--language", choices=("en", "zh"), help="zh: SAID is pinyin though WORD is not Chinese"
    )
    other = pronounce.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="show the words and their sounds")
    other.add_argument("--remove", metavar="WORD")

    verify = command("verify", run_verify, "say what a file is and where it comes from")
    verify.add_argument("file", metavar="FILE")

    command("avatars", run_avatars, "list the avatars")
    delete = command("delete", run_delete, "remove an avatar and all it was made into")
    delete.add_argument("name", metavar="NAME")
    doctor = command("doctor", run_doctor, "what is installed, what is missing, how to get it")
    doctor.add_argument(
        "--install-voices", action="store_true", help="fetch the stock voices' style tables by npm"
    )
    return top


def _consent_parsers(commands: Any, common: argparse.ArgumentParser) -> None:
    consent = commands.add_parser("consent", help="write, sign, show and verify a consent")
    actions = consent.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, run: Callable[..., tuple[Answer, int]], text: str) -> Any:
        sub = actions.add_parser(name, parents=[common], help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    new = action("new", run_consent_new, "write the statement a person is asked to sign")
    new.add_argument("--person", required=True, help="whose voice and face it is")
    new.add_argument("--owner", required=True, help="who may use the avatar")
    new.add_argument("--purpose", nargs="+", required=True, metavar="P")
    new.add_argument("--language", nargs="+", default=["en", "zh"], metavar="L")
    new.add_argument("--expires", required=True, metavar="DATE", help="YYYY-MM-DD")
    new.add_argument("--no-voice", action="store_true", help="the voice is not granted")
    new.add_argument("--no-face", action="store_true", help="the face is not granted")
    new.add_argument("--basis", help="for --purpose evaluation: the recordings' licence")
    new.add_argument("-o", "--out", required=True, metavar="FILE")
    sign = action("sign", run_consent_sign, "sign a statement with the person's Ed25519 key")
    sign.add_argument("statement", metavar="FILE")
    sign.add_argument("--key", required=True, metavar="PEM")
    sign.add_argument("--new-key", action="store_true", help="make the key if it is not there")
    sign.add_argument("-o", "--out", required=True, metavar="FILE")
    for name, run, text in (
        ("show", run_consent_show, "print a consent as its person read it"),
        ("verify", run_consent_verify, "check a consent's signature and dates"),
    ):
        action(name, run, text).add_argument("consent", metavar="FILE")


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(number) for number in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720") from None
    if min(width, height) < 64 or max(width, height) > 4096 or width % 2 or height % 2:
        raise argparse.ArgumentTypeError("each side must be even and 64 to 4096 pixels")
    return width, height


# ---- the commands --------------------------------------------------------------------------


def run_demo(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant demo`."""
    from vivant.jobs.demo import demo

    with stage_bars() as progress:
        result = demo(
            Path(options.out), seed=options.seed, gender=options.gender, progress=progress
        )
    print(result.text())
    if not options.json and sys.stdout.isatty() and _has_display():
        import webbrowser

        webbrowser.open(result.page.resolve().as_uri())
    return result.as_json(), 0


def _has_display() -> bool:
    """Whether a browser window can open; without one, some systems start a browser in text."""
    named = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or bool(named)


def run_check(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant check`."""
    with bar("check") as progress:
        report = vivant.check(options.videos, options.voice, progress=progress)
    if options.html:
        from vivant.capture.page import write_page

        write_page(report, Path(options.html))
    for finding in report.findings:
        where = f"{finding.file}" + ("" if finding.at_s is None else f" at {finding.at_s:.1f} s")
        print(f"{finding.severity}: {finding.code}: {finding.message}\n  {where}\n  {finding.fix}")
    verdict = "ready to train" if report.ok else "not ready: record again what is named above"
    print(f"{report.seconds:.0f} s of video, {report.sentences} sentences: {verdict}")
    return report.as_json(), 0 if report.ok else 1


def run_consent_new(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant consent new`."""
    from vivant.consent import statement

    made = statement.new_statement(
        person=options.person,
        owner=options.owner,
        purposes=options.purpose,
        languages=options.language,
        expires=options.expires,
        voice=not options.no_voice,
        face=not options.no_face,
        basis=options.basis,
    )
    statement.write_statement(made, options.out)
    print(f"{statement.statement_text(made)}\n\nWritten to {options.out}; unsigned.")
    return {"statement": str(options.out), "id": made.id}, 0


def run_consent_sign(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant consent sign`."""
    from vivant.consent import signing

    granted = signing.sign_file(
        options.statement, options.key, options.out, make_key=options.new_key
    )
    print(f"Signed: {options.out} ({granted.id})")
    return granted.as_json(), 0


def run_consent_show(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant consent show`."""
    from vivant.consent import signing, statement

    shown = signing.read_statement(options.consent)
    print(statement.statement_text(shown))
    return shown.as_json(), 0


def run_consent_verify(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant consent verify`."""
    from vivant.consent import signing

    granted = signing.verify(options.consent)
    print(f"{options.consent}: signed by {granted.signer}, {granted.state} until {granted.expires}")
    return granted.as_json(), 0 if granted.state == "live" else 1


def run_create(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant create`."""
    with stage_bars() as progress:
        created = vivant.create(
            options.name,
            videos=options.video,
            voice=options.voice,
            consent=options.consent,
            tier=options.tier,
            resume=options.resume,
            home=home,
            progress=progress,
        )
    from vivant.jobs.report import report_text

    print(report_text(created.avatar, created.report))
    print(f"{options.name} is ready after {created.wall_seconds / 60:.1f} minutes.")
    return created.as_json(), 0


def run_report(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant report`."""
    from vivant.jobs.report import read_report, report_text, write_report_page

    avatar = home.avatar(options.name)
    report = read_report(avatar)
    if options.html:
        write_report_page(avatar, report, Path(options.html))
        print(f"Written to {options.html}")
    else:
        print(report_text(avatar, report))
    return report, 0


def run_speak(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant speak`."""
    text = options.text
    if options.script:
        text = read_script(Path(options.script))
    with bar("speak") as progress:
        spoken = vivant.speak(
            options.name,
            text=text,
            audio=options.audio,
            out=options.out,
            style=options.style,
            voice=options.voice,
            manner=options.manner,
            purpose=options.purpose,
            size=options.size,
            threads=options.threads,
            home=home,
            progress=progress,
        )
    for notice in spoken.notices:
        print(f"notice: {notice}")
    print(f"{spoken.output}: {spoken.seconds:.1f} s, made in {spoken.wall_seconds:.1f} s")
    return spoken.as_json(), 0


def run_pronounce(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant pronounce`."""
    from vivant.voice import pronunciations

    if options.avatar is not None:
        home.avatar(options.avatar)
    path = home.pronunciations_file(options.avatar)
    setting = options.word is not None
    if setting and (options.said is None or options.list or options.remove):
        raise VivantError(
            "bad-usage",
            f"How “{options.word}” sounds is missing, or more than one thing is asked for.",
            "Run for example: vivant pronounce Nguyen win",
        )
    if options.remove:
        pronunciations.remove_pronunciation(path, options.remove)
        print(f"{path}: {options.remove} is gone.")
    elif setting:
        pronunciations.set_pronunciation(path, options.word, options.said, options.language)
    known = pronunciations.read_pronunciations(path)
    if not options.remove:
        shown = [known[pronunciations.key(options.word)]] if setting else list(known.values())
        for entry in shown:
            print(f"{entry.word}\t{entry.said}\t/{entry.phonemes}/")
        if not shown:
            print(f"{path}: no words yet.")
    return {
        "file": str(path),
        "words": [
            {"word": entry.word, "said": entry.said, "phonemes": entry.phonemes}
            for entry in known.values()
        ],
    }, 0


def run_verify(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant verify`."""
    verification = vivant.verify(options.file, home=home)
    print("\n".join([f"{options.file}: {verification.verdict}", *verification.evidence]))
    return verification.as_json(), 0


def run_avatars(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant avatars`."""
    avatars = home.avatars()
    for avatar in avatars:
        record = avatar.record
        print(f"{record.name}\t{record.person}\t{record.voice_kind} voice\t{record.created}")
    return {"avatars": [avatar.record.as_json() for avatar in avatars]}, 0


def run_delete(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant delete`."""
    home.delete(options.name)
    print(f"{options.name} is gone.")
    return {"deleted": options.name}, 0


def run_doctor(options: argparse.Namespace, home: Home) -> tuple[Answer, int]:
    """`vivant doctor`."""
    from vivant.jobs.doctor import examine, install_voices

    if options.install_voices:
        install_voices()
    findings = examine(home)
    for finding in findings:
        line = f"{'ok' if finding.ok else 'MISSING'}\t{finding.what}\t{finding.detail}"
        print(line if finding.ok else f"{line}\n\tfix: {finding.fix}")
    needed = all(finding.ok for finding in findings if finding.needed)
    return {"ok": needed, "findings": [f.as_json() for f in findings]}, 0 if needed else 1


def read_script(path: Path) -> str:
    """The text of a script file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise VivantError(
            "no-file", f"{path}: there is no such file.", "Check the path.", file=path
        ) from None
    except UnicodeDecodeError as error:
        raise VivantError(
            "bad-script",
            f"{path}: is not UTF-8 text (byte {error.start}).",
            "Save the script as UTF-8.",
            file=path,
        ) from error
    except OSError as error:
        raise VivantError(
            "bad-script", f"{path}: cannot be read ({error.strerror}).", "Check it.", file=path
        ) from error


# ---- printing ------------------------------------------------------------------------------


@contextmanager
def stage_bars() -> Any:
    """A bar a stage, with remaining time, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    with Bars(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
        console=console,
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(stage: str, fraction: float, text: str) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0, words="")
                if not console.is_terminal:
                    console.print(f"{stage} …", highlight=False)
            bars.update(tasks[stage], completed=fraction, words=text)

        progress: StageProgress = show
        yield progress


@contextmanager
def bar(name: str) -> Any:
    """One bar, as a plain `Progress`."""
    with stage_bars() as stages:

        def show(fraction: float, text: str) -> None:
            stages(name, fraction, text)

        progress: Progress = show
        yield progress


if __name__ == "__main__":
    main()
