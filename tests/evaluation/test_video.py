import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import random, standing

from tempose.evaluation.video import dis_flow, flicker, jerk, seam_score

FPS, HEIGHT = 25.0, 64


def moving(frames=12, shift=2, size=(64, 48)):
    """A textured picture that moves to the right by whole pixels."""
    h, w = size
    wide = F.avg_pool2d(random(1, 3, h, w + frames * shift, low=0), 5, 1, 2)
    return torch.stack([wide[..., (frames - 1 - i) * shift :][..., :w] for i in range(frames)], dim=1)


VIDEO = moving()
FLOW, VALID = dis_flow(VIDEO)


def accelerating(third):
    """A person who moves to the right by t³·third/6 pixels."""
    t = torch.arange(10) / FPS
    keypoints = standing().repeat(1, 10, 1, 1)
    keypoints[0, :, :, 0] += (third * t**3 / 6 + 3 * t**2 + t)[:, None]
    return keypoints


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_dis_flow_finds_a_movement(shift):
    flow, valid = dis_flow(moving(4, shift))
    assert flow.shape == (1, 3, 2, 64, 48)
    assert valid.shape == (1, 3, 1, 64, 48)
    inner = flow[..., 8:-8, 8:-8]
    torch.testing.assert_close(inner[:, :, 0].mean(), torch.tensor(float(shift)), atol=0.05, rtol=0)
    torch.testing.assert_close(inner[:, :, 1].mean(), torch.tensor(0.0), atol=0.05, rtol=0)
    assert valid[..., 8:-8, 8:-8].mean() > 0.98


def test_flow_out_of_the_picture_is_not_valid():
    _, valid = dis_flow(moving(3, 4))
    assert valid[..., -3:].max() == 0


def test_what_will_be_covered_is_not_valid():
    frames = moving(1, 0, (96, 96)).repeat(1, 2, 1, 1, 1)
    thing = F.avg_pool2d(random(3, 52, 36, seed=5, low=0), 5, 1)
    for i in range(2):
        frames[:, i, :, 24:72, 16 + 6 * i : 48 + 6 * i] = thing
    _, valid = dis_flow(frames)
    assert valid[..., 29:67, 48:54].mean() < 0.5
    assert valid[..., 60:].mean() > 0.9


def test_flow_is_the_same_again_and_clip_by_clip():
    both = torch.cat([VIDEO, VIDEO.flip(-1)])
    flow, valid = dis_flow(both)
    assert torch.equal(flow[:1], FLOW)
    assert torch.equal(valid[:1], VALID)
    assert torch.equal(dis_flow(both[1:])[0], flow[1:])


def test_no_flicker_is_that_of_the_truth():
    assert flicker(VIDEO, VIDEO, flow=FLOW, valid=VALID).eq(0).all()
    darker = 0.9 * VIDEO
    assert flicker(darker, VIDEO, flow=FLOW, valid=VALID).abs().max() < 0.01


def spoilt(how):
    """The video with something wrong with it."""
    if how == "noise":
        return (VIDEO + random(*VIDEO.shape, seed=1, low=-0.1, high=0.1)).clamp(0, 1)
    if how == "brightness":
        return (VIDEO + 0.1 * torch.tensor([0.0, 1.0] * 6).view(1, 12, 1, 1, 1)).clamp(0, 1)
    if how == "shuffled":
        return VIDEO[:, [3, 0, 7, 1, 10, 5, 2, 11, 4, 8, 6, 9]]
    assert how == "frozen"
    return VIDEO[:, :1].expand_as(VIDEO)


@pytest.mark.parametrize("how", ["noise", "brightness", "shuffled", "frozen"])
def test_what_spoils_a_video_flickers_along_its_motion(how):
    assert flicker(spoilt(how), VIDEO, flow=FLOW, valid=VALID).mean() > 0.02


def test_of_alternating_brightness_the_flicker_is_known():
    steady = moving(12, 0) * 0.8
    flow, valid = dis_flow(steady)
    alternating = steady + 0.1 * torch.tensor([0.0, 1.0] * 6).view(1, 12, 1, 1, 1)
    torch.testing.assert_close(
        flicker(alternating, steady, flow=flow, valid=valid), torch.full((1, 11), 0.1), atol=5e-3, rtol=0
    )


