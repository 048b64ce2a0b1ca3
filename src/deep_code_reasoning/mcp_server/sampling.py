"""The client's own model, asked from the thread of a job for as long as the call that the job came with is open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import anyio
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    SamplingMessage,
    TextContent,
)

from deep_code_reasoning.errors import SpecialistError, UnavailableError
from deep_code_reasoning.specialists.providers.client_model import ClientModel

if TYPE_CHECKING:
    from deep_code_reasoning.specialists.providers.sampling import Turn

_OVER = (
    "the client's model can be asked only while the call is open, and this call was handed over or is over; "
    "name another model, or raise DCR_CALL_PATIENCE_SECONDS"
)


class Sampling:
    """Of one call. Made, and closed, in the loop of the session; `create_message` is for any other loop."""

    def __init__(self, context: Any) -> None:
        self._context, self._loop = context, asyncio.get_running_loop()
        self._is_open = True
        self._under_way: set[anyio.CancelScope] = set()

    @property
    def model(self) -> ClientModel:
        why = _why_not(self._context.session)
        return ClientModel(why_not=why) if why else ClientModel(self.create_message, None)

    @property
    def is_asking(self) -> bool:
        return bool(self._under_way)

    async def create_message(self, system: str, messages: Sequence[Turn], most_tokens: int) -> str:
        """Raises SpecialistError once the call is closed; whoever is cancelled takes the request back."""
        request = CreateMessageRequest(
            params=CreateMessageRequestParams(
                messages=[SamplingMessage(role=role, content=TextContent(text=text)) for role, text in messages],
                system_prompt=system,
                max_tokens=most_tokens,
            )
        )
        asked = asyncio.run_coroutine_threadsafe(self._answered(request), self._loop)
        return await asyncio.wrap_future(asked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def close(self) -> None:
        """The call has its answer: a question that the client still thinks about is taken back."""
        self._is_open = False
        for scope in self._under_way:
            scope.cancel()

    async def _answered(self, request: CreateMessageRequest) -> str:
        """In the session's loop."""
        if not self._is_open:
            raise SpecialistError(_OVER)
        with anyio.CancelScope() as scope:
            self._under_way.add(scope)
            try:
                return _text(await self._sent(request))
            finally:
                self._under_way.discard(scope)
        raise SpecialistError(_OVER)

    async def _sent(self, request: CreateMessageRequest) -> CreateMessageResult:
        from mcp.shared.message import ServerMessageMetadata

        of_this_call = ServerMessageMetadata(related_request_id=self._context.request_id)
        return await self._context.session.send_request(request, CreateMessageResult, metadata=of_this_call)


def _why_not(session: Any) -> str | None:
    capabilities = session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        return "this client does not offer sampling (it did not declare it)"
    if not session.can_send_request:
        return (
            f"on protocol {session.protocol_version} a server cannot ask its client while a call runs, and sampling is "
            "deprecated there; connect with 2025-11-25, or name another model"
        )
    return None


def _text(result: CreateMessageResult) -> str:
    if isinstance(result.content, TextContent):
        return result.content.text
    raise UnavailableError(f"the client's model answered with {result.content.type}, where text was asked for")
