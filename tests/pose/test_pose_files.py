"""The same motion, written as JSON by many programs, gives the same key points."""

import json

import numpy as np
import pytest
from helpers import keypoint_motion

from tempose.core.errors import InputError, PoseError
from tempose.pose.face_mesh import FACE_70
from tempose.pose.formats.frames import person_motion
from tempose.pose.keypoints import HIDDEN, KEYPOINTS, MIN_CONFIDENCE
from tempose.pose.layouts import BODY_25, COCO_17, H36M_17, MPI_15, MPII_16
from tempose.pose.pose_files import read_pose_files

FRAMES = 8
MOTION = keypoint_motion("wave", frames=FRAMES, fps=10)
TRUTH = MOTION.keypoints.astype(float)

# Where joints are that are not key points, as shares of key points.
OTHERS = {
    "hips": {"right_hip": 0.5, "left_hip": 0.5},
    "thorax": {"right_shoulder": 0.5, "left_shoulder": 0.5},
    "upper_neck": {"neck": 0.6, "nose": 0.4},
    "head_top": {"nose": 2.5, "neck": -1.5},
    "spine": {"neck": 0.5, "right_hip": 0.25, "left_hip": 0.25},
    "chest": {"neck": 0.7, "right_hip": 0.15, "left_hip": 0.15},
    "left_toe": {"left_ankle": 1.0},
    "right_toe": {"right_ankle": 1.0},
}


def joint(points, name):
    if name in KEYPOINTS:
        return points[KEYPOINTS.index(name)]
    if name.startswith(("left", "right")):
        name = "left_toe" if name.startswith("left") else "right_toe"
    place = sum(share * points[KEYPOINTS.index(key), :2] for key, share in OTHERS.get(name, OTHERS["spine"]).items())
    return np.array([*place, 1.0])


def listed(points, layout, count=None):
    """A person's joints `j 3` in an order; those after it lie near the left wrist, as a hand does."""
    more = (count or len(layout)) - len(layout)
    joints = [joint(points, name) for name in layout]
    return np.array(joints + [points[KEYPOINTS.index("left_wrist")]] * more)


def flat(points, layout=KEYPOINTS, count=None):
    return listed(points, layout, count).flatten().tolist()


