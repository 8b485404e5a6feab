"""Looks and results without a page: the same function as the command line's, on one shared model."""

import json
import pkgutil
import shlex
import wave

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from subjects import generated, small_model, subject
from web.visitors import AnyFile

from tempose.animation.animate import animate
from tempose.animation.motion import TimeRange, read_motion
from tempose.animation.result import AT_ONCE
from tempose.animation.subject import read_subject
from tempose.core.errors import InputError, MediaError
from tempose.media import video
from tempose.media.images import read_image, write_image
from tempose.media.video import probe_video, write_video
from tempose.pose.estimators import Detection
from tempose.web.api import add_api
from tempose.web.cache import Cache
from tempose.web.jobs import Job
from tempose.web.limits import Limits
from tempose.web.request import AnimateRequest, DressRequest
from tempose.web.studio import BESIDE, FORMS, Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return Studio(small_model(), limits=Limits(pixels=1_000_000), folder=tmp_path_factory.mktemp("made"))


def run(work):
    """The job after its work, which it does at once."""
    job = Job(work, client="a", seconds=600)
    job.run()
    return job


def request(**given):
    return AnimateRequest.of(given, limits=Limits(), files=AnyFile())


def asked(cache, *, photo="photo.png", motion="walk", more=None, **settings):
    motion = {"path": str(cache / motion)} if "." in motion else motion
    settings = {"max_frames": 3, "steps": 1, **settings}
    return request(photo={"path": str(cache / photo)}, motion=motion, settings=settings, **(more or {}))


def test_a_result_is_what_the_function_makes(studio, cache):
    made = run(lambda job: studio.make(asked(cache, seed=5), job))
    assert made.error is None
    files, said = made.result.files, made.result.said
    assert [*files] == ["photo-walk.mp4", "photo-walk.png", "photo-walk.mp4.json"]
    record = json.loads(files["photo-walk.mp4.json"].read_text())
    assert (record["photo"], record["motion"], shlex.join(record["command"])) == ("photo.png", "walk", said["command"])
    assert probe_video(made.result.main).frames == said["frames"] == 3
    again = animate(read_subject(cache / "photo.png"), "walk", **{**record["settings"], "model": small_model()})
    job = Job(lambda job: None, client="a", seconds=600)
    here = generated(studio.animation(asked(cache, seed=5), job))
    assert (generated(again) - here).abs().max() < 0.01  # kernels round by where their numbers lie in memory


def test_frames_are_shown_as_they_are_made_at_full_size(studio, cache):
    seen = []

    class Watched(Job):
        def show(self, picture):
            seen.append((picture.shape, self.progress().part))
            super().show(picture)

    job = Watched(lambda job: studio.make(asked(cache), job), client="a", seconds=600)
    job.run()
    height, width = job.result.said["height"], job.result.said["width"]
    assert {shape for shape, _ in seen} == {(height, width, 3)}
    assert [part for _, part in seen] == [
        "waiting",
        "encoding",
        "encoding",
        "encoding",
    ]


def test_other_forms_are_made_of_the_video_when_they_are_asked_for(studio, cache):
    made = run(lambda job: studio.make(asked(cache), job)).result
    for ending in FORMS:
        path = run(lambda job, ending=ending: studio.form(made, ending, job)).result
        info = probe_video(path)
        assert info.frames == 3
        assert info.width == made.said["width"] * (3 if ending == BESIDE else 1)
        assert b"digitalsourcetype" in path.read_bytes()
        written = path.stat().st_mtime_ns
        assert run(lambda job, ending=ending: studio.form(made, ending, job)).result.stat().st_mtime_ns == written


def test_the_drivers_sound_comes_along(studio, cache, monkeypatch):
    with_sound(cache / "loud.mp4", cache / "photo.png")
    monkeypatch.setattr(studio, "estimator", lambda frame: [Detection(subject().keypoints, subject().mask)])
    made = run(lambda job: studio.make(asked(cache, motion="loud.mp4"), job))
    assert made.error is None
    assert probe_video(made.result.main).has_audio
    assert "--audio" in made.result.said["command"]


