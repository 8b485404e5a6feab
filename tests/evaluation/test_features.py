from dataclasses import replace

import pytest
import torch
from helpers import random
from torch import Tensor, nn

from tempose.core.errors import CheckpointError, InputError
from tempose.evaluation import features as module
from tempose.evaluation.distances import frechet_distance, kernel_distance
from tempose.evaluation.features import fid, fvd, kid, load_extractor, load_i3d, load_inception
from tempose.evaluation.weights import I3D, INCEPTION, sha256

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.jit")

FRAMES = torch.nn.functional.avg_pool2d(random(60, 3, 18, 18, low=0), 3, 1).view(5, 12, 3, 16, 16)
NOISY = (FRAMES + random(*FRAMES.shape, seed=1, low=-0.3, high=0.3)).clamp(0, 1)


class Pictures(nn.Module):
    """In the form of the published Inception: 8 bits in, means of quarters out."""

    def forward(self, x: Tensor, return_features: bool = False) -> Tensor:
        assert x.dtype == torch.uint8
        assert return_features
        return nn.functional.adaptive_avg_pool2d(x.float() / 255, 2).flatten(1)


class Clips(nn.Module):
    """In the form of the published I3D: `n 3 f h w` from 0 to 255 in, changes out."""

    def forward(self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False) -> Tensor:
        assert rescale
        assert resize
        assert return_features
        assert x.shape[1] == 3
        assert x.max() > 1
        return torch.diff(x / 255, dim=2).abs().mean([3, 4]).flatten(1)[:, :6]


class Own(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :5]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Programs in files, taken for the published ones."""
    folder = tmp_path_factory.mktemp("programs")
    paths = {}
    for network in (Pictures(), Clips(), Own()):
        paths[type(network)] = folder / f"{type(network).__name__}.pt"
        torch.jit.script(network).save(str(paths[type(network)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "INCEPTION", replace(INCEPTION, sha256=sha256(paths[Pictures])))
        patch.setattr(module, "I3D", replace(I3D, sha256=sha256(paths[Clips])))
        yield paths


def test_frames_are_seen_one_by_one(programs):
    extractor = load_inception(programs[Pictures])
    seen = extractor(FRAMES.flatten(0, 1))
    assert seen.shape == (60, 12)
    expected = nn.functional.adaptive_avg_pool2d(FRAMES.flatten(0, 1), 2).flatten(1)
    torch.testing.assert_close(seen, expected, atol=1 / 255, rtol=0)
    assert fid(FRAMES, NOISY, extractor=extractor) == frechet_distance(seen, extractor(NOISY.flatten(0, 1)))
    assert kid(FRAMES, NOISY, extractor=extractor) == kernel_distance(seen, extractor(NOISY.flatten(0, 1)))


@pytest.mark.parametrize("distance", [fid, kid])
def test_sets_of_frames(programs, distance):
    extractor = load_inception(programs[Pictures])
    same = distance(FRAMES, FRAMES.flip(0).flip(1), extractor=extractor)
    darker = [distance(FRAMES * share, FRAMES, extractor=extractor) for share in (0.9, 0.6)]
    assert same < darker[0] < darker[1]
    assert distance(FRAMES[:3], FRAMES[:, :7], extractor=extractor) < darker[1]


def test_fvd_sees_time(programs):
    extractor = load_i3d(programs[Clips])
    assert fvd(FRAMES, FRAMES.flip(0), extractor=extractor) == pytest.approx(0, abs=1e-6)
    frozen = FRAMES[:, :1].expand_as(FRAMES)
    assert fvd(frozen, FRAMES, extractor=extractor) > 0.01
    assert fid(frozen, FRAMES, extractor=load_inception(programs[Pictures])) >= 0


def test_fvd_refuses_short_clips_and_other_lengths(programs):
    extractor = load_i3d(programs[Clips])
    with pytest.raises(InputError, match=r"clips of 4 frames are too short for FVD"):
        fvd(FRAMES[:, :4], FRAMES[:, :4], extractor=extractor)
    with pytest.raises(InputError, match=r"clips of 12 and 11 frames"):
        fvd(FRAMES, FRAMES[:, 1:], extractor=extractor)
    with pytest.raises(InputError, match=r"n ≥ 2"):
        fvd(FRAMES[:1], FRAMES[:1], extractor=extractor)


def test_a_program_of_ones_own_runs_only_by_its_digest(programs):
    path = programs[Own]
    extractor = load_extractor(path, digest=sha256(path))
    torch.testing.assert_close(extractor(FRAMES), FRAMES.flatten(1)[:, :5])
    with pytest.raises(CheckpointError, match=sha256(path)):
        load_extractor(path, digest="0" * 64)
    with pytest.raises(CheckpointError, match=r"there is no file"):
        load_extractor(path.with_name("none.pt"), digest="")


def test_what_is_not_published_or_not_a_program_is_refused(programs, tmp_path):
    with pytest.raises(CheckpointError, match=r"is not inception-2015-12-05.pt as FID and KID needs it"):
        load_inception(programs[Own])
    with pytest.raises(CheckpointError, match=r"FVD needs i3d_torchscript.pt"):
        load_i3d(tmp_path / "none.pt")
    text = tmp_path / "text.pt"
    text.write_text("no program")
    with pytest.raises(CheckpointError, match=r"is not a TorchScript file"):
        load_extractor(text, digest=sha256(text))


def test_bad_frames_are_named(programs):
    with pytest.raises(InputError, match=r"truth: values run"):
        fid(FRAMES, FRAMES * torch.nan, extractor=load_inception(programs[Pictures]))
