from functools import partial

import pytest
import torch
from conftest import TINY
from diffusion.guided import GUIDED, filled_networks, posed
from helpers import denoised, random

from tempose.core.errors import InputError
from tempose.diffusion import predict
from tempose.diffusion.guidance import Guidance
from tempose.diffusion.mirror import BothWays, MirroredFrames, mean, mirrored_photo
from tempose.diffusion.predict import Frames, Predictor
from tempose.diffusion.windows import Loop, Overlap
from tempose.models.build import build_schedule
from tempose.pose.render import pose_maps

FRAMES = 5
X_T, T = random(FRAMES, 3, *TINY.size), torch.tensor(400)


def frames():
    return posed(FRAMES)


@pytest.fixture(scope="module")
def make():
    return partial(Predictor, *filled_networks(GUIDED), build_schedule(GUIDED), guidance=Guidance())


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
