from functools import cache

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from tempose.media.crop import Crop
from tempose.pose.face_mesh import IRISES, MESH_POINTS
from tempose.warp.face import CHEEKS, NOSE_TIP, move_face, triangles
from tempose.warp.face_points import (
    LEFT_LIDS,
    LIPS,
    NOSE,
    OVAL,
    RIGHT_LIDS,
    SKIN_TRIANGLES,
    closed_mesh,
    opening,
    rows_from,
    skin,
)
from tempose.warp.openings import MOUTH, OPEN_EYES

FPS = 25
PICTURE = np.full((200, 200, 3), (200, 150, 130), np.uint8)
SHUT = [i for edges in (RIGHT_LIDS, LEFT_LIDS) for edge in edges for i in edge]


@cache
def shape():
    """`468 3`: a face that looks ahead: its rim an ellipse, every other point between its neighbors (Tutte 1963)."""
    mesh = closed_mesh()[: SKIN_TRIANGLES + 28]
    angle = -np.pi / 2 + np.arange(len(OVAL)) * 2 * np.pi / len(OVAL)
    system, known = np.zeros((MESH_POINTS, MESH_POINTS)), np.zeros((MESH_POINTS, 2))
    for a, b, c in np.concatenate([mesh, mesh[:, [1, 2, 0]], mesh[:, [2, 0, 1]]]):
        system[a, b] = system[a, c] = -1
    system[np.diag_indices(MESH_POINTS)] = -system.sum(1)
    system[list(OVAL)] = 0
    system[list(OVAL), list(OVAL)] = 1
    known[list(OVAL)] = np.stack([40 * np.cos(angle), 55 * np.sin(angle)], axis=1)
    x, y = np.linalg.solve(system, known).T
    return np.stack([x, y, 40 - 60 * np.sqrt((1 - (x / 41) ** 2 - (y / 56) ** 2).clip(0))], axis=1)


def seen(points, *, turn=0.0, shift=(100, 100), scale=1.0):
    """`… 468 3` → `… 478 4`, as in Motion; turned by degrees to the right of the picture."""
    points = scale * points @ Rotation.from_euler("y", -turn, degrees=True).as_matrix().T
    found = np.zeros((*points.shape[:-2], 478, 4), np.float32)
    found[..., :MESH_POINTS, :2], found[..., :MESH_POINTS, 3] = points[..., :2] + shift, points[..., 2]
    found[..., :MESH_POINTS, 2] = 1
    return found


def still(frames=12, **changes):
    return np.repeat(seen(shape(), **changes)[None], frames, axis=0)


def moved(driver, photo=None, **options):
    photo = seen(shape()) if photo is None else photo
    return move_face(photo, driver, picture=PICTURE, fps=FPS, **options)[0]


def with_mouth(points, open_by):
    """The lower lip and what is below it lower."""
    points = points.copy()
    above, below = (rows_from(edge) for edge in LIPS)
    sides = np.sign(above - below) * ((9 - np.minimum(above, below)) / 5).clip(0, 1)
    points[..., :MESH_POINTS, 1] += open_by * sides * (sides > 0)
    return points


def blinking(frames=12, at=(5, 6)):
    points = np.repeat(shape()[None], frames, axis=0)
    for upper, lower in (RIGHT_LIDS, LEFT_LIDS):
        points[np.ix_(list(at), list(upper))] = points[np.ix_(list(at), list(lower))]
    return seen(points)


def widths(found, edges):
    """`f`, and that of the photo, in the picture's plane."""
    return opening(found.moved[..., :2], edges), opening(found.photo[None], edges)[0]


def areas(places, corners):
    a, b, c = (places[:, corners[:, i], :2] for i in range(3))
    return (b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0]


def test_the_mesh_has_no_holes_and_turns_one_way():
    corners = skin()
    edges = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert set(counts.tolist()) == {1, 2}
    assert (counts == 1).sum() == len(OVAL) + 20 + 2 * 16  # the outer ring; mouth and eyes have points of their own
    photo = moved(still()).photo
    covered = areas(photo[None], triangles())
    assert (covered > 0).all()
    x, y = photo[MESH_POINTS + len(OVAL) : MESH_POINTS + 2 * len(OVAL)].T
    np.testing.assert_allclose(covered.sum(), (x * np.roll(y, -1) - y * np.roll(x, -1)).sum(), rtol=1e-3)


