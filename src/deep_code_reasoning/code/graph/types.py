"""What an expression in front of a call is: an object of some class, a class, a module, or not known.

Told from declarations (`repo: Repo`, `Repo repo`, `repo := NewRepo()`), fields of the class around, imports, and the
types that functions say they return. Expressions are names, members and calls; anything else is not known.
"""

from __future__ import annotations

import re
from dataclasses import replace

from deep_code_reasoning.code.graph.declarations import Declarations
from deep_code_reasoning.code.graph.expressions import outer_type, steps_of
from deep_code_reasoning.code.graph.facts import Class, Definition, Facts
from deep_code_reasoning.code.graph.program import MOST_LOOKED_AT, Program
from deep_code_reasoning.code.graph.rules import type_words
from deep_code_reasoning.code.graph.scope import Scopes
from deep_code_reasoning.code.graph.value import DEEPEST, UNKNOWN, Place, Value
from deep_code_reasoning.code.outline import Part

MOST_BASES = 30
_CLASS_OBJECT = re.compile(r"^[\w.]+(?:\.|::)class(?:\.|$)")
_LITERAL = re.compile(r"^[rbfuRBFU@$]{0,2}[\"'`\[{\d]|^:\w|^(?:true|false|nil|null|None)\b")
_CLASSES_IN_ONE_PLACE = frozenset({"java", "python", "javascript", "typescript", "tsx", "php"})
_CAST = re.compile(r"^\(\(([\w.]+)(?:<[^()]*>)?\)[\w.]+\)$")


