"""Every page's Python runs, every link leads somewhere, and the command line is as documented."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vivant.cli import parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    code = "\n".join(blocks(page, "python"))
    if not code:
        return
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path), "VIVANT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    promised = re.findall(r"^prints `([^`]*)`", page.read_text("utf-8"), re.M)
    for line in promised:
        assert line in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(
        r"^( {4}.*|```.*?^```)$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.M | re.S
    )
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", prose):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_is_one_the_command_line_takes(page: Path) -> None:
    shown = "\n".join(blocks(page, "sh") + blocks(page, "console")).replace("\\\n", " ")
    for line in shown.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["vivant"]:
            parser().parse_args(words[1:])
