"""Who the presenter is: a random but ordinary face, and the places on it that others need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vivant.character.mesh import group_vertices, shape_identity

EYES_AT = np.array([0.0, 7.28, 1.20])
"""Every identity is moved so that the middle between its eyes is here."""

LIP_EDGES = (520, 523)  # base vertices in the middle of the upper and of the lower lip's edge

# Small changes of feature, each with its usual size. One number moves both signs of a pair; "l-"
# and "r-" go together, so that faces stay symmetric.
_FEATURES: tuple[tuple[str, str, str, float], ...] = (
    ("head", "head-oval", "head-round", 0.30),
    ("head", "head-fat-incr", "head-fat-decr", 0.18),
    ("head", "head-scale-horiz-incr", "head-scale-horiz-decr", 0.20),
    ("nose", "nose-volume-incr", "nose-volume-decr", 0.22),
    ("nose", "nose-scale-horiz-incr", "nose-scale-horiz-decr", 0.22),
    ("nose", "nose-scale-vert-incr", "nose-scale-vert-decr", 0.22),
    ("nose", "nose-hump-incr", "nose-hump-decr", 0.25),
    ("nose", "nose-point-up", "nose-point-down", 0.25),
    ("nose", "nose-point-width-incr", "nose-point-width-decr", 0.25),
    ("mouth", "mouth-scale-horiz-incr", "mouth-scale-horiz-decr", 0.20),
    ("mouth", "mouth-upperlip-height-incr", "mouth-upperlip-height-decr", 0.25),
    ("mouth", "mouth-lowerlip-height-incr", "mouth-lowerlip-height-decr", 0.25),
    ("mouth", "mouth-angles-up", "mouth-angles-down", 0.20),
    ("chin", "chin-width-incr", "chin-width-decr", 0.25),
    ("chin", "chin-height-incr", "chin-height-decr", 0.20),
    ("chin", "chin-prominent-incr", "chin-prominent-decr", 0.20),
    ("cheek", "?-cheek-bones-incr", "?-cheek-bones-decr", 0.30),
    ("cheek", "?-cheek-volume-incr", "?-cheek-volume-decr", 0.22),
    ("eyes", "?-eye-scale-incr", "?-eye-scale-decr", 0.20),
    ("eyes", "?-eye-corner1-up", "?-eye-corner1-down", 0.20),
    ("forehead", "forehead-scale-vert-incr", "forehead-scale-vert-decr", 0.20),
    ("eyebrows", "eyebrows-trans-up", "eyebrows-trans-down", 0.25),
)
# What makes the average face pleasant rather than waxen, by gender.
_TASTE: dict[str, dict[str, float]] = {
    "woman": {
        "?-eye-scale-incr": 0.35,
        "mouth-upperlip-height-incr": 0.20,
        "mouth-lowerlip-height-incr": 0.15,
        "mouth-angles-up": 0.25,
        "nose-scale-horiz-decr": 0.15,
        "head-oval": 0.25,
        "?-cheek-volume-incr": 0.15,
    },
    "man": {
        "?-eye-scale-incr": 0.25,
        "?-eye-height2-incr": 0.40,
        "mouth-angles-up": 0.25,
        "chin-width-incr": 0.15,
        "neck-scale-horiz-decr": 0.35,
        "?-cheek-volume-incr": 0.15,
        "head-fat-incr": 0.10,
    },
}
_FOLDER = {feature: folder for folder, more, less, _ in _FEATURES for feature in (more, less)} | {
    "?-eye-height2-incr": "eyes",
    "neck-scale-horiz-decr": "neck",
}


@dataclass(frozen=True)
class Identity:
    """A shaped base mesh."""

    gender: str  # "woman" or "man"
    age: float  # years, roughly
    vertices: np.ndarray  # (19158, 3) float64, dm, eyes at EYES_AT
    eye_centres: np.ndarray  # (2, 3), the person's left eye first
    eye_radius: float  # dm
    lips_at: np.ndarray  # (3,): where the closed lips meet, on the middle line


def _fit_ball(points: np.ndarray) -> tuple[np.ndarray, float]:
    rows = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(rows, (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def make_identity(seed: int, gender: str) -> Identity:
    """Draw a face.

    Three broad averages are mixed, so that no face leans far to any; features vary a little around
    the mean; both halves are the same.
    """
    rng = np.random.default_rng([seed, 11])
    age = float(rng.uniform(27, 40))
    old = (age - 25) / 65
    sex = {"woman": "female", "man": "male"}[gender]
    shares = rng.dirichlet(np.array([5.0, 6.0, 9.0]))
    weights: dict[str, float] = {}
    for people, share in zip(("african", "asian", "caucasian"), shares, strict=True):
        weights[f"macrodetails/{people}-{sex}-young"] = float(share * (1 - old))
        weights[f"macrodetails/{people}-{sex}-old"] = float(share * old)
    body = f"macrodetails/universal-{sex}"
    weights[f"{body}-young-averagemuscle-averageweight"] = 1 - old
    weights[f"{body}-old-averagemuscle-averageweight"] = old
    features = dict(_TASTE[gender])
    for _, more, less, size in _FEATURES:
        amount = float(np.clip(rng.normal(0, 0.55), -1.2, 1.2) * size)
        name = more if amount > 0 else less
        features[name] = features.get(name, 0.0) + abs(amount)
    for name, amount in features.items():
        sides: Sequence[str] = ("l", "r") if name.startswith("?") else ("",)
        for side in sides:
            weights[f"{_FOLDER[name]}/{name.replace('?', side)}"] = amount
    return place(shape_identity(weights), gender, age)


def place(vertices: np.ndarray, gender: str, age: float) -> Identity:
    """Move a shaped base mesh to the common place and find its eyes and lips."""
    balls = [_fit_ball(vertices[group_vertices(f"helper-{side}-eye")]) for side in "lr"]
    shift = EYES_AT - (balls[0][0] + balls[1][0]) / 2
    vertices = vertices + shift
    return Identity(
        gender=gender,
        age=age,
        vertices=vertices,
        eye_centres=np.stack([balls[0][0], balls[1][0]]) + shift,
        eye_radius=(balls[0][1] + balls[1][1]) / 2,
        lips_at=vertices[list(LIP_EDGES)].mean(0),
    )
