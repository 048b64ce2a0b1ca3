"""A request from one service to another: client span, network both ways, the callee's handler in between."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import simpy

from deep_code_reasoning.demo.otlp import SpanTemplate

from .pod import Pod, Request

if TYPE_CHECKING:
    from .shop import Shop

T = TypeVar("T")
Steps = Generator[simpy.Event, Any, T]


@dataclass(slots=True)
class Reply:
    """An answer: the protocol's status, `error` as the client names it ("" when it is none), a result."""

    status: int
    error: str = ""
    result: Any = None

    @property
    def server_failed(self) -> bool:
        """Whether an HTTP server is to blame."""
        return self.status >= 500


def http(status: int, result: Any = None) -> Reply:
    """An HTTP answer; for clients every status from 400 on is an error."""
    return Reply(status, str(status) if status >= 400 else "", result)


Handler = Callable[[Request, Pod, str], Steps[Reply]]


def exchange(
    shop: Shop,
    request: Request,
    caller: Pod,
    target: str,
    parent: str,
    template: SpanTemplate,
    values: tuple[object, ...],
    handler: Handler,
) -> Steps[Reply]:
    """Call a pod of the service `target`; the last hole of `template` is the status of the answer."""
    env, network = shop.env, shop.network
    callee = shop.pick(target, request)
    started, span_id = env.now, request.span_id()
    yield env.timeout(network.one_way_s(request.rng, started, caller.place, callee.place))
    reply = yield from handler(request, callee, span_id)
    yield env.timeout(network.one_way_s(request.rng, env.now, callee.place, caller.place))
    if caller.paused_until > env.now:
        yield from caller.awake()
    caller.span(template, request, span_id, parent, started, (*values, reply.status), error=reply.error)
    return reply
