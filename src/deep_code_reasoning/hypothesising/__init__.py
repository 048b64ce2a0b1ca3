"""The verbs about hypotheses: test one, or let several compete. Nothing is run, whatever is asked."""

from deep_code_reasoning.hypothesising.hypothesising import Hypothesising
from deep_code_reasoning.hypothesising.requests import HypothesisRequest, TournamentRequest

__all__ = ["HypothesisRequest", "Hypothesising", "TournamentRequest"]
