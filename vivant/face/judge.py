"""How good a face is: drawn over footage that was held out, beside what the footage shows.

The mouth is drawn from the held-out sound alone, over the held-out frames; the same is done with
the sound in changed voices, for which the true mouth still holds. Lips are found again in both by
the tracker. Pictures are compared in the box around the mouth, in reference pixels. Frames are
drawn, measured and let go one by one, so that large footage needs no more memory than small.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from vivant.face.analyse import Take, read_person, read_takes
from vivant.face.base import plain
from vivant.face.changed import CONDITIONS, Change, put_together, take_apart
from vivant.face.codes import CODES, opening
from vivant.face.crop import CROP, CROP_HEIGHT, MOUTH, Box, cut, transform
from vivant.face.footage import Footage
from vivant.face.landmarks import LANDMARKS, FaceTracker
from vivant.face.material import Piece, looks_of, make_bank, measure, split
from vivant.face.model import FaceModel
from vivant.face.sound import RATE, log_mel, speaking
from vivant.face.style import Driver, Mouths, Said, draw, open_mouths
from vivant.face.train import read_mouth_model
from vivant.media.files import atomic_folder, write_json
from vivant.media.video import FPS, VideoWriter
from vivant.progress import Progress, part, silent

WHOLE = Box(0, 0, CROP, CROP_HEIGHT)
MOUTH_WIDTH, MOUTH_HEIGHT = 62, 38  # reference pixels, the box that is compared
MOST_PIECES = 16  # held-out pieces that are judged, spread over the footage
MOST_LAG = 8  # frames either way in which the sync is looked for
SHOWN = 3  # worst pieces whose pictures are kept
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# What a face must hold to pass: it beats a mouth that never opens, follows the sound, and rests.
MAX_SYNC_MS = 80.0
MIN_SHARPNESS = 0.7
MIN_OPENING = 0.4
SILENCE_SLACK = 1.25  # times the person's own motion in silence, and .05 px for the tracker's
TRACKER_PX = 0.05


@dataclass(frozen=True)
class FaceReport:
    """Figures over the judged pieces; see docs/face.md."""

    psnr_db: float
    ssim: float
    lmd_px: float  # mean distance of 40 lip landmarks
    sharpness_ratio: float  # median ratio of the Laplacian's spread, drawn to true
    jitter_px: float  # mean second difference of the lip landmarks
    truth_jitter_px: float
    silence_motion_px: float  # mean step of the lip landmarks where nothing is said
    truth_silence_motion_px: float
    sync_offset_ms: float  # positive: the drawn lips are late
    opening_correlation: float  # of the drawn mouth's opening with the true one's
    closed_psnr_db: float  # the same footage with a mouth that never opens
    closed_lmd_px: float
    held_out_seconds: float


@dataclass(frozen=True)
class Clip:
    """A held-out piece and what the judge needs of it."""

    take: Take
    piece: Piece
    base: FaceModel
    lips: np.ndarray  # (n, 478, 2), the tracker's, reference pixels
    wave: np.ndarray  # (samples,) at 16 kHz, of the piece

    def __len__(self) -> int:
        return self.piece.last - self.piece.first

    @property
    def crops(self) -> np.ndarray:
        """(n, 168, 160, 3) uint8, cut out of the capture itself; on disk."""
        return self.take.crops()[self.piece.first : self.piece.last]

    def frames(self) -> Iterator[np.ndarray]:
        """The base frames, each the caller's to paint over."""
        footage = Footage(self.take.folder / "footage.mp4")
        try:
            for i in range(self.piece.first, self.piece.last):
                yield np.require(footage[i], requirements=["C", "W"])
        finally:
            footage.close()


@dataclass(frozen=True)
class Scores:
    """What one clip gives, frame by frame."""

    psnr: np.ndarray  # (n,)
    ssim: np.ndarray  # (n,)
    sharpness: np.ndarray  # (n,)
    lmd: np.ndarray  # (n,)
    lips: np.ndarray  # (n, 478, 2) landmarks of what was drawn


