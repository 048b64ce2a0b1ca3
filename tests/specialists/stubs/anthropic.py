"""Anthropic's Messages, streamed as they go over the wire."""

from __future__ import annotations

import json
from typing import Any

from specialists.stubs.server import Played, plays, streams


def says(text: str, **more: Any) -> Played:
    return answers([{"type": "text", "text": text}], **more)


def answers(
    blocks: list[dict[str, Any]],
    *,
    stop: str = "end_turn",
    cached: int = 0,
    written: int = 0,
    thinking: int = 0,
    ends: bool = True,
    **delta: Any,
) -> Played:
    """As the API counts: what was read from a cache and what was written to one stand beside the other input."""
    usage = {
        "input_tokens": 1200 - cached - written, "output_tokens": 1, "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
    }  # fmt: skip
    message = {
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, block in enumerate(blocks):
        events += _block(index, block)
    counted = {"output_tokens": 300 + thinking, "output_tokens_details": {"thinking_tokens": thinking}}
    events.append(
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None, **delta}, "usage": counted}
    )
    events.append({"type": "message_stop"})
    return streams(events, ends=ends)


def _block(index: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
    deltas: dict[str, list[dict[str, Any]]] = {
        "text": [{"type": "text_delta", "text": block.get("text")}],
        "thinking": [
            {"type": "thinking_delta", "thinking": block.get("thinking")},
            {"type": "signature_delta", "signature": block.get("signature")},
        ],
        "tool_use": [{"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}],
        "server_tool_use": [{"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}],
    }
    start = block | empty.get(block["type"], {"input": {}} if block["type"] == "server_tool_use" else {})
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas.get(block["type"], [])),
        {"type": "content_block_stop", "index": index},
    ]


def breaks(type_: str, message: str) -> Played:
    """An error in the middle of a stream that began with 200."""
    begun = json.loads(answers([]).body.split(b"data: ")[1].split(b"\n")[0])
    return streams([begun, {"type": "error", "error": {"type": type_, "message": message}}])


def fails(status: int, message: str, type_: str, **headers: str) -> Played:
    return plays(
        {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}, status, **headers
    )


def lists(*ids: str) -> Played:
    data = [{"type": "model", "id": i, "display_name": i, "created_at": "2026-01-01T00:00:00Z"} for i in ids]
    return plays({"data": data, "has_more": False, "first_id": ids[0], "last_id": ids[-1]})
