from collections.abc import Callable
from pathlib import Path

import pytest
from data.blocks import block_clip

from tempose.data.prepared import write_clip, write_metadata


@pytest.fixture
def write_blocks(tmp_path: Path) -> Callable:
    """Write clips `(person, frames)` to a split; gives the dataset's root."""

    def write(clips: list[tuple[str, int]], split: str = "train", root: Path = tmp_path / "set") -> Path:
        rows = []
        for seed, (person, frames) in enumerate(clips):
            values = block_clip(seed, frames=frames)
            about = {"person": person, "source": "drawn here", "license": "CC0-1.0"}
            rows.append(write_clip(root, split, f"clip {seed} é", **values, **about))
        write_metadata(root, split, rows)
        return root

    return write