def judge_face(
    work: str | Path, model: str | Path, report: str | Path, progress: Progress = silent
) -> FaceReport:
    """Judge a trained face and write ``report.json`` with pictures beside it.

    Parameters
    ----------
    work
        The folder that `analyse_footage` and `train_face` worked in.
    model
        What `train_face` made.
    report
        Folder to write; appears whole at the end.
    """
    work, model, report = Path(work), Path(model), Path(report)
    takes = read_takes(work)
    _, held = split(takes)
    if len(held) > MOST_PIECES:
        picked = np.linspace(0, len(held) - 1, MOST_PIECES).round().astype(int)
        held = tuple(held[i] for i in picked)
    mouths = open_mouths(model)
    driver = Driver(model / "driver.onnx")
    still = np.zeros((max(p.last - p.first for p in held), CODES), np.float32)
    with FaceTracker() as tracker:
        clips = _clips(work, takes, held, tracker, part(progress, 0.0, 0.1))
        box = _mouth_box(mouths.model.reference)

        def scored(
            words: str, start: float, end: float, sound: Callable[[int, Clip], Said]
        ) -> list[Scores]:
            found = []
            for number, clip in enumerate(clips):
                step = part(progress, start, end)
                shown = _draw(clip, mouths, sound(number, clip))
                within = part(step, number / len(clips), (number + 1) / len(clips))
                found.append(_score(clip, shown, box, tracker, words, within))
            return found

        own = scored(
            "drawing held-out clips", 0.1, 0.25, lambda _, c: driver.listen(c.wave, len(c))
        )
        closed = scored(
            "drawing a mouth that never opens",
            0.25,
            0.35,
            lambda _, c: Said(still[: len(c)], np.ones(len(c), bool)),
        )
        figures = _figures(clips, own, closed)
        changed = {}
        for at, (name, change) in enumerate(CONDITIONS.items()):

            def heard(number: int, clip: Clip, at: int = at, change: Change = change) -> Said:
                random = np.random.default_rng([at, number])
                wave = put_together(take_apart(clip.wave), change, random)
                return driver.listen(wave, len(clip))

            start = 0.35 + 0.6 * at / len(CONDITIONS)
            end = 0.35 + 0.6 * (at + 1) / len(CONDITIONS)
            scores = scored(f"drawing held-out clips, {name}", start, end, heard)
            changed[name] = _figures(clips, scores, closed)
    reasons = _reasons(figures)
    with atomic_folder(report) as aside:
        answer = {
            **_rounded(figures),
            "changed_voices": {name: _rounded(found) for name, found in changed.items()},
            "gate": {"passed": not reasons, "reasons": reasons},
            "pictures": _pictures(clips, own, mouths, driver, aside),
        }
        write_json(aside / "report.json", answer)
    progress(1.0, "face judged")
    return figures


