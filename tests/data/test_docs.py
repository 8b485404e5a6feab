"""What docs/data.md says runs as it is written."""

import re
from pathlib import Path

import pytest
from cli.calls import parsed
from data.blocks import block_clip

from tempose.data.prepared import Row, write_clip, write_metadata

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^(tempose prepare .+)$|`(tempose prepare [^`]+)`", TEXT, re.MULTILINE)))


@pytest.mark.parametrize("line", [one or other for one, other in COMMANDS])
def test_the_commands_are_understood(line: str) -> None:
    assert parsed(line)[1]["out"].parts[0] == "data"


def test_the_python_runs(tmp_path: Path, monkeypatch) -> None:
    (snippet,) = (code for code in re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL) if "ClipDataset" in code)
    root = tmp_path / "data" / "mine"
    about = {"person": "p", "source": "drawn here", "license": "CC0-1.0"}
    rows = [write_clip(root, "train", f"{seed}", **block_clip(seed, frames=12), **about) for seed in range(2)]
    write_metadata(root, "train", rows)
    monkeypatch.chdir(tmp_path)
    variables: dict = {}
    exec(compile(snippet, "docs/data.md", "exec"), variables)
    assert variables["batch"].frames.shape == (2, 4, 3, 256, 256)
    assert len(variables["pairs"]) == 2


def test_every_field_is_described() -> None:
    for field in [*Row.__annotations__, "masks", "keypoints", "row"]:
        assert f"`{field}`" in TEXT
