"""One photo and one motion in, one video out: the function, and the real command line."""

import json
import os
import signal
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from helpers import keypoint_motion
from subjects import SMALL, generated, save_photo, save_small_model, small_model, subject

from tempose.animation.animate import animate
from tempose.animation.compose import Composition
from tempose.animation.motion import TimeRange, read_motion
from tempose.animation.result import AT_ONCE, write_animation
from tempose.animation.settings import DressSettings
from tempose.animation.subject import Subject, read_subject
from tempose.cli import main
from tempose.core.errors import InputError
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.hub import DEFAULT_MODEL, Model, load_model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.diffusion.samples import Sample
from tempose.diffusion.windows import Loop, Overlap
from tempose.media.images import read_image, resize, write_image
from tempose.media.video import probe_video, read_frames, write_video
from tempose.people.clip import Recipe, draw_clip
from tempose.pose.estimators import load_estimator
from tempose.pose.keypoints import Motion

QUICK = {"steps": 1, "model": small_model(), "max_frames": 3}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A photo, a video of a person, and a model."""
    folder = tmp_path_factory.mktemp("shelf")
    photo = read_image(save_photo(folder / "photo.png"))
    write_video(folder / "driver.mp4", [np.roll(photo, 4 * index, axis=1) for index in range(6)], 12)
    save_small_model(folder / "model")
    return folder


@pytest.fixture
def tempose(monkeypatch, capsys):
    """The command line as it is called: arguments in, exit code and both outputs out."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tempose", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return stop.value.code, said.out, said.err

    return call


# The function -------------------------------------------------------------------------------------


def test_the_result_is_as_large_and_long_as_it_says():
    made = animate(subject(), "wave", **QUICK)
    frames = list(made.frames())
    assert len(made) == len(frames) == 3
    assert frames[0].shape == (*made.size, 3)
    assert made.size[1] / made.size[0] == pytest.approx(288 / 384, abs=0.02)
    assert made.motion.size == made.size
    assert made.photo.shape == frames[0].shape
    large = animate(subject(), "wave", size=500, **QUICK)
    assert large.size == (500, 376)
    torch.testing.assert_close(generated(large), generated(made), rtol=0, atol=0.01)  # kernels round


def test_the_background_stands_still_away_from_the_person():
    frames = np.stack(list(animate(subject(), "wave", background="#102030", **QUICK).frames()))
    assert (frames[:, :, 0] == (0x10, 0x20, 0x30)).all()


def test_the_record_makes_the_same_frames():
    made = animate(subject(), "dance", seed=3, background="plain", retarget="scale", yaw=20, **QUICK)
    record = json.loads(json.dumps(made.record))
    again = animate(subject(), record["motion"], **record["settings"] | {"model": small_model()})
    # Within one level: kernels round by where their numbers lie in memory.
    np.testing.assert_allclose(np.stack(list(again.frames())).astype(int), np.stack(list(made.frames())), atol=1)
    assert record["frames"] == 3
    assert record["sizes"]["result"] == list(made.size)
    assert {"tempose", "torch", "diffusers", "numpy"} <= set(record["versions"])
    other = animate(subject(), "dance", **QUICK | {"seed": 4})
    assert not torch.equal(generated(other), generated(made))


def turned(*moments):
    """A drawn person as seen at some moments of a turn, and the turn."""
    clip = draw_clip(Recipe(13, "turn", 0, 16, frames=16, fps=6.0, size=(192, 144), fill=0.8))
    seen = [Subject(clip.frames[i], clip.motion.keypoints[i], clip.masks[i]) for i in moments]
    return seen, clip


def test_the_back_is_taken_from_a_photo_of_the_back():
    (front, back), clip = turned(0, 13)
    asked = {"model": "warp", "retarget": "none"}
    made = {name: animate(given, clip.motion, **asked) for name, given in (("one", front), ("two", [front, back]))}
    moments = [11, 12, 15]
    errors = {
        name: [np.abs(each.frame(i).astype(int) - clip.frames[i])[clip.masks[i]].mean() for i in moments]
        for name, each in made.items()
    }
    assert (np.array(errors["two"]) < 0.75 * np.array(errors["one"])).all()
    np.testing.assert_array_equal(made["two"].frame(0), made["one"].frame(0))  # the front is the first photo's alone


def test_one_photo_in_a_list_is_one_photo():
    one, listed = (animate(given, "wave", **QUICK) for given in (subject(), [subject()]))
    np.testing.assert_array_equal(listed.frame(1), one.frame(1))
    assert one.record == listed.record
    with pytest.raises(InputError, match="no photo was given"):
        animate([], "wave", **QUICK)


