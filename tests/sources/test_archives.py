"""Members of archives: which are found, what they hold, and what is told of those that cannot be read."""

from __future__ import annotations

import io
import os
import random
import stat
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.archives import contents
from deep_code_reasoning.sources.archives.contents import Piece, Unreadable, kind_of, pieces
from deep_code_reasoning.sources.archives.member import Member
from deep_code_reasoning.sources.decompression import Undone
from deep_code_reasoning.sources.stream import EvidenceStream, Limits
from sources.packed import tar, zipped, zstd

CHANCE = random.Random(7)
FILES = {"logs/app.log": b"one line\n" * 1000, "empty": b"", "big.bin": CHANCE.randbytes(700_000)}
FORMS = {
    "tar": tar(FILES),
    "tar.gz": tar(FILES, "w:gz"),
    "tar.xz": tar(FILES, "w:xz"),
    "tar.zst": zstd.compress(tar(FILES)),
    "zip": zipped(FILES),
    "zip stored": zipped(FILES, zipfile.ZIP_STORED),
    "zip bzip2": zipped(FILES, zipfile.ZIP_BZIP2),
    "zip streamed": zipped(FILES, streamed=True),
}
SMALL = {"a": b"one\n" * 50, "in.zip": zipped({"b": b"two"})}
SMALL_FORMS = [tar(SMALL), tar(SMALL, "w:gz"), zipped(SMALL), zipped(SMALL, streamed=True), zstd.compress(tar(SMALL))]
NO_END = "archive cut off before its end; the whole members before the cut were read"


def found(data: bytes, folder: Path, limits: Limits | None = None) -> tuple[dict[str, Member], dict[str, str]]:
    path = folder / "bundle"
    path.write_bytes(data)
    kind = kind_of(path)
    assert kind
    parts = list(pieces(path, kind, limits or Limits()) or ())
    lost = {part.path: part.reason for part in parts if isinstance(part, Unreadable)}
    return {part.path: part.member for part in parts if isinstance(part, Piece)}, lost


def content(member: Member) -> bytes:
    return b"".join(part for part in member.opened() if isinstance(part, bytes))


@pytest.mark.parametrize("form", FORMS)
def test_members_are_read_as_they_went_in(form: str, tmp_path: Path) -> None:
    members, lost = found(FORMS[form], tmp_path)
    assert lost == {}
    assert {name: content(member) for name, member in members.items()} == FILES
    assert [member.size for member in members.values()] == [len(data) for data in FILES.values()]
    for name, member in members.items():
        assert member.fingerprint() == xxhash.xxh3_128(FILES[name]).hexdigest()


@pytest.mark.parametrize("form", FORMS)
def test_a_member_is_evidence_like_a_file(form: str, tmp_path: Path) -> None:
    members, _ = found(FORMS[form], tmp_path)
    stream = EvidenceStream(tmp_path / "bundle!/logs/app.log", "b!/logs/app.log", None, members["logs/app.log"])
    assert stream.sample().head == FILES["logs/app.log"][:65_536]
    assert sum(1 for _ in stream.lines()) == 1000
    assert stream.size == len(FILES["logs/app.log"])
    assert (stream.bytes_out, stream.is_directory) == (stream.size, False)


@pytest.mark.parametrize("outer", [tar, zipped])
@pytest.mark.parametrize("inner", ["tar", "tar.gz", "zip"])
def test_archives_in_archives(outer, inner: str, tmp_path: Path) -> None:
    members, lost = found(outer({"a.log": b"a", "pod/inner": FORMS[inner], "z.log": b"z"}), tmp_path)
    assert lost == {}
    assert {name: content(member) for name, member in members.items()} == {
        "a.log": b"a",
        **{f"pod/inner!/{name}": data for name, data in FILES.items()},
        "z.log": b"z",
    }


def test_nesting_ends(tmp_path: Path) -> None:
    data = zipped({"leaf": b"x"})
    for _ in range(5):
        data = zipped({"in.zip": data})
    members, lost = found(data, tmp_path)
    assert members == {}
    assert lost == {"in.zip!/in.zip!/in.zip": "archive nested too deeply"}


