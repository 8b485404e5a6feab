import json
import logging

import pytest

from tempose.core.errors import InputError
from tempose.web import account
from tempose.web.account import open_account
from tempose.web.jobs import Desk

SECRET = "grandmother.jpg"


def fail(job):
    raise InputError(f"{SECRET} is no picture")


def crash(job):
    raise KeyError(SECRET)


def work(job):
    return list(job.track(range(3), "encoding"))


@pytest.fixture
def lines(capsys):
    """The lines that are written, once some jobs have ended."""

    def written(*works, names=False):
        open_account(names=names)
        desk = Desk(at_once=1, queue=9, per_client=9, seconds=60)
        for each in works:
            desk.submit(each, client="192.0.2.7").finished.wait(600)
        desk._pool.shutdown()
        said = capsys.readouterr().err
        return said, [json.loads(line) for line in said.splitlines() if line.startswith('{"time"')]

    yield written
    for handler in list(account.logger.handlers):
        account.logger.removeHandler(handler)
    account.logger.setLevel(logging.NOTSET)
    account.logger.propagate = True


def test_a_job_is_a_line_that_names_nobody_and_no_file(lines):
    said, facts = lines(work, fail)
    assert [(each["outcome"], each["part"], each["frames"]) for each in facts] == [
        ("done", "encoding", 3),
        ("InputError", "waiting", None),
    ]
    assert all(each["seconds"] >= 0 and each["waited"] >= 0 for each in facts)
    assert SECRET not in said
    assert "192.0.2.7" not in said


def test_what_visitors_were_told_is_there_if_that_is_asked_for(lines):
    _, (facts,) = lines(fail, names=True)
    assert facts["told"] == f"{SECRET} is no picture"


def test_a_fault_of_ours_is_told_by_its_kind(lines):
    _, (facts,) = lines(crash)
    assert facts["outcome"] == "KeyError"