def test_the_network_reads_all_photos():
    (front, back), clip = turned(0, 13)
    asked = {"model": small_model(), "steps": 1, "retarget": "none"}
    motion = clip.motion[10:13]
    one, two = (animate(given, motion, **asked) for given in (front, [front, back]))
    assert not torch.equal(generated(one), generated(two))


def test_a_motion_given_as_such_is_taken_as_it_is():
    motion = keypoint_motion("wave", frames=2, fps=7)
    made = animate(subject(), motion, steps=1, model=small_model())
    assert len(made) == 2
    assert made.motion.fps == 7
    assert made.record["motion"] is None


def test_a_motion_that_needs_more_room_gets_a_larger_picture():
    low = subject()
    crop = slice(100, 384)
    keypoints = low.keypoints - np.array([0, 100, 0], np.float32)
    keypoints[keypoints[:, 1] < 0] = 0
    arms_up = keypoint_motion("idle", frames=2, fps=5).keypoints.copy()
    arms_up[:, [3, 4, 6, 7], 1] -= 150
    given = type(low)(low.picture[crop], keypoints, low.mask[crop])
    made = animate(given, Motion(arms_up, (256, 192), 5), steps=1, model=small_model())
    assert np.isfinite(made.motion.keypoints).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"background": "blurple"}, "background is 'blurple'"),
        ({"size": 4}, "size is 4; wanted a whole number from 16 to 2160"),
        ({"steps": 0}, "steps is 0"),
        ({"strategy": "strided"}, "strategy is 'strided'; wanted overlap or loop"),
        ({"retarget": "bones"}, "retarget is 'bones'"),
        ({"output": "a.png"}, "single picture, but the motion has 3 frames"),
        ({"max_frames": 1, "output": "a.mp4"}, "single frame"),
        ({"mask": "a.png", "matte_model": "a.onnx"}, "give one of them"),
    ],
)
def test_what_cannot_be_done_is_said_before_painting(wrong, message):
    with pytest.raises(InputError, match=message):
        animate(subject(), "walk", **QUICK | wrong)


def test_only_an_animation_can_do_without_a_model():
    with pytest.raises(InputError, match="warp is no model"):
        DressSettings(part="upper", model="warp")
    with pytest.raises(InputError, match="warp stands for no model"):
        load_model("warp")


def test_windows_and_guidance_reach_the_pipeline_and_the_record(monkeypatch):
    given, stream = {}, PersonVideoPipeline.stream

    def watched(*args, **kwargs):
        given.update(kwargs)
        return stream(*args, **kwargs)

    monkeypatch.setattr(PersonVideoPipeline, "stream", watched)
    made = animate(subject(), "walk", strategy="loop", guidance=3.0, **QUICK)
    made.frame(0)
    assert (given["strategy"].strategy, given["guidance"]) == (Loop(), Guidance(photo=3.0))
    assert (made.record["settings"]["strategy"], made.record["settings"]["guidance"]) == ("loop", 3.0)
    animate(subject(), "walk", **QUICK).frame(0)
    assert (given["strategy"].strategy, given["guidance"]) == (Overlap(), None)


def test_without_a_model_the_photo_is_moved_alone():
    made = animate(subject(), "wave", model="warp", max_frames=2)
    assert made.generated is None
    assert (made.record["model"], made.record["settings"]["model"]) == (None, "warp")
    first, second = made.frames()
    assert (first != second).any()


def test_more_steps_than_the_shipped_weights_want_are_remarked_on():
    named = Model(DEFAULT_MODEL, small_model().pipeline)
    assert named.about_steps(None) == named.about_steps(named.steps) == []
    assert f"{named.steps + 1} were asked for" in named.about_steps(named.steps + 1)[0]
    assert small_model().about_steps(99) == []


def test_frames_are_forgotten_once_they_are_written(tmp_path, monkeypatch):
    """However long the video: two windows at most, and what is being composed, are there at once."""
    there, held, show = [], [], Composition.show

    class Known(Sample):
        def __init__(self, *given):
            super().__init__(*given)
            there.append(weakref.ref(self))

    def watched(scene, motion, index, generated):
        there.append(weakref.ref(generated.frame))
        held.append(sum(each() is not None for each in there))
        return show(scene, motion, index, generated)

    monkeypatch.setattr("tempose.diffusion.pipeline.Sample", Known)
    monkeypatch.setattr(Composition, "show", watched)
    made = animate(subject(), "walk", **QUICK | {"max_frames": 30, "size": 48})
    write_animation(made, tmp_path / "out.mp4")
    assert len(held) == 30
    assert max(held) <= 2 * SMALL.clip_length + 2 * (AT_ONCE + 1)


def test_every_step_can_be_watched():
    seen = []
    animate(
        subject(), "walk", **QUICK | {"steps": 2},
        callback_on_step_end=lambda pipeline, step, t, tensors: seen.append((step, tuple(tensors["x_t"].shape))),
    ).frame(0)  # fmt: skip
    assert seen == [(0, (3, 3, 32, 24)), (1, (3, 3, 32, 24))]


