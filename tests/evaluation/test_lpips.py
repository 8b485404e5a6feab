from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import torchmetrics.functional.image.lpips as theirs
from helpers import filled, random

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation import lpips as module
from tempose.evaluation.lpips import BACKBONES, Lpips, build_lpips, load_lpips, lpips
from tempose.evaluation.weights import sha256

TRUTH = F.avg_pool2d(random(4, 3, 68, 68, low=0), 5, 1).view(2, 2, 3, 64, 64)
NOISY = (TRUTH + random(*TRUTH.shape, seed=1, low=-0.2, high=0.2)).clamp(0, 1)


def random_weights(backbone):
    """A backbone's tensors under their published names, with a classifier that is not used."""
    shapes = {name: values.shape for name, values in Lpips(backbone).features.state_dict().items()}
    return {f"features.{name}": 2 * filled(name, shape) for name, shape in shapes.items()} | {
        "classifier.6.weight": torch.zeros(1000, 8)
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Random weights in files, taken for the published ones."""
    folder = tmp_path_factory.mktemp("weights")
    paths = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, backbone in list(BACKBONES.items()):
            paths[name] = folder / f"{name}.pth"
            torch.save(random_weights(backbone), paths[name])
            known = replace(backbone.weights, sha256=sha256(paths[name]))
            patch.setitem(BACKBONES, name, backbone._replace(weights=known))
        yield paths


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_agrees_with_torchmetrics(published, monkeypatch, name):
    network = load_lpips(published[name], backbone=name)
    monkeypatch.setattr(theirs, "_get_tv_model_features", lambda *_: network.features)
    expected = theirs._LPIPS(net=name, pnet_rand=True)
    with torch.no_grad():
        values = expected(NOISY.flatten(0, 1), TRUTH.flatten(0, 1), normalize=True).flatten()
    ours = lpips(NOISY, TRUTH, network=network)
    assert ours.shape == (2, 2)
    torch.testing.assert_close(ours.flatten(), values, rtol=1e-4, atol=1e-6)


def test_direction(published):
    network = load_lpips(published["alex"])
    noise = random(*TRUTH.shape, seed=2)
    values = [lpips((TRUTH + s * noise).clamp(0, 1), TRUTH, network=network).mean() for s in (0, 0.05, 0.2, 0.5)]
    assert values[0] == 0
    assert values[0] < values[1] < values[2] < values[3]
    blurred = F.avg_pool2d(TRUTH.flatten(0, 1), 7, 1, 3).view_as(TRUTH)
    assert lpips(blurred, TRUTH, network=network).min() > 0


def test_nothing_learns(published):
    assert not any(parameter.requires_grad for parameter in load_lpips(published["alex"]).parameters())


def test_weights_of_another_network(published):
    weights = torch.load(published["vgg"], weights_only=True)
    with pytest.raises(CheckpointError, match=r"not the weights that LPIPS .AlexNet. needs"):
        build_lpips(BACKBONES["alex"], weights=weights, heads=module._heads(BACKBONES["alex"]))
    with pytest.raises(CheckpointError, match=r"is not alexnet-owt-7be5be79.pth"):
        load_lpips(published["vgg"])


def test_missing_weights_and_extra(published, monkeypatch, tmp_path):
    with pytest.raises(CheckpointError, match=r"LPIPS \(AlexNet\) needs alexnet.*there is no file"):
        load_lpips(tmp_path / "none.pth")
    with pytest.raises(InputError, match=r"wanted one of alex, vgg"):
        load_lpips(published["alex"], backbone="squeeze")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'tempose\[metrics\]'"):
        load_lpips(published["alex"])


def test_bad_frames_are_named(published):
    network = load_lpips(published["alex"])
    with pytest.raises(InputError, match=r"too small for LPIPS"):
        lpips(TRUTH[..., :31], TRUTH[..., :31], network=network)
    with pytest.raises(InputError, match=r"wanted both"):
        lpips(TRUTH, TRUTH[:1], network=network)
