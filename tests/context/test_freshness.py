"""Which commit the code of a brief is of, and which one production ran: where they differ, both are said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from context.incident_tables import diagnosis
from context.test_brief import section
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.manifest import Deployed
from deep_code_reasoning.progress import Work
from store.rows import tables_of

NOON = 1_760_356_800 * 10**9
TOLD = "2025-10-13T12:00:00Z"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, text: str, tag: str = "") -> str:
    (folder / "pay.py").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", text)
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "payment"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def brief_of(repository: Path, *deploys: dict, service: str = "payment") -> Brief:
    head = git(repository, "rev-parse", "HEAD")
    rows = [
        {"deploy_id": f"d{n}", "time_unix_nano": NOON + n, "service_name": service, "kind": "deployed", **deploy}
        for n, deploy in enumerate(deploys)
    ]
    commits = [{"sha": head, "repository": str(repository), "message": "", "service_name": "payment"}]
    with tables_of(repository.parent / "store", commits=commits, deploys=rows) as evidence:
        return build_brief(
            evidence, diagnosis(), budget_tokens=20_000, roots=[repository.parent], code_files=[], work=Work()
        )


def test_production_runs_an_older_commit(repository: Path) -> None:
    old = commit(repository, "one = 1\n")
    commit(repository, "two = 2\n")
    head = commit(repository, "three = 3\n")
    brief = brief_of(repository, {"sha": old[:10], "version": "4.1"})
    (tree,) = brief.manifest.trees
    assert tree.deployed == (Deployed("payment", old, "4.1", TOLD),)
    assert tree.warning == (
        f"the code shown is of HEAD {head[:12]}, but payment went live at {old[:12]} as 4.1 ({TOLD}), "
        "2 commits before HEAD"
    )
    assert tree.warning in section(brief, "trees")


def test_production_runs_what_is_checked_out(repository: Path) -> None:
    head = commit(repository, "one = 1\n")
    (tree,) = brief_of(repository, {"sha": head, "version": "4.1"}).manifest.trees
    assert (tree.commit, tree.warning) == (head, "")
    assert [one.commit for one in tree.deployed] == [head]


def test_a_checkout_that_lies_behind_or_beside_production(repository: Path) -> None:
    first = commit(repository, "one = 1\n")
    newer = commit(repository, "two = 2\n")
    git(repository, "checkout", "-q", first)
    assert "1 commit after HEAD" in brief_of(repository, {"sha": newer}).manifest.trees[0].warning
    commit(repository, "other = 2\n")
    warning = brief_of(repository, {"sha": newer}).manifest.trees[0].warning
    assert "which has 1 commit that HEAD has not; HEAD has 1 that it has not" in warning


def test_only_the_last_live_deploy_of_a_service_counts(repository: Path) -> None:
    old, head = commit(repository, "one = 1\n"), commit(repository, "two = 2\n")
    assert brief_of(repository, {"sha": old}, {"sha": head}).manifest.trees[0].warning == ""
    (tree,) = brief_of(repository, {"sha": head}, {"sha": old, "kind": "rolledback"}).manifest.trees
    assert f"payment went live at {old[:12]}" in tree.warning
    for harmless in ({"kind": "failed"}, {"environment": "staging"}, {"kind": "packaged"}):
        assert brief_of(repository, {"sha": head}, {"sha": old, **harmless}).manifest.trees[0].warning == ""


def test_a_version_is_a_tag_of_the_services_own_repository(repository: Path) -> None:
    old, _ = commit(repository, "one = 1\n", tag="v4.1"), commit(repository, "two = 2\n", tag="4.2")
    (tree,) = brief_of(repository, {"version": "4.1"}).manifest.trees
    assert [one.commit for one in tree.deployed] == [old]
    assert brief_of(repository, {"version": "4.1"}, service="cart").manifest.trees[0].deployed == ()
    assert brief_of(repository, {"version": "--output=x"}).manifest.trees[0].deployed == ()
    assert brief_of(repository, {"sha": "f" * 40}).manifest.trees[0].deployed == (), "of another repository"