# The command line ---------------------------------------------------------------------------------


def test_from_files_to_a_video(shelf, tmp_path, tempose):
    out = tmp_path / "out.mp4"
    arguments = ("--model", shelf / "model", "--steps", 1, "--sheet", tmp_path / "sheet.png", "--max-frames", 4)
    code, said, told = tempose("animate", shelf / "photo.png", shelf / "driver.mp4", "-o", out, *arguments)
    assert (code, "out.mp4: 4 frame(s)" in said) == (0, True), told
    assert all(part in told for part in ("key points", "generating", "encoding"))
    info = probe_video(out)
    assert (info.frames, info.fps, info.has_audio) == (4, 12, False)
    record = json.loads((tmp_path / "out.mp4.json").read_text())
    assert record["command"][:2] == ["tempose", "animate"]
    again = animate(record["photo"], record["motion"], **record["settings"])
    kept = list(read_frames(out))
    for frame, composed in zip(kept, again.frames(), strict=True):
        assert np.abs(frame.astype(float) - composed).mean() < 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "out.mp4.json", "sheet.png"]


def test_one_pose_makes_one_picture(shelf, tmp_path, tempose):
    out = tmp_path / "out.png"
    code, _, told = tempose(
        "animate", shelf / "photo.png", shelf / "photo.png", "-o", out, "--model", shelf / "model", "--steps", 1
    )
    assert code == 0, told
    assert read_image(out).ndim == 3


def bad_input(kind, folder, shelf):
    """Arguments that cannot be used."""
    photo, driver, out = shelf / "photo.png", shelf / "driver.mp4", folder / "out.mp4"
    grey = np.full((200, 150, 3), 120, np.uint8)
    if kind == "no person":
        write_image(folder / "empty.png", grey)
        return [folder / "empty.png", "walk", "-o", out], "empty.png: nobody was found"
    if kind == "only legs":
        knees = int(subject().keypoints[[9, 12], 1].max())
        write_image(folder / "legs.png", np.repeat(np.repeat(subject().picture[knees + 10 :], 2, 0), 2, 1))
        return [folder / "legs.png", "walk", "-o", out], "legs.png"
    if kind == "too small":
        wide = np.full((1000, 1000, 3), 128, np.uint8)
        wide[400:480, 400:460] = read_image(photo)[::4, ::4][8:88, 6:66]
        write_image(folder / "far.png", wide)
        return [folder / "far.png", "walk", "-o", out], "far.png"
    if kind == "several persons":
        return [photo, driver, "-o", out, "--person", "3"], "person 3 was asked for"
    if kind == "a black video":
        write_video(folder / "black.mp4", np.zeros((4, 64, 64, 3), np.uint8), 10)
        return [photo, folder / "black.mp4", "-o", out], "black.mp4: nobody was found"
    if kind == "one frame":
        write_video(folder / "one.mp4", [read_image(photo)], 10)
        return [photo, folder / "one.mp4", "-o", out], "single frame"
    if kind == "10 000 frames":
        keypoint_motion("idle", frames=10_000, fps=25).save(folder / "long.npz")
        return [photo, folder / "long.npz", "-o", out], "10000 frames, more than"
    if kind == "a broken file":
        (folder / "cut.mp4").write_bytes(driver.read_bytes()[:1500])
        return [photo, folder / "cut.mp4", "-o", out], "cut.mp4"
    if kind == "not what its name says":
        (folder / "walk.bvh").write_bytes(driver.read_bytes())
        return [photo, folder / "walk.bvh", "-o", out], "not a BVH file"
    if kind == "a video as photo":
        return [driver, "walk", "-o", out], "not a picture"
    if kind == "a folder without JSON":
        (folder / "empty").mkdir()
        return [photo, folder / "empty", "-o", out], "holds neither pictures nor JSON files"
    if kind == "no such motion":
        return [photo, "wlak", "-o", out], "no built-in motion"
    if kind == "a file as folder":
        return [photo, "walk", "-o", photo / "out.mp4"], "is a file, not a folder"
    if kind == "no such model":
        return [photo, "walk", "-o", out, "--model", "people-129"], "did you mean 'people-128'"
    if kind == "over the input":
        return [photo, driver, "-o", driver], "would be overwritten"
    assert kind == "sound of a name"
    return [photo, "walk", "-o", out, "--audio"], "there is no file walk"


