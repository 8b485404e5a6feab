import numpy as np
import pytest
from body.captures import Convention, names_of, write

from tempose.body.bvh import parsed, read_bvh
from tempose.body.capture import Capture, Joint
from tempose.body.joint_names import by_name
from tempose.body.joint_tree import by_shape


def unnamed(capture):
    joints = [Joint(f"j{i}", j.parent, j.offset, j.channels, j.end) for i, j in enumerate(capture.joints)]
    return Capture(tuple(joints), capture.values, capture.fps)


@pytest.mark.parametrize(
    "convention",
    [
        {},
        {"extras": True},
        {"rooted": True},
        {"reverse": True},
        {"bones": "random"},
        {"up": "z", "bones": "x"},
        {"scale": 0.01},
    ],
    ids=str,
)
def test_a_person_is_known_without_names(convention):
    capture = parsed(write(Convention(**convention)))
    names = names_of("mixamo")
    shape = {key: capture.joints[index].name for key, index in by_shape(unnamed(capture)).items()}
    assert shape == {
        **{f"{s}_shoulder": names[f"{letter}Arm"] for s, letter in (("left", "L"), ("right", "R"))},
        **{f"{s}_elbow": names[f"{letter}ForeArm"] for s, letter in (("left", "L"), ("right", "R"))},
        **{f"{s}_wrist": names[f"{letter}Hand"] for s, letter in (("left", "L"), ("right", "R"))},
        **{f"{s}_hip": names[f"{letter}UpLeg"] for s, letter in (("left", "L"), ("right", "R"))},
        **{f"{s}_knee": names[f"{letter}Leg"] for s, letter in (("left", "L"), ("right", "R"))},
        **{f"{s}_ankle": names[f"{letter}Foot"] for s, letter in (("left", "L"), ("right", "R"))},
        "head": "Head",
    }


def test_a_tail_is_no_person():
    joints = [Joint("a", -1)] + [Joint(f"b{i}", i, np.array([0, 1.0, 0]), ("Xrotation",)) for i in range(9)]
    assert by_shape(Capture(tuple(joints), np.zeros((2, 9)), 30)) == {}


def test_real_captures(real):
    for name in ("cmu_12_01_walk", "cmu_jumping_jacks"):
        capture = read_bvh(real / "poses" / f"{name}.bvh")
        named = by_name(capture)
        named.pop("neck")
        assert by_shape(unnamed(capture)) == named
