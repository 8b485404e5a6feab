"""Looks and results without a page: the same function as the command line's, on one shared model."""

import json
import os
import pkgutil
import shutil

import pytest
from subjects import small_model
from web.visitors import AnyFile

from tempose.animation.animate import animate
from tempose.animation.motion import TimeRange, read_motion
from tempose.animation.subject import read_subject
from tempose.core.errors import InputError, MediaError
from tempose.media import video
from tempose.media.video import probe_video
from tempose.web.jobs import Job
from tempose.web.limits import Limits
from tempose.web.request import AnimateRequest
from tempose.web.studio import Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(small_model(), limits=Limits(pixels=1_000_000), folder=tmp_path_factory.mktemp("made"))


def run(work):
    """The job after its work, which it does at once."""
    job = Job(work, client="a", seconds=600)
    job.run()
    return job


def asked(cache, *, photo="photo.png", motion="walk", **settings):
    motion_file = {"path": str(cache / motion)} if "." in motion else None
    settings = {"max_frames": 3, "steps": 1, **settings}
    return AnimateRequest.of(
        {"path": str(cache / photo)}, motion, motion_file, limits=Limits(), files=AnyFile(), **settings
    )


def test_a_result_is_what_the_function_makes(studio, cache):
    made = run(lambda job: studio.make(asked(cache, seed=5), job))
    assert made.error is None
    files = made.result
    assert [path.name for path in files.files()] == [
        "photo-walk.mp4", "photo-walk-side-by-side.mp4", "photo-walk.png", "photo-walk.mp4.json",
    ]  # fmt: skip
    record = json.loads(files.record.read_text())
    assert (record["photo"], record["motion"], record["command"]) == ("photo.png", "walk", files.command)
    assert probe_video(files.video).frames == 3
    again = animate(read_subject(cache / "photo.png"), "walk", **{**record["settings"], "model": small_model()})
    job = Job(lambda job: None, client="a", seconds=600)
    here = studio.animation(asked(cache, seed=5), job).generated.frames.astype(int)
    assert abs(again.generated.frames - here).max() <= 1  # kernels round by where their numbers lie in memory


def test_frames_are_shown_as_they_clear_up(studio, cache):
    seen = []

    class Watched(Job):
        def __setattr__(self, name, value):
            if name == "pictures" and value is not None:
                seen.append(value)
            super().__setattr__(name, value)

    Watched(lambda job: studio.animation(asked(cache, steps=3), job), client="a", seconds=600).run()
    assert [pictures.shape for pictures in seen] == [(3, 32, 24, 3)] * 3


def test_a_look_tells_each_mistake_at_its_place(studio, cache):
    whole = run(lambda job: studio.look(asked(cache, motion="wave.npz"), job)).result
    assert whole.photo is not None
    assert whole.driver is not None
    assert whole.fitted.endswith(".webp")
    assert (whole.photo_note, whole.motion_note) == ("", "")

    wrong_photo = run(lambda job: studio.look(asked(cache, photo="words.png"), job)).result
    assert wrong_photo.photo_note.startswith("words.png is not a picture in a known format: it seems to be a text file")
    assert wrong_photo.driver is not None
    assert wrong_photo.fitted is None

    wrong_motion = run(lambda job: studio.look(asked(cache, motion="words.npz"), job)).result
    assert wrong_motion.photo is not None
    assert "words.npz is not a pose file" in wrong_motion.motion_note
    assert str(cache) not in wrong_motion.motion_note


def test_a_run_names_files_as_their_owner_does(studio, cache):
    assert run(lambda job: studio.make(asked(cache, motion="black.mp4"), job)).error.startswith(
        "black.mp4: nobody was found"
    )
    with pytest.raises(InputError, match="choose a photo"):
        studio.animation(
            AnimateRequest.of(None, "walk", None, limits=Limits(), files=AnyFile()), Job(print, client="a", seconds=1)
        )
    with pytest.raises(MediaError, match=r"words\.png"):
        studio.animation(asked(cache, photo="words.png"), Job(print, client="a", seconds=1))


def test_a_stopped_run_leaves_no_files(studio, cache):
    before = set(studio.folder.rglob("*"))

    def stopped_while_writing(job):
        track = job.track

        def watched(items, label, total=None):
            if label == "side by side":
                job.stop()
            return track(items, label, total)

        job.track = watched
        return studio.make(asked(cache), job)

    assert run(stopped_while_writing).error == "stopped"
    assert set(studio.folder.rglob("*")) == before


# A function that each part of a job calls once a frame or once a window, and the call within which it is told to stop.
PLACES = [
    ("a look at a picture", "tempose.pose.estimators.BlazePose._look", 2),
    ("pose maps", "tempose.pose.render.pose_map", 2),
    ("generating", "tempose.diffusion.predict.Predictor.decode", 2),
    ("warp at full size", "tempose.animation.compose.warp", 2),
    ("encoding", "tempose.animation.compose.Composition.show", 2),
    ("side by side", "tempose.animation.result.beside", 2),
]


