"""OpenAI's Responses and chat completions, as they go over the wire."""

from __future__ import annotations

from typing import Any

from specialists.stubs.server import Played, plays

RESPONSE = "resp_0123456789abcdef"


def says(text: str, **more: Any) -> Played:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return responds(
        [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}], **more
    )


def responds(
    output: list[dict[str, Any]],
    *,
    status: str = "completed",
    model: str = "gpt-6.1-sol-2026-10-01",
    cached: int = 0,
    thinking: int = 0,
    background: bool = False,
    **more: Any,
) -> Played:
    usage = {
        "input_tokens": 1200, "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": 300 + thinking, "output_tokens_details": {"reasoning_tokens": thinking},
        "total_tokens": 1500 + thinking,
    }  # fmt: skip
    return plays(
        {
            "id": RESPONSE, "object": "response", "created_at": 1_790_000_000, "status": status, "model": model,
            "output": output, "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "background": background,
            "usage": usage if status == "completed" else None, **more,
        }
    )  # fmt: skip


def reasons(encrypted: str = "gAAAA-signed") -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": encrypted}


def calls(name: str, arguments: str, call_id: str = "call_1") -> dict[str, Any]:
    return {
        "type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments,
        "status": "completed",
    }  # fmt: skip


def runs(code: str, logs: str) -> dict[str, Any]:
    return {
        "type": "code_interpreter_call", "id": "ci_1", "code": code, "container_id": "cntr_1", "status": "completed",
        "outputs": [{"type": "logs", "logs": logs}],
    }  # fmt: skip


def fails(
    status: int, message: str, code: str | None = None, type_: str = "invalid_request_error", **headers: str
) -> Played:
    return plays({"error": {"message": message, "type": type_, "param": None, "code": code}}, status, **headers)


def completes(text: str | None, *, finish: str = "stop", cached: int = 0, **message: Any) -> Played:
    """A chat completion; `provider` and `native_finish_reason` are what OpenRouter adds."""
    said = {"role": "assistant", "content": text, **message}
    return plays(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": "qwen3-coder",
            "provider": "Z.AI",
            "choices": [{"index": 0, "finish_reason": finish, "native_finish_reason": finish, "message": said}],
            "usage": {
                "prompt_tokens": 1200,
                "completion_tokens": 300,
                "total_tokens": 1500,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        }
    )


def lists(*ids: str) -> Played:
    return plays({"object": "list", "data": [{"id": i, "object": "model", "created": 1, "owned_by": "x"} for i in ids]})
