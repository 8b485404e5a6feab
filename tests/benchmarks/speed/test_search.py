import pytest
from conftest import TINY_V
from subjects import save_small_model

from benchmarks.speed.search import read_cases, search
from tempose.core.errors import DataError


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    from tempose.people.dataset import PeopleSettings, write_people

    folder = tmp_path_factory.mktemp("people")
    write_people(folder, people=3, clips=1, settings=PeopleSettings(frames=4, fps=8, size=(32, 24), seed=0))
    return folder


def test_settings_stand_beside_the_reference_cheapest_first(data, tmp_path):
    model = save_small_model(tmp_path / "m")
    rows = search(
        str(model), data, split="train", clips=1, frames=2, guidance=2.0,
        solvers=["ddim"], spacings=["leading"], steps=[2, 4],
    )  # fmt: skip
    assert len(rows) == 2 * 5 + 1
    assert rows[-1]["steps"] == 50
    assert rows[-1]["SSIM − reference"] == "+0.0000"
    costs = [row["predictions"] for row in rows]
    assert costs == sorted(costs)
    assert costs[-1] == 100
    # Outside the interval one prediction is enough.
    cost = {(row["steps"], row["interval"]): row["predictions"] for row in rows}
    assert cost[4, "0–1"] == 8
    assert cost[4, "0.2–0.8"] < 8


def test_without_guidance_there_is_nothing_to_limit(data, tmp_path):
    model = save_small_model(tmp_path / "m")
    rows = search(
        str(model),
        data,
        split="train",
        clips=1,
        frames=1,
        guidance=1.0,
        solvers=["ddim"],
        spacings=["trailing"],
        steps=[2],
    )
    assert [row["predictions"] for row in rows] == [2, 50]


def test_clips_that_are_too_short_are_said(data):
    with pytest.raises(DataError, match="no clip of more than 9 frames"):
        read_cases(data, split="train", clips=2, frames=9, size=TINY_V.size)
