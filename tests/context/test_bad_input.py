"""What a brief reads may be anything: it is read, or told with its reason; nothing ends the brief."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from context.incident_tables import diagnosis
from context.test_brief import section
from deep_code_reasoning.context import source_files
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.ranked_code import RankedFile
from deep_code_reasoning.context.source_files import MOST_BYTES, Unreadable, read_bytes, read_lines
from deep_code_reasoning.progress import Work
from store.rows import tables_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


def brief_of(root: Path, *given: Path, ranked: tuple[Path, ...] = (), commits: tuple[dict, ...] = ()) -> Brief:
    files = [RankedFile(path, 1.0, ("words",)) for path in ranked]
    with tables_of(root.parent / "store", commits=commits) as evidence:
        return build_brief(
            evidence, diagnosis(), budget_tokens=20_000, code_files=given, ranked=files, roots=[root], work=Work()
        )


def reason(brief: Brief, path: Path) -> str:
    return next(left.reason for left in brief.manifest.left_out if left.id == f"code:{path}")


def test_a_file_of_two_gigabytes_is_not_read(root: Path) -> None:
    path = root / "huge.py"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    assert (
        reason(brief_of(root, ranked=(path,)), path)
        == f"not read: 2,147,483,648 bytes; at most {MOST_BYTES:,} are read"
    )


def test_a_file_that_grows_while_it_is_read_stays_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = root / "growing.log"
    path.write_text("a\n")

    def told(descriptor: int) -> os.stat_result:
        status = os.stat(descriptor)
        with path.open("ab") as file:
            file.truncate(MOST_BYTES * 3)
        return status

    monkeypatch.setattr(source_files.os, "fstat", told)
    with pytest.raises(Unreadable, match="grows while it is read"):
        read_bytes(path, [root])


def swapped(path: Path, other: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        for _ in range(300):
            other()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_file_that_vanishes_while_it_is_read_is_told(root: Path) -> None:
    path = root / "here.py"
    content = "x = 1\n" * 1_000

    def flicker() -> None:
        path.write_text(content)
        path.unlink(missing_ok=True)

    thread = swapped(path, flicker)
    seen = set()
    while thread.is_alive():
        try:
            seen.add(len(read_lines(path, [root])) <= 1_000)
        except Unreadable as error:
            seen.add(str(error))
    thread.join()
    assert seen <= {True, "No such file or directory"}


def test_a_folder_that_becomes_a_link_out_of_the_root_shows_nothing(root: Path) -> None:
    """Links are resolved, then the file is opened: what lies between is checked on the opened file."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file.py").write_text("outside = 1\n")
    inside, kept = root / "inside", root / "kept"
    inside.mkdir()
    (inside / "file.py").write_text("inside = 1\n")

    def swap() -> None:
        inside.rename(kept)
        inside.symlink_to(outside)
        inside.unlink()
        kept.rename(inside)

    thread = swapped(inside, swap)
    seen: set[str] = set()
    while thread.is_alive():
        try:
            seen.update(read_lines(inside / "file.py", [root]))
        except Unreadable as error:
            seen.add(str(error))
    thread.join()
    seen.update(read_lines(inside / "file.py", [root]))
    assert "outside = 1" not in seen and "inside = 1" in seen


def test_links_out_of_the_root_are_not_followed(root: Path) -> None:
    outside = root.parent / "secret.py"
    outside.write_text("outside = 1\n")
    (root / "file.py").symlink_to(outside)
    (root / "folder").symlink_to(root.parent)
    (root / "loop.py").symlink_to(root / "loop.py")
    brief = brief_of(root, root / "file.py", root / "loop.py", ranked=(root / "folder" / "secret.py",))
    assert "outside = 1" not in brief.text
    assert reason(brief, root / "file.py") == "not read: resolves outside the allowed roots"
    assert reason(brief, root / "folder" / "secret.py") == "not read: resolves outside the allowed roots"
    assert reason(brief, root / "loop.py").startswith("not read:")


