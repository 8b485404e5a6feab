"""A visitor's file is opened, and a frame composed, no more often than it must be."""

import numpy as np
import pytest
from helpers import counted
from subjects import small_model, subject
from web.test_studio import asked, run

from tempose.animation.compose import Composition
from tempose.media import video
from tempose.media.images import read_image
from tempose.media.video import write_video
from tempose.pose.estimators import Detection
from tempose.web.limits import Limits
from tempose.web.studio import Studio

FRAMES = 3


@pytest.fixture
def studio(tmp_path):
    """A studio whose estimator sees the same person in every picture."""
    studio = Studio(small_model(), limits=Limits(), folder=tmp_path)
    studio.estimator = lambda frame: [Detection(subject().keypoints, subject().mask)]
    return studio


@pytest.fixture
def driver(cache):
    picture = subject().picture
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    write_video(cache / "driver.mp4", [np.roll(picture[:height, :width], k, axis=1) for k in range(FRAMES)], 10)
    return "driver.mp4"


def test_a_video_is_opened_for_its_head_its_survey_and_its_frames(studio, cache, driver, monkeypatch):
    """Once for its size, before anything is decoded; twice each for the two surveys of its length; once to be read."""
    opened = counted(monkeypatch, video, "opened", lambda path, **_: str(path).endswith(driver))
    look = run(lambda job: studio.look(asked(cache, motion=driver), job)).result
    assert look.motion_note == look.photo_note == ""
    assert sum(opened) == 6
    run(lambda job: studio.animation(asked(cache, motion=driver), job))
    assert sum(opened) == 6  # what the look found is not looked for again


def test_the_look_shows_the_drivers_own_first_and_last_picture(studio, cache, driver):
    look = run(lambda job: studio.look(asked(cache, motion=driver), job)).result
    for name in ("first.jpg", "last.jpg"):
        picture = read_image(look.files[name])
        assert picture.shape == (384, 288, 3)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5000  # a picture, not a skeleton on slate


def test_a_frame_is_composed_once_for_all_files_of_a_result(studio, cache, monkeypatch):
    shown = counted(monkeypatch, Composition, "show", lambda *given, **_: given[3] is not None)
    assert run(lambda job: studio.make(asked(cache), job)).error is None
    assert sum(shown) == FRAMES
