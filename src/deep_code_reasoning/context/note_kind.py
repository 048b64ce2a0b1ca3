"""Tells references that show different things from repetitions: notes that differ in numbers only are of one kind."""

from __future__ import annotations

import re

from deep_code_reasoning.finding import Evidence


def note_kind(evidence: Evidence) -> str:
    """`span: held by node-# for # ms`."""
    return re.sub(r"\d+(?:[.,]\d+)*", "#", f"{evidence.ref.partition(':')[0]}: {evidence.note}")
