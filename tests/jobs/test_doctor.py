"""The doctor says what is there and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivant.jobs.doctor import examine
from vivant.jobs.home import Home


def test_this_environment_is_whole(tmp_path: Path) -> None:
    missing = [f"{f.what}: {f.detail}" for f in examine(Home(tmp_path)) if f.needed and not f.ok]
    assert missing == []


def test_missing_voices_are_found_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIVANT_KOKORO_VOICES", str(tmp_path))
    (voices,) = [f for f in examine(Home(tmp_path)) if f.what == "stock voices"]
    assert not voices.ok
    assert voices.fix == "vivant doctor --install-voices"