def test_jerk_is_the_third_derivative():
    assert jerk(accelerating(0), fps=FPS, height=HEIGHT).item() == pytest.approx(0, abs=0.02)
    measured = jerk(accelerating(640), fps=FPS, height=HEIGHT)
    assert measured.item() == pytest.approx(640 / HEIGHT, rel=0.01)


def test_jerk_of_the_same_movement_at_another_size_is_the_same():
    keypoints = accelerating(640)
    double = jerk(keypoints * torch.tensor([2.0, 2.0, 1.0]), fps=FPS, height=2 * HEIGHT)
    torch.testing.assert_close(double, jerk(keypoints, fps=FPS, height=HEIGHT))


def test_trembling_and_shuffled_poses_are_jerky():
    smooth = accelerating(640)
    trembling = smooth.clone()
    trembling[..., :2] += random(1, 10, 18, 2)
    shuffled = smooth[:, [3, 0, 7, 1, 5, 2, 9, 4, 8, 6]]
    still = smooth[:, :1].expand_as(smooth)
    values = [jerk(k, fps=FPS, height=HEIGHT).item() for k in (still, smooth, trembling, shuffled)]
    assert values[0] == 0
    assert values[1] < values[2]
    assert values[1] < values[3]


def test_jerk_of_unknown_joints_is_not_counted():
    keypoints = accelerating(640)
    lost = keypoints.clone()
    lost[:, 5, 3] = 0
    torch.testing.assert_close(
        jerk(lost, fps=FPS, height=HEIGHT), jerk(keypoints, fps=FPS, height=HEIGHT), rtol=0.01, atol=0
    )
    assert jerk(0 * keypoints, fps=FPS, height=HEIGHT).isnan().all()


JOINS = [4, 8, 12, 16, 20]


def flashing(change):
    """Pictures of one brightness each, which changes by `change[i]` from frame i to the next."""
    brightness = torch.cat(
        [torch.zeros(1), torch.cumsum(torch.tensor(change) * torch.tensor([1.0, -1.0] * 12)[: len(change)], 0)]
    )
    return (0.5 + brightness).view(1, -1, 1, 1, 1).expand(-1, -1, 3, 16, 16)


def unmoved(frames, joins):
    """The seam score where nothing moves."""
    b, f, _, h, w = frames.shape
    still = torch.zeros(b, f - 1, 2, h, w)
    return seam_score(frames, joins, flow=still, valid=torch.ones(b, f - 1, 1, h, w))


def test_seams_in_closed_form():
    even = [0.1] * 23
    seams = [0.2 if i + 1 in JOINS else 0.1 for i in range(23)]
    growing = [0.01 * 1.1**i for i in range(9)]
    torch.testing.assert_close(unmoved(flashing(even), JOINS), torch.ones(1), atol=1e-4, rtol=0)
    torch.testing.assert_close(unmoved(flashing(seams), JOINS), torch.full((1,), 2.0), atol=5e-3, rtol=0)
    torch.testing.assert_close(unmoved(flashing(growing), [5]), torch.ones(1), atol=1e-3, rtol=0)


def test_a_planted_seam_is_noticed_where_it_is():
    video = moving(24, 1) * 0.8
    seamed = video.clone()
    for i, join in enumerate(JOINS):
        seamed[:, join:] += 0.03 * (-1) ** i
    flow, valid = dis_flow(video)
    for score in (unmoved, lambda x, joins: seam_score(x, joins, flow=flow, valid=valid)):
        assert score(video, JOINS).item() == pytest.approx(1, abs=0.05)
        assert score(seamed, JOINS).item() > 1.2
        assert score(seamed, [2, 6, 10]).item() < 1


def test_places_that_are_no_seams_score_1_on_average():
    change = np.random.default_rng(0).lognormal(-4, 0.5, size=(200, 23))
    scores = [unmoved(flashing(each.tolist()), JOINS).log() for each in change]
    assert abs(torch.cat(scores).mean()) < 0.04


def test_still_frames_have_no_seam():
    still = VIDEO[:, :1].expand(-1, 24, -1, -1, -1)
    assert unmoved(still, JOINS).item() == pytest.approx(1)