def with_sound(path, photo):
    """A video of a still person, with a tone."""
    sound = path.with_suffix(".wav")
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.sin(np.arange(8000)).astype(np.int16).tobytes())
    picture = read_image(photo)
    write_video(path, [picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]] * 4, 10, audio_from=sound)


def test_the_whole_clip_is_taken_and_a_limit_is_said_before_it_is_read(studio, cache, monkeypatch):
    wanted = asked(cache, motion="black.mp4", max_frames=None)
    assert run(lambda job: studio.whole(wanted, job)).result == pytest.approx((0.4, 10))
    monkeypatch.setattr(studio, "limits", Limits(frames=3))
    job = run(lambda job: studio.make(wanted, job))
    assert "4 frames at 10 a second, and 3 is the limit here" in job.error
    assert "start and duration: 0.3 seconds fit" in job.error
    look = run(lambda job: studio.look(wanted, job)).result
    assert (look.motion_note, look.seconds, look.fps) == (job.error, pytest.approx(0.4), 10)
    shorter = asked(cache, motion="wave.npz", max_frames=None, duration=0.3)
    assert len(run(lambda job: studio.motion(shorter, job)).result[0]) == 3
    assert "36 frames" in run(lambda job: studio.make(asked(cache, max_frames=None), job)).error


def test_several_photos_of_one_person(studio, cache):
    photo = {"path": str(cache / "photo.png"), "orig_name": "front.png"}
    wanted = request(photo=[photo, photo], motion="turn", settings={"max_frames": 2, "steps": 1})
    made = run(lambda job: studio.make(wanted, job))
    assert made.error is None
    assert made.result.said["record"]["photo"] == ["front.png", "front.png"]
    wrong = request(photo=[photo, {"path": str(cache / "words.png")}], motion="turn")
    assert "words.png is not a picture" in run(lambda job: studio.look(wrong, job)).result.photo_note


def test_a_mended_mask_says_where_the_person_is(studio, cache):
    mask = np.repeat(255 * subject().mask[..., None].astype(np.uint8), 3, axis=-1)
    bottom = np.flatnonzero(mask.any(axis=(1, 2))).max() - 10
    mask[bottom:] = 0
    write_image(cache / "mask.png", mask)
    wanted = asked(cache, more={"mask": {"path": str(cache / "mask.png")}})
    found = run(lambda job: studio.subject(wanted, job)).result
    assert found.mask.any()
    assert not found.mask[bottom:].any()
    assert run(lambda job: studio.make(wanted, job)).result.said["record"]["settings"]["mask"] == "mask.png"


def test_clothes_are_changed(studio, cache):
    given = {"photo": {"path": str(cache / "photo.png")}, "style": {"example": "road"}}
    wanted = DressRequest.of({**given, "settings": {"part": "upper"}}, limits=Limits(), files=AnyFile())
    made = run(lambda job: studio.dressed(wanted, job))
    assert made.error is None
    assert [*made.result.files] == ["photo-road.png", "photo-road.png.json"]
    assert made.result.said["record"]["style"] == "road.jpg"
    assert b"digitalsourcetype" in made.result.main.read_bytes()
    given |= {"style": {"path": str(cache / "black.mp4")}, "settings": {"part": "upper"}}
    moving = DressRequest.of(given, limits=Limits(), files=AnyFile())
    assert "black.mp4" in run(lambda job: studio.dressed(moving, job)).error


def test_a_person_is_drawn_by_choice(studio):
    made = run(lambda job: studio.drawn({"seed": 3, "hair": "bun"}, job)).result
    assert made.main.name == f"person-{made.said['seed']}.png"
    for wrong in ({"seed": -1}, {"seed": "3"}, {"hair": "green"}, {"height": 3}):
        assert run(lambda job, wrong=wrong: studio.drawn(wrong, job)).error


