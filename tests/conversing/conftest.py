"""A small project with evidence and code, and conversations about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversation.telemetry import write_logs, write_traces
from conversing.counting_gemini import CountingGemini, counting_gemini
from deep_code_reasoning.conversation.request import CodeScope, EscalationRequest
from deep_code_reasoning.conversing import Conversations
from deep_code_reasoning.settings import Settings

KEY = "nonsense-0123456789"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    write_traces(folder / "traces.jsonl", ["cart", "payment"])
    code = [f"def step_{n}(order):\n    return order.total * {n}  # step {n} of the way" for n in range(60)]
    (folder / "pay.py").write_text("\n".join(code) + "\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def gemini() -> Iterator[CountingGemini]:
    with counting_gemini() as service:
        yield service


Desk = Callable[..., Conversations]


@pytest.fixture
def desk(project: Path, tmp_path: Path) -> Desk:
    """Conversations of the project: of a model where its service is given, else of the local analyst."""

    def make(service: CountingGemini | None = None, *, trust: bool = True, **more) -> Conversations:
        keys = {"google": KEY} if service else {}
        base = service.url if service else ""
        settings = Settings(
            state_dir=tmp_path / "state", allowed_roots=(project,), keys=keys, google_base_url=base, **more
        )
        return Conversations(settings, trust_arguments=trust)

    return make


@pytest.fixture
def request_(project: Path) -> EscalationRequest:
    return EscalationRequest(
        attempted_approaches=("restarted it",),
        stuck_description="payments fail under load",
        code_scope=CodeScope(files=(str(project / "pay.py"),)),
        evidence=(str(project / "traces.jsonl"),),
    )


@pytest.fixture
def more_evidence(project: Path) -> Path:
    write_logs(project / "app.jsonl", "payment", [1_760_346_010 * 10**9])
    return project / "app.jsonl"
