import pytest
from body.captures import SCHEMES, Convention, names_of, write

from tempose.body.bvh import parsed
from tempose.body.joint_names import by_name, plain_names, side_of, split

OURS = {"Arm": "shoulder", "ForeArm": "elbow", "Hand": "wrist", "UpLeg": "hip", "Leg": "knee", "Foot": "ankle"}
KNOWN = [scheme for scheme in SCHEMES if not scheme.startswith("unknown")]


@pytest.mark.parametrize(
    "convention", [{}, {"prefix": "Bip01 "}, {"prefix": "Actor:rig_"}, {"suffix": "_bind"}], ids=str
)
@pytest.mark.parametrize("scheme", KNOWN)
def test_the_names_of_many_programs(scheme, convention):
    capture = parsed(write(Convention(names=scheme, **convention), frames=1))
    names = names_of(scheme)
    expected = {
        f"{side}_{ours}": names[f"{letter}{limb}"]
        for letter, side in (("L", "left"), ("R", "right"))
        for limb, ours in OURS.items()
    } | {"head": names["Head"]}
    found = {key: capture.joints[index].name for key, index in by_name(capture).items()}
    prefix, suffix = convention.get("prefix", ""), convention.get("suffix", "")
    assert {key: found.get(key) for key in expected} == {k: prefix + name + suffix for k, name in expected.items()}


def test_names_that_say_nothing_are_not_guessed():
    assert by_name(parsed(write(Convention(names="unknown"), frames=1))) == {}


def test_words():
    assert split("mixamorig:LeftUpLeg") == ["left", "up", "leg"]
    assert split("LUArm") == ["lu", "arm"]
    assert split("spine.006") == ["spine", "006"]
    assert split("Bip01 L Thigh") == ["bip", "01", "l", "thigh"]
    assert plain_names(["CC_Base_Hip", "CC_Base_Head", "CC_Base_L_Calf"]) == [("hip",), ("head",), ("l", "calf")]


def test_sides():
    assert [side_of(name) for name in ("thigh_l", "R Hand", "左腕", "Shoulder", "hair")] == [
        "left", "right", "left", None, None,
    ]  # fmt: skip


def test_a_tree_of_one_name_is_looked_at_in_no_time():
    lines = ["HIERARCHY", "ROOT Hips {", "OFFSET 0 0 0", "CHANNELS 3 Zrotation Xrotation Yrotation"]
    for name in ("LeftArm", "LeftForeArm", "LeftHand"):
        lines += [f"JOINT {name} {{ OFFSET 0 1 0 CHANNELS 0"] * 300
    text = "\n".join(lines) + "}" * 901 + "\nMOTION\nFrames: 1\nFrame Time: .1\n0 0 0\n"
    assert set(by_name(parsed(text))) == {"left_shoulder", "left_elbow", "left_wrist"}
