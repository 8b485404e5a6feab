import cv2
import numpy as np
import pytest

from tempose.core.errors import InputError
from tempose.media.crop import Crop
from tempose.people.clip import Recipe, draw_clip
from tempose.warp.cutout import (
    LAYERS,
    _as_wide,
    _bare,
    _beneath_jaw,
    _joined,
    _throat,
    _without_shreds,
    cut_out,
    hidden_limbs,
)
from tempose.warp.flesh import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK

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


@pytest.mark.parametrize("looks", [-1, 0, 1], ids=["left", "ahead", "right"])
def test_no_neck_is_made_up_before_a_profiles_throat(looks):
    """Beneath its jaw; hair may hide the sides of a neck that is seen from the front."""
    keypoints = np.zeros((18, 3), np.float32)
    ears = (
        {16: (50 + 8 * looks, 28), 17: (70 + 8 * looks, 28)}
        if looks == 0
        else {16: (60, 28), 17: (60 + 12 * looks, 28)}
    )
    for index, place in {0: (60 + 24 * looks, 34), 1: (60, 70), 8: (45, 150), 11: (75, 150), **ears}.items():
        keypoints[index] = *place, 1
    throat = np.zeros((160, 120), bool)
    throat[54:66, 52:69] = True
    beneath = _beneath_jaw(throat, keypoints)
    assert not (beneath & throat).sum() > 0.1 * throat.sum()
    for side in (-1, 1):
        jaw = beneath[50:60, 80:90] if side == 1 else beneath[50:60, 30:40]
        assert jaw.all() if side == looks else not jaw.any()


def test_nothing_is_made_up_by_itself():
    visible, whole = np.zeros((2, 40, 40), bool)
    visible[10:20, 10:20] = True
    whole[8:20, 10:30] = whole[30:35, 30:35] = True
    joined = _joined(whole | visible, visible)
    assert joined[8:20, 10:30].all()
    assert not joined[30:].any()


@pytest.mark.parametrize("covered", [False, True], ids=["collar", "turtleneck"])
def test_the_throat_is_skin_without_its_collar(covered):
    keypoints, labels = np.zeros((18, 3), np.float32), np.full((160, 120), -1, np.int8)
    for index, place in {0: (60, 30), 14: (55, 26), 15: (65, 26), 1: (60, 70), 8: (45, 150), 11: (75, 150)}.items():
        keypoints[index] = *place, 1
    own = np.full((*labels.shape, 3), (240, 240, 240), np.uint8)
    labels[55:, 30:90], labels[10:55, 45:75] = TRUNK, HEAD
    own[10:55] = (190, 140, 110)
    own[:66, 56:64] = (150, 100, 80)  # in the shadow of the chin, narrower than necks mostly are
    own[52:, :] = np.where(covered, 240, own[52:, :])
    throat = _throat(_bare(own, labels, keypoints), labels, keypoints)
    white = (own == 240).all(axis=-1)
    assert throat.any()
    assert covered or not (throat & white & (labels == TRUNK)).any()
    assert _as_wide(throat, keypoints)[52, 50:70].mean() == pytest.approx(0.85 if covered else 0.4, abs=0.1)


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


def bare_shoulders(hair=()):
    """A picture of someone in a blue dress with bare arms close to it, hair before a shoulder or not; key points."""
    picture, keypoints = np.full((200, 120, 3), 240, np.uint8), np.zeros((18, 3), np.float32)
    points = {0: (60, 30), 14: (57, 27), 15: (63, 27), 1: (60, 60), 2: (46, 64), 5: (74, 64), 3: (40, 92), 6: (80, 92),
              4: (39, 122), 7: (81, 122), 8: (52, 120), 11: (68, 120)}  # fmt: skip
    for index, place in points.items():
        keypoints[index] = *place, 1
    skin = (225, 175, 145)
    cv2.rectangle(picture, (48, 62), (72, 150), (30, 60, 160), -1)
    for one, other in ((2, 3), (3, 4), (5, 6), (6, 7)):
        cv2.line(picture, points[one], points[other], skin, 11)
    cv2.fillPoly(picture, [np.array([(54, 45), (66, 45), (80, 57), (80, 62), (40, 62), (40, 57)])], skin)
    cv2.ellipse(picture, (60, 30), (12, 16), 0, 0, 360, skin, -1)
    for left, top, right, bottom in hair:
        cv2.rectangle(picture, (left, top), (right, bottom), (60, 30, 20), -1)
    return picture, keypoints


