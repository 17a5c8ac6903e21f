"""A POST to somebody else's server: to a checked address, in bounded time, reading little."""

import asyncio
import time
from dataclasses import dataclass
from functools import cache

import httpx
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lepton.lib import addresses

SECONDS = 15.0
MOST_BYTES = 4096


@dataclass(frozen=True)
class Answer:
    """What came of it: no status where there was no answer; `words` are its beginning."""

    status: int | None
    words: str
    duration_ms: int


def post(url: str, *, body: bytes, headers: dict[str, str]) -> Answer:
    """Send `body` to `url`, following no redirect; trouble is an answer without a status."""
    began = time.monotonic()
    try:
        status, words = asyncio.run(_post(url, addresses.checked(url), body, headers))
    except ValidationError as refusal:
        status, words = None, refusal.messages[0]
    except TimeoutError:
        status, words = None, _("No answer within %s seconds.") % round(SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        status, words = None, f"{type(error).__name__}: {error}"
    return Answer(status, words, round((time.monotonic() - began) * 1000))


async def _post(url, address, body, headers):
    """Connect to `address` itself: the name serves for the Host header and the certificate."""
    named = httpx.URL(url)
    host = named.raw_host.decode()
    pinned = named.copy_with(host=address)
    headers = headers | {"Host": named.netloc.decode(), "Accept-Encoding": "identity"}
    options = {"verify": _certificates(), "trust_env": False, "timeout": SECONDS}
    async with asyncio.timeout(SECONDS), httpx.AsyncClient(**options) as client:
        request = client.build_request(
            "POST", pinned, content=body, headers=headers, extensions={"sni_hostname": host}
        )
        answer = await client.send(request, stream=True, follow_redirects=False)
        try:
            return answer.status_code, await _beginning(answer)
        finally:
            await answer.aclose()


async def _beginning(answer) -> str:
    """The first bytes of an answer as text that the database takes; an endless one is cut."""
    seen = b""
    async for piece in answer.aiter_raw():
        seen += piece
        if len(seen) >= MOST_BYTES:
            break
    return seen[:MOST_BYTES].decode(errors="replace").replace("\0", "�")


@cache
def _certificates():
    return httpx.create_ssl_context()
