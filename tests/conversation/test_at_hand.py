"""What is read when a call names no evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.conversation.at_hand import with_evidence_at_hand
from deep_code_reasoning.conversation.request import CodeScope, EscalationRequest
from deep_code_reasoning.errors import UsageError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / "src").mkdir()
    (tmp_path / "shop" / "src" / "pay.go").write_text("package pay")
    return tmp_path / "shop"


def asked(*files: Path) -> EscalationRequest:
    return EscalationRequest(code_scope=CodeScope(files=tuple(map(str, files))))


def test_named_evidence_or_investigation_stays(repository: Path) -> None:
    for request in (EscalationRequest(evidence=("traces",)), EscalationRequest(investigation="i1")):
        assert with_evidence_at_hand(request, "other", [repository]) is request


def test_what_was_loaded_from_here_goes_first(repository: Path) -> None:
    assert with_evidence_at_hand(asked(repository / "src" / "pay.go"), "i1", [repository]).investigation == "i1"


def test_the_repository_of_the_scope_is_read(repository: Path) -> None:
    found = with_evidence_at_hand(asked(repository / "src" / "pay.go", repository), None, [repository])
    assert found.evidence == (str(repository),)


def test_the_working_directorys_where_the_scope_is_elsewhere(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    assert with_evidence_at_hand(asked(Path("user_service.go")), None, [repository]).evidence == (str(repository),)


def test_never_above_the_roots(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    with pytest.raises(UsageError, match="evidence: missing"):
        with_evidence_at_hand(asked(repository / "src" / "pay.go"), None, [repository / "src"])
