"""A BVH file is read as its format says, and nothing else is taken for one."""

import numpy as np
import pytest

from tempose.body.bvh import capture_keypoints, read_bvh
from tempose.core.errors import PoseError
from tempose.pose.bones import BONES
from tempose.pose.keypoints import KEYPOINTS

LIMB = """{indent}JOINT {name}
{{
OFFSET {offset}
CHANNELS 3 Zrotation Xrotation Yrotation
{below}
}}
"""
CMU = {"arm": ("Arm", "ForeArm", "Hand"), "leg": ("UpLeg", "Leg", "Foot")}
OTHER = {"arm": ("Shoulder", "Elbow", "Wrist"), "leg": ("Hip", "Knee", "Ankle")}


def chain(names, offsets):
    if not names:
        return "End Site\n{\nOFFSET 0 -1 0\n}"
    return LIMB.format(indent="", name=names[0], offset=offsets[0], below=chain(names[1:], offsets[1:]))


def bvh(names=CMU, prefix="", *, frames=2, turn=0.0, values=None):
    """A person of 17 units who faces +z, arms hanging; `turn` is the root's rotation about y."""
    limbs = ""
    for side, sign in (("Left", 1), ("Right", -1)):
        arm = [f"{prefix}{side}{name}" for name in names["arm"]]
        leg = [f"{prefix}{side}{name}" for name in names["leg"]]
        limbs += chain(arm, [f"{sign * 1.6} 5 0", "0 -3 0", "0 -2.5 0"])
        limbs += chain(leg, [f"{sign * 0.9} 0 0", "0 -4.2 0", "0 -4 0"])
    limbs += chain([f"{prefix}Head"], ["0 6.5 0"])
    root = f"HIERARCHY\nROOT {prefix}Hips\n{{\nOFFSET 0 0 0\n"
    root += "CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation\n"
    row = [0, 9, 0, turn, 0, 0] + [0] * 39
    lines = values or [" ".join(map(str, row))] * frames
    return f"{root}{limbs}}}\nMOTION\nFrames: {frames}\nFrame Time: 0.05\n" + "\n".join(lines) + "\n"


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / "motion.bvh"
        path.write_text(text)
        return path

    return to_file


@pytest.mark.parametrize("prefix", ["", "mixamorig:"])
@pytest.mark.parametrize("names", [CMU, OTHER])
def test_common_names_become_key_points(write, names, prefix):
    capture = read_bvh(write(bvh(names, prefix)))
    assert capture.fps == pytest.approx(20)
    points = dict(zip(KEYPOINTS, capture_keypoints(capture)[0], strict=True))
    assert points["left_shoulder"][0] > 0 > points["right_shoulder"][0]
    heights = [points[name][1] for name in ("left_eye", "nose", "neck", "left_hip", "left_knee", "left_ankle")]
    assert heights == sorted(heights, reverse=True)
    assert points["nose"][2] > points["left_ear"][2]
    np.testing.assert_allclose(points["neck"], (points["left_shoulder"] + points["right_shoulder"]) / 2)


@pytest.mark.parametrize("turn", [0, 90, -150])
def test_the_person_at_first_faces_the_camera_whichever_way_they_stood(write, turn):
    points = capture_keypoints(read_bvh(write(bvh(turn=turn))))
    np.testing.assert_allclose(points, capture_keypoints(read_bvh(write(bvh()))), atol=1e-6)


def test_rotations_apply_in_the_order_of_the_channels(write):
    row = [0, 9, 0, 0, 0, 0] + [0] * 39
    row[6:9] = 90, 90, 0  # the left upper arm: about z, then about its own x
    joints, _ = read_bvh(write(bvh(frames=1, values=[" ".join(map(str, row))]))).pose()
    shoulder, elbow = joints[0, 1], joints[0, 2]
    np.testing.assert_allclose(elbow - shoulder, (0, 0, -3), atol=1e-9)


def test_a_first_frame_for_calibration_is_left_out(write):
    still = " ".join(["0 9 0 0 0 0"] + ["0"] * 39)
    arms_up = " ".join(["0 9 0 0 0 0"] + ["90 0 0"] + ["0"] * 36)
    assert len(capture_keypoints(read_bvh(write(bvh(frames=5, values=[arms_up] + [still] * 4))))) == 4
    assert len(capture_keypoints(read_bvh(write(bvh(frames=5))))) == 5


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "MOTION is missing"),
        (lambda text: text[:-20], "numbers; 2 frames of 45 channels need 90"),
        (lambda text: text.replace("HIERARCHY", "HIERARCHIE"), "'HIERARCHY' is wanted"),
        (lambda text: text.replace("Xrotation", "Xturn", 1), "unknown channel Xturn"),
        (lambda text: text.replace("0 9 0", "0 nan 0", 1), "NaN or infinite"),
        (lambda text: text.replace("0 9 0", "0 nine 0", 1), "not a whole BVH file"),
        (lambda text: text.replace("Frame Time: 0.05", "Frame Time: 0"), "frames of 0 seconds"),
        (lambda text: text.replace("OFFSET 0 6.5 0", "OFFSET 0 6.5"), "not a whole BVH file"),
        (lambda text: "", "MOTION is missing"),
    ],
)
def test_a_broken_file_is_named(write, spoil, message):
    with pytest.raises(PoseError, match=r"motion\.bvh.*" + message):
        read_bvh(write(spoil(bvh())))


def test_what_is_no_bvh_is_named(tmp_path, write):
    with pytest.raises(PoseError, match="there is no BVH file"):
        read_bvh(tmp_path / "nowhere.bvh")
    (tmp_path / "picture.bvh").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(PoseError, match="it is not text"):
        read_bvh(tmp_path / "picture.bvh")
    with pytest.raises(PoseError, match="no joint for the right shoulder"):
        capture_keypoints(read_bvh(write(bvh().replace("Right", "Starboard"))))


def test_real_captures_stand_upright_and_keep_their_bones(real):
    for name, frames in (("cmu_12_01_walk", 523), ("cmu_jumping_jacks", 125)):
        points = capture_keypoints(read_bvh(real / "poses" / f"{name}.bvh"))
        assert len(points) == frames
        assert (points[:, KEYPOINTS.index("nose"), 1] > points[:, KEYPOINTS.index("neck"), 1]).all()
        for bone in BONES[3:]:
            for start, end in zip(bone.starts, bone.ends, strict=True):
                length = np.linalg.norm(points[:, end] - points[:, start], axis=-1)
                assert np.ptp(length) < 1e-3 * length.mean(), bone.name
