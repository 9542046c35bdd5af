"""The base mesh, its subdivision and its face units."""

from __future__ import annotations

import numpy as np
import pytest

from vivant.character import mesh
from vivant.character.identity import EYES_AT, make_identity
from vivant.character.teeth import row_of_teeth
from vivant.motion.units import UNITS


def test_the_units_are_the_fifty_two_of_arkit() -> None:
    assert len(UNITS) == 52
    assert {"jawOpen", "mouthClose", "eyeBlinkLeft", "tongueOut"} <= set(UNITS)
    assert mesh.unit_displacements().shape == (52, mesh.VERTICES, 3)


def test_opening_the_jaw_moves_chin_and_lower_teeth_down_and_leaves_the_brow() -> None:
    moved = mesh.unit_displacements()[UNITS.index("jawOpen")]
    assert moved[mesh.group_vertices("helper-lower-teeth"), 1].mean() < -0.1
    assert np.abs(moved[mesh.group_vertices("helper-upper-teeth")]).max() < 1e-3


def test_subdivision_keeps_a_flat_square_flat_and_its_texture_in_place() -> None:
    surface = mesh.skin_surface()
    # Rows are weighted means, so that moving the whole base moves every point alike.
    assert np.allclose(np.asarray(surface.spread.sum(1)), 1)
    assert surface.corner_uv.min() >= 0
    assert surface.corner_uv.max() <= 1
    assert surface.triangles.max() < len(surface.corner_point)


def test_subdivision_is_smoother_than_the_base() -> None:
    surface = mesh.skin_surface()
    points = surface.spread @ mesh.base_mesh().vertices
    normals = mesh.vertex_normals(points, surface.point_triangles)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    # Normals point outwards: away from the middle of the head on its top.
    top = points[:, 1] > 8.2
    assert (normals[top, 1] > 0).mean() > 0.99


@pytest.mark.parametrize("gender", ["woman", "man"])
def test_identities_differ_but_share_the_place_of_their_eyes(gender: str) -> None:
    one, two = make_identity(1, gender), make_identity(2, gender)
    assert np.allclose(one.eye_centres.mean(0), EYES_AT)
    assert np.abs(one.vertices - two.vertices).max() > 0.02
    assert np.array_equal(one.vertices, make_identity(1, gender).vertices)
    # Ordinary proportions: eyes 5.5 to 7 cm apart, 1.1 to 1.7 cm in radius.
    assert 0.5 < np.ptp(one.eye_centres[:, 0]) < 0.7
    assert 0.11 < one.eye_radius < 0.17


def test_a_row_of_teeth_is_symmetric_and_narrower_than_the_lips() -> None:
    points, triangles, colour = row_of_teeth(np.zeros(3), upper=True)
    assert np.isclose(points[:, 0].min(), -points[:, 0].max(), atol=1e-6)
    assert points[:, 0].max() < 0.32
    assert triangles.max() < len(points) == len(colour)
