import json
from itertools import islice

import pytest
import torch
import yaml
from conftest import TINY, TINY_V
from data.blocks import SIZE, block_clip
from helpers import fill

from tempose.core.errors import InputError
from tempose.data.augment import Views, resized
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.images import read_image
from tempose.media.video import read_frames, write_video
from tempose.models.build import build_networks
from tempose.models.config import preset
from tempose.pose.keypoints import Motion
from tempose.training import personalize as module
from tempose.training.personalize import Look, none_worse, personalize

GATED = TINY_V.model_copy(
    update={
        "warped_photo": True,
        "background": True,
        "sigma_data": 0.12,
        "correct_prior": True,
        "guidance": 1.0,
        "size": (24, 16),
    }
)


def saved(folder, *, model=GATED, temporal=True):
    """A model whose last layers are wrong and let the person fade: one that starts as its prior has little to learn."""
    torch.manual_seed(0)
    networks = build_networks(model, temporal=temporal)
    for parameter in networks.unet.temporal_parameters():
        fill(torch.nn.ParameterList([parameter]))
    fill(networks.unet.conv_out)
    if model.correct_prior:
        networks.unet.person_out.bias.data[2] -= 3
    PersonVideoPipeline.from_networks(networks, config=model).save_pretrained(folder)
    return folder


@pytest.fixture
def found(monkeypatch):
    """A person who is found in every video and photo: a moving block. It is looked at often."""
    for name, value in (("LOOK_EVERY", 5), ("WINDOWS", 2), ("SHOWN", 1), ("LOOK_STEPS", 1), ("sha256_of", str)):
        monkeypatch.setattr(module, name, value)

    def views_of_video(path, size, *, frames):
        return [resized(Views(**block_clip(3, frames=24)), size)]

    def views_of_photo(path, size):
        clip = Views(**block_clip(3, frames=8))
        i = int(path.stem)
        motion = Motion(clip.motion.keypoints[i : i + 1], SIZE, 1)
        return resized(Views(clip.frames[i : i + 1], motion, clip.masks[i : i + 1]), size)

    monkeypatch.setattr(module, "views_of_video", views_of_video)
    monkeypatch.setattr(module, "views_of_photo", views_of_photo)


@pytest.mark.parametrize("temporal", [False, True])
def test_fitting_to_a_video_helps_on_what_was_held_out(found, tmp_path, temporal, one_thread):
    model = saved(tmp_path / "given", temporal=temporal)
    fitted = personalize(["me.mp4"], tmp_path / "me", model=model, size=(24, 16), steps=15, learning_rate=2e-3)
    assert fitted.after < fitted.before
    assert 0 < fitted.step <= 15
    pipe = PersonVideoPipeline.from_pretrained(fitted.weights)
    given = PersonVideoPipeline.from_pretrained(model)
    assert pipe.unet.config == given.unet.config
    for now, before in zip(pipe.unet.temporal_parameters(), given.unet.temporal_parameters(), strict=True):
        assert torch.equal(now, before)
    assert not torch.equal(pipe.unet.conv_in.weight, given.unet.conv_in.weight)
    picture = read_image(tmp_path / "me" / "held-out.png")
    assert picture.shape == (3 * 24, 5 * 3 * 16, 3)
    assert (tmp_path / "me" / "held-out.mp4").is_file() == temporal
    assert (tmp_path / "me" / "run.yaml").is_file()


@pytest.mark.parametrize(("steps", "norm", "last_time"), [(1, "l1", 0.5), (10, "l2", 0.0)])
def test_a_model_of_one_step_goes_on_learning_where_it_samples(found, tmp_path, one_thread, steps, norm, last_time):
    model = saved(tmp_path / "given", model=GATED.model_copy(update={"steps": steps}), temporal=False)
    fitted = personalize(["me.mp4"], tmp_path / "me", model=model, size=(24, 16), steps=10, learning_rate=2e-3)
    assert fitted.after < fitted.before
    recipe = yaml.safe_load((tmp_path / "me" / "run.yaml").read_text())["configuration"]["optimization"]
    assert (recipe["norm"], recipe["last_time"]) == (norm, last_time)


def test_fitting_to_photos(found, tmp_path, one_thread):
    model, photos = saved(tmp_path / "given"), [f"{i}.png" for i in range(5)]
    fitted = personalize(photos, tmp_path / "me", model=model, size=(24, 16), steps=15, learning_rate=2e-3)
    assert fitted.after < fitted.before
    PersonVideoPipeline.from_pretrained(fitted.weights)


