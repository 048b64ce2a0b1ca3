"""Messages of the port in pydantic-ai's words and back. Every provider of theirs is spoken to through this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.specialists.port import CodeRun, Message, Reply, Request, ToolCall, Usage

if TYPE_CHECKING:
    from pydantic_ai import ModelMessage, ModelRequest, ModelResponse
    from pydantic_ai.messages import NativeToolReturnPart

ASKED_AS = "asked_as"
"""Where an `original` says which id was asked: what one model signed, another may refuse."""


def messages_of(request: Request, provider: str, *, neutral: bool = False) -> list[ModelMessage]:
    """With a point after the stable prefix up to which a provider may cache. `neutral`: without any original."""
    marked = _last_of_ours(request)
    return [
        _ours(message, is_marked=number == marked)
        if message.author == "us"
        else _theirs(message, request.model, provider, neutral)
        for number, message in enumerate(request.messages)
    ]


def has_originals(request: Request, provider: str) -> bool:
    return any(message.original and message.provider == provider for message in request.messages)


def _last_of_ours(request: Request) -> int | None:
    if request.caching is None:
        return None
    stable = request.messages[: request.caching.stable_messages]
    return max((number for number, message in enumerate(stable) if message.author == "us"), default=None)


def _ours(message: Message, *, is_marked: bool) -> ModelRequest:
    from pydantic_ai import CachePoint, ModelRequest, ToolReturnPart, UserPromptPart

    parts: list[Any] = [
        ToolReturnPart(
            tool_name=answer.name,
            content=answer.text,
            tool_call_id=answer.call_id,
            outcome="failed" if answer.is_error else "success",
        )
        for answer in message.answers
    ]
    if message.text or not parts:
        parts.append(UserPromptPart([message.text, CachePoint()] if is_marked else message.text))
    return ModelRequest(parts=parts)


def _theirs(message: Message, model: str, provider: str, neutral: bool) -> ModelResponse:
    from pydantic_ai import ModelResponse, TextPart, ToolCallPart

    if message.original and message.provider == provider and not neutral:
        original = _read(message.original)
        if original is not None and (original.metadata or {}).get(ASKED_AS) == model:
            return original
    parts: list[Any] = [TextPart(message.text)] if message.text else []
    parts += [ToolCallPart(call.name, dict(call.arguments), tool_call_id=call.id) for call in message.calls]
    return ModelResponse(parts=parts or [TextPart("(no text)")])


def _read(original: str) -> ModelResponse | None:
    """None for what is no longer a response: it was written by another version, or by another hand."""
    from pydantic import ValidationError
    from pydantic_ai import ModelResponse
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    try:
        [message] = ModelMessagesTypeAdapter.validate_json(original)
    except (ValueError, ValidationError):
        return None
    return message if isinstance(message, ModelResponse) else None


def reply_of(response: ModelResponse, request: Request, provider: str) -> Reply:
    from dataclasses import replace

    from pydantic_ai.messages import ModelMessagesTypeAdapter

    kept = replace(response, metadata={ASKED_AS: request.model})
    return Reply(
        text=_text(response, is_wanted_as_json=request.schema is not None),
        usage=_usage(response),
        is_cut=response.finish_reason == "length",
        calls=tuple(ToolCall(call.tool_call_id, call.tool_name, call.args_as_dict()) for call in response.tool_calls),
        runs=_runs(response),
        original=ModelMessagesTypeAdapter.dump_json([kept]).decode(),
        provider=provider,
        model=request.model,
    )


def _text(response: ModelResponse, is_wanted_as_json: bool) -> str:
    """What was said; where JSON is wanted, what was said after the last code run, for that is the answer."""
    from pydantic_ai import TextPart
    from pydantic_ai.messages import NativeToolReturnPart

    parts = response.parts
    if is_wanted_as_json:
        last = max((n for n, part in enumerate(parts) if isinstance(part, NativeToolReturnPart)), default=-1)
        after = "".join(part.content for part in parts[last + 1 :] if isinstance(part, TextPart))
        if after.strip():
            return after
    return "".join(part.content for part in parts if isinstance(part, TextPart))


def _usage(response: ModelResponse) -> Usage:
    counted = response.usage
    details = counted.details
    thinking = counted.output_reasoning_tokens or next(
        (details[name] for name in ("thoughts_tokens", "reasoning_tokens", "thinking_tokens") if details.get(name)), 0
    )
    return Usage(
        input_tokens=counted.input_tokens,
        output_tokens=counted.output_tokens,
        cached_tokens=counted.cache_read_tokens,
        thinking_tokens=int(thinking),
        cache_write_tokens=counted.cache_write_tokens,
    )


def _runs(response: ModelResponse) -> tuple[CodeRun, ...]:
    from pydantic_ai.messages import NativeToolCallPart, NativeToolReturnPart

    outputs = {part.tool_call_id: part for part in response.parts if isinstance(part, NativeToolReturnPart)}
    return tuple(
        CodeRun(_first(part.args_as_dict(), ("code", "command")), _output(outputs.get(part.tool_call_id)))
        for part in response.parts
        if isinstance(part, NativeToolCallPart) and part.tool_name.endswith("code_execution")
    )


def _output(part: NativeToolReturnPart | None) -> str:
    """What the run printed, each provider in its own fields; then its outcome, where that is no success."""
    if part is None:
        return ""
    content = part.content
    if not isinstance(content, dict):
        return str(content)
    logs = content.get("logs")
    said = ["\n".join(map(str, logs))] if isinstance(logs, list) else []
    said += [str(content[name]) for name in ("output", "stdout", "stderr", "error_code") if content.get(name)]
    if content.get("return_code"):
        said.append(f"exit code {content['return_code']}")
    if content.get("outcome") not in (None, "OUTCOME_OK"):
        said.append(str(content["outcome"]))
    return "\n".join(said)


def _first(values: dict[str, Any], names: Sequence[str]) -> str:
    return next((str(values[name]) for name in names if values.get(name)), str(values) if values else "")
