"""Readers of all that is no picture, video or sound: motions, models, runs, datasets, reports, settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks.faults.reader import Reader
from tempose.animation.motion import read_motion
from tempose.animation.result import read_record
from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import read_jobs
from tempose.body.joints import read_joint_map
from tempose.core.settings import read_mapping
from tempose.data.clips import PairDataset
from tempose.data.prepare import hold_settings
from tempose.data.prepared import Clip, finished_row, read_metadata, write_clip, write_metadata
from tempose.data.videos import _read_record
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.compare import as_html, as_markdown, compare
from tempose.models.build import build_networks
from tempose.models.config import ModelConfig
from tempose.models.pickles import load_inert
from tempose.models.saved import load_schedule
from tempose.models.texture_encoder import TextureEncoder
from tempose.models.unet import PersonUNet
from tempose.pose.keypoints import KEYPOINTS, Motion
from tempose.training.checkpoint import load_state, save_state
from tempose.training.config import load_config
from tempose.training.run import check_folder, open_run

TINY = ModelConfig(
    size=(16, 8), base_channels=8, channel_multipliers=(1, 2), texture_levels=(1,), residual_blocks=1,
    time_channels=8, dropout=0.0, temporal_head_channels=8, prediction_type="v_prediction", learned_variance=False,
)  # fmt: skip
ABOUT = {"person": "p", "source": "drawn", "license": "CC0-1.0"}


# Motions ----------------------------------------------------------------------------------------------


def _motion(frames: int = 3) -> Motion:
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.uniform(4, 60, (frames, len(KEYPOINTS), 2)), np.ones((frames, len(KEYPOINTS), 1))], -1)
    return Motion(places.astype(np.float32), (64, 48), 10.0)


def _openpose(path: Path) -> None:
    points = _motion().keypoints[0].ravel().tolist()
    path.write_text(json.dumps({"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": points}]}))


def _coco(path: Path) -> None:
    points = np.c_[np.arange(17.0), np.arange(17.0) * 2, np.full(17, 2.0)].ravel().tolist()
    marks = [{"image_id": n, "category_id": 1, "keypoints": points, "score": 0.9} for n in range(2)]
    path.write_text(json.dumps(marks))


def _alphapose(path: Path) -> None:
    points = np.c_[np.arange(17.0), np.arange(17.0) * 2, np.full(17, 0.9)].ravel().tolist()
    path.write_text(
        json.dumps([{"image_id": f"{n}.jpg", "keypoints": points, "score": 2.5, "idx": 1} for n in range(2)])
    )


# Joints of a capture, each with where it begins from its parent and those on it.
TREE: Any = ("Hips", (0, 90, 0), [
    ("Spine", (0, 20, 0), [
        ("Neck", (0, 30, 0), [("Head", (0, 10, 0), [])]),
        *((f"{side}Arm", (15 * way, 25, 0), [
            (f"{side}ForeArm", (25 * way, 0, 0), [(f"{side}Hand", (25 * way, 0, 0), [])]),
          ]) for side, way in (("Left", 1), ("Right", -1))),
    ]),
    *((f"{side}UpLeg", (9 * way, 0, 0), [(f"{side}Leg", (0, -42, 0), [(f"{side}Foot", (0, -42, 0), [])])])
      for side, way in (("Left", 1), ("Right", -1))),
])  # fmt: skip


def _joint(joint: Any, *, root: bool = False) -> tuple[str, int]:
    """A joint as BVH writes it, with those on it, and how many that are."""
    name, place, others = joint
    written = [_joint(each) for each in others] or [("End Site {\nOFFSET 0 5 0\n}\n", 0)]
    channels = "6 Xposition Yposition Zposition" if root else "3"
    text = f"{'ROOT' if root else 'JOINT'} {name} {{\nOFFSET {place[0]} {place[1]} {place[2]}\n"
    text += f"CHANNELS {channels} Zrotation Xrotation Yrotation\n{''.join(each for each, _ in written)}}}\n"
    return text, 1 + sum(count for _, count in written)


def _capture(path: Path) -> None:
    tree, count = _joint(TREE, root=True)
    frame = " ".join(["0", "90", "0", *["0 1 2"] * count])
    path.write_text(f"HIERARCHY\n{tree}MOTION\nFrames: 2\nFrame Time: 0.04\n{frame}\n{frame}\n")


# Models and runs --------------------------------------------------------------------------------------


def _model(folder: Path) -> None:
    torch.manual_seed(0)
    PersonVideoPipeline.from_networks(build_networks(TINY, temporal=False), config=TINY).save_pretrained(folder)


def _whole_model(path: Path) -> None:
    _model(path.parents[1])


def _checkpoint(path: Path) -> None:
    torch.save({"ema": {"a.weight": torch.zeros(2, 3), "b": torch.ones(4)}, "conf": {"steps": 3}}, path)


def _state(path: Path) -> None:
    save_state(path, {"step": 1, "parameters": {"a": torch.arange(3)}, "samples": 2})


def _fields(folder: Path) -> dict[str, Any]:
    return {
        "stage": "image", "model": TINY.model_dump(mode="json"), "data": {"root": "data"}, "output": str(folder),
        "optimization": {"steps": 2, "learning_rate": 1e-3},
    }  # fmt: skip


def _configuration(path: Path) -> None:
    path.write_text(yaml.safe_dump(_fields(path.parent)))


def _begun(path: Path) -> None:
    _configuration(path.with_name("here.yaml"))
    open_run(load_config(path.with_name("here.yaml"), [f"output={path.parent}"]))


# Datasets and reports -----------------------------------------------------------------------------------


def _dataset(path: Path) -> None:
    masks = np.zeros((1, 64, 48), bool)
    masks[:, 8:40, 8:40] = True
    rows = [
        write_clip(
            path.parent.parent, path.parent.name, name, frames=np.full((1, 64, 48, 3), 90, np.uint8), motion=_motion(1),
            masks=masks, **ABOUT,
        )
        for name in ("a", "b")
    ]  # fmt: skip
    write_metadata(path.parent.parent, path.parent.name, rows)
    if path.name == "pairs.jsonl":
        path.write_text(json.dumps({"target": "a.png", "photos": ["b.png"]}) + "\n")


def _record(path: Path) -> None:
    row = {
        "file_name": "a.mp4", "frames": 3, "fps": 10.0, "height": 64, "width": 48, "keypoints_file": "a.npz",
        "sha256": "0" * 64, **ABOUT,
    }  # fmt: skip
    said = {"file": "a.mp4", "verdict": "cut", "detail": "1 clip", "clips": [["train", row]], "sha256": "0" * 64}
    path.write_text(json.dumps(said))


def _held(path: Path) -> None:
    hold_settings(path.parent, {"size": [4, 2]})


def _report(path: Path) -> None:
    clip = {
        "name": "a.mp4", "hashes": {"a.mp4": "0" * 64}, "fps": 10.0, "flow": "exact", "joins": [2],
        "values": {"model": {"L1": [0.1, 0.2, None]}, "truth": {"L1": [0.0]}},
    }  # fmt: skip
    said = {
        "facts": {"model": "m", "seed": 3}, "methods": ["truth", "model"], "failed": {},
        "format": "tempose-evaluation-1",
        "columns": [{"name": "L1", "unit": "", "best": "lower"}], "clips": [clip],
        "sets": {"model": {"FID": {"mean": 1.0, "low": 0.5, "high": 2.0, "clips": 3}}},
    }  # fmt: skip
    for place in (path, path.parent.with_name("other") / path.name):
        (place.parent / "videos").mkdir(parents=True, exist_ok=True)
        (place.parent / "videos" / "0000.mp4").write_bytes(b"a video")
        place.write_text(json.dumps(said))


def _compared(path: Path) -> None:
    comparison = compare([path.parent.with_name("other"), path.parent])
    as_markdown(comparison)
    as_html(comparison)


# What is typed, or written beside a result ----------------------------------------------------------------


def _made(path: Path) -> None:
    said = {"photo": "me.jpg", "motion": "walk", "side_by_side": False, "audio": False}
    path.write_text(json.dumps({**said, "settings": {"model": "warp", "size": 96, "fps": 10.0, "max_frames": 4}}))


def _made_again(path: Path) -> None:
    AnimateSettings(**read_record(path).settings)


def _settings(path: Path) -> None:
    path.write_text("model: warp\nsize: 96\nfps: 10.5\nretarget: limbs\nmax_frames: 4\n")


def _jobs(path: Path) -> None:
    rows = [{"photo": "me.jpg", "motion": "walk", "seed": seed, "output": f"{seed}.mp4"} for seed in range(2)]
    if path.suffix == ".csv":
        path.write_text("photo,motion,seed,output\n" + "".join(",".join(map(str, row.values())) + "\n" for row in rows))
    else:
        path.write_text(
            yaml.safe_dump(rows) if path.suffix == ".yaml" else "".join(json.dumps(row) + "\n" for row in rows)
        )


def _joints(path: Path) -> None:
    path.write_text("RightArm: right_shoulder\nLeftArm: left_shoulder\n")


DOCUMENTS = (
    Reader("motion.npz", lambda path: _motion().save(path), read_motion),
    Reader("motion.json", lambda path: _motion().save(path), read_motion, values=True),
    Reader("openpose.json", _openpose, read_motion, values=True),
    Reader("coco.json", _coco, read_motion, values=True),
    Reader("alphapose.json", _alphapose, read_motion, values=True),
    Reader("capture.bvh", _capture, read_motion),
    Reader("model/model_index.json", lambda path: _model(path.parent), lambda path: _open(path.parent), values=True),
    Reader("unet/config.json", _whole_model, lambda path: PersonUNet.from_pretrained(path.parent), values=True),
    Reader(
        "texture_encoder/config.json",
        _whole_model,
        lambda path: TextureEncoder.from_pretrained(path.parent),
        values=True,
    ),
    Reader("scheduler/scheduler_config.json", _whole_model, load_schedule, values=True),
    Reader(
        "texture_encoder/diffusion_pytorch_model.safetensors",
        _whole_model,
        lambda path: TextureEncoder.from_pretrained(path.parent),
    ),
    Reader("pidm.pt", _checkpoint, load_inert),
    Reader("run/state-00000001.pt", _state, lambda path: load_state(path.parent)),
    Reader("train.yaml", _configuration, load_config),
    Reader("begun/run.yaml", _begun, lambda path: check_folder(load_config(path.with_name("here.yaml")))),
    Reader("train/metadata.jsonl", _dataset, lambda path: read_metadata(path.parents[1], "train"), values=True),
    Reader("train/pairs.jsonl", _dataset, lambda path: PairDataset(path.parents[1], "train"), values=True),
    Reader("train/a.npz", _dataset, lambda path: _clip(path)),
    Reader("records/a.json", _record, _read_record, values=True),
    Reader("out/settings.json", _held, lambda path: hold_settings(path.parent, {"size": [4, 2]}), values=True),
    Reader("report/report.json", _report, _compared, values=True),
    Reader("me.mp4.json", _made, _made_again, values=True),
    Reader("settings.yaml", _settings, lambda path: AnimateSettings(**read_mapping(path))),
    Reader("joints.yaml", _joints, read_joint_map),
    Reader("jobs.jsonl", _jobs, lambda path: read_jobs(str(path), AnimateSettings()), values=True),
    Reader("jobs.csv", _jobs, lambda path: read_jobs(str(path), AnimateSettings())),
    Reader("jobs.yaml", _jobs, lambda path: read_jobs(str(path), AnimateSettings())),
)


def _open(folder: Path) -> None:
    PersonVideoPipeline.from_pretrained(folder)


def _clip(path: Path) -> None:
    finished_row(path.parents[1], "train", "a")
    for row in read_metadata(path.parents[1], "train"):
        Clip(path.parent, row).read_ground_truth()
