"""Fingers of captures: by the names of many programs, in any axes, seen by a camera."""

import numpy as np
import pytest
from body.captures import FINGER_BASES, Convention, write

from tempose.body.bvh import Bvh, parsed
from tempose.body.keypoints import capture_keypoints
from tempose.pose.keypoints import WRISTS
from tempose.pose.reading import ReadOptions, Source

ORDER = ("Thumb", "Index", "Middle", "Ring", "Pinky")
NAMES = {
    "Mixamo": tuple(f"{{Side}}Hand{name}{{n}}" for name in ORDER),
    "Unreal": tuple(f"{name.lower()}_0{{n}}_{{s}}" for name in ORDER),
    "Biped": tuple(f"Bip01 {{S}} Finger{number}{{m}}" for number in range(5)),
    "VRoid": tuple(f"J_Bip_{{S}}_{name}{{n}}" for name in (*ORDER[:4], "Little")),
    "Rigify": ("thumb.0{n}.{S}", *(f"f_{name.lower()}.0{{n}}.{{S}}" for name in ORDER[1:])),
    "Daz": tuple(f"{{s}}{name}{{n}}" for name in ("Thumb", "Index", "Mid", "Ring", "Pinky")),
    "MMD": tuple(f"{{side}}{name}{{m}}" for name in ("親指", "人指", "中指", "薬指", "小指")),
    "counted from one": tuple(f"{{Side}}Finger{number}_{{n}}" for number in range(1, 6)),
}


def found(**convention):
    return capture_keypoints(parsed(write(Convention(**convention))))


def in_palms(hands):
    """Hands `f 2 21 3` from the wrist, in lengths of the palm."""
    palm = np.linalg.norm(hands[0, 1, 9] - hands[0, 1, 0])
    return (hands - hands[:, :, :1]) / palm


PLAIN = in_palms(found(fingers=NAMES["Mixamo"]).hands)


def test_every_joint_is_where_the_file_has_it():
    motion = found(fingers=NAMES["Mixamo"])
    np.testing.assert_allclose(motion.hands[:, :, 0], motion.points[:, WRISTS], atol=1e-6)
    bones = np.linalg.norm(np.diff(motion.hands[:, :, 5:9], axis=2), axis=-1)
    np.testing.assert_allclose(bones, np.broadcast_to(np.hypot([4, 3, 2], 0.5), bones.shape), rtol=1e-4)
    lengths = np.linalg.norm(motion.hands[:, :, [1, 5, 9, 13, 17]] - motion.hands[:, :, :1], axis=-1)
    expected = np.linalg.norm(FINGER_BASES, axis=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(expected, lengths.shape), rtol=1e-4)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_the_names_of_many_programs(names):
    np.testing.assert_allclose(in_palms(found(fingers=names).hands), PLAIN, atol=1e-3)


@pytest.mark.parametrize("convention", [{"up": "z"}, {"bones": "random"}, {"scale": 0.01}, {"reverse": True}])
def test_whatever_the_axes_and_the_unit(convention):
    np.testing.assert_allclose(in_palms(found(fingers=NAMES["Unreal"], **convention).hands), PLAIN, atol=2e-2)


def test_a_capture_without_fingers_has_no_hands():
    assert found().hands is None
    assert found(extras=True).hands is None


def test_fingers_that_are_not_there_are_missing():
    hands = found(fingers=NAMES["Mixamo"][:2]).hands
    assert np.isfinite(hands[:, :, :9]).all()
    assert np.isnan(hands[:, :, 9:]).all()


def test_a_camera_sees_them_with_depth(tmp_path):
    path = tmp_path / "walk.bvh"
    path.write_text(write(Convention(fingers=NAMES["Daz"][:4])))
    motion = Bvh().read(Source(path), ReadOptions()).motion
    np.testing.assert_allclose(motion.hands[:, :, 0, :2], motion.keypoints[:, WRISTS, :2], atol=1e-3)
    assert (motion.hands[:, :, :17, 2] == 1).all()
    assert not motion.hands[:, :, 17:].any()
    assert not motion.hands[:, :, 0, 3].any()
    assert np.abs(motion.hands[:, :, 5, 3]).max() > 1
    bare = tmp_path / "bare.bvh"
    bare.write_text(write(Convention()))
    np.testing.assert_allclose(Bvh().read(Source(bare), ReadOptions()).motion.keypoints, motion.keypoints, atol=1e-3)