def _clips(
    work: Path,
    takes: Sequence[Take],
    held: Sequence[Piece],
    tracker: FaceTracker,
    progress: Progress,
) -> list[Clip]:
    person, mouth = read_person(work), read_mouth_model(work)
    numbers = sorted({piece.take for piece in held})
    measured = dict(zip(numbers, looks_of([takes[k] for k in numbers], work, silent), strict=True))
    clips = []
    for number, piece in enumerate(held):
        progress(number / len(held), "looking at held-out clips")
        take = takes[piece.take]
        runs = np.array([[piece.first, piece.last]])
        own = measure(mouth, take, measured[piece.take], runs)
        bank = make_bank([take], [runs], [own], mouth)
        base = FaceModel(
            mouth, (own.rest,), bank, person.reference, person.width, person.height, person.scale
        )
        wave = take.wave[piece.first * RATE // FPS : piece.last * RATE // FPS]
        clip = Clip(take, piece, base, np.zeros(0), wave)
        # Found again rather than read from the analysis: truth and output pass the same tracker,
        # over the same few seconds.
        tracker.restart()
        lips: list[np.ndarray] = []
        for frame, matrix in zip(clip.frames(), bank.matrices, strict=True):
            lips.append(_landmarks(tracker, frame, matrix, lips))
        clips.append(dataclasses.replace(clip, lips=np.stack(lips)))
    return clips


def _landmarks(
    tracker: FaceTracker, frame: np.ndarray, matrix: np.ndarray, before: Sequence[np.ndarray]
) -> np.ndarray:
    """The tracker's landmarks in reference pixels; a frame it loses repeats the one before."""
    seen = tracker(frame)
    if seen.landmarks is not None:
        return transform(seen.landmarks[:, :2].astype(np.float64), matrix)
    return before[-1] if before else np.full((LANDMARKS, 2), np.nan)


def _mouth_box(reference: np.ndarray) -> Box:
    x, y = np.round(reference[MOUTH].mean(0)).astype(int)
    left, top = int(x) - MOUTH_WIDTH // 2, int(y) - MOUTH_HEIGHT // 2
    return Box(left, top, left + MOUTH_WIDTH, top + MOUTH_HEIGHT)


def _draw(clip: Clip, mouths: Mouths, said: Said) -> Iterator[np.ndarray]:
    return draw(mouths, clip.base, plain(np.arange(len(clip))), clip.frames(), said)


def _score(
    clip: Clip,
    drawn: Iterator[np.ndarray],
    box: Box,
    tracker: FaceTracker,
    words: str,
    progress: Progress,
) -> Scores:
    psnr, likeness, sharpness = [], [], []
    lips: list[np.ndarray] = []
    tracker.restart()
    for frame, matrix, truth in zip(drawn, clip.base.bank.matrices, clip.crops, strict=True):
        ours = cut(frame, matrix, WHOLE)
        a = ours[box.slices].astype(np.float32)
        b = truth[box.slices].astype(np.float32)
        psnr.append(10 * np.log10(255**2 / max(1e-2, float(((a - b) ** 2).mean()))))
        likeness.append(ssim(ours @ LUMA, truth @ LUMA)[box.slices].mean())
        sharpness.append(detail(a) / max(1e-6, detail(b)))
        lips.append(_landmarks(tracker, frame, matrix, lips))
        if len(lips) % 10 == 0:
            progress(len(lips) / len(clip), words)
    found = np.stack(lips)
    lmd = np.linalg.norm(found[:, MOUTH] - clip.lips[:, MOUTH], axis=2).mean(1)
    return Scores(np.array(psnr), np.array(likeness), np.array(sharpness), lmd, found)


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of two grey pictures, a value a pixel (Wang and others 2004)."""

    def smooth(x: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(x, 1.5, truncate=3.5))

    mean_a, mean_b = smooth(a), smooth(b)
    var_a = smooth(a * a) - mean_a**2
    var_b = smooth(b * b) - mean_b**2
    both = smooth(a * b) - mean_a * mean_b
    light, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return np.asarray(
        ((2 * mean_a * mean_b + light) * (2 * both + contrast))
        / ((mean_a**2 + mean_b**2 + light) * (var_a + var_b + contrast))
    )


def detail(picture: np.ndarray) -> float:
    """Variance of the Laplacian of a colour picture's luma: what sharpness is measured by."""
    return float(cv2.Laplacian(np.asarray(picture @ LUMA, np.float32), cv2.CV_32F).var())


def _figures(
    clips: Sequence[Clip], scores: Sequence[Scores], closed: Sequence[Scores]
) -> FaceReport:
    def mean(values: Sequence[np.ndarray]) -> float:
        return float(np.nanmean(np.concatenate(values)))

    def jitter(lips: np.ndarray) -> np.ndarray:
        return np.abs(np.diff(lips[:, MOUTH], 2, axis=0)).mean((1, 2))

    def silent_steps(clip: Clip, lips: np.ndarray) -> np.ndarray:
        quiet = ~speaking(log_mel(clip.wave, len(lips)), 0.1)
        return np.abs(np.diff(lips[:, MOUTH], axis=0)).mean((1, 2))[quiet[1:] & quiet[:-1]]

    ours = [opening(s.lips) for s in scores]
    theirs = [opening(c.lips) for c in clips]
    lag, _ = sync(ours, theirs)
    correlation = np.corrcoef(np.concatenate(ours), np.concatenate(theirs))[0, 1]
    return FaceReport(
        psnr_db=mean([s.psnr for s in scores]),
        ssim=mean([s.ssim for s in scores]),
        lmd_px=mean([s.lmd for s in scores]),
        sharpness_ratio=float(np.median(np.concatenate([s.sharpness for s in scores]))),
        jitter_px=mean([jitter(s.lips) for s in scores]),
        truth_jitter_px=mean([jitter(c.lips) for c in clips]),
        silence_motion_px=mean(
            [silent_steps(c, s.lips) for c, s in zip(clips, scores, strict=True)]
        ),
        truth_silence_motion_px=mean([silent_steps(c, c.lips) for c in clips]),
        sync_offset_ms=1000 * lag / FPS,
        opening_correlation=float(correlation),
        closed_psnr_db=mean([s.psnr for s in closed]),
        closed_lmd_px=mean([s.lmd for s in closed]),
        held_out_seconds=sum(len(c) for c in clips) / FPS,
    )


def sync(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> tuple[float, float]:
    """By how many frames the first curves are late, and how well they fit there.

    Parameters
    ----------
    ours, theirs
        Mouth opening of the same clips, (n,) each.

    Returns
    -------
    The lag at which the correlation over all clips is highest, between frames by a parabola
    through it and its neighbours; and that correlation.
    """
    lags = np.arange(-MOST_LAG, MOST_LAG + 1)
    together = np.zeros(len(lags))
    scale_a = scale_b = 0.0
    for a, b in zip(ours, theirs, strict=True):
        a, b = np.nan_to_num(a - np.nanmean(a)), np.nan_to_num(b - np.nanmean(b))
        scale_a, scale_b = scale_a + float(a @ a), scale_b + float(b @ b)
        for k, lag in enumerate(lags):
            if abs(lag) < len(a):
                left, right = (a[lag:], b[: len(b) - lag]) if lag >= 0 else (a[:lag], b[-lag:])
                together[k] += left @ right * len(a) / len(left)
    together /= np.sqrt(scale_a * scale_b) + 1e-9
    top = int(together.argmax())
    if 0 < top < len(lags) - 1:
        before, at, after = together[top - 1 : top + 2]
        bend = before - 2 * at + after
        shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
        return float(lags[top] + shift), float(at)
    return float(lags[top]), float(together[top])


def _reasons(found: FaceReport) -> list[str]:
    reasons = []
    if found.psnr_db <= found.closed_psnr_db:
        reasons.append(
            f"The drawn mouth is no nearer to the true one ({found.psnr_db:.1f} dB) than a mouth "
            f"that never opens ({found.closed_psnr_db:.1f} dB)."
        )
    if found.opening_correlation < MIN_OPENING:
        reasons.append(
            f"The mouth does not follow the sound: its opening correlates with the true one by "
            f"{found.opening_correlation:.2f}, at least {MIN_OPENING} wanted."
        )
    elif abs(found.sync_offset_ms) > MAX_SYNC_MS:
        reasons.append(
            f"The lips are {abs(found.sync_offset_ms):.0f} ms "
            f"{'late' if found.sync_offset_ms > 0 else 'early'}, at most {MAX_SYNC_MS:.0f} wanted."
        )
    if found.sharpness_ratio < MIN_SHARPNESS:
        reasons.append(
            f"The drawn mouth has {found.sharpness_ratio:.2f} of the footage's detail, at least "
            f"{MIN_SHARPNESS} wanted."
        )
    limit = SILENCE_SLACK * found.truth_silence_motion_px + TRACKER_PX
    if found.silence_motion_px > limit:
        reasons.append(
            f"The lips move {found.silence_motion_px:.2f} px a frame in silence, at most "
            f"{limit:.2f} wanted."
        )
    return reasons


def _rounded(found: FaceReport) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else round(value, 4)
        for name, value in dataclasses.asdict(found).items()
    }


def _pictures(
    clips: Sequence[Clip], scores: Sequence[Scores], mouths: Mouths, driver: Driver, folder: Path
) -> list[dict[str, str]]:
    """Truth beside output, the worst clips first: a strip of stills and a film each."""
    order = np.argsort([-np.nanmean(s.lmd) for s in scores])[:SHOWN]
    listed = []
    for rank, k in enumerate(order, 1):
        clip, score = clips[k], scores[k]
        worst = int(np.nanargmax(score.lmd))
        stills = np.unique(np.clip(worst + np.arange(-6, 8, 2), 0, len(clip) - 1))
        strip = _film(
            clip, _draw(clip, mouths, driver.listen(clip.wave, len(clip))), stills,
            folder / f"face-{rank}.mp4",
        )  # fmt: skip
        cv2.imwrite(str(folder / f"face-{rank}.png"), cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
        where = f"{clip.take.name}, {(clip.piece.first + worst) / FPS:.2f} s"
        listed += [
            {
                "file": f"face-{rank}.png",
                "caption": f"Held out: recorded above, AI-generated below, around the worst "
                f"moment ({where}; lips {score.lmd[worst]:.1f} px off).",
            },
            {
                "file": f"face-{rank}.mp4",
                "caption": f"Held out: recorded on the left, AI-generated on the right "
                f"({clip.take.name}, from {clip.piece.first / FPS:.1f} s).",
            },
        ]
    return listed


def _film(clip: Clip, drawn: Iterator[np.ndarray], stills: np.ndarray, path: Path) -> np.ndarray:
    """Film truth and output side by side, and return `stills` of both as one picture."""
    width, height = clip.base.width, clip.base.height
    scale = min(1.0, 480 / width)
    size = (2 * round(width * scale / 2), 2 * round(height * scale / 2))
    rows: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    writer = VideoWriter(path, 2 * size[0], size[1], fps=FPS, audio_rate=RATE, crf=23)
    with writer as film:
        both = zip(clip.frames(), drawn, clip.base.bank.matrices, strict=True)
        for i, (truth, ours, matrix) in enumerate(both):
            sides = []
            for frame, words, row in (
                (truth, "recorded", rows[0]),
                (ours, "AI-generated", rows[1]),
            ):
                if i in stills:
                    row.append(cut(frame, matrix, WHOLE, 1.5)[60:])
                small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
                for ink, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
                    cv2.putText(
                        small, words, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, thick,
                        cv2.LINE_AA,
                    )  # fmt: skip
                sides.append(small)
            film.write(np.hstack(sides))
        film.write_audio(clip.wave)
    return np.vstack([np.hstack(row) for row in rows])
