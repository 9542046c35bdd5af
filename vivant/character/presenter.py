"""A presenter who does not exist: made from a seed, posed by face units, drawn to a frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba
import numpy as np
import scipy.sparse

from vivant.character import mesh
from vivant.character.clothes import Garment, sweater
from vivant.character.eyes import eyeball, iris_texture
from vivant.character.hair import Scalp, Strands, grow, light_strands, make_scalp
from vivant.character.identity import LIP_EDGES, Identity, make_identity
from vivant.character.light import (
    GROUND,
    SKY,
    Caster,
    bake,
    irradiance,
    lamp_table,
    scatter,
)
from vivant.character.mesh import CLOTH, EYE, SKIN, TEETH, TONGUE
from vivant.character.raster import (
    SAMPLES,
    blend_strands,
    develop,
    raster_strands,
    raster_triangles,
    shade,
)
from vivant.character.skin import (
    Complexion,
    around,
    brow_arch,
    corner_mask,
    make_atlas,
    paint_skin,
    to_linear,
)
from vivant.character.teeth import jaw_motion, row_of_teeth
from vivant.motion.units import AT_EASE, UNITS

CAMERA_Z, FACE_Z = 14.0, 1.2  # dm
FRAME_Y = 7.14  # what is in the middle of the picture, and the camera's height, dm
CAMERA = np.array([0.0, FRAME_Y, CAMERA_Z], np.float32)
LENS_BLUR = 0.5  # standard deviation at 480 rows, pixels
SCALE = 0.318  # picture heights a dm, at the face


@dataclass(frozen=True)
class Units:
    """Displacements of the points by face unit, without their zeros."""

    starts: np.ndarray  # (53,) int32
    points: np.ndarray  # (k,) int32
    moves: np.ndarray  # (k, 3) float32, dm at weight 1


@dataclass(frozen=True)
class Fringe:
    """Short hairs tied to the moving skin: brows or lashes."""

    roots: scipy.sparse.csr_matrix  # (h, points): where they grow
    offsets: np.ndarray  # (h, v, 3) float32: the hair from its root, at rest
    lid: np.ndarray  # (h,) int: 0 for a brow; 1 left, 2 right: follows that eye's lid
    upper: np.ndarray  # (h,) bool
    radius: np.ndarray  # (h, v) float32, pixels at 480 rows
    alpha: np.ndarray  # (h, v) float32
    colour: np.ndarray  # (3,) linear


@dataclass(frozen=True)
class Presenter:
    """Everything about one presenter that does not change from frame to frame."""

    identity: Identity
    complexion: Complexion
    rest: np.ndarray  # (points, 3) float32
    units: Units
    head_weight: np.ndarray  # (points,) float32: 1 moves with the head, 0 with the chest
    point_triangles: np.ndarray  # (t, 3) int32, into the points
    corner_point: np.ndarray  # (corners,) int32
    triangles: np.ndarray  # (t, 3) int32, into the corners
    material: np.ndarray  # (t,) int8
    uv: np.ndarray  # (corners, 2) float32
    colour: np.ndarray  # (corners, 3) float32
    shine: np.ndarray  # (corners,) float32
    inside: np.ndarray  # (points,) float32: 1 in the mouth, lit through the lips only
    reach: np.ndarray  # (points, 4) float32
    skin_points: int  # the first so many points are skin
    neighbours: tuple[np.ndarray, np.ndarray]  # CSR of the skin's points
    texture: np.ndarray  # (h, w, 4) float32
    iris: np.ndarray  # (s, s, 3) float32
    hair: Strands
    hair_reach: np.ndarray  # (n, 4) float32
    hair_normals: np.ndarray  # (n, 3) float32
    fringes: tuple[Fringe, ...]
    lips: tuple[int, int]  # points: middle of the upper and of the lower lip's edge
    seed: int


@dataclass
class _Parts:
    """Pieces of the model as they are collected."""

    points: list[np.ndarray]
    moves: list[scipy.sparse.csr_matrix]
    triangles: list[np.ndarray]
    corner_point: list[np.ndarray]
    point_triangles: list[np.ndarray]
    material: list[np.ndarray]
    uv: list[np.ndarray]
    colour: list[np.ndarray]
    shine: list[np.ndarray]
    head: list[np.ndarray]
    inside: list[np.ndarray]
    n_points: int = 0
    n_corners: int = 0

    def add(
        self,
        points: np.ndarray,
        triangles: np.ndarray,
        material: int,
        *,
        moves: np.ndarray | None = None,
        corner_point: np.ndarray | None = None,
        uv: np.ndarray | None = None,
        colour: np.ndarray | None = None,
        shine: float = 1.0,
        head: np.ndarray | float = 1.0,
        inside: np.ndarray | float = 0.0,
    ) -> int:
        """Add a piece; returns the number of its first point."""
        n = len(points)
        corner = np.arange(n) if corner_point is None else corner_point
        c = len(corner)
        self.points.append(np.asarray(points, np.float32))
        flat = np.zeros((len(UNITS), n * 3), np.float32)
        if moves is not None:
            flat = moves.reshape(len(UNITS), -1).astype(np.float32)
        self.moves.append(scipy.sparse.csr_matrix(flat))
        self.triangles.append(triangles + self.n_corners)
        self.corner_point.append(corner + self.n_points)
        self.point_triangles.append(corner[triangles] + self.n_points)
        self.material.append(np.full(len(triangles), material, np.int8))
        self.uv.append(np.zeros((c, 2), np.float32) if uv is None else uv.astype(np.float32))
        self.colour.append(
            np.zeros((c, 3), np.float32) if colour is None else colour.astype(np.float32)
        )
        self.shine.append(np.full(c, shine, np.float32))
        self.head.append(np.broadcast_to(np.asarray(head, np.float32), n))
        self.inside.append(np.broadcast_to(np.asarray(inside, np.float32), n))
        first = self.n_points
        self.n_points += n
        self.n_corners += c
        return first


_LOOKS: dict[str, tuple[Complexion, ...]] = {
    "woman": (
        Complexion((226, 180, 158), (184, 92, 92), (70, 49, 37), (96, 78, 48), 0.25, 0.0),
        Complexion((206, 155, 124), (160, 80, 76), (44, 30, 24), (74, 48, 28), 0.0, 0.0),
        Complexion((232, 190, 168), (190, 104, 100), (122, 88, 58), (88, 112, 120), 0.5, 0.0),
        Complexion((164, 112, 82), (130, 68, 64), (30, 24, 22), (58, 38, 24), 0.0, 0.0),
    ),
    "man": (
        Complexion((214, 166, 140), (168, 104, 92), (58, 40, 28), (84, 96, 96), 0.0, 0.55),
        Complexion((190, 138, 108), (148, 90, 78), (36, 28, 24), (70, 46, 28), 0.0, 0.6),
        Complexion((224, 176, 152), (176, 112, 100), (104, 78, 54), (92, 108, 88), 0.2, 0.35),
        Complexion((140, 94, 68), (116, 70, 62), (26, 22, 20), (54, 36, 24), 0.0, 0.5),
    ),
}
_SEEN_SAMPLES = 40  # of ten pictures: a strand that shows less is left out
_SWEATERS = ((46, 74, 104), (112, 56, 62), (52, 86, 76), (168, 150, 126), (70, 66, 92))


def _smooth(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def make_presenter(seed: int = 1, gender: str = "woman") -> Presenter:
    """Make a presenter; the same seed and gender give the same person, pixel by pixel.

    Parameters
    ----------
    seed
        Any non-negative number.
    gender
        ``"woman"`` or ``"man"``.
    """
    rng = np.random.default_rng([seed, 5])
    identity = make_identity(seed, gender)
    complexion = _LOOKS[gender][(seed - 1) % 4]
    surface = mesh.skin_surface()
    eye_y = identity.eye_centres[0, 1]
    lips = identity.lips_at
    spread = surface.spread
    skin = spread @ identity.vertices
    skin_moves = np.stack([spread @ move for move in mesh.unit_displacements()])

    # Skin: the mouth's lining is marked by where it lies in the base mesh's own texture.
    cavity_corner = corner_mask(surface, "mpfb_inside-mouth.jpg") * (surface.corner_uv[:, 1] < 0.2)
    cavity = np.zeros(len(skin), np.float32)
    np.maximum.at(cavity, surface.corner_point, cavity_corner.astype(np.float32))
    lip_corner = corner_mask(surface, "mpfb_lips.jpg")
    lip_points = skin[np.unique(surface.corner_point[lip_corner > 0.6])]

    def behind_lips(x: np.ndarray) -> np.ndarray:
        """How far points lie behind the front of the lips, which curve back to the corners, dm."""
        across = np.abs(lip_points[:, 0])
        places = np.linspace(0, across.max(), 8)
        front = [lip_points[np.abs(across - place) < 0.04][:, 2].max() for place in places]
        return np.interp(np.abs(x[:, 0]), places, front) - x[:, 2]

    cavity = cavity * np.clip((behind_lips(skin) - 0.14) / 0.22, 0, 1).astype(np.float32)
    ears_corner = corner_mask(surface, "mpfb_ears.jpg")
    ears = np.zeros(len(skin), np.float32)
    np.maximum.at(ears, surface.corner_point, ears_corner)
    head_weight = _smooth(eye_y - 1.85, eye_y - 1.10, skin[:, 1])

    parts = _Parts([], [], [], [], [], [], [], [], [], [], [])
    atlas_keep = (cavity_corner[surface.triangles].max(1) < 0.5) & (
        skin[surface.point_triangles][:, :, 1].min(1) > eye_y - 2.2
    )
    atlas = make_atlas(skin[surface.corner_point], surface, atlas_keep)
    # Skin below the neckline is never seen: clothes cover it.
    bare = skin[surface.point_triangles][:, :, 1].max(1) > eye_y - 2.15
    parts.add(
        skin,
        surface.triangles[bare],
        SKIN,
        moves=skin_moves,
        corner_point=surface.corner_point,
        uv=around(skin[surface.corner_point]),
        colour=np.repeat(cavity[surface.corner_point, None], 3, 1),
        head=head_weight,
        inside=cavity,
    )
    for centre in identity.eye_centres:
        points, triangles = eyeball(centre, identity.eye_radius)
        parts.add(points, triangles, EYE)
    edge = lips + [0.0, -0.026, -0.135]
    for upper in (True, False):
        front = edge if upper else edge + [0.0, -0.004, -0.028]
        points, triangles, colour = row_of_teeth(front, upper=upper)
        hidden = np.clip((behind_lips(points) - 0.17) / 0.45, 0, 0.92)
        parts.add(
            points, triangles, TEETH, colour=colour,
            moves=None if upper else jaw_motion(points),
            inside=np.maximum(hidden, 0.02), shine=0.9,
        )  # fmt: skip
    tongue_quads = mesh.group_quads("helper-tongue")
    base = mesh.base_mesh()
    tongue = mesh.subdivide(base.quads[tongue_quads], base.quads_uv[tongue_quads], base.uv)
    points = tongue.spread @ identity.vertices
    points = points + [0.0, -0.02, -0.06]
    moves = np.stack([tongue.spread @ move for move in mesh.unit_displacements()])
    parts.add(
        points, tongue.point_triangles, TONGUE, moves=moves,
        colour=np.broadcast_to([0.34, 0.11, 0.11], (len(points), 3)),
        inside=np.clip((behind_lips(points) - 0.10) / 0.42, 0.15, 0.97), shine=0.5,
    )  # fmt: skip

    skin_normals = mesh.vertex_normals(skin, surface.point_triangles)
    body_near = (skin[:, 1] < eye_y - 0.9) & (cavity < 0.1)
    body = _body(skin[body_near], skin_normals[body_near])
    neck_y = eye_y - 1.72
    cloth = to_linear(np.array(_SWEATERS[(seed + (gender == "woman")) % len(_SWEATERS)]))
    white = to_linear(np.array([196, 204, 214]))
    garments: list[Garment]
    if gender == "woman":
        garments = [sweater(body, neck_y, cloth, rng, wide=0.16)]
    else:
        garments = [
            sweater(body, neck_y, white, rng, wide=0.03, rows=7, thick=0.022),
            sweater(body, neck_y, cloth, rng, wide=0.12),
        ]
    for garment in garments:
        parts.add(
            garment.points, garment.triangles, CLOTH,
            colour=garment.colour, uv=garment.uv, head=0.0,
        )  # fmt: skip

    rest = np.concatenate(parts.points)
    point_triangles = np.concatenate(parts.point_triangles).astype(np.int32)
    material = np.concatenate(parts.material)
    inside = np.concatenate(parts.inside).astype(np.float32)
    units = _units(parts.moves, len(rest))

    scalp = make_scalp(identity, skin, skin_normals, ears)
    hair_colour = to_linear(np.array(complexion.hair))
    style = "long" if gender == "woman" else "short"
    hair = grow(identity, scalp, hair_colour, rng, style=style)
    # A thin curtain of hair lets light through: only part of the strands cast shadows.
    casting = _some_strands(hair, rng, 0.45)
    hair = _seen_strands(hair, rest.astype(np.float32), point_triangles, eye_y)
    texture = paint_skin(identity, complexion, atlas, rng)
    density = np.zeros(len(skin), np.float32)
    density[skin[:, 1] > eye_y - 2.3] = scalp.density
    texture = _paint_scalp(texture, atlas.triangle, atlas.weights, atlas.inside, surface,
                           density, hair_colour)  # fmt: skip

    # Shadows are baked with the mouth just open, so that lips do not blacken each other.
    weights = np.zeros(len(UNITS), np.float32)
    weights[UNITS.index("jawOpen")] = 0.10
    posed = rest.copy()
    _move_points(rest, units.starts, units.points, units.moves, weights, posed)
    normals = np.zeros_like(posed)
    _normals(posed, point_triangles, normals)
    caster = Caster(posed, point_triangles[(material != EYE)], *casting)
    reach, hair_reach = bake(caster, posed, normals, hair.points)
    _, hair_normals = scalp.distance(hair.points)
    centre = np.array([0.0, eye_y + 0.15, 0.15])
    outward = hair.points - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    mixed = hair_normals + outward
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True) + 1e-9

    fringes = (
        *_brows(identity, complexion, atlas, surface, len(rest), rng),
        *_lashes(identity, surface, skin, len(rest), rng),
    )
    upper_lip, lower_lip = (int(np.searchsorted(surface.base, vertex)) for vertex in LIP_EDGES)
    return Presenter(
        identity=identity,
        complexion=complexion,
        rest=rest,
        units=units,
        head_weight=np.concatenate(parts.head).astype(np.float32),
        point_triangles=point_triangles,
        corner_point=np.concatenate(parts.corner_point).astype(np.int32),
        triangles=np.concatenate(parts.triangles).astype(np.int32),
        material=material,
        uv=np.concatenate(parts.uv),
        colour=np.concatenate(parts.colour),
        shine=np.concatenate(parts.shine),
        inside=inside,
        reach=reach.astype(np.float32),
        skin_points=len(skin),
        neighbours=_neighbours(surface.point_triangles, len(skin)),
        texture=texture,
        iris=iris_texture(to_linear(np.array(complexion.iris)), rng),
        hair=hair,
        hair_reach=hair_reach,
        hair_normals=mixed.astype(np.float32),
        fringes=fringes,
        lips=(upper_lip, lower_lip),
        seed=seed,
    )


def _body(points: np.ndarray, normals: np.ndarray) -> Scalp:
    """The torso with its normals smoothed, for cloth that does not show every muscle."""
    import scipy.spatial

    tree = scipy.spatial.cKDTree(points)
    _, near = tree.query(points, k=40)
    smooth = normals[near].mean(1)
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-9
    return Scalp(points, smooth, np.ones(len(points)), tree)


def _units(moves: list[scipy.sparse.csr_matrix], count: int) -> Units:
    dense = scipy.sparse.hstack(moves).toarray().reshape(len(UNITS), count, 3)
    starts, points, values = [0], [], []
    for row in dense:
        used = np.flatnonzero(np.abs(row).max(1) > 2e-4)
        points.append(used.astype(np.int32))
        values.append(row[used])
        starts.append(starts[-1] + len(used))
    return Units(
        np.array(starts, np.int32),
        np.concatenate(points),
        np.concatenate(values).astype(np.float32),
    )


def _neighbours(triangles: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = np.concatenate([ends, ends[:, ::-1]])
    graph = scipy.sparse.csr_matrix(
        (np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)
    )
    graph.sum_duplicates()
    return graph.indptr.astype(np.int32), graph.indices.astype(np.int32)


def _some_strands(
    hair: Strands, rng: np.random.Generator, share: float
) -> tuple[np.ndarray, np.ndarray]:
    count = len(hair.starts) - 1
    n = len(hair.points) // count
    chosen = np.sort(rng.choice(count, int(share * count), replace=False))
    points = hair.points.reshape(count, n, 3)[chosen].reshape(-1, 3)
    return np.ascontiguousarray(points), (np.arange(len(chosen) + 1) * n).astype(np.int32)


def _seen_strands(
    hair: Strands, points: np.ndarray, triangles: np.ndarray, eye_y: float
) -> Strands:
    """Leave out the strands that lie under others from wherever the camera may see the head."""
    height, width = 480 * SAMPLES, 640 * SAMPLES
    count = len(hair.starts) - 1
    bound = count - hair.loose
    each = len(hair.points) // count
    seen = np.zeros(count, int)
    neck = np.array([0.0, eye_y - 1.25, 0.25], np.float32)
    flat, flat_hair = np.empty_like(points), np.empty_like(hair.points)
    for yaw in (-0.5, -0.25, 0.0, 0.25, 0.5):
        for pitch in (-0.15, 0.15):
            turn = rotation(yaw, pitch, 0.0).astype(np.float32)
            depth = np.zeros((height, width), np.float32)
            ids = np.full((height, width), -1, np.int32)
            _project((points - neck) @ turn.T + neck, width, height, flat)
            _project((hair.points - neck) @ turn.T + neck, width, height, flat_hair)
            raster_triangles(flat, triangles, depth, ids, 0, True)
            starts = hair.starts[: bound + 1]
            raster_strands(flat_hair, starts, hair.thick, depth, ids, len(triangles))
            of = (ids[ids >= len(triangles)] - len(triangles)) // each
            seen += np.bincount(of, minlength=count)
    seen[bound:] = _SEEN_SAMPLES
    keep = np.flatnonzero(seen >= _SEEN_SAMPLES)
    of = (keep[:, None] * each + np.arange(each)).ravel()
    return Strands(
        points=hair.points[of],
        tangents=hair.tangents[of],
        starts=(np.arange(len(keep) + 1) * each).astype(np.int32),
        loose=hair.loose,
        thick=hair.thick[of],
        colour=hair.colour[of],
        shift=hair.shift[of],
    )


def _paint_scalp(
    texture: np.ndarray,
    triangle: np.ndarray,
    weights: np.ndarray,
    inside: np.ndarray,
    surface: mesh.Surface,
    density: np.ndarray,
    hair: np.ndarray,
) -> np.ndarray:
    """Darken the skin under hair, so that no bald skin shows between strands."""
    corners = surface.point_triangles[triangle]
    amount = (weights * density[corners]).sum(-1) * inside
    amount = np.maximum(amount, 0)
    amount = cv2.GaussianBlur(amount.astype(np.float32), (0, 0), 6)[..., None] ** 1.5
    under = np.concatenate([hair * 0.55, [0.1]]).astype(np.float32)
    return np.ascontiguousarray(texture * (1 - 0.92 * amount) + under * 0.92 * amount)


def _brows(
    identity: Identity,
    complexion: Complexion,
    atlas: object,
    surface: mesh.Surface,
    count: int,
    rng: np.random.Generator,
) -> tuple[Fringe, ...]:
    from vivant.character.skin import COLUMNS, ROWS, Atlas

    assert isinstance(atlas, Atlas)
    man = identity.gender == "man"
    hairs = 620 if man else 520
    t = rng.beta(1.1, 1.0, hairs)
    arch = np.interp(t, *brow_arch(identity.gender))
    width = np.interp(t, [0, 0.12, 0.6, 1.0], [0.034, 0.046, 0.034, 0.010]) * (1.3 if man else 1.05)
    across = np.clip(rng.normal(0, 0.5, hairs), -1.1, 1.1)
    eye = identity.eye_centres[0]
    x = eye[0] - 0.185 + 0.42 * t
    y = eye[1] + arch + across * width
    flow = np.interp(t, [0, 0.2, 1.0], [0.85, 0.40, -0.25]) + rng.normal(0, 0.16, hairs)
    flow -= 0.35 * across
    length = np.interp(t, [0, 0.3, 1.0], [0.062, 0.080, 0.055]) * rng.uniform(0.7, 1.15, hairs)
    s = np.linspace(0, 1, 5)[None]
    bend = flow[:, None] - 0.5 * s
    offsets = np.stack(
        [
            length[:, None] * s * np.cos(bend),
            length[:, None] * s * np.sin(bend),
            0.010
            + 0.014 * np.sin(np.pi * s)
            + 0 * bend
            - 0.10 * t[:, None] * length[:, None] * s * 4,
        ],
        -1,
    )
    rows: list[np.ndarray] = []
    columns, values, all_offsets = [], [], []
    for mirror in (1.0, -1.0):
        place = np.stack([mirror * x, y, np.full(hairs, 1.2)], 1)
        # The skin at this place, seen from the front: the nearest texel.
        inside = atlas.inside & (atlas.position[..., 2] > 0.4)
        near = inside & (np.abs(atlas.position[..., 1] - eye[1] - 0.25) < 0.25)
        texels = np.argwhere(near)
        texels = texels[::3]
        import scipy.spatial

        tree = scipy.spatial.cKDTree(atlas.position[texels[:, 0], texels[:, 1], :2])
        _, found = tree.query(place[:, :2])
        r, c = texels[found].T
        assert (r < ROWS).all()
        assert (c < COLUMNS).all()
        points = surface.point_triangles[atlas.triangle[r, c]]
        first = len(rows) and rows[-1][-1] + 1
        index = np.repeat(np.arange(hairs), 3) + first
        rows.append(index)
        columns.append(points.ravel())
        values.append(atlas.weights[r, c].ravel())
        all_offsets.append(offsets * [mirror, 1, 1])
    matrix = scipy.sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(2 * hairs, count),
    )
    taper = np.array([0.8, 1.0, 0.9, 0.7, 0.25])
    thick = rng.uniform(0.26, 0.40, (2 * hairs, 1)) * (1.1 if man else 1.0)
    colour = to_linear(np.array(complexion.hair)) * 0.9
    return (
        Fringe(
            roots=matrix,
            offsets=np.concatenate(all_offsets).astype(np.float32),
            lid=np.zeros(2 * hairs, int),
            upper=np.ones(2 * hairs, bool),
            radius=(thick * taper).astype(np.float32),
            alpha=(np.full((2 * hairs, 1), 0.42) * np.array([0.5, 1, 1, 0.9, 0.5])).astype(
                np.float32
            ),
            colour=colour.astype(np.float32),
        ),
    )


def _lashes(
    identity: Identity,
    surface: mesh.Surface,
    skin: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> tuple[Fringe, ...]:
    """Lashes along the rims of the lids.

    The base mesh's lash strips are not drawn, but their inner edge tells where the rims are; each
    rim vertex is tied to the nearest point of the skin, so that lashes blink.
    """
    import scipy.spatial

    woman = identity.gender == "woman"
    tree = scipy.spatial.cKDTree(skin)
    out = []
    for lid, side in ((1, "l"), (2, "r")):
        centre = identity.eye_centres[lid - 1]
        mirror = 1.0 if lid == 1 else -1.0
        for strip, upper in (("2", True), ("1", False)):
            ids = mesh.group_vertices(f"helper-{side}-eyelashes-{strip}")
            edge = identity.vertices[ids]
            off = np.linalg.norm(edge - centre, axis=1)
            edge = edge[off < 1.06 * off.min()]
            edge = edge[np.argsort(edge[:, 0] * mirror)]
            hairs = (52 if woman else 40) if upper else 30
            s = (np.arange(hairs) + rng.uniform(0.2, 0.8, hairs)) / hairs
            knots = np.linspace(0, 1, len(edge))
            roots = np.stack([np.interp(s, knots, edge[:, k]) for k in range(3)], 1)
            _, near = tree.query(roots, k=3)
            matrix = scipy.sparse.csr_matrix(
                (np.full(hairs * 3, 1 / 3), (np.repeat(np.arange(hairs), 3), near.ravel())),
                shape=(hairs, count),
            )
            shift = roots - skin[near].mean(1)
            size = (0.078 if woman else 0.052) if upper else 0.032
            length = size * (0.65 + 0.35 * np.sin(np.pi * np.clip(s * 0.85 + 0.15, 0, 1)))
            length = length * rng.uniform(0.8, 1.1, hairs)
            lean = (s - 0.42) * 1.3 + rng.normal(0, 0.10, hairs)
            u = np.linspace(0, 1, 5)[None]
            forward = length[:, None] * u * 0.75
            rise = length[:, None] * ((0.10 * u + 0.75 * u**2) if upper else -(0.6 * u))
            offsets = np.stack([mirror * lean[:, None] * forward * 0.9, rise, forward], -1)
            offsets = offsets + shift[:, None]
            base = rng.uniform(0.28, 0.42, (hairs, 1)) * (1.0 if upper else 0.6)
            # The roots together draw the dark line of the rim.
            line = np.diff(roots, axis=0, append=roots[-1:])[:, None] * u[..., None]
            out.append(
                Fringe(
                    roots=matrix,
                    offsets=(line + shift[:, None]).astype(np.float32),
                    lid=np.full(hairs, lid),
                    upper=np.zeros(hairs, bool),
                    radius=np.full((hairs, 5), 0.62 if upper else 0.40, np.float32),
                    alpha=np.repeat(
                        np.sin(np.pi * s[:, None]) ** 0.6
                        * (0.62 if woman else 0.40)
                        * (1.0 if upper else 0.4),
                        5,
                        axis=1,
                    ).astype(np.float32),
                    colour=np.array([0.016, 0.010, 0.008], np.float32),
                )
            )
            out.append(
                Fringe(
                    roots=matrix,
                    offsets=offsets.astype(np.float32),
                    lid=np.full(hairs, lid),
                    upper=np.full(hairs, upper),
                    radius=(base * np.array([1.1, 1.0, 0.8, 0.6, 0.25])).astype(np.float32),
                    alpha=np.full(
                        (hairs, 5), (0.75 if woman else 0.55) if upper else 0.35, np.float32
                    ),
                    colour=np.array([0.010, 0.008, 0.007], np.float32),
                )
            )
    return tuple(out)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _move_points(
    rest: np.ndarray,
    starts: np.ndarray,
    points: np.ndarray,
    moves: np.ndarray,
    weights: np.ndarray,
    out: np.ndarray,
) -> None:
    out[:] = rest
    for k in range(weights.shape[0]):
        w = weights[k]
        if w == 0.0:
            continue
        for e in range(starts[k], starts[k + 1]):
            i = points[e]
            out[i, 0] += w * moves[e, 0]
            out[i, 1] += w * moves[e, 1]
            out[i, 2] += w * moves[e, 2]


@numba.njit(cache=True, fastmath=True, nogil=True)
def _normals(points: np.ndarray, triangles: np.ndarray, out: np.ndarray) -> None:
    out[:] = 0.0
    for k in range(triangles.shape[0]):
        i, j, m = triangles[k, 0], triangles[k, 1], triangles[k, 2]
        ax, ay, az = (
            points[j, 0] - points[i, 0],
            points[j, 1] - points[i, 1],
            points[j, 2] - points[i, 2],
        )
        bx, by, bz = (
            points[m, 0] - points[i, 0],
            points[m, 1] - points[i, 1],
            points[m, 2] - points[i, 2],
        )
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, m):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for i in range(points.shape[0]):
        s = 1.0 / np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2 + 1e-20)
        out[i, 0] *= s
        out[i, 1] *= s
        out[i, 2] *= s


@numba.njit(cache=True, fastmath=True, nogil=True)
def _place(points: np.ndarray, turn: np.ndarray, offset: np.ndarray, out: np.ndarray) -> None:
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        for c in range(3):
            out[i, c] = turn[c, 0] * x + turn[c, 1] * y + turn[c, 2] * z + offset[c]


@numba.njit(cache=True, fastmath=True, nogil=True)
def _project(points: np.ndarray, width: int, height: int, out: np.ndarray) -> None:
    """To samples on the screen, and one over the distance."""
    for i in range(points.shape[0]):
        near = np.float32(1.0) / (np.float32(CAMERA_Z) - points[i, 2])
        zoom = np.float32(SCALE * height * (CAMERA_Z - FACE_Z)) * near
        out[i, 0] = np.float32(0.5 * width) + zoom * points[i, 0]
        out[i, 1] = np.float32(0.5 * height) - zoom * (points[i, 1] - np.float32(FRAME_Y))
        out[i, 2] = near


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turn by `yaw` (to the person's left), `pitch` (nod down) and `roll`, radians: (3, 3)."""
    cy, sy, cp, sp, cr, sr = (
        f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin)
    )  # fmt: skip
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def make_background(seed: int, width: int, height: int) -> np.ndarray:
    """A room out of focus: (height, width, 3) float32, linear light."""
    rng = np.random.default_rng([seed, 77])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    warm = np.array([[0.40, 0.37, 0.34], [0.33, 0.37, 0.40], [0.36, 0.38, 0.34]])[seed % 3]
    wall = (0.62 + 0.55 * np.exp(-(((x - 0.22) / 0.40) ** 2) - ((y - 0.30) / 0.55) ** 2))[..., None]
    picture = (wall * warm).astype(np.float32)
    scale = height / 480

    def box(x0: float, y0: float, x1: float, y1: float, colour: np.ndarray) -> None:
        a = (int(x0 * width), int(y0 * height))
        b = (int(x1 * width), int(y1 * height))
        cv2.rectangle(picture, a, b, [float(c) for c in colour], -1)

    # A shelf with books on one side, a lamp's glow on the other.
    right = 0.78
    for shelf in (0.16, 0.44, 0.72):
        box(right, shelf, 1.0, shelf + 0.022, warm * 0.35)
        at = right + 0.012
        while at < 0.98:
            wide, tall = rng.uniform(0.012, 0.028), rng.uniform(0.12, 0.20)
            hue = np.array([0.30, 0.22, 0.18]) * rng.uniform(0.35, 1.3) + rng.uniform(0, 0.10, 3)
            if rng.random() < 0.8:
                box(at, shelf - tall, at + wide, shelf, hue)
            at += wide + 0.004
    # A window with daylight on the other side.
    box(-0.02, 0.02, 0.155, 0.66, np.array([0.98, 1.02, 1.06]))
    box(0.060, 0.02, 0.070, 0.66, warm * 0.8)
    box(-0.02, 0.33, 0.155, 0.345, warm * 0.8)
    box(0.155, 0.0, 0.20, 0.72, warm * 0.62)
    picture = cv2.GaussianBlur(picture, (0, 0), 11 * scale)
    vignette = 1 - 0.35 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)[..., None]
    return np.ascontiguousarray((picture * vignette).astype(np.float32))


