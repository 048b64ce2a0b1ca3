"""Whether a call leaves the process: queries, requests, messages. By names, declared types and the text of a query.

Names are all there is to know a remote call by without running the program, so this errs to the side of "no".
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Protocol

from deep_code_reasoning.code.literals import is_sql
from deep_code_reasoning.code.outline import Part

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME = re.compile(r"[A-Za-z_][\w]*")
_SAYS = re.compile(
    r"(?i)\b(log\w*|console|print\w*|raise|panic|error\w*|warn\w*|debug|info|format|sprintf|exception)\b|Error\w*$|Exception$"
)
_SELF = re.compile(r"^(self|this|\$this|@|cls|super|super\(\))$")
_BUILDS = re.compile(r"^(text|sql|raw|literal|literal_column|SQL|Sprintf|format|join|concat|append)$")
"""Makes a statement and hands it to no one."""
_OF_PYTHON = frozenset({"requests", "httpx"})
"""Libraries; elsewhere `requests` is what someone calls a map of them."""
MOST_MENTIONS = 20
_IS_WORD = re.compile(r"\w")
_DECLARED = re.compile(r"\s*[;,=)]")
_TYPE_BEFORE = re.compile(r"(\w+)(?:<[^<>]*>)?[ *&?]+$")
"""Java, C#, C++: the type, then the name."""
_TYPE_AFTER = re.compile(
    r"^(?:\??\s*:\s*&?(?:mut )?|\s*:?=\s*(?:await |new |&)?|\s+\*?)(?:[\w.]+[.:])?([A-Za-z]\w*)\s*(?=[({,)`\n?=;]|$)"
)
"""TypeScript, Kotlin, Python, Rust, Go: the name, then the type; or what it is made by."""


class Source(Protocol):
    """The text around a call, in which its receiver is declared; what was found in it is kept with it."""

    @property
    def source(self) -> str: ...


def remote_words(call: Part, side: Source) -> str | None:
    """How a call that leaves the process is named to a reader: `catalog.product()`; None for any other call."""
    method, receiver = call.method, call.receiver
    if not method or _is_made(call):
        return None
    if not (is_query(call) or _is_named(call, method, receiver) or _is_typed(call, method, receiver, side)):
        return None
    return shown(call)


def is_query(call: Part) -> bool:
    """A call that hands over a statement of SQL."""
    if _is_made(call) or _SAYS.search(call.callee) or _BUILDS.match(call.method):
        return False
    arguments = call.arguments
    if not re.search(r"(?i)\b(select|insert|update|delete|merge|with)\b", arguments):
        return False
    return any(
        is_sql(text.strip("\"'`$@ "))
        for text in re.findall(r"\"\"\".*?\"\"\"|\"[^\"]*\"|'[^']*'|`[^`]*`", arguments, re.DOTALL)[:3]
    )


def is_store_call(call: Part, side: Source) -> bool:
    """A call of what keeps data: a repository, a session, a record's class."""
    if remote_words(call, side) is None:
        return False
    return (
        _last_word(call.receiver) in _words("stores")
        or bool(_pattern("store_methods").match(call.method))
        or (call.language.name == "ruby" and bool(_pattern("model").match(call.receiver)))
        or ".objects" in call.callee
    )


def shown(call: Part) -> str:
    """`catalog.product()`: the last part of the receiver, and the method."""
    names = _NAME.findall(re.sub(r"\([^()]*\)", "", call.receiver))
    return f"{names[-1]}.{call.method}()" if names and not _SELF.match(names[-1]) else f"{call.method}()"


def is_own(call: Part) -> bool:
    """Called on nothing, or on the object itself: a function that may be of the same file."""
    return (
        not call.receiver or bool(_SELF.match(call.receiver)) or (len(call.receiver) <= 2 and call.receiver.isalpha())
    )


