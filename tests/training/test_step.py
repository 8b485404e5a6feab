from dataclasses import replace

import pytest
import torch
from conftest import TINY, TINY_V
from helpers import fill

from tempose.data.clips import PairDataset
from tempose.diffusion.denoise import Denoised
from tempose.models.build import build_networks, build_schedule
from tempose.models.conditions import warped_prior
from tempose.training import step
from tempose.training.config import Optimization
from tempose.training.step import Batch, Drawn, Objective, draw, min_snr_weight


@pytest.fixture
def sample(people):
    return PairDataset(people, "train", size=(16, 8))[0, 0]


# A model that reads the warped photo, so that the person is cut out of it.
WARPED = {**TINY.model_dump(), "warped_photo": True}


def drawn(sample, config, *, noisy=True, n=400):
    generator = torch.Generator().manual_seed(0)
    return Batch.cat([draw(sample, config, noisy=noisy, generator=generator) for _ in range(n)])


def present(values):
    return values.flatten(1).any(1)


def test_poses_and_photos_are_dropped_separately_as_often_as_asked(sample, config):
    batch = drawn(sample, config(optimization__drop_pose=0.3, optimization__drop_photo=0.1), n=800)
    poses, photos = present(batch.pose_map), present(batch.photo.picture)
    assert float(poses.float().mean()) == pytest.approx(0.7, abs=0.06)
    assert float(photos.float().mean()) == pytest.approx(0.9, abs=0.03)
    assert float((~poses & ~photos).float().mean()) == pytest.approx(0.03, abs=0.02)


def test_the_absent_condition_is_zero_throughout(sample, config):
    batch = drawn(sample, config(model=WARPED, optimization__drop_pose=1.0, optimization__drop_photo=0.0), n=3)
    assert not batch.pose_map.any()
    assert not batch.keypoints.any()
    assert present(batch.photo.picture).all()
    assert present(batch.photo.keypoints).all()
    batch = drawn(sample, config(model=WARPED, optimization__drop_pose=0.0, optimization__drop_photo=1.0), n=3)
    photo = batch.photo
    assert not any(
        values.any() for values in (photo.picture, photo.pose_map, photo.keypoints, photo.alpha, photo.background)
    )
    assert present(batch.pose_map).all()
    assert present(batch.keypoints).all()


def test_validation_drops_and_disturbs_nothing(sample, config):
    batch = drawn(
        sample, config(model=WARPED, optimization__drop_pose=1.0, optimization__drop_photo=1.0), noisy=False, n=3
    )
    assert torch.equal(batch.keypoints[0], sample.keypoints)
    assert torch.equal(batch.photo.matte[0], sample.photo_mask)
    assert torch.equal(batch.photo.picture[0], sample.photo)


def test_masks_and_key_points_suffer_as_much_as_is_asked_for(sample, config):
    spared = {"data__jitter": 0.0, "data__bias": 0.0, "data__missing": 0.0, "data__swapped": 0.0, "data__ragged": 0.0}
    kept = {"model": WARPED, "optimization__drop_pose": 0.0, "optimization__drop_photo": 0.0}
    for change, suffers in (({}, ()), ({"data__ragged": 10.0}, ("matte",)), ({"data__jitter": 9.0}, ("keypoints",))):
        photo = drawn(sample, config(**kept, **{**spared, **change}), n=1).photo
        given = {"matte": sample.photo_mask, "keypoints": sample.photo_keypoints}
        assert tuple(name for name in given if not torch.equal(getattr(photo, name)[0], given[name])) == suffers


def test_times_are_uniform(sample, config):
    t = drawn(sample, config(), n=800).t
    assert 0 <= int(t.min()) < 50
    assert 950 < int(t.max()) <= 999
    assert float(t.float().mean()) == pytest.approx(500, abs=40)


def test_a_sample_depends_on_seed_epoch_and_index_alone(people, config):
    made = config()
    data = Drawn(PairDataset(people, "train", size=(16, 8)), made, noisy=True)
    first = data[1, 2]
    data[0, 0]
    assert torch.equal(data[1, 2].noise, first.noise)
    assert torch.equal(data[1, 2].keypoints, first.keypoints)
    assert not torch.equal(data[2, 2].noise, first.noise)
    assert not torch.equal(data[1, 3].noise, first.noise)


