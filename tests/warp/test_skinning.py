import math

import pytest
import torch
from helpers import random, standing

from tempose.pose.keypoints import KEYPOINTS, MIRROR
from tempose.warp.bones import BONES, CARRYING, NECK_BONE, TRUNK_BONE
from tempose.warp.joints import CHIN, COLLAR, CROWN, HIPS, NECK, angle_between, photo_joints, rotated, target_joints
from tempose.warp.skinning import SIDE, beside_neck, skin, trace

SCALE = 8  # the standing person at 512×384
PLACES = 3000
OF_THE_BODY = [bone for bone in range(len(BONES)) if bone not in dict(CARRYING).values()]


def person(**moved):
    """`18 3`, some joints moved to other places (x, y)."""
    keypoints = standing() * torch.tensor([SCALE, SCALE, 1.0])
    for name, place in moved.items():
        keypoints[KEYPOINTS.index(name), :2] = torch.tensor(place) * SCALE
    return keypoints


def ways(source, target):
    photo = photo_joints(source[None])
    return skin(photo, target_joints(target[None], photo, source[None]))


def traced(source, target, bone, places):
    rows = torch.zeros(len(places), dtype=torch.long)
    found = trace(ways(source, target), rows, rows + bone, *places.unbind(-1))
    return torch.stack([found.x, found.y], dim=-1), found.valid


def anywhere(seed=0):
    return random(PLACES, 2, seed=seed, low=0.0) * torch.tensor([384.0, 512.0])


BENT = {"right_elbow": (12, 24), "right_wrist": (17, 21), "left_knee": (36, 40), "left_ankle": (30, 50)}


@pytest.mark.parametrize("bone", OF_THE_BODY)
@pytest.mark.parametrize("moved", [{}, BENT], ids=["straight", "bent"])
def test_the_same_pose_leads_every_place_to_itself(bone, moved):
    places = anywhere()
    found, valid = traced(person(**moved), person(**moved), bone, places)
    assert valid.max() == 1
    assert (found - places)[valid == 1].abs().max() < 1.1  # a line one pixel wide beyond the crease is shared


@pytest.mark.parametrize("bone", [bone for bone in OF_THE_BODY if bone not in (10, 11, 13, 14)])
def test_the_whole_person_moved_turned_and_scaled_is_seen_where_they_were(bone):
    """All but feet, which keep their angle to the ground."""
    source, places = person(**BENT), anywhere()
    turn, size, shift = 0.4, 1.7, torch.tensor([30.0, -12.0])
    matrix = size * torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    target = torch.cat([source[:, :2] @ matrix.T + shift, source[:, 2:]], dim=-1)
    found, valid = traced(source, target, bone, places @ matrix.T + shift)
    assert (found - places)[valid == 1].norm(dim=-1).quantile(0.96) < 1


def test_joints_come_from_joints():
    raised = {"right_elbow": (11, 8), "right_wrist": (13, 1), "left_knee": (33, 42), "left_ankle": (31, 54)}
    source, target = person(), person(**raised)
    photo = photo_joints(source[None])
    joints = target_joints(target[None], photo, source[None])
    for index, bone in enumerate(BONES[2:], start=2):
        middle = (joints.places[:, bone.start] + joints.places[:, bone.end]) / 2
        expected = (photo.places[:, bone.start] + photo.places[:, bone.end]) / 2
        found, _ = traced(source, target, index, middle)
        assert (found - expected).abs().max() < 2


