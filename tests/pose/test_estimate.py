import gc
import json
import sys
import threading
import types

import numpy as np
import pytest
from networks import onnx_model, onnx_that_never_ends

from tempose.cli import main
from tempose.core.errors import InputError, PoseError
from tempose.media.images import read_image, resize, write_image
from tempose.media.video import read_frames, write_video
from tempose.pose.draw import draw_motion, draw_skeleton
from tempose.pose.estimate import estimate_photo, estimate_video, observe
from tempose.pose.estimators import Detection, close_up, in_pixels, load_estimator, search_parts
from tempose.pose.formats.frames import person_motion
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.pose.pose_files import read_pose_files

# COCO's 17 key points in order (cocodataset.org, keypoint annotations), in our names.
COCO_17 = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
]  # fmt: skip


def square_people(frame: np.ndarray) -> list[Detection]:
    """An estimator for tests: every bright square is a person with its joints on the diagonal."""
    people = []
    for channel in range(3):
        mask = frame[..., channel] > 128
        if mask.any():
            rows, columns = np.nonzero(mask)
            share = np.linspace(0, 1, len(KEYPOINTS))
            x = columns.min() + share * (columns.max() + 1 - columns.min())
            y = rows.min() + share * (rows.max() + 1 - rows.min())
            people.append(Detection(np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32), mask))
    return people


def squares(frames: int = 12) -> np.ndarray:
    """A large red square that goes right and a small blue one that goes left: `f h w 3`."""
    video = np.zeros((frames, 48, 96, 3), np.uint8)
    for index, frame in enumerate(video):
        frame[8:28, 2 * index : 2 * index + 20, 0] = 255
        frame[36:46, 80 - 2 * index : 90 - 2 * index, 2] = 255
    return video


def test_the_largest_is_followed_with_its_mask():
    frames = squares()
    motion, masks = estimate_video(iter(frames), estimator=square_people, fps=25)
    assert (len(motion), motion.size, motion.fps) == (12, (48, 96), 25)
    assert np.allclose(motion.keypoints[:, 0, 0], 2 * np.arange(12), atol=1e-3)
    assert np.array_equal(masks, frames[..., 0] > 128)


def test_another_person_on_demand():
    frames = squares()
    for person in (2, (85.0, 40.0)):
        seen = observe(frames, estimator=square_people, fps=25, person=person)
        assert np.allclose(seen.motion.keypoints[:, 0, 0], 80 - 2 * np.arange(12))
        assert np.array_equal(seen.masks, frames[..., 2] > 128)


def test_a_frame_without_the_person_is_empty_when_raw_and_filled_when_cleaned():
    frames = squares()
    frames[5] = 0
    seen = observe(frames, estimator=square_people, fps=25)
    assert (seen.motion.keypoints[5] == 0).all()
    assert not seen.masks[5].any()
    motion, _ = estimate_video(frames, estimator=square_people, fps=25)
    assert np.allclose(motion.keypoints[5, 0, :2], (10, 8), atol=1e-3)


def test_cuts_of_the_picture_are_seen():
    frames = np.concatenate([squares(6), np.clip(squares(6)[..., ::-1].astype(int) + 90, 0, 255).astype(np.uint8)])
    assert observe(frames, estimator=square_people, fps=25).cuts == [6]


def test_masks_can_be_left_out():
    assert observe(squares(), estimator=square_people, fps=25, with_masks=False).masks is None


def test_an_estimator_that_several_threads_share_sees_two_frames_at_once_in_their_order():
    both = threading.Barrier(2, timeout=10)

    def shared(frame):
        both.wait()
        return square_people(frame)

    shared.shared = True
    alone, together = (observe(squares(), estimator=each, fps=25) for each in (square_people, shared))
    assert np.array_equal(alone.motion.keypoints, together.motion.keypoints)
    assert alone.packed == together.packed


def test_any_other_estimator_sees_one_frame_after_the_other():
    frames, seen = squares(), []

    def remembering(frame):
        seen.append(frame)
        return square_people(frame)

    observe(frames, estimator=remembering, fps=25)
    assert np.array_equal(seen, frames)


def test_a_video_file_is_sampled_at_the_rate_asked_for(tmp_path):
    write_video(tmp_path / "a.mp4", squares(20), 20, crf=5)
    own, masks = estimate_video(tmp_path / "a.mp4", estimator=square_people)
    half, _ = estimate_video(tmp_path / "a.mp4", estimator=square_people, fps=10)
    assert (len(own), own.fps, len(half), half.fps) == (20, 20, 10, 10)
    assert masks.shape == (20, 48, 96)
    assert np.abs(half.keypoints - own.keypoints[::2])[2:-2].max() < 1


