"""What a provider or its SDK raised, as one of ours: its words, its status, and what to do. Never the key."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.errors import (
    ContextOverflowError,
    NoKeyError,
    RateLimitedError,
    RefusedError,
    SpecialistError,
    UnavailableError,
    UnknownModelError,
)
from deep_code_reasoning.specialists.catalogue import close_names
from deep_code_reasoning.specialists.providers.transport import BadBody

if TYPE_CHECKING:
    from pydantic_ai.exceptions import ModelHTTPError

MOST_OF_A_MESSAGE = 500
_MOST_SCANNED = 20_000
_OVERFLOW = re.compile(
    r"context[ _]length|context[ _]window|context[ _]size|maximum context|prompt is too long|exceed_context_size"
    r"|input token count|number of tokens allowed|reduce the length of the messages|request_too_large"
    r"|exceed(s|ed)? (the )?(context|token) limit|model_context_window_exceeded|input is too long|too many input tokens"
    r"|tokens? (in|of) (the|your) (prompt|input) (is|are) (more|greater)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"content[ _]polic|content[ _]filter|invalid_prompt|flagged|moderation|usage polic|safety (system|filter)"
    r"|responsible ai|prohibited_content|blocked by",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(r"api[ _]key|API_KEY_INVALID|invalid_api_key|authentication|credential|unauthenticated", re.I)
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """Who was asked, with what: for the message, and to keep the key out of it."""

    provider: str
    model: str
    api_key: str = ""
    base_url: str = ""
    key_hint: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Said:
    """The facts of an answer that is none. `status` None: nothing of HTTP came to pass, or a 200 that holds nothing."""

    words: str
    code: str = ""
    status: int | None = None
    retry_after: float | None = None
    is_quota: bool = False
    is_answer: bool = False  # the provider itself refused the request, with or without a status


@contextlib.contextmanager
def our_errors(asked: Asked) -> Generator[None]:
    """Raises SpecialistError for whatever a provider or its SDK raised within. Our own errors pass as they are."""
    from pydantic_ai.exceptions import AgentRunError, UserError

    try:
        yield
    except SpecialistError:
        raise
    except (AgentRunError, UserError) as error:
        raise error_of(_heard(error), asked) from None
    except Exception as error:
        if (found := _of_an_sdk(error)) is None:
            raise
        raise error_of(found, asked) from None


def refused(words: str, asked: Asked) -> RefusedError:
    """For a refusal that came as an answer."""
    return RefusedError(
        f"{asked.model} refused to answer ({_clean(words, asked)}); rephrase the question, or name another model"
    )


def cut_short(asked: Asked) -> UnavailableError:
    return no_answer("the stream broke off before the answer was whole", asked)


def no_answer(words: str, asked: Asked) -> UnavailableError:
    return UnavailableError(f"{asked.model}: no usable answer: {_clean(words, asked)}; ask again or name another model")


def error_of(said: _Said, asked: Asked) -> SpecialistError:
    """The kind by what was said first and by the status then: providers send an overflow, a refusal and a wrong field
    with the same 400."""
    told = f"{said.code} {said.words}"[:_MOST_SCANNED]
    status, about = said.status, f"{asked.model}: {f'HTTP {said.status}: ' if said.status else ''}"
    words = _clean(said.words, asked)
    rejected = said.is_answer or (status is not None and 400 <= status < 500)
    if rejected and status not in (401, 404, 429) and _OVERFLOW.search(told):
        return ContextOverflowError(f"{about}{words}; give a smaller token budget, or name a model that holds more")
    if said.is_quota:
        return RateLimitedError(
            f"{about}{words}; the quota or the credit is used up: waiting a moment does not help, name another model",
            None,
        )
    if status == 429:
        advice = "the quota is used up for now; ask again later or name another model"
        return RateLimitedError(f"{about}{words}; {advice}", said.retry_after)
    if status == 404 or "model_not_found" in told:
        close = close_names(asked.model, list(asked.known))
        near = f" (close to it: {', '.join(close)})" if close else ""
        return UnknownModelError(
            f"{about}{words}; no such model for this key{near}; `dcr models check` asks which live"
        )
    hint = asked.key_hint.removeprefix("set ") or "the key"
    if status == 401 or (status in (400, 403) and _BAD_KEY.search(told) and not _REFUSAL.search(told)):
        return NoKeyError(f"{about}{words}; check the key ({hint})")
    if rejected and _REFUSAL.search(told):
        return refused(f"{f'HTTP {status}: ' if status else ''}{said.words}", asked)
    if status == 403:
        advice = "the key may not use this model; check its project and restrictions"
        kind = UnknownModelError if "model" in told.lower() else NoKeyError
        return kind(f"{about}{words}; {advice}")
    if status is not None and (status >= 500 or status == 408):
        state = "is overloaded" if status in (503, 529) else "failed"
        return UnavailableError(f"{about}{words}; the provider {state}; ask again later or name another model")
    if rejected:
        return SpecialistError(f"{about}{words}; the request was refused as it is; another model may take it")
    return UnavailableError(
        f"{asked.model}: no usable answer: {words}; check the network and the base URL {asked.base_url}".rstrip()
    )


def _heard(error: Exception) -> _Said:
    """Of an exception of pydantic-ai."""
    from pydantic_ai.exceptions import (
        ModelAPIError,
        ModelConnectionError,
        ModelHTTPError,
        ModelQuotaExceededError,
        ModelRateLimitError,
        ModelRequestRejectedError,
        SuspendedResponseExpired,
        UserError,
    )

    if (bad := _bad_body(error)) is not None:
        return _of_bad_body(bad)
    if isinstance(error, ModelHTTPError):
        return _of_http(error, isinstance(error, ModelQuotaExceededError))
    if isinstance(error, SuspendedResponseExpired):
        return _Said("the provider keeps this run no longer; ask again")
    if isinstance(error, ModelAPIError):
        status = 429 if isinstance(error, ModelRateLimitError) else None
        code = f"{error.provider_error_code or ''} {error.provider_error_type or ''}"
        rejected = isinstance(error, ModelRequestRejectedError)
        quota = isinstance(error, ModelQuotaExceededError)
        words = _words(error.body) or str(error)
        if isinstance(error, ModelConnectionError) and error.__cause__ is not None:
            words = _with_root(words, error)
        return _Said(words, code, status, error.retry_after, quota, rejected)
    return _Said(str(error), is_answer=isinstance(error, UserError))


def _of_http(error: ModelHTTPError, is_quota: bool) -> _Said:
    wait = error.retry_after
    wait = wait if wait is not None and math.isfinite(wait) and wait >= 0 else None
    code = f"{error.provider_error_code or ''} {error.provider_error_type or ''} {_reasons(error.body)}"
    quota = is_quota or error.status_code == 402
    return _Said(_words(error.body) or "no words", code, error.status_code, wait, quota)


def _of_bad_body(bad: BadBody) -> _Said:
    from pydantic_ai.exceptions import ModelHTTPError

    if bad.status is None:
        told = _words(bad.body)
        return _Said(f"{bad}: {told}" if told else str(bad), is_answer=isinstance(bad.body, dict))
    return _of_http(ModelHTTPError(bad.status, "", bad.body, headers=bad.headers), is_quota=False)


def _of_an_sdk(error: Exception) -> _Said | None:
    """Of an exception of google-genai, openai, anthropic or httpx2 raised by a call that pydantic-ai has no part in;
    None for a mistake of ours."""
    import httpx2
    from pydantic_ai.exceptions import ModelHTTPError

    if (bad := _bad_body(error)) is not None:
        return _of_bad_body(bad)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(status, int) and status >= 400:
        body = getattr(error, "body", None) or getattr(error, "details", None) or str(error)
        response = getattr(error, "response", None)
        headers = dict(getattr(response, "headers", None) or {})
        return _of_http(ModelHTTPError(status, "", body, headers=headers), is_quota=False)
    library = type(error).__module__.partition(".")[0]
    if isinstance(error, httpx2.HTTPError | ValueError) or library in ("google", "openai", "anthropic"):
        return _Said(_with_root(str(error) or type(error).__name__, error))
    return None


def _bad_body(error: BaseException) -> BadBody | None:
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        if isinstance(at, BadBody):
            return at
        seen.add(id(at))
        at = at.__cause__ or at.__context__
    return None


def _with_root(words: str, error: BaseException) -> str:
    """SDKs say "Connection error." of everything; what happened is further down."""
    at = error
    while at.__cause__ is not None:
        at = at.__cause__
    root = str(at) or type(at).__name__
    return words if root in words else f"{words} ({root})"


def _words(body: Any) -> str:
    """The provider's own words: `error.message` of a JSON body where there is one, and what a gateway was told."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict):
            message = inner.get("message") or body.get("message") or body.get("detail")
            metadata = inner.get("metadata")
            raw = metadata.get("raw") if isinstance(metadata, dict) else None
            if isinstance(message, str):
                return f"{message} ({raw})" if isinstance(raw, str) and raw not in message else message
    return "" if body is None else str(body)


def _reasons(body: Any) -> str:
    """`reason` of Google's ErrorInfo, `status`, `code` and `type`, wherever the body has them."""
    inner = body.get("error") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return ""
    details = inner.get("details")
    parts = [inner, *(d for d in details if isinstance(d, dict))] if isinstance(details, list) else [inner]
    return " ".join(str(part[name]) for part in parts for name in ("reason", "status", "code", "type") if name in part)


def _clean(words: str, asked: Asked) -> str:
    """One line, without tags and without the key or the start of it, and only then cut."""
    text = words[:_MOST_SCANNED]
    if "<" in text:
        text = _TAGS.sub(" ", text)
    if asked.api_key:
        text = text.replace(asked.api_key, "«key»")
    if len(asked.api_key) >= 8:
        text = re.sub(re.escape(asked.api_key[:8]) + r"[^\s'\"<>,;)]*", "«key»", text)
    text = " ".join(text.split()) or "no words"
    return text if len(text) <= MOST_OF_A_MESSAGE else text[: MOST_OF_A_MESSAGE - 1] + "…"