def _tone_curve() -> np.ndarray:
    """Film-like tone curve, linear 0 to 4 to levels 0 to 255.

    K. Narkowicz's fit of the ACES curve (2016), mixed with plain sRGB to keep skin bright.
    """
    x = np.linspace(0, 4, 2050)
    film = np.clip(
        x * 0.62 * (2.51 * x * 0.62 + 0.03) / (x * 0.62 * (2.43 * x * 0.62 + 0.59) + 0.14), 0, 1
    )
    return (255 * np.clip(film, 0, 1) ** (1 / 2.2)).astype(np.float32)


@dataclass(frozen=True)
class Stage:
    """A presenter in front of a camera: scratch memory for one size of picture."""

    presenter: Presenter
    width: int
    height: int
    background: np.ndarray
    depth: np.ndarray
    ids: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    light: np.ndarray
    scratch: np.ndarray
    linear: np.ndarray
    hair: np.ndarray
    flat_hair: np.ndarray
    hair_light: np.ndarray
    grain: np.ndarray
    curve: np.ndarray
    lamps: np.ndarray


def open_stage(presenter: Presenter, width: int = 640, height: int = 480) -> Stage:
    """Prepare to draw pictures of this size."""
    n = len(presenter.rest)
    rng = np.random.default_rng([presenter.seed, 3])
    grain = rng.normal(0, 1.1, (height + 64, width + 64)).astype(np.float32)
    grain = 0.6 * grain + 0.7 * cv2.GaussianBlur(grain, (0, 0), 0.8)
    return Stage(
        presenter=presenter,
        width=width,
        height=height,
        background=make_background(presenter.seed, width, height),
        depth=np.zeros((height * SAMPLES, width * SAMPLES), np.float32),
        ids=np.zeros((height * SAMPLES, width * SAMPLES), np.int32),
        points=np.zeros((n, 3), np.float32),
        normals=np.zeros((n, 3), np.float32),
        light=np.zeros((n, 3), np.float32),
        scratch=np.zeros(n, np.float32),
        linear=np.zeros((height, width, 3), np.float32),
        hair=np.zeros((len(presenter.hair.points), 3), np.float32),
        flat_hair=np.zeros((len(presenter.hair.points), 3), np.float32),
        hair_light=np.zeros((len(presenter.hair.points), 3), np.float32),
        grain=grain,
        curve=_tone_curve(),
        lamps=lamp_table(),
    )


