"""A file is hashed as it lies on disk while it is read, so that no one need read it again to know it by."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from deep_code_reasoning.sources.stream import CHUNK_BYTES, EvidenceStream
from deep_code_reasoning.store.fingerprint import of_file

TEXT = b"2026-11-20T10:00:00Z INFO a line of a log\n" * 100_000  # several pieces


@pytest.mark.parametrize(
    "content",
    [TEXT, b"", b"x", gzip.compress(TEXT), TEXT.decode().encode("utf-16")],
    ids=["plain", "empty", "one byte", "gzip", "utf-16"],
)
@pytest.mark.parametrize("cores", [1, 2])
def test_it_is_that_of_the_file(tmp_path: Path, content: bytes, cores: int) -> None:
    path = tmp_path / "evidence"
    path.write_bytes(content)
    stream = EvidenceStream(path, cores=cores)
    stream.sample()
    list(stream.chunks())
    assert stream.content_hash == of_file(path)


def test_there_is_none_of_what_was_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    path.write_bytes(TEXT)
    stream = EvidenceStream(path)
    assert len(TEXT) > 2 * CHUNK_BYTES
    chunks = stream.chunks()
    next(chunks)
    assert not stream.content_hash
    chunks.close()
    path.write_bytes(gzip.compress(TEXT)[:-9])
    cut = EvidenceStream(path)
    list(cut.chunks())
    assert not cut.content_hash, "whoever wants it then reads the file for it"
