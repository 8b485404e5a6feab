import pytest
import torch
from conftest import TINY
from helpers import fill

from tempose.core.errors import CheckpointError, DataError, InputError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.build import build_networks
from tempose.models.config import preset
from tempose.models.unet import PersonUNet
from tempose.training.stages import STAGES, digest, frozen, has_temporal_blocks, samples, starting_networks


def saved(folder, model=TINY, temporal=False):
    networks = build_networks(model, temporal=temporal)
    for network in networks:
        fill(network)
    PersonVideoPipeline.from_networks(networks, config=model).save_pretrained(folder)
    return str(folder)


def count(networks):
    return sum(p.numel() for network in networks for p in network.parameters() if p.requires_grad)


def test_the_temporal_stage_of_the_published_model_trains_5_785_600_parameters():
    with torch.device("meta"):
        networks = build_networks(preset("pidm-256"), temporal=True)
    assert count(frozen(networks, STAGES["temporal"])) == 5_785_600
    assert count(frozen(networks, STAGES["person"])) == 162_374_406
    with torch.device("meta"):
        networks = build_networks(preset("pidm-256"), temporal=False)
    assert count(frozen(networks, STAGES["image"])) == 162_374_406


def test_the_temporal_stage_starts_as_the_image_model_on_every_frame(config, tmp_path):
    start = saved(tmp_path / "image")
    given = PersonVideoPipeline.from_pretrained(start)
    networks = starting_networks(config(stage="temporal", model=TINY.model_dump(), start=start))
    has = networks.unet.state_dict()
    for name, value in given.unet.state_dict().items():
        assert torch.equal(has[name], value)
    assert networks.unet.config.temporal
    names = {name for name, p in networks.unet.named_parameters() if p.requires_grad}
    assert names == set(has) - set(given.unet.state_dict())
    assert not any(p.requires_grad for p in networks.texture_encoder.parameters())


def test_a_run_is_a_start_and_its_newest_weights_are_taken(config, image_model):
    made = config(stage="temporal", start=str(image_model))
    newest = PersonVideoPipeline.from_pretrained(image_model / "weights-00000002")
    assert digest(starting_networks(made).texture_encoder.parameters()) == digest(newest.texture_encoder.parameters())


@pytest.mark.parametrize("temporal", [False, True])
def test_one_person_is_fitted_with_the_blocks_that_the_weights_have(config, tmp_path, temporal):
    made = config(stage="person", model=TINY.model_dump(), start=saved(tmp_path / "given", temporal=temporal))
    assert has_temporal_blocks(made) == temporal
    networks = starting_networks(made)
    learns = {id(p) for network in networks for p in network.parameters() if p.requires_grad}
    assert not learns & {id(p) for p in networks.unet.temporal_parameters()}
    assert len(learns) == sum(1 for n in networks for _ in n.parameters()) - len([*networks.unet.temporal_parameters()])


def test_fresh_weights_come_from_the_seed_and_leave_the_global_generator(config):
    before = torch.get_rng_state()
    same = [digest(starting_networks(config(seed=seed)).unet.parameters()) for seed in (0, 0, 1)]
    assert same[0] == same[1] != same[2]
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_channels": 32}, "base_channels is 16 there, 32 in the configuration"),
        ({"channel_multipliers": [1, 1]}, r"channel_multipliers is \(1, 2\) there, \(1, 1\)"),
        ({"prediction_type": "v_prediction"}, "prediction_type is epsilon there, v_prediction"),
        ({"learned_variance": False}, "learned_variance is True there, False"),
        ({"beta_end": 0.01}, "beta_end is 0.02 there, 0.01"),
        ({"train_timesteps": 500}, "num_train_timesteps is 1000 there, 500"),
        ({"background": True}, "background is False there, True"),
    ],
)
def test_weights_of_another_model_are_refused_by_the_field(config, tmp_path, changes, message):
    start = saved(tmp_path / "other")
    with pytest.raises(CheckpointError, match=message):
        starting_networks(config(model={**TINY.model_dump(), **changes}, start=start))


def test_weights_without_a_correction_start_a_model_that_corrects_its_prior(config, tmp_path):
    around = TINY.model_copy(update={"warped_photo": True, "background": True, "sigma_data": 0.2})
    start = saved(tmp_path / "around", model=around)
    networks = starting_networks(config(model={**around.model_dump(), "correct_prior": True}, start=start))
    given, grown = PersonUNet.from_pretrained(start, subfolder="unet").state_dict(), networks.unet.state_dict()
    assert grown.keys() - given.keys() == {"person_out.weight", "person_out.bias"}
    assert all(torch.equal(grown[name], values) for name, values in given.items())
    assert not any(grown[name].any() for name in grown.keys() - given.keys())


def test_the_image_stage_starts_from_the_image_model_inside_a_video_model(config, tmp_path):
    start = saved(tmp_path / "video", temporal=True)
    unet, given = starting_networks(config(start=start)).unet, PersonUNet.from_pretrained(start, subfolder="unet")
    assert not unet.config.temporal
    assert all(torch.equal(values, given.state_dict()[name]) for name, values in unet.state_dict().items())


def test_a_start_that_is_nowhere_is_said(config, tmp_path):
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        starting_networks(config(start=str(tmp_path / "nowhere")))


def test_a_size_that_cannot_be_halved_is_said(config):
    with pytest.raises(InputError, match="the next valid size is 16×8"):
        starting_networks(config(data__size=[15, 8]))


def test_data_that_do_not_fit_are_said(config, people, tmp_path):
    temporal = {"stage": "temporal", "start": "unused"}
    with pytest.raises(DataError, match="has no clip of at least 10 frames"):
        samples(config(**temporal, model={**TINY.model_dump(), "clip_length": 9}), "train")
    with pytest.raises(DataError, match="has no clip of at least 13 frames"):
        samples(config(**temporal, data__order="strided", data__stride=4), "train")
    for stage in ("image", "temporal"):
        with pytest.raises(DataError, match=r"there is no .*metadata.jsonl"):
            samples(config(**temporal | {"stage": stage}, data__root=str(tmp_path / "none")), "train")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "metadata.jsonl").touch()
    for stage, message in (("image", "no pair"), ("temporal", "no clip")):
        with pytest.raises(DataError, match=message):
            samples(config(**temporal | {"stage": stage}, data__root=str(tmp_path)), "train")