@dataclass(frozen=True)
class Pose:
    """One frame of motion."""

    weights: np.ndarray  # (52,) 0 to 1, in the order of `UNITS`
    turn: tuple[float, float, float]  # head's yaw, pitch, roll, radians
    shift: tuple[float, float, float]  # head's and chest's sway, dm
    gaze: tuple[float, float]  # eyes in the head: to the person's left, up; radians
    breath: float  # 0 out to 1 in


def weights_of(**units: float) -> np.ndarray:
    """Weights of the 52 face units, the named ones set: (52,) float32."""
    out = np.zeros(len(UNITS), np.float32)
    for name, value in units.items():
        out[UNITS.index(name)] = value
    return out


REST = Pose(weights_of(**AT_EASE), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0), 0.0)


def draw(stage: Stage, pose: Pose, *, frame: int = 0) -> np.ndarray:
    """Draw one frame.

    Parameters
    ----------
    frame
        Chooses the grain.

    Returns
    -------
    (height, width, 3) uint8 RGB, valid until changed by the caller only.
    """
    p = stage.presenter
    points, normals, light = stage.points, stage.normals, stage.light
    weights = np.asarray(pose.weights, np.float32)
    _move_points(p.rest, p.units.starts, p.units.points, p.units.moves, weights, points)
    gap = float(np.linalg.norm(points[p.lips[0]] - points[p.lips[1]]))
    turn = rotation(*pose.turn)
    neck = np.array([0.0, p.identity.eye_centres[0, 1] - 1.25, 0.25])
    shift = np.array(pose.shift)

    def with_head(x: np.ndarray) -> np.ndarray:
        return (x - neck) @ turn.T + neck + shift

    breath = np.array([0.0, 0.025, 0.015]) * pose.breath
    still = points + 0.35 * shift + breath
    w = p.head_weight[:, None]
    points[:] = (still + w * (with_head(points) - still)).astype(np.float32)
    _normals(points, p.point_triangles, normals)
    irradiance(normals, p.reach, stage.lamps, SKY, GROUND, light)
    starts, neighbours = p.neighbours
    skin = light[: p.skin_points]
    for channel, rounds in ((0, 6), (1, 2), (2, 1)):
        scatter(skin, starts, neighbours, rounds, channel, stage.scratch)
    # The mouth's inside is lit through the gap between the lips.
    through = 0.45 + 0.55 * float(_smooth(0.0, 0.09, np.array(gap)))
    front = (SKY + np.array([0.66, 0.56, 0.50], np.float32)) * through
    hidden = p.inside > 0
    light[hidden] = front * (1 - 0.92 * p.inside[hidden, None])

    def project(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), 3), np.float32)
        _project(x.astype(np.float32), stage.width * SAMPLES, stage.height * SAMPLES, out)
        return out

    stage.depth[:] = 0
    stage.ids[:] = -1
    flat = project(points)
    raster_triangles(flat, p.point_triangles, stage.depth, stage.ids, 0, True)
    count = len(p.triangles)
    hair, flat_hair = stage.hair, stage.flat_hair
    offset = (neck + shift - turn @ neck).astype(np.float32)
    _place(p.hair.points, turn.astype(np.float32), offset, hair)
    _project(hair, stage.width * SAMPLES, stage.height * SAMPLES, flat_hair)
    bound = len(p.hair.starts) - p.hair.loose
    raster_strands(flat_hair, p.hair.starts[:bound], p.hair.thick, stage.depth, stage.ids, count)
    light_strands(
        hair, p.hair.tangents, turn.astype(np.float32), p.hair_reach, p.hair.colour, p.hair.shift,
        p.hair_normals, stage.lamps, SKY, GROUND, CAMERA, stage.hair_light,
    )  # fmt: skip
    shade(
        stage.ids, stage.depth, flat, p.point_triangles, p.triangles, p.material, points,
        normals, light, p.colour, p.uv, p.shine, p.texture, p.iris,
        _eye_frames(p.identity, turn, with_head, pose.gaze), stage.lamps, CAMERA,
        stage.hair_light, stage.background, SAMPLES, stage.linear,
    )  # fmt: skip
    stray = p.hair.starts[bound - 1 :]
    vertices = len(flat_hair)
    blend_strands(
        flat_hair, stray, np.full(vertices, 0.3 * stage.height / 480, np.float32),
        np.full(vertices, 0.5, np.float32), stage.hair_light, stage.depth, 0.0, SAMPLES,
        stage.linear,
    )  # fmt: skip
    blink = (
        0.0,
        float(weights[UNITS.index("eyeBlinkLeft")]),
        float(weights[UNITS.index("eyeBlinkRight")]),
    )
    for fringe in p.fringes:
        offsets = fringe.offsets
        if fringe.lid[0] and fringe.upper[0]:
            # A closing lid turns its lashes down.
            angle = 0.9 * blink[int(fringe.lid[0])]
            c, s = np.cos(angle), np.sin(angle)
            offsets = offsets @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]], np.float32)
        hairs = (fringe.roots @ points)[:, None] + offsets @ turn.T.astype(np.float32)
        n = hairs.shape[1]
        blend_strands(
            project(hairs.reshape(-1, 3)),
            (np.arange(len(hairs) + 1) * n).astype(np.int32),
            fringe.radius.ravel() * np.float32(stage.height / 480),
            fringe.alpha.ravel(),
            np.broadcast_to(fringe.colour, (hairs.shape[0] * n, 3)).copy(),
            stage.depth,
            0.012 if fringe.lid[0] else 0.004,
            SAMPLES,
            stage.linear,
        )
    out = np.empty((stage.height, stage.width, 3), np.uint8)
    rng = np.random.default_rng([p.seed, frame])
    dy, dx = rng.integers(0, 64, 2)
    grain = stage.grain[dy : dy + stage.height, dx : dx + stage.width]
    # A lens is never as sharp as its sensor.
    lens = cv2.GaussianBlur(stage.linear, (0, 0), LENS_BLUR * stage.height / 480)
    develop(lens, grain, 1.0, stage.curve, out)
    return out


def _eye_frames(
    identity: Identity, turn: np.ndarray, with_head: object, gaze: tuple[float, float]
) -> np.ndarray:
    """Centre, axes and size of both irises as `raster.shade` wants them: (2, 13) float32."""
    assert callable(with_head)
    looking = turn @ rotation(gaze[0], -gaze[1], 0.0)
    limbus = 0.062 / identity.eye_radius
    rows = []
    for centre in with_head(identity.eye_centres):
        rows.append([*centre, *looking[:, 0], *looking[:, 1], *looking[:, 2], limbus])
    return np.array(rows, np.float32)
