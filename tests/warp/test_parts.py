import cv2
import numpy as np
import pytest

from tempose.people.clip import Recipe, draw_clip
from tempose.people.mesh import PARTS
from tempose.warp.flesh import LAYERS, bone_distances, trunk_length
from tempose.warp.parts import find_parts, random_walk, without_strays
from tempose.warp.seeds import part_seeds

SIZE = (192, 144)


def layer_of(part):
    """The layer that a part of a drawn person belongs to; −1 for what may belong to several."""
    side, _, name = part.partition("_")
    if side in ("right", "left"):
        return LAYERS.index(f"{side}_{'arm' if name in ('arm', 'hand', 'sleeve') else 'leg'}")
    if part in ("head", "hair", "hat"):
        return LAYERS.index("head")
    return -1 if part in ("background", "bag", "neck", "scarf") else LAYERS.index("trunk")


@pytest.fixture(scope="module")
def people():
    """Drawn people in trousers or shorts, from the front, with their true layers."""
    found = []
    for person, motion in ((1, "wave"), (4, "walk"), (8, "dance"), (11, "squat")):
        clip = draw_clip(Recipe(person, motion, 3, person, frames=1, fps=8, size=SIZE, yaw=0.2))
        truth = np.array([layer_of(part) for part in PARTS])[clip.parts[0]]
        found.append((clip.frames[0], clip.masks[0], clip.motion.keypoints[0], truth))
    return found


def test_parts_of_drawn_people(people):
    agreed = []
    for picture, mask, keypoints, truth in people:
        parts, _ = find_parts(picture, mask, keypoints)
        assert parts.dtype == np.float32
        assert np.allclose(parts.sum(axis=0)[mask], 1, atol=1e-3)
        assert not parts[:, ~mask].any()
        agreed.append((parts.argmax(axis=0) == truth)[mask & (truth >= 0)].mean())
    assert np.mean(agreed) > 0.88


def test_edges_decide_between_arm_and_trunk():
    """An arm at the side, nearer to the trunk's bones than to its own, is cut along its edge."""
    picture, keypoints = np.full((*SIZE, 3), 255, np.uint8), np.zeros((18, 3), np.float32)
    points = {1: (72, 40), 2: (56, 42), 3: (52, 74), 4: (54, 100), 5: (88, 42), 8: (62, 100), 11: (82, 100)}
    for index, (x, y) in points.items():
        keypoints[index] = x, y, 1
    arm = np.zeros(SIZE, np.uint8)
    cv2.line(arm, points[2], points[3], 1, 16)
    cv2.line(arm, points[3], points[4], 1, 12)
    mask = arm > 0
    mask[36:104, 52:92] = True
    picture[mask] = (40, 60, 140)
    picture[arm > 0] = (220, 170, 140)
    parts, hem = find_parts(picture, mask, keypoints)
    found = parts.argmax(axis=0) == LAYERS.index("right_arm")
    lower = arm > 0
    lower[:55] = False
    assert (found & mask)[lower].mean() > 0.95
    assert (found & mask & ~lower)[60:].sum() < 0.05 * lower.sum()
    assert hem == 0


def dressed(elbow, wrist):
    """A dark dress with bare arms and legs, uint8 `h w 3`; its mask and key points, of one arm and one leg."""
    keypoints = np.zeros((18, 3), np.float32)
    points = {0: (72, 18), 1: (72, 40), 2: (52, 42), 3: elbow, 4: wrist, 5: (92, 42), 8: (62, 100), 11: (82, 100)}
    for index, place in points.items():
        keypoints[index] = *place, 1
    picture = np.full((*SIZE, 3), 255, np.uint8)
    cv2.rectangle(picture, (52, 40), (92, 140), (30, 50, 120), -1)
    cv2.ellipse(picture, (72, 18), (9, 12), 0, 0, 360, (90, 60, 40), -1)
    cv2.line(picture, (72, 26), (72, 40), (225, 180, 150), 10)
    return picture, keypoints


def test_a_bare_arm_leaves_the_dress_to_the_trunk():
    """Though its key points lie on the dress."""
    picture, keypoints = dressed((53, 72), (53, 100))
    cv2.line(picture, (47, 44), (47, 110), (225, 180, 150), 9)
    mask = (picture < 250).any(axis=-1)
    parts, _ = find_parts(picture, mask, keypoints)
    arm = parts.argmax(axis=0) == LAYERS.index("right_arm")
    cloth = (picture == (30, 50, 120)).all(axis=-1)
    assert (arm & cloth).sum() < 0.01 * cloth.sum()
    assert arm[50:100, 44:50].mean() > 0.95


