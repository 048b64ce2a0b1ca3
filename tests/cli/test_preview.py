"""The verb behind `preview_escalation`: what would be sent, to whom, for how much. Nothing is sent or kept."""

from __future__ import annotations

from pathlib import Path

from cli.conftest import Shop
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