@pytest.mark.parametrize(
    "name",
    [
        "with space.py",
        "[id].tsx",
        "@scope.ts",
        "größe.py",
        "日本.py",
        "a'b\".py",
        "new\nline.py",
        "{x} $y.py",
        "-rf.py",
    ],
)
def test_any_name_is_read_and_can_be_cited(root: Path, name: str) -> None:
    path = root / name
    path.write_text("marker = 1\n")
    brief = brief_of(root, ranked=(path,))
    assert "    1 marker = 1" in brief.text
    assert brief.text.count("\n</evidence-") == len(brief.manifest.items), "no name can break the fence"


def test_a_name_that_is_no_utf8(root: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.py"))
    path.write_text("marker = 1\n")
    brief = brief_of(root, ranked=(path,))
    assert "    1 marker = 1" in brief.text
    brief.text.encode("utf-8")


def test_names_that_differ_in_case_alone_are_two_files(root: Path) -> None:
    (root / "Pay.py").write_text("upper = 1\n")
    (root / "pay.py").write_text("lower = 1\n")
    brief = brief_of(root, root)
    assert "upper = 1" in section(brief, f"code:{root / 'Pay.py'}")
    assert "lower = 1" in section(brief, f"code:{root / 'pay.py'}")


def test_no_git_no_files(root: Path) -> None:
    brief = brief_of(root, root)
    assert brief.manifest.trees == ()
    assert not [item for item in brief.manifest.items if item.kind == "code"]


def git(folder: Path, *arguments: str) -> str:
    command = [
        "git",
        "-C",
        str(folder),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "protocol.file.allow=always",
    ]
    done = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_repository_without_a_commit(root: Path) -> None:
    git(root, "init", "-q")
    (root / "new.py").write_text("marker = 1\n")
    brief = brief_of(root, root / "new.py", commits=({"sha": "a" * 40, "repository": str(root), "message": ""},))
    assert brief.manifest.trees[0].warning == "its HEAD names no commit"
    assert "    1 marker = 1" in brief.text


def test_a_submodule_is_a_repository_of_its_own(root: Path) -> None:
    library = root.parent / "library"
    library.mkdir()
    git(library, "init", "-q")
    (library / "lib.py").write_text("library = 1\n")
    git(library, "add", ".")
    git(library, "commit", "-qm", "one")
    git(root, "init", "-q")
    git(root, "submodule", "--quiet", "add", str(library), "vendored")
    git(root, "commit", "-qm", "one")
    (root / "vendored" / "lib.py").write_text("library = 2\n")
    head = git(root, "rev-parse", "HEAD")
    path = root / "vendored" / "lib.py"
    brief = brief_of(root, ranked=(path,), commits=({"sha": head, "repository": str(root), "message": ""},))
    assert brief.manifest.trees[0].changed_files == 0, "what changed is the submodule's"
    assert "    1 library = 2" in section(brief, f"code:{path}")
    assert f"not in commit {head[:12]}" in next(i.title for i in brief.manifest.items if i.id == f"code:{path}")


def test_odd_content_is_shown_or_told(root: Path) -> None:
    files = {
        "crlf.py": b"a = 1\r\nb = 2\r\n", "latin.py": b"name = '\xe9'\n",
        "long.js": b"x" * 3_000_000, "nul.py": b"a\0b",
        "escape.py": b"print('\x1b[31m')\n", "blank.py": b"\n\n\n", "half.py": b"\xff\xfea\x00",
    }  # fmt: skip
    for name, content in files.items():
        (root / name).write_bytes(content)
    brief = brief_of(root, root)
    assert section(brief, f"code:{root / 'crlf.py'}") == "    1 a = 1\n      b = 2"
    assert len(section(brief, f"code:{root / 'long.js'}")) < 500
    assert reason(brief, root / "nul.py") == reason(brief, root / "half.py") == "not read: binary"
    assert "\x1b" not in brief.text
    brief.text.encode("utf-8")


def test_what_is_no_file_is_told_and_never_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(root / "pipe.py")
    (root / "zero.py").symlink_to("/dev/zero")
    (root / "around").symlink_to(root)
    closed = root / "folder.py"
    closed.mkdir()
    with socket.socket(socket.AF_UNIX) as heard:
        monkeypatch.chdir(root)  # the path of a socket may have 107 bytes
        heard.bind("s.py")
        paths = [root / name for name in ("pipe.py", "zero.py", "s.py", "folder.py", "around/pipe.py")]
        brief = brief_of(root, ranked=tuple(paths))
    told = {path.name: reason(brief, path) for path in paths}
    assert told["zero.py"] == "not read: resolves outside the allowed roots"
    assert told["pipe.py"] == "not read: not a regular file"
    assert told["folder.py"].startswith("not read: ")
    assert told["s.py"].startswith("not read: ")


def test_a_device_below_a_root_is_not_read() -> None:
    """A root may hold devices: `/dev` is one that everybody has."""
    with pytest.raises(Unreadable, match="not a regular file"):
        read_bytes(Path("/dev/zero"), [Path("/")])


@pytest.mark.parametrize(
    "name", ["#x.py", "a#b?c.py", "a\\b.py", " .py", "e\u0301.py", "\udcff.py", "%2e%2e.py", "‮x.py"]
)
def test_names_that_other_tools_would_take_apart(root: Path, name: str) -> None:
    path = root / name
    try:
        path.write_text("marker = 1\n")
    except OSError:
        pytest.skip("this file system does not take the name")
    brief = brief_of(root, ranked=(path,))
    assert "    1 marker = 1" in brief.text
    assert brief.text.count("\n</evidence-") == len(brief.manifest.items)
    brief.text.encode("utf-8")


@pytest.mark.parametrize("form", ["worktree", "shallow", "separate", "bare", "detached", "conflict"])
def test_every_form_of_a_repository_says_its_commit(root: Path, form: str) -> None:
    origin = root / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    for text in ("one = 1\n", "two = 2\n"):
        (origin / "pay.py").write_text(text)
        git(origin, "add", "-A")
        git(origin, "commit", "-qm", text)
    other = root / "other"
    if form == "worktree":
        git(origin, "worktree", "add", "-q", "--detach", str(other), "HEAD~1")
    elif form == "detached":
        git(origin, "checkout", "-q", "HEAD~1")
        other = origin
    elif form == "conflict":
        git(origin, "checkout", "-qb", "side", "HEAD~1")
        (origin / "pay.py").write_text("three = 3\n")
        git(origin, "commit", "-qam", "three")
        with pytest.raises(subprocess.CalledProcessError):
            git(origin, "merge", "-q", "main")
        other = origin
    else:
        how = {"shallow": "--depth=1", "separate": f"--separate-git-dir={root / 'elsewhere'}", "bare": "--bare"}[form]
        git(root, "clone", "-q", how, origin.as_uri(), str(other))
    head = git(other, "rev-parse", "HEAD")
    brief = brief_of(
        root, ranked=(other / "pay.py",), commits=({"sha": head, "repository": str(other), "message": ""},)
    )
    if form == "bare":
        assert brief.manifest.trees == ()
        assert reason(brief, other / "pay.py").startswith("not read: ")
        return
    (tree,) = brief.manifest.trees
    assert (tree.commit, tree.changed_files) == (head, 1 if form == "conflict" else 0)
    assert "pay.py" in brief.text
    assert ("three = 3" if form == "conflict" else "one = 1" if form in ("worktree", "detached") else "two = 2") in (
        brief.text
    )


@pytest.mark.parametrize("what", ["object", "index", "HEAD", "config"])
def test_a_damaged_repository_costs_no_brief(root: Path, what: str) -> None:
    git(root, "init", "-q")
    (root / "pay.py").write_text("one = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "one")
    head = git(root, "rev-parse", "HEAD")
    tree = git(root, "rev-parse", "HEAD^{tree}")
    place = {
        "object": root / ".git" / "objects" / tree[:2] / tree[2:], "index": root / ".git" / "index",
        "HEAD": root / ".git" / "HEAD", "config": root / ".git" / "config",
    }[what]  # fmt: skip
    place.chmod(0o644)
    place.write_bytes(b"\xff garbage")
    brief = brief_of(root, ranked=(root / "pay.py",), commits=({"sha": head, "repository": str(root), "message": ""},))
    assert "    1 one = 1" in brief.text
    (told,) = brief.manifest.trees
    assert told.commit in (head, "")
    assert told.changed_files is None or what == "HEAD"
