from dataclasses import replace

import pytest
import torch
from conftest import TINY
from diffusion.guided import GUIDED, filled_networks, posed
from helpers import counted, denoised, random

from benchmarks.speed.reference import UNDONE, BranchesApart, KeysEachTime, WindowsApart, as_published
from tempose import Guidance
from tempose.diffusion import predict
from tempose.diffusion.predict import Frames, Predictor
from tempose.diffusion.windows import Overlap
from tempose.models.build import build_schedule
from tempose.models.conditions import Photo, reads_prior
from tempose.warp.flesh import LAYERS

FRAMES = 7
X_T, T = random(FRAMES, 3, *TINY.size), torch.tensor(400)


def predictor(kind=Predictor, config=TINY, guidance=Guidance(), frames=None):
    frames = frames or posed(FRAMES, prior=reads_prior(config))
    return kind(*filled_networks(config), build_schedule(config), frames=frames, guidance=guidance)


def predicted(made):
    return [x for x in denoised(made, X_T, T, Overlap().windows(FRAMES, 4, step=1)) if x is not None]


@pytest.mark.parametrize("config", [TINY, GUIDED], ids=["texture alone", "all guides"])
@pytest.mark.parametrize("kind", [KeysEachTime, WindowsApart, BranchesApart])
def test_what_is_computed_once_is_what_is_computed_each_time(config, kind):
    torch.testing.assert_close(
        predicted(predictor(config=config)), predicted(predictor(kind, config)), rtol=1e-4, atol=1e-5
    )


def test_every_frame_begins_once_for_both_branches_and_all_windows():
    made, encoded = predictor(), []
    made.unet.conv_in.register_forward_hook(lambda module, inputs, output: encoded.append(len(output)))
    predicted(made)
    assert sum(encoded) == FRAMES


@pytest.mark.parametrize(
    ("config", "guidance", "views"),
    [
        (TINY, Guidance(photo=2.0), 1),
        (TINY, Guidance(photo=2.0, pose=2.0), 2),
        (GUIDED, Guidance(photo=2.0), 2),
        (GUIDED, Guidance(photo=1.0), 1),
    ],
)
def test_only_branches_that_differ_begin_apart(config, guidance, views):
    assert len(predictor(config=config, guidance=guidance).views) == views


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_a_scale_of_zero_or_one_takes_one_prediction(scale):
    assert len(predictor(guidance=Guidance(photo=scale)).branches) == 1


def test_windows_hold_no_frame_longer_than_they_need_it():
    made, held = predictor(), []
    decode = made.decode
    made.decode = lambda x_t, t, encoded: held.append(len(encoded)) or decode(x_t, t, encoded)
    predicted(made)
    assert max(held) == 4


def windows(*, frames=FRAMES, steps=3):
    """The frames that the windows of several steps ask for, in their order."""
    for step in range(steps):
        for window, _ in Overlap().windows(frames, 4, step=step):
            yield window


def test_each_pose_is_drawn_and_warped_once_over_all_steps_and_windows(monkeypatch):
    drawn = counted(monkeypatch, predict, "pose_maps", lambda keypoints, size: len(keypoints))
    warped = counted(monkeypatch, predict, "warped_prior", lambda photo, keypoints, **_: keypoints.shape[1])
    frames = posed(FRAMES)
    for window in windows():
        frames[window]
    assert sum(drawn) == sum(warped) == FRAMES


def test_what_is_kept_of_a_pose_is_what_is_made_anew():
    frames = posed(FRAMES)
    for window in windows():
        (maps, prior), (maps_anew, prior_anew) = frames[window], posed(FRAMES)[window]
        assert torch.equal(maps, maps_anew)
        torch.testing.assert_close(tuple(prior), tuple(prior_anew))


@pytest.mark.parametrize("prior", [False, True])
def test_no_more_poses_are_kept_than_agreed_however_long_the_video(monkeypatch, prior):
    monkeypatch.setattr(predict, "KEPT", 6)
    monkeypatch.setattr(predict, "NEAR", 6)
    frames = posed(20, prior=prior)
    # The last asks for those that were kept the longest, and for two more.
    for window in [*windows(frames=20, steps=2), torch.tensor([0, 1, 18, 19]), torch.tensor([16, 17, 2, 3])]:
        maps, found = frames[window]
        assert len(maps) == len(window)
        assert (found is not None) == prior
        assert len(frames._kept) <= 6


@pytest.mark.parametrize("undone", [*UNDONE.values(), as_published], ids=[*UNDONE, "all"])
def test_every_saving_is_exact(undone):
    from tempose import PersonVideoPipeline

    pipe = PersonVideoPipeline.from_networks(filled_networks(TINY), config=TINY)
    pipe.set_progress_bar_config(disable=True)
    arguments = {"photo": X_T[0], "poses": random(FRAMES, 20, *TINY.size, low=0), "num_inference_steps": 2}
    with undone():
        without = pipe(**arguments).frames
    torch.testing.assert_close(pipe(**arguments).frames, without, rtol=1e-4, atol=1e-4)


def with_photos(config, *, shares, reads=None, seeds=(0, 1)):
    """A predictor of photos that differ in all that a photo has but its pose."""
    made = predictor(config=config).frames
    own = made.photo
    other = replace(own, picture=own.picture.flip(-1), color=own.color.flip(-1), alpha=own.alpha.flip(-1))
    photos = [(own, other)[i] for i in seeds]
    frames = Frames(Photo.together(photos), made.poses, prior=reads_prior(config), shares=shares, reads=reads)
    return predictor(config=config, frames=frames)


@pytest.mark.parametrize("config", [TINY, GUIDED], ids=["texture alone", "all guides"])
def test_a_photo_beside_itself_changes_nothing_and_another_does(config):
    half = torch.full((2, FRAMES, len(LAYERS)), 0.5)
    alone = predicted(predictor(config=config))
    torch.testing.assert_close(predicted(with_photos(config, shares=half, seeds=(0, 0))), alone, rtol=1e-3, atol=1e-4)
    assert (predicted(with_photos(config, shares=half))[0] - alone[0]).abs().max() > 0.01


def test_a_photo_that_counts_nothing_changes_nothing():
    first = torch.zeros(2, FRAMES, len(LAYERS))
    first[0] = 1
    made = predicted(with_photos(GUIDED, shares=first, reads=first[..., 0]))
    torch.testing.assert_close(made, predicted(predictor(config=GUIDED)), rtol=1e-3, atol=1e-4)
