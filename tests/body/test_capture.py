import numpy as np
import pytest
from body.captures import Convention, write

from tempose.body.bvh import parsed


def test_rotations_apply_in_the_order_of_the_channels():
    text = """HIERARCHY
ROOT a {
OFFSET 0 0 0
CHANNELS 3 Zrotation Xrotation Yrotation
End Site { OFFSET 0 -3 0 }
}
MOTION
Frames: 1
Frame Time: 0.1
90 90 0
"""  # about z, then about its own x
    np.testing.assert_allclose(parsed(text).pose[0][0, 1], (0, 0, -3), atol=1e-9)


@pytest.mark.parametrize("six", ["all", "some", "zero"])
def test_positions_of_joints_are_their_offsets_or_come_on_top(six):
    plain, given = parsed(write(Convention())), parsed(write(Convention(six=six)))
    np.testing.assert_allclose(given.pose[0], plain.pose[0], atol=1e-4)
    np.testing.assert_allclose(given.lengths, plain.lengths, atol=1e-4)


def test_a_joint_that_moves_against_its_parent_moves():
    text = write(Convention(six="all"), frames=3)
    lines = text.splitlines()
    spine = lines[-1].split()
    spine[7] = "14.000000"  # y of the joint on the hips, whose offset is 12
    moved = parsed("\n".join([*lines[:-1], " ".join(spine)]))
    step = moved.pose[0][2, 1] - moved.pose[0][2, 0]
    np.testing.assert_allclose(np.linalg.norm(step), 14, atol=1e-4)


def test_the_tree():
    capture = parsed(write(Convention()))
    names = [joint.name for joint in capture.joints]
    head = names.index("Head")
    assert [names[index] for index in capture.ancestors(head)] == ["Neck", "Spine1", "Spine", "Hips"]
    assert [names[index] for index in capture.children[head]] == ["Head end"]
    assert capture.lengths[names.index("LeftLeg")] == pytest.approx(42)
