"""The same walk in all conventions gives the same key points."""

import random
from pathlib import Path

import numpy as np
import pytest
from body.captures import SCHEMES, UPS, Convention, write

from tempose.body.bvh import parsed, read_bvh
from tempose.body.keypoints import capture_keypoints
from tempose.core.errors import PoseError
from tempose.pose.bones import BONES
from tempose.pose.keypoints import KEYPOINTS, MIRROR

CASES = Path(__file__).parent / "cases"
FACE = [0, 14, 15, 16, 17]
BODY = [index for index in range(18) if index not in FACE]


def in_trunks(points):
    """Key points `f 18 3` from the first neck, in lengths of the trunk."""
    trunk = np.median(np.linalg.norm(points[:, 1] - points[:, [8, 11]].mean(1), axis=-1))
    return (points - points[0, 1]) / trunk


def found(convention):
    return capture_keypoints(parsed(write(convention)))


PLAIN = in_trunks(found(Convention()).points)


def test_a_person_who_walks():
    points = dict(zip(KEYPOINTS, PLAIN[0], strict=True))
    assert points["left_shoulder"][0] > 0 > points["right_shoulder"][0]
    heights = [points[name][1] for name in ("left_eye", "nose", "neck", "left_hip", "left_knee", "left_ankle")]
    assert heights == sorted(heights, reverse=True)
    assert points["nose"][2] > points["left_ear"][2] > -0.1
    np.testing.assert_allclose(points["neck"], (points["left_shoulder"] + points["right_shoulder"]) / 2)


@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_conventions(seed, heard):
    rng = random.Random(seed)
    convention = Convention(
        names=rng.choice(list(SCHEMES)),
        prefix=rng.choice(["", "mixamorig:", "mixamorig9:", "Skeleton1:Skeleton1_", "Actor01_", "m_avg_", "x"]),
        suffix=rng.choice(["", "_JNT", ".001"]),
        up=rng.choice(list(UPS)),
        bones=rng.choice(["world", "x", "random"]),
        order=rng.choice(["ZXY", "ZYX", "XYZ", "YXZ", "YZX", "XZY"]),
        six=rng.choice(["root", "all", "some", "zero"]),
        scale=rng.choice([1, 0.01, 0.3937]),
        rooted=rng.random() < 0.3,
        reverse=rng.random() < 0.3,
        extras=rng.random() < 0.3,
    )
    motion = found(convention)
    points = in_trunks(motion.points)
    np.testing.assert_allclose(points[:, BODY], PLAIN[:, BODY], atol=1e-3)
    # Without a pose at rest that stands, the head looks where the body does on the whole.
    np.testing.assert_allclose(points[:, FACE], PLAIN[:, FACE], atol=1e-3 if convention.bones == "world" else 0.05)
    assert motion.up == convention.up
    assert any("up is taken" in note for note in heard) == (convention.up != "y")
    assert any("shape of the skeleton" in note for note in heard) >= convention.names.startswith("unknown")


@pytest.mark.parametrize("name", ["bones-along-x", "bones-along-x-z-up", "z-up", "six-channels", "mixed-channels"])
def test_one_walk_in_files(name, heard):
    plain = capture_keypoints(read_bvh(CASES / "plain.bvh"))
    assert heard == []
    other = capture_keypoints(read_bvh(CASES / f"{name}.bvh"))
    np.testing.assert_allclose(other.points, plain.points, atol=1e-5)
    assert bool(heard) == ("z-up" in name)


def test_a_handstand_stays_one_and_what_is_upside_down_does_not(heard):
    hands = capture_keypoints(read_bvh(CASES / "handstand.bvh"))
    assert (hands.points[:, 4, 1] < hands.points[:, 0, 1]).all()
    assert (hands.points[:, 0, 1] < hands.points[:, 10, 1]).all()
    turned = capture_keypoints(read_bvh(CASES / "upside-down.bvh"))
    assert (turned.points[:, 0, 1] > turned.points[:, 10, 1]).all()
    assert "upside down" in heard.pop()
    as_it_is = capture_keypoints(read_bvh(CASES / "upside-down.bvh"), up="y")
    assert (as_it_is.points[:, 0, 1] < as_it_is.points[:, 10, 1]).all()
    assert heard == []


