import json

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a table of jobs, or --photos and --motions"),
        (["--photos", "here"], "give a table of jobs, or --photos and --motions"),
        (["jobs.csv", "--photos", "here", "--motions", "walk"], "give a table of jobs, or --photos and --motions"),
        (["none.csv"], "there is no table none.csv"),
        (["jobs.csv", "--seed", "x"], "seed is 'x'; wanted a whole number"),
        (["jobs.csv", "-o", "jobs.csv"], "jobs.csv is a file; wanted a folder for the results"),
        (["jobs.csv", "--address", "127.0.0.1:1"], "no Ray cluster can be reached at 127.0.0.1:1"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_begun(tempose, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text("photo,motion\nme.png,walk\n")
    code, _, told = tempose("batch", *arguments)
    assert (code, "Traceback" in told) == (2, False)
    assert message in told
    assert not list(tmp_path.rglob("*.mp4"))


def test_what_is_done_and_what_failed_is_told(tempose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text("photo,motion,output,seed\nme.png,walk,a.mp4,-1\n")
    code, said, told = tempose("batch", "jobs.csv", "--json")
    assert code == 1
    assert told == "failed: line 2: seed is -1; wanted a whole number from 0 to 2147483647\n"
    facts = json.loads(said)
    assert (facts["jobs"], facts["done"], len(facts["failed"])) == (1, 0, 1)
    assert facts["manifest"] == "out/manifest.jsonl"