def test_a_batch_in_parts_is_the_batch(sample, config):
    batch = drawn(sample, config(), n=6)
    again = Batch.cat(batch.parts(3))
    assert torch.equal(again.noise, batch.noise)
    assert torch.equal(again.photo.matte, batch.photo.matte)


def objective(prediction="epsilon", min_snr=None):
    model = TINY_V.model_copy(update={"prediction_type": prediction, "warped_photo": True, "background": True})
    networks = build_networks(model, temporal=False)
    for network in networks:
        fill(network)
    return Objective(networks, build_schedule(model), recipe=Optimization(min_snr=min_snr))


@pytest.mark.parametrize(("prediction", "more"), [("epsilon", 0), ("v_prediction", 1)])
def test_min_snr_truncates_the_weight_of_the_clean_frames(sample, config, prediction, more):
    batch = drawn(sample, config(), n=4)
    plain, weighted = objective(prediction), objective(prediction, min_snr=5.0)
    alpha_bar = torch.cumprod(1 - plain.scheduler.betas, 0)[batch.t]
    of_clean = ((plain.clean(batch) - batch.frames) ** 2).flatten(1).mean(1)
    wanted = (alpha_bar / (1 - alpha_bar) + more).clamp_max(5.0) * of_clean
    torch.testing.assert_close(weighted(batch).total, wanted, rtol=1e-3, atol=1e-5)


def test_min_snr_changes_nothing_where_the_signal_is_weak():
    alpha_bar = torch.tensor([0.01, 0.5])
    for prediction in ("epsilon", "v_prediction"):
        assert torch.equal(min_snr_weight(alpha_bar, 5.0, prediction), torch.ones(2))


def test_the_warp_keeps_full_precision_under_mixed_precision(sample, config, monkeypatch):
    net, batch = objective(), drawn(sample, config(), n=2)
    prior, mixed = net.prior(batch), []

    def watched(*arguments):
        mixed.append(torch.is_autocast_enabled("cpu"))
        return warped_prior(*arguments)

    monkeypatch.setattr(step, "warped_prior", watched)
    with torch.autocast("cpu", torch.bfloat16):
        for here, there in zip(net.prior(batch), prior, strict=True):
            assert torch.equal(here, there)
    assert mixed == [False]


def test_the_last_time_is_drawn_as_often_as_is_asked_for(sample, config):
    last = drawn(sample, config(optimization__last_time=0.7), n=400).t == 999
    assert 0.6 < float(last.float().mean()) < 0.8


def test_the_alpha_counts_as_much_as_is_asked_for(sample, config):
    batch = drawn(sample, config(), n=2)
    wrong = torch.cat([torch.zeros_like(batch.masks).expand(-1, -1, 2, -1, -1), 1 - batch.masks], dim=2)
    net = objective("epsilon")
    right = net.loss(batch, Denoised(batch.noise, torch.cat([wrong[:, :, :2], batch.masks], dim=2))).total
    assert float(right.max()) == 0
    torch.testing.assert_close(net.loss(batch, Denoised(batch.noise, wrong)).total, torch.full((2,), net.recipe.alpha))


def test_the_moved_prior_and_its_flow_count_as_much_as_is_asked_for(sample, config):
    batch, net = drawn(sample, config(), n=2), objective("epsilon")
    net.recipe = net.recipe.model_copy(update={"flow": 0.5})
    even = torch.cat([torch.ones_like(batch.masks).expand(-1, -1, 2, -1, -1), batch.masks], dim=2)
    rough = even.clone()
    rough[:, :, :2, :, ::2] = 0

    def total(person, moved):
        return net.loss(batch, Denoised(batch.noise, person, moved)).total

    assert float(total(even, batch.frames).max()) == 0
    torch.testing.assert_close(total(even, batch.frames + 0.2), torch.full((2,), 0.1))
    assert float(total(rough, batch.frames).min()) > 0


def test_the_loss_is_small_only_for_the_right_noise(sample, config):
    net, batch = objective("epsilon"), drawn(sample, config(), n=2)
    assert float(net.loss(batch, Denoised(batch.noise, None)).total.max()) == 0
    other = replace(batch, noise=torch.randn(batch.noise.shape, generator=torch.Generator().manual_seed(9)))
    assert float(net.loss(other, Denoised(batch.noise, None)).total.min()) > 1
