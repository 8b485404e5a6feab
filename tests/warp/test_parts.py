import cv2
import numpy as np
import pytest

from tempose.people.clip import Recipe, _Stage, draw_clip
from tempose.people.mesh import BONES
from tempose.people.render import View
from tempose.pose.keypoints import HIDDEN
from tempose.warp.flesh import HEAD, LAYERS, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK, bone_distances, trunk_length
from tempose.warp.parts import find_parts, random_walk, without_pelvis, without_strays
from tempose.warp.seeds import hair_for_hands, part_seeds, seeds_by_color

SIZE = (192, 144)


def layer_of(bone):
    """The layer that what hangs on a bone of a drawn person belongs to; −1 for what may belong to several."""
    name = bone.removeprefix("half_")
    if name.endswith(("shoulder", "elbow", "wrist", "grip")) or "finger" in name:
        return LAYERS.index(f"{name.split('_')[0]}_arm")
    if name.endswith(("hip", "knee", "ankle")):
        return LAYERS.index(f"{name.split('_')[0]}_leg")
    return {"head": LAYERS.index("head"), "neck": -1}.get(name, LAYERS.index("trunk"))


def true_layers(recipe):
    """int `h w`: by the bone that carries a pixel for the most part; −1 where none does, or nobody is. What hangs free
    around both legs is the trunk's.
    """
    stage = _Stage.of(recipe)
    surface = stage.look.surface
    samples = View.of(surface, stage.pose, 0, stage.camera, fine=1).samples
    weights = surface.weights.copy()
    for rows, _ in surface.skirts:
        weights[rows] = np.eye(len(BONES))[BONES.index("pelvis")]
    weights = weights[samples.corners[:, 0]]
    layers = np.array([layer_of(bone) for bone in BONES])[weights.argmax(axis=1)]
    truth = np.full(SIZE[0] * SIZE[1], -1)
    truth[samples.place] = np.where(weights.max(axis=1) > 0.9, layers, -1)
    return truth.reshape(SIZE)


@pytest.fixture(scope="module")
def people():
    """Drawn people in trousers or shorts, from the front, with their true layers."""
    found = []
    for person, motion in ((3, "wave"), (10, "walk"), (16, "dance"), (17, "squat")):
        recipe = Recipe(person, motion, 3, person, frames=1, fps=8, size=SIZE, yaw=0.2)
        clip = draw_clip(recipe)
        found.append((clip.frames[0], clip.masks[0], clip.motion.keypoints[0], true_layers(recipe)))
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


@pytest.mark.parametrize("beside", [None, (225, 180, 150)], ids=["dress", "dress, bare neck and knees"])
def test_fingers_go_with_the_hand(beside):
    """And not with the trunk on which they rest, however far they reach, whatever else of the trunk is bare."""
    picture, keypoints = dressed((36, 66), (50, 82))
    if beside:
        cv2.rectangle(picture, (56, 40), (88, 66), beside, -1)
    hand = np.zeros(SIZE, np.uint8)
    for one, other, width in (((52, 44), (36, 66), 8), ((36, 66), (50, 82), 8), ((50, 82), (63, 98), 6)):
        cv2.line(hand, one, other, 1, width)
    picture[hand > 0] = (225, 180, 150)
    mask = (picture < 250).any(axis=-1)
    parts, _ = find_parts(picture, mask, keypoints)
    fingers = hand > 0
    fingers[:88] = False
    assert (parts.argmax(axis=0) == LAYERS.index("right_arm"))[fingers].mean() > 0.9


def test_a_thigh_has_no_seeds_on_the_hand_before_it():
    """Both are bare: colors tell nothing, and the bar along the bone runs through the fingers."""
    picture, keypoints = dressed((46, 70), (58, 100))
    keypoints[[8, 9], :2], keypoints[9, 2] = ((62, 92), (66, 150)), 1
    picture[94:, 52:92] = (225, 180, 150)
    cv2.polylines(picture, [np.array([(52, 44), (46, 70), (58, 100), (62, 114)])], False, (225, 180, 150), 7)
    lab, mask = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.ones(SIZE, bool)
    seeds, _ = seeds_by_color(lab, mask, keypoints, 0.0)
    hand = cv2.line(np.zeros(SIZE, np.uint8), (58, 102), (62, 114), 1, 5) > 0
    assert np.isin(seeds[hand], (-1, RIGHT_ARM)).all()
    assert (seeds[mask] == RIGHT_LEG).any()


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