def test_a_bent_limb_has_no_gap():
    """Every place near the rounded elbow is led somewhere by one of the arm's bones, near the photo's elbow."""
    source = person(right_elbow=(14, 25), right_wrist=(10, 35))
    for wrist in ((10, 34), (3, 27), (6, 17), (18, 17), (24, 25)):
        target = person(right_elbow=(14, 25), right_wrist=wrist)
        elbow = target[KEYPOINTS.index("right_elbow"), :2]
        angle, radius = random(500, seed=1, low=0.0) * 2 * math.pi, random(500, seed=2, low=0.0) * 6
        places = elbow + radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=-1)
        (upper, upper_valid), (fore, fore_valid) = (traced(source, target, bone, places) for bone in (5, 6))
        assert (upper_valid + fore_valid).min() > 0.49
        photo_elbow = source[KEYPOINTS.index("right_elbow"), :2]
        for found, valid in ((upper, upper_valid), (fore, fore_valid)):
            assert (found - photo_elbow).norm(dim=-1)[valid > 0].max() < 30


@pytest.mark.parametrize("wrist", [(12, 32), (10, 14), (30, 20)], ids=["hanging", "raised", "before the chest"])
def test_what_hangs_from_a_hand_goes_on_hanging_and_the_hand_turns(wrist):
    source, target = person(), person(right_wrist=wrist)
    grip = source[KEYPOINTS.index("right_wrist"), :2] + torch.tensor([0.0, 2.0])
    photo = photo_joints(source[None], torch.stack([grip, torch.full((2,), math.nan)])[None])
    way = skin(photo, target_joints(target[None], photo, source[None]))
    at = torch.tensor([[0.0, 8.0], [10.0, 60.0], [-12.0, 90.0]])  # of a bag, from where it is held
    bone = torch.tensor([15, 15, 15])
    forearm = source[KEYPOINTS.index("right_wrist"), :2] - source[KEYPOINTS.index("right_elbow"), :2]
    asked = target[KEYPOINTS.index("right_wrist"), :2] - target[KEYPOINTS.index("right_elbow"), :2]
    place = target[KEYPOINTS.index("right_wrist"), :2] + rotated(
        torch.tensor([0.0, 2.0]), angle_between(forearm, asked)
    )
    found = trace(way, 0 * bone, bone, *(place + at).unbind(-1))
    torch.testing.assert_close(torch.stack([found.x, found.y], dim=-1), grip + at, atol=1e-2, rtol=0)
    assert found.valid.min() == 1
    assert trace(way, 0 * bone, bone + 1, *(place + at).unbind(-1)).valid.max() == 0  # the left hand is empty
    beyond = target[KEYPOINTS.index("right_wrist"), :2] + torch.tensor([[8.0], [40.0]]) * asked / asked.norm()
    shown = trace(way, 0 * bone[:2], torch.tensor([6, 6]), *beyond.unbind(-1))
    assert shown.valid[1] == 0  # the bag does not turn with the forearm


def test_without_a_skirt_the_trunk_does_not_ask_where_the_legs_are_and_one_with_a_skirt_hangs_from_them():
    """Somebody who sits in the photo and stands in the target has no belly stretched down to the knees."""
    places, sitting = anywhere(), person(right_knee=(8, 30), left_knee=(40, 30))
    rows = torch.zeros(len(places), dtype=torch.long)
    near = places[:, 1] < person()[KEYPOINTS.index("left_hip"), 1]
    found = []
    for skirt in (False, True):
        photo = photo_joints(sitting[None], hem=torch.tensor([float(skirt)]))
        traces = [
            trace(skin(photo, target_joints(target[None], photo, sitting[None])), rows, rows + TRUNK_BONE, *places.T)
            for target in (sitting, person())
        ]
        found.append([torch.stack([each.x, each.y]) for each in traces])
    assert (found[0][0] - found[0][1])[:, near].abs().max() < 2
    assert (found[1][0] - found[1][1])[:, near].abs().max() > 5


