"""A drawn person, and a model so small that it generates in no time, for the tests of the whole way."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from conftest import TINY
from helpers import fill

from tempose.animation.result import Animation
from tempose.animation.subject import Subject
from tempose.diffusion.hub import Model
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.media.images import write_image
from tempose.models.build import build_networks
from tempose.people.clip import Recipe, draw_clip

SMALL = TINY.model_copy(
    update={
        "size": (32, 24),
        "prediction_type": "v_prediction",
        "learned_variance": False,
        "warped_photo": True,
        "background": True,
        "sigma_data": 0.12,
        "correct_prior": True,
        "pose_keys": True,
        "guidance": 1.0,
        "timestep_spacing": "trailing",
        "steps": 2,
    }
)


def drawn_subject(person: int) -> Subject:
    """A drawn person, standing, with exact key points and mask."""
    clip = draw_clip(Recipe(person, "idle", 0, 16, frames=1, fps=12.0, size=(384, 288), fill=0.8))
    return Subject(clip.frames[0], clip.motion.keypoints[0], clip.masks[0])


@cache
def subject() -> Subject:
    """The person whom most tests animate."""
    return drawn_subject(62)


@cache
def small_pipeline() -> PersonVideoPipeline:
    """With random weights, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipeline = PersonVideoPipeline.from_networks(build_networks(SMALL, temporal=True), config=SMALL)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def small_model() -> Model:
    return Model("small", small_pipeline())


def filled_model() -> Model:
    """A tiny model in which nothing is zero: unlike an untrained one it depends on noise, photo and pose."""
    networks = build_networks(SMALL, temporal=True)
    for network in networks:
        fill(network)
    return Model("filled", PersonVideoPipeline.from_networks(networks, config=SMALL))


def generated(made: Animation) -> torch.Tensor:
    """What the model says of all frames of an animation, `f 3 h w`."""
    assert made.generated is not None
    return torch.stack([each.frame for each in made.generated()])


def save_small_model(folder: Path) -> Path:
    small_pipeline().save_pretrained(folder)
    return folder


def save_photo(path: Path) -> Path:
    write_image(path, subject().picture)
    return path
