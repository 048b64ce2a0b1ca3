"""`dcr investigate --model` from the command line to the stub and back."""

from __future__ import annotations

import json

from cli.conftest import Dcr, Shop, dcr, shop, state  # noqa: F401 (fixtures)
from specialists.stubs.gemini import fails, says
from specialists.stubs.server import stub as gemini_stub

KEY = "nonsense-0123456789"


def test_the_answer_is_printed_with_its_citations_checked(dcr: Dcr, shop: Shop) -> None:  # noqa: F811
    claims = [
        {"text": "overlap", "citations": [{"ref": "LOCK001-1", "quote": "its 2,000 ms lease"}]},
        {"text": "made up", "citations": [{"ref": "NOPE001-9", "quote": "the network was slow"}]},
    ]
    cause = {"type": "resource", "description": "clock skew", "confidence": 0.9, "claims": claims}
    with gemini_stub(says(json.dumps({"root_causes": [cause], "narrative": "The clock."}))) as stub:
        run = dcr(
            "investigate", shop.evidence, "--model", "gemini-4-argon", "--json",
            GEMINI_API_KEY=KEY, DCR_GOOGLE_BASE_URL=stub.url,
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert len(stub.seen) == 1 and "LOCK001-1" in stub.seen[0].body and KEY not in run.stdout
    assert "NOPE001-9" in run.stdout and "not in the brief" in run.stdout
    assert json.loads(run.stdout)["suspects"]


def test_a_failing_provider_is_exit_4_and_the_local_diagnosis_is_printed(dcr: Dcr, shop: Shop) -> None:  # noqa: F811
    with gemini_stub(fails(500, "backend exploded", "INTERNAL")) as stub:
        run = dcr(
            "investigate", shop.evidence, "--model", "gemini-4-argon", "--json",
            GEMINI_API_KEY=KEY, DCR_GOOGLE_BASE_URL=stub.url,
        )  # fmt: skip
    assert run.returncode == 4
    assert "backend exploded" in run.stderr
    assert json.loads(run.stdout)["verdict"]["service"] == "payment"
