"""The investigation that a question about code is joined with: the one named, or that of the evidence given."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.investigation import Investigations
    from deep_code_reasoning.progress import Work
    from deep_code_reasoning.store.tables import Tables


def investigation_for(
    desk: Investigations, evidence: Sequence[str], investigation: str | None, work: Work
) -> str | None:
    """Loads the evidence where there is some. None: nothing was given, and no other investigation is taken for it."""
    if evidence:
        return desk.load(evidence, investigation=investigation, work=work).investigation
    return investigation


@contextmanager
def opened(desk: Investigations, investigation: str, work: Work) -> Generator[Tables]:
    from deep_code_reasoning.store.investigation_folder import folder_of
    from deep_code_reasoning.store.tables import Tables

    settings = desk.settings
    with Tables.open(folder_of(settings.state_dir, (), investigation), settings) as tables:
        work.on_cancel(tables.interrupt)
        yield tables