def test_nobody_is_an_error():
    with pytest.raises(PoseError, match=r"^nobody was found; wanted"):
        estimate_photo(np.zeros((20, 20, 3), np.uint8), estimator=square_people)
    with pytest.raises(InputError, match="fps"):
        estimate_video(squares(), estimator=square_people)
    with pytest.raises(InputError, match="frame 1"):
        estimate_video([squares()[0], squares()[1, :20]], estimator=square_people, fps=5)


# The estimators


def test_an_unknown_estimator_is_an_error():
    with pytest.raises(InputError, match="'openpose'"):
        load_estimator("openpose")
    with pytest.raises(InputError, match="rtmlib"):
        load_estimator("mediapipe", pose_model="a.onnx")
    with pytest.raises(PoseError, match=r"no ONNX file .*missing\.onnx"):
        load_estimator("rtmlib", pose_model="missing.onnx")


@pytest.mark.parametrize("name", ["mediapipe", "rtmlib"])
def test_a_missing_package_says_how_to_install_it(monkeypatch, name):
    for package in ("mediapipe", "rtmlib", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PoseError, match=rf"{name} is not installed .* pip install --no-deps {name}"):
        load_estimator(name)


@pytest.fixture
def rtmlib(monkeypatch):
    """A stand-in for rtmlib with its interface (0.0.16): two people, one of them hardly seen."""
    module = types.ModuleType("rtmlib")
    module.boxes = np.array([[0, 0, 10, 10], [5, 5, 20, 20]])

    class YOLOX:
        def __init__(self, model, *, model_input_size, backend, device):
            self.given = (model, model_input_size) != ("det address", (640, 640))
            self.side = model_input_size

        def __call__(self, image):
            assert image[0, 0].tolist() == [3, 2, 1]  # blue first
            if self.given:
                return self.session.run(["y"], {"x": np.zeros((1, 3, *self.side), np.float32)})[0][0, 0]
            return module.boxes

    class RTMPose:
        def __init__(self, model, *, model_input_size, to_openpose, backend, device):
            assert (model, model_input_size, to_openpose) == ("pose address", (192, 256), True)

        def __call__(self, image, *, bboxes):
            points = np.stack([np.linspace(1, 60, 18)] * 2, axis=-1)
            return np.stack([points] * len(bboxes)), np.stack([np.full(18, 1.02), np.full(18, 0.1)])

    addresses = {
        "det": "det address",
        "det_input_size": (640, 640),
        "pose": "pose address",
        "pose_input_size": (192, 256),
    }
    module.Body = types.SimpleNamespace(MODE={"balanced": addresses})
    module.YOLOX, module.RTMPose = YOLOX, RTMPose
    monkeypatch.setitem(sys.modules, "rtmlib", module)
    monkeypatch.setitem(sys.modules, "onnxruntime", types.ModuleType("onnxruntime"))
    return module


def test_rtmlib_gives_people_without_masks(rtmlib):
    estimator = load_estimator("rtmlib")
    frame = np.zeros((40, 50, 3), np.uint8) + np.array([1, 2, 3], np.uint8)
    (person,) = estimator(frame)
    assert person.mask is None
    inside = np.linspace(1, 60, 18) <= 40
    assert np.allclose(person.keypoints[inside, 2], 1)
    assert (person.keypoints[~inside] == 0).all()
    motion, mask = estimate_photo(frame, estimator=estimator)
    assert mask is None
    assert np.array_equal(motion.keypoints[0], person.keypoints)
    rtmlib.boxes = np.zeros((0, 4))
    assert estimator(frame) == []


