"""HTTP below Ollama's client: a stale connection is not taken for a dead server, and no answer is endless."""

import re
import ssl
from collections.abc import AsyncIterator
from functools import cache

import httpx

MOST_BYTES = 64 * 1024 * 1024
"""Longest body of an answer, as it comes over the wire. Fetching the largest model says some 20 MB of
progress; a bar is a few kB."""
GONE = re.compile(r"disconnected|closed connection|incomplete")
"""How httpx says that the other end is gone; what else it calls a protocol error is no HTTP."""


@cache
def _trust() -> ssl.SSLContext:
    """Whom servers with TLS are checked against; reading it takes some 20 ms, so hosts share it."""
    return httpx.create_ssl_context(trust_env=False)


class Transport(httpx.AsyncBaseTransport):
    """Sends each request once more where its connection breaks before anything was answered: a server closes
    connections that are kept open when it likes, also at the moment when one is used again.

    Args:
        most_bytes: longest body; beyond it ``httpx.DecodingError`` is raised.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        # A proxy of the environment is never between us and a server on the stage.
        self._inner = httpx.AsyncHTTPTransport(verify=_trust(), trust_env=False)
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response to ``request``."""
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            if isinstance(error, httpx.RemoteProtocolError) and not GONE.search(str(error)):
                raise
            response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Bounded(response.stream, self._most_bytes)
        return response

    async def aclose(self) -> None:
        """Close what connections are open."""
        await self._inner.aclose()


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, most_bytes: int) -> None:
        self._inner = inner
        self._left = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx.DecodingError("an answer without an end")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
