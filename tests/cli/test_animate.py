"""Results are named, made again, and never written over."""

import json
from pathlib import Path

import pytest
from helpers import assert_alike
from typer.testing import CliRunner

from tempose.animation.settings import AnimateSettings, DressSettings
from tempose.cli import app
from tempose.cli.animate import photos_and_motion
from tempose.diffusion.hub import SHIPPED
from tempose.media.images import read_image
from tempose.media.video import read_frames

CARD = SHIPPED / "people-128" / "model_index.json"


@pytest.fixture
def quick(shelf):
    return ("--model", shelf / "model", "--steps", 1, "--max-frames", 2)


def test_a_result_without_a_name_goes_here_and_nothing_is_written_over(shelf, quick, tmp_path, tempose, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said, told = tempose("animate", shelf / "me.png", "walk", *quick)
    assert (code, said.startswith("me-walk.mp4: 2 frame(s)")) == (0, True), told
    before = (tmp_path / "me-walk.mp4").read_bytes()
    code, _, told = tempose("animate", shelf / "me.png", "walk", *quick)
    assert (code, told.splitlines()[-1]) == (
        2, "error: me-walk.mp4: it is there already; name another output, or give --overwrite",
    )  # fmt: skip
    assert (tmp_path / "me-walk.mp4").read_bytes() == before
    code, _, told = tempose("animate", shelf / "me.png", "walk", *quick, "--overwrite", "--yaw", -40)
    assert code == 0, told
    assert (tmp_path / "me-walk.mp4").read_bytes() != before


def test_a_record_makes_the_same_file_again(shelf, quick, tmp_path, tempose):
    first, again, other = (tmp_path / name / "out.webp" for name in ("first", "again", "other"))
    asked = ("--yaw", -20, "--person", "3,4.5", "--side-by-side", "--background", "#102030")
    code, _, told = tempose("animate", shelf / "me.png", "dance", "-o", first, *quick, *asked)
    assert code == 0, told
    code, _, told = tempose("animate", "--from", f"{first}.json", "-o", again, *quick[:2])
    assert code == 0, told
    assert_alike(first, again)
    records = [json.loads((path.parent / "out.webp.json").read_text()) for path in (first, again)]
    assert records[0].pop("command") != records[1].pop("command")
    assert records[0] == records[1]
    assert tempose("animate", "--from", f"{first}.json", "-o", other, *quick[:2], "--seed", 5)[0] == 0
    assert first.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("settings", [
    {"model": "somebody/else"}, {"model": "{here}/model"}, {"model": "somebody/else:image"}, {"model": "people-128"},
    {"model": "warp", "matte_model": "{here}/matte.onnx"}, {"model": "warp", "detector": "people-128"},
    {"model": "warp", "pose_model": "../pose.onnx", "estimator": "rtmlib"}, {"model": ["people-128"]},
])  # fmt: skip
def test_a_network_that_only_a_record_names_is_neither_fetched_nor_opened(
    settings, shelf, tmp_path, tempose, monkeypatch
):
    """Nor a folder that is called as a model that comes along, sent beside the record."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("it is fetched"))
    monkeypatch.setattr("tempose.animation.animate.load_model", lambda *_, **__: pytest.fail("it is opened"))
    monkeypatch.setattr("tempose.animation.subject.MatteModel", lambda *_, **__: pytest.fail("it is opened"))
    (tmp_path / "people-128").mkdir()
    told = {"photo": str(shelf / "me.png"), "motion": "walk", "side_by_side": False, "audio": False}
    here = {name: said.format(here=shelf) if isinstance(said, str) else said for name, said in settings.items()}
    (tmp_path / "a.json").write_text(json.dumps({**told, "settings": here}))
    code, said, told = tempose("animate", "--from", "a.json", "-o", "a.mp4")
    assert (code, said, len(told.splitlines())) == (2, "", 1)
    assert "the record names a network that does not come with tempose" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "people-128"]


def test_the_command_in_a_record_makes_the_same_again(shelf, quick, tmp_path, tempose):
    out = tmp_path / "out.webp"
    assert tempose("animate", shelf / "me.png", "dance", "-o", out, *quick, "--start", 0.5, "--side-by-side")[0] == 0
    before = out.read_bytes()
    command = json.loads((tmp_path / "out.webp.json").read_text())["command"]
    out.unlink()
    assert tempose(*command[1:])[0] == 0
    assert out.read_bytes() == before


def test_the_motion_comes_last_or_has_its_own_option():
    photos = [Path("front.jpg"), Path("back.jpg")]
    assert photos_and_motion(["front.jpg", "back.jpg", "walk"], None) == (photos, "walk")
    assert photos_and_motion(["front.jpg", "back.jpg"], "walk") == (photos, "walk")
    assert photos_and_motion(["front.jpg", "walk"], None) == (photos[:1], "walk")
    assert photos_and_motion(["front.jpg"], None) == (photos[:1], None)  # of a result that is made again
    assert photos_and_motion([], None) == ([], None)


def test_several_photos_are_in_the_record_and_make_the_same_again(shelf, tmp_path, tempose):
    photo, outs = shelf / "me.png", [tmp_path / f"{name}.webp" for name in "ab"]
    asked = ("--model", "warp", "--max-frames", 2, "--size", 64)
    code, _, told = tempose("animate", photo, photo, "turn", "-o", outs[0], *asked)
    assert code == 0, told
    record = json.loads((tmp_path / "a.webp.json").read_text())
    assert record["photo"] == [str(photo)] * 2
    assert record["command"][:5] == ["tempose", "animate", str(photo), str(photo), "turn"]
    assert tempose("animate", "--from", f"{outs[0]}.json", "-o", outs[1])[0] == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_settings_come_from_a_file_and_the_command_line_comes_first(shelf, tmp_path, tempose):
    file = tmp_path / "mine.yaml"
    file.write_text(f"model: {shelf / 'model'}\nsteps: 1\nmax_frames: 3\nbackground: plain\n")
    code, said, told = tempose(
        "animate", shelf / "me.png", "walk", "-o", tmp_path / "a.mp4", "--config", file, "--max-frames", 2, "--json"
    )
    assert code == 0, told
    assert json.loads(said)["frames"] == len(list(read_frames(tmp_path / "a.mp4"))) == 2
    assert json.loads((tmp_path / "a.mp4.json").read_text())["settings"]["background"] == "plain"
    for text, sentence in (
        ("stps: 4", "did you mean 'steps'"),
        ("steps: 0", "steps is 0"),
        ("- a", "no configuration"),
    ):
        file.write_text(text)
        code, said, told = tempose("animate", shelf / "me.png", "walk", "-o", tmp_path / "b.mp4", "--config", file)
        assert (code, said, sentence in told.splitlines()[-1]) == (2, "", True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["walk", "-o", "-"], "cannot be written to standard output"),
        (["walk", "-o", "a.mp4", "--size", "4"], "size is 4; wanted a whole number from 16 to 2160"),
        (["walk", "-o", "a.mp4", "--retarget", "limb"], "retarget is 'limb'; wanted limbs, scale or none"),
        (["wlak", "-o", "a.mp4"], "did you mean 'walk'?"),
        (["--from", "no.json"], "there is no file or folder no.json"),
        (["--from", CARD], "model_index.json: this is no record of an animation; give the .json beside a result"),
        ([], "there is no motion; give both"),
    ],
)
def test_mistakes_are_told_in_one_sentence(arguments, sentence, shelf, tmp_path, tempose, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said, told = tempose("animate", *([] if "--from" in arguments else [shelf / "me.png"]), *arguments)
    assert (code, said, len(told.splitlines())) == (2, "", 1)
    assert sentence in told
    assert list(tmp_path.iterdir()) == []


def test_programs_read_one_line(shelf, quick, tmp_path, tempose):
    out = tmp_path / "new" / "folder" / "a.png"
    code, said, _ = tempose("animate", shelf / "me.png", shelf / "me.png", "-o", out, *quick[:4], "--json", "-q")
    facts = json.loads(said)
    assert (code, facts["output"], facts["frames"], facts["size"]) == (0, str(out), 1, list(read_image(out).shape[:2]))
    code, said, told = tempose("animate", shelf / "no.png", "walk", "-o", out, "--json")
    assert (code, json.loads(said)["error"] in told) == (2, True)


def test_quiet_says_nothing(shelf, quick, tmp_path, tempose):
    assert tempose("animate", shelf / "me.png", "walk", "-o", tmp_path / "a.mp4", *quick, "-q") == (0, "", "")


@pytest.mark.parametrize(("name", "settings"), [("animate", AnimateSettings), ("dress", DressSettings)])
def test_every_setting_is_an_option_with_its_help(name, settings):
    told = CliRunner().invoke(app, [name, "-h"], env={"COLUMNS": "400"}).output
    for entry in settings.entries():
        (line,) = [line for line in told.splitlines() if f"{entry.option} " in line and entry.help in line]
        assert entry.metavar in line


def test_a_finished_folder_of_frames_is_named_as_such_and_replaced_when_asked(shelf, quick, tmp_path, tempose):
    out = tmp_path / "frames"
    assert tempose("animate", shelf / "me.png", "walk", "-o", out, *quick)[0] == 0
    code, _, told = tempose("animate", shelf / "me.png", "walk", "-o", out, *quick)
    assert (code, "it is there already; name another output, or give --overwrite" in told) == (2, True), told
    assert tempose("animate", shelf / "me.png", "walk", "-o", out, *quick, "--overwrite")[0] == 0
    assert len(list(out.iterdir())) == 2
