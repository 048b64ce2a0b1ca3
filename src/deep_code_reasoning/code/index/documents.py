"""The full-text index of files: what is kept of each, and how it is searched.

A document is a file: `words` (identifiers whole and in parts), `path` (the words of its path), `defines` (names it
defines, whole). All are cut into words here, so that the library only has to part them at blanks: that made indexing
three times as fast as its own splitting by expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tantivy import DocAddress, Index, IndexWriter, Query, Searcher

WRITER_BYTES = 400_000_000
EVERY = "\u00b6every"
"""A word that every document holds, and no text: how many there are with it is how many there are."""
_FIELDS = ("words", "path", "defines")
_OPTION = {"words": "freq", "path": "basic", "defines": "basic"}


def open_documents(folder: Path) -> Index:
    """Made where there is none. Raises ValueError where what is there cannot be opened."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("file", indexed=True, fast=True)
    for name in _FIELDS:
        builder.add_text_field(name, tokenizer_name="blanks", index_option=_OPTION[name])
    index = tantivy.Index(builder.build(), path=str(folder))
    blanks = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("blanks", blanks)
    return index


def add(writer: IndexWriter, file: int, words: str, path: str, defines: str) -> None:
    import tantivy

    document = tantivy.Document(words=f"{EVERY} {words}", path=path, defines=defines)
    document.add_integer("file", file)
    writer.add_document(document)


class Documents:
    """The state at one moment: later commits do not change it."""

    def __init__(self, index: Index) -> None:
        index.reload()
        self._schema = index.schema
        self._searcher: Searcher = index.searcher()
        self.count = self._alive("words", EVERY)

    def frequency(self, word: str, field: str = "words") -> int:
        """In how many of the documents the word is; replaced ones do not count."""
        return self._alive(field, word) if self._searcher.doc_freq(field, word) else 0

    def score(self, words: Mapping[str, float], path_words: Mapping[str, float], most: int) -> list[tuple[int, float]]:
        """(file, score) of the best, BM25 (k1 1.2, b 0.75), plus a constant for each word of the path.

        `words` and `path_words` are each word's weight, inverse document frequency included: the library's own, which
        counts replaced documents and knows this one repository alone, is divided out.
        """
        import tantivy

        clauses: list[tuple[tantivy.Occur, Query]] = []
        total = self._searcher.doc_freq("words", EVERY)
        for word, weight in words.items():
            if holding := self._searcher.doc_freq("words", word):
                term = self._term("words", word)
                boost = weight / inverse_frequency(holding, total)
                clauses.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, boost)))
        for word, weight in path_words.items():
            if self._searcher.doc_freq("path", word):
                constant = tantivy.Query.const_score_query(self._term("path", word), weight)
                clauses.append((tantivy.Occur.Should, constant))
        return self._numbered(tantivy.Query.boolean_query(clauses), most) if clauses else []

    def holding(self, words: Iterable[str], most: int, field: str = "words") -> list[int]:
        """Files that hold all of the words."""
        import tantivy

        clauses = [(tantivy.Occur.Must, self._term(field, word)) for word in words]
        return [file for file, _ in self._numbered(tantivy.Query.boolean_query(clauses), most)] if clauses else []

    def _numbered(self, query: Query, most: int) -> list[tuple[int, float]]:
        hits = self._searcher.search(query, most, count=False).hits
        addresses: Sequence[DocAddress] = [address for _, address in hits]
        files = self._searcher.fast_field_values("file", list(addresses))
        return [(int(file or 0), float(score)) for file, (score, _) in zip(files, hits, strict=True)]

    def _alive(self, field: str, word: str) -> int:
        return self._searcher.search(self._term(field, word), 1).count or 0  # ty: ignore[missing-attribute]

    def _term(self, field: str, word: str) -> Query:
        import tantivy

        return tantivy.Query.term_query(self._schema, field, word, index_option=_OPTION[field])


def inverse_frequency(holding: int, total: int) -> float:
    """BM25's, never below zero: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    return log(1 + (total - holding + 0.5) / (holding + 0.5))