@pytest.mark.parametrize(
    "kind",
    ["no person", "only legs", "too small", "several persons", "a black video", "one frame", "10 000 frames",
     "a broken file", "not what its name says", "a video as photo", "a folder without JSON", "no such motion",
     "a file as folder", "no such model", "over the input", "sound of a name"],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2(kind, shelf, tmp_path, tempose):
    arguments, message = bad_input(kind, tmp_path, shelf)
    before = sorted(tmp_path.rglob("*"))
    code, said, told = tempose("animate", *arguments)
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert (code, said, len(errors)) == (2, "", 1), told
    assert message in errors[0]
    assert told.rstrip().endswith(errors[0])
    assert "Traceback" not in told
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read and write everything")
def test_missing_permissions_are_one_line(shelf, tmp_path, tempose):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, told = tempose("animate", shelf / "photo.png", "walk", "-o", tmp_path / "locked" / "out.mp4")
    assert (code, "Permission denied" in told, len(told.splitlines())) == (2, True, 1)
    save_photo(tmp_path / "secret.png").chmod(0)
    code, _, told = tempose("animate", tmp_path / "secret.png", "walk", "-o", tmp_path / "out.mp4")
    assert (code, "Permission denied" in told, len(told.splitlines())) == (2, True, 1)


def run(*arguments, **kwargs):
    command = [sys.executable, "-m", "tempose", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **kwargs
    )


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX")
def test_a_full_disk_is_one_line_and_leaves_nothing(shelf, tmp_path):
    import resource

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    process = run(
        "animate", shelf / "photo.png", "wave", "-o", tmp_path / "out.mp4", "--max-frames", 4,
        "--size", 500, "--model", shelf / "model", "--steps", 1, preexec_fn=small_disk,
    )  # fmt: skip
    _, told = process.communicate(timeout=600)
    assert process.returncode == 2, told
    assert "Traceback" not in told
    assert told.strip().splitlines()[-1].startswith("error: cannot write")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["generating", "encoding"])
def test_ctrl_c_leaves_nothing_half_written(part, shelf, tmp_path, tempose, monkeypatch):
    if part == "generating":
        monkeypatch.setattr("tempose.diffusion.predict.Predictor.decode", interrupted)
    else:
        show = Composition.show
        monkeypatch.setattr(
            Composition, "show", lambda *given: interrupted() if list(tmp_path.iterdir()) else show(*given)
        )
    code, said, told = tempose(
        "animate", shelf / "photo.png", "wave", "-o", tmp_path / "out.mp4", "--max-frames", 4,
        "--model", shelf / "model", "--steps", 1,
    )  # fmt: skip
    assert code not in (0, None)
    assert said == ""
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def interrupted(*_, **__):
    """What Ctrl-C does in the middle of a function."""
    raise KeyboardInterrupt


@pytest.mark.slow
def test_every_real_photo_with_a_video_a_capture_and_a_built_in_motion(real, tmp_path, tempose, shelf):
    finder, few = load_estimator(), TimeRange(max_frames=3)
    sources = (real / "videos" / "squats.mp4", real / "poses" / "cmu_12_01_walk.bvh", "walk")
    motions = [read_motion(source, time_range=few, estimator=finder) for source in sources]
    for original in sorted((real / "photos").iterdir()):
        picture = read_image(original)
        factor = min(1, 320 / max(picture.shape[:2]))  # the time is that of the pixels
        photo = tmp_path / "photo.png"
        write_image(photo, resize(picture, tuple(round(factor * side) for side in picture.shape[:2])))
        person = read_subject(photo, estimator=finder)
        for motion in motions:
            made = animate(person, motion, model=small_model(), steps=1)
            write_animation(made, tmp_path / "out.mp4")
            info = probe_video(tmp_path / "out.mp4")
            assert (info.height, info.width) == made.size
            assert info.frames == len(motion) == 3
            assert info.duration == pytest.approx(3 / motion.fps, abs=0.05)
    out, video = tmp_path / "sound.mp4", real / "videos" / "taichi_indoor.mp4"
    code, _, told = tempose(
        "animate", photo, video, "-o", out, "--audio", "--max-frames", 3, "--model", shelf / "model", "--steps", 1
    )
    assert code == 0, told
    assert probe_video(out).has_audio


@pytest.mark.gpu
def test_a_gpu_makes_what_the_processor_makes(gpu):
    folder = {"steps": 2, "max_frames": 3}
    frames = []
    for device in ("cpu", gpu):
        network = small_model().pipeline.unet
        encoder = small_model().pipeline.texture_encoder
        try:
            for part in (network, encoder):
                torch.nn.Module.to(part, device)
            made = animate(subject(), "walk", model=small_model(), **folder)
            assert made.record["settings"]["device"].split(":")[0] == device
            frames.append(np.stack(list(made.frames())).astype(int))
        finally:
            for part in (network, encoder):
                torch.nn.Module.to(part, "cpu")
    assert np.abs(frames[0] - frames[1]).mean() < 1
