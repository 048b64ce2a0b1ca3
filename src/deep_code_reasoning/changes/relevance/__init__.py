"""Which of many commits a text is about."""

from deep_code_reasoning.changes.relevance.commit_text import CommitText, FileText, Query
from deep_code_reasoning.changes.relevance.ranking import Relevance, rank

__all__ = ["CommitText", "FileText", "Query", "Relevance", "rank"]