def test_fingers_go_with_the_hand():
    """And not with the trunk on which they rest, however far they reach."""
    picture, keypoints = dressed((36, 66), (50, 82))
    hand = np.zeros(SIZE, np.uint8)
    for one, other, width in (((52, 44), (36, 66), 8), ((36, 66), (50, 82), 8), ((50, 82), (63, 98), 6)):
        cv2.line(hand, one, other, 1, width)
    picture[hand > 0] = (225, 180, 150)
    mask = (picture < 250).any(axis=-1)
    parts, _ = find_parts(picture, mask, keypoints)
    fingers = hand > 0
    fingers[:88] = False
    assert (parts.argmax(axis=0) == LAYERS.index("right_arm"))[fingers].mean() > 0.9


def test_trousers_of_one_color_are_parted_at_the_hips(people):
    for picture, mask, keypoints, _ in people:
        plain = picture.copy()
        plain[mask] = (30, 30, 40)
        parts, hem = find_parts(plain, mask, keypoints)
        legs = np.isin(parts.argmax(axis=0), (LAYERS.index("right_leg"), LAYERS.index("left_leg"))) & mask
        knees, hips = keypoints[[9, 12], 1], keypoints[[8, 11], 1]
        if hem == 0 and (knees > hips + 0.3 * trunk_length(keypoints)).all():
            assert legs[int(hips.max()) + 4 :].any()
            assert not legs[: int(hips.min()) - 4].any()


@pytest.mark.parametrize("elbow", [(52, 74), (30, 60), (24, 40), (40, 16)])
def test_the_outer_side_of_a_sleeve_goes_with_the_arm(elbow):
    """However the arm is held; the shirt's color does not tell them apart."""
    keypoints = np.zeros((18, 3), np.float32)
    points = {1: (72, 40), 2: (56, 42), 3: elbow, 5: (88, 42), 8: (62, 100), 11: (82, 100)}
    for index, place in points.items():
        keypoints[index] = *place, 1
    seeds = part_seeds(np.ones(SIZE, bool), keypoints)
    start, bone = np.array(points[2]), np.subtract(elbow, points[2])
    across = np.array([bone[1], -bone[0]]) / np.hypot(*bone)
    outward = -across if across @ (np.array((72, 70)) - start) > 0 else across
    arm = LAYERS.index("right_arm")
    for side, found in ((outward, True), (-outward, False)):
        column, row = (start + 0.25 * bone + 0.05 * 60 * side).astype(int)
        assert (seeds[row, column] == arm) == found


def test_a_walk_ends_where_its_seeds_are():
    values = np.zeros((20, 30, 1), np.float32)
    values[:, 18:] = 50
    seeds = np.full((20, 30), -1)
    seeds[10, 2], seeds[10, 28] = 0, 1
    mask = np.ones((20, 30), bool)
    mask[:, :1] = False
    found = random_walk(values, mask, seeds, np.full((2, 20, 30), 0.5))
    assert (found[0, :, 1:18] > 0.5).all()
    assert (found[1, :, 18:] > 0.5).all()
    assert not found[:, :, 0].any()
    assert found.min() >= 0


def test_unknown_bones_are_infinitely_far():
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[[1, 8, 9]] = [(20, 10, 1), (18, 30, 1), (18, 45, 1)]
    distance = bone_distances(keypoints, (60, 40))
    assert np.isinf(distance[LAYERS.index("left_arm")]).all()
    assert distance[LAYERS.index("right_leg"), 40, 17] < 0.5
    assert trunk_length(keypoints) == pytest.approx(np.hypot(2, 20))


def test_a_hem_moves_the_thighs_to_the_trunk(people):
    _, mask, keypoints, _ = people[0]
    with_hem, without = part_seeds(mask, keypoints, 0.9), part_seeds(mask, keypoints, 0.0)
    for leg in (LAYERS.index("right_leg"), LAYERS.index("left_leg")):
        assert (with_hem == leg).sum() < (without == leg).sum()
    assert (with_hem == 0).sum() > (without == 0).sum()


def test_patches_without_seeds_go_to_the_next_likely_layer():
    parts = np.zeros((3, 10, 12), np.float32)
    parts[:, :, :6] = np.array([0.6, 0.3, 0.1])[:, None, None]
    parts[:, :, 6:] = np.array([0.2, 0.7, 0.1])[:, None, None]
    parts[:, 3:5, 8:10] = np.array([0.5, 0.4, 0.1])[:, None, None]
    parts[:, 9] = 0
    seeds = np.full((10, 12), -1)
    seeds[2, 2], seeds[2, 7] = 0, 1
    found = without_strays(parts, seeds)
    assert (found[:, :9, 6:].argmax(axis=0) == 1).all()
    assert (found[:, :9, :6].argmax(axis=0) == 0).all()
    assert np.allclose(found[:, :9].sum(axis=0), 1)
    assert not found[:, 9].any()
