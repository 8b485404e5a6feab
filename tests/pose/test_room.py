"""The room of a person holds all of them: hair, hands, shoes, clothes, held things, in any pose."""

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.people.clip import Recipe, draw_clip
from tempose.pose.bones import FACE
from tempose.pose.keypoints import Motion
from tempose.pose.retarget import retarget_motion
from tempose.pose.room import FARTHEST, person_reach, person_room, within
from tempose.pose.whole import whole_body


def photo(size=(400, 300)):
    return keypoint_motion("idle", frames=1, fps=1, size=size)


def holds(box, mask):
    rows, columns = np.nonzero(mask)
    left, top, right, bottom = box
    return (
        left <= columns.min() and top <= rows.min() and columns.max() + 1 <= right + 1 and rows.max() + 1 <= bottom + 1
    )


@pytest.mark.parametrize("person", range(4))
def test_the_room_holds_the_drawn_person_in_every_frame(person):
    """The reach is measured in the first frame alone; hair and clothes swing by less than the slack."""
    drawn = draw_clip(
        Recipe(person=person, motion="dance", motion_seed=person, scene=1, frames=6, fps=4, size=(128, 96))
    )
    body = whole_body(drawn.motion[:1])
    boxes = person_reach(body, drawn.masks[0]).boxes(whole_body(drawn.motion).points, body.build.scale[0])
    for box, mask in zip(boxes, drawn.masks, strict=True):
        assert holds(box + np.array([-2, -2, 2, 2]), mask)
    assert holds(person_room(drawn.motion[:1], drawn.masks[0]), drawn.masks[0])


def test_a_wide_skirt_and_a_held_thing_are_held_and_a_passer_by_is_not():
    person = photo()
    mask = np.zeros(person.size, bool)
    x, y = person.keypoints[0, :, :2].astype(int).T
    mask[y.min() : y.max(), x.min() : x.max()] = True
    skirt, bag = mask.copy(), mask.copy()
    hips, knees, wrist = y[[8, 11]].max(), y[[9, 12]].max(), (x[4], y[4])
    skirt[hips:knees, x[8] - 110 : x[11] + 110] = True
    bag[wrist[1] : wrist[1] + 40, wrist[0] - 55 : wrist[0]] = True
    for held in (skirt, bag):
        assert not holds(person_room(person), held)
        assert holds(person_room(person, held), held)
    other = mask.copy()
    other[:, 280:] = True
    assert person_room(person, other) == person_room(person, mask)


def test_what_is_held_is_held_in_the_motion_too():
    person = photo()
    mask = np.zeros(person.size, bool)
    x, y = person.keypoints[0, :, :2].astype(int).T
    mask[y.min() : y.max(), x.min() - 40 : x.max()] = True
    motion = keypoint_motion("dance", frames=8, fps=10, size=person.size)
    bare, full = retarget_motion(motion, person), retarget_motion(motion, person, mask=mask)
    assert full.room[0] < bare.room[0]


def test_nothing_reaches_farther_than_a_trunk():
    person = photo()
    body = whole_body(person)
    reach = person_reach(body, np.ones(person.size, bool))
    assert max(reach.joints.max(), reach.sides.max()) == FARTHEST


def test_a_head_seen_from_behind_has_its_room():
    person = photo()
    hidden = person.keypoints.copy()
    hidden[0, list(FACE)] = 0
    one, other = person_room(person), person_room(Motion(hidden, person.size, 1))
    assert abs(one[1] - other[1]) < 0.1 * float(whole_body(person).build.scale[0])


def test_a_box_within_a_picture_never_turns_over():
    assert within((-5, -5, 400, 20), (0, 0, 100, 50)) == (0, 0, 100, 20)
    assert within((120, -9, 150, -5), (0, 0, 100, 50)) == (100, 0, 100, 0)
