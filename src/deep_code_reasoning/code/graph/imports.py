"""What a file brings into scope: names, modules under a name, and modules whose names all come in."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deep_code_reasoning.code.language import Language
from deep_code_reasoning.code.outline import Outline

MOST = 2_000


@dataclass(frozen=True)
class Import:
    """`module` as the language writes it; `member` of it, or empty where the module itself is named."""

    module: str
    member: str = ""


@dataclass
class Imports:
    """`whole`: modules of which every name comes into scope, or that are read for their effect."""

    named: dict[str, Import] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)


def imports_of(language: Language, read: Outline, source: str) -> Imports:
    found = Imports()
    reader = _READERS.get(language.name)
    for name, one in reader(read, source) if reader else ():
        if len(found.named) + len(found.whole) >= MOST:
            break
        if name:
            found.named.setdefault(name, one)
        elif one.module not in found.whole:
            found.whole.append(one.module)
    return found


_Found = Iterator[tuple[str, Import]]


def _python(read: Outline, _source: str) -> _Found:
    for part in read.of("import"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(textwrap.dedent(part.data[part.start : part.end].decode("utf-8", "replace")))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                for one in statement.names:
                    yield (
                        one.asname or one.name.split(".")[0],
                        Import(one.name if one.asname else one.name.split(".")[0]),
                    )
                    if not one.asname and "." in one.name:
                        yield one.name, Import(one.name)
            elif isinstance(statement, ast.ImportFrom):
                module = "." * statement.level + (statement.module or "")
                for one in statement.names:
                    yield (
                        ("", Import(module)) if one.name == "*" else (one.asname or one.name, Import(module, one.name))
                    )


_JVM = re.compile(
    r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+?)(\.[*_])?(?:[ \t]+as[ \t]+(\w+))?[ \t]*;?[ \t]*(?://.*)?$",
    re.MULTILINE,
)
_SCALA_GROUP = re.compile(r"^[ \t]*import[ \t]+([\w.]+)\.\{([^{}]{0,4000})\}", re.MULTILINE)


def _jvm(_read: Outline, source: str) -> _Found:
    for path, star, alias in _JVM.findall(source):
        module, _, member = path.rpartition(".")
        yield ("", Import(path)) if star else (alias or member, Import(module, member))
    for module, group in _SCALA_GROUP.findall(source):
        for one in group.split(","):
            name, _, alias = (part.strip() for part in re.sub(r"\bas\b", "=>", one).partition("=>"))
            if name in ("_", "*", "given"):
                yield "", Import(module)
            elif name and alias != "_":
                yield alias or name, Import(module, name)


_USING = re.compile(
    r"^[ \t]*(?:global[ \t]+)?using[ \t]+(static[ \t]+)?(?:(\w+)[ \t]*=[ \t]*)?([\w.]+)[ \t]*;", re.MULTILINE
)


def _csharp(_read: Outline, source: str) -> _Found:
    for is_static, alias, path in _USING.findall(source):
        module, _, member = path.rpartition(".")
        if alias:
            yield alias, Import(module, member)
        yield "", Import(path)
        if is_static:
            yield "", Import(module)


_PHP_USE = re.compile(
    r"^[ \t]*use[ \t]+(?:function[ \t]+|const[ \t]+)?([\w\\]+)(?:\\\{([^{}]{0,4000})\})?(?:[ \t]+as[ \t]+(\w+))?",
    re.MULTILINE,
)


def _php(_read: Outline, source: str) -> _Found:
    for path, group, alias in _PHP_USE.findall(source):
        for one in group.split(",") if group else [""]:
            name, _, other = (part.strip() for part in one.partition(" as "))
            module, _, member = (f"{path}\\{name}" if name else path).strip("\\").rpartition("\\")
            yield (other or alias or member), Import(module, member)


_GO_SPEC = re.compile(r"^[ \t]*(?:import[ \t]*\(?[ \t]*)?(?:([\w.]+)[ \t]+)?[\"`]([^\"`\s]+)[\"`]", re.MULTILINE)


def _go(read: Outline, _source: str) -> _Found:
    for part in read.of("import"):
        if part.node.type != "import_declaration":
            continue
        text = part.data[part.start : min(part.end, part.start + 100_000)].decode("utf-8", "replace")
        for alias, path in _GO_SPEC.findall(text):
            if alias == ".":
                yield "", Import(path)
            elif alias != "_":
                yield alias or _go_name(path), Import(path)


def _go_name(path: str) -> str:
    """What a package is called without an alias: its last name, of `x/v3` and `yaml.v2` the one before."""
    names = [one for one in path.split("/") if not re.fullmatch(r"v\d+", one)] or [path]
    return re.sub(r"^go-|\.v\d+$|-go$", "", names[-1]).replace("-", "")


_USE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?use[ \t]+([^;]{1,1000});", re.MULTILINE)
_MOD = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?mod[ \t]+(\w+)[ \t]*;", re.MULTILINE)


def _rust(_read: Outline, source: str) -> _Found:
    for name in _MOD.findall(source):
        yield name, Import(f"self::{name}")
    for text in _USE.findall(source):
        for path, alias in _rust_tree("".join(text.replace(" as ", " > ").split()), 0):
            module, _, member = path.rpartition("::")
            yield ("", Import(module)) if member == "*" else (alias or member, Import(module, member))


def _rust_tree(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """`a::{b,c>d}` -> a::b, and a::c under the name d."""
    head, brace, rest = text.partition("{")
    if not brace or depth > 8:
        path, _, alias = text.partition(">")
        yield (path.removesuffix("::self"), alias)
        return
    level, start = 0, 0
    inner = rest[: rest.rfind("}")] if "}" in rest else rest
    for at, character in enumerate(inner + ","):
        level += (character == "{") - (character == "}")
        if character == "," and level == 0:
            if one := inner[start:at]:
                yield from _rust_tree(head + one, depth + 1)
            start = at + 1


_ES = re.compile(r"\b(?:import|export)\s+(?:type\s+)?([\w$*{}\s,]{1,1000}?)\s*from\s*[\"']([^\"'\n]+)[\"']")
_REQUIRE = re.compile(
    r"\b(?:const|let|var)\s+([\w$]+|\{[^{}]{0,2000}\})\s*=\s*(?:await\s+)?(?:require|import)\(\s*[\"']([^\"'\n]+)[\"']\s*\)(?:\.(\w+))?"
)


def _ecma(_read: Outline, source: str) -> _Found:
    for what, module in _ES.findall(source):
        plain, _, group = what.partition("{")
        for one in group.partition("}")[0].split(","):
            name, _, alias = (part.strip() for part in re.sub(r"\s+as\s+", "=", one).partition("="))
            name = name.removeprefix("type ")
            if name:
                yield alias or name, Import(module, name)
        for one in plain.split(","):
            words = one.split()
            if words[:2] == ["*", "as"] and len(words) == 3:
                yield words[2], Import(module)
            elif words == ["*"]:
                yield "", Import(module)
            elif len(words) == 1:
                yield words[0], Import(module, "default")
    for what, module, member in _REQUIRE.findall(source):
        if not what.startswith("{"):
            yield what, Import(module, member)
        for one in what.strip("{} \n").split(",") if what.startswith("{") else ():
            name, _, alias = (part.strip() for part in one.partition(":"))
            if name:
                yield alias or name, Import(module, name)


_RUBY = re.compile(
    r"^[ \t]*(require|require_relative|load|autoload)\b[ \t(]*(?::\w+,[ \t]*)?[\"']([^\"'\n#]+)[\"']", re.MULTILINE
)


def _ruby(_read: Outline, source: str) -> _Found:
    for how, path in _RUBY.findall(source):
        yield "", Import(f"./{path}" if how == "require_relative" else path)


_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[\"<]([^\">\n]+)[\">]", re.MULTILINE)


def _c(_read: Outline, source: str) -> _Found:
    for path in _INCLUDE.findall(source):
        yield "", Import(path)


_READERS: dict[str, Callable[[Outline, str], _Found]] = {
    "python": _python, "java": _jvm, "kotlin": _jvm, "scala": _jvm, "c-sharp": _csharp, "php": _php, "go": _go,
    "rust": _rust, "javascript": _ecma, "typescript": _ecma, "tsx": _ecma, "ruby": _ruby, "c": _c, "cpp": _c,
}  # fmt: skip
