import pytest
import torch

from tempose.warp.meshes import MovedMesh, offsets

SQUARE = [[10.0, 10], [30, 10], [30, 30], [10, 30]]
TWO = torch.tensor([[0, 1, 2], [0, 2, 3]])


def mesh(moved, photo=SQUARE, triangles=TWO, shade=None):
    """One photo; `moved`: frames of points (x, y, depth)."""
    moved = torch.tensor(moved)[None]
    shade = torch.zeros(moved.shape[:3]) if shade is None else shade
    return MovedMesh(torch.tensor(photo)[None], moved, shade, torch.zeros(1, 3), triangles)


def moved_by(x, y, depth=0.0):
    return [[px + x, py + y, depth] for px, py in SQUARE]


def at(found, *places, frame=0):
    x, y = torch.tensor(places, dtype=torch.float32).T
    return found.at(torch.full((len(places),), frame), x, y)


def test_what_has_not_moved_is_where_it_was():
    found = offsets(mesh([moved_by(0, 0)]))
    assert at(found, (20, 20), (11, 29), (5, 5), (100, 3)).abs().max() < 1e-5


def test_what_has_moved_is_looked_up_where_it_was_and_nothing_beyond_it():
    found = offsets(mesh([moved_by(7, 3), moved_by(0, 0)]))
    torch.testing.assert_close(at(found, (30, 25), (20, 15)), torch.tensor([[-7.0, -3, 0]] * 2))
    assert at(found, (12, 12), (60, 60), (-4, 20)).abs().max() < 1e-5
    assert at(found, (30, 25), frame=1).abs().max() < 1e-5


def test_of_two_places_the_nearer_is_seen_and_none_from_behind():
    photo, triangles = SQUARE + SQUARE, torch.cat([TWO, TWO + 4])
    for depths, seen in (((0.0, 1.0), -4.0), ((1.0, 0.0), 4.0)):
        both = [moved_by(4, 0, depths[0]) + moved_by(-4, 0, depths[1])]
        assert at(offsets(mesh(both, photo, triangles)), (20, 20))[0, 0] == pytest.approx(seen, abs=1e-4)
    turned_round = [moved_by(4, 0, 0.0) + moved_by(-4, 0, 1.0)]
    backwards = torch.cat([TWO.flip(1), TWO + 4])
    assert at(offsets(mesh(turned_round, photo, backwards)), (20, 20))[0, 0] == pytest.approx(4, abs=1e-4)


def test_photos_and_frames_do_not_mix():
    one, other = mesh([moved_by(5, 0), moved_by(0, 5)]), mesh([moved_by(-5, 0), moved_by(2, 2)])
    both = MovedMesh(*(torch.cat([a, b]) for a, b in zip(one[:4], other[:4], strict=True)), TWO)
    together = offsets(both)
    for index, alone in enumerate((one, other)):
        for frame in (0, 1):
            expected = at(offsets(alone), (20, 20), frame=frame)
            torch.testing.assert_close(at(together, (20, 20), frame=2 * index + frame), expected, atol=1e-4, rtol=0)


def test_a_larger_photo_moves_as_far_in_its_own_size():
    small = mesh([moved_by(4, 2)])
    large = small.scaled(torch.tensor([3.0, 2.0, 1.0]))
    torch.testing.assert_close(at(offsets(large), (66, 44)), torch.tensor([[-12.0, -4, 0]]), atol=1e-4, rtol=0)
