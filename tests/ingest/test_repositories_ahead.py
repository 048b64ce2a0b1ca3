"""Repositories are read ahead of their turn: the same rows in the same order, bounded, and nothing left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deep_code_reasoning.ingest.repositories_ahead import RepositoriesAhead
from deep_code_reasoning.sources.reader import Skipped
from deep_code_reasoning.sources.walk import Item


def items(count: int) -> list[Item]:
    return [Item(Path(f"/r{n}"), f"r{n}", "repository", 0) for n in range(count)]


class Reads:
    """An imagined reader: three parts a repository; `made` counts them."""

    def __init__(self, failing: str = "") -> None:
        self.made: dict[str, int] = {}
        self._failing = failing

    def __call__(self, item: Item) -> Iterator[Any]:
        for part in range(3):
            if item.name == self._failing and part == 1:
                raise ValueError("damaged")
            self.made[item.name] = part + 1
            yield Skipped(None, part, item.name)


def test_each_gives_its_own_parts_in_order() -> None:
    given = items(5)
    repositories = RepositoriesAhead(given, Reads(), at_once=2)
    for item in given:
        parts = repositories.parts(str(item.path))
        assert parts
        assert list(parts) == [Skipped(None, n, item.name) for n in range(3)]
    assert repositories.parts("/elsewhere") is None


def test_no_more_are_begun_than_may_be_and_none_is_read_far_ahead() -> None:
    reads = Reads()
    repositories = RepositoriesAhead(items(5), reads, at_once=2)
    first = repositories.parts("/r0")
    assert first
    assert len(list(first)) == 3
    repositories.close()
    assert set(reads.made) <= {"r0", "r1"}
    assert reads.made.get("r1", 0) <= 2
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_a_failure_is_raised_where_its_repository_is_taken() -> None:
    repositories = RepositoriesAhead(items(2), Reads(failing="r1"), at_once=2)
    assert len(list(repositories.parts("/r0") or ())) == 3
    second = repositories.parts("/r1")
    assert second
    assert next(second)
    with pytest.raises(ValueError, match="damaged"):
        next(second)


def test_one_repository_alone_is_read_as_it_comes() -> None:
    assert RepositoriesAhead(items(1), Reads(), at_once=2).parts("/r0") is None
