from functools import partial

import numpy as np
import pytest
import torch
from conftest import TINY
from helpers import denoised, fill, random, standing

from tempose import Motion
from tempose.core.errors import InputError
from tempose.diffusion import predict
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.mirror import BothWays, MirroredFrames, mean, mirrored_photo
from tempose.diffusion.predict import Frames, Predictor
from tempose.diffusion.windows import Loop, Overlap
from tempose.models.build import build_networks, build_schedule
from tempose.models.conditions import Photo
from tempose.pose.render import pose_map, pose_maps
from tempose.warp.flesh import LAYERS

CONFIG = TINY.model_copy(
    update={"warped_photo": True, "background": True, "sigma_data": 0.2, "correct_prior": True, "pose_keys": True}
)
FRAMES = 5
X_T, T = random(FRAMES, 3, *TINY.size), torch.tensor(400)


def frames():
    scale, offsets = np.array([TINY.size[1] / 48, TINY.size[0] / 64, 1]), np.random.default_rng(0)
    keypoints = standing().numpy() * scale + offsets.uniform(-1, 1, (FRAMES + 1, 18, 3)) * [0.5, 1, 0]
    keypoints = keypoints.astype(np.float32)
    photo = Photo(
        random(1, 3, *TINY.size, seed=1),
        torch.from_numpy(pose_map(keypoints[0], TINY.size))[None],
        torch.from_numpy(keypoints[:1]),
        random(1, len(LAYERS), 3, *TINY.size, seed=3),
        random(1, len(LAYERS), 1, *TINY.size, seed=4, low=0),
        torch.zeros(1),
        torch.full((1, 2, 2), torch.nan),
        random(1, 1, *TINY.size, seed=2, low=0),
        random(1, 3, *TINY.size, seed=5),
    )
    return Frames(photo, Motion(keypoints[1:], TINY.size, 25), prior=True)


@pytest.fixture(scope="module")
def make():
    networks = build_networks(CONFIG, temporal=True)
    for network in networks:
        fill(network)
        network.eval()
    return partial(Predictor, *networks, build_schedule(CONFIG), guidance=Guidance())


def predicted(predictor, x_t=X_T, window=4):
    return denoised(predictor, x_t, T, Overlap().windows(FRAMES, window, step=1))


def test_in_a_mirror_the_same_is_predicted_mirrored(make):
    straight = frames()
    mirrored = MirroredFrames(straight)
    one = predicted(BothWays(make(frames=straight), make(frames=mirrored)))
    other = predicted(BothWays(make(frames=mirrored), make(frames=straight)), X_T.flip(-1))
    torch.testing.assert_close(other.output, one.output.flip(-1), rtol=1e-4, atol=1e-5)
    turned = other.person.flip(-1) * torch.tensor([-1, 1, 1])[:, None, None]
    torch.testing.assert_close(turned, one.person, rtol=1e-4, atol=1e-5)
    alone = predicted(make(frames=straight))
    assert not torch.allclose(alone.output, one.output, atol=1e-3)  # a network by itself knows left from right


def test_two_predictions_that_agree_are_their_mean(make):
    one = predicted(make(frames=frames()), window=FRAMES)
    person = one.person.flip(-1) * torch.tensor([-1, 1, 1])[:, None, None]
    both = mean(one, predict.Denoised(one.output.flip(-1), person))
    for found, wanted in zip(both[:2], one[:2], strict=True):
        torch.testing.assert_close(found, wanted)


def test_windows_are_asked_for_one_after_the_other_as_they_are_predicted(make):
    """So progress is told as it is made."""
    straight, told = frames(), []
    way = make(frames=straight)
    plain, way.decode = way.decode, lambda *given: told.append("predicted") or plain(*given)

    def windows():
        for window in Loop().windows(FRAMES, 2, step=0):
            yield window
            told.append("next")

    denoised(BothWays(way, make(frames=MirroredFrames(straight))), X_T, T, windows())
    assert told == ["predicted", "next"] * 3


def test_what_a_mirror_shows_of_frames():
    straight = frames()
    mirrored, every = MirroredFrames(straight), torch.arange(FRAMES)
    (_, prior), (maps, other) = straight[every], mirrored[every]
    torch.testing.assert_close(other.color, prior.color.flip(-1))
    torch.testing.assert_close(other.alpha, prior.alpha.flip(-1))
    drawn = pose_maps(straight.poses.mirrored().keypoints, TINY.size)
    torch.testing.assert_close(maps, torch.from_numpy(drawn))


def test_the_mirror_of_a_mirror_is_the_photo():
    photo = frames().photo
    again = mirrored_photo(mirrored_photo(photo))
    torch.testing.assert_close(again.picture, photo.picture)
    once = mirrored_photo(photo)
    assert not torch.equal(once.pose_map, photo.pose_map.flip(-1))  # left and right have colors of their own


def test_the_person_is_warped_once_for_both(make, monkeypatch):
    warped, plain = [], predict.warped_prior

    def counted(photo, keypoints, **rest):
        warped.append(keypoints.shape[1])
        return plain(photo, keypoints, **rest)

    monkeypatch.setattr(predict, "warped_prior", counted)
    straight = frames()
    predicted(BothWays(make(frames=straight), make(frames=MirroredFrames(straight))))
    assert sum(warped) == FRAMES


def test_pose_maps_cannot_be_seen_in_a_mirror():
    with pytest.raises(InputError, match="Motion"):
        MirroredFrames(Frames(frames().photo, random(FRAMES, 20, *TINY.size, low=0), prior=False))
