import shutil

import pytest
import torch
import yaml
from huggingface_hub import constants
from subjects import save_small_model, small_pipeline
from training.runs import configured

import tempose
from tempose.core.errors import CheckpointError, InputError
from tempose.diffusion.hub import NAMES, load_model
from tempose.media.images import write_image
from tempose.training.push import card, newest_samples, push
from tempose.training.run import open_run


@pytest.fixture(scope="module")
def run(people, tmp_path_factory):
    """A run's folder with weights and samples, as training leaves them."""
    import numpy as np

    folder = tmp_path_factory.mktemp("push") / "run"
    open_run(configured(people, folder))
    save_small_model(folder / "weights-00000006")
    (folder / "samples").mkdir()
    for step in (2, 4, 6):
        write_image(folder / "samples" / f"{step:08d}.png", np.zeros((8, 8, 3), np.uint8))
    (folder / "samples" / "00000006.mp4").write_bytes(b"a video")
    return folder


def test_what_was_pushed_is_loaded_by_its_name_and_revision(run, hub):
    address, files = push(run, "me/dancers", license="mit")
    assert address.startswith(f"{hub.address}/me/dancers/commit/")
    samples = {"samples/00000004.png", "samples/00000006.png", "samples/00000006.mp4"}
    assert set(files) == {*NAMES, *samples, "README.md"}
    model = tempose.load_model("me/dancers", precision="fp32")
    before = small_pipeline().unet.conv_in.weight
    torch.testing.assert_close(model.pipeline.unet.conv_in.weight, before, rtol=1e-3, atol=1e-6)
    assert not any("samples" in path for how, path in hub.asked if how == "GET"), "only the weights are fetched"

    pipeline = small_pipeline()
    first = address.rsplit("/", 1)[1]
    push(run, "me/dancers", license="mit", revision="next")
    hub.commit("me/dancers", "main", {"unet/config.json": b"{}"})
    for revision in (first, "next"):
        again = load_model("me/dancers", revision=revision, precision="fp32").pipeline
        assert again.unet.num_parameters() == pipeline.unet.num_parameters()
    with pytest.raises(CheckpointError):
        load_model("me/dancers")


def test_the_card_says_what_the_run_does_and_nothing_of_the_machine(run, people, hub):
    push(run, "me/dancers", license="cc-by-4.0")
    text = hub.files("me/dancers", "main")[1]["README.md"].decode()
    head = yaml.safe_load(text.split("---")[1])
    assert head["license"] == "cc-by-4.0"
    assert (head["library_name"], head["pipeline_tag"]) == ("tempose", "image-to-video")
    made = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert made["configuration"]["optimization"]["steps"] == 6
    assert made["packages"]["tempose"] == tempose.__version__
    assert str(people) not in text
    assert "![Samples at step 6](samples/00000006.png)" in text
    parameters = small_pipeline().unet.num_parameters() + small_pipeline().texture_encoder.num_parameters()
    assert f"{parameters:,} parameters" in text
    assert 'tempose.load_model("me/dancers")' in text


def test_a_run_of_somebody_else_s_puts_nothing_else_on_the_card(run, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(run, other)
    made = yaml.safe_load((other / "run.yaml").read_text())
    made["configuration"]["data"]["also"] = [{"root": "/home/me/clients", "share": 0.5}]
    made["revision"] = "x\n```\n<script>"
    (other / "run.yaml").write_text(yaml.safe_dump(made))
    for name in ("9evil.png", "later.png"):
        (other / "samples" / name).write_bytes(b"no sheet of a run")
    assert [path.name for path in newest_samples(other)] == ["00000004.png", "00000006.png", "00000006.mp4"]
    text = card(other, other / "weights-00000006", name="me/dancers", license="mit")
    assert "/home/me" not in text
    assert "<script>" in text.split("```yaml\n")[1].split("```")[0]
    shutil.rmtree(other / "samples")
    (other / "samples").symlink_to(run / "samples")
    assert newest_samples(other) == []


@pytest.mark.parametrize("license", ["", " ", "mit\nlibrary_name: other", "a b", "mit: x"])
def test_a_license_is_the_hub_s_short_name(run, license):
    with pytest.raises(InputError, match="wanted the Hub's short name"):
        push(run, "me/dancers", license=license)


def test_what_was_fetched_is_there_without_the_hub(run, hub, monkeypatch):
    push(run, "me/dancers", license="mit")
    load_model("me/dancers")
    hub.asked.clear()
    load_model("me/dancers")
    assert not [path for how, path in hub.asked if how == "GET" and "/resolve/" in path], "nothing is fetched twice"
    hub.down = True
    load_model("me/dancers")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.asked.clear()
    load_model("me/dancers")
    for revision in ("../../main", "/etc/main", "a/../b", "", "a\0"):
        with pytest.raises(InputError, match="is no revision"):
            load_model("me/dancers", revision=revision)
    assert hub.asked == []
    with pytest.raises(CheckpointError, match="cannot be reached from here, and was not fetched before"):
        load_model("me/others")
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE is set; unset it"):
        push(run, "me/dancers", license="mit")


def test_what_the_hub_refuses_is_one_sentence(run, hub, monkeypatch):
    with pytest.raises(CheckpointError, match="there is none of that name, or it is not public"):
        load_model("me/nothing")
    push(run, "me/dancers", license="mit")
    with pytest.raises(CheckpointError, match="it has no revision v9"):
        load_model("me/dancers", revision="v9")
    hub.gated.add("me/dancers")
    with pytest.raises(CheckpointError, match="its owner decides who may use it"):
        load_model("me/dancers", revision="main")
    with pytest.raises(CheckpointError, match="whoever is logged in may not write there"):
        push(run, "somebody-else/dancers", license="mit")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(CheckpointError, match="nobody is logged in here"):
        push(run, "me/dancers", license="mit")


def test_no_link_in_a_run_leads_to_what_lies_elsewhere(run, tmp_path):
    (tmp_path / "private.png").write_bytes(b"private")
    (tmp_path / "samples").mkdir()
    for name in ("00000001.png", "00000002.mp4"):
        (tmp_path / "samples" / name).symlink_to(tmp_path / "private.png")
    (tmp_path / "samples" / "00000002.png").write_bytes(b"a sheet")
    assert [path.name for path in newest_samples(tmp_path)] == ["00000002.png"]
    assert [path.name for path in newest_samples(run)] == ["00000004.png", "00000006.png", "00000006.mp4"]


def test_a_damaged_description_is_told(run, tmp_path):
    (tmp_path / "run.yaml").write_text("configuration: {stage: image}\n")
    weights = run / "weights-00000006"
    assert "stage: image" in card(tmp_path, weights, name="a/b", license="mit")
    for text in ("[", "5", "configuration: 5\n", "configuration: !!python/name:os.system\n"):
        (tmp_path / "run.yaml").write_text(text)
        with pytest.raises((CheckpointError, InputError), match=r"run\.yaml"):
            card(tmp_path, weights, name="a/b", license="mit")


def test_what_is_wrong_is_said_before_anybody_is_asked(run, hub, tmp_path):
    for source, name, license, message in (
        (run, "dancers", "mit", "wanted OWNER/NAME"),
        (run, "me/dancers", " ", "the license is ' '"),
        (tmp_path, "me/dancers", "mit", "no weights"),
    ):
        with pytest.raises(InputError, match=message):
            push(source, name, license=license)
    for name in (str(run / "weights-00000006"), "people-128", "warp"):
        with pytest.raises(InputError, match=r"is not on the Hub.*it has no revision main"):
            load_model(name, revision="main")
    assert hub.asked == []
