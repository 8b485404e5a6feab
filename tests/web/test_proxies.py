import asyncio

import pytest

from tempose.core.errors import InputError
from tempose.web.proxies import VARIABLE, trust


@pytest.mark.parametrize(
    ("proxies", "sender", "client"),
    [
        ((), "127.0.0.1", "198.51.100.4"),
        ((), "10.0.0.7", "10.0.0.7"),
        (("10.0.0.7",), "10.0.0.7", "198.51.100.4"),
        (("10.0.0.0/24",), "10.0.0.9", "198.51.100.4"),
        (("10.0.0.7",), "10.0.0.8", "10.0.0.8"),
        (("10.0.0.7",), "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_client_is_who_a_trusted_proxy_says_and_never_who_it_says_itself(monkeypatch, proxies, sender, client):
    uvicorn = pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
    monkeypatch.delenv(VARIABLE, raising=False)
    trust(proxies)
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["client"][0])

    config = uvicorn.Config(application)
    config.load()
    headers = [(b"x-forwarded-for", b"203.0.113.9, 198.51.100.4")]  # the first is what the client itself claimed
    scope = {"type": "http", "client": (sender, 5), "headers": headers, "scheme": "http"}
    asyncio.run(config.loaded_app(scope, None, None))
    assert seen == [client]


@pytest.mark.parametrize("proxy", ["*", "", "proxy.example.org", "10.0.0.7/33", "10.0.0.1,*"])
def test_what_is_no_address_is_refused(monkeypatch, proxy):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError, match="--trusted-proxy is"):
        trust([proxy])
