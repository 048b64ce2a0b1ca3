"""Helper processes change when a text is cut, never what comes out; and a dead one changes nothing at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.code.index import splitting
from deep_code_reasoning.code.index.code_index import CodeIndex
from deep_code_reasoning.code.index.splitting import Split, Splitting, Text, split
from deep_code_reasoning.code.index.words import Words

TEXTS = [Text(n, f"shop/f{n}.py", f"class Cart{n}:\n    getUser_{n} = '\xff'\n".encode("latin-1")) for n in range(200)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers for any number of files, in many batches."""
    monkeypatch.setattr(splitting, "WORTH_FILES", 1)
    monkeypatch.setattr(splitting, "BATCH_BYTES", 500)


def cut(texts: list[Text], cores: int) -> list[Split]:
    with Splitting(len(texts), cores) as parts:
        found = [done for text in texts for done in parts.give(text)]
        found += parts.rest()
    return sorted(found, key=lambda one: one.file)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("program", [None, "raise SystemExit", "import os; os.write(1, bytes(20))"])
def test_with_helpers_as_without(program: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if program:
        monkeypatch.setattr(splitting, "_PROGRAM", program)
    words = Words()
    assert cut(TEXTS, 3) == cut(TEXTS, 1) == [split(text, words) for text in TEXTS]


def test_a_documents_texts() -> None:
    found = split(Text(7, "shop/cartView.py", b"class CartView:\n    def total(self): pass\n"), Words())
    assert found == Split(
        7, "class cartview cart view def total self pass", "shop cartview cart view py", "cartview total"
    )


@given(st.binary(max_size=200), st.text(max_size=20))
@settings(max_examples=50)
def test_any_bytes_give_words_that_blanks_part(data: bytes, path: str) -> None:
    found = split(Text(1, path, data), Words())
    for text in (found.words, found.path, found.defines):
        assert text.split() == text.split(" ") or not text


@pytest.mark.usefixtures("small")
def test_an_index_built_with_helpers(
    repository, indexed: Callable[..., CodeIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    repository.write({text.path: text.data for text in TEXTS}).commit()
    index = indexed(repository.path)
    assert len(index) == 200
    assert index.documents
    for number in (0, 99, 199):
        (file,) = index.documents.holding([f"cart{number}"], 5, "defines")
        assert index.paths[file] == f"shop/f{number}.py"
