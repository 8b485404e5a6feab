"""Looks and results without a page: the same function as the command line's, on one shared model."""

import json
import shutil

import pytest
from subjects import small_model

from tempose.animate import animate
from tempose.errors import InputError, MediaError
from tempose.media.video import probe_video
from tempose.subject import read_subject
from tempose.web.jobs import Job
from tempose.web.limits import Limits
from tempose.web.studio import Shelf, Studio
from tempose.web.wish import Wish


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(small_model(), limits=Limits(pixels=1_000_000), folder=tmp_path_factory.mktemp("made"))


def run(work):
    """The job after its work, which it does at once."""
    job = Job(work, client="a", seconds=600)
    job.run()
    return job


def wish(shelf, *, photo="photo.png", motion="walk", **settings):
    motion_file = {"path": str(shelf / motion)} if "." in motion else None
    settings = {"frames": 3, "steps": 1, **settings}
    return Wish.of({"path": str(shelf / photo)}, motion, motion_file, limits=Limits(), **settings)


def test_a_result_is_what_the_function_makes(studio, shelf):
    made = run(lambda job: studio.make(wish(shelf, seed=5), job))
    assert made.error is None
    files = made.result
    assert [path.name for path in files.files()] == [
        "photo-walk.mp4", "photo-walk-side-by-side.mp4", "photo-walk.png", "photo-walk.mp4.json",
    ]  # fmt: skip
    record = json.loads(files.record.read_text())
    assert (record["photo"], record["motion"], record["command"]) == ("photo.png", "walk", files.command)
    assert probe_video(files.video).frames == 3
    again = animate(read_subject(shelf / "photo.png"), "walk", **{**record["settings"], "model": small_model()})
    job = Job(lambda job: None, client="a", seconds=600)
    assert (again.painted == studio.animation(wish(shelf, seed=5), job).painted).all()


def test_frames_are_shown_as_they_clear_up(studio, shelf):
    seen = []

    class Watched(Job):
        def __setattr__(self, name, value):
            if name == "pictures" and value is not None:
                seen.append(value)
            super().__setattr__(name, value)

    Watched(lambda job: studio.animation(wish(shelf, steps=3), job), client="a", seconds=600).run()
    assert [pictures.shape for pictures in seen] == [(3, 32, 24, 3)] * 3


def test_a_look_tells_each_mistake_at_its_place(studio, shelf):
    whole = run(lambda job: studio.look(wish(shelf, motion="wave.npz"), job)).result
    assert whole.photo is not None
    assert whole.driver is not None
    assert whole.fitted.endswith(".webp")
    assert (whole.photo_note, whole.motion_note) == ("", "")

    wrong_photo = run(lambda job: studio.look(wish(shelf, photo="words.png"), job)).result
    assert wrong_photo.photo_note == "words.png is not a picture in a known format; wanted PNG, JPEG or WebP"
    assert wrong_photo.driver is not None
    assert wrong_photo.fitted is None

    wrong_motion = run(lambda job: studio.look(wish(shelf, motion="words.npz"), job)).result
    assert wrong_motion.photo is not None
    assert "words.npz is not a pose file" in wrong_motion.motion_note
    assert str(shelf) not in wrong_motion.motion_note


def test_a_run_names_files_as_their_owner_does(studio, shelf):
    assert run(lambda job: studio.make(wish(shelf, motion="black.mp4"), job)).error.startswith(
        "nobody was found in black.mp4"
    )
    with pytest.raises(InputError, match="choose a photo"):
        studio.animation(Wish.of(None, "walk", None, limits=Limits()), Job(print, client="a", seconds=1))
    with pytest.raises(MediaError, match=r"words\.png"):
        studio.animation(wish(shelf, photo="words.png"), Job(print, client="a", seconds=1))


def test_a_stopped_run_leaves_no_files(studio, shelf):
    before = set(studio.folder.rglob("*"))

    def stopped_while_writing(job):
        track = job.track

        def watched(items, label, total=None):
            if label == "side by side":
                job.stop()
            return track(items, label, total)

        job.track = watched
        return studio.make(wish(shelf), job)

    assert run(stopped_while_writing).error == "stopped"
    assert set(studio.folder.rglob("*")) == before


def test_two_sides_of_a_comparison_last_as_long(studio, shelf):
    assert studio.alone is not None
    wishes, models = (wish(shelf), wish(shelf)), (studio.alone, studio.model)
    job = run(lambda job: studio.pair(wishes, models, job))
    assert [probe_video(path).frames for path in job.result] == [3, 3]
    shutil.rmtree(job.result[0].parent)


def test_the_image_model_shares_the_weights(studio):
    alone, whole = studio.alone.pipeline.unet, studio.model.pipeline.unet
    assert alone.conv_in.weight.data_ptr() == whole.conv_in.weight.data_ptr()
    assert not list(alone.temporal_parameters())


def test_a_shelf_makes_a_value_once_and_forgets_the_oldest():
    shelf, job, made = Shelf(2), Job(print, client="a", seconds=60), []

    def make(value):
        return lambda: made.append(value) or value

    assert [shelf.get(key, make(key), job=job) for key in (1, 1, 2, 3, 2, 1)] == [1, 1, 2, 3, 2, 1]
    assert made == [1, 2, 3, 1]
    with pytest.raises(ZeroDivisionError):
        shelf.get(9, lambda: 1 / 0, job=job)
    assert shelf.get(9, make(9), job=job) == 9
