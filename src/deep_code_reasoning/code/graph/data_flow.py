"""Where arguments go: which parameter receives each, and into which calls that parameter is passed on. By name."""

from __future__ import annotations

import re

from deep_code_reasoning.code.graph.effects import body_of
from deep_code_reasoning.code.graph.execution_path import Flow, PassedOn
from deep_code_reasoning.code.graph.facts import Definition, Facts
from deep_code_reasoning.code.graph.parameters import arguments_of, matched
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.graph.resolve import Resolver
from deep_code_reasoning.code.outline import Part

MOST_PASSED = 12


def flows_into(program: Program, resolver: Resolver, call: Part, target: Definition) -> tuple[Flow, ...]:
    facts = program.facts(target.path)
    if facts is None:
        return ()
    found = []
    for argument, parameter in matched(arguments_of(call), target.parameters):
        if parameter.name:
            found.append(Flow(argument.text, parameter.name, _passed_on(resolver, facts, target, parameter.name)))
    return tuple(found)


def _passed_on(resolver: Resolver, facts: Facts, function: Definition, parameter: str) -> tuple[PassedOn, ...]:
    part = next((one.part for one in facts.by_name.get(function.simple, ()) if one.key == function.key), None)
    if part is None:
        return ()
    word = re.compile(rf"(?<![\w$]){re.escape(parameter)}(?![\w$])")
    found: list[PassedOn] = []
    for call in body_of(facts, part).calls:
        given = [one for one in arguments_of(call) if word.search(one.text)]
        if not given:
            continue
        targets = resolver.resolve(call, facts, function).targets
        known = dict(matched(arguments_of(call), targets[0].parameters)) if len(targets) == 1 else {}
        for argument in given:
            received = known.get(argument)
            found.append(PassedOn(call.callee[:80], call.line, argument.text, received.name if received else ""))
        if len(found) >= MOST_PASSED:
            break
    return tuple(found[:MOST_PASSED])
