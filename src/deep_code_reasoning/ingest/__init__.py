"""From evidence to the store; the only package that knows both sources and store."""

from deep_code_reasoning.ingest.loading import load
from deep_code_reasoning.ingest.report import LoadReport, SourceReport, State

__all__ = ["LoadReport", "SourceReport", "State", "load"]
