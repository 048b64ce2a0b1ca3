"""Which definitions a call may lead to, how that is known, and how sure it is.

Confidence is counted: 1 / number of candidates where scope or type names them; where only the method's name speaks, a
function outside of this tree is one more candidate: 1 / (number + 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deep_code_reasoning.code.graph.facts import Class, Definition, Facts, class_definition
from deep_code_reasoning.code.graph.imports import Import
from deep_code_reasoning.code.graph.parameters import Argument, arguments_of, fits
from deep_code_reasoning.code.graph.program import MOST_LOOKED_AT, Program
from deep_code_reasoning.code.graph.rules import type_words
from deep_code_reasoning.code.graph.scope import Meaning, Scopes, distinct
from deep_code_reasoning.code.graph.types import Types
from deep_code_reasoning.code.graph.value import Place, Value
from deep_code_reasoning.code.outline import Part

MOST_NAMED = 12
"""Files that define a name of which nothing else is known; with more it could be anything."""
_MADE = frozenset({"object_creation_expression", "new_expression", "instance_expression"})
_LOOSE = frozenset({"javascript", "typescript", "tsx", "php", "ruby", "c", "sql"})
_SCOPED = frozenset({"python", "go", "jvm", "csharp", "ecma"})
"""Families in which a bare name that nothing brings into scope is the language's own."""
_TEST = re.compile(
    r"(?i)(^|/)(tests?|testing|specs?|__tests__|integration[-_]tests?|testdata)(/|$)|[_.](test|spec)\.\w+$|Tests?\.\w+$|(^|/)test_\w+\.py$"
)


@dataclass(frozen=True)
class Resolution:
    """`how`: same function, same class, same file, import, same package, type, interface, name. `why`: why there are
    no targets. With several targets each is as likely as `confidence`."""

    targets: tuple[Definition, ...] = ()
    how: str = ""
    confidence: float = 0.0
    why: str = ""


