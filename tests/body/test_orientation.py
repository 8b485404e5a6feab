import numpy as np
import pytest

from tempose.body.motions import builtin_motion
from tempose.body.orientation import UP, facing_front, find_up, up_rotation
from tempose.body.skeleton import Proportions, Skeleton
from tempose.core.errors import InputError

Y = np.array([0.0, 1, 0])


def person(name="walk", frames=24):
    skeleton = Skeleton(Proportions.draw(np.random.default_rng(0)))
    return skeleton.keypoints(skeleton.pose(builtin_motion(name, frames=frames, fps=12)))


def in_file(points, up):
    """World points, y up, as a file has them whose up is another axis."""
    return points @ up_rotation(up)


@pytest.mark.parametrize("motion", ["walk", "dance", "squat"])
@pytest.mark.parametrize("up", [up for up in UP if up not in ("y", "-y")])
def test_where_people_stand_is_up_and_said(up, motion):
    found = find_up(in_file(person(motion), up), None)
    assert found.up == up
    assert f"up is taken to be {up}" in found.note
    np.testing.assert_allclose(in_file(person(motion), up) @ up_rotation(up).T, person(motion), atol=1e-9)


def test_y_needs_no_word():
    assert find_up(person(), Y) == find_up(person(), None)
    assert (find_up(person(), Y).up, find_up(person(), Y).note) == ("y", None)


def test_somebody_on_the_floor_lies_and_that_is_said():
    lying = in_file(person("idle"), "z")  # the head towards z, up is y
    lying = lying - lying[..., 1].min() * Y + (0, 0, 5)
    lying[..., 1] *= 0.5
    found = find_up(lying, Y)
    assert found.up == "y"
    assert "lies along its z axis" in found.note
    assert "--up z" in found.note


def test_somebody_who_lies_down_stood_before():
    fallen = np.concatenate([person(frames=10), in_file(person(frames=50), "z")])
    assert find_up(fallen, Y).up == "y"
    assert "mostly lies" in find_up(fallen, Y).note


def test_a_file_upside_down_is_turned_and_a_handstand_is_not():
    down = person("idle") * (1, -1, -1)
    found = find_up(down, Y)
    assert found.up == "-y"
    assert "upside down" in found.note
    handstand = down.copy()
    for wrist in (4, 7):
        handstand[:, wrist, 1] = down[..., 1].min() - 0.3
    assert find_up(handstand, Y).up == "y"


def test_rotations_keep_right_and_left():
    for up in UP:
        turn = up_rotation(up)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == pytest.approx(1)
    with pytest.raises(InputError, match="up is 'w'; wanted one of x, -x, y"):
        up_rotation("w")


def test_the_first_frame_faces_the_camera():
    left = facing_front(person())[0, 11] - facing_front(person())[0, 8]
    assert left[0] > 0
    assert left[2] == pytest.approx(0)