def test_names_lead_nowhere_but_down_and_are_unique(tmp_path: Path) -> None:
    archive = tar({"../../etc/passwd": b"1", "/etc/passwd": b"2", "C:\\x\\..\\y": b"3", ".": b"4"})
    members, _ = found(archive, tmp_path)
    assert {name: content(member) for name, member in members.items()} == {
        "etc/passwd": b"1",
        "etc/passwd#2": b"2",
        "C:/x/y": b"3",
        "unnamed": b"4",
    }
    assert os.listdir(tmp_path) == ["bundle"]


def test_what_is_no_file_in_a_tar_is_told(tmp_path: Path) -> None:
    special = []
    for name, kind in {"soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "dev": tarfile.CHRTYPE}.items():
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        special.append(info)
    members, lost = found(tar({"a": b"1", ".git/config": b"2"}, "w:", *special), tmp_path)
    assert set(members) == {"a"}
    assert lost == {
        ".git/config": "files of version control in an archive (a repository is read from its folder)",
        "soft": "a link in an archive, which is not followed",
        "hard": "a link in an archive, which is not followed",
        "dev": "a device, pipe or sparse file in an archive",
    }


def test_what_cannot_be_read_in_a_zip_is_told(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"1")
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("secret", b"2")
        archive.writestr("lzma", b"3", zipfile.ZIP_LZMA)
        archive.getinfo("secret").flag_bits |= 1
        archive.mkdir("folder")
    members, lost = found(packed.getvalue(), tmp_path)
    assert set(members) == {"a"}
    assert lost == {
        "link": "a link in an archive, which is not followed",
        "secret": "encrypted member of an archive",
        "lzma": "zip member compressed by a method that is not read (read are stored, deflate, bzip2, zstd)",
    }


@pytest.mark.parametrize("form", ["zip", "zip stored", "zip streamed", "tar", "tar.gz"])
def test_whole_members_before_a_cut_are_read(form: str, tmp_path: Path) -> None:
    cut = FORMS[form][: len(FORMS[form]) // 2]
    members, lost = found(cut, tmp_path)
    assert {name: content(member) for name, member in members.items()} == {
        name: data for name, data in FILES.items() if name != "big.bin"
    }
    assert lost["big.bin"] == "archive that ends within this member (cut off)"
    assert len(lost) == (1 if form == "tar" else 2)


def test_a_zip_without_its_directory(tmp_path: Path) -> None:
    data = FORMS["zip streamed"]
    members, lost = found(data[: data.index(b"PK\1\2")], tmp_path)
    assert {name: content(member) for name, member in members.items()} == FILES
    assert list(lost.values()) == [NO_END]


def test_a_changed_byte_is_told_by_the_checksum(tmp_path: Path) -> None:
    damaged = bytearray(FORMS["zip stored"])
    damaged[damaged.index(b"one line")] = 0x4F
    members, _ = found(bytes(damaged), tmp_path)
    *parts, last = members["logs/app.log"].opened()
    assert last == Undone(9_000, "compressed data is damaged from here on")
    assert b"".join(part for part in parts if isinstance(part, bytes)).startswith(b"One line\n")
    assert members["logs/app.log"].fingerprint() == ""


class TestBombs:
    def test_by_the_ratio_of_a_zip(self, tmp_path: Path) -> None:
        data = zipped({f"{number}": bytes(30 << 20) for number in range(2)})
        members, lost = found(data, tmp_path, Limits(ratio=100))
        assert members == {}
        assert set(lost.values()) == {"expands more than the allowed ratio (a decompression bomb)"}

    def test_by_the_ratio_of_a_tar(self, tmp_path: Path) -> None:
        members, lost = found(tar({"a": b"1", "b": bytes(64 << 20)}, "w:gz"), tmp_path, Limits(ratio=100))
        assert set(members) == {"a"}
        assert "expands more than the allowed ratio (a decompression bomb)" in lost.values()

    def test_by_the_size_of_all_together(self, tmp_path: Path) -> None:
        members, lost = found(FORMS["zip"], tmp_path, Limits(decompressed_bytes=600_000))
        assert set(members) == {"logs/app.log", "empty"}
        assert lost == {"big.bin": "expands to more than the allowed size (a decompression bomb)"}

    def test_by_the_number_of_members(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(contents, "MEMBERS", 3)
        members, lost = found(tar({str(number): b"" for number in range(9)}), tmp_path)
        assert (len(members), list(lost)) == (3, ["3"])

    def test_by_members_that_share_their_bytes(self, tmp_path: Path) -> None:
        """As in D. Fifield, "A better zip bomb" (WOOT 2019)."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("a", bytes(1000))
            archive.writestr("b", bytes(1000))
            archive.getinfo("a").compress_size = 2000
        members, lost = found(packed.getvalue(), tmp_path)
        assert set(members) == {"b"}
        assert lost == {"a": "zip members that share their bytes (a decompression bomb)"}

    def test_a_member_gives_no_more_than_it_declares(self, tmp_path: Path) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(50 << 20))
            archive.getinfo("a").file_size = 1000
        members, _ = found(packed.getvalue(), tmp_path)
        assert len(content(members["a"])) <= 1000

    def test_a_header_of_any_size_is_not_read(self, tmp_path: Path) -> None:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 1 << 33
        members, lost = found(info.tobuf() + bytes(1024), tmp_path)
        assert (members, list(lost.values())) == ({}, ["archive damaged from here on"])


@pytest.mark.parametrize("mark", ["META-INF/MANIFEST.MF", "[Content_Types].xml"])
def test_programs_and_documents_are_no_archives_of_evidence(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(zipped({mark: b"", "a.log": b""}))
    kind = kind_of(path)
    assert kind
    assert pieces(path, kind, Limits()) is None


@pytest.mark.parametrize("data", [b"", b"PK", b"plain", bytes(10_240), os.urandom(600), b"\x1f\x8b\x08"])
def test_other_files_are_no_archives(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    assert kind_of(tmp_path / "x") is None


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_raises(data: st.DataObject, tmp_path: Path) -> None:
    damaged = bytearray(data.draw(st.sampled_from(SMALL_FORMS)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        end = data.draw(st.integers(start, min(len(damaged), start + 60)))
        damaged[start:end] = data.draw(st.binary(max_size=12))
    path = tmp_path / "bundle"
    path.write_bytes(damaged)
    kind = kind_of(path)
    for part in (pieces(path, kind, Limits()) or ()) if kind else ():
        if isinstance(part, Piece):
            list(EvidenceStream(path / part.path, part.path, None, part.member).chunks())


def test_a_compressed_tar_is_undone_twice_and_not_once_a_member(tmp_path: Path, monkeypatch) -> None:
    """Once to list, once to read all members in order; looking at a head first costs nothing."""
    from deep_code_reasoning.sources.archives import tar_files

    passes = []
    undo = tar_files.decompressed
    monkeypatch.setattr(tar_files, "decompressed", lambda *args: (passes.append(1), undo(*args))[1])
    members, _ = found(tar({f"{n}.log": CHANCE.randbytes(300_000) for n in range(20)}, "w:gz"), tmp_path)
    for name, member in members.items():
        stream = EvidenceStream(tmp_path / name, name, None, member)
        stream.sample()
        assert sum(len(chunk) for chunk in stream.chunks() if isinstance(chunk, bytes)) == 300_000
    assert len(passes) == 2


def test_no_thread_outlives_a_stream_that_is_left_early(tmp_path: Path) -> None:
    path = tmp_path / "big.gz"
    path.write_bytes(__import__("gzip").compress(CHANCE.randbytes(3 << 20), 1))
    before = threading.active_count()
    chunks = EvidenceStream(path).chunks()
    next(chunks)
    assert threading.active_count() == before + 1
    del chunks
    assert threading.active_count() == before
