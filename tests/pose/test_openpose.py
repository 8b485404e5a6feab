import json

import numpy as np
import pytest

from tempose.core.errors import InputError, PoseError
from tempose.pose.keypoints import KEYPOINTS
from tempose.pose.openpose import read_openpose

# The joints of BODY_25 in order (OpenPose, doc/02_output.md), in our names.
BODY_25 = [
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee",
    "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear", "left_big_toe",
    "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
]  # fmt: skip


def body(joints: int, x: float = 0, scale: float = 1) -> list[float]:
    return [
        value for joint in range(joints) for value in (x + scale * joint, 100 + scale * 3 * joint, 0.5 + joint / 100)
    ]


def write(folder, frames, **extra):
    folder.mkdir(exist_ok=True)
    for index, people in enumerate(frames):
        fields = {"version": 1.3, "people": [{"pose_keypoints_2d": person} for person in people]} | extra
        (folder / f"clip_{index}_keypoints.json").write_text(json.dumps(fields))
    return folder


def test_body_25_by_name(tmp_path):
    motion = read_openpose(write(tmp_path / "a", [[body(25)]]), fps=25, size=(300, 200))
    expected = np.array(body(25)).reshape(25, 3)[[BODY_25.index(name) for name in KEYPOINTS]]
    assert np.allclose(motion.keypoints[0], expected)
    assert (motion.size, motion.fps) == ((300, 200), 25)


def test_coco_18_is_taken_as_it_is(tmp_path):
    motion = read_openpose(write(tmp_path / "a", [[body(18)]]), fps=25, size=(300, 200))
    assert np.allclose(motion.keypoints[0], np.array(body(18)).reshape(18, 3))


def test_files_come_in_the_order_of_their_numbers(tmp_path):
    folder = write(tmp_path / "a", [[body(25, x=float(index))] for index in range(12)])
    motion = read_openpose(folder, fps=25, size=(300, 200))
    assert np.allclose(motion.keypoints[:, 0, 0], np.arange(12))


def test_one_person_is_followed_among_several(tmp_path):
    small, large = body(25, x=100, scale=0.5), body(25)
    folder = write(tmp_path / "a", [[small, large], [large, small], [small], [large]])
    largest = read_openpose(folder, fps=25, size=(300, 200))
    assert np.allclose(largest.keypoints[:, 1, 0], [1, 1, 0, 1])
    assert largest.keypoints[2, :, 2].max() == 0
    second = read_openpose(folder, fps=25, size=(300, 200), person=2)
    assert np.allclose(second.keypoints[:, 1, 0], [100.5, 100.5, 100.5, 0])


def test_missing_joints_and_empty_frames_are_missing(tmp_path):
    person = body(25)
    person[12:15] = [0, 0, 0]
    motion = read_openpose(write(tmp_path / "a", [[person], []]), fps=25, size=(300, 200))
    assert (motion.keypoints[0, 4] == 0).all()
    assert (motion.keypoints[1] == 0).all()


def test_one_file_and_its_canvas(tmp_path):
    folder = write(tmp_path / "a", [[body(18)]], canvas_height=768, canvas_width=512)
    motion = read_openpose(folder / "clip_0_keypoints.json", fps=25)
    assert (len(motion), motion.size) == (1, (768, 512))


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(PoseError, match="no OpenPose JSON"):
        read_openpose(tmp_path, fps=25, size=(9, 9))
    with pytest.raises(InputError, match="size"):
        read_openpose(write(tmp_path / "a", [[body(25)]]), fps=25)
    with pytest.raises(PoseError, match="nobody"):
        read_openpose(write(tmp_path / "b", [[], []]), fps=25, size=(9, 9))
    bad = {
        "not json": "{",
        "another": '{"people": 3}',
        "joints": json.dumps({"people": [{"pose_keypoints_2d": body(17)}]}),
    }
    for name, content in bad.items():
        (tmp_path / f"{name}.json").write_text(content)
        with pytest.raises(PoseError, match=f"{name}.json is not"):
            read_openpose(tmp_path / f"{name}.json", fps=25, size=(9, 9))


def test_real_files_follow_the_man_and_not_the_spurious_person(real):
    motion = read_openpose(real / "poses" / "openpose_treadmill_scuba", fps=23.976, size=(720, 720))
    assert len(motion) == 90
    assert (motion.keypoints[:, 1, 2] > 0.3).all()
    steps = np.linalg.norm(np.diff(motion.keypoints[:, 1, :2], axis=0), axis=-1)
    assert steps.max() < 60
