from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from context.incident_tables import diagnosis, tables
from deep_code_reasoning.context.brief import build_brief
from deep_code_reasoning.finding import Diagnosis, Verdict
from deep_code_reasoning.incident import Incident
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.citations import Sources, check_citations
from deep_code_reasoning.specialists.local_analyst import analyse_locally
from deep_code_reasoning.specialists.prompting import prompt


def test_says_who_it_is_and_what_the_diagnosis_found() -> None:
    analysis = analyse_locally(diagnosis(3))
    assert "local analyst" in analysis.narrative and "does not read code" in analysis.narrative
    [cause] = analysis.root_causes
    assert (cause.type, cause.confidence) == ("code", 0.93)
    assert cause.claims[0].citations[0].ref == "lease-overlap-1"
    assert cause.fix == "config-revert; Renew at half of the TTL."
    assert analysis.ruled_out[0].why == "begins after the first overlap"
    assert analysis.missing_evidence == ["traces.jsonl:17: broken line (×2)"]
    assert analysis.recommendations.next_steps[0].startswith("dcr show span:")
    assert analysis.recommendations.code_changes[0].path == "/app/payment.py"
    assert analysis == analyse_locally(diagnosis(3))


def test_its_citations_hold_against_the_brief(tmp_path: Path) -> None:
    with tables(tmp_path) as evidence:
        brief = build_brief(evidence, diagnosis(3), budget_tokens=20_000, work=Work())
    checked, problems = check_citations(analyse_locally(diagnosis(3)), Sources(brief.text))
    assert problems == () and checked.root_causes[0].confidence == 0.93


def test_with_nothing_found() -> None:
    nothing = Diagnosis("x", Verdict("unknown", "nothing stands out", 0.0), Incident())
    analysis = analyse_locally(nothing)
    assert analysis.root_causes == [] and "a baseline" in analysis.missing_evidence[0]


def test_values_in_prompts_are_data() -> None:
    text = prompt("brief", brief="{{ 7 * 7 }} <b> {% if %}", question=None, depth_level=3)
    assert "{{ 7 * 7 }} <b> {% if %}" in text


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, deep_code_reasoning.context.brief, deep_code_reasoning.context.show;"
        "import deep_code_reasoning.specialists.turn, deep_code_reasoning.specialists.asking;"
        "import deep_code_reasoning.specialists.providers.gemini, deep_code_reasoning.specialists.prices;"
        "heavy = ('pydantic_ai', 'google.genai', 'jinja2', 'genai_prices', 'duckdb', 'numpy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
