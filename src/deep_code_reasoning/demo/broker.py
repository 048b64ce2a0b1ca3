"""A message broker: an exchange that copies each message to its queues, prefetch, acknowledgements."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import simpy


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer published in the course of `request`; `span_id` is that of its span."""

    id: str
    request: object
    span_id: str
    body: str


Handler = Callable[[Message], Generator[simpy.Event, object, None]]


class Queue:
    """A queue with `prefetch` messages in the hands of its consumers at a time."""

    def __init__(self, env: simpy.Environment, name: str, prefetch: int, handler: Handler) -> None:
        self.name = name
        self.acknowledged = 0
        self.unacknowledged = 0
        self._env = env
        self._store = simpy.Store(env)
        self._handler = handler
        for _ in range(prefetch):
            env.process(self._consume())

    @property
    def ready(self) -> int:
        """Messages nobody works on yet."""
        return len(self._store.items)

    def put(self, message: Message) -> None:
        self._store.put(message)

    def _consume(self) -> Generator[simpy.Event, Message, None]:
        while True:
            message = yield self._store.get()
            self.unacknowledged += 1
            yield self._env.process(self._handler(message))
            self.unacknowledged -= 1
            self.acknowledged += 1


class Broker:
    """Exchanges by name, each with the queues bound to it."""

    def __init__(self) -> None:
        self.queues: list[Queue] = []
        self._bindings: dict[str, list[Queue]] = {}

    def bind(self, exchange: str, queue: Queue) -> None:
        self._bindings.setdefault(exchange, []).append(queue)
        self.queues.append(queue)

    def publish(self, exchange: str, message: Message) -> None:
        """Copy the message to every queue of the exchange."""
        for queue in self._bindings.get(exchange, ()):
            queue.put(message)