def _is_named(call: Part, method: str, receiver: str) -> bool:
    if _pattern("callees").search(call.callee) and (receiver not in _OF_PYTHON or call.language.name == "python"):
        return not _is_never(receiver)
    if _pattern("methods").search(method):
        # In capitals and on nothing: `QueryContext(...)` makes an object.
        return not _is_never(receiver) and not (method[0].isupper() and not receiver)
    if not receiver or _is_never(receiver):
        return False
    last = _last_word(receiver)
    if call.language.name == "ruby" and _pattern("model").match(receiver):
        return method in _words("model_methods")
    if _is_class(receiver) or (call.language.name == "ruby" and method == "send"):
        return False
    if last in _words("holders"):
        return _is_asked(call)
    return last in _words("receivers") and _verb(method) in _words("verbs")


def _is_asked(call: Part) -> bool:
    """What holds a connection does most of its work here; only some of its methods go over it."""
    words = _WORD.findall(call.method)
    if len(words) > 1:
        return words[0].lower() in _words("holder_verbs")
    is_property = _verb(call.method) == "get" and call.arguments in ("", "()")
    return _verb(call.method) in _words("verbs") and not is_property


def _is_made(call: Part) -> bool:
    return call.node.type in ("object_creation_expression", "new_expression")


def _is_class(receiver: str) -> bool:
    """A name in capitals: what is asked is a type, which keeps no connection."""
    names = _NAME.findall(re.sub(r"\([^()]*\)", "", receiver))
    return bool(names) and names[-1][0].isupper()


def _is_own_object(call: Part, name: str) -> bool:
    """Go's receiver: the method's own object."""
    function = call.nearest("function")
    node = function.node.child_by_field_name("receiver") if function else None
    return node is not None and name in (node.text or b"").decode("utf-8", "replace").strip("()").split()[:1]


def _is_typed(call: Part, method: str, receiver: str, side: Source) -> bool:
    """What the file declares the receiver to be: `private final CatalogClient catalog;`."""
    names = _NAME.findall(receiver)
    if not names or "(" in receiver or _is_never(receiver) or _verb(method) in _words("local") or _is_class(receiver):
        return False
    if _is_own_object(call, receiver):
        return False
    kind = _declared_remote(side, names[-1])
    if kind in _words("holders"):
        return _is_asked(call)
    return kind is not None and not _is_question(method)


def _is_question(method: str) -> bool:
    """`isUnavailable`, `maybeThrow`, `disableWakeups`: about the client, not by it."""
    words = _WORD.findall(method)
    return len(words) > 1 and words[0].lower() in _words("about_itself")


def _declared_remote(side: Source, name: str) -> str | None:
    known = side.__dict__.setdefault("_declared", {})
    if name not in known:
        known[name] = _remote_type(side.source, name)
    return known[name]


def _remote_type(source: str, name: str) -> str | None:
    """The last word of the type that a name is declared with, where things of that type are far away."""
    at, mentions = source.find(name), 0
    while at >= 0 and mentions < MOST_MENTIONS:
        end = at + len(name)
        before, after = source[max(0, at - 60) : at], source[end : end + 60]
        if not _IS_WORD.match(after) and not _IS_WORD.match(before[-1:]):
            mentions += 1
            for pattern, text in ((_TYPE_BEFORE, before if _DECLARED.match(after) else ""), (_TYPE_AFTER, after)):
                kind = pattern.search(text)
                if kind and kind[1][0].isupper() and _last_word(kind[1]) in _words("types"):
                    return _last_word(kind[1])
        at = source.find(name, end)
    return None


def _is_never(receiver: str) -> bool:
    names = _NAME.findall(receiver)
    return bool(names) and bool(_pattern("never").search(names[-1]))


def _last_word(name: str) -> str:
    """`orderRepository` -> repository, `self.db` -> db, `getClient()` -> client."""
    names = _NAME.findall(re.sub(r"\([^()]*\)", "", name))
    words = _WORD.findall(names[-1].rstrip("_")) if names else []
    if not words:
        return ""
    whole = names[-1].lower().strip("_")
    return whole if whole in _words("receivers") else words[-1].lower()


def _verb(method: str) -> str:
    words = _WORD.findall(method)
    whole = method.lower()
    return whole if whole in _words("verbs") or whole in _words("local") or not words else words[0].lower()


@cache
def _data() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(_data()[name].split())


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_data()[name])