class Types:
    def __init__(self, program: Program, scopes: Scopes) -> None:
        self._program = program
        self._scopes = scopes
        self._declarations = Declarations(program, self)

    def value(self, text: str, place: Place, depth: int = 0) -> Value:
        """Of an expression's text, blanks removed."""
        if depth > DEEPEST:
            return UNKNOWN
        if _LITERAL.match(text):
            return Value("outside", why="called on a literal, which is the language's own")
        if _CLASS_OBJECT.match(text) and place.facts.rules.family == "jvm":
            return Value("outside", why="called on a class object, which is the language's own")
        if cast := _CAST.match(text):
            return self.class_of_type(cast[1], place.facts)
        steps = steps_of(text)
        if not steps:
            return UNKNOWN
        name, is_call = steps[0]
        found = self._first(name, is_call, place, depth)
        for name, is_call in steps[1:]:
            found = self._member(found, name, is_call, place, depth)
        return found

    def own_classes(self, place: Place) -> tuple[Class, ...]:
        owner = place.owner
        if not owner:
            return ()
        same = place.facts.classes.get(owner, [])
        if same and place.facts.rules.family not in ("go", "rust", "csharp"):
            return tuple(same)
        return self._scopes.meaning(owner, place.facts).classes or tuple(same)

    def around_classes(self, place: Place) -> list[tuple[Class, ...]]:
        """The class of the function, then those around it, whose members can be named as well."""
        found = [self.own_classes(place)]
        part = place.function.part.nearest("class") if place.function else None
        while part is not None and (part := part.nearest("class")) is not None:
            found.append(tuple(one for all_ in place.facts.classes.values() for one in all_ if one.part is part))
        return [one for one in found if one]

    def with_bases(self, classes: tuple[Class, ...]) -> list[Class]:
        """The classes and all they extend, the nearest first."""
        found, waiting, seen = [], list(classes), set()
        while waiting and len(found) < MOST_BASES:
            one = waiting.pop(0)
            if (one.path, one.part.start) in seen:
                continue
            seen.add((one.path, one.part.start))
            found.append(one)
            facts = self._program.facts(one.path)
            for base in one.bases if facts else ():
                assert facts
                waiting.extend(self.class_of_type(base, facts).classes)
        return found

    def methods(self, classes: tuple[Class, ...], name: str) -> list[Definition]:
        """Of the first of the classes and their bases that has it."""
        for one in self.with_bases(classes):
            if found := self.own_methods(one, name):
                return found
        return []

    def own_methods(self, one: Class, name: str) -> list[Definition]:
        facts = self._program.facts(one.path)
        if facts is None:
            return []
        found = [item for item in facts.by_name.get(name, ()) if _is_member(item, one)]
        if not found and facts.rules.family in (
            "go",
            "rust",
            "csharp",
            "ruby",
            "c",
        ):  # methods may stand in other files
            paths = self._program.near(name, facts)[:MOST_LOOKED_AT]
            folder = facts.path.rpartition("/")[0]
            if facts.rules.family == "go":
                paths = [path for path in paths if path.rpartition("/")[0] == folder]
            found = [item for item in self._program.definitions(name, paths) if _is_member(item, one)]
        return found

    def class_of_type(self, text: str, facts: Facts, near: Part | None = None) -> Value:
        """Of a type as written; of one that holds another (`Arc<Store>`) the inner. Of several classes of that name the
        one in the innermost class around `near`."""
        text = text.strip().lstrip("*&?:").strip()
        text = re.sub(r"^(?:const|mut|dyn|impl|readonly|final|struct|\.\.\.|\x27\w+)\s*", "", text).lstrip("*& ")
        box = ""
        for _ in range(3):
            head, inner = outer_type(text)
            last = head.replace("::", ".").split(".")[-1]
            if inner and last in type_words("wrappers"):
                text = re.sub(r"^(?:dyn|impl|mut|const)\s+", "", inner.lstrip("*& \"'"))
                if last in type_words("boxes") and facts.rules.family != "python":
                    box = box or last
            elif text.startswith("[") or (inner is None and "[" in text):
                return UNKNOWN
        found = self._class_named(text, facts)
        return replace(found, box=box, classes=_nearest(found.classes, near)) if found.kind == "object" else found

    def _class_named(self, text: str, facts: Facts) -> Value:
        head = outer_type(text)[0].strip("*&?! \"'")
        names = [part for part in re.split(r"\.|::|\\", head) if part]
        if not names or names[-1] in type_words("not_types"):
            return UNKNOWN
        if len(names) > 1:
            first = self._scopes.meaning(names[0], facts)
            inner = first.classes
            for name in names[1:]:
                inner = self._inner(inner, name)
            if inner:
                return Value("object", inner, how=first.how)
            if first.modules:
                found = self._scopes.members(names[-1], first.modules, "import")
            elif first.outside:
                return Value("outside", why=first.outside)
            else:
                found = self._scopes.by_package(names[-1], ".".join(names[:-1]), facts)
                found = found if not found.is_empty else self._scopes.meaning(names[-1], facts)
        else:
            found = self._scopes.meaning(names[-1], facts)
        if found.classes:
            return Value("object", found.classes, how=found.how)
        if found.outside:
            return Value("outside", why=found.outside)
        return self._anywhere(names[-1], facts)

    def _anywhere(self, name: str, facts: Facts) -> Value:
        """A class by its name alone, where no import leads to it."""
        if facts.rules.family in ("python", "ecma", "go") or not name[:1].isupper():
            return UNKNOWN if not name[:1].isupper() else Value("outside", why=f"type {name} is not in this tree")
        found = self._program.classes(name, self._program.near(name, facts)[:MOST_LOOKED_AT])
        if found:
            return Value("object", tuple(found), how="name")
        return Value("outside", why=f"type {name} is not in this tree")

    def _first(self, name: str, is_call: bool, place: Place, depth: int) -> Value:
        rules = place.facts.rules
        if (found := self._of_self(name, is_call, place)) is not None:
            return found
        if name.startswith("@"):
            return self._declarations.field(self.own_classes(place), name.lstrip("@"), depth)
        plain = name.lstrip("$")
        if not is_call and (found := self._declarations.declared(plain, place, depth)).kind != "unknown":
            return found
        meaning = self._scopes.meaning(plain, place.facts)
        if meaning.classes:
            classes = _nearest(meaning.classes, place.function.part if place.function else None)
            return Value("object" if is_call else "class", classes, how=meaning.how)
        if meaning.functions and is_call:
            return self._returned(meaning.functions, depth)
        if meaning.modules:
            return Value("module", modules=meaning.modules, how=meaning.how)
        if meaning.outside:
            return Value("outside", why=meaning.outside)
        if is_call and rules.implicit_self:
            return self._returned(tuple(self.methods(self.own_classes(place), plain)), depth)
        return UNKNOWN if is_call else self._variable(plain, place, depth)

    def _of_self(self, name: str, is_call: bool, place: Place) -> Value | None:
        """None where the name is neither the object itself nor what it extends."""
        rules = place.facts.rules
        own = self.own_classes(place)
        if name in rules.own or name in ("self", "this"):
            kind = "class" if name in ("cls", "static", "Self") else "object"
            return Value(kind, own, how="same class") if own else UNKNOWN
        if name in ("super", "base", "parent") and (is_call or name in rules.base):
            bases = tuple(self.with_bases(own)[len(own) :])
            if own and not bases:
                return Value("outside", why="the base class is not in this tree")
            return Value("object", bases, how="same class") if own else UNKNOWN
        return None

    def _variable(self, name: str, place: Place, depth: int) -> Value:
        """A field of the classes around that needs no `this`, a variable of the file, at last a class by its name."""
        rules = place.facts.rules
        for classes in self.around_classes(place) if rules.implicit_self else ():
            if (found := self._declarations.field(classes, name, depth)).kind != "unknown":
                return found
        if (found := self._declarations.at_top(name, place, depth)).kind != "unknown":
            return found
        if name[:1].isupper() and not name.isupper() and rules.family not in ("python", "ecma", "go"):
            found = self._anywhere(name, place.facts)
            return Value("class", found.classes, how=found.how) if found.classes else found
        return UNKNOWN

    def _member(self, of: Value, name: str, is_call: bool, place: Place, depth: int) -> Value:
        if of.kind == "module":
            found = self._scopes.members(name, of.modules, "import")
            if found.classes:
                return Value("object" if is_call else "class", found.classes, how="import")
            return self._returned(found.functions, depth) if is_call else UNKNOWN
        if of.kind not in ("object", "class") or not of.classes:
            return of if of.kind == "outside" else UNKNOWN
        if of.box:
            return replace(of, box="") if name in type_words("opened_by") else UNKNOWN
        inner = self._inner(of.classes, name) if of.kind == "class" else ()
        if is_call:
            if inner:
                return Value("object", inner, how=of.how)
            made = self._returned(tuple(self.methods(of.classes, name)), depth)
            if made.kind != "unknown":
                return made
            if place.facts.rules.family == "rust" and name in ("unwrap", "expect"):  # lock().unwrap()
                return of
            if of.kind == "class" and name in ("new", "default", "getInstance", "of", "create", "builder"):
                return Value("object", of.classes, how=of.how) if name == "new" else UNKNOWN
            return self._asked_for(of.classes, name)
        found = self._declarations.field(of.classes, name, depth)
        if found.kind != "unknown" or of.kind != "class":
            return found
        if inner:
            return Value("class", inner, how=of.how)
        return Value("object", of.classes) if name.isupper() else UNKNOWN

    def _inner(self, classes: tuple[Class, ...], name: str) -> tuple[Class, ...]:
        return tuple(
            one
            for outer in classes
            if (facts := self._program.facts(outer.path))
            for one in facts.classes.get(name, ())
            if one.name.startswith(f"{outer.name}.") or one.part.nearest("class") is outer.part
        )

    def _returned(self, functions: tuple[Definition, ...], depth: int) -> Value:
        if not functions or depth > DEEPEST:
            return UNKNOWN
        one = functions[0]
        facts = self._program.facts(one.path)
        says = one.returns
        if facts is None or not says:
            return UNKNOWN
        if facts.language.name == "go" and says.startswith("("):
            says = says.strip("()").split(",")[0].split(" ")[-1]
        if says in ("Self", "self", "static", "this", '"Self"'):
            own = self.own_classes(Place(facts, one, one.part.end))
            return Value("object", own, how="type") if own else UNKNOWN
        return self.class_of_type(says, facts, one.part)

    def _asked_for(self, classes: tuple[Class, ...], name: str) -> Value:
        """What an interface says that a method without a body returns."""
        for one in self.with_bases(classes):
            facts = self._program.facts(one.path)
            if facts is None or not one.is_interface:
                continue
            match = re.search(
                rf"\b{re.escape(name)}\??\s*\([^()]*\)\s*(?::|->)?\s*([*&]*[A-Za-z_][\w.:]*(?:<[^;\n]{{0,80}}>)?)",
                one.text,
            )
            if match:
                return self.class_of_type(match[1], facts)
        return UNKNOWN


def _nearest(classes: tuple[Class, ...], part: Part | None) -> tuple[Class, ...]:
    around = part
    while len(classes) > 1 and around is not None:
        around = around.nearest("class")
        inside = tuple(one for one in classes if one.part is around or one.part.nearest("class") is around)
        if inside and around is not None:
            return inside
    return classes


def _is_member(item: Definition, of: Class) -> bool:
    """Not one of a class without a name that stands in a method of it, nor of another class of that name in the file,
    where a language has all of a class in one place."""
    if item.owner != of.simple or item.kind == "function":
        return False
    if item.path != of.path or item.part.language.name not in _CLASSES_IN_ONE_PLACE:
        return True
    around = next((one for one in item.part.around("class") if one.name), None)
    return around is None or around.start == of.part.start