def openpose(person, **more):
    return {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": person}], **more}


@pytest.fixture
def motion_of(tmp_path):
    """The motion of frames in a folder, or of one file."""

    def read(frames=None, *, one=None, name="clip_{:012}_keypoints.json", fps=10.0, **options):
        if one is not None:
            path = tmp_path / "one.json"
            path.write_text(json.dumps(one))
        else:
            path = tmp_path / "frames"
            path.mkdir()
            for index, frame in enumerate(frames):
                text = frame if isinstance(frame, str) else json.dumps(frame)
                (path / name.format(index)).write_text(text)
        return person_motion(read_pose_files(path), fps=fps, **options)

    return read


def same(motion, *, joints=KEYPOINTS, within=0.01, size=None):
    """Whether a motion is MOTION, wherever its picture begins."""
    which = [KEYPOINTS.index(name) for name in joints]
    np.testing.assert_allclose(motion.keypoints[:, which, :2], TRUTH[:, which, :2], atol=within)
    assert (motion.keypoints[:, which, 2] == 1).all()
    assert size is None or motion.size == size
    return motion


# Orders of joints ---------------------------------------------------------------------------------

BODY_25B = (*COCO_17, "upper_neck", "head_top", *BODY_25[19:])
HALPE_26 = (*COCO_17, "head_top", "thorax", "hips", *["left_toe", "right_toe"] * 3)
FACELESS = [name for name in KEYPOINTS if "eye" not in name and "ear" not in name and name != "nose"]
ORDERS = {
    "BODY_25": (BODY_25, None, KEYPOINTS),
    "BODY_25B": (BODY_25B, None, KEYPOINTS),
    "COCO-18": (KEYPOINTS, None, KEYPOINTS),
    "COCO-17": (COCO_17, None, KEYPOINTS),
    "Human3.6M": (H36M_17, None, FACELESS),
    "MPII": (MPII_16, None, FACELESS),
    "MPI": (MPI_15, None, FACELESS),
    "Halpe-26": (HALPE_26, None, KEYPOINTS),
    "Halpe-68": (HALPE_26, 68, KEYPOINTS),
    "Halpe-136": (HALPE_26, 136, KEYPOINTS),
    "whole body": (COCO_17, 133, KEYPOINTS),
    "BODY_135": (BODY_25B, 135, KEYPOINTS),
}


def neck_between(points):
    """The key points of programs that have no neck."""
    points = points.copy()
    points[1, :2] = (points[2, :2] + points[5, :2]) / 2
    return points


@pytest.mark.parametrize(("layout", "count", "joints"), ORDERS.values(), ids=ORDERS)
def test_every_order_of_joints(motion_of, layout, count, joints, heard):
    people = [flat(neck_between(points), layout, count) for points in TRUTH]
    motion = motion_of([openpose(person) for person in people])
    same(motion, joints=[name for name in joints if name != "neck"])
    np.testing.assert_allclose(motion.keypoints[:, 1, :2], [neck_between(points)[1, :2] for points in TRUTH], atol=0.01)
    assert heard == []


def test_a_close_up_does_not_change_the_order(motion_of):
    upper = [
        np.where(np.isin(np.arange(25), [0, 1, 2, 5, 15, 16, 17, 18])[:, None], listed(p, BODY_25), 0) for p in TRUTH
    ]
    motion = motion_of([openpose(person.flatten().tolist()) for person in upper])
    same(motion, joints=("nose", "neck", "right_shoulder", "left_shoulder", "left_ear"))
    assert (motion.keypoints[:, 8:14] == 0).all()


def test_joints_in_no_order_and_of_no_number_are_refused(motion_of, tmp_path):
    mixed = np.random.default_rng(1).permutation(25)
    with pytest.raises(PoseError, match="25 joints are in no known order: neither BODY_25 nor BODY_25B"):
        motion_of([openpose(listed(points, BODY_25)[mixed].flatten().tolist()) for points in TRUTH])
    with pytest.raises(PoseError, match=r"0_keypoints\.json is not a whole file of OpenPose: a person has 60 numbers"):
        _one(tmp_path, openpose([1.0] * 60))


def _one(folder, data):
    (folder / "clip_0_keypoints.json").write_text(json.dumps(data))
    return read_pose_files(folder / "clip_0_keypoints.json")


# OpenPose and its relatives -----------------------------------------------------------------------

SPELLED = {
    "old key": lambda points: {"people": [{"pose_keypoints": flat(points)}]},
    "x and y alone": lambda points: openpose(points[:, :2].flatten().tolist()),
    "somebody without a body": lambda points: {
        "people": [{"pose_keypoints_2d": flat(points)}, {"pose_keypoints_2d": None}, {"face_keypoints_2d": [1, 2, 3]}]
    },
    "an empty body": lambda points: {"people": [{"pose_keypoints_2d": []}, {"pose_keypoints_2d": flat(points)}]},
    "nobody as null": lambda points: {"people": [None, {"pose_keypoints_2d": flat(points)}]},
    "points": lambda points: {"people": [{"pose_keypoints_2d": points.tolist()}]},
    "points by name": lambda points: openpose([{"x": x, "y": y, "confidence": c} for x, y, c in points]),
    "a canvas of nothing": lambda points: openpose(flat(points), canvas_width=0, canvas_height=0),
    "a mark at the beginning": lambda points: "\ufeff" + json.dumps(openpose(flat(points))),
    "a canvas": lambda points: openpose(flat(points), canvas_width=384, canvas_height=512),
}


@pytest.mark.parametrize("spell", SPELLED.values(), ids=SPELLED)
def test_spellings(motion_of, spell, heard):
    same(motion_of([spell(points) for points in TRUTH]))
    assert heard == []


@pytest.mark.parametrize(
    "missing",
    [[None, None, None], [0, 0, 0], [None, None, 0.9], [12.0, None, 0.5], [55.0, 66.0, None], [float("nan"), 9, 1]],
    ids=str,
)
def test_a_joint_that_is_null_is_missing(motion_of, missing):
    person = flat(TRUTH[0])
    person[12:15] = missing
    motion = motion_of([openpose(person)])
    assert (motion.keypoints[0, 4] == 0).all()
    assert (motion.keypoints[0, 5:, 2] == 1).all()


def test_names_of_files(motion_of, tmp_path, heard):
    frames = [openpose(flat(points)) for points in TRUTH]
    folder = tmp_path / "frames"
    motion = motion_of(frames, name="v7_{}_keypoints.JSON")
    same(motion)
    (folder / "._v7_0_keypoints.json").write_bytes(b"\x00\x05\x16\x07Mac OS X")
    (folder / ".DS_Store").write_bytes(b"\x00")
    (folder / "metadata.json").write_text('{"fps": 12, "video": "dance.mp4"}')
    again = person_motion(read_pose_files(folder), fps=10)
    same(again)
    assert heard == ["left out, since no key points are in it: metadata.json"]


def test_files_come_in_the_order_of_their_numbers(motion_of):
    motion = motion_of([openpose(flat(TRUTH[0] + (index, 0, 0))) for index in range(12)], name="clip_{}.json")
    np.testing.assert_allclose(motion.keypoints[:, 0, 0], TRUTH[0, 0, 0] + np.arange(12), atol=1e-3)


def test_frames_without_a_file_are_filled(tmp_path, motion_of, heard):
    for index in (0, 1, 4, 5, 7):
        (tmp_path / f"v2_{index:06}_keypoints.json").write_text(json.dumps(openpose(flat(TRUTH[index]))))
    motion = person_motion(read_pose_files(tmp_path), fps=10)
    assert len(motion) == 8
    np.testing.assert_allclose(motion.keypoints[[0, 1, 4, 5, 7], :, :2], TRUTH[[0, 1, 4, 5, 7], :, :2], atol=0.01)
    between = TRUTH[1] + (TRUTH[4] - TRUTH[1]) / 3
    np.testing.assert_allclose(motion.keypoints[2, :, :2], between[:, :2], atol=0.01)
    assert heard == ["3 frames without key points, by the numbers, were filled"]


def test_every_fifth_frame_is_no_gap(tmp_path, heard):
    for index in range(FRAMES):
        (tmp_path / f"{5 * index}.json").write_text(json.dumps(openpose(flat(TRUTH[index]))))
    same(person_motion(read_pose_files(tmp_path), fps=10))
    assert "numbers go up by 5" in heard[0]


def test_numbers_that_go_too_far_are_refused(tmp_path):
    for index in (0, 1, 10**12):
        (tmp_path / f"{index}.json").write_text(json.dumps(openpose(flat(TRUTH[0]))))
    with pytest.raises(InputError, match="numbers run from 0 to 1000000000000"):
        person_motion(read_pose_files(tmp_path), fps=10)


@pytest.mark.parametrize("lowest", [0, -1])
def test_shares_of_a_canvas_become_pixels(motion_of, lowest, heard):
    sides = np.array([768, 512])
    shares = TRUTH.copy()
    shares[..., :2] = TRUTH[..., :2] / sides * (1 if lowest == 0 else 2) + lowest
    motion = motion_of([openpose(flat(points), canvas_width=768, canvas_height=512) for points in shares])
    same(motion, size=(512, 768))
    assert heard == []


@pytest.mark.parametrize("lowest", [0, -1])
def test_shares_of_nobody_knows_what_are_a_square_and_that_is_said(tmp_path, motion_of, lowest, heard):
    shares = TRUTH.copy()
    shares[..., :2] = TRUTH[..., :2] / 512 * (1 if lowest == 0 else 2) + lowest
    same(motion_of([openpose(flat(points)) for points in shares]), size=(512, 512))
    assert "taken as a square; add canvas_width and canvas_height" in heard[0]


def test_without_a_size_the_picture_is_as_large_as_the_person(motion_of):
    motion = motion_of([openpose(flat(points - (100, 0, 0))) for points in TRUTH])
    assert (motion.keypoints[..., :2] >= 0).all()
    assert (motion.keypoints[..., 0] <= motion.size[1]).all()
    steps = np.diff(motion.keypoints[..., :2], axis=0)
    np.testing.assert_allclose(steps, np.diff(TRUTH[..., :2], axis=0), atol=0.01)


def test_one_person_is_followed_among_several(motion_of):
    small, large = flat(TRUTH[0] * (0.5, 0.5, 1) + (300, 0, 0)), flat(TRUTH[0])
    frames = [[small, large], [large, small], [small], [large]]
    motion = motion_of([{"people": [{"pose_keypoints_2d": person} for person in frame]} for frame in frames])
    np.testing.assert_allclose(motion.keypoints[[0, 1, 3], 1, 0], TRUTH[0, 1, 0], atol=0.01)
    assert motion.keypoints[2, :, 2].max() == 0


# Other programs -----------------------------------------------------------------------------------


def bodies(layout=COCO_17, count=None):
    return [(f"frame_{index}.jpg", flat(points, layout, count)) for index, points in enumerate(TRUTH)]


def instances(points):
    joints = listed(points, COCO_17)
    return [{"keypoints": joints[:, :2].tolist(), "keypoint_scores": joints[:, 2].tolist(), "bbox": [[1, 2, 3, 4]]}]


ONE_FILE = {
    "a list of frames": lambda: [openpose(flat(points)) for points in TRUTH],
    "a list of frames with a canvas": lambda: [
        openpose(flat(points / (384, 512, 1)), canvas_width=384, canvas_height=512) for points in TRUTH
    ],
    "a list of batches": lambda: [[openpose(flat(points))] for points in TRUTH],
    "an object of frames": lambda: {"frames": [openpose(flat(points)) for points in TRUTH]},
    "AlphaPose": lambda: [{"image_id": n, "category_id": 1, "keypoints": k, "score": 2.9} for n, k in bodies()],
    "AlphaPose with Halpe": lambda: [{"image_id": n, "keypoints": k, "score": 3} for n, k in bodies(HALPE_26)],
    "AlphaPose for CMU": lambda: {n: {"version": "v0.3", "bodies": [{"joints": k}]} for n, k in bodies(KEYPOINTS)},
    "AlphaPose for OpenPose": lambda: {n: {"people": [{"pose_keypoints_2d": k}]} for n, k in bodies(KEYPOINTS)},
    "results of COCO": lambda: [{"image_id": i + 7, "keypoints": k} for i, (_, k) in enumerate(bodies())],
    "MMPose": lambda: {
        "meta_info": {}, "instance_info": [{"frame_id": i + 1, "instances": instances(p)} for i, p in enumerate(TRUTH)],
    },
    "MMPose, a list": lambda: [{"frame_id": i, "instances": instances(p)} for i, p in enumerate(TRUTH)],
    "annotations of COCO": lambda: {
        "images": [{"id": 90 - i, "width": 384, "height": 512, "file_name": f"{i}.jpg"} for i in range(FRAMES)],
        "annotations": [{"id": i, "image_id": 90 - i, "keypoints": k} for i, (_, k) in enumerate(bodies())],
        "categories": [{"id": 1, "name": "person"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("write", ONE_FILE.values(), ids=ONE_FILE)
def test_one_file_of_all_frames(motion_of, write, heard):
    same(motion_of(one=write()), joints=[name for name in KEYPOINTS if name != "neck"])
    assert heard == []


def test_one_picture_of_an_editor(motion_of):
    points = TRUTH[0, :, :2].tolist()
    points[4] = None
    motion = motion_of(one={"width": 384, "height": 512, "keypoints": [points]})
    assert (len(motion), motion.size) == (1, (512, 384))
    assert (motion.keypoints[0, 4] == 0).all()
    np.testing.assert_allclose(motion.keypoints[0, 5:, :2], TRUTH[0, 5:, :2], atol=1e-3)
    single = motion_of(one=instances(TRUTH[0]))
    np.testing.assert_allclose(single.keypoints[0, 5:, :2], TRUTH[0, 5:, :2], atol=1e-3)


def test_alphapose_in_numbers_with_gaps_and_two_people(motion_of):
    found = [{"image_id": f"{i}.jpg", "keypoints": flat(TRUTH[i], COCO_17)} for i in (0, 1, 4, 7)]
    found.insert(1, {"image_id": "0.jpg", "keypoints": flat(TRUTH[0] * (0.3, 0.3, 1), COCO_17)})
    motion = motion_of(one=found)
    assert len(motion) == 8
    np.testing.assert_allclose(motion.keypoints[[0, 1, 4, 7], 2, :2], TRUTH[[0, 1, 4, 7], 2, :2], atol=0.01)


def test_visibility_of_coco(motion_of):
    person = flat(TRUTH[0], COCO_17)
    person[2::3] = [2] * 15 + [1, 0]
    data = {"images": [{"id": 1}], "annotations": [{"image_id": 1, "keypoints": person}]}
    confidence = motion_of(one=data).keypoints[0, :, 2]
    assert confidence[KEYPOINTS.index("left_ankle")] == HIDDEN > MIN_CONFIDENCE
    assert confidence[KEYPOINTS.index("right_ankle")] == 0
    assert confidence[0] == 1


# Hands and face -----------------------------------------------------------------------------------

RIGHT, LEFT = (np.array([[10 + x + point, 20 + 2 * point, 0.9] for point in range(21)]) for x in (0, 200))
DLIB = np.array([[100 + point, 50 + point % 7, 0.8] for point in range(70)])


def apart(points, *, pupils=True, scale=(1, 1, 1)):
    """A person of OpenPose with hands and face in lists of their own."""
    lists = {
        "hand_right_keypoints_2d": RIGHT,
        "hand_left_keypoints_2d": LEFT,
        "face_keypoints_2d": DLIB[: 68 + 2 * pupils],
    }
    return {"pose_keypoints_2d": (points * scale).flatten().tolist()} | {
        key: (part * scale).flatten().tolist() for key, part in lists.items()
    }


def in_one_list(points, order):
    """A person with hands and face behind the body, in the order that each program has them."""
    wholes = {
        "whole body": (listed(points, COCO_17, 23), DLIB[:68], LEFT, RIGHT),
        "Halpe-136": (listed(points, HALPE_26), DLIB[:68], LEFT, RIGHT),
        "Halpe-68": (listed(points, HALPE_26), LEFT, RIGHT),
        "BODY_135": (listed(points, BODY_25B), LEFT[1:], RIGHT[1:], DLIB),
    }
    return np.concatenate(wholes[order])


def check_details(motion, *, face=70, wrists=True):
    first = 0 if wrists else 1
    for frame in range(FRAMES):
        np.testing.assert_allclose(motion.hands[frame, 0, first:, :3], RIGHT[first:], atol=1e-3)
        np.testing.assert_allclose(motion.hands[frame, 1, first:, :3], LEFT[first:], atol=1e-3)
        if face:
            np.testing.assert_allclose(motion.face[frame, list(FACE_70[:face]), :3], DLIB[:face], atol=1e-3)
    assert (motion.face is None) == (not face)
    if face:
        assert (motion.face[..., 2] > 0).sum() == face * FRAMES
    assert not motion.hands[..., 3].any()


def people_in(make, **more):
    return [{"people": [make(points)], **more} for points in TRUTH]


def test_openpose_lists_hands_and_face_apart(motion_of):
    motion = motion_of(people_in(apart))
    same(motion)
    check_details(motion)


def test_comfyui_lists_them_as_shares_of_the_canvas(motion_of):
    scaled = people_in(
        lambda points: apart(points, pupils=False, scale=(1 / 384, 1 / 512, 1)), canvas_width=384, canvas_height=512
    )
    check_details(same(motion_of(one=scaled), size=(512, 384)), face=68)


@pytest.mark.parametrize(("order", "face"), [("whole body", 68), ("Halpe-136", 68), ("Halpe-68", 0), ("BODY_135", 70)])
def test_orders_of_the_whole_body_have_them_behind_the_joints(motion_of, order, face):
    motion = motion_of(people_in(lambda points: {"pose_keypoints_2d": in_one_list(points, order).flatten().tolist()}))
    check_details(motion, face=face, wrists=order != "BODY_135")
    if order == "BODY_135":  # the body's wrist is the hand's
        np.testing.assert_allclose(motion.hands[:, 1, 0], np.pad(motion.keypoints[:, 7], ((0, 0), (0, 1))), atol=1e-3)


def test_annotations_of_coco_wholebody(motion_of):
    people = [
        {"image_id": index, "keypoints": flat(points, COCO_17), "face_kpts": DLIB[:68].flatten().tolist()}
        | {"righthand_kpts": RIGHT.flatten().tolist(), "lefthand_kpts": LEFT.flatten().tolist()}
        for index, points in enumerate(TRUTH)
    ]
    images = [{"id": index, "file_name": f"{index}.jpg"} for index in range(FRAMES)]
    check_details(motion_of(one={"images": images, "annotations": people}), face=68)


def test_a_hand_that_is_null_or_not_seen_is_missing(motion_of):
    def people(points):
        person = apart(points) | {"hand_left_keypoints_2d": None, "face_keypoints_2d": []}
        person["hand_right_keypoints_2d"][2] = 0.0
        return person

    motion = motion_of(people_in(people))
    assert not motion.hands[:, 1].any()
    assert not motion.hands[:, 0, 0].any()
    assert motion.hands[:, 0, 1:, 2].all()
    assert motion.face is None


def test_frames_between_are_filled_with_hands_and_face(motion_of):
    frames = [{"frame_id": index, **frame} for index, frame in enumerate(people_in(apart)) if index != 3]
    check_details(motion_of(one=frames))


def test_a_hand_of_another_number_of_points_is_refused(motion_of):
    wrong = people_in(lambda points: apart(points) | {"hand_left_keypoints_2d": [1.0] * 40})
    with pytest.raises(PoseError, match="a hand has 40 numbers; wanted x, y, confidence of 21"):
        motion_of(wrong)


# What cannot be read ------------------------------------------------------------------------------

BAD = {
    "{": "not whole JSON: Expecting property name enclosed in double quotes: line 1",
    "[" * 100_000: "nested too deep",
    '{"people": 3}': "not a whole file of OpenPose: 'people' is no list",
    '{"people": [3]}': "a person is no object",
    '{"people": [{"pose_keypoints_2d": "x"}]}': "are no list",
    '{"people": [{"pose_keypoints_2d": ["a", "b", "c"]}]}': "a person has 3 numbers",
    json.dumps(openpose([1e30] * 54)): "beyond ±20000, NaN or infinite",
    json.dumps(openpose([True] * 54)): "a coordinate is no number",
    json.dumps(openpose([{}] * 54)): "a joint is not x, y and confidence",
    json.dumps(openpose([1.0] * 54)).replace("1.0", "1e999"): "beyond ±20000, NaN or infinite",
    json.dumps(openpose([1.0] * 54)).replace("1.0", "1" * 400): "beyond ±20000, NaN or infinite",
    json.dumps(openpose([1.0] * 54, canvas_width=float("inf"), canvas_height=1)): "a side of its picture is no number",
    json.dumps(
        openpose([1.0] * 54, canvas_width=1e9, canvas_height=1)
    ): "a side of its picture is no number from 1 to 20000",
    "[]": r"JSON of no known pose format \(it is a list\)",
    '"people"': r"JSON of no known pose format \(it is a str\)",
    '{"a": 1, "b": 2}': r"JSON of no known pose format \(it has a, b\); wanted key points of tempose, OpenPose",
    '[{"image_id": 1, "keypoints": [1, 2]}]': "not a whole file of AlphaPose: a person has 2 numbers",
    '{"instance_info": [3]}': "not a whole file of MMPose",
    '{"images": [], "annotations": []}': "holds no frame",
    '{"images": [3], "annotations": []}': "no object",
    '{"width": 1, "height": 1, "keypoints": 3}': "not a whole file of openpose-editor",
}


@pytest.mark.parametrize(("text", "message"), BAD.items(), ids=[text[:30] for text in BAD])
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path, text, message):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(PoseError, match=r"bad\.json.*" + message) as caught:
        read_pose_files(path)
    assert "Error" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_empty_folders_and_empty_frames(tmp_path, motion_of):
    with pytest.raises(PoseError, match="no JSON file with key points in"):
        read_pose_files(tmp_path)
    with pytest.raises(PoseError, match="nobody is in the 2 frame"):
        motion_of([{"people": []}, {"people": []}])
    (tmp_path / "only.json").write_text('{"a": 1}')
    with pytest.raises(PoseError, match=r"no file in .* holds key points: only\.json is JSON of no known"):
        read_pose_files(tmp_path)


def test_pictures_of_several_sizes_are_refused(motion_of):
    with pytest.raises(InputError, match="several sizes: 384×512, 385×512"):
        motion_of([openpose(flat(TRUTH[0]), canvas_width=384 + i, canvas_height=512) for i in range(2)])


def test_a_frame_with_nobody_is_missing(motion_of):
    motion = motion_of([openpose(flat(TRUTH[0])), {"people": []}])
    assert (motion.keypoints[1] == 0).all()


def test_real_files_follow_the_man_and_not_the_spurious_person(real):
    motion = person_motion(read_pose_files(real / "poses" / "openpose_treadmill_scuba"), fps=23.976)
    assert len(motion) == 90
    assert (motion.keypoints[:, 1, 2] > 0.3).all()
    steps = np.linalg.norm(np.diff(motion.keypoints[:, 1, :2], axis=0), axis=-1)
    assert steps.max() < 60
