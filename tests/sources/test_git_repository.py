"""Commits and their files, read with the git command from repositories that may be hostile."""

import os
import subprocess
from pathlib import Path

import pytest

from deep_code_reasoning.sources.changes import git_repository
from sources.reading import Reading, read_path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "Ana" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ana@example.com" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "2026-10-13T09:00:00+02:00" for who in ("AUTHOR", "COMMITTER")},
}


def git(folder: Path, *arguments: str, data: bytes | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env=ENVIRONMENT, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(folder: Path, message: str, **files: str | bytes | None) -> str:
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def touched(reading: Reading, sha: str) -> list[tuple]:
    files = [row for row in reading.rows.get("commit_files", []) if row["sha"] == sha]
    return [(f["path"], f["old_path"], f["status"], f["insertions"], f["deletions"], f["patch"]) for f in files]


def test_commits_newest_first_with_files_and_hunks(repository: Path) -> None:
    first = commit(repository, "one\n\nbody \x1f line", a="1\n2\n3\n4\n5\n6\n", b="x\n")
    second = commit(repository, "two", a="1\n2\n3\n4\n5\nsix\n", b=None, c=b"\0\1")
    reading = read_path(repository)
    assert reading.reader == "git-repository"
    assert [row["sha"] for row in reading.rows["commits"]] == [second, first]
    newest, oldest = reading.rows["commits"]
    assert newest["parents"] == [first]
    assert oldest["parents"] == []
    assert oldest["message"] == "one\n\nbody \x1f line"
    assert (newest["author_name"], newest["time_unix_nano"]) == ("Ana", 1791874800_000000000)
    assert (newest["insertions"], newest["deletions"]) == (1, 2)
    assert touched(reading, second) == [
        ("a", None, "modified", 1, 1, "@@ -6 +6 @@\n-6\n+six\n"),
        ("b", None, "deleted", 0, 1, "@@ -1 +0,0 @@\n-x\n"),
        ("c", None, "binary", None, None, None),
    ]
    assert not reading.skipped


def test_renames_odd_names_and_types(repository: Path) -> None:
    commit(repository, "one", a="".join(f"{n}\n" for n in range(20)), link="text\n")
    git(repository, "mv", "a", 'ü "x"\t.txt')
    (repository / "link").unlink()
    (repository / "link").symlink_to("elsewhere")
    sha = commit(repository, "two", z="end\n")
    assert touched(read_path(repository), sha) == [
        (
            "link",
            None,
            "modified",
            1,
            1,
            "@@ -1 +0,0 @@\n-text\n@@ -0,0 +1 @@\n+elsewhere\n\\ No newline at end of file\n",
        ),
        ("z", None, "added", 1, 0, "@@ -0,0 +1 @@\n+end\n"),
        ('ü "x"\t.txt', "a", "renamed", 0, 0, None),
    ]


def test_a_merge_shows_what_it_brought_to_its_first_parent(repository: Path) -> None:
    commit(repository, "base", a="1\n")
    git(repository, "checkout", "-q", "-b", "feature")
    commit(repository, "feature", f="new\n")
    git(repository, "checkout", "-q", "main")
    commit(repository, "main", m="x\n")
    git(repository, "merge", "-q", "--no-ff", "-m", "merge", "feature")
    reading = read_path(repository)
    assert reading.count("commits") == 4
    merge = reading.rows["commits"][0]
    assert len(merge["parents"]) == 2
    assert [path for path, *_ in touched(reading, merge["sha"])] == ["f"]


def test_content_that_looks_like_git_s_own_output(repository: Path) -> None:
    """Lines of a patch are prefixed, messages end at a byte they cannot hold: nothing can be faked."""
    fake = "\x1e" + "0" * 40 + "\x1f\x00diff --git a/x b/x\n@@ -1 +1 @@\n:100644 100644 A\n"
    sha = commit(repository, fake.replace("\0", ""), a=fake.replace("\0", "") * 3)
    reading = read_path(repository)
    assert [row["sha"] for row in reading.rows["commits"]] == [sha]
    assert [path for path, *_ in touched(reading, sha)] == ["a"]


def test_messages_and_names_that_are_not_utf8(repository: Path) -> None:
    (repository / "m").write_bytes(b"caf\xe9")
    (repository / os.fsdecode(b"caf\xe9")).write_text("x\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-F", "m")
    reading = read_path(repository)
    assert reading.only("commits")["message"] == "café"  # git takes what is not UTF-8 for Latin-1
    assert {row["path"] for row in reading.rows["commit_files"]} == {"m", "caf\ufffd"}


def test_large_patches_are_left_out_and_told(repository: Path) -> None:
    sha = commit(repository, "big", big="x" * 100 + "\n" + "line\n" * 80_000, long="y" * 300_000, small="z\n")
    reading = read_path(repository)
    assert [(path, patch) for path, *_, patch in touched(reading, sha)] == [
        ("big", None),
        ("long", None),
        ("small", "@@ -0,0 +1 @@\n+z\n"),
    ]
    assert reading.reasons == ["patch larger than 256 KiB (the change is kept without it)"] * 2
    assert reading.only("commits")["insertions"] == 80_003


def test_only_the_newest_commits(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_repository, "MAX_COMMITS", 3)
    for number in range(5):
        commit(repository, str(number))
    reading = read_path(repository)
    assert [row["message"] for row in reading.rows["commits"]] == ["4", "3", "2"]
    assert reading.reasons == [git_repository.CUT]


def test_empty_bare_and_shallow_repositories(repository: Path, tmp_path: Path) -> None:
    assert read_path(repository).reasons == [git_repository.EMPTY]
    for number in range(3):
        commit(repository, str(number), a=f"{number}\n")
    git(tmp_path, "clone", "-q", "--bare", "shop", "bare.git")
    assert read_path(tmp_path / "bare.git").count("commits") == 3
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{repository}", "shallow")
    reading = read_path(tmp_path / "shallow")
    assert reading.reasons == [git_repository.SHALLOW]
    assert [row["insertions"] for row in reading.rows["commits"]] == [1, None]
    assert reading.count("commit_files") == 1


def test_a_head_that_names_no_branch(repository: Path) -> None:
    commit(repository, "one", a="1\n")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/gone")
    assert read_path(repository).count("commits") == 1


def test_what_other_branches_and_tags_have_comes_after_heads(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deploy may be of any of them, and of what was forced away from a branch while a tag still holds it."""
    base = commit(repository, "base", a="1\n")
    git(repository, "checkout", "-q", "-b", "release")
    release = commit(repository, "fix on release", a="2\n")
    git(repository, "checkout", "-q", "--detach")
    tagged = commit(repository, "forced away", b="3\n")
    git(repository, "tag", "-a", "v1", "-m", "v1")
    git(repository, "checkout", "-q", "--detach", base)
    remote = commit(repository, "of a remote", c="4\n")
    git(repository, "update-ref", "refs/remotes/origin/feature", remote)
    git(repository, "update-ref", "refs/pull/1/head", commit(repository, "a proposal", c="5\n"))
    git(repository, "checkout", "-q", "main")
    head = commit(repository, "on main", d="6\n")
    reading = read_path(repository)
    rows = {row["sha"]: row for row in reading.rows["commits"]}
    assert list(rows)[:2] == [head, base]
    assert set(rows) == {head, base, release, tagged, remote}
    assert [row["source_offset"] for row in rows.values()] == [0, 1, 2, 3, 4]
    assert rows[tagged]["tags"] == ["v1"]
    assert touched(reading, release) == [("a", None, "modified", 1, 1, "@@ -1 +1 @@\n-1\n+2\n")]
    assert not reading.skipped


def test_other_branches_are_bounded_as_head_is(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by HEAD's commits that were cut: all have the same date, and are told apart by ancestry."""
    monkeypatch.setattr(git_repository, "MAX_COMMITS", 3)
    for number in range(5):
        commit(repository, f"main {number}")
    git(repository, "checkout", "-q", "-b", "side")
    for number in range(4):
        commit(repository, f"side {number}")
    git(repository, "checkout", "-q", "main")
    reading = read_path(repository)
    messages = [row["message"] for row in reading.rows["commits"]]
    assert messages == ["main 4", "main 3", "main 2", "side 3", "side 2", "side 1"]
    assert reading.reasons == [git_repository.CUT, git_repository.CUT_BESIDE]


def test_a_partial_clone_has_the_patches_whose_contents_are_there(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    small = commit(repository, "small", a="1\n")
    large = commit(repository, "large", a="2\n", large="x" * 5000)
    newest = commit(repository, "newest", a="3\n")
    url = f"file://{repository}"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:limit=1k", url, "partial.git")
    assert list((tmp_path / "partial.git" / "objects" / "pack").glob("*.promisor"))
    reading = read_path(tmp_path / "partial.git")
    assert {row["sha"]: row["insertions"] for row in reading.rows["commits"]} == {newest: 1, large: None, small: 1}
    assert [path for path, *_ in touched(reading, large)] == ["a", "large"]
    assert reading.reasons == [git_repository.lacking("patches", large, 0), git_repository.PARTIAL]


def test_branches_and_tags_whose_commits_are_missing_do_not_hide_the_others(repository: Path) -> None:
    sha = commit(repository, "one", a="1\n")
    side = git(repository, "commit-tree", "-m", "side", "-p", sha, f"{sha}^{{tree}}")
    git(repository, "update-ref", "refs/heads/side", side)
    for name in ("heads/gone", "tags/gone"):
        (repository / ".git" / "refs" / name).write_text("d" * 40 + "\n")
    assert [row["sha"] for row in read_path(repository).rows["commits"]] == [sha, side]


def test_a_hostile_configuration_executes_nothing(repository: Path, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    sha = commit(repository, "one", a="1\n", __gitattributes="* diff=evil filter=evil\n")
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    for key in (
        *("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.askPass", "pager.log"),
        *("diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.smudge", "filter.evil.clean"),
        *("gpg.program", "credential.helper", "uploadpack.packObjectsHook", "core.alternateRefsCommand"),
    ):
        git(repository, "config", key, str(trap))
    for key, value in (
        *(("log.showSignature", "true"), ("core.hooksPath", str(tmp_path)), ("color.ui", "always")),
        *(("format.pretty", "oneline"), ("diff.noprefix", "true"), ("log.decorate", "full"), ("diff.renames", "false")),
    ):
        git(repository, "config", key, value)
    signed = git(repository, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    git(
        repository,
        "update-ref",
        "HEAD",
        git(repository, "hash-object", "-t", "commit", "-w", "--stdin", data=signed.encode()),
    )
    reading = read_path(repository)
    assert reading.only("commits")["sha"] != sha
    assert {row["path"] for row in reading.rows["commit_files"]} == {"a", ".gitattributes"}
    assert not sprung.exists()


def test_absurd_times(repository: Path) -> None:
    tree = git(repository, "mktree", data=b"")
    for time in ("99999999999999", "1"):
        text = f"tree {tree}\nauthor A <a> {time} +0000\ncommitter A <a> {time} +0000\n\n{time}\n"
        sha = git(repository, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=text.encode())
        git(repository, "update-ref", f"refs/heads/t{time}", sha)
    git(repository, "symbolic-ref", "HEAD", "refs/heads/gone")
    reading = read_path(repository)
    assert reading.only("commits")["time_unix_nano"] == 1_000_000_000
    assert reading.reasons == [git_repository.BAD_TIME]


def test_tags_and_the_address_without_credentials(repository: Path) -> None:
    first = commit(repository, "one", a="1\n")
    git(repository, "tag", "v1.0")
    git(repository, "tag", "-a", "release/1.0", "-m", "the same, annotated")
    second = commit(repository, "two", a="2\n")
    git(repository, "remote", "add", "fork", "https://example.com/fork.git")
    git(repository, "remote", "add", "origin", "https://ana:s3cret@git.example.com/shop/order.git?token=t0ken")
    rows = {row["sha"]: row for row in read_path(repository).rows["commits"]}
    assert (rows[first]["tags"], rows[second]["tags"]) == (["release/1.0", "v1.0"], [])
    assert {row["repository_url"] for row in rows.values()} == {"https://git.example.com/shop/order.git"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://token@example.com/a/b", "https://example.com/a/b"),
        ("https://example.com/a@b/c#x", "https://example.com/a@b/c"),
        ("ssh://git@example.com:22/a/b.git", "ssh://example.com:22/a/b.git"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("ana:secret@example.com:a/b.git", "example.com:a/b.git"),
        ("../order.git", "../order.git"),
        ("", ""),
    ],
)
def test_credentials_in_addresses(url: str, told: str) -> None:
    assert git_repository.without_credentials(url) == told


def test_a_repository_of_one_remote_or_of_several_none_of_them_origin(repository: Path) -> None:
    commit(repository, "one")
    git(repository, "remote", "add", "upstream", "git@example.com:shop/order.git")
    assert read_path(repository).only("commits")["repository_url"] == "git@example.com:shop/order.git"
    git(repository, "remote", "add", "fork", "git@example.com:ana/order.git")
    assert read_path(repository).only("commits")["repository_url"] is None


def test_a_work_tree_of_another_repository_has_its_address_and_tags(repository: Path, tmp_path: Path) -> None:
    commit(repository, "one")
    git(repository, "tag", "v1")
    git(repository, "remote", "add", "origin", "https://example.com/shop/order.git")
    git(repository, "worktree", "add", "-q", str(tmp_path / "beside"), "-b", "fix")
    row = read_path(tmp_path / "beside").only("commits")
    assert (row["repository_url"], row["tags"]) == ("https://example.com/shop/order.git", ["v1"])