def test_networks_that_rtmlib_is_given_are_bounded_and_others_told_in_one_sentence(rtmlib, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "onnxruntime")
    pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
    monkeypatch.setattr("tempose.core.networks.MOST_SECONDS", 0.2)
    frame = np.zeros((40, 50, 3), np.uint8) + np.array([1, 2, 3], np.uint8)

    def seen_with(content):
        (tmp_path / "net.onnx").write_bytes(content)
        return load_estimator("rtmlib", detector=tmp_path / "net.onnx", landmarks=False)(frame)

    assert len(seen_with(onnx_model((1, 3, 2, 2), (1, 1, 2, 2), axis=1))) == 1  # as if it were a detector
    for content, words in (
        (b"", "is not an ONNX model"),
        (onnx_model((1, 3, 8), (1, 1, 8), axis=1), "wanted one picture of a fixed size"),
        (onnx_model((1, 3, "h", "w"), (1, 1, "h", "w"), axis=1), "wanted one picture of a fixed size"),
        (onnx_model((1, 3, 8, 9000), (1, 1, 8, 9000), axis=1), "takes pictures of 9000×8"),
        (onnx_model((1, 3, 2048, 2048), (1, 1, 2048, 2048), axis=1), "more than 1000 people"),
        (onnx_model((1, 3, 2, 2), (1, 3, 1, 2), axis=2), "does not understand"),
        (onnx_that_never_ends(side=8), r"takes more than 0\.2 seconds"),
    ):
        with pytest.raises((InputError, PoseError), match=words) as error:
            seen_with(content)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [(425, 640), (1280, 720), (50, 50), (20, 400)])
def test_search_parts_cover_the_picture(size):
    seen = np.zeros(size, bool)
    for left, top, right, bottom in search_parts(*size):
        assert right - left == bottom - top
        seen[top:bottom, left:right] = True
    assert seen.all()


def test_a_close_up_holds_the_person_and_stays_inside():
    keypoints = np.array([(10, 20, 1), (60, 120, 0.5), (500, 500, 0)], float)
    left, top, right, bottom = close_up(keypoints, 130, 300)
    assert 0 <= left < 10 < 60 < right <= 300
    assert 0 <= top < 20 < 120 < bottom <= 130


@pytest.fixture(scope="module")
def mediapipe():
    pytest.importorskip("mediapipe")
    return load_estimator("mediapipe")


def test_mediapipe_sees_nobody_in_an_empty_picture(mediapipe, capfd):
    assert mediapipe(np.full((120, 160, 3), 128, np.uint8)) == []
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    assert mediapipe(noise) == []
    assert capfd.readouterr().err == ""


def test_mediapipe_is_quiet_and_deterministic(real, capfd):
    photo = read_image(real / "photos" / "kurta_red.jpg")
    capfd.readouterr()
    first, second = load_estimator("mediapipe"), load_estimator("mediapipe")
    second(photo[:, ::-1])  # what was seen before makes no difference
    (a,), (b,) = first(photo), second(photo)
    assert np.array_equal(a.keypoints, b.keypoints)
    assert np.array_equal(a.mask, b.mask)
    assert capfd.readouterr().err == ""


def skier_truth(real) -> np.ndarray:
    """17 key points of COCO image 785, x and y measured from the edge of the picture."""
    annotations = json.loads((real / "annotations" / "test_coco.json").read_text())["annotations"]
    (person,) = [entry for entry in annotations if entry["image_id"] == 785]
    return np.array(person["keypoints"], float).reshape(17, 3) + np.array([0.5, 0.5, 0])


def pck(keypoints: np.ndarray, truth: np.ndarray) -> float:
    """PCK@0.2: the share of the annotated joints found within 0.2 of the torso, which reaches from the
    left shoulder to the right hip (Yang and Ramanan, 2013)."""
    found = keypoints[[KEYPOINTS.index(name) for name in COCO_17]]
    torso = np.linalg.norm(truth[COCO_17.index("left_shoulder"), :2] - truth[COCO_17.index("right_hip"), :2])
    error = np.linalg.norm(found[:, :2] - truth[:, :2], axis=1) / torso
    return float(((error < 0.2) & (found[:, 2] >= 0.3))[truth[:, 2] > 0].mean())


def test_agreement_with_coco(real, mediapipe):
    motion, mask = estimate_photo(read_image(real / "photos" / "skier_coco785.jpg"), estimator=mediapipe)
    truth = skier_truth(real)
    assert pck(motion.keypoints[0], truth) >= 0.8
    rows, columns = truth[:, 1].astype(int), truth[:, 0].astype(int)
    assert mask[rows, columns].mean() > 0.8
    assert 0.05 < mask.mean() < 0.25


def test_a_small_person_is_found_by_searching(real, mediapipe):
    photo = read_image(real / "photos" / "skier_coco785.jpg")
    small = np.full_like(photo, 200)
    small[320:420, 10:160] = resize(photo, (100, 150))
    truth = skier_truth(real) * (150 / 640, 100 / 425, 1) + (10, 320, 0)
    motion, mask = estimate_photo(small, estimator=mediapipe)
    assert pck(motion.keypoints[0], truth) >= 0.8
    rows, columns = np.nonzero(mask)
    assert 320 < rows.mean() < 420
    assert 10 < columns.mean() < 160


