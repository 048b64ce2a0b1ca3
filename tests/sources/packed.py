"""Archives made in memory."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["tar", "zipped", "zstd"]


def tar(files: Mapping[str, bytes], mode: str = "w:", *special: tarfile.TarInfo) -> bytes:
    """`mode` as tarfile's: `w:`, `w:gz`, `w:xz` ... `special` are members without content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # ty: ignore[no-matching-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in special:
            archive.addfile(info)
    return packed.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """`streamed`: written to what cannot seek, so that sizes follow each member."""
    packed = io.BytesIO()
    target: Any = _Unseekable(packed) if streamed else packed
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)  # of 1980: with the time of now, every run would pack other bytes
            info.compress_type = method
            archive.writestr(info, content)
    return packed.getvalue()


class _Unseekable(io.RawIOBase):
    def __init__(self, target: io.BytesIO) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self._target.write(data)