def test_where_nothing_helps_the_given_weights_are_kept_and_it_stops_in_time(found, tmp_path, one_thread):
    model, seen = saved(tmp_path / "given"), []

    def track(batches, label, total=None):
        for batch in batches:
            seen.append(batch)
            yield batch

    fitted = personalize(
        ["me.mp4"], tmp_path / "me", model=model, size=(24, 16), steps=500, learning_rate=1e-30, track=track
    )
    assert (fitted.step, fitted.after) == (0, fitted.before)
    assert len(seen) == module.PATIENCE * module.LOOK_EVERY
    pipe, given = (PersonVideoPipeline.from_pretrained(path) for path in (fitted.weights, model))
    for now, before in zip(pipe.unet.parameters(), given.unet.parameters(), strict=True):
        assert torch.equal(now, before)


def test_the_error_is_that_of_the_person_alone_and_the_same_each_time(found, tmp_path, one_thread):
    model = saved(tmp_path / "given")
    fits = [personalize(["me.mp4"], tmp_path / name, model=model, size=(24, 16), steps=1) for name in ("a", "b")]
    assert fits[0].before == fits[1].before
    assert fits[0].after == fits[1].after


@pytest.mark.parametrize("model", [TINY, GATED, preset("people-128"), preset("pidm-256")])
def test_saved_weights_say_what_they_are(model):
    with torch.device("meta"):
        networks = build_networks(model, temporal=True)
    assert PersonVideoPipeline.from_networks(networks, config=model).configuration() == model


def test_what_does_not_fit_is_said_before_anything_is_written(found, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(InputError, match="with something in it"):
        personalize(["me.mp4"], tmp_path / "full", model=tmp_path / "nowhere")
    model = saved(tmp_path / "given")
    with pytest.raises(InputError, match="three photos"):
        personalize(["0.png", "1.png"], tmp_path / "me", model=model, size=(24, 16))
    assert not (tmp_path / "me").exists()


def test_a_gain_on_the_mean_does_not_pay_for_a_window_that_becomes_worse():
    def looks(*errors):
        return [Look(None, error) for error in errors]

    before = looks(0.1, 0.2)
    assert none_worse(looks(0.1, 0.2), before)
    assert none_worse(looks(0.101, 0.05), before)
    assert not none_worse(looks(0.11, 0.05), before)


class Killed(BaseException):
    """As hard an end as can be had within a process."""


def test_a_fitting_that_was_killed_goes_on_as_if_it_had_not_been(found, tmp_path, one_thread, monkeypatch):
    given = {"model": saved(tmp_path / "given", temporal=False), "size": (24, 16), "steps": 6, "learning_rate": 2e-3}
    whole = personalize(["me.mp4"], tmp_path / "whole", **given)
    out = tmp_path / "me"

    def killed_at(owner, name, call):
        """Personalize, killed at the n-th call of a function; with the given arguments."""
        function, calls = getattr(owner, name), []

        def counted(*arguments, **named):
            calls.append(name)
            if len(calls) == call:
                raise Killed
            return function(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, counted)
            with pytest.raises(Killed):
                personalize(["me.mp4"], out, **given)

    for owner, name, call in ((module.Trainer, "learn", 6), (module, "remove_states", 1)):
        killed_at(owner, name, call)
        if name == "learn":
            assert [path.name for path in out.glob("state-*")] == ["state-00000005.pt"]
            for other, message in (
                ({"seed": 1}, "seed was 0, now it is 1"),
                ({"model": str(tmp_path / "whole" / "weights")}, "weights was"),
            ):
                with pytest.raises(InputError, match=f"holds a run of another configuration: {message}"):
                    personalize(["me.mp4"], out, **{**given, **other})
            with pytest.raises(InputError, match=r"sources\.me\.mp4 was me\.mp4, now it is None"):
                personalize(["you.mp4"], out, **given)
    with pytest.raises(InputError, match="holds a finished fitting; --overwrite"):
        personalize(["me.mp4"], out, **given)
    assert sorted(path.name for path in out.iterdir()) == ["data", "held-out.png", "run.yaml", "weights"]
    for part in ("unet", "texture_encoder"):
        name = f"weights/{part}/diffusion_pytorch_model.safetensors"
        assert (out / name).read_bytes() == (whole.weights.parent / name).read_bytes()
    assert (out / "held-out.png").read_bytes() == (whole.weights.parent / "held-out.png").read_bytes()


@pytest.mark.slow
def test_a_real_video(real, tmp_path, one_thread):
    model, video = saved(tmp_path / "given", temporal=False), tmp_path / "short.mp4"
    write_video(video, islice(read_frames(real / "videos" / "fashion_floral_ubc.mp4", fps=10), 24), 10)
    fitted = personalize([video], tmp_path / "me", model=model, steps=2)
    assert 0 < fitted.before < 0.5
    assert fitted.after <= fitted.before
    lines = (tmp_path / "me" / "data" / "val" / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["frames"] for line in lines] == [6]
