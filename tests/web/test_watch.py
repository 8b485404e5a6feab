"""Answers to an older question never come after those to a newer one."""

import asyncio

import pytest

from tempose.web import watch
from tempose.web.watch import Turns


async def ask(turns, owner, name, said, *, answers=3, pause=0.01):
    """Answer a question as the page's events do; what has been sent goes to `said`."""
    async with turns.after_the_last(owner) as newest:
        for number in range(answers):
            if not newest():
                return
            said.append(f"{name}{number}")
            await asyncio.sleep(pause)  # as long as the answer takes to be sent


def test_a_newer_question_ends_the_older_and_waits_for_its_last_answer():
    async def all_at_once():
        turns, said = Turns(), []
        first = asyncio.create_task(ask(turns, "me", "a", said, pause=0.05))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(ask(turns, "me", "b", said))
        third = asyncio.create_task(ask(turns, "me", "c", said))
        other = asyncio.create_task(ask(turns, "you", "o", said))
        await asyncio.gather(first, second, third, other)
        return turns, said

    turns, said = asyncio.run(all_at_once())
    assert [answer for answer in said if answer[0] != "o"] == ["a0", "c0", "c1", "c2"]
    assert [answer for answer in said if answer[0] == "o"] == ["o0", "o1", "o2"]
    assert said.index("o2") < said.index("c0")
    assert not turns._newest
    assert not turns._turns


def test_a_question_that_does_not_end_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(watch, "PATIENCE", 0.05)

    async def held():
        turns, said = Turns(), []
        first = asyncio.create_task(ask(turns, "me", "a", said, pause=5))
        await asyncio.sleep(0.01)
        await ask(turns, "me", "b", said)
        first.cancel()
        return said

    assert asyncio.run(held()) == ["a0", "b0", "b1", "b2"]


def test_a_question_that_fails_lets_the_next_one_through():
    async def broken():
        turns, said = Turns(), []
        with pytest.raises(ZeroDivisionError):
            async with turns.after_the_last("me"):
                raise ZeroDivisionError
        await ask(turns, "me", "b", said, answers=1)
        return said

    assert asyncio.run(broken()) == ["b0"]
