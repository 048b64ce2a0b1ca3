"""The verb behind `preview_escalation`: what an escalation would send, to whom, for how much. Nothing is kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.conftest import Shop
from deep_code_reasoning.cli.brief_report import print_manifest
from deep_code_reasoning.context.manifest import Manifest, NotRanked
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings


def test_a_preview_of_an_escalation_takes_its_depth_and_its_files(shop: Shop, tmp_path: Path) -> None:
    source = tmp_path / "given.py"
    source.write_text("def renew(lease):\n    return lease\n")
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(shop.evidence, tmp_path))
    call = {
        "claude_context": {
            "attempted_approaches": ["read the code"], "partial_findings": [], "stuck_description": "payments fail",
            "code_scope": {"files": [str(source)]},
        },
        "analysis_type": "cross_system", "depth_level": 2, "evidence": [str(shop.evidence)],
    }  # fmt: skip
    preview = Investigations(settings, trust_arguments=False).preview_escalation(
        EscalationRequest.from_call(call), work=Work()
    )
    manifest = preview.brief.manifest
    assert manifest.budget_tokens == settings.brief_tokens // 2
    assert f"code:{source}" in {*(item.id for item in manifest.items), *(left.id for left in manifest.left_out)}
    assert "payments fail" in preview.brief.text
    assert {offer.output_tokens for offer in preview.offers} == {16_384}
    assert set(preview.as_json()) == {"manifest", "models"}
    assert Ledger(settings.state_dir).escalations(most=5) == []


def test_a_file_that_changes_between_two_briefs_of_one_process_is_read_again(shop: Shop, tmp_path: Path) -> None:
    """What is shown, what ranks it and what is said of its tree: all are of the second moment, not of the first."""
    code = tmp_path / "code"
    code.mkdir()
    for name in ("renewal", "unrelated"):
        (code / f"{name}.py").write_text(f"def {name}_first():\n    return 1\n")
    git = ("git", "-C", str(code), "-c", "user.name=a", "-c", "user.email=a@b")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run([*git, *arguments], check=True)
    verbs = Investigations(Settings(state_dir=tmp_path / "state", allowed_roots=(shop.evidence, code)))

    def brief(question: str):
        return verbs.brief([str(shop.evidence), str(code)], budget_tokens=60_000, question=question, work=Work())

    before = brief("why does renewal_first fail?")
    (code / "renewal.py").write_text("def lease_expiry_second():\n    return 2\n")
    (code / "added.py").write_text("def clock_skew_third():\n    return 3\n")
    (code / "unrelated.py").unlink()
    after = brief("why does lease_expiry_second fail, and clock_skew_third?")
    assert "renewal_first():" in before.text and "lease_expiry_second():" not in before.text
    assert "lease_expiry_second():" in after.text and "clock_skew_third():" in after.text
    assert "renewal_first():" not in after.text and "unrelated_first():" not in after.text
    reasons = {item.id: item.reason for item in after.manifest.items}
    assert "lease_expiry_second" in reasons[f"code:{code / 'renewal.py'}"], "ranked by what it holds now"
    assert "clock_skew_third" in reasons[f"code:{code / 'added.py'}"]
    (tree,) = [tree for tree in after.manifest.trees if tree.repository == str(code)]
    assert tree.warning == "2 tracked files are not as committed"


def test_the_brief_says_which_commit_it_shows_and_which_one_went_live(shop: Shop, tmp_path: Path) -> None:
    verbs = Investigations(Settings(state_dir=tmp_path / "state", allowed_roots=(shop.evidence,)))
    brief = verbs.brief([str(shop.evidence)], budget_tokens=20_000, work=Work())
    assert brief.manifest.trees
    for tree in brief.manifest.trees:
        assert len(tree.commit) == 40
        assert tree.deployed, "the shop tells what it deployed"
        others = [one for one in tree.deployed if one.commit != tree.commit]
        assert all(one.commit[:12] in tree.warning and tree.commit[:12] in tree.warning for one in others)


def test_what_is_printed_counts_what_no_ranking_looked_through(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("a.pb.go", "b.pb.go", "c.pb.go")
    not_ranked = (NotRanked("/shop", "generated file", 1_204, names), NotRanked("/shop", "lock file", 1, ("go.sum",)))
    print_manifest(Manifest((), (), (), 900, 1_000, not_ranked=not_ranked))
    printed = capsys.readouterr().out
    assert "Not looked through for code" in printed
    assert "a.pb.go, b.pb.go, c.pb.go and 1,201 more" in printed
    assert "go.sum" in printed and "more" not in printed.partition("go.sum")[2]


def test_what_no_ranking_looks_through_is_counted_and_named(shop: Shop, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "pay.py").write_text("def pay():\n    return 1\n")
    for name in ("a.pb.go", "b.pb.go", "c.pb.go", "d.pb.go", "yarn.lock"):
        (code / name).write_text("generated\n")
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(shop.evidence, code))
    preview = Investigations(settings).preview([str(shop.evidence)], code_files=[code], work=Work())
    told = {
        one.reason: (one.count, one.examples)
        for one in preview.brief.manifest.not_ranked
        if one.repository == str(code)
    }
    assert told == {
        "generated file": (4, ("a.pb.go", "b.pb.go", "c.pb.go")),
        "lock file": (1, ("yarn.lock",)),
    }


def test_a_brief_is_made_where_no_index_can_be_written(shop: Shop, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "pay.py").write_text("def pay():\n    return 1\n")
    settings = Settings(state_dir=tmp_path / "state", allowed_roots=(shop.evidence, code))
    verbs = Investigations(settings)
    verbs.load([str(shop.evidence)], work=Work())
    (tmp_path / "state" / "code").write_text("not a folder")
    brief = verbs.brief([str(shop.evidence)], budget_tokens=20_000, code_files=[code], work=Work())
    assert f"code:{code / 'pay.py'}" in {
        *(i.id for i in brief.manifest.items),
        *(i.id for i in brief.manifest.left_out),
    }
    assert any("cannot be written" in one.reason for one in brief.manifest.not_ranked)
