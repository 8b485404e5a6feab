"""Shared by all tests: a tiny model, and the folder of real material, where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tempose.core.notes import collected
from tempose.models.config import ModelConfig

# The tests need no network; nothing they use may ask for one.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Tiny models run fastest on one thread, and threads that wait must not spin beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).resolve().parents[1]

TINY = ModelConfig(
    size=(16, 8),
    base_channels=16,
    channel_multipliers=(1, 2),
    texture_levels=(1,),
    residual_blocks=1,
    time_channels=32,
    dropout=0.0,
    temporal_head_channels=8,
)
TINY_V = TINY.model_copy(update={"prediction_type": "v_prediction", "learned_variance": False})


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The notes that are made during a test."""
    with collected() as notes:
        yield notes


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real photos, videos and poses beside the checkout."""
    folder = ROOT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"real material is not in {folder.name}/ beside the checkout (it is not redistributable)")
    return folder
