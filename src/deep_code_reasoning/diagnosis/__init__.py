"""From what the detectors saw to what is to blame: onset, causal order, ranked suspects, culprit change or none."""

from deep_code_reasoning.diagnosis.changes import KnownCode
from deep_code_reasoning.diagnosis.procedure import diagnose

__all__ = ["KnownCode", "diagnose"]
