"""A job as the page sees it: submitted for a client, looked at until it ends, stopped when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr

from tempose.web.guard import VISITOR
from tempose.web.jobs import Desk, Job
from tempose.web.uploads import Files, Uploads

# Seconds between two looks at a job.
EVERY = 0.3

# Seconds that an answer to an earlier question may take to end, once it was told to.
PATIENCE = 10.0


def client_of(request: gr.Request) -> str:
    """Whom a job counts for: the user where there are passwords, else the address."""
    address = request.client.host if request.client else "unknown"
    return str(request.username or address)


def owner_of(request: gr.Request, part: str = "") -> str:
    """The visit and the part of the page that a job belongs to; without a part, all of the visit."""
    return f"{request.session_hash}/{part}"


def files_of(uploads: Uploads, request: gr.Request) -> Files:
    """The files that the visitor of this request may use."""
    assert request.request is not None  # every event of the page and of programs came by HTTP
    return uploads.of(request.request.scope[VISITOR])


class Turns:
    """One after the other, for each owner: a question is answered once the answers to the one before are all sent."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def after_the_last(self, owner: str) -> AsyncGenerator[Callable[[], bool], None]:
        """Wait until the question before has ended; gives a function that says whether this one is still the newest.

        A question before that has not ended after PATIENCE seconds is not waited for.
        """
        number = self._newest[owner] = self._newest.get(owner, 0) + 1
        turn = self._turns.setdefault(owner, asyncio.Lock())
        try:
            await asyncio.wait_for(turn.acquire(), PATIENCE)
            mine = True
        except TimeoutError:
            mine = False
        try:
            yield lambda: self._newest.get(owner) == number
        finally:
            if mine:
                turn.release()
            if self._newest.get(owner) == number:
                self._newest.pop(owner)
                self._turns.pop(owner, None)


async def follow(
    desk: Desk, work: Callable[[Job], Any], *, request: gr.Request, part: str
) -> AsyncGenerator[Job, None]:
    """The job, again and again until it ends; where the reader leaves before, it is stopped.

    Raises:
        Busy: it is not taken.
    """
    job = desk.submit(work, client=client_of(request), owner=owner_of(request, part))
    try:
        while not job.finished.is_set():
            yield job
            await asyncio.sleep(EVERY)
        yield job
    finally:
        job.stop()
