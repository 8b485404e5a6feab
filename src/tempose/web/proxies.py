"""Reverse proxies whose word is taken for who asks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import ip_network

from tempose.core.errors import InputError

# Where uvicorn reads from whom it takes X-Forwarded-For; it takes the last address in it that is none of these.
VARIABLE = "FORWARDED_ALLOW_IPS"


def trust(proxies: Sequence[str]) -> None:
    """Take from these proxies, in this process, which client asks; with none, from those of this machine alone.

    Without that all visitors behind a proxy count as one client, and share its jobs.

    Raises:
        InputError: one is no address, and no network of addresses.
    """
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError:
            raise InputError(
                f"--trusted-proxy is {proxy!r}; wanted an address or a network, such as 10.0.0.7 or 10.0.0.0/24"
            ) from None
    if proxies:
        os.environ[VARIABLE] = ",".join(proxies)
