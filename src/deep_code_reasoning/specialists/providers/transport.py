"""The HTTP client under every SDK: short to connect, no redirects, and a 200 that is no answer is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.specialists.providers.endpoints import is_loopback

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
READ_SECONDS = 1_200.0
"""Between two bytes. A model may think for minutes; how long an answer may take is the caller's to say."""
MOST_BYTES = 64 * 2**20
"""Of a body that is read whole, decompressed. The longest answer of any model is far below."""
_RESULTS = ("candidates", "choices", "output", "content", "data", "models")
_MOST_WORDS = 4_000


class BadBody(Exception):
    """A response that says 200 and holds no answer. `status` is what an error inside it says of itself, or None."""

    def __init__(self, words: str, body: object, headers: dict[str, str], status: int | None) -> None:
        super().__init__(words)
        self.body = body
        self.headers = headers
        self.status = status


def http_client(base_url: str) -> httpx2.AsyncClient:
    """Follows no redirect, so that neither key nor evidence goes to another host than the one named; asks no proxy for
    a server on this machine."""
    import httpx2

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        event_hooks={"request": [_connect_soon], "response": [_check_body]},
        trust_env=not is_loopback(base_url),
        follow_redirects=False,
    )


async def _connect_soon(request: httpx2.Request) -> None:
    """SDKs send one number for every phase, which would also be how long a dead host is waited for."""
    asked = dict(request.extensions.get("timeout") or {})
    asked["connect"] = min(asked.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
    request.extensions = {**request.extensions, "timeout": asked}


async def _check_body(response: httpx2.Response) -> None:
    """Raises BadBody before an SDK makes an empty answer of it."""
    import orjson

    kind = response.headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        return
    text = await _read(response)
    if response.status_code >= 400 or response.request.method == "DELETE":
        return
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.is_redirect:
        raise BadBody("the server sends the request elsewhere, which is not followed", None, headers, None)
    if not text.strip():
        raise BadBody("an empty body", None, headers, None)
    try:
        body = orjson.loads(text)
    except ValueError:
        raise BadBody("a body that is not JSON", text[:_MOST_WORDS].decode(errors="replace"), headers, None) from None
    if not isinstance(body, dict):
        words = text[:_MOST_WORDS].decode(errors="replace")
        raise BadBody("a body that is not what the API speaks", words, headers, None)
    error = body.get("error")
    if error and not any(body.get(name) for name in _RESULTS) and body.get("object") != "response":
        raise BadBody("an error in a body that says 200", body, headers, _status_of(error))


async def _read(response: httpx2.Response) -> bytes:
    """As `aread` does, and no further than MOST_BYTES."""
    parts: list[bytes] = []
    left = MOST_BYTES
    async for part in response.aiter_bytes():
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise BadBody(f"a body of more than {MOST_BYTES:,} bytes", None, {}, None)
    response._content = b"".join(parts)
    return response._content


def _status_of(error: object) -> int | None:
    """The status that the error means: gateways write it as its code, others only name its type."""
    if not isinstance(error, dict):
        return None
    for value in (error.get("code"), error.get("status"), error.get("type")):
        if isinstance(value, int | str) and str(value).isdigit() and 400 <= int(value) < 600:
            return int(value)
        if isinstance(value, str) and value.lower() in _NAMED:
            return _NAMED[value.lower()]
    return None


_NAMED = {
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "resource_exhausted": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
    "api_error": 500,
    "server_error": 500,
    "internal": 500,
    "unavailable": 503,
    "not_found_error": 404,
    "not_found": 404,
    "model_not_found": 404,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "context_length_exceeded": 400,
}