def test_a_bare_arm_takes_nothing_of_the_dress_along():
    picture, keypoints = bare_shoulders()
    cutout = cut_out(picture, (picture != 240).any(axis=-1), keypoints, exact=True, patches=False)
    dress = cv2.erode((picture == (30, 60, 160)).all(axis=-1).astype(np.uint8), np.ones((5, 5))) > 0
    assert cutout.alpha[[RIGHT_ARM, LEFT_ARM]][:, dress].max() < 0.1
    arms = cutout.color[[RIGHT_ARM, LEFT_ARM]][cutout.alpha[[RIGHT_ARM, LEFT_ARM]] > 0.5].astype(int)
    assert np.abs(arms - (225, 175, 145)).max() < 30  # nor its color at their rim


def test_bits_of_fingers_are_no_part_of_the_dress():
    picture, keypoints = bare_shoulders()
    picture[130:134, 50:53] = (225, 175, 145)
    cutout = cut_out(picture, (picture != 240).any(axis=-1), keypoints, exact=True, patches=False)
    assert np.abs(cutout.color[TRUNK][130:134, 50:53].astype(int) - (30, 60, 160)).max() < 40
    assert cutout.alpha[TRUNK][130:134, 50:53].min() > 0.9


def test_shoulders_go_on_beneath_hair():
    picture, keypoints = bare_shoulders(hair=[(66, 20, 74, 70), (50, 12, 70, 22)])
    cutout = cut_out(picture, (picture != 240).any(axis=-1), keypoints, exact=True, patches=False)
    beneath = np.s_[58:61, 67:71]
    assert cutout.alpha[HEAD][beneath].min() > 0.9
    assert cutout.alpha[TRUNK][beneath].min() > 0.9
    assert np.abs(cutout.color[TRUNK][beneath].astype(int) - (60, 30, 20)).max(axis=-1).min() > 60  # not in its color
    assert cutout.alpha[TRUNK][20:40, 68:73].max() < 0.1


def profile():
    """Someone who looks to the right of the picture, and the layers of the pixels along their near limbs."""
    keypoints, labels = np.zeros((18, 3), np.float32), np.full((200, 100), -1, np.int8)
    for near, far, x, y in ((2, 5, 48, 60), (3, 6, 46, 85), (4, 7, 52, 105), (8, 11, 50, 105), (9, 12, 51, 145),
                            (10, 13, 49, 185)):  # fmt: skip
        keypoints[near], keypoints[far] = (x, y, 1), (x + 6, y, 1)
    keypoints[1], keypoints[0], keypoints[14], keypoints[16] = (51, 60, 1), (66, 38, 1), (62, 35, 1), (52, 36, 1)
    keypoints[[6, 7], 2] = 0.1
    labels[60:110, 40:66] = TRUNK
    labels[60:112, 44:52], labels[105:190, 45:54], labels[105:190, 54:60] = RIGHT_ARM, RIGHT_LEG, LEFT_LEG
    return labels, keypoints


def test_from_the_side_a_limb_that_is_hidden_is_known_by_its_fellow():
    labels, keypoints = profile()
    assert hidden_limbs(labels, keypoints) == [(LEFT_ARM, RIGHT_ARM, [5, 6, 7], [2, 3, 4])]
    labels[labels == LEFT_LEG] = RIGHT_LEG
    assert [found[:2] for found in hidden_limbs(labels, keypoints)] == [(LEFT_LEG, RIGHT_LEG), (LEFT_ARM, RIGHT_ARM)]
    keypoints[5, 2] = 0  # nobody knows where it would begin
    assert [found[0] for found in hidden_limbs(labels, keypoints)] == [LEFT_LEG]


def test_from_the_front_a_hidden_arm_is_not_the_other_one():
    labels, keypoints = profile()
    keypoints[[2, 8], 0], keypoints[[5, 11], 0] = (30, 38), (72, 64)
    keypoints[0, 0] = 51
    assert hidden_limbs(labels, keypoints) == []


def test_the_hidden_arm_of_a_profile_is_the_near_one_behind_everything():
    labels, keypoints = profile()
    picture = np.full((*labels.shape, 3), 120, np.uint8)
    for layer, color in ((TRUNK, (200, 40, 40)), (RIGHT_ARM, (220, 170, 140)), (RIGHT_LEG, (40, 40, 160))):
        picture[labels == layer] = color
    picture[labels == LEFT_LEG] = (60, 60, 190)
    mask = labels >= 0
    cutout = cut_out(picture, mask, keypoints, exact=True, patches=False)
    assert cutout.order[0] == LEFT_ARM
    near, far = (cutout.alpha[layer] > 0.5 for layer in (RIGHT_ARM, LEFT_ARM))
    np.testing.assert_array_equal(far[:, 6:], near[:, :-6])
    np.testing.assert_allclose(cutout.keypoints[[5, 6, 7]], keypoints[[2, 3, 4]] + (6, 0, 0), atol=1e-3)
    assert np.abs(laid_over(cutout, cutout.background) - picture)[mask].mean() < 3
