import cv2
import numpy as np
import pytest

from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.people.clip import Recipe, draw_clip
from tempose.warp.cutout import LAYERS, _without_shreds, cut_out

SIZE = (128, 96)


@pytest.fixture(scope="module")
def clip():
    return draw_clip(Recipe(person=3, motion="wave", motion_seed=1, scene=2, frames=1, fps=8, size=SIZE, distance=5))


def quick(clip, keypoints=None, **options):
    keypoints = clip.motion.keypoints[0] if keypoints is None else keypoints
    return cut_out(clip.frames[0], clip.masks[0], keypoints, exact=True, patches=False, **options)


@pytest.fixture(scope="module")
def cutout(clip):
    return quick(clip)


def laid_over(cutout, background):
    result = background.astype(np.float32)
    for layer in cutout.order:
        alpha = cutout.alpha[layer][..., None]
        result = alpha * cutout.color[layer] + (1 - alpha) * result
    return result


def check(cutout, picture):
    """What holds for every photo."""
    size = picture.shape[:2]
    assert cutout.color.shape == (len(LAYERS), *size, 3)
    assert cutout.color.dtype == cutout.background.dtype == np.uint8
    assert cutout.alpha.shape == (len(LAYERS), *size)
    assert sorted(cutout.order) == list(range(len(LAYERS)))
    assert 0 <= cutout.hem <= 2
    for values in (cutout.alpha, cutout.matte):
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert values.max() <= 1
    assert (cutout.alpha.max(axis=0) <= cutout.matte + 1e-6).all()  # nothing outside the person
    assert (cutout.alpha.max(axis=0)[cutout.matte > 0.99] > 0.5).all()  # nothing of them lost


def test_properties(clip, cutout):
    check(cutout, clip.frames[0])


def test_layers_give_the_photo_back(clip, cutout):
    inner = cv2.erode(cutout.matte, np.ones((3, 3))) > 0
    difference = np.abs(laid_over(cutout, cutout.background) - clip.frames[0])[inner]
    assert difference.mean() < 2
    assert (
        np.abs(cutout.background.astype(int) - clip.frames[0])[
            ~cv2.dilate(cutout.matte, np.ones((9, 9))).astype(bool)
        ].mean()
        < 2
    )


def test_the_trunk_goes_on_under_an_arm(clip):
    """An arm of another color before the trunk leaves the trunk whole, in its own colors."""
    picture, keypoints = np.full((*SIZE, 3), 240, np.uint8), np.zeros((18, 3), np.float32)
    mask = np.zeros(SIZE, bool)
    mask[30:80, 34:62] = True
    picture[mask] = (30, 60, 160)
    points = [(48, 20), (48, 32), (36, 34), (30, 50), (52, 56), (60, 34), (66, 50), (66, 66), (42, 78), (42, 100)]
    keypoints[:10, :2], keypoints[:10, 2] = points, 1
    keypoints[11] = (54, 78, 1)
    arm = np.zeros(SIZE, np.uint8)
    for one, other in ((2, 3), (3, 4)):
        cv2.line(arm, points[one], points[other], 1, 6)
    picture[arm > 0], mask = (220, 160, 120), mask | (arm > 0)
    cutout = cut_out(picture, mask, keypoints, exact=True, patches=False)
    under = (arm > 0) & (np.arange(SIZE[1]) > 38)
    assert (cutout.alpha[LAYERS.index("right_arm")][under] > 0.4).mean() > 0.9
    trunk = LAYERS.index("trunk")
    assert (cutout.alpha[trunk][under] > 0.9).mean() > 0.9
    assert np.abs(cutout.color[trunk][under].astype(int) - (30, 60, 160)).max(axis=-1).mean() < 20


def test_the_neck_goes_on_beneath_the_chin():
    """In its own color, neither in the shirt's nor in the lips'; the head takes nothing of the shirt along."""
    picture, keypoints = np.full((*SIZE, 3), 240, np.uint8), np.zeros((18, 3), np.float32)
    points = {
        0: (48, 22),
        14: (45, 20),
        15: (51, 20),
        16: (41, 21),
        17: (55, 21),
        1: (48, 44),
        2: (36, 45),
        5: (60, 45),
    }
    for index, place in points.items():
        keypoints[index] = *place, 1
    cv2.rectangle(picture, (34, 42), (62, 88), (30, 60, 160), -1)
    cv2.rectangle(picture, (45, 26), (51, 43), (215, 165, 135), -1)
    cv2.ellipse(picture, (48, 21), (9, 11), 0, 0, 360, (230, 180, 150), -1)
    cv2.rectangle(picture, (45, 26), (51, 28), (190, 30, 40), -1)
    mask = (picture < 239).any(axis=-1)
    cutout = cut_out(picture, mask, keypoints, exact=True, patches=False)
    trunk, head = (LAYERS.index(name) for name in ("trunk", "head"))
    beneath = np.s_[29:40, 46:51]
    assert (cutout.alpha[trunk][beneath] > 0.9).mean() > 0.9
    assert np.abs(cutout.color[trunk][beneath].astype(int) - (215, 165, 135)).max(axis=-1).mean() < 20
    shirt = (picture == (30, 60, 160)).all(axis=-1)
    assert (cutout.alpha[head][shirt] > 0.5).mean() < 0.02
    assert (cutout.alpha[head][12:30, 42:54] > 0.9).mean() > 0.9