def test_the_photos_own_face_changes_nothing():
    found = moved(still())
    np.testing.assert_allclose(found.moved[..., :2], np.broadcast_to(found.photo, (12, *found.photo.shape)), atol=1e-3)
    assert found.shade.max() == 0


def test_another_persons_face_that_does_not_change_changes_nothing():
    other = shape() * (1.15, 0.95, 1)
    driver = np.repeat(seen(with_mouth(other, 6), scale=0.7, shift=(40, 60))[None], 12, axis=0)
    found = moved(driver)
    assert (
        np.abs(found.moved[..., :2] - found.photo).max() < 2.5
    )  # of 110 pixels: a little of the shape counts as a turn


@pytest.mark.parametrize("expression", [0.0, 1.0])
def test_without_a_face_the_head_moves_as_one_piece(expression):
    photo, driver = seen(shape()), still()
    options = {"picture": PICTURE, "fps": FPS, "expression": expression}
    assert move_face(photo, None, **options) == (None, ())
    assert move_face(photo, 0 * driver, **options) == (None, ())
    none, why = move_face(None, driver, **options)
    assert none is None
    assert bool(why) == bool(expression)


def test_expression_0_switches_it_off():
    assert moved(blinking(), expression=0.0) is None


@pytest.mark.parametrize(
    ("photo", "driver", "which"),
    [
        (seen(shape(), scale=0.1), still(), "photo"),
        (seen(shape(), turn=70), still(), "photo"),
        (seen(shape()), still(turn=80), "motion"),
    ],
)
def test_faces_too_small_or_from_the_side_are_left_alone(photo, driver, which):
    found, why = move_face(photo, driver, picture=PICTURE, fps=FPS)
    assert found is None
    assert len(why) == 1
    assert which in why[0]


def test_a_blink_shuts_the_photos_eyes_and_only_then():
    found = moved(blinking())
    for lids in (RIGHT_LIDS, LEFT_LIDS):
        width, before = widths(found, lids)
        assert width[5:7].max() < 0.1 * before
        assert width[[0, 1, 2, 9, 10, 11]].min() > 0.99 * before
    assert (areas(found.moved, triangles()) > -1e-3).all()
    half, before = widths(moved(blinking(), expression=0.5), RIGHT_LIDS)
    assert half[5] == pytest.approx(before / 2, rel=0.05)


def test_eyes_that_look_down_for_long_are_not_shut_but_blink():
    """Half as far open for four seconds of eight, with a blink in between."""
    points = np.repeat(shape()[None], 200, axis=0)
    for share, frames in ((0.5, slice(0, 100)), (1, slice(48, 52))):
        for upper, lower in (RIGHT_LIDS, LEFT_LIDS):
            points[frames, list(upper)] += share * (points[frames][:, list(lower)] - points[frames][:, list(upper)])
    for lids in (RIGHT_LIDS, LEFT_LIDS):
        width, before = widths(moved(seen(points)), lids)
        assert width[[10, 80, 150]].min() > 0.9 * before
        assert width[50] < 0.3 * before


def test_a_mouth_opens_by_the_drivers_change_and_is_dark_inside():
    driver = still()
    driver[6:] = with_mouth(driver[6:], 12)
    found = moved(driver)
    width, before = widths(found, LIPS)
    wide = width - before
    assert wide[:4].max() < 0.5
    assert wide[8:].min() > 8
    assert found.shade[:4].max() == 0
    assert found.shade[8:].max() > 0.2
    always = moved(with_mouth(still(), 12))
    assert np.abs(widths(always, LIPS)[0] - before).max() < 0.5
    more = widths(moved(driver, expression=1.5), LIPS)[0] - before
    assert more[-1] == pytest.approx(1.5 * wide[-1], rel=0.05)


