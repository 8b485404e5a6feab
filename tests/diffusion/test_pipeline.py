import json

import numpy as np
import pytest
import torch
from conftest import TINY, TINY_V
from helpers import fill, random
from safetensors.torch import load_file, save_file

from tempose import Appearance, Guidance, Motion, PersonVideoPipeline
from tempose.core.errors import CheckpointError, InputError
from tempose.diffusion.guidance import Branch
from tempose.diffusion.predict import Frames, Predictor
from tempose.diffusion.solvers import make_solver, solver_step
from tempose.diffusion.windows import Strided
from tempose.models.build import add_temporal_blocks, build_networks
from tempose.models.conditions import Conditions
from tempose.pose.render import pose_maps

SIZE = TINY.size


def pipeline(config=TINY, *, temporal=True):
    networks = build_networks(config, temporal=temporal)
    for network in networks:
        fill(network)
    pipe = PersonVideoPipeline.from_networks(networks, config=config)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def motion(frames=6):
    keypoints = np.random.default_rng(0).uniform(0, 1, (frames, 18, 3)) * [SIZE[1], SIZE[0], 1]
    return Motion(keypoints, SIZE, 25)


PHOTO = random(3, *SIZE, seed=5)


def run(pipe, *, frames=6, seed=0, steps=2, **options):
    generator = torch.Generator().manual_seed(seed)
    return pipe(PHOTO, motion(frames), num_inference_steps=steps, generator=generator, **options).frames


@pytest.fixture(scope="module")
def pipe():
    return pipeline()


@pytest.mark.parametrize("solver", ["ddim", "ddpm", "dpm++", "unipc"])
@pytest.mark.parametrize("config", [TINY, TINY_V], ids=["epsilon", "v"])
def test_frames_come_out_finite_in_range_and_the_same_for_the_same_seed(config, solver):
    pipe = pipeline(config)
    frames = run(pipe, solver=solver)
    assert frames.shape == (6, 3, *SIZE)
    assert frames.abs().max() <= 1
    assert torch.equal(frames, run(pipe, solver=solver))
    assert not torch.equal(frames, run(pipe, solver=solver, seed=1))


def test_without_a_generator_the_seed_is_zero(pipe):
    assert torch.equal(pipe(PHOTO, motion(), num_inference_steps=2).frames, run(pipe))


def test_global_random_state_neither_matters_nor_changes(pipe):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    frames = run(pipe, solver="ddpm")
    PersonVideoPipeline.from_preset("people-128")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(frames, run(pipe, solver="ddpm"))


def test_a_motion_is_its_pose_maps(pipe):
    maps = torch.from_numpy(pose_maps(motion().keypoints, SIZE))
    assert torch.equal(pipe(PHOTO, maps, num_inference_steps=2).frames, run(pipe))


def predictor(pipe, clip, guidance):
    frames = Frames(pipe.check_photo(PHOTO, None, None, None, clip), clip, prior=False)
    return Predictor(pipe.texture_encoder, pipe.unet, pipe.scheduler, frames=frames, guidance=guidance)


def predict(pipe, x_t, t, clip, guidance):
    """The guided prediction for all frames of a clip as one window."""
    return predictor(pipe, clip, guidance).at(t)(x_t, torch.arange(len(clip))).output


def plain(pipe, x_t, t, clip, branch):
    maps = torch.from_numpy(pose_maps(clip.keypoints, SIZE)) * branch.pose
    texture = pipe.unet.read_texture(pipe.texture_encoder(PHOTO[None] * branch.photo), maps[:1])
    return pipe.unet(x_t[None], t[None], Conditions(maps[None], texture))[0]


