"""Every release says what it is, and a changed one is found out."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vivant.errors import VivantError
from vivant.media.video import read_frames
from vivant.release.provenance import Ingredient, Provenance
from vivant.release.release import release_sound, release_video
from vivant.release.verify import verify_file

WIDTH, HEIGHT, FPS, RATE = 320, 240, 25, 24000
SECONDS = 3
MADE = Provenance(
    avatar="ada",
    avatar_id="1",
    person="Ada Lovelace",
    owner="Analytical Shop",
    consent_id="c-" + "0" * 32,
    consent_sha256="0" * 64,
    purpose="commercial",
    evaluation=False,
    style="2d-real",
    voice="af_heart",
    voice_kind="stock",
    drive="text",
    language="en",
    notices=("A stock voice speaks.",),
    ingredients=(Ingredient("footage.mp4", "1" * 64, "footage"),),
)


def grey_frames() -> list[np.ndarray]:
    return [np.full((HEIGHT, WIDTH, 3), 128, np.uint8)] * (SECONDS * FPS)


def wave() -> np.ndarray:
    return (0.3 * np.sin(np.arange(SECONDS * RATE) * 0.05)).astype(np.float32)


def video(folder: Path, keys: Path | None = None, provenance: Provenance = MADE) -> Path:
    out = folder / "out.mp4"
    release_video(
        out, grey_frames(), WIDTH, HEIGHT, FPS, wave(), RATE, provenance, keys or folder / "keys"
    )
    return out


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("released"))


def verdict(path: Path, keys: Path | None = None) -> str:
    return verify_file(path, keys or path.parent / "keys").verdict


def test_a_video_made_here_says_so_and_names_its_consent(released: Path) -> None:
    answer: dict[str, Any] = verify_file(released, released.parent / "keys").as_json()
    assert answer["verdict"] == "made-here"
    assert answer["consent"]["id"] == MADE.consent_id
    assert answer["aigc"]["Label"] == "1"
    assert answer["evidence"]
    assert set(answer["watermark"]) == {"audio", "video"}
    assert not answer["watermark"]["video"]["found"]
    json.dumps(answer)


def test_a_sound_made_here_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    release_sound(out, wave(), RATE, replace(MADE, style=None), tmp_path / "keys")
    assert verdict(out) == "made-here"


def test_another_installation_sees_another_signer(released: Path, tmp_path: Path) -> None:
    video(tmp_path)
    assert verdict(released, tmp_path / "keys") == "made-elsewhere"
    assert verdict(released, tmp_path / "no-keys") == "made-elsewhere"


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9])
def test_a_changed_byte_is_found(part: float, released: Path, tmp_path: Path) -> None:
    data = bytearray(released.read_bytes())
    data[int(len(data) * part)] ^= 0x5A
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    assert verdict(changed, released.parent / "keys") == "altered"


def test_a_remux_leaves_no_evidence(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    with av.open(str(released)) as source, av.open(str(copy), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    assert verdict(copy, released.parent / "keys") == "no-evidence"


def test_files_that_are_no_media_get_an_answer(tmp_path: Path) -> None:
    (tmp_path / "note.mp4").write_text("not a film")
    assert verdict(tmp_path / "note.mp4") == "no-evidence"
    with pytest.raises(VivantError):
        verify_file(tmp_path / "missing.mp4")


def test_the_opening_label_goes_and_a_small_mark_stays(released: Path) -> None:
    changed = [
        int((np.abs(frame.rgb.astype(int) - 128).max(axis=2) > 40).sum())
        for frame in read_frames(released)
    ]
    assert min(changed) > 0
    assert changed[10] > 2 * changed[-1]


def test_evaluation_is_stamped(tmp_path: Path, released: Path) -> None:
    stamped = video(tmp_path, provenance=replace(MADE, evaluation=True, purpose="evaluation"))

    def inked(path: Path) -> int:
        last = list(read_frames(path))[-1].rgb.astype(int)
        return int((np.abs(last - 128).max(axis=2) > 40).sum())

    assert inked(stamped) > inked(released)


def test_a_producer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def frames() -> Any:
        yield from grey_frames()[:10]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises((VivantError, OSError)):
        release_video(
            tmp_path / "out.mp4", frames(), WIDTH, HEIGHT, FPS, wave(), RATE, MADE, tmp_path / "k"
        )
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_an_output_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VivantError) as caught:
        release_video(
            tmp_path / "nowhere" / "out.mp4", grey_frames(), WIDTH, HEIGHT, FPS, wave(), RATE, MADE,
            tmp_path / "keys",
        )  # fmt: skip
    assert caught.value.code == "not-writable"
