"""From a call to an answer: load, diagnose, derive predictions (and have the specialist add some), check, count."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.answer import LOCAL, Cost, Task
from deep_code_reasoning.briefing import Briefing
from deep_code_reasoning.experiments.checking import MOST_SECONDS, QueryLimits
from deep_code_reasoning.experiments.deriving import hypothesis_of, hypothesis_of_suspect
from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.prediction import Hypothesis
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.tested import Tested
from deep_code_reasoning.experiments.tournament import play
from deep_code_reasoning.hypothesising.answers import Consulted, HypothesisAnswer, TournamentAnswer
from deep_code_reasoning.hypothesising.requests import HypothesisRequest, TournamentRequest
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.store.tables import Tables

_MOST_SUSPECTS = 20


@dataclass(frozen=True)
class _Ground:
    diagnosis: Diagnosis
    scene: Scene
    examination: Examination
    tables: Tables


class Hypothesising:
    """`trust_arguments` as of Investigations: whether what the caller names may be read wherever it lies."""

    def __init__(self, settings: Settings, *, trust_arguments: bool = True) -> None:
        self._settings = settings
        self._briefing = Briefing(settings, trust_arguments=trust_arguments)

    def test(self, request: HypothesisRequest, *, work: Work) -> HypothesisAnswer:
        """Checks what the hypothesis predicts. Raises UsageError, EvidenceError, CancelledError."""
        started = time.monotonic()
        with self._ground(request.ground, 1, None, work) as ground:
            hypothesis = hypothesis_of(request.hypothesis, "the caller", ground.scene)
            tested = Tested(hypothesis, tuple(ground.examination.outcomes(hypothesis.predictions)))
        consulted = Consulted(LOCAL, LOCAL, "no model was asked")
        cost = Cost(time.monotonic() - started, consulted.route_reason)
        return HypothesisAnswer(tested, ground.diagnosis, consulted, cost, request.test_approach)

    def tournament(self, request: TournamentRequest, *, work: Work) -> TournamentAnswer:
        """Lets hypotheses compete: the specialist's or the diagnosis' suspects, and what the caller believes."""
        started = time.monotonic()
        config = request.config
        with self._ground(request.ground, config.parallel_sessions, request.issue, work) as ground:
            of_caller, notes = _of_caller(request.ground, ground.scene)
            suspects = _of_diagnosis(ground)
            tournament = play([*suspects[:1], *of_caller, *suspects[1:]], config, ground.examination)
        consulted = Consulted(LOCAL, LOCAL, "no model was asked")
        cost = Cost(time.monotonic() - started, consulted.route_reason)
        return TournamentAnswer(tournament, ground.diagnosis, consulted, cost, request.issue, tuple(notes))

    @contextmanager
    def _ground(
        self, request: EscalationRequest, parallel: int, question: str | None, work: Work
    ) -> Generator[_Ground]:
        from deep_code_reasoning.conversation.at_hand import with_evidence_at_hand
        from deep_code_reasoning.store.investigation_folder import last_loaded_here

        briefing, settings = self._briefing, self._settings
        request = with_evidence_at_hand(request, last_loaded_here(settings.state_dir), settings.allowed_roots)
        evidence, investigation = request.evidence, request.investigation
        load = briefing.load(evidence, investigation=investigation, work=work) if evidence else None
        task = Task(question=question, baseline=request.baseline, incident=request.incident)
        with briefing.tables(evidence, investigation) as tables:
            diagnosis = briefing.diagnosis(tables, load, evidence, task, work)
            scene = Scene.of(tables, diagnosis)
            examination = Examination(
                scene,
                lambda: briefing.tables((), tables.investigation),
                work,
                parallel,
                QueryLimits(seconds=min(MOST_SECONDS, settings.query_seconds)),
            )
            yield _Ground(diagnosis, scene, examination, tables)


def _of_diagnosis(ground: _Ground) -> list[Hypothesis]:
    return [hypothesis_of_suspect(one, ground.scene) for one in ground.diagnosis.suspects[:_MOST_SUSPECTS]]


def _of_caller(request: EscalationRequest, scene: Scene) -> tuple[list[Hypothesis], list[str]]:
    """What the caller found and tried, as far as it says something that can be looked up; the rest is told."""
    texts = [*map(_text, request.partial_findings), *request.attempted_approaches]
    made = [hypothesis_of(text, "the caller", scene) for text in texts if text.strip()]
    notes = [f"not tested, since it names no pattern: {one.statement[:200]}" for one in made if not one.predictions]
    return [one for one in made if one.predictions], notes


def _text(finding: Any) -> str:
    if isinstance(finding, dict):
        said: Sequence[str] = [str(value) for value in finding.values() if isinstance(value, str | int | float)]
        return ": ".join(said) or json.dumps(finding, ensure_ascii=False, default=str)
    return finding if isinstance(finding, str) else json.dumps(finding, ensure_ascii=False, default=str)