@pytest.mark.parametrize("hips", [HIDDEN, 1.0])
def test_a_trunk_whose_hips_are_guesses_has_seeds_too(hips):
    """Half a body's: without them its clothes went to the head."""
    keypoints = np.zeros((18, 3), np.float32)
    for index, place in {1: (50, 30), 2: (30, 32), 5: (70, 32)}.items():
        keypoints[index] = *place, 1
    keypoints[[8, 11]] = (40, 110, hips), (60, 110, hips)
    seeds = part_seeds(np.ones((80, 100), bool), keypoints)
    assert (seeds[55:80, 45:55] == TRUNK).all()


def test_hair_is_no_hand_behind_it():
    """A hand on the head has the color of the face."""
    seeds, lab = np.full((40, 60), -1, np.int8), np.zeros((40, 60, 3), np.float32)
    keypoints = np.zeros((18, 3), np.float32)
    for index, place in {0: (30, 22), 14: (27, 20), 15: (33, 20), 16: (24, 21), 17: (36, 21), 1: (30, 38)}.items():
        keypoints[index] = *place, 1
    keypoints[[8, 11]] = (22, 70, 1), (38, 70, 1)
    seeds[18:26, 26:34] = HEAD
    seeds[10:16, 24:44] = RIGHT_ARM
    lab[seeds == HEAD] = 70, 20, 20
    lab[10:16, 24:30] = 70, 20, 20  # fingers before the hair
    hair = hair_for_hands(lab, seeds, keypoints)
    assert not hair[:, :30].any()
    assert hair[12, 32]
    assert not (hair & (seeds != RIGHT_ARM)).any()
    assert not hair_for_hands(lab, np.where(seeds == HEAD, np.int8(-1), seeds), keypoints).any()


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


def test_about_a_hem_nothing_is_a_seed_for_it_may_slant(people):
    _, mask, keypoints, _ = people[0]
    hips, knees = keypoints[[8, 11], 1].mean(), keypoints[[9, 12], 1].mean()
    seeds = part_seeds(mask, keypoints, 0.7)
    rows = slice(*(round(float(hips + share * (knees - hips))) for share in (0.55, 0.85)))
    assert not np.isin(seeds[rows], (0, LAYERS.index("right_leg"), LAYERS.index("left_leg"))).any()
    assert (part_seeds(mask, keypoints, 0.0)[rows] > 0).any()


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


@pytest.mark.parametrize(("apart", "seen"), [(16, True), (5, False)])
def test_a_shin_beside_another_is_a_leg_of_its_own_though_its_knee_is_in_doubt(apart, seen):
    keypoints = np.zeros((18, 3), np.float32)
    for right, left, y in ((2, 5, 20), (8, 11, 150), (9, 12, 260), (10, 13, 360)):
        keypoints[right], keypoints[left] = (100, y, 1), (100 + apart, y, 1)
    keypoints[1] = (100 + apart / 2, 20, 1)
    keypoints[12, 2] = 0.4
    seeds = part_seeds(np.ones((380, 200), bool), keypoints)
    assert (seeds == RIGHT_LEG).any()
    assert (seeds == LEFT_LEG).any() == seen
    assert (seeds[260:360, 100] == RIGHT_LEG).all()


@pytest.mark.parametrize("degrees", [0, 20, 60, 90])
def test_what_lies_along_a_thigh_that_straddles_is_no_trunk_and_a_shirt_over_one_that_hangs_is(degrees):
    keypoints = np.zeros((18, 3), np.float32)
    angle = np.radians(degrees)
    knee = (80 - 60 * np.sin(angle), 110 + 60 * np.cos(angle))
    for index, place in {1: (90, 30), 8: (80, 110), 11: (100, 110), 9: knee, 12: (100, 170)}.items():
        keypoints[index] = *place, 1
    parts = np.zeros((len(LAYERS), *SIZE), np.float32)
    parts[TRUNK] = 1
    moved = without_pelvis(parts, keypoints)
    assert np.array_equal(moved.sum(axis=0), parts.sum(axis=0))
    x, y = (keypoints[8, :2] + 0.6 * (keypoints[9, :2] - keypoints[8, :2]) + (0, 4)).astype(int)
    assert bool(moved[RIGHT_LEG, y, x]) == (degrees > 40)
    assert not moved[RIGHT_LEG, :110].any()
