"""Which pieces of evidence are found, in which order, and which are refused."""

import os
import socket
from pathlib import Path

import pytest

from deep_code_reasoning.errors import OutsideRootsError
from deep_code_reasoning.sources.stream import open_regular
from deep_code_reasoning.sources.walk import Item, walk
from deep_code_reasoning.unread import Unread


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def repository(folder: Path) -> Path:
    for name in ("objects", "refs"):
        (folder / ".git" / name).mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return folder


def names(found: list[Item | Unread], folder: Path) -> list[str]:
    return [os.path.relpath(item.name, folder) for item in found if isinstance(item, Item)]


def unread(found: list[Item | Unread], folder: Path) -> dict[str, str]:
    return {os.path.relpath(item.place, folder): item.reason for item in found if isinstance(item, Unread)}


def test_folders_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.log", "b/1.log", "a.json", "c", "b/d/e/f.txt")
    found = list(walk([tmp_path], [tmp_path]))
    assert names(found, tmp_path) == ["a.json", "b/1.log", "b/2.log", "b/d/e/f.txt", "c"]
    assert next(item.size for item in found if isinstance(item, Item)) == len("a.json")


def test_names_are_as_the_user_gave_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "logs/a.log")
    monkeypatch.chdir(tmp_path)
    (item,) = walk(["./logs"], [Path(".")])
    assert isinstance(item, Item)
    assert (item.name, item.path) == ("./logs/a.log", tmp_path / "logs" / "a.log")


def test_a_repository_is_one_piece_and_its_work_tree_is_not_evidence(tmp_path: Path) -> None:
    fill(repository(tmp_path / "shop"), "src/main.py", "app.log")
    fill(tmp_path, "traces.jsonl")
    found = list(walk([tmp_path], [tmp_path]))
    assert [(item.kind, Path(item.name).name) for item in found if isinstance(item, Item)] == [
        ("repository", "shop"),
        ("file", "traces.jsonl"),
    ]


def test_a_bare_repository(tmp_path: Path) -> None:
    repository(tmp_path).joinpath(".git").rename(tmp_path / "shop.git")
    (item,) = walk([tmp_path], [tmp_path])
    assert isinstance(item, Item)
    assert item.kind == "repository"


def test_a_repository_with_objects_elsewhere_is_refused(tmp_path: Path) -> None:
    roots = tmp_path / "evidence"
    repository(tmp_path / "secret")
    linked = repository(roots / "alternates")
    fill(linked, ".git/objects/info/alternates")
    (linked / ".git/objects/info/alternates").write_text(f"{tmp_path}/secret/.git/objects\n")
    fill(roots, "gitfile/.git")
    (roots / "gitfile/.git").write_text(f"gitdir: {tmp_path}/secret/.git\n")
    found = list(walk([roots], [roots]))
    assert set(unread(found, roots)) == {"alternates", "gitfile"}
    assert not names(found, roots)


def test_arguments_outside_the_roots_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    fill(tmp_path, "in/a", "out/b")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    for argument in ("out/b", "in/../out", "in/link"):
        with pytest.raises(OutsideRootsError, match="accepted are paths under"):
            walk([tmp_path / "in", tmp_path / argument], [tmp_path / "in"])


def test_links_are_followed_inside_and_told_outside(tmp_path: Path) -> None:
    fill(tmp_path, "in/a/1", "out/b")
    (tmp_path / "in" / "leaving").symlink_to(tmp_path / "out" / "b")
    (tmp_path / "in" / "same").symlink_to(tmp_path / "in" / "a")
    (tmp_path / "in" / "a" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "nowhere").symlink_to(tmp_path / "in" / "gone")
    (tmp_path / "in" / "self").symlink_to(tmp_path / "in" / "self")
    found = list(walk([tmp_path / "in"], [tmp_path / "in"]))
    assert names(found, tmp_path / "in") == ["a/1"]
    assert unread(found, tmp_path / "in") == {
        "leaving": "resolves outside the allowed roots",
        "nowhere": "symbolic link that leads nowhere or in a circle",
        "self": "symbolic link that leads nowhere or in a circle",
    }


def test_what_is_no_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # a socket's name is limited to about 100 bytes
        listener.bind("socket")
        found = list(walk([tmp_path, tmp_path / "missing"], [tmp_path]))
    reason = "not a regular file (a pipe, socket or device)"
    assert unread(found, tmp_path) == {"pipe": reason, "socket": reason, "missing": "no such file or folder"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "a", "closed/b")
    (tmp_path / "a").chmod(0)
    (tmp_path / "closed").chmod(0)
    found = list(walk([tmp_path], [tmp_path]))
    (tmp_path / "closed").chmod(0o700)
    assert set(unread(found, tmp_path)) == {"a", "closed"}


def test_the_same_evidence_twice_is_once(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    assert len(list(walk([tmp_path, tmp_path / "a", str(tmp_path)], [tmp_path]))) == 1


def test_folders_nested_deeper_than_recursion_goes(tmp_path: Path) -> None:
    folders = [str(tmp_path)]
    for _ in range(1_200):
        folders.append(f"{folders[-1]}/d")
        os.mkdir(folders[-1])
    fill(Path(folders[-1]), "leaf")
    assert len(list(walk([tmp_path], [tmp_path]))) == 1
    os.remove(f"{folders[-1]}/leaf")  # by hand: shutil.rmtree goes by recursion
    for folder in reversed(folders[1:]):
        os.rmdir(folder)


def test_a_folder_that_becomes_a_link_between_looking_and_opening(tmp_path: Path) -> None:
    """Not a race to be won: what was opened is compared with what was looked at."""
    (tmp_path / "roots" / "logs").mkdir(parents=True)
    (tmp_path / "roots" / "logs" / "a.log").write_text("mine")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a.log").write_text("theirs")
    (item,) = walk([tmp_path / "roots"], [tmp_path / "roots"])
    assert isinstance(item, Item)
    (tmp_path / "roots" / "logs").rename(tmp_path / "old")
    (tmp_path / "roots" / "logs").symlink_to(tmp_path / "secrets")
    with pytest.raises(OSError, match="became a link"):
        open_regular(item.path)