@pytest.mark.parametrize("thick", [False, True])
def test_a_profile_is_widened_to_a_front_the_less_the_thicker_it_is(thick):
    """Its shoulders and hips lie before each other; a trunk as thick as a front is wide keeps its width."""
    front, side = person(), person()
    for right, left in ((2, 5), (8, 11)):
        side[[right, left], 0] = side[[right, left], 0].mean()
    half = 0.85 * (front[5, 0] - front[2, 0]) / 2 if thick else 1.0
    trunk = torch.zeros(1, 512, 384, dtype=torch.bool)
    middle = int(side[2, 0])
    trunk[:, :, middle - int(half) : middle + int(half)] = True
    photo = photo_joints(side[None], trunk=trunk)
    wide = skin(photo, target_joints(front[None], photo, side[None])).wide[1][0, TRUNK_BONE]
    ratio = photo.scale / target_joints(front[None], photo, side[None]).scale
    assert abs(wide / ratio).item() == pytest.approx(0.85 if thick else SIDE, abs=0.1)


def test_hair_beside_the_neck_is_the_trunks_and_there_in_full():
    """Above the collar the neck alone moves with the head; what hangs beside it stays, and nothing is lost between."""
    source, places = person(), anywhere()
    nod = source.clone()
    nod[[0, 14, 15, 16, 17], 0] += 2 * SCALE
    valid = torch.stack([traced(source, nod, bone, places)[1] for bone in (TRUNK_BONE, NECK_BONE)])
    photo = photo_joints(source[None])
    beside = beside_neck((512, 384), photo)
    rows, columns = places.flip(-1).long().T
    about = (places - photo.places[0, COLLAR]).norm(dim=-1) < 0.3 * photo.scale
    assert (about & beside[rows, columns]).sum() > 5
    assert (valid[0] == 1)[about & beside[rows, columns]].all()
    alone = torch.stack([traced(source, source, bone, places)[1] for bone in (TRUNK_BONE, NECK_BONE)])
    assert alone.amax(0)[about].min() > 0.99


@pytest.mark.parametrize("leg", [9, 12])
def test_a_thigh_that_turns_ends_in_a_round_no_wider_than_the_person_is_about_the_hip(leg):
    source, places = person(), anywhere()
    hip, knee = BONES[leg].start, BONES[leg].end
    across, down = source[knee, :2] - source[hip, :2]
    raised = source.clone()
    raised[knee, :2] = source[hip, :2] + torch.stack([0.7 * down, 0.7 * down]) + across
    narrow = torch.zeros(1, 512, 384, dtype=torch.bool)
    x, y = source[hip, :2].round().long().tolist()
    narrow[:, y - 8 :, x - 8 : x + 8] = True
    photo = photo_joints(source[None], person=narrow)
    rows = torch.zeros(len(places), dtype=torch.long)
    for target, juts in ((raised, False), (source, True)):
        traced = trace(skin(photo, target_joints(target[None], photo, source[None])), rows, rows + leg, *places.T)
        axis = target[knee, :2] - target[hip, :2]
        before = (places - target[hip, :2]) @ (axis / axis.norm()) < -2
        least = max(8.0, 0.5 * BONES[leg].radius * float(photo.scale))
        far = (places - target[hip, :2]).norm(dim=-1) > 1.5 * least + 1
        assert bool((traced.valid[before & far] > 0).any()) == juts


@pytest.mark.parametrize("arm", [5, 7])
def test_a_raised_arm_ends_in_a_round_at_the_shoulder_and_one_as_in_the_photo_does_not(arm):
    source, places = person(), anywhere()
    shoulder, elbow = BONES[arm].start, BONES[arm].end
    across, down = source[elbow, :2] - source[shoulder, :2]
    raised = source.clone()
    raised[elbow, :2] = source[shoulder, :2] + torch.stack([1.5 * across, -down])
    axis, scale = raised[elbow, :2] - raised[shoulder, :2], float(photo_joints(source[None]).scale)
    before = (places - source[shoulder, :2]) @ (axis / axis.norm()) < 0
    away = (places - source[shoulder, :2]).norm(dim=-1) / (scale * BONES[arm].radius)
    _, valid = traced(source, raised, arm, places)
    assert valid[before & (away > 1.3)].max() == 0
    assert valid[away < 0.9].min() == 1
    _, valid = traced(source, source, arm, places)
    assert valid[(away > 1.3) & (away < 3)].min() == 1