def test_joints_outside_the_picture_are_missing(real, mediapipe):
    photo = read_image(real / "photos" / "denim_dress_boots.jpg")
    motion, _ = estimate_photo(photo[:300], estimator=mediapipe)
    seen = motion.keypoints[0, :, 2] >= 0.3
    assert not seen[[KEYPOINTS.index(name) for name in ("right_ankle", "left_ankle")]].any()
    assert seen[[KEYPOINTS.index(name) for name in ("nose", "neck", "right_shoulder", "left_shoulder")]].all()


def test_what_is_nearer_to_the_camera_has_less_depth(real, mediapipe):
    motion, _ = estimate_photo(read_image(real / "photos" / "seated_cobbles.jpg"), estimator=mediapipe)
    depth = dict(zip(KEYPOINTS, motion.depth[0], strict=True))
    assert max(depth["right_ankle"], depth["left_ankle"]) < 0  # seated, the feet towards us
    assert abs(depth["right_hip"] + depth["left_hip"]) < 0.1 * motion.size[0]
    motion, _ = estimate_photo(read_image(real / "photos" / "kurta_red.jpg"), estimator=mediapipe)
    depth = dict(zip(KEYPOINTS, motion.depth[0], strict=True))
    assert depth["nose"] < min(depth["right_ear"], depth["left_ear"])
    assert np.array_equal(np.isnan(motion.depth[0]), motion.keypoints[0, :, 2] == 0)


def test_limbs_keep_their_length_in_space(real, mediapipe):
    """Whoever squats shortens thighs in the picture, not in space: .15 of their length there, .08 here."""
    motion = observe([*read_frames(real / "videos" / "squats.mp4", stop=48)][::4], fps=1, estimator=mediapipe).motion
    places = np.concatenate([motion.keypoints[..., :2], motion.depth[..., None]], axis=-1)
    trunk = np.linalg.norm(places[:, 1, :2] - places[:, [8, 11], :2].mean(1), axis=-1)[:, None, None]
    bones = (places[:, [3, 4, 6, 7, 9, 10, 12, 13]] - places[:, [2, 3, 5, 6, 8, 9, 11, 12]]) / trunk
    flat, solid = (np.linalg.norm(bones[..., :axes], axis=-1) for axes in (2, 3))
    assert (solid.std(0) / solid.mean(0)).mean() < 0.8 * (flat.std(0) / flat.mean(0)).mean()


def test_metres_become_pixels_by_what_is_seen():
    world = np.random.default_rng(0).normal(0, 0.3, (33, 3))
    hips = world[[23, 24], :2].mean(0)
    landmarks = np.column_stack([250 * (world[:, :2] - hips) + (300, 200), np.ones(33)])
    landmarks[5] = [-1e3, 1e3, 0]
    np.testing.assert_allclose(in_pixels(world, landmarks), 250 * world)


def test_a_face_seen_from_behind_is_missing(real, mediapipe):
    """Frame 150 of the catwalk shows the back of her head, frame 0 her face."""
    frames = read_frames(real / "videos" / "fashion_floral_ubc.mp4", stop=151)
    first, *_, back = frames
    face = [KEYPOINTS.index(name) for name in ("nose", "right_eye", "left_eye")]
    assert (estimate_photo(first, estimator=mediapipe)[0].keypoints[0, face, 2] > 0.3).all()
    assert (estimate_photo(back, estimator=mediapipe)[0].keypoints[0, face, 2] == 0).all()


def test_agreement_with_openpose(real, mediapipe):
    seen = observe(real / "videos" / "treadmill_scuba_walk.mp4", estimator=mediapipe, with_masks=False)
    assert seen.cuts == [4]
    files = read_pose_files(real / "poses" / "openpose_treadmill_scuba")
    truth = person_motion(files, fps=23.976).keypoints[:86]
    found = seen.motion.keypoints[4:]  # file i belongs to frame i + 4
    both = (truth[..., 2] >= 0.3) & (found[..., 2] >= 0.3)
    assert both.mean() > 0.8
    heights = [np.ptp(frame[frame[:, 2] > 0, 1]) for frame in truth]
    error = np.linalg.norm((found - truth)[..., :2], axis=-1) / np.array(heights)[:, None]
    assert np.median(error[both]) <= 0.05