@pytest.mark.parametrize(("place", "call"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_after_a_stop_no_further_frame_is_made(studio, cache, monkeypatch, place, call):
    wanted = asked(cache, motion="black.mp4" if "_look" in place else "walk", steps=3)
    before = set(studio.folder.rglob("*"))
    job = Job(lambda job: studio.make(wanted, job), client="a", seconds=600)
    calls = stopped_within(monkeypatch, place, call, job)
    job.run()
    assert (job.error, len(calls)) == ("stopped", call)
    assert job.freed_after is not None
    assert set(studio.folder.rglob("*")) == before


def test_a_look_stops_between_two_frames(studio, cache, monkeypatch):
    job = Job(lambda job: studio.look(asked(cache), job), client="a", seconds=600)
    calls = stopped_within(monkeypatch, "tempose.pose.draw.draw_skeleton", 2, job)
    job.run()
    assert (job.error, len(calls)) == ("stopped", 2)


def test_reading_stops_among_frames_that_nobody_wants(studio, cache, monkeypatch):
    wanted = asked(cache, motion="black.mp4", start=0.3)
    job = Job(lambda job: studio.motion(wanted, job), client="a", seconds=600)
    decoded, original = [], video._decoded

    def watched(*arguments):
        for frame in original(*arguments):
            decoded.append(frame)
            if len(decoded) == 5:  # the first two were looked at for the size and the length
                job.stop()
            yield frame

    monkeypatch.setattr(video, "_decoded", watched)
    job.run()
    assert (job.error, len(decoded)) == ("stopped", 5)


def stopped_within(monkeypatch, place, call, job):
    """The calls of a function, which stops the job at the given one."""
    name, _, attribute = place.rpartition(".")
    owner, original = pkgutil.resolve_name(name), pkgutil.resolve_name(place)
    calls = []

    def watched(*arguments, **named):
        calls.append(arguments)
        if len(calls) == call:
            job.stop()
        return original(*arguments, **named)

    monkeypatch.setattr(owner, attribute, watched)
    return calls


def test_several_pose_files_are_one_motion(studio, cache):
    wanted = AnimateRequest.of(
        None, None, uploads(cache / "poses"), limits=Limits(), files=AnyFile(), fps=10, max_frames=60
    )
    before = set(studio.folder.rglob("*"))
    job = run(lambda job: studio.motion(wanted, job))
    motion, _ = job.result
    assert (motion.keypoints == read_motion(cache / "poses", time_range=TimeRange(fps=10)).keypoints).all()
    assert len(motion) == 12  # in the order of their numbers, and 10 comes after 9
    assert set(studio.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("more", "files", "said"),
    [
        ({"path": "poses/pose-1.json"}, 20, "two files are called pose-1.json"),
        ({"path": "photo.png"}, 20, "photo.png is not one of several pose files"),
        ({"path": "words.png", "orig_name": "a.json"}, 20, "poses/a.json is not"),
        (None, 11, "12 files are more than 11"),
    ],
)
def test_several_files_that_are_no_motion_are_refused(studio, cache, monkeypatch, more, files, said):
    monkeypatch.setattr(studio, "limits", Limits(files=files))
    given = uploads(cache / "poses") + ([{**more, "path": str(cache / more["path"])}] if more else [])
    look = run(
        lambda job: studio.look(AnimateRequest.of(None, None, given, limits=Limits(), files=AnyFile()), job)
    ).result
    assert said in look.motion_note
    assert str(studio.folder) not in look.motion_note


def uploads(folder):
    return [{"path": str(path)} for path in sorted(folder.iterdir())]


def test_a_picture_is_the_background(studio, cache):
    picture = {"path": str(cache / "beach.png"), "orig_name": "my beach.png"}
    made = run(lambda job: studio.animation(asked(cache, background="picture", background_file=picture), job)).result
    assert made.record["settings"]["background"] == "my beach.png"
    again = animate(read_subject(cache / "photo.png"), "walk", model=small_model(), steps=1, max_frames=3,
                    background=str(cache / "beach.png"))  # fmt: skip
    assert (made.scene.background == again.scene.background).all()
    assert (made.scene.background[..., 2] > 150).all()


@pytest.mark.parametrize(("name", "said"), [(None, "choose a picture"), ("words.png", "words.png is not a picture")])
def test_a_background_that_cannot_be_used_is_told_at_its_place(studio, cache, name, said):
    given = name and {"path": str(cache / name)}
    wanted = asked(cache, background="picture", background_file=given)
    look = run(lambda job: studio.look(wanted, job)).result
    assert said in look.settings_note
    assert look.fitted is not None
    assert said in run(lambda job: studio.make(wanted, job)).error


def test_files_of_long_ago_are_removed(studio):
    old, new = studio.new_folder(), studio.new_folder()
    os.utime(old, (0, 0))
    shutil.rmtree(studio.new_folder())
    assert (old.exists(), new.exists()) == (False, True)
    shutil.rmtree(new)


def test_two_sides_of_a_comparison_last_as_long(studio, cache):
    assert studio.alone is not None
    requests, models = (asked(cache), asked(cache)), (studio.alone, studio.model)
    job = run(lambda job: studio.pair(requests, models, job))
    assert [probe_video(path).frames for path in job.result] == [3, 3]
    shutil.rmtree(job.result[0].parent)


def test_the_image_model_shares_the_weights(studio):
    alone, whole = studio.alone.pipeline.unet, studio.model.pipeline.unet
    assert alone.conv_in.weight.data_ptr() == whole.conv_in.weight.data_ptr()
    assert not list(alone.temporal_parameters())
