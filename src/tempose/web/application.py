"""Gradio's server, without its page: it takes uploads, asks for passwords, opens tunnels and speaks with assistants."""

from __future__ import annotations

from typing import Any

from gradio import Server

from tempose.web.guard import Guard
from tempose.web.uploads import Uploads


class Application(Server):
    """The studio as an ASGI application: the guard, and all else behind it.

    The guard stands outside of every layer that Gradio adds when it is launched.
    """

    def __init__(self, *, most_bytes: int, uploads: Uploads, hosts: set[str], assistants: bool = False) -> None:
        super().__init__(openapi_url=None, docs_url=None, redoc_url=None)
        behind = super().__call__
        self.guard = Guard(behind, most_bytes=most_bytes, uploads=uploads, hosts=hosts, assistants=assistants)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["app"] = self
        await self.guard(scope, receive, send)