@torch.no_grad()
def test_guidance_of_one_is_the_plain_conditional_prediction(pipe):
    x_t, t = random(3, 3, *SIZE), torch.tensor(500)
    guided = predict(pipe, x_t, t, motion(3), Guidance(photo=1.0))
    torch.testing.assert_close(guided, plain(pipe, x_t, t, motion(3), Branch(True, True, 1.0)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("guidance", [Guidance(), Guidance(photo=1.5, pose=3.0)], ids=["published", "paper"])
@torch.no_grad()
def test_branches_in_one_call_equal_branches_one_by_one(pipe, guidance):
    x_t, t = random(3, 3, *SIZE), torch.tensor(500)
    together = predict(pipe, x_t, t, motion(3), guidance)
    alone = sum(branch.weight * plain(pipe, x_t, t, motion(3), branch) for branch in guidance.branches())
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_untrained_video_pipeline_equals_the_image_pipeline_on_every_frame():
    image = pipeline(temporal=False)
    video = PersonVideoPipeline(
        image.texture_encoder, add_temporal_blocks(image.unet).eval(), image.scheduler, image.sampling
    )
    video.set_progress_bar_config(disable=True)
    torch.testing.assert_close(run(image, strategy="loop", window=1), run(video), rtol=1e-4, atol=1e-4)


def test_loop_is_one_clip_after_the_other(pipe):
    frames = run(pipe, strategy="loop", window=4)
    noise = torch.randn(6, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    for part in (slice(0, 4), slice(4, 6)):
        alone = run_from(pipe, noise[part], motion()[part])
        torch.testing.assert_close(frames[part], alone, rtol=1e-4, atol=1e-4)


def run_from(pipe, noise, clip):
    """Sample one clip by hand from given noise: DDIM with two steps."""
    solver = make_solver("ddim", schedule=pipe.scheduler, steps=2)
    with torch.no_grad():
        for t in solver.timesteps:
            noise = solver_step(
                solver, predict(pipe, noise, t, clip, Guidance()), t, noise, generator=torch.Generator()
            )
    return noise.clamp(-1, 1)


def test_strided_gives_the_frames_of_its_stride(pipe):
    assert len(run(pipe, strategy=Strided(stride=2), window=4)) == 3
    assert len(run(pipe, strategy="strided", frames=45, window=4)) == 3


def test_the_network_never_sees_more_frames_than_the_window():
    pipe, seen = pipeline(), []
    pipe.unet.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[1]))
    for strategy in ("overlap", "loop", "strided"):
        for frames in (9, 30):
            run(pipe, frames=frames, strategy=strategy, window=4, steps=2)
    assert max(seen) == 4


@pytest.mark.parametrize("frames", [12, 40])
def test_in_one_step_no_frame_is_generated_long_before_it_is_asked_for(pipe, frames, monkeypatch):
    drawn, randn = [], torch.randn
    monkeypatch.setattr(torch, "randn", lambda *size, **where: drawn.append(size) or randn(*size, **where))
    ahead = [
        len(drawn) - index
        for index, _ in enumerate(pipe.stream(PHOTO, motion(frames), num_inference_steps=1, window=4))
    ]
    assert max(ahead) <= 4
    assert len(drawn) == frames


@pytest.mark.parametrize("solver", ["ddim", "dpm++", "unipc"])
def test_a_callback_that_changes_nothing_changes_nothing(pipe, solver):
    watched = run(pipe, steps=3, solver=solver, callback_on_step_end=lambda pipe, step, t, tensors: None)
    assert torch.equal(watched, run(pipe, steps=3, solver=solver))


def test_the_default_window_fits_short_videos(pipe):
    assert len(run(pipe, frames=1)) == 1


def test_callback_sees_every_step_and_may_change_the_frames(pipe):
    steps = []

    def freeze(pipe, step, t, tensors):
        steps.append((step, int(t)))
        return {"x_t": torch.zeros_like(tensors["x_t"])}

    frames = run(pipe, steps=3, callback_on_step_end=freeze)
    assert steps == [(0, 666), (1, 333), (2, 0)]
    assert frames.abs().max() == 0


@pytest.mark.parametrize("of_all_frames", [True, False])
def test_appearance_keeps_what_is_masked_and_paints_the_rest(pipe, of_all_frames):
    n = 6 if of_all_frames else 1
    reference, keep = random(n, 3, *SIZE, seed=8), torch.zeros(n, 1, *SIZE)
    keep[..., : SIZE[0] // 2, :] = 1
    frames = run(pipe, appearance=Appearance(reference, keep))
    kept = keep.expand(6, 3, *SIZE) == 1
    assert torch.equal(frames[kept], reference.expand(6, 3, *SIZE)[kept])
    assert not torch.allclose(frames[~kept], reference.expand(6, 3, *SIZE)[~kept], atol=0.1)
    # What is kept is also seen: the generated part depends on it.
    other = run(pipe, appearance=Appearance(-reference, keep))
    assert not torch.allclose(frames[~kept], other[~kept], atol=1e-3)


def test_appearance_of_nothing_kept_is_plain_sampling(pipe):
    appearance = Appearance(random(1, 3, *SIZE), torch.zeros(1, 1, *SIZE))
    assert torch.equal(run(pipe, appearance=appearance), run(pipe))


def test_bf16_stays_close_to_fp32():
    exact, rough = pipeline(TINY_V), pipeline(TINY_V)
    rough.to(torch.bfloat16)
    assert (run(exact) - run(rough)).abs().mean() < 0.05
    assert run(rough).dtype == torch.float32


def test_saved_and_loaded_has_the_same_weights_and_gives_the_same_video(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    again = PersonVideoPipeline.from_pretrained(tmp_path)
    again.set_progress_bar_config(disable=True)
    for part in ("texture_encoder", "unet"):
        for name, tensor in getattr(pipe, part).state_dict().items():
            assert torch.equal(tensor, getattr(again, part).state_dict()[name]), name
    assert (run(pipe) - run(again)).abs().max() < 1e-4  # kernels round by where their numbers lie in memory


def test_damaged_models_raise(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    weights_file = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(weights_file)
    save_file({k: v for k, v in weights.items() if k != "conv_in.bias"}, weights_file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"conv_in\.bias"):
        PersonVideoPipeline.from_pretrained(tmp_path)
    save_file({**weights, "stray": torch.ones(1)}, weights_file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="stray"):
        PersonVideoPipeline.from_pretrained(tmp_path)
    weights_file.write_bytes(weights_file.read_bytes()[:1000])
    with pytest.raises(CheckpointError):
        PersonVideoPipeline.from_pretrained(tmp_path)
    with pytest.raises(CheckpointError):
        PersonVideoPipeline.from_pretrained(tmp_path / "nowhere")


def test_a_model_index_of_something_else_raises(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    index["unet"] = ["os", "system"]
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError):
        PersonVideoPipeline.from_pretrained(tmp_path)


NAN = PHOTO.clone()
NAN[0, 0, 0] = float("nan")


@pytest.mark.parametrize(
    ("photo", "poses", "options", "message"),
    [
        (PHOTO[:2], motion(), {}, r"the photo: the shape is \(2, 16, 8\); wanted \(3, ≥ 1, ≥ 1\)"),
        ("a.png", motion(), {}, "the photo: given is str"),
        (PHOTO * 127, motion(), {}, "the photo: values run from"),
        (NAN, motion(), {}, "the photo: values run from nan"),
        ((PHOTO * 127).to(torch.uint8), motion(), {}, "given is torch.uint8"),
        (PHOTO[:, :15], motion(), {}, "next valid size is 16×8"),
        (PHOTO, motion().resized((32, 16)), {}, "fit the motion to the photo"),
        (PHOTO, [1, 2], {}, "a Motion: given is list"),
        (PHOTO, torch.zeros(0, 20, *SIZE), {}, r"wanted \(≥ 1, 20, 16, 8\)"),
        (PHOTO, torch.zeros(2, 19, *SIZE), {}, r"the shape is \(2, 19, 16, 8\)"),
        (PHOTO, torch.full((2, 20, *SIZE), 255.0), {}, "pose maps.*: values run from 255"),
        (PHOTO, motion(), {"window": 7}, "the window is 7 frames; wanted a whole number from 1 to the video's 6"),
        (PHOTO, motion(), {"window": 0}, "the window is 0"),
        (PHOTO, motion(), {"window": 2.0}, "the window is 2.0"),
        (PHOTO, motion(), {"solver": "euler"}, "there is no solver 'euler'"),
        (PHOTO, motion(), {"strategy": "all"}, "there is no strategy 'all'"),
        (PHOTO, motion(), {"num_inference_steps": 0}, "num_inference_steps is 0"),
        (
            PHOTO,
            motion(),
            {"appearance": Appearance(torch.zeros(2, 3, *SIZE), torch.zeros(1, 1, *SIZE))},
            "the appearance's reference",
        ),
        (
            PHOTO,
            motion(),
            {"appearance": Appearance(torch.zeros(1, 3, *SIZE), torch.full((1, 1, *SIZE), 2.0))},
            "the appearance's keep: values",
        ),
    ],
)
def test_bad_input_is_named(pipe, photo, poses, options, message):
    with pytest.raises(InputError, match=message):
        pipe(photo, poses, **{"num_inference_steps": 1, **options})


def test_unknown_preset():
    with pytest.raises(InputError, match="did you mean 'pidm-256'"):
        PersonVideoPipeline.from_preset("pidm-265")
