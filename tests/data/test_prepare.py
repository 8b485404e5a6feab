from pathlib import Path

import pytest
from data.blocks import work

from tempose.core.errors import DataError, DiskError, InputError
from tempose.core.progress import quiet
from tempose.data.prepare import Outcome, hold_settings, run, summary, write_report


def outcomes_of(jobs: list[str], workers: int) -> list[str]:
    return list(map(str, run(work, jobs, file_of=str, workers=workers, track=quiet, label="jobs")))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_raises_is_refused_and_the_others_go_on(workers: int) -> None:
    assert outcomes_of(["a", "raises", "b"], workers) == [
        "kept    a: whole",
        "refused raises: raises is damaged",
        "kept    b: whole",
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_no_fault_of_the_file(workers: int) -> None:
    with pytest.raises(DiskError, match=r"cannot write out/full\.npz: No space left on device; free some space"):
        outcomes_of(["a", "full", "b"], workers)


def test_what_brings_its_process_down_is_refused_and_the_others_go_on() -> None:
    assert outcomes_of(["a", "crashes", "b"], 2) == [
        "kept    a: whole",
        "refused crashes: the process that read it was killed",
        "kept    b: whole",
    ]


def test_a_wrong_number_of_workers_is_refused() -> None:
    with pytest.raises(InputError, match="0 workers"):
        outcomes_of(["a"], 0)


def test_the_report_has_a_line_for_each_file_and_a_summary(tmp_path: Path) -> None:
    outcomes = [
        Outcome("a é.mp4", "kept", "1 clip", (("train", {"frames": 7}),)),
        Outcome("b.mp4", "refused", "is empty"),
    ]
    write_report(tmp_path, outcomes)
    assert (tmp_path / "report.txt").read_text(encoding="utf-8").splitlines() == [
        "kept    a é.mp4: 1 clip",
        "refused b.mp4: is empty",
        "2 files: 1 kept, 0 cut, 1 refused; 1 clips, 7 frames",
    ]
    assert summary([]) == "0 files: 0 kept, 0 cut, 0 refused; 0 clips, 0 frames"


def test_settings_hold_for_a_folder(tmp_path: Path) -> None:
    hold_settings(tmp_path / "out", {"size": [4, 2]})
    hold_settings(tmp_path / "out", {"size": [4, 2]})
    with pytest.raises(DataError, match="choose another folder"):
        hold_settings(tmp_path / "out", {"size": [2, 2]})
    for damaged in ("{", "", "[" * 50_000, "\0", "3" * 200_000):
        (tmp_path / "out" / "settings.json").write_text(damaged)
        with pytest.raises(DataError, match=r"settings\.json: it is damaged; delete it"):
            hold_settings(tmp_path / "out", {"size": [4, 2]})
