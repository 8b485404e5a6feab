"""Triangles fill exactly the samples that lie inside them, the nearest in front."""

import numpy as np
import pytest

from tempose.people.raster import rasterise


def raster(points, triangles, *, size=(20, 24), cut=None, lined=False):
    points = np.array(points, np.float32)
    triangles = np.array(triangles)
    cut = np.ones(len(points), np.float32) if cut is None else np.array(cut, np.float32)
    return rasterise(points, triangles, cut=cut, lined=np.full(len(triangles), lined), size=size)


def test_a_triangle_covers_the_samples_inside_it():
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b, c = points = rng.uniform(-4, 26, size=(3, 2))
        samples = raster(np.c_[points, np.zeros(3)], [[0, 1, 2]], lined=True)
        covered = np.zeros(20 * 24, bool)
        covered[samples.place] = True
        y, x = np.divmod(np.arange(20 * 24), 24)
        p = np.stack([x + 0.5, y + 0.5], axis=-1)
        sides = [
            (q[0] - o[0]) * (p[:, 1] - o[1]) - (q[1] - o[1]) * (p[:, 0] - o[0]) for o, q in ((a, b), (b, c), (c, a))
        ]
        inside = (np.min(sides, 0) > 0) | (np.max(sides, 0) < 0)
        assert (covered != inside).sum() <= 1  # a sample on an edge may go either way


def test_shares_give_back_the_place():
    points = [[1, 2, 0.0], [3, 18, 1.0], [22, 5, 3.0]]
    samples = raster(points, [[0, 1, 2]])
    row, column = np.divmod(samples.place, 24)
    found = samples.of(np.array(points, np.float32))
    np.testing.assert_allclose(found[:, :2], np.stack([column, row], -1) + 0.5, atol=1e-4)
    np.testing.assert_allclose(samples.share.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(samples.depth[samples.place], found[:, 2], atol=1e-5)


def test_two_triangles_of_a_square_leave_no_gap_and_no_overlap():
    square = [[2, 2, 0], [2, 12, 0], [12, 2, 0], [12, 12, 0]]
    assert len(raster(square, [[0, 1, 2], [2, 1, 3]]).place) == 100


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_triangle_is_seen(order):
    points = [[0, 0, 2], [0, 19, 2], [19, 0, 2], [0, 0, 1], [0, 10, 1], [10, 0, 1]]
    samples = raster(points, np.array([[0, 1, 2], [3, 4, 5]])[list(order)])
    corner = samples.corners[np.flatnonzero(samples.place == 24 * 2 + 2)[0]]
    assert set(corner) == {3, 4, 5}


def test_a_triangle_that_crosses_another_is_cut_where_they_meet():
    points = [[0, 0, 0], [0, 20, 0], [20, 0, 2], [0, 0, 1], [0, 20, 1], [20, 0, 1]]
    samples = raster(points, [[0, 1, 2], [3, 4, 5]])
    first = samples.corners[:, 0] == 0
    column = samples.place % 24
    assert (column[first] < 10).all()
    assert (column[~first] >= 10).all()


def test_backs_are_seen_only_of_lined_cloth():
    back = [[0, 0, 0], [19, 0, 0], [0, 19, 0]]
    assert len(raster(back, [[0, 1, 2]]).place) == 0
    assert len(raster(back, [[0, 1, 2]], lined=True).place) > 100


def test_the_surface_ends_where_the_cut_says():
    square = [[0, 0, 0], [0, 16, 0], [16, 0, 0], [16, 16, 0]]
    samples = raster(square, [[0, 1, 2], [2, 1, 3]], cut=[1, 1, -1, -1])
    assert (samples.place % 24 < 8).all()
    assert len(samples.place) == 8 * 16


def test_nothing_is_seen_of_nothing():
    samples = raster([[50, 50, 0], [50, 60, 0], [60, 50, 0]], [[0, 1, 2]])
    assert len(samples.place) == 0
    assert np.isinf(samples.depth).all()
