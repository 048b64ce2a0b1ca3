"""The predictions of a claim, and of a suspect of the diagnosis. No model has a part in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from deep_code_reasoning.detectors.registry import rule
from deep_code_reasoning.experiments.claims import Claim, Reading, read, texts_of
from deep_code_reasoning.experiments.prediction import ChangeCheck, Expectation, FindingCheck, Hypothesis, Prediction
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.finding import Subject, Suspect

LEAST_CHANGE = 0.1
"""A change that is less likely than one in ten is not the cause: the hypothesis falls."""

AS_LIKELY = 0.5


def hypothesis_of(text: str, origin: str, scene: Scene) -> Hypothesis:
    """With what its words claim; without predictions where nothing in them can be looked up."""
    reading = read(text, scene)
    notes = (f"not tested, since it says what is not so: {reading.denied}",) if reading.denied else ()
    return Hypothesis(text, origin, predictions_of(reading), texts_of(reading.claims), notes)


def hypothesis_of_suspect(suspect: Suspect, scene: Scene) -> Hypothesis:
    """That all of it began here: its first finding is the cause, the others follow."""
    claims = []
    for number, argument in enumerate(suspect.in_favour):
        if (finding := scene.findings.get(argument.finding)) is None:
            continue
        kind = rule(finding.code).title.rstrip(".")
        claims.append(Claim(finding.code, kind, _place_of(finding.subject), number == 0, finding.id, linked=True))
    if suspect.commit:
        services = (suspect.service,) if suspect.service else ()
        claims.insert(0, Claim("change", "a change is to blame", services, True, "a commit", (suspect.commit,)))
    reading = Reading(tuple(claims))
    return Hypothesis(suspect.summary, "the diagnosis", predictions_of(reading), texts_of(claims))


def predictions_of(reading: Reading) -> tuple[Prediction, ...]:
    """Each once, the essential ones first."""
    made = [prediction for claim in reading.claims for prediction in _of_claim(claim)]
    return tuple(sorted(dict.fromkeys(made), key=lambda one: not one.essential))


def _of_claim(claim: Claim) -> Iterator[Prediction]:
    if claim.code == "change":
        yield from _of_change(claim)
        return
    where = f" at {' or '.join(claim.places)}" if claim.places else ""
    yield Prediction(
        f"{claim.kind}: {claim.code} finds it{where} within the incident",
        FindingCheck(claim.code, claim.places, claim.kind),
        Expectation("findings", ">=", 1),
        essential=claim.is_cause,
    )
    if not claim.is_cause:
        if claim.linked:
            yield _counts(claim, where, "linked")
        return
    yield Prediction(
        f"{claim.code}{where} is not ruled out as a cause",
        FindingCheck(claim.code, claim.places, claim.kind, "cause"),
        Expectation("not_ruled_out", ">=", 1),
        essential=True,
    )
    yield _counts(claim, where)
    yield Prediction(
        f"no suspect without {claim.code}{where} is likelier than not",
        FindingCheck(claim.code, claim.places, claim.kind, "rival"),
        Expectation("rival_probability", "<", AS_LIKELY),
    )


def _counts(claim: Claim, where: str, aspect: Literal["counts", "linked"] = "counts") -> Prediction:
    return Prediction(
        f"the failing traces show {claim.code}{where} more often than the others",
        FindingCheck(claim.code, claim.places, claim.kind, aspect),
        Expectation("weight_db", ">", 0),
    )


def _of_change(claim: Claim) -> Iterator[Prediction]:
    named = ", ".join(sha[:12] for sha in claim.shas) or (f"of {' or '.join(claim.places)}" if claim.places else "")
    yield Prediction(
        f"a change {named} is to blame with a probability of {LEAST_CHANGE:g} or more".replace("  ", " "),
        ChangeCheck(claim.shas, () if claim.shas else claim.places),
        Expectation("probability", ">=", LEAST_CHANGE),
        essential=True,
    )


def _place_of(subject: Subject) -> tuple[str, ...]:
    place = subject.service or subject.host or subject.resource or subject.peer
    return (place,) if place else ()
