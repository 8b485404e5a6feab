import json

import pytest

from benchmarks.speed.record import as_table, keep, show
from tempose.core.errors import InputError

MACHINE = {
    "processor": "An Abacus",
    "instructions": ["beads"],
    "gpu": None,
    "cores": 2,
    "threads": 1,
    "memory_gib": 4,
    "torch": "2.13",
    "waiting_processes": 0.5,
}
ROWS = [{"way": "slow", "seconds": 2.0, "PSNR, dB": None}, {"way": "fast", "seconds": 0.12345, "PSNR, dB": 41.5}]


def test_rows_become_a_table():
    lines = as_table(ROWS).splitlines()
    assert lines[0] == "| way | seconds | PSNR, dB |"
    assert lines[2:] == ["| slow | 2 | – |", "| fast | 0.123 | 41.5 |"]


def test_runs_of_before_are_kept(tmp_path):
    file = tmp_path / "benchmarks.json"
    for seconds in (2.0, 1.0):
        keep([{"seconds": seconds}], case="one", machine=MACHINE, repeats=5, file=file)
    runs = json.loads(file.read_text())["runs"]
    assert [run["rows"][0]["seconds"] for run in runs] == [2.0, 1.0]
    assert runs[0]["machine"] == MACHINE
    assert runs[0]["case"] == "one"


def test_a_table_takes_the_place_of_the_last_one(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- case one -->\nold\n<!-- end -->\nafter\n<!-- case two -->\nkept\n<!-- end -->\n")
    show(ROWS, case="one", machine=MACHINE, repeats=5, page=page)
    show(ROWS[:1], case="one", machine=MACHINE, repeats=5, page=page)
    text = page.read_text()
    assert "old" not in text
    assert "fast" not in text
    assert "| slow | 2 | – |" in text
    assert "An Abacus (beads), 2 cores, 1 threads, 4 GiB" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n<!-- case two -->\nkept\n<!-- end -->\n")
    with pytest.raises(InputError, match="no place for the case three"):
        show(ROWS, case="three", machine=MACHINE, repeats=5, page=page)
