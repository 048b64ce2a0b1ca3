"""Runs an iterator in a thread of its own, a few items ahead of who takes them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], depth: int) -> Iterator[T]:
    """The same items; what the iterator raises is raised here. At most `depth` are waiting, and one in the making.

    Worth it where making an item releases the interpreter (decompression does). Closing the result, or dropping it,
    waits for the item in the making and ends the thread.
    """
    ready: SimpleQueue[T | _End] = SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()
    # A daemon: an interpreter that exits in the middle of a file must not wait for it.
    thread = threading.Thread(target=_run, args=(items, ready, room, stopped), name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error:
                    raise item.error
                return
            yield item
            del item  # else it would live on while the next is waited for
            room.release()
    finally:
        stopped.set()
        room.release()
        thread.join()  # what it reads from may be read by others next


def _run(items: Iterator[T], ready: SimpleQueue[T | _End], room: threading.Semaphore, stopped: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            room.acquire()
            if stopped.is_set():
                break
            ready.put(item)
            del item
    except BaseException as raised:  # told where the items are taken
        error = raised
    finally:
        if isinstance(items, Generator):
            items.close()
        ready.put(_End(error))
