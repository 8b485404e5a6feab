"""The nodes as ComfyUI calls them: by what they declare, never by their names in Python."""

import importlib.util
import json
import re
import sys

import pytest
import torch
from conftest import ROOT
from subjects import save_small_model, subject

from tempose.core.errors import InputError, TemposeError
from tempose.media.video import probe_video, write_video

PACK = ROOT / "integrations" / "comfyui"
WIDGETS = {"INT": int, "FLOAT": (int, float), "STRING": str, "BOOLEAN": bool}


def loaded(folder):
    """A folder of custom nodes, imported as ComfyUI does."""
    name = f"custom_nodes_{folder.name}"
    places = [str(folder)]
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=places)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pack():
    return loaded(PACK)


class LoadImage:
    """ComfyUI's own node, as far as the example needs it."""

    RETURN_TYPES, FUNCTION = ("IMAGE", "MASK"), "load"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("STRING", {})}}

    def load(self, image):
        picture = torch.from_numpy(subject().picture)[None].float() / 255
        return picture, torch.zeros(picture.shape[:3])


class PreviewImage:
    RETURN_TYPES, FUNCTION, OUTPUT_NODE = (), "show", True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"images": ("IMAGE",)}}

    def show(self, images):
        return {"ui": {"images": []}}


def run(graph, classes):
    """Every node of a workflow, each after those that it needs, with all that it declares checked; their outputs."""
    made = {}

    def value(number):
        if number in made:
            return made[number]
        node = graph[number]
        kind = classes[node["class_type"]]
        declared = kind.INPUT_TYPES()
        known = {**declared["required"], **declared.get("optional", {})}
        assert node["inputs"].keys() <= known.keys()
        assert declared["required"].keys() <= node["inputs"].keys(), node["class_type"]
        given = {}
        for name, it in node["inputs"].items():
            wanted, *told = known[name]
            if isinstance(it, list):
                source = classes[graph[it[0]]["class_type"]]
                assert source.RETURN_TYPES[it[1]] == wanted
                given[name] = value(it[0])[it[1]]
            elif isinstance(wanted, list):
                assert it in wanted
                given[name] = it
            else:
                assert isinstance(it, WIDGETS[wanted]), name
                bounds = told[0]
                assert bounds.get("min", it) <= it <= bounds.get("max", it), name
                given[name] = it
        outcome = getattr(kind(), kind.FUNCTION)(**given)
        made[number] = outcome["result"] if isinstance(outcome, dict) and "result" in outcome else outcome
        if not isinstance(outcome, dict):
            assert len(outcome) == len(kind.RETURN_TYPES)
        return made[number]

    for number in graph:
        value(number)
    return made


def test_the_pack_declares_what_comfyui_asks_for(pack):
    assert pack.NODE_CLASS_MAPPINGS.keys() == pack.NODE_DISPLAY_NAME_MAPPINGS.keys()
    for kind in pack.NODE_CLASS_MAPPINGS.values():
        assert callable(getattr(kind(), kind.FUNCTION))
        assert kind.CATEGORY == "tempose"
        assert len(kind.RETURN_TYPES) == len(kind.RETURN_NAMES)
        for name, (wanted, *told) in kind.INPUT_TYPES()["required"].items():
            if isinstance(wanted, list):
                assert told[0]["default"] in wanted
            elif wanted in WIDGETS:
                assert isinstance(told[0]["default"], WIDGETS[wanted]), name
                if wanted in ("INT", "FLOAT"):
                    assert told[0]["min"] <= told[0]["default"] <= told[0]["max"], name
                assert told[0]["tooltip"]


