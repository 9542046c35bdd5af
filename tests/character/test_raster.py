"""The rasteriser draws what geometry says."""

from __future__ import annotations

import numpy as np

from vivant.character.raster import blend_strands, develop, raster_strands, raster_triangles


def canvas(height: int = 40, width: int = 60) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((height, width), np.float32), np.full((height, width), -1, np.int32)


def test_a_triangle_covers_the_samples_inside_it() -> None:
    depth, ids = canvas()
    screen = np.array([[5, 5, 0.5], [45, 5, 0.5], [5, 35, 0.5]], np.float32)
    raster_triangles(screen, np.array([[0, 1, 2]], np.int32), depth, ids, 7, False)
    y, x = np.mgrid[0:40, 0:60] + 0.5
    inside = (x > 5) & (y > 5) & ((x - 5) / 40 + (y - 5) / 30 < 1)
    assert np.array_equal(ids == 7, inside)
    assert abs(int((ids == 7).sum()) - 600) < 25  # half of 40 x 30
    assert np.all(ids[~inside] == -1)


def test_neighbours_share_an_edge_without_gap_or_overlap() -> None:
    screen = np.array([[5, 5, 0.5], [45, 7, 0.5], [9, 35, 0.5], [50, 33, 0.5]], np.float32)
    covered = []
    for triangle in ([0, 1, 2], [1, 3, 2]):
        depth, ids = canvas()
        raster_triangles(screen, np.array([triangle], np.int32), depth, ids, 0, False)
        covered.append(ids == 0)
    depth, ids = canvas()
    raster_triangles(screen, np.array([[0, 1, 2], [1, 3, 2]], np.int32), depth, ids, 0, False)
    assert not (covered[0] & covered[1]).any()
    for row in (ids >= 0)[8:30]:
        columns = np.flatnonzero(row)
        assert len(columns) == columns[-1] - columns[0] + 1


def test_the_nearer_triangle_wins_whatever_the_order() -> None:
    screen = np.array(
        [[0, 0, 0.1], [60, 0, 0.1], [0, 60, 0.1], [0, 0, 0.9], [60, 0, 0.9], [0, 60, 0.9]],
        np.float32,
    )
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        depth, ids = canvas()
        raster_triangles(screen, np.array(order, np.int32), depth, ids, 0, False)
        assert ids[5, 5] == order.index([3, 4, 5])
        assert np.isclose(depth[5, 5], 0.9)


def test_crossing_triangles_change_places_in_the_middle() -> None:
    screen = np.array(
        [[0, 0, 0.2], [60, 0, 0.8], [30, 80, 0.5], [0, 0, 0.8], [60, 0, 0.2], [30, 81, 0.5]],
        np.float32,
    )
    depth, ids = canvas()
    raster_triangles(screen, np.array([[0, 1, 2], [3, 4, 5]], np.int32), depth, ids, 0, False)
    assert ids[3, 10] == 1
    assert ids[3, 50] == 0


def test_triangles_from_behind_are_left_out_when_culling() -> None:
    screen = np.array([[5, 5, 0.5], [45, 5, 0.5], [5, 35, 0.5]], np.float32)
    shown = []
    for triangle in ([0, 1, 2], [0, 2, 1]):
        depth, ids = canvas()
        raster_triangles(screen, np.array([triangle], np.int32), depth, ids, 0, True)
        shown.append(bool((ids >= 0).any()))
    # y points down: counter-clockwise for a person looking is [0, 2, 1] here.
    assert shown == [False, True]


def test_a_strand_is_hidden_by_what_is_nearer() -> None:
    depth, ids = canvas()
    wall = np.array([[0, 0, 0.5], [30, 0, 0.5], [30, 40, 0.5], [0, 40, 0.5]], np.float32)
    raster_triangles(wall, np.array([[0, 1, 2], [0, 2, 3]], np.int32), depth, ids, 0, False)
    hair = np.array([[2, 20.5, 0.4], [58, 20.5, 0.4]], np.float32)
    raster_strands(hair, np.array([0, 2], np.int32), np.zeros(2, bool), depth, ids, 100)
    assert not (ids[:, :30] == 100).any()
    assert (ids[20, 31:57] == 100).all()


def test_a_fine_hair_covers_in_proportion_to_its_width() -> None:
    picture = np.zeros((40, 60, 3), np.float32)
    depth = np.zeros((40, 60), np.float32)
    hair = np.array([[10, 20.5, 0.5], [50, 20.5, 0.5]], np.float32)
    for radius, total in ((0.25, 0.5), (1.0, 2.0)):
        picture[:] = 0
        blend_strands(
            hair, np.array([0, 2], np.int32), np.full(2, radius, np.float32),
            np.ones(2, np.float32), np.ones((2, 3), np.float32), depth, 0.0, 1, picture,
        )  # fmt: skip
        assert np.isclose(picture[:, 30, 0].sum(), total, atol=0.15)


def test_the_tone_curve_is_applied_with_grain() -> None:
    linear = np.full((2, 2, 3), 0.5, np.float32)
    curve = np.linspace(0, 4 * 60, 2050).astype(np.float32)
    out = np.empty((2, 2, 3), np.uint8)
    grain = np.array([[0, 3], [-3, 0]], np.float32)
    develop(linear, grain, 1.0, curve, out)
    assert out[..., 0].tolist() == [[30, 33], [27, 30]]