def test_sunglasses_keep_the_eyes_as_they_are():
    picture = PICTURE.copy()
    eyes = seen(shape())[SHUT, :2]
    low, high = (eyes.min(0) - 10).astype(int), (eyes.max(0) + 10).astype(int)
    picture[low[1] : high[1], low[0] : high[0]] = 20
    found, why = move_face(seen(shape()), blinking(), picture=picture, fps=FPS)
    np.testing.assert_allclose(found.moved[..., :2], np.broadcast_to(found.photo, (12, *found.photo.shape)), atol=0.5)
    assert "eyes" in why[0]
    assert "mouth" not in why[0]


def test_a_mask_of_nearly_the_color_of_skin_is_told_by_what_it_lacks():
    driver = still()
    driver[6:] = with_mouth(driver[6:], 12)
    face, away = seen(shape()), rows_from((*LIPS[0], *LIPS[1]))
    y, x = np.mgrid[:200, :200] + 0.5
    nearest = np.hypot(*(each[..., None] - face[:MESH_POINTS, axis] for axis, each in enumerate((x, y)))).argmin(-1)
    for lips, still_mouth in ((15, True), (60, False)):
        shade = np.where(away <= 2, lips, 15) * (away <= 8)
        picture = (PICTURE - shade[nearest][..., None] * (0, 1, 1)).clip(0, 255).astype(np.uint8)
        width, before = widths(move_face(face, driver, picture=picture, fps=FPS)[0], LIPS)
        assert (width[-1] - before < 0.5) == still_mouth


@pytest.mark.parametrize("turn", [-20, 20])
def test_a_turned_head_turns_the_face_without_folds(turn):
    found = moved(still(turn=turn, shift=(30, 70)))
    nose, rim = ((found.moved[0] - found.photo[..., :1].repeat(3, 1))[i, 0] for i in (NOSE, OVAL[27]))
    assert (nose - rim) * np.sign(turn) > 0.1 * 110 * np.sin(np.radians(20))
    visible = areas(found.moved, triangles()) > 0
    assert visible.mean() > 0.97  # behind the far cheek a little is hidden
    assert torch.isfinite(found.frame(0).way_back().values).all()