def test_a_limb_that_is_not_known_is_empty(clip):
    keypoints = clip.motion.keypoints[0].copy()
    keypoints[[3, 4], 2] = 0
    cutout = quick(clip, keypoints)
    check(cutout, clip.frames[0])
    assert not cutout.alpha[LAYERS.index("right_arm")].any()
    assert cutout.alpha[LAYERS.index("left_arm")].any()


def nobody(keypoints):
    keypoints[:, 2] = 0


def head_and_shoulders(keypoints):
    keypoints[[3, 4, 6, 7, 8, 9, 10, 11, 12, 13]] = 0


@pytest.mark.parametrize("lose", [nobody, head_and_shoulders])
def test_what_there_is_suffices(clip, lose):
    keypoints = clip.motion.keypoints[0].copy()
    lose(keypoints)
    for cutout in (quick(clip, keypoints), cut_out(clip.frames[0], clip.masks[0], keypoints, patches=False)):
        check(cutout, clip.frames[0])
        assert cutout.alpha[LAYERS.index("trunk")].any()


def grey(picture, mask, keypoints):
    return np.repeat(picture.mean(axis=-1, keepdims=True).astype(np.uint8), 3, axis=-1), mask, keypoints


def small(picture, mask, keypoints):
    shrunk = cv2.resize(mask.astype(np.uint8), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST) > 0
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), shrunk, keypoints * (0.5, 0.5, 1)


def touching_all_edges(picture, mask, keypoints):
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    inside = np.s_[rows[0] + 3 : rows[-1] - 2, columns[0] + 3 : columns[-1] - 2]
    return picture[inside].copy(), mask[inside], keypoints - (columns[0] + 3, rows[0] + 3, 0)


def no_background(picture, mask, keypoints):
    return picture, np.ones_like(mask), keypoints


@pytest.mark.parametrize("change", [grey, small, touching_all_edges, no_background])
@pytest.mark.parametrize("exact", [True, False])
def test_odd_photos(clip, change, exact):
    picture, mask, keypoints = change(clip.frames[0], clip.masks[0], clip.motion.keypoints[0])
    check(cut_out(picture, mask, keypoints, exact=exact), picture)


def test_the_same_photo_gives_the_same_layers(clip):
    one, other = (cut_out(clip.frames[0], clip.masks[0], clip.motion.keypoints[0]) for _ in range(2))
    for name in ("color", "alpha", "matte", "background"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_soft_mask_is_taken_as_it_is(clip):
    soft = cv2.GaussianBlur(clip.masks[0].astype(np.float32), (3, 3), 0)
    cutout = cut_out(clip.frames[0], soft, clip.motion.keypoints[0], exact=True, background=False)
    assert np.array_equal(cutout.matte, soft)
    assert np.array_equal(cutout.background, clip.frames[0])


def test_a_crop_of_the_whole_changes_nothing(cutout):
    same = cutout.seen_through(Crop(0, 0, SIZE[1], SIZE[0]), SIZE)
    assert np.array_equal(same.color, cutout.color)
    assert np.array_equal(same.background, cutout.background)
    assert np.allclose(same.alpha, cutout.alpha, atol=1 / 255)
    assert np.array_equal(same.keypoints, cutout.keypoints)


def test_beyond_the_photo_nobody_is(cutout):
    wider = cutout.seen_through(Crop(-48, -64, 192, 256), SIZE)
    assert not wider.alpha[:, :30].any()
    assert wider.matte[32:96, 24:72].sum() == pytest.approx(cutout.matte.sum() / 4, rel=0.05)
    assert wider.keypoints[1, :2] == pytest.approx(cutout.keypoints[1, :2] / 2 + (24, 32), abs=0.01)


def test_sizes_must_match(clip):
    with pytest.raises(InputError, match="wanted one"):
        cut_out(clip.frames[0], clip.masks[0][:-1], clip.motion.keypoints[0])
    with pytest.raises(InputError, match="empty"):
        cut_out(clip.frames[0], np.zeros(SIZE, bool), clip.motion.keypoints[0])


def test_layers_add_no_shreds_beneath_others():
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:30] = True
    person = np.ones_like(mask)
    frayed = mask.copy()
    frayed[20:22, 30:50] = frayed[40:58, 20] = True
    frayed[30, 12:20] = False
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    assert (_without_shreds(frayed, person, disk) ^ mask).sum() < 30  # rounded corners; the shreds have 80


def test_a_gap_beside_a_layer_is_not_filled():
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:30] = mask[10:50, 33:45] = True
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    assert not (_without_shreds(mask, mask, disk) & ~mask).any()