def test_a_folded_elbow_is_round_on_both_sides():
    """A disk about the elbow is covered, as wide as the arm, and nothing far beyond it."""
    source = person(right_elbow=(14, 25), right_wrist=(10, 35))
    target = person(right_elbow=(14, 25), right_wrist=(16, 16))
    elbow, scale = target[KEYPOINTS.index("right_elbow"), :2], float(photo_joints(source[None]).scale)
    angle, radius = random(2000, seed=1, low=0.0) * 2 * math.pi, random(2000, seed=2, low=0.0)
    places = elbow + 3 * scale * BONES[6].radius * radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=-1)
    valid = torch.stack([traced(source, target, bone, places)[1] for bone in (5, 6)]).amax(0)
    assert valid[radius < 0.12].min() > 0.99
    below = places[:, 1] > elbow[1] + 1.2 * scale * BONES[6].radius
    assert below.sum() > 100
    assert valid[below].max() == 0


def test_a_limb_that_opens_takes_no_more_along_than_it_is_wide():
    """Of what a folded arm encloses, which the shoulder fills; as long as it stays folded all of it is seen."""
    source = person(right_elbow=(14, 25), right_wrist=(16, 13))
    target = person(right_elbow=(14, 25), right_wrist=(14, 37))
    scale, forearm = float(photo_joints(source[None]).scale), 6
    width = scale * BONES[forearm].radius

    def beside(pose, share, widths):
        """A place on the inner side of the photo's fold."""
        elbow, wrist = (pose[KEYPOINTS.index(name), :2] for name in ("right_elbow", "right_wrist"))
        axis = (wrist - elbow) / (wrist - elbow).norm()
        inner = torch.stack([-axis[1], axis[0]])
        return (elbow + share * (wrist - elbow) + widths * width * inner)[None]

    sides = [
        [traced(source, target, forearm, beside(target, 0.7, side * widths))[1].item() for widths in (0.5, 1.6)]
        for side in (-1, 1)
    ]
    assert [0.0] in [side[1:] for side in sides]  # the inner one
    assert all(side[0] == 1 for side in sides)
    folded = [traced(source, source, forearm, beside(source, 0.7, side * 1.6))[1].item() for side in (-1, 1)]
    assert max(folded) == 1


@pytest.mark.parametrize(("bone", "joint", "beyond"), [(6, "right_wrist", 1.2), (8, "left_wrist", 1.2)])
def test_a_hand_keeps_its_size_on_a_foreshortened_forearm(bone, joint, beyond):
    source = person()
    target = source.clone()
    elbow = KEYPOINTS.index(joint.replace("wrist", "elbow"))
    wrist = KEYPOINTS.index(joint)
    target[wrist, :2] = target[elbow, :2] + 0.5 * (target[wrist, :2] - target[elbow, :2])
    way = source[wrist, :2] - source[elbow, :2]
    steps = torch.tensor([[0.0], [4.0], [20.0]]) * way / way.norm()
    found, _ = traced(source, target, bone, target[wrist, :2] + steps)
    torch.testing.assert_close(found - source[wrist, :2], steps, atol=0.5, rtol=0)