class Resolver:
    def __init__(self, program: Program) -> None:
        self._program = program
        self.scopes = Scopes(program)
        self.types = Types(program, self.scopes)

    def resolve(self, call: Part, facts: Facts, function: Definition | None) -> Resolution:
        name = call.method.removesuffix("!") if facts.language.name == "rust" else call.method
        if not name or call.callee.endswith(")"):
            return Resolution(why="what is called is the value of an expression")
        arguments = arguments_of(call)
        place = Place(facts, function, call.start)
        receiver = call.receiver
        if call.node.type in _MADE:
            return self._constructed(call, place, arguments)
        if not receiver:
            return self._bare(name, place, arguments, call)
        return self._received(name, receiver, place, arguments, call)

    def referred(self, text: str, facts: Facts, function: Definition | None, offset: int) -> Resolution:
        """A function that is named as an argument, not called: `submit(self.work)`. Only what scope or type tells."""
        match = re.fullmatch(r"&?(?:(?P<receiver>[$@\w.]+?)(?:\.|::|->))?(?P<name>[A-Za-z_]\w*)", text)
        if match is None:
            return Resolution()
        place, name = Place(facts, function, offset), match["name"]
        if match["receiver"]:
            found = self._of_value(name, self.types.value(match["receiver"], place), None, facts)
        elif function is not None and any(one.name == name for one in function.parameters):
            return Resolution()
        else:
            found = self._by_scope(name, place, None)
        return found if found and found.targets and found.targets[0].kind != "class" else Resolution()

    def _bare(self, name: str, place: Place, arguments: list[Argument], call: Part) -> Resolution:
        facts = place.facts
        if name == "super" and facts.language.name == "python":
            return Resolution(why="super() is the language's own")
        if name in ("super", "base") or (name == "this" and call.receiver == ""):
            own = self.types.own_classes(place)
            bases = self.types.with_bases(own)[len(own) :]
            return (
                self._constructor(tuple(bases), facts, arguments, "type")
                if bases
                else Resolution(why="the base class is not in this tree")
            )
        if place.function and any(one.name.lstrip("$@") == name for one in place.function.parameters):
            return Resolution(why=f"{name} is a parameter: the caller says what it is")
        found = self._by_scope(name, place, arguments)
        if found is not None:
            return found
        if facts.rules.family in _SCOPED:
            return Resolution(why="not defined in this tree (the language's own, a variable, or made at run time)")
        return self._anywhere(name, facts, arguments, only_free=facts.rules.family not in ("ruby",))

    def _by_scope(self, name: str, place: Place, arguments: list[Argument] | None) -> Resolution | None:
        facts = place.facts
        around = place.function.part if place.function else None
        while around is not None:  # functions within the functions around
            inner = [one for one in facts.by_name.get(name, ()) if _lies_in(one, around)]
            if inner:
                return self._several(inner[-1:], "same function")
            around = around.nearest("function")
        if facts.rules.implicit_self:
            for own in self.types.around_classes(place):
                if found := self.types.methods(own, name):
                    return self._dispatched(found, own, name, facts, arguments, "same class")
        meaning = self.scopes.meaning(name, facts)
        return self._of_meaning(meaning, facts, arguments)

    def _of_meaning(self, meaning: Meaning, facts: Facts, arguments: list[Argument] | None) -> Resolution | None:
        if meaning.functions:
            fitting = self._fitting(meaning.functions, facts, arguments)
            real = [one for one in fitting if not one.is_abstract]  # what says how it may be called is not called
            return self._several(real or fitting, meaning.how)
        if meaning.classes:
            return self._constructor(meaning.classes, facts, arguments, meaning.how)
        if meaning.outside:
            return Resolution(why=meaning.outside)
        return None

    def _constructed(self, call: Part, place: Place, arguments: list[Argument]) -> Resolution:
        text = re.sub(r"<.*", "", call.callee)
        value = self.types.class_of_type(text, place.facts, place.function.part if place.function else None)
        if value.classes:
            return self._constructor(value.classes, place.facts, arguments, value.how)
        meaning = self.scopes.meaning(call.method, place.facts)  # JavaScript: a function makes objects as well
        found = self._of_meaning(meaning, place.facts, arguments)
        return found or Resolution(why=value.why or f"class {text} is not in this tree")

    def _constructor(
        self, classes: tuple[Class, ...], facts: Facts, arguments: list[Argument] | None, how: str
    ) -> Resolution:
        found: list[Definition] = []
        for one in classes:
            for name in facts.rules.constructors:
                found += self.types.own_methods(one, one.simple if name == "<class>" else name)
        if not found and facts.rules.family in ("python", "ecma", "php", "ruby"):  # inherited
            for name in facts.rules.constructors:
                found = found or self.types.methods(classes, name)
        if found:
            return self._several(self._fitting(found, facts, arguments), how)
        return self._several([class_definition(one) for one in classes], how)

    def _received(self, name: str, receiver: str, place: Place, arguments: list[Argument], call: Part) -> Resolution:
        facts = place.facts
        value = self.types.value(receiver, place)
        found = self._of_value(name, value, arguments, facts)
        if found is not None:
            return found
        if facts.rules.family == "rust" or "::" in call.callee:
            found = self._by_path(name, receiver, facts, arguments)
            if found is not None:
                return found
        return self._anywhere(name, facts, arguments, only_free=False)

    def _of_value(self, name: str, value: Value, arguments: list[Argument] | None, facts: Facts) -> Resolution | None:
        """None where the receiver is not known."""
        if value.kind == "outside":
            return Resolution(why=value.why)
        if value.kind == "module":
            meaning = self.scopes.members(name, value.modules, "import")
            return self._of_meaning(meaning, facts, arguments) or Resolution(
                why=f"{name} is not defined in {value.modules[0]}"
            )
        if not value.classes:
            return None
        if value.box and (name in type_words("opened_by") or name in facts.rules.built_in_methods):
            return Resolution(why=f"{value.box}.{name} is not in this tree")
        how = "name" if value.how == "name" else "same class" if value.how == "same class" else "type"
        found = self.types.methods(value.classes, name)
        if found:
            return self._dispatched(found, value.classes, name, facts, arguments, how)
        if value.kind == "class" and name == "new":
            return self._constructor(value.classes, facts, arguments, how)
        implementers = self._implementers(value.classes, name, facts, arguments)
        if implementers:
            return self._several(implementers, "interface")
        first = value.classes[0]
        return Resolution(why=f"{first.simple} ({first.path}:{first.part.line}) has no {name} of its own in this tree")

    def _dispatched(
        self,
        found: list[Definition],
        classes: tuple[Class, ...],
        name: str,
        facts: Facts,
        arguments: list[Argument] | None,
        how: str,
    ) -> Resolution:
        """What is only declared is carried out by those who implement it."""
        fitting = self._fitting(found, facts, arguments)
        if all(one.is_abstract for one in fitting):
            implementers = self._implementers(classes, name, facts, arguments)
            if implementers:
                return self._several(implementers, "interface")
        real = [one for one in fitting if not one.is_abstract] or fitting
        return self._several(real, how)

    def _implementers(
        self, classes: tuple[Class, ...], name: str, facts: Facts, arguments: list[Argument] | None
    ) -> list[Definition]:
        """Methods of that name and number of parameters, of classes that say they extend one of these; in Go of types
        that have all its methods."""
        interface = classes[0]
        paths = self._program.near(name, facts)
        paths = paths if _TEST.search(facts.path) else [path for path in paths if not _TEST.search(path)]
        if facts.rules.family == "go":
            if not interface.methods or name not in interface.methods or len(paths) > MOST_LOOKED_AT:
                return []
            everything = self._fitting(self._program.definitions(name, paths), facts, arguments, strict=True)
            return [one for one in everything if one.owner and self._has_all(one, interface)]
        mention = interface.simple.encode()
        told = [path for path, data in self._program.texts(paths[:400]) if mention in data][:MOST_LOOKED_AT]
        found = []
        for one in self._fitting(self._program.definitions(name, told), facts, arguments):
            there = self._program.facts(one.path)
            own = tuple(there.classes.get(one.owner, ())) if there else ()
            bases = self.types.with_bases(own)
            is_below = any(base.simple == interface.simple for base in bases) or any(
                base.rpartition(".")[2].rpartition(":")[2] == interface.simple for cls in bases for base in cls.bases
            )
            if is_below and not one.is_abstract:
                found.append(one)
        return found

    def _has_all(self, one: Definition, interface: Class) -> bool:
        facts = self._program.facts(one.path)
        own = tuple(facts.classes.get(one.owner, ())) if facts else ()
        if not own and facts is not None:
            own = self.scopes.meaning(one.owner, facts).classes
        return bool(own) and all(self.types.methods(own, method) for method in interface.methods)

    def _by_path(self, name: str, receiver: str, facts: Facts, arguments: list[Argument] | None) -> Resolution | None:
        """`crate::store::open`, `Shop::Cart.find`, `n::go`: by what stands last before the name."""
        last = re.split(r"::|\\", receiver)[-1]
        if not re.fullmatch(r"\w+", last):
            return None
        if facts.rules.family == "rust" and "::" not in receiver and not last[:1].isupper():
            return None
        if last[:1].isupper():
            value = self.types.class_of_type(last, facts)
            return (
                self._of_value(name, Value("class", value.classes, how=value.how), arguments, facts)
                if value.classes
                else None
            )
        if facts.rules.family == "rust":
            files = self.scopes.files_of(Import(receiver), facts)
            return self._of_meaning(self.scopes.members(name, files, "import"), facts, arguments)
        if facts.rules.family == "c":
            return self._of_meaning(self.scopes.meaning(name, facts), facts, arguments)
        return None

    def _anywhere(self, name: str, facts: Facts, arguments: list[Argument], *, only_free: bool) -> Resolution:
        if not only_free and name in facts.rules.built_in_methods:
            return Resolution(
                why=f"the receiver's type is not known, and {name} is a method of the language's own types"
            )
        paths = self._program.near(name, facts)
        if not _TEST.search(facts.path):
            paths = [path for path in paths if not _TEST.search(path)]
        if not paths:
            return Resolution(why=f"no function named {name} is defined in this tree")
        if len(paths) > MOST_NAMED:
            return Resolution(why=f"the receiver's type is not known, and {len(paths)} files may define a {name}")
        found = [one for one in self._program.definitions(name, paths) if not one.is_abstract]
        found = [
            one
            for one in self._fitting(found, facts, arguments, strict=True)
            if _is_free(one) == only_free or facts.rules.family == "c"
        ]
        found = [one for one in found if not _is_hidden(one, facts)]
        if not found:
            return Resolution(why=f"nothing named {name} in this tree can be called so")
        return Resolution(tuple(distinct(found)), "name", 1 / (len(found) + 1))

    def _fitting(
        self, found: Iterable[Definition], facts: Facts, arguments: list[Argument] | None, *, strict: bool = False
    ) -> list[Definition]:
        """Those that take as many arguments; all where none does, unless `strict`."""
        everything = list(distinct(found))
        if arguments is None:
            return everything
        loose = facts.language.name in _LOOSE
        fitting = [one for one in everything if fits(arguments, one.takes, loose=loose)]
        return fitting if fitting or strict else everything

    def _several(self, found: Iterable[Definition], how: str) -> Resolution:
        targets = tuple(distinct(found))
        if not targets:
            return Resolution(why="no definition takes these arguments")
        return Resolution(targets, how, 1 / (len(targets) + (how == "name")))


def _lies_in(one: Definition, around: Part) -> bool:
    return (
        one.part is not around
        and around.start <= one.part.start
        and one.part.end <= around.end
        and one.part.nearest("function", "class") is around
    )


def _is_free(one: Definition) -> bool:
    return one.kind in ("function", "lambda")


def _is_hidden(one: Definition, facts: Facts) -> bool:
    """C: a static function is known in its own file only."""
    return (
        one.part.language.name in ("c", "cpp")
        and one.path != facts.path
        and not one.path.endswith((".h", ".hpp"))
        and one.part.text.lstrip().startswith("static ")
    )
