"""The traces are a sample: which share was kept, and whether rates can still be compared.

## What it detects
Services whose traces were sampled, by a decision at the start of a trace (head sampling, with its share) or at its end
(tail sampling, which prefers failing or slow traces), and what follows for every number that counts traces.

## Why it matters
A sampling rate that changed looks like a surge or a drop in traffic. Tail sampling keeps what fails: the share of
failing traces among those kept is then many times that of all requests, and a rate of traces means nothing.

## How it is computed
In this order, for each entry service and window:
1. Attributes of the entry span: a probability or a count (`sampling.probability`, `SampleRate`, `sampler.param`, the
   W3C trace state's `ot=th:`), or the policy of a tail sampler.
2. Signals that are not sampled: requests that the service's own metrics count, and traces that its log lines name,
   against those that have spans. Failing ones kept at least 1.5 times as often (Fisher's exact test, 1 in 10,000), or
   requests with spans 1.5 times as slow on average as all that the metric counts: the sampler has seen the end.
3. Trace ids: samplers that decide by the id leave ids on one side of a threshold only. Random ids show one by chance
   once in a million, and ids must be even up to it (Kolmogorov, 1 %).
4. Fewer than 80 % of the traces or requests of 2 have spans: as many as those were kept.

Where the share is known, each trace counts for 1 / share in rates (TRAF001). Where it is not, or where the two windows
are told by signals that cannot be compared, rates of traces are not compared at all.

## Not this when
Trace ids count up or hold times: they tell nothing. Logs of another tracing system never meet a span and are passed
over. Spans that a failing exporter dropped at random look like sampled ones (and are corrected as such): TRACE001.

## What to do
Read counts of traces as a share of what happened. For rates use metrics; for a tail sampler export the adjusted count
of each trace (`ot=th:` in the trace state) or take the counts before the sampler.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from deep_code_reasoning.detectors.contract import Rule, sql_beside
from deep_code_reasoning.detectors.groundwork.sampling.sampling import PREFERRED, Kept, Sampling
from deep_code_reasoning.detectors.wording import figure, percent
from deep_code_reasoning.finding import Evidence, Finding, Subject

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables

PHASES = ("baseline", "incident")


def detect(tables: Tables, incident: Incident) -> Iterable[Finding]:
    sampling = Sampling(tables)
    examples = dict(tables.rows(sql_beside(__file__)))
    services = dict.fromkeys(service for service, _ in sampling.kept)
    return [finding for service in services for finding in _told(sampling, service, examples.get(service))]


def _told(sampling: Sampling, service: str | None, example: str | None) -> Iterator[Finding]:
    sides = {phase: sampling.kept[service, phase] for phase in PHASES if (service, phase) in sampling.kept}
    if all(side.kind == "none" for side in sides.values()):
        return
    comparable = sampling.comparable(service)
    numbers: dict[str, float | int | str] = {"comparable": int(comparable)}
    for phase, side in sides.items():
        numbers |= _numbers(phase, side)
    yield Finding(
        code=RULE.code,
        title=f"traces of {service or 'an unnamed service'} are sampled: {_words(sides)}; "
        + ("rates are corrected for it" if comparable else "their rates are not compared"),
        severity="info" if comparable else "warning",
        role="context",
        subject=Subject(service=service),
        numbers=numbers,
        evidence=(Evidence(f"trace:{example}", "one of those kept"),) if example else (),
    )


def _numbers(phase: str, side: Kept) -> dict[str, float | int | str]:
    prefix = "" if phase == "incident" else f"{phase}_"
    shares = {"kept_share": side.kept_share, "error_kept_share": side.error_share, "other_kept_share": side.other_share}
    known = {f"{prefix}{name}": round(share, 4) for name, share in shares.items() if share is not None}
    kinds: dict[str, float | int | str] = {f"{prefix}sampling": side.kind, f"{prefix}traces": side.traces}
    return kinds | known | ({f"{prefix}told_by": side.told_by} if side.told_by else {})


def _words(sides: dict[str, Kept]) -> str:
    """`10 % kept (told by trace ids)`, or both windows where they differ."""
    told = {phase: _side(side) for phase, side in sides.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    names = {"baseline": "before", "incident": "in the incident"}
    return ", ".join(f"{words} {names[phase]}" for phase, words in told.items())


def _side(side: Kept) -> str:
    if side.kind == "tail":
        if not side.error_share or not side.other_share or side.error_share < PREFERRED * side.other_share:
            return f"decided at their end, by what happened in them (told by {side.told_by})"
        times = figure(side.error_share / side.other_share)
        return f"failing ones are kept {times} times as often as others (told by {side.told_by})"
    if side.kind == "none":
        return "all kept"
    return f"{percent(side.kept_share or 0, 1)} kept (told by {side.told_by})"


RULE = Rule(
    code="TRACE002",
    name="sampled-traces",
    title="The traces are a sample of what happened.",
    severity="info",
    role="context",
    needs=("spans", "topology"),
    detect=detect,
)
