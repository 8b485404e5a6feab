from dataclasses import replace

import numpy as np
import pytest
import torch

from tempose.warp.meshes import MeshMotion

SQUARE = [[10.0, 10], [30, 10], [30, 30], [10, 30]]
TWO = np.array([[0, 1, 2], [0, 2, 3]])


def mesh(moved, photo=SQUARE, triangles=TWO):
    """One photo; `moved`: frames of points (x, y, depth)."""
    moved = np.array(moved, np.float32)
    return MeshMotion(
        np.array(photo, np.float32), moved, np.zeros(moved.shape[:2], np.float32), triangles, np.zeros((len(photo), 3))
    )


def moved_by(x, y, depth=0.0):
    return [[px + x, py + y, depth] for px, py in SQUARE]


def at(found, *places, frame=0):
    return found.frame(frame).way_back().at(torch.tensor(places, dtype=torch.float32).T).T


def test_what_has_not_moved_is_where_it_was():
    found = mesh([moved_by(0, 0)])
    assert at(found, (20, 20), (11, 29), (5, 5), (100, 3)).abs().max() < 1e-5


def test_what_has_moved_is_looked_up_where_it_was_and_nothing_beyond_it():
    found = mesh([moved_by(7, 3), moved_by(0, 0)])
    torch.testing.assert_close(at(found, (30, 25), (20, 15)), torch.tensor([[-7.0, -3, 0, 0, 0, 0]] * 2))
    assert at(found, (12, 12), (60, 60), (-4, 20)).abs().max() < 1e-5
    assert at(found, (30, 25), frame=1).abs().max() < 1e-5


def test_what_is_shaded_has_the_color_between_its_corners():
    plain = mesh([moved_by(0, 0)])
    left_dark = np.array([[0, 0, 0], [255, 0, 255], [255, 0, 255], [0, 0, 0]], np.float32)
    found = at(replace(plain, shade=np.full((1, 4), 0.5, np.float32), color=left_dark), (20, 20), (28, 12))
    torch.testing.assert_close(
        found[:, 2:], torch.tensor([[0.5, 0, -0.5, 0], [0.5, 0.4, -0.5, 0.4]]), atol=0.01, rtol=0
    )


def test_of_two_places_the_nearer_is_seen_and_none_from_behind():
    photo, triangles = SQUARE + SQUARE, np.concatenate([TWO, TWO + 4])
    for depths, seen in (((0.0, 1.0), -4.0), ((1.0, 0.0), 4.0)):
        both = [moved_by(4, 0, depths[0]) + moved_by(-4, 0, depths[1])]
        assert at(mesh(both, photo, triangles), (20, 20))[0, 0] == pytest.approx(seen, abs=1e-4)
    turned_round = [moved_by(4, 0, 0.0) + moved_by(-4, 0, 1.0)]
    backwards = np.concatenate([TWO[:, ::-1], TWO + 4])
    assert at(mesh(turned_round, photo, backwards), (20, 20))[0, 0] == pytest.approx(4, abs=1e-4)


def test_a_larger_photo_moves_as_far_in_its_own_size():
    small = mesh([moved_by(4, 2)])
    torch.testing.assert_close(
        at(small.scaled(3.0, 2.0), (66, 44)), torch.tensor([[-12.0, -4, 0, 0, 0, 0]]), atol=1e-4, rtol=0
    )


def test_where_one_part_ends_before_another_the_way_jumps():
    apart = mesh([moved_by(4, 0, 0.0) + moved_by(-4, 0, 1.0)], SQUARE + SQUARE, np.concatenate([TWO, TWO + 4]))
    edge, inside = torch.tensor([[14.0, 20.0], [20.0, 20.0]])[:, :, None]
    way = apart.frame(0).way_back()
    assert way.jumps(edge).all()
    assert not way.jumps(inside).any()
