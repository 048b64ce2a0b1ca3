"""From a call to an answer: load, diagnose, derive predictions (and have the specialist add some), check, count."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deep_code_reasoning.answer import Task
from deep_code_reasoning.briefing import Briefing
from deep_code_reasoning.experiments.checking import MOST_SECONDS, QueryLimits
from deep_code_reasoning.experiments.consulting import with_predictions
from deep_code_reasoning.experiments.deriving import hypothesis_of, hypothesis_of_suspect
from deep_code_reasoning.experiments.examining import Examination
from deep_code_reasoning.experiments.prediction import Hypothesis
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.tournament import play
from deep_code_reasoning.experiments.trial import Trial
from deep_code_reasoning.hypothesising.answers import HypothesisAnswer, TournamentAnswer
from deep_code_reasoning.hypothesising.requests import HypothesisRequest, TournamentRequest
from deep_code_reasoning.hypothesising.specialist import Party, party_of
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings

if TYPE_CHECKING:
    from deep_code_reasoning.conversation.request import EscalationRequest
    from deep_code_reasoning.finding import Diagnosis
    from deep_code_reasoning.specialists.budget import Consent

_MOST_SUSPECTS = 20
_QUERIES_AT_ONCE = 2


@dataclass(frozen=True)
class _Ground:
    diagnosis: Diagnosis
    scene: Scene
    examination: Examination
    party: Party


class Hypothesising:
    """`trust_arguments` as of Investigations: whether what the caller names may be read wherever it lies.

    `consent`: how a person is asked about cost; None: nobody can be asked.
    """

    def __init__(self, settings: Settings, *, trust_arguments: bool = True, consent: Consent | None = None) -> None:
        self._settings, self._consent = settings, consent
        self._briefing = Briefing(settings, trust_arguments=trust_arguments)

    def test(self, request: HypothesisRequest, *, work: Work) -> HypothesisAnswer:
        """Checks what the hypothesis predicts. Raises UsageError, EvidenceError, CancelledError."""
        started = time.monotonic()
        with self._ground(request.ground, _QUERIES_AT_ONCE, None, work) as ground:
            hypothesis = hypothesis_of(request.hypothesis, "the caller", ground.scene)
            party, explanation = ground.party, ""
            if party.consultation:
                added = party.consultation.predictions(request.hypothesis, request.test_approach)
                hypothesis = with_predictions(hypothesis, added)
            tested = Trial(hypothesis, tuple(ground.examination.outcomes(hypothesis.predictions)))
            if party.consultation and party.consultation.answered_by[0]:
                explanation = party.consultation.explained(tested)
        cost = party.cost(time.monotonic() - started)
        return HypothesisAnswer(tested, ground.diagnosis, party.consulted(explanation), cost, request.test_approach)

    def tournament(self, request: TournamentRequest, *, work: Work) -> TournamentAnswer:
        """Lets hypotheses compete: the specialist's or the diagnosis' suspects, and what the caller believes."""
        started = time.monotonic()
        config = request.config
        with self._ground(request.ground, config.parallel_sessions, request.issue, work) as ground:
            of_caller, notes = _of_caller(request.ground, ground.scene)
            suspects, asked = _of_diagnosis(ground), ground.party.consultation
            proposed = _of_specialist(ground, request)
            competing = [*suspects[:1], *proposed, *of_caller, *suspects[1:]]
            tournament = play(competing, config, ground.examination, asked.more if asked else None)
        cost = ground.party.cost(time.monotonic() - started)
        return TournamentAnswer(
            tournament, ground.diagnosis, ground.party.consulted(), cost, request.issue, tuple(notes)
        )

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
            roots = briefing.roots((*evidence, *request.code_scope.files))
            party = party_of(request, tables, diagnosis, roots, briefing, self._consent, work)
            try:
                yield _Ground(diagnosis, scene, examination, party)
            except BaseException as error:
                party.close(diagnosis, error)
                raise
            party.close(diagnosis)


def _of_diagnosis(ground: _Ground) -> list[Hypothesis]:
    return [hypothesis_of_suspect(one, ground.scene) for one in ground.diagnosis.suspects[:_MOST_SUSPECTS]]


def _of_specialist(ground: _Ground, request: TournamentRequest) -> list[Hypothesis]:
    """One place is kept for the diagnosis' first suspect."""
    asked = ground.party.consultation
    if asked is None:
        return []
    believed = _texts(request.ground)
    found = asked.rivals(request.issue, believed, request.config.max_hypotheses - 1)
    origin = asked.answered_by[1]
    return [with_predictions(hypothesis_of(one.statement, origin, ground.scene), one.predictions) for one in found]


def _texts(request: EscalationRequest) -> list[str]:
    texts = [*map(_text, request.partial_findings), *request.attempted_approaches]
    return [text for text in texts if text.strip()]


def _of_caller(request: EscalationRequest, scene: Scene) -> tuple[list[Hypothesis], list[str]]:
    """What the caller found and tried, as far as it says something that can be looked up; the rest is told."""
    made = [hypothesis_of(text, "the caller", scene) for text in _texts(request)]
    notes = [f"not tested, since it names no pattern: {one.statement[:200]}" for one in made if not one.predictions]
    return [one for one in made if one.predictions], notes


def _text(finding: Any) -> str:
    if isinstance(finding, dict):
        said: Sequence[str] = [str(value) for value in finding.values() if isinstance(value, str | int | float)]
        return ": ".join(said) or json.dumps(finding, ensure_ascii=False, default=str)
    return finding if isinstance(finding, str) else json.dumps(finding, ensure_ascii=False, default=str)
