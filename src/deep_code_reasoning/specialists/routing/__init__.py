"""Who is asked: the task, what it needs, what models did on such tasks, what they cost and may be told."""

from deep_code_reasoning.specialists.routing.candidates import Need
from deep_code_reasoning.specialists.routing.router import Route, RunnerUp, choose, stay

__all__ = ["Need", "Route", "RunnerUp", "choose", "stay"]
