"""What a name means in a file: its own, imported, of its package, else whatever in the repository bears it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deep_code_reasoning.code.graph.facts import Class, Definition, Facts
from deep_code_reasoning.code.graph.imports import Import
from deep_code_reasoning.code.graph.program import MOST_LOOKED_AT, Program, shared_folders

DEEPEST = 6
"""How often a name may be handed on from file to file (`from .a import x` in a package that others import)."""
MOST_KNOWN = 4_000
_ENDINGS = ("", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", "/index.ts", "/index.tsx", "/index.js")


@dataclass(frozen=True)
class Meaning:
    """`functions`, `classes`: what the name may be; `modules`: files of a module so named. `how`: same file, import,
    same package, name. `outside`: why it is known to lie outside of the repository; empty where that is not known."""

    functions: tuple[Definition, ...] = ()
    classes: tuple[Class, ...] = ()
    modules: tuple[str, ...] = ()
    how: str = ""
    outside: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.functions or self.classes or self.modules)


NOTHING = Meaning()


class Scopes:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[tuple[str, str], Meaning] = {}

    def meaning(self, name: str, facts: Facts, depth: int = 0) -> Meaning:
        """Of a bare name: a function of the file or package, a class, a module."""
        key = (facts.path, name)
        if key not in self._known:
            self._known[key] = NOTHING  # a circle of imports ends here
            found = self._meaning(name, facts, depth)
            if depth:
                del self._known[key]
                return found
            if len(self._known) > MOST_KNOWN:  # what is known holds trees of files in memory
                self._known.clear()
            self._known[key] = found
            return found
        return self._known[key]

    def members(self, name: str, paths: Iterable[str], how: str, depth: int = 0) -> Meaning:
        """Top-level names of files of a module, those that they hand on included."""
        handed: Meaning = NOTHING
        functions, classes = [], []
        for path in list(paths)[:MOST_LOOKED_AT]:
            facts = self._program.facts(path)
            if facts is None:
                continue
            functions += [one for one in facts.by_name.get(name, ()) if _is_seen(one)]
            classes += facts.classes.get(name, ())
            if not functions and not classes and depth < DEEPEST and facts.language.name in _HANDS_ON:
                handed = self._handed_on(name, facts, depth)
                if not handed.is_empty:
                    return Meaning(handed.functions, handed.classes, handed.modules, how)
        return Meaning(tuple(functions), tuple(classes), (), how)

    def by_package(self, name: str, package: str, facts: Facts, *, only_near: bool = False) -> Meaning:
        """JVM, C#, PHP: by the package that files declare, wherever they lie. The package may end with a class.

        `only_near`: only files whose folder is named as the package, or that lie beside the one that asks.
        """
        package = package.replace("\\", ".").strip(".")
        folder = package.replace(".", "/")
        paths = self._program.near(name, facts)
        paths.sort(key=lambda path: not _lies_in(path, folder))
        functions, classes = [], []
        if only_near:
            own_folder = posixpath.dirname(facts.path)
            paths = [path for path in paths if _lies_in(path, folder) or posixpath.dirname(path) == own_folder]
        for path in paths[:MOST_LOOKED_AT]:
            if (functions or classes) and facts.rules.family != "csharp" and not _lies_in(path, folder):
                break  # a package of these languages lies in one folder a source root
            other = self._program.facts(path)
            if other is None:
                continue
            own = other.package.replace("\\", ".")
            inside = package.removeprefix(own).strip(".") if package == own or package.startswith(f"{own}.") else None
            if inside is None:
                continue
            functions += [
                one for one in other.by_name.get(name, ()) if one.name.rpartition(".")[0] == inside or _is_free(one)
            ]
            classes += [one for one in other.classes.get(name, ()) if one.name.rpartition(".")[0] == inside]
        return Meaning(tuple(functions), tuple(classes), (), "import")

    def imported(self, one: Import, facts: Facts, depth: int = 0) -> Meaning:
        if facts.rules.family in ("jvm", "csharp", "php"):
            found = self.by_package(one.member, one.module, facts)
            return found if not found.is_empty else Meaning(outside=f"{one.module}.{one.member} is not in this tree")
        files = self.files_of(one, facts)
        whole = f"{one.module} {one.member}".strip()
        if one.member and facts.rules.family == "python":
            below = self.files_of(Import(_joined(one.module, one.member)), facts)
            found = self.members(one.member, files, "import", depth + 1)
            if found.is_empty and below:
                return Meaning(modules=tuple(below), how="import")
        elif one.member == "default":
            found = self._default(files)
        elif one.member:
            found = self.members(one.member, files, "import", depth + 1)
        else:
            return (
                Meaning(modules=tuple(files), how="import")
                if files
                else Meaning(outside=f"{whole} is not in this tree")
            )
        return found if files else Meaning(outside=f"{whole} is not in this tree")

    def files_of(self, one: Import, facts: Facts) -> list[str]:
        """The files of a module, as the language of the importing file names them; empty for one from elsewhere."""
        finder = {
            "python": self._python,
            "go": self._go,
            "ecma": self._ecma,
            "rust": self._rust,
            "ruby": self._ruby,
            "c": self._c,
        }.get(facts.rules.family)
        return finder(one, facts) if finder else []

    def _meaning(self, name: str, facts: Facts, depth: int) -> Meaning:
        functions = tuple(one for one in facts.by_name.get(name, ()) if _is_seen(one))
        classes = tuple(facts.classes.get(name, ()))
        if functions or classes:
            return Meaning(functions, classes, (), "same file")
        if (one := facts.imports.named.get(name)) is not None:
            found = self.imported(one, facts, depth)
            if not found.is_empty or found.outside:
                return found
        found = self._of_package(name, facts)
        if not found.is_empty:
            return found
        for module in facts.imports.whole:
            if facts.rules.family in ("jvm", "csharp", "php"):
                found = self.by_package(name, module, facts)
            else:
                found = self.members(name, self.files_of(Import(module), facts), "import", depth + 1)
            if not found.is_empty:
                return found
        return NOTHING

    def _of_package(self, name: str, facts: Facts) -> Meaning:
        if facts.rules.family == "go":
            folder = posixpath.dirname(facts.path)
            paths = [path for path in self._program.near(name, facts) if posixpath.dirname(path) == folder]
            found = self.members(name, paths, "same package")
            same = [one for one in found.functions if self._package(one.path) == facts.package]
            return Meaning(tuple(same), found.classes, (), "same package")
        if facts.rules.family in ("jvm", "csharp", "php") and facts.package:
            package = facts.package
            while package:
                found = self.by_package(name, package, facts, only_near=facts.rules.family == "jvm")
                if not found.is_empty:
                    return Meaning(found.functions, found.classes, (), "same package")
                package = package.rpartition(".")[0] if facts.rules.family == "csharp" else ""
        if facts.rules.family in ("ruby", "jvm", "php", "c", "rust", "sql"):  # one name space, or no package declared
            folder = posixpath.dirname(facts.path)
            paths = [path for path in self._program.near(name, facts) if posixpath.dirname(path) == folder]
            if facts.rules.family in ("ruby", "c", "sql") or not facts.package:
                return self.members(name, paths, "same package")
        return NOTHING

    def _package(self, path: str) -> str:
        facts = self._program.facts(path)
        return facts.package if facts else ""

    def _handed_on(self, name: str, facts: Facts, depth: int) -> Meaning:
        if (one := facts.imports.named.get(name)) is not None:
            return self.imported(one, facts, depth + 1)
        for module in facts.imports.whole[:MOST_LOOKED_AT]:
            found = self.members(name, self.files_of(Import(module), facts), "import", depth + 1)
            if not found.is_empty:
                return found
        return NOTHING

    def _default(self, files: Iterable[str]) -> Meaning:
        functions, classes = [], []
        for path in files:
            facts = self._program.facts(path)
            if facts is None:
                continue
            at = facts.source.find("export default ")
            words = facts.source[at + 15 : at + 200].replace("(", " ").replace("{", " ").replace(";", " ").split()
            for word in words[:5] if at >= 0 else ():
                functions += facts.by_name.get(word, ())
                classes += facts.classes.get(word, ())
        return Meaning(tuple(functions[:1]), tuple(classes[:1]), tuple(files), "import")

    def _python(self, one: Import, facts: Facts) -> list[str]:
        level = len(one.module) - len(one.module.lstrip("."))
        rest = one.module[level:].replace(".", "/")
        if level:
            base = facts.path.split("/")[:-level]
            places = ["/".join([*base, rest]) if rest else "/".join(base)]
        else:
            places = [rest]
        for place in filter(None, places):
            for path in (f"{place}/__init__.py", f"{place}.py", f"{place}.pyi"):
                if level:
                    if self._program.names.has(path):
                        return [path]
                elif found := self._nearest(self._program.names.ending_with(path), facts):
                    return found
        return []

    def _nearest(self, paths: list[str], facts: Facts) -> list[str]:
        """Of several with one ending: those at the top (a repository's root, src), then the nearest. One of them."""
        return sorted(paths, key=lambda path: (-shared_folders(path, facts.path), path.count("/"), path))[:1]

    def _go(self, one: Import, facts: Facts) -> list[str]:
        best = ""
        for module in self._program.names.modules:
            if (one.module == module or one.module.startswith(module + "/")) and len(module) > len(best):
                best = module
        if not best:
            return []
        folder = posixpath.join(self._program.names.modules[best], one.module[len(best) :].strip("/"))
        paths = self._program.names.in_folder(folder.strip("/"))
        return [path for path in paths if path.endswith(".go") and not path.endswith("_test.go")]

    def _ecma(self, one: Import, facts: Facts) -> list[str]:
        names = self._program.names
        if one.module.startswith("."):
            base = posixpath.normpath(posixpath.join(posixpath.dirname(facts.path), one.module))
            stem = base.rsplit(".", 1)[0] if base.endswith((".js", ".mjs", ".cjs", ".jsx")) else base
            for place in (base, stem):
                for ending in _ENDINGS:
                    if names.has(place + ending):
                        return [place + ending]
            return []
        if one.module.startswith(("@/", "~/")):  # aliases of the project's own root
            for ending in _ENDINGS[1:]:
                if found := self._nearest(names.ending_with(one.module[2:] + ending), facts):
                    return found
        return []

    def _rust(self, one: Import, facts: Facts) -> list[str]:
        names = [part for part in one.module.split("::") if part not in ("crate", "self", "super")]
        if not names:
            return self._program.names.in_folder(posixpath.dirname(facts.path))
        for taken in (names, names[1:], names[:-1], names[1:-1]):
            for path in (f"{'/'.join(taken)}.rs", f"{'/'.join(taken)}/mod.rs", f"{'/'.join(taken)}/lib.rs"):
                if taken and (found := self._nearest(self._program.names.ending_with(path), facts)):
                    return found
        if len(names) == 1 and one.module.startswith(("crate", "super", "self")):
            return [facts.path]
        return []

    def _ruby(self, one: Import, facts: Facts) -> list[str]:
        path = one.module.removesuffix(".rb")
        if path.startswith("."):
            whole = posixpath.normpath(posixpath.join(posixpath.dirname(facts.path), path)) + ".rb"
            return [whole] if self._program.names.has(whole) else []
        return self._nearest(self._program.names.ending_with(f"{path}.rb"), facts)

    def _c(self, one: Import, facts: Facts) -> list[str]:
        """A header, and the files that carry out what it declares: those with its name."""
        header = self._nearest(self._program.names.ending_with(one.module), facts)
        stem = one.module.rpartition(".")[0] or one.module
        bodies = [f"{stem.rpartition('/')[2]}{ending}" for ending in (".c", ".cc", ".cpp", ".cxx")]
        return [
            *header,
            *(path for body in bodies for path in self._nearest(self._program.names.ending_with(body), facts)),
        ]


_HANDS_ON = frozenset({"python", "javascript", "typescript", "tsx", "rust", "c", "cpp"})


def _lies_in(path: str, folder: str) -> bool:
    return f"/{posixpath.dirname(path)}".endswith(f"/{folder}")


def _is_seen(one: Definition) -> bool:
    """From outside: no method, and none of a function's own."""
    around = one.part.nearest("function", "class", "lambda")
    return _is_free(one) and (around is None or around.role == "class")


def _is_free(one: Definition) -> bool:
    return one.kind in ("function", "lambda")


def _joined(module: str, member: str) -> str:
    return module + member if module.endswith(".") else f"{module}.{member}"


def distinct(found: Iterable[Definition]) -> Iterator[Definition]:
    seen = set()
    for one in found:
        if one.key not in seen:
            seen.add(one.key)
            yield one