# Drawing and the command


def test_drawing_marks_what_is_seen_and_nothing_else():
    frame = np.full((100, 100, 3), 90, np.uint8)
    keypoints = np.zeros((1, 18, 3), np.float32)
    assert np.array_equal(draw_skeleton(frame, Motion(keypoints, (100, 100), 1)), frame)
    keypoints[0, 1], keypoints[0, 2] = (50, 20, 1), (20, 20, 1)
    drawn = draw_skeleton(frame, Motion(keypoints, (100, 100), 1))
    changed = np.flatnonzero((drawn != frame).any(axis=(1, 2)))
    assert (frame == 90).all()
    assert {19, 20} <= set(changed) <= set(range(16, 25))
    hands, face = np.zeros((1, 2, 21, 4)), np.zeros((1, 478, 4))
    hands[0, 1, 5:9] = [(80, 60 + 5 * joint, 1, 0) for joint in range(4)]
    face[0, [33, 160]] = (10, 80, 1, 0), (30, 80, 1, 0)
    more = draw_skeleton(frame, Motion(keypoints, (100, 100), 1, hands=hands, face=face)) != drawn
    assert more[60:76, 79:81].any(axis=(1, 2)).all()
    assert more[80, 10:30].any()
    assert not more[:59].any()
    assert len(list(draw_motion(iter([frame] * 5), Motion(np.zeros((3, 18, 3)), (100, 100), 25)))) == 3


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["tempose", "pose", *map(str, arguments)])
    with pytest.raises(SystemExit) as leaving:
        main()
    return leaving.value.code or 0


def test_the_command_writes_poses_and_preview(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("tempose.pose.estimators.load_estimator", lambda name, **files: square_people)
    write_video(tmp_path / "mein tanz.mp4", squares(), 25, crf=5)
    options = ("--preview", tmp_path / "preview.mp4", "--person", "2")
    assert run(monkeypatch, tmp_path / "mein tanz.mp4", "-o", tmp_path / "poses.npz", *options) == 0
    motion = Motion.load(tmp_path / "poses.npz")
    assert (len(motion), motion.size, motion.fps) == (12, (48, 96), 25)
    assert np.abs(motion.keypoints[:, 0, 0] - (80 - 2 * np.arange(12))).max() < 2
    assert len(list(read_frames(tmp_path / "preview.mp4"))) == 12
    assert "12 frame(s) at 25 a second" in capfd.readouterr().out

    write_image(tmp_path / "photo.png", squares()[0])
    preview = ("--preview", tmp_path / "drawn.png")
    assert run(monkeypatch, tmp_path / "photo.png", "-o", tmp_path / "pose.json", *preview) == 0
    assert len(Motion.load(tmp_path / "pose.json")) == 1
    assert (read_image(tmp_path / "drawn.png") != squares()[0]).any()


def test_the_command_ends_a_mistake_in_one_sentence(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("tempose.pose.estimators.load_estimator", lambda name, **files: square_people)
    (tmp_path / "text.mp4").write_text("no video")
    write_image(tmp_path / "empty.png", np.zeros((20, 20, 3), np.uint8))
    cases = {
        "text.mp4 is not a video in a known format": (tmp_path / "text.mp4", "-o", tmp_path / "a.npz"),
        "there is no file or folder": (tmp_path / "missing.mp4", "-o", tmp_path / "a.npz"),
        "wanted the ending .npz or .json": (tmp_path / "text.mp4", "-o", tmp_path / "a.txt"),
        "nobody was found": (tmp_path / "empty.png", "-o", tmp_path / "a.npz"),
        "person is 'tall'": (tmp_path / "empty.png", "-o", tmp_path / "a.npz", "--person", "tall"),
    }
    for sentence, arguments in cases.items():
        assert run(monkeypatch, *arguments) == 2
        error = capfd.readouterr().err
        assert sentence in error
        assert "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.png", "text.mp4"]


def test_an_estimator_that_nobody_holds_gives_its_memory_back():
    pytest.importorskip("mediapipe")
    estimator = load_estimator()
    graphs = [estimator._body._pose, estimator._landmarks._hand._graph, estimator._landmarks._face._graph]
    assert all(graph._graph is not None for graph in graphs)
    del estimator
    gc.collect()
    assert all(graph._graph is None for graph in graphs)