def test_the_example_runs_and_gives_pictures_mask_and_a_file(pack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = json.loads((PACK / "workflows" / "animate.json").read_text(encoding="utf-8"))
    assert graph["1"]["inputs"]["model"] == "people-128"
    graph["1"]["inputs"] |= {"model": str(save_small_model(tmp_path / "model")), "device": "cpu"}
    graph["4"]["inputs"]["max_frames"] = 3
    graph["5"]["inputs"] |= {"size": 96, "steps": 1}
    made = run(graph, {**pack.NODE_CLASS_MAPPINGS, "LoadImage": LoadImage, "PreviewImage": PreviewImage})
    frames, mask, animation, rate = made["5"]
    assert frames.shape == (3, 96, animation.size[1], 3)
    assert mask.shape == frames.shape[:3]
    assert frames.dtype == mask.dtype == torch.float32
    for values in (frames, mask):
        assert values.min() >= 0
        assert values.max() <= 1
    assert 0.05 < mask.mean() < 0.6
    x, y = animation.motion.keypoints[0, 1, :2].astype(int)  # the neck
    assert mask[0, y, x] > 0.5
    assert rate == 12
    (path,) = made["7"]
    assert path == "output/tempose_00001.mp4"
    assert probe_video(tmp_path / path).frames == 3
    record = json.loads((tmp_path / f"{path}.json").read_text(encoding="utf-8"))
    assert (record["settings"]["size"], record["settings"]["steps"], record["frames"]) == (96, 1, 3)


def test_motions_come_from_files_names_and_frames(pack, tmp_path):
    nodes = pack.NODE_CLASS_MAPPINGS
    photo = torch.from_numpy(subject().picture)[None].float() / 255
    video = tmp_path / "driver.mp4"
    write_video(video, [subject().picture] * 4, 12)
    kind = nodes["TemposeMotion"]
    usual = {name: told[0].get("default") for name, (_, *told) in kind.INPUT_TYPES()["required"].items()}
    (walk,) = kind().read(**usual | {"max_frames": 5, "fps": 10.0})
    assert (len(walk), walk.fps) == (5, 10)
    (seen,) = kind().read(**usual | {"source": str(video), "max_frames": 2})
    assert (len(seen), seen.size) == (2, subject().picture.shape[:2])
    assert kind.IS_CHANGED(**usual | {"source": str(video)}) == video.stat().st_mtime
    assert kind.IS_CHANGED(**usual) == 0
    (batch,) = nodes["TemposeMotionFromFrames"]().read(photo.repeat(3, 1, 1, 1), 12.0, "largest")
    assert (len(batch), batch.fps, batch.size) == (3, 12, subject().picture.shape[:2])
    with pytest.raises(TemposeError, match=r"none\.bvh is no file or folder"):
        kind().read(**usual | {"source": "none.bvh"})


def test_a_batch_is_several_photos_and_a_mask_is_taken_as_it_is(pack):
    picture = torch.from_numpy(subject().picture)[None].float() / 255
    mask = torch.from_numpy(subject().mask)[None].float()
    (found, other) = pack.NODE_CLASS_MAPPINGS["TemposePhoto"]().read(picture.repeat(2, 1, 1, 1), "largest", mask)[0]
    assert not (other.mask == found.mask).all(), "the mask is that of the first"
    assert torch.equal(torch.from_numpy(found.mask), mask[0] > 0.5)
    assert (found.picture == subject().picture).all()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (torch.zeros(0, 8, 8, 3), "pictures have the shape (0, 8, 8, 3); wanted (b, h, w, 3)"),
        (torch.full((1, 8, 8, 3), 255.0), "pictures run from 255 to 255; wanted 0 to 1"),
        (torch.zeros(8, 8, 3), "pictures have the shape (8, 8, 3); wanted (b, h, w, 3)"),
        (torch.zeros(1, 3, 8, 8), "pictures have the shape (1, 3, 8, 8); wanted (b, h, w, 3)"),
    ],
)
def test_what_is_no_photo_is_said(pack, picture, message):
    with pytest.raises(InputError, match=re.escape(message)):
        pack.NODE_CLASS_MAPPINGS["TemposePhoto"]().read(picture, "largest")
    save = pack.NODE_CLASS_MAPPINGS["TemposeSave"]()
    for prefix in ("../a", "/a", "", "a\0b", "a\n"):
        with pytest.raises(InputError, match="wanted a name without a folder"):
            save.save([None, None], prefix, ".mp4")


def test_the_readme_names_the_nodes(pack):
    text = (PACK / "README.md").read_text(encoding="utf-8")
    for name in pack.NODE_DISPLAY_NAME_MAPPINGS.values():
        assert f"| {name.removesuffix(' (tempose)')} |" in text
