"""Runs the groundwork and every rule, each by itself: one that raises loses nothing but its own findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deep_code_reasoning.diagnosis.symptom import Symptom, settle_symptom
from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.finding import Finding
from deep_code_reasoning.progress import Progress
from deep_code_reasoning.unread import Unread

if TYPE_CHECKING:
    from deep_code_reasoning.detectors.contract import Rule
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables

MOST_FINDINGS_A_RULE = 200


@dataclass(frozen=True)
class Detected:
    """What the rules found, which of them could not run and why, and the symptom they counted by."""

    findings: tuple[Finding, ...]
    failed: tuple[Unread, ...]
    symptom: Symptom


def detect(tables: Tables, incident: Incident, work: Work) -> Detected:
    """All findings, numbered `<code>-<n>` in the order of each rule. Raises CancelledError."""
    from deep_code_reasoning.detectors import groundwork
    from deep_code_reasoning.detectors.registry import all_rules

    rules = all_rules()
    work.report(Progress("detect", 0, len(rules), "rules", "groundwork"))
    groundwork.prepare(tables, incident, work)
    symptom = settle_symptom(tables, incident)
    filled: dict[str, bool] = {}
    findings: list[Finding] = []
    failed: list[Unread] = []
    for done, rule in enumerate(rules, 1):
        work.check()
        if all(_is_filled(tables, name, filled) for name in rule.needs):
            found, problem = _run(rule, tables, incident)
            findings += found
            failed += [problem] if problem else []
        work.report(Progress("detect", done, len(rules), "rules", rule.name))
    return Detected(numbered(findings), tuple(failed), symptom)


def numbered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Ids count from 1 within a code, in the order given."""
    counts: Counter[str] = Counter()
    with_ids = []
    for finding in findings:
        counts[finding.code] += 1
        with_ids.append(replace(finding, id=f"{finding.code}-{counts[finding.code]}"))
    return tuple(with_ids)


def _is_filled(tables: Tables, name: str, known: dict[str, bool]) -> bool:
    if name not in known:
        known[name] = bool(tables.rows(f'SELECT 1 FROM "{name}" LIMIT 1'))
    return known[name]


def _run(rule: Rule, tables: Tables, incident: Incident) -> tuple[list[Finding], Unread | None]:
    found: list[Finding] = []
    try:
        for finding in rule.detect(tables, incident):
            if len(found) >= MOST_FINDINGS_A_RULE:
                return found, Unread(
                    f"detector {rule.code}", f"only the first {MOST_FINDINGS_A_RULE} findings are kept"
                )
            found.append(finding)
    except CancelledError:
        raise
    except Exception as error:
        reason = f"failed and found nothing more: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return found, Unread(f"detector {rule.code}", reason)
    return found, None
