import subprocess
import sys

import pytest
from conftest import ROOT

from benchmarks.speed import parts
from benchmarks.speed.cases import CASES


@pytest.mark.parametrize("name", [*CASES, "steps"])
def test_every_case_has_its_place_in_the_page(name):
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert page.count(f"<!-- case {name} -->") == 1


def test_rows_of_a_case_have_the_same_columns():
    rows = parts.rendering(1)
    assert all(row.keys() == rows[0].keys() for row in rows)


def test_a_mistake_is_one_line():
    done = subprocess.run([sys.executable, "-m", "benchmarks.speed", "predicton"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no case 'predicton'; did you mean 'prediction'?")