def test_a_look_tells_each_mistake_at_its_place(studio, cache):
    whole = run(lambda job: studio.look(asked(cache, motion="wave.npz"), job)).result
    assert [*whole.files] == ["photo.jpg", "first.jpg", "last.jpg", "fitted.webp", "matte.png"]
    assert read_image(whole.files["matte.png"]).shape[1::-1] == whole.size
    assert (whole.photo_note, whole.motion_note) == ("", "")

    wrong_photo = run(lambda job: studio.look(asked(cache, photo="words.png"), job)).result
    assert wrong_photo.photo_note.startswith("words.png is not a picture in a known format: it seems to be a text file")
    assert [*wrong_photo.files] == ["first.jpg", "last.jpg"]

    wrong_motion = run(lambda job: studio.look(asked(cache, motion="words.npz"), job)).result
    assert [*wrong_motion.files] == ["photo.jpg"]
    assert "words.npz is not a pose file" in wrong_motion.motion_note
    assert str(cache) not in wrong_motion.motion_note


def test_a_run_names_files_as_their_owner_does(studio, cache):
    assert run(lambda job: studio.make(asked(cache, motion="black.mp4"), job)).error.startswith(
        "black.mp4: nobody was found"
    )
    with pytest.raises(InputError, match="there is no photo; choose one"):
        studio.animation(request(motion="walk"), Job(print, client="a", seconds=1))
    with pytest.raises(MediaError, match=r"words\.png"):
        studio.animation(asked(cache, photo="words.png"), Job(print, client="a", seconds=1))


def test_a_stopped_run_leaves_no_files(studio, cache):
    before = set(studio.folder.rglob("*"))

    def stopped_while_writing(job):
        track = job.track

        def watched(items, label, total=None):
            if label == "encoding":
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
    ("warp at full size", "tempose.animation.compose.Poses.shown", 2),
    ("encoding", "tempose.animation.compose.Composition.show", 2),
]


@pytest.mark.parametrize(("place", "call"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_after_a_stop_no_further_frame_is_made(studio, cache, monkeypatch, place, call):
    wanted = asked(cache, motion="black.mp4" if "_look" in place else "walk", steps=3)
    before = set(studio.folder.rglob("*"))
    job = Job(lambda job: studio.make(wanted, job), client="a", seconds=600)
    calls = stopped_within(monkeypatch, place, call, job)
    job.run()
    assert job.error == "stopped"
    ahead = AT_ONCE if "compose" in place or "_look" in place else 0  # those that are in the making already
    assert call <= len(calls) <= call + ahead
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
    wanted = request(motion=uploads(cache / "poses"), settings={"fps": 10, "max_frames": 60})
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
    monkeypatch.setattr(studio, "_infos", Cache(4))
    given = uploads(cache / "poses") + ([{**more, "path": str(cache / more["path"])}] if more else [])
    look = run(lambda job: studio.look(request(motion=given), job)).result
    assert said in look.motion_note
    assert str(studio.folder) not in look.motion_note


def uploads(folder):
    return [{"path": str(path)} for path in sorted(folder.iterdir())]


def test_a_picture_is_the_background(studio, cache):
    picture = {"path": str(cache / "beach.png"), "orig_name": "my beach.png"}
    made = run(lambda job: studio.animation(asked(cache, more={"background_file": picture}), job)).result
    assert made.record["settings"]["background"] == "my beach.png"
    again = animate(read_subject(cache / "photo.png"), "walk", model=small_model(), steps=1, max_frames=3,
                    background=str(cache / "beach.png"))  # fmt: skip
    assert (made.scene.background == again.scene.background).all()
    assert (made.scene.background[..., 2] > 150).all()


def test_a_background_that_cannot_be_used_is_told_at_its_place(studio, cache):
    wanted = asked(cache, more={"background_file": {"path": str(cache / "words.png")}})
    look = run(lambda job: studio.look(wanted, job)).result
    assert "words.png is not a picture" in look.settings_note
    assert "fitted.webp" in look.files
    assert "words.png is not a picture" in run(lambda job: studio.make(wanted, job)).error


def test_where_people_cannot_be_drawn_nobody_is_offered(studio, monkeypatch):
    application = FastAPI()
    add_api(application, studio, None)
    page = TestClient(application)
    assert set(page.get("/api/studio").json()["people"]) == {"hair", "clothes", "extra", "place"}
    monkeypatch.setattr("tempose.people.anatomy.there", lambda: False)
    assert page.get("/api/studio").json()["people"] == {}
