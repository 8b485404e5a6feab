"""From one person to another: the ends are these two, and what lies between goes one way."""

import json

import numpy as np
import pytest
from subjects import drawn_subject, filled_model

from tempose.animation.animate import animate
from tempose.animation.blend import blend, write_blend
from tempose.core.errors import InputError
from tempose.diffusion.hub import load_model
from tempose.media.images import read_image

ONE, OTHER = drawn_subject(13), drawn_subject(5)


def goes_one_way(record):
    assert record["from_one"][0] == record["from_other"][-1] == 0
    assert (np.diff(record["from_one"]) > 0).all(), record
    assert (np.diff(record["from_other"]) < 0).all(), record


def test_a_blend_goes_one_way_from_the_one_to_the_other():
    made = blend(ONE, OTHER, steps=5, model=filled_model(), size=128)
    assert len(made) == 5
    goes_one_way(made.record)


def test_its_ends_are_the_two_people():
    made = blend(ONE, OTHER, steps=3, model="warp", size=128)
    alone = animate(ONE, ONE.pose, model="warp", size=128, retarget="none")
    np.testing.assert_array_equal(made.frame(0), alone.frame(0))
    assert np.abs(made.frame(2).astype(int) - alone.frame(0))[made.frame(2) != alone.frame(0)].mean() > 10


def test_in_a_motion_the_shares_run_over_its_frames(tmp_path):
    made = blend(ONE, OTHER, motion="wave", max_frames=4, model="warp", size=64)
    assert made.scene.shares[1].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    write_blend(made, tmp_path / "a.mp4", command=["tempose", "blend"])
    assert "from_one" not in json.loads((tmp_path / "a.mp4.json").read_text())


def test_a_sheet_shows_every_step_at_the_size_asked_for(tmp_path):
    made = blend(ONE, OTHER, steps=3, model="warp", size=64)
    goes_one_way(made.record)
    write_blend(made, tmp_path / "a.png", command=["tempose", "blend", "a", "b"])
    assert read_image(tmp_path / "a.png").shape == (64, 3 * 48 + 8, 3)
    record = json.loads((tmp_path / "a.png.json").read_text())
    assert (record["command"][:2], record["settings"]["steps"]) == (["tempose", "blend"], 3)
    with pytest.raises(InputError, match="steps is 1"):
        blend(ONE, OTHER, steps=1)
    with pytest.raises(InputError, match="background is 'blu'"):
        blend(ONE, OTHER, background="blu")


@pytest.mark.slow
def test_the_weights_that_ship_go_one_way():
    goes_one_way(blend(ONE, OTHER, steps=7, model=load_model("people-128")).record)
