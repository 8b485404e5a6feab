import pytest
import torch
from conftest import TINY
from helpers import fill, random

from tempose.core.errors import CheckpointError, InputError
from tempose.models.build import add_temporal_blocks, build_networks
from tempose.models.conditions import Conditions
from tempose.models.unet import PersonUNet


def networks(*, temporal, **changes):
    built = build_networks(TINY.model_copy(update=changes), temporal=temporal)
    for network in built:
        fill(network)
        network.eval()
    return built


def clip(frames=3, size=(16, 8), batch=2):
    x_t = random(batch, frames, 3, *size)
    maps = random(batch, frames, 20, *size, seed=1, low=0)
    photo = random(batch, 3, *size, seed=2)
    return x_t, torch.tensor([10, 500][:batch]), maps, photo


def predict(net, x_t, t, maps, photo):
    texture = net.unet.read_texture(net.texture_encoder(photo), maps[:, 0])
    return net.unet(x_t, t, Conditions(maps, texture))


@pytest.mark.parametrize(("size", "frames"), [((16, 8), 3), ((2, 6), 1), ((32, 32), 7)])
def test_any_size_that_the_depth_divides_and_any_number_of_frames(size, frames):
    x_t, *rest = clip(frames, size)
    assert predict(networks(temporal=True), x_t, *rest).shape == (2, frames, 6, *size)


def test_a_patch_of_pixels_is_one_place():
    x_t, t, maps, photo = clip(size=(16, 8))
    net = networks(temporal=True, patch=2)
    assert [tuple(h.shape[2:]) for h in net.texture_encoder(photo)] == [(8, 4), (8, 4), (4, 2), (4, 2)]
    assert predict(net, x_t, t, maps, photo).shape == (2, 3, 6, 16, 8)
    with pytest.raises(InputError, match="divisible by 4"):
        predict(net, x_t[..., :6], t, maps[..., :6], photo[..., :6])


def test_untrained_video_model_equals_image_model_frame_by_frame():
    image = networks(temporal=False)
    video = image._replace(unet=add_temporal_blocks(image.unet).eval())
    x_t, t, maps, photo = clip()
    together = predict(video, x_t, t, maps, photo)
    for f in range(x_t.shape[1]):
        alone = predict(image, x_t[:, f : f + 1], t, maps[:, f : f + 1], photo)
        torch.testing.assert_close(together[:, f : f + 1], alone, rtol=1e-5, atol=1e-5)


def test_trained_video_model_lets_frames_see_one_another():
    net = networks(temporal=True)
    x_t, t, maps, photo = clip()
    changed = x_t.clone()
    changed[:, 0] += 0.5
    assert not torch.allclose(predict(net, x_t, t, maps, photo)[:, 2], predict(net, changed, t, maps, photo)[:, 2])


def test_every_parameter_gets_a_gradient():
    net = networks(temporal=True)
    x_t, t, maps, photo = clip()
    predict(net, x_t, t, maps, photo).square().sum().backward()
    for network in net:
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_temporal_parameters_are_what_the_video_model_adds():
    image, video = networks(temporal=False).unet, networks(temporal=True).unet
    added = set(dict(video.named_parameters())) - set(dict(image.named_parameters()))
    named = {id(p): n for n, p in video.named_parameters()}
    assert {named[id(p)] for p in video.temporal_parameters()} == added
    assert list(image.temporal_parameters()) == []


def test_gradient_checkpointing_changes_no_gradient():
    gradients = []
    for checkpointing in (False, True):
        net = networks(temporal=True)
        if checkpointing:
            for network in net:
                network.enable_gradient_checkpointing()
        x_t, t, maps, photo = clip()
        predict(net, x_t, t, maps, photo).square().sum().backward()
        gradients.append([p.grad for network in net for p in network.parameters()])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, checkpointed)


def test_gradient_checkpointing_keeps_fewer_tensors():
    kept = []
    for checkpointing in (False, True):
        net = networks(temporal=True)
        if checkpointing:
            net.unet.enable_gradient_checkpointing()
        x_t, t, maps, photo = clip()
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x, s=sizes: s.append(x.numel()) or x, lambda x: x):
            predict(net, x_t, t, maps, photo)
        kept.append(sum(sizes))
    assert kept[1] < kept[0] / 2


def test_bf16_is_close_to_fp32():
    net = networks(temporal=True)
    x_t, t, maps, photo = clip()
    exact = predict(net, x_t, t, maps, photo)
    for network in net:
        torch.nn.Module.to(network, torch.bfloat16)
    rough = predict(net, x_t.bfloat16(), t, maps.bfloat16(), photo.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).norm() / exact.norm() < 0.05


PINNED = [-0.32986, 0.16062, -0.99264, 0.04899, -0.14812, 0.81334]


def test_pinned_output():
    """A change of this slice is a change of the architecture: saved weights would mean something else."""
    out = predict(networks(temporal=True), *clip())
    torch.testing.assert_close(out[0, 0, :, 5, 3], torch.tensor(PINNED), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [(15, 8), (16, 9), (1, 2)])
def test_sizes_that_do_not_fit_name_the_next_that_does(size):
    x_t, *rest = clip(2, size)
    with pytest.raises(InputError, match=rf"next valid size is {size[0] + size[0] % 2}×{size[1] + size[1] % 2}"):
        predict(networks(temporal=False), x_t, *rest)


def test_wrong_shapes_are_named():
    net = networks(temporal=False)
    x_t, t, maps, photo = clip()
    texture = net.unet.read_texture(net.texture_encoder(photo), maps[:, 0])
    with pytest.raises(InputError, match="noisy frames have the shape"):
        net.unet(x_t[:, 0], t, Conditions(maps, texture))
    with pytest.raises(InputError, match=r"pose maps have the shape \(2, 3, 19, 16, 8\); wanted \(2, 3, 20, 16, 8\)"):
        net.unet(x_t, t, Conditions(maps[:, :, :19], texture))
    with pytest.raises(InputError, match="hold 7 channels of guides; wanted 0"):
        net.unet(x_t, t, Conditions(maps, texture, [random(2, 3, 7, 16, 8)]))


def test_saved_weights_come_back_and_damaged_ones_raise(tmp_path):
    from safetensors.torch import load_file, save_file

    unet = networks(temporal=True).unet
    unet.save_pretrained(tmp_path)
    again = PersonUNet.from_pretrained(tmp_path)
    for name, parameter in unet.state_dict().items():
        assert torch.equal(parameter, again.state_dict()[name]), name

    weights_file = tmp_path / "diffusion_pytorch_model.safetensors"
    weights = load_file(weights_file)
    removed = weights.pop("conv_in.bias")
    save_file(weights, weights_file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"conv_in\.bias"):
        PersonUNet.from_pretrained(tmp_path)
    save_file({**weights, "conv_in.bias": removed, "stray": removed.clone()}, weights_file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="stray"):
        PersonUNet.from_pretrained(tmp_path)
    save_file({**weights, "conv_in.bias": removed[:1].clone()}, weights_file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"conv_in\.bias"):
        PersonUNet.from_pretrained(tmp_path)
