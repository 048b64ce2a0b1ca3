"""Google's generateContent and cachedContents, as they go over the wire."""

from __future__ import annotations

from typing import Any

from specialists.stubs.server import Played, plays


def says(text: str, *, finish: str = "STOP", cached: int = 0, thinking: int = 0, prompt: int = 1200) -> Played:
    return answers([{"text": text}], finish=finish, cached=cached, thinking=thinking, prompt=prompt)


def answers(
    parts: list[dict[str, Any]], *, finish: str = "STOP", cached: int = 0, thinking: int = 0, prompt: int = 1200
) -> Played:
    usage = {
        "promptTokenCount": prompt, "candidatesTokenCount": 300, "totalTokenCount": prompt + 300 + thinking,
        "cachedContentTokenCount": cached, "thoughtsTokenCount": thinking,
    }  # fmt: skip
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}
    return plays(
        {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-4-argon", "responseId": "r1"}
    )


def blocked(reason: str = "SAFETY") -> Played:
    """The prompt itself was refused: no candidate comes."""
    return plays({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 10}})


def fails(status: int, message: str, code: str, *details: dict[str, Any], **headers: str) -> Played:
    error: dict[str, Any] = {"code": status, "message": message, "status": code}
    return plays({"error": error | ({"details": list(details)} if details else {})}, status, **headers)


def cache(name: str, tokens: int, expires: str) -> Played:
    return plays(
        {
            "name": name,
            "model": "models/gemini-4-argon",
            "usageMetadata": {"totalTokenCount": tokens},
            "expireTime": expires,
        }
    )
