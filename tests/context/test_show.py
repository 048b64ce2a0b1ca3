"""Opening a reference: each kind that a finding may carry, what names nothing, and hostile text."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from context.incident_tables import OTHER_TRACE, SHA, START, TRACE, tables
from deep_code_reasoning.context.show import show
from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.store.tables import Tables
from store.rows import tables_of


@pytest.fixture(scope="module")
def evidence() -> Iterator[Tables]:
    metric = {"service_name": "payment", "name": "queue.length", "time_unix_nano": START, "value": 3.5, "unit": "1"}
    with tempfile.TemporaryDirectory() as folder, tables(Path(folder), metrics=[metric]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("ref", "shown"),
    [
        (f"trace:{OTHER_TRACE}", "50.000 (50.000) · gateway · POST /checkout"),
        (f"span:{TRACE}/b9c7c989f97918e1", "span=b9c7c989f97918e1  ◄ evidence"),
        ("log:4", "lease renewed, attempt 1"),
        ("metric:payment/queue.length", "3.5 1"),
        (f"commit:payment@{SHA}", "+TTL = 1"),
        ("deploy:d1", "deployed payment"),
    ],
)
def test_opens(evidence: Tables, ref: str, shown: str) -> None:
    assert shown in show(evidence, ref, roots=[])


@pytest.mark.parametrize(
    "ref",
    [
        "", "nonsense", "trace:", f"trace:{'0' * 32}", f"span:{TRACE}/0000000000000000", "log:-1", "log:999", "log:²",
        "template:x", "template:1000", "metric:payment", "commit:payment@ffff", "deploy:", "code:", "code:gone.py:1",
        "code:../../etc/passwd:1", "sql:1",
    ],
)  # fmt: skip
def test_what_names_nothing_is_said_on_one_line(evidence: Tables, tmp_path: Path, ref: str) -> None:
    with pytest.raises(UsageError) as raised:
        show(evidence, ref, roots=[tmp_path])
    assert len(str(raised.value).splitlines()) == 1


def test_opens_a_template_that_the_store_mined(evidence: Tables) -> None:
    ((template_id, template),) = evidence.rows(
        "SELECT template_id, template FROM log_templates ORDER BY count DESC LIMIT 1"
    )
    assert template in show(evidence, f"template:{template_id}", roots=[])


def test_deploys_say_plainly_what_became_of_them_and_what_they_replaced(tmp_path: Path) -> None:
    deploys = [
        {"deploy_id": kind, "time_unix_nano": START, "service_name": "cart", "kind": kind, "sha": "b" * 40} | more
        for kind, more in (
            ("deployed", {"repository": "shop/cart", "previous_sha": "a" * 40}),
            ("failed", {}),
            ("inactive", {"sha": None, "previous_sha": "a" * 40}),
        )
    ]
    with tables_of(tmp_path, deploys=deploys) as opened:
        assert f" deployed cart · shop/cart · {'a' * 40} -> {'b' * 40}\n" in show(opened, "deploy:deployed", roots=[])
        assert f" failed, did not go live: cart · {'b' * 40}\n" in show(opened, "deploy:failed", roots=[])
        replaced = f" no longer live, replaced by another: cart · {'a' * 40} -> ?\n"
        assert replaced in show(opened, "deploy:inactive", roots=[])


def test_hostile_text_is_shown_not_obeyed(evidence: Tables) -> None:
    text = show(evidence, "log:2", roots=[])
    assert "␛[31m" in text and "‹U+202E›" in text
    assert "\x1b" not in text and "\u202e" not in text


def repository(folder: Path, text: str) -> str:
    folder.mkdir(parents=True)
    (folder / "lease.py").write_text(text)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)
    head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


def with_commits(path: Path, **repositories: Path) -> Tables:
    commits = [
        {"sha": SHA, "repository": str(folder), "message": "one", "service_name": service}
        for service, folder in repositories.items()
    ]
    return tables_of(path, commits=commits)


def test_code_of_a_repository_of_the_evidence_with_its_commit(tmp_path: Path) -> None:
    head = repository(tmp_path / "evidence" / "payment", "\nrenew()\n")
    with with_commits(tmp_path / "store", payment=tmp_path / "evidence" / "payment") as evidence:
        ref = "code:/app/lease.py:2"
        assert f"at commit {head[:12]}\n" in (shown := show(evidence, ref, roots=[tmp_path / "evidence"]))
        assert "    2►renew()" in shown
        (tmp_path / "evidence" / "payment" / "lease.py").write_text("changed\n")
        assert f"at commit {head[:12]}, changed since" in show(evidence, ref, roots=[tmp_path / "evidence"])
        with pytest.raises(UsageError, match="no such file"):
            show(evidence, ref, roots=[tmp_path / "elsewhere"])


def test_a_bare_repository_is_called_bare(tmp_path: Path) -> None:
    repository(tmp_path / "work", "renew()\n")
    bare = tmp_path / "payment.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(tmp_path / "work"), str(bare)], check=True)
    with (
        with_commits(tmp_path / "store", payment=bare) as evidence,
        pytest.raises(UsageError, match="a bare repository"),
    ):
        show(evidence, "code:lease.py:1", roots=[bare])