def test_left_and_right_exchanged_are_mirrored_back(heard):
    text = write(Convention())
    exchanged = text.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
    motion = capture_keypoints(parsed(exchanged.replace("# ", "")))
    assert "left and right are exchanged" in heard[0]
    expected = PLAIN[:, MIRROR] * (-1, 1, 1)
    np.testing.assert_allclose(in_trunks(motion.points), expected, atol=0.02)


def test_heels_do_not_turn_a_person_round(heard):
    text = write(Convention()).replace("ToeBase", "Heel").replace("OFFSET 0.000000 -7.000000 13", "OFFSET 0 -7 -9")
    motion = capture_keypoints(parsed(text))
    assert heard == []
    np.testing.assert_allclose(in_trunks(motion.points), PLAIN, atol=1e-3)


def test_of_two_people_the_first_is_taken_and_that_is_said(heard):
    one, two = write(Convention(prefix="A:")), write(Convention(prefix="B:"))
    trees = [text[text.index("ROOT") : text.index("MOTION")] for text in (one, two)]
    rows = [text[text.index("0.05") + 5 :].splitlines() for text in (one, two)]
    both = "".join(["HIERARCHY\n", *trees, "MOTION\nFrames: 12\nFrame Time: 0.05\n"])
    motion = capture_keypoints(parsed(both + "\n".join(map(" ".join, zip(*rows, strict=True)))))
    assert heard == ["the motion capture holds 2 skeletons; that of A:Hips is taken"]
    np.testing.assert_allclose(in_trunks(motion.points), PLAIN, atol=1e-3)


def test_without_a_head_the_face_is_on_the_neck():
    text = write(Convention())
    start, end = text.index("JOINT Head"), text.index("JOINT LeftShoulder")
    headless = text[:start] + "End Site\n{\nOFFSET 0 10 0\n}\n}\n" + text[end:]
    lines = headless[headless.index("0.05") :].splitlines()[1:]
    rows = [" ".join(row.split()[:15] + row.split()[18:]) for row in lines]
    motion = capture_keypoints(parsed(headless[: headless.index("0.05") + 5] + "\n".join(rows)))
    points = in_trunks(motion.points)
    np.testing.assert_allclose(points[:, BODY], PLAIN[:, BODY], atol=1e-3)
    np.testing.assert_allclose(points[:, FACE], PLAIN[:, FACE], atol=0.1)


@pytest.mark.parametrize("turn", [0, 90, -150])
def test_the_person_at_first_faces_the_camera_whichever_way_they_stood(turn):
    lines = write(Convention(order="YXZ"), frames=3).splitlines()
    rows = [line.split() for line in lines[-3:]]
    turned = [" ".join([*row[:3], str(turn), *row[4:]]) for row in rows]
    points = capture_keypoints(parsed("\n".join([*lines[:-3], *turned]))).points
    left = points[0, 11] - points[0, 8]
    assert left[2] == pytest.approx(0, abs=1e-6)
    assert left[0] > 0


def test_a_first_frame_for_calibration_is_left_out():
    lines = write(Convention(), frames=6).splitlines()
    still = lines[-6].split()
    t_pose = " ".join(still[:6] + ["0"] * (len(still) - 6))
    assert len(capture_keypoints(parsed("\n".join([*lines[:-6], t_pose, *[lines[-6]] * 5]))).points) == 5
    assert len(capture_keypoints(parsed("\n".join(lines))).points) == 6


def test_no_body_at_all_is_refused():
    text = write(Convention(), frames=2)
    flat = "\n".join("OFFSET 0 0 0" if line.startswith("OFFSET") else line for line in text.splitlines())
    with pytest.raises(PoseError, match="all at one place"):
        capture_keypoints(parsed(flat))


def test_real_captures_stand_upright_and_keep_their_bones(real, heard):
    for name, frames in (("cmu_12_01_walk", 523), ("cmu_jumping_jacks", 125)):
        motion = capture_keypoints(read_bvh(real / "poses" / f"{name}.bvh"))
        points = motion.points
        assert len(points) == frames
        assert heard == []
        assert (points[:, KEYPOINTS.index("nose"), 1] > points[:, KEYPOINTS.index("neck"), 1]).all()
        for bone in BONES[3:]:
            for start, end in zip(bone.starts, bone.ends, strict=True):
                length = np.linalg.norm(points[:, end] - points[:, start], axis=-1)
                assert np.ptp(length) < 1e-3 * length.mean(), bone.name
