"""What a detector is. A module of a family folder that defines RULE is found by walking; nothing else registers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deep_code_reasoning.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from deep_code_reasoning.incident import Incident
    from deep_code_reasoning.store.tables import Tables


@dataclass(frozen=True)
class Rule:
    """`code` as LOCK001, unique and never reused; `name` as lease-overlap; `title` one sentence.

    `needs` are the tables without whose rows the detector has nothing to look at (it is then skipped and said so).
    The page of the rule is its module's docstring, with the sections: What it detects, Why it matters,
    How it is computed, Not this when, What to do.
    """

    code: str
    name: str
    title: str
    severity: Severity
    role: Literal["cause", "mechanism", "symptom", "context"]
    needs: tuple[str, ...]
    detect: Callable[[Tables, Incident], Iterable[Finding]]


def code_location(row: Mapping[str, Any]) -> Location | None:
    """Where a span says it was recorded: code_file_path, code_line_number and code_function_name of its row."""
    if not row["code_file_path"]:
        return None
    return Location(row["code_file_path"], row["code_line_number"], row["code_function_name"])


def sql_beside(module_file: str, name: str | None = None) -> str:
    """The text of the .sql file beside a detector: its own name, or `<its name>_<name>.sql`."""
    path = Path(module_file)
    return path.with_name(f"{path.stem}{'_' + name if name else ''}.sql").read_text(encoding="utf-8")
