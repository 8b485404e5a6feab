import pytest
from body.captures import Convention, write

from tempose.body.bvh import parsed
from tempose.body.joints import OURS, find_joints, read_joint_map
from tempose.core.errors import InputError, PoseError


def capture(**convention):
    return parsed(write(Convention(**convention), frames=2))


def test_known_names_need_no_note(heard):
    found = find_joints(capture())
    assert set(found) == set(OURS)
    assert heard == []


def test_what_only_the_shape_tells_is_said(heard):
    found = find_joints(capture(names="unknown"))
    assert set(found) == set(OURS) - {"neck"}
    assert "names of the motion capture's joints are not known" in heard[0]
    assert "--joints" in heard.pop()
    one_arm = parsed(write(Convention(), frames=2).replace("RightForeArm", "Spaghetti"))
    found = find_joints(one_arm)
    assert one_arm.joints[found["right_elbow"]].name == "Spaghetti"
    assert "right shoulder, right elbow, right wrist taken by the shape" in heard.pop()


def test_the_map_has_the_last_word(heard):
    given = capture()
    found = find_joints(given, {"LeftForeArm": "left_wrist"})
    assert given.joints[found["left_wrist"]].name == "LeftForeArm"
    assert given.joints[found["left_elbow"]].name == "LeftForeArm"
    assert heard == []


@pytest.mark.parametrize(
    ("given", "message"),
    [({"LeftHand": "paw"}, "LeftHand: paw; wanted one of left_shoulder"), ({"Tail": "head"}, "names Tail, which")],
)
def test_a_map_that_fits_nothing_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        find_joints(capture(), given)


def test_no_person_is_named_with_what_to_do():
    text = "HIERARCHY\nROOT box { OFFSET 0 0 0 CHANNELS 1 Xrotation }\nMOTION\nFrames: 1\nFrame Time: 1\n0"
    with pytest.raises(PoseError, match=r"left shoulder; say which is which with --joints map.yaml.*\(it has box\)$"):
        find_joints(parsed(text))


def test_a_map_file(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text("Oberarm rechts: right_shoulder\n1: head\n")
    assert read_joint_map(path) == {"Oberarm rechts": "right_shoulder", "1": "head"}
    with pytest.raises(InputError, match="no map of joints"):
        read_joint_map(tmp_path / "none.yaml")
    for wrong in ("[a, b]", "a: [1]", "a: {b: c}", "", "a: &x [*x]", "a: 'b", "? [a]\n: b", "\t- a", "[" * 3000):
        path.write_text(wrong)
        with pytest.raises(InputError, match="map of joints"):
            read_joint_map(path)