def test_the_face_is_moved_rigidly_and_hair_with_it():
    source = person()
    nod = source.clone()
    nod[[KEYPOINTS.index(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")], :2] += (
        torch.tensor([2.0, 1.0]) * SCALE
    )
    photo = photo_joints(source[None])
    head = target_joints(nod[None], photo, source[None]).places[0, [CHIN, CROWN]]
    assert (head[1] - head[0]).norm() == pytest.approx(float((photo.places[0, CROWN] - photo.places[0, CHIN]).norm()))
    nose = nod[:1, :2]
    found, valid = traced(source, nod, 4, torch.cat([nose, nose - 20]))
    assert valid.min() == 1
    assert (found[0] - source[0, :2]).norm() < 6
    assert (found[1] - found[0]).norm() == pytest.approx(20 * math.sqrt(2), rel=0.02)


def test_a_neck_that_leans_leaves_the_collar_where_it_is_and_goes_with_the_head():
    source, target = person(), person()
    face = [KEYPOINTS.index(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]
    target[face, :2] += torch.tensor([2.0, -1.0]) * SCALE
    joints = target_joints(target[None], photo_joints(source[None]), source[None]).places[0]
    across = torch.linspace(-8, 8, 9)[:, None] * torch.tensor([1.0, 0.0])
    for node, same in ((COLLAR, True), (CHIN, False)):
        neck, trunk = (traced(source, target, bone, joints[node] + across)[0] for bone in (NECK_BONE, TRUNK_BONE))
        assert ((neck - trunk).norm(dim=-1).max() < 0.5) == same
    neck, _ = traced(source, target, NECK_BONE, joints[[CHIN]])
    chin = photo_joints(source[None]).places[0, CHIN]
    torch.testing.assert_close(neck[0], chin, atol=0.1 * SCALE, rtol=0)


def test_a_person_who_turns_round_is_mirrored_and_one_seen_from_the_side_is_not_squeezed_beyond_bounds():
    source = person()
    places = torch.tensor([[24.0 - 3, 24.0], [24.0 + 3, 24.0]]) * SCALE
    behind, _ = traced(source, source[list(MIRROR)], 2, places)
    torch.testing.assert_close(behind, places.flip(0), atol=0.5, rtol=0)
    side = source.clone()
    for name in ("right_shoulder", "left_shoulder", "right_hip", "left_hip"):
        side[KEYPOINTS.index(name), 0] = 24 * SCALE + 0.1 * (side[KEYPOINTS.index(name), 0] - 24 * SCALE)
    found, _ = traced(source, side, 2, places)
    assert (found[1] - found[0]).norm() == pytest.approx(6 * SCALE / 0.55, rel=0.06)
    found, _ = traced(side, source, 2, places)
    assert (found[1] - found[0]).norm() == pytest.approx(6 * SCALE * 0.55, rel=0.06)


@pytest.mark.parametrize("lost", KEYPOINTS)
def test_a_joint_that_was_not_found_leaves_the_others_where_they_are(lost):
    source = person()
    target = source.clone()
    target[KEYPOINTS.index(lost)] = 0
    photo = photo_joints(source[None])
    for given, base in ((target, photo), (source, photo_joints(target[None]))):
        joints = target_joints(given[None], base, source[None] if base is photo else target[None])
        assert joints.known.all()
        used = [index for index in range(len(photo.places[0])) if index not in (0, 14, 15, 16, 17)]
        assert (joints.places - base.places)[0, used].norm(dim=-1).max() < 4 * SCALE


def test_one_shoulder_and_one_hip_are_enough_and_so_is_a_face():
    source = person()
    photo = photo_joints(source[None])
    for kept in (("right_shoulder", "left_hip"), ("nose", "right_eye"), ("left_hip",), ("right_knee",)):
        target = torch.zeros_like(source)
        for name in kept:
            target[KEYPOINTS.index(name)] = source[KEYPOINTS.index(name)]
        joints = target_joints(target[None], photo, source[None])
        assert joints.known.all()
        assert (joints.places - photo.places)[0, [NECK, HIPS]].norm(dim=-1).max() < 7 * SCALE
    assert not target_joints(torch.zeros_like(source)[None], photo, source[None]).known.any()


@pytest.mark.parametrize("seed", range(4))
def test_any_key_points_lead_to_finite_places(seed):
    wild = [torch.cat([random(18, 2, seed=s, low=-200, high=600), random(18, 1, seed=s, low=0)], 1) for s in (seed, 99)]
    for bone in range(len(BONES)):
        found, valid = traced(*wild, bone, anywhere(seed))
        assert found[valid > 0].isfinite().all()
        assert 0 <= valid.min() <= valid.max() <= 1