@pytest.mark.parametrize("turn", [-35, 35])
def test_the_outline_of_a_turned_face_is_not_spread_over_its_cheek(turn):
    motion = moved(still(turn=turn))
    edges = triangles()[:SKIN_TRIANGLES][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    edges = edges[np.isin(rows_from(OVAL)[edges], (0, 1)).all(1)]
    now, before = (np.linalg.norm(np.diff(points[edges], axis=1)[:, 0], axis=-1) for points in
                   (motion.moved[6, :, :2], motion.photo))  # fmt: skip
    assert (now / before).max() < 1.6


def test_heads_turn_only_so_far():
    wide, far = (moved(still(turn=turn)).moved[0, NOSE, 0] for turn in (38, 48))
    assert abs(far - wide) < 1.5
    photo = seen(shape(), turn=-30)  # its other side is not to be seen
    hidden = moved(still(turn=20), photo)
    assert np.abs(hidden.moved[..., :2] - hidden.photo).max() < 4


def test_far_from_the_face_nothing_moves():
    driver = still(turn=25)
    driver[6:] = with_mouth(driver[6:], 12)
    found = moved(driver)
    ring = slice(MESH_POINTS + len(OVAL), MESH_POINTS + 2 * len(OVAL))
    np.testing.assert_array_equal(found.moved[:, ring, :2], np.broadcast_to(found.photo[ring], (12, len(OVAL), 2)))
    way = found.frame(7).way_back()
    places = torch.tensor([[100.0, -6.0], [5.0, 100.0], [195.0, 190.0]])
    assert way.at(places.T).abs().max() == 0


def test_frames_without_a_face_fade():
    driver = still(60, turn=20)
    driver[20:] = 0
    found = moved(driver)
    away = np.abs(found.moved[..., :2] - found.photo).max((1, 2))
    assert away[10] > 3
    assert away[-1] < 0.05
    assert np.abs(np.diff(away)).max() < 0.3 * away[10]


def test_a_part_of_the_photo_at_another_size():
    found = moved(still(turn=15))
    part = found.cropped(Crop(50, 20, 100, 160), (320, 200))
    np.testing.assert_allclose(part.photo, (found.photo - (50, 20)) * 2, atol=1e-3)
    np.testing.assert_allclose(part.moved[..., :2], (found.moved[..., :2] - (50, 20)) * 2, atol=1e-3)


@pytest.mark.parametrize(
    ("which", "still_mouth"),
    [("mask", True), ("wide mask", True), ("mask that the mesh lies askew on", True), ("beard", False)],
)
def test_a_mask_keeps_the_mouth_shut_and_a_beard_does_not(which, still_mouth):
    driver = still()
    driver[6:] = with_mouth(driver[6:], 12)
    away = rows_from((*LIPS[0], *LIPS[1]))
    face, dark = seen(shape()), (away <= 8) & ((away > 2) | (which != "beard"))
    dark[list(CHEEKS)], dark[list(NOSE_TIP)] = which == "wide mask", which in ("mask", "wide mask")
    y, x = np.mgrid[:200, :200] + 0.5
    nearest = np.hypot(*(each[..., None] - face[:MESH_POINTS, axis] for axis, each in enumerate((x, y)))).argmin(-1)
    picture = np.where(dark[nearest][..., None], np.uint8(40), PICTURE)
    found, why = move_face(face, driver, picture=picture, fps=FPS)
    width, before = widths(found, LIPS)
    assert (width[-1] - before < 0.5) == still_mouth
    assert why == (("something covers the mouth in the photo: they keep still",) if still_mouth else ())


def test_eyes_look_aside_by_the_drivers_change_within_their_lids():
    look = 0.15 * np.repeat([0.0, 1.0], 20)
    photo, driver = seen(shape()), still(40)
    for eye, iris in zip(OPEN_EYES, IRISES, strict=True):
        corners = photo[[eye.upper[0], eye.upper[-1]]]
        width = np.linalg.norm(corners[1, :2] - corners[0, :2])
        photo[iris] = driver[:, iris] = [*corners[:, :2].mean(0), 1, 0]
        driver[:, iris, 0] += width * look
    found = moved(driver, photo)
    for eye, begin in zip(OPEN_EYES, (0, len(OPEN_EYES[0])), strict=True):
        points = len(photo) - 10 + 2 * len(OVAL) + begin + np.arange(len(eye))
        grid, places = found.photo[points].reshape(5, 9, 2), found.moved[:, points, :2].reshape(-1, 5, 9, 2)
        width = np.linalg.norm(grid[2, -1] - grid[2, 0])
        shift = (places[-1] - places[0])[2, 4, 0] / width
        assert shift == pytest.approx(0.15, abs=0.02)
        np.testing.assert_allclose(places[:, :, [0, -1]], np.broadcast_to(grid[:, [0, -1]], (40, 5, 2, 2)), atol=0.1)
        assert np.abs(places[0] - grid).max() < 1.2 * 0.15 * width
    assert (areas(found.moved, triangles()) > -1e-3).all()


def test_teeth_hang_below_the_upper_lip_and_only_where_the_photo_shows_none():
    driver = still()
    driver[6:] = with_mouth(driver[6:], 12)
    shut = seen(shape())
    shut[list(LIPS[1]), 1] = shut[list(LIPS[0]), 1] + 0.2
    found = moved(driver, shut)
    rows = found.color[-len(MOUTH) :].reshape(4, -1, 3).mean(-1)[:, 5]
    assert rows[1] > rows[0] > 100
    assert rows[1] > rows[3] > rows[2]
    height = np.diff(found.moved[-1, -len(MOUTH) :, 1].reshape(4, -1)[:, 5])
    assert (height > 0).all()
    assert found.shade[-1, -len(MOUTH) :].reshape(4, -1)[:, 5].min() > 0.9
    driver[6:] = with_mouth(still(6), 3)
    assert moved(driver).shade[-1, -len(MOUTH) :].max() < 0.01
