"""Finds values whose key says that they are secret: in JSON (inside strings of JSON too), YAML, TOML, properties, .env,
XML, headers, code, connection strings and URLs, and in lists of names and values as of telemetry and containers.

No expression needs more than linear time: each run is bounded, or taken whole by what matches.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from deep_code_reasoning.context.secret_catalogue import key_names

_WAYS = ("escaped", "quoted", "bare")
_QUOTE = r"""(?:\\{0,7}["']|\\{1,7}u0022|&quot;)"""
_PLACEHOLDER = r"[«‹]secret:[^»›\n]{0,80}[»›]"
_VALUE = (
    r"""(?:(?P<deep>\\{1,7}["']|\\{1,7}u0022|&quot;)(?P<escaped>(?:(?!(?P=deep))[^\n])*)"""
    r"""|(?:[bBrRuUfF]|string\(\d{1,6}\)\s{1,8})?(?P<quote>["'])(?P<quoted>(?:\\.|(?!(?P=quote))[^\n\\])*)"""
    r"""|(?P<bare>\$\{\{?[^}\n]{0,200}\}\}?|<[^>\n]{0,200}>|(?:(?!%26)[^\s,;&"'`\])}>«])+))"""
)
# `=`, `:`, `:=`, `=>`, `%3D`, `(` before a quote; in YAML also the marks of a block on the next line.
_SEPARATOR = (
    r"(?P<separator>\s{0,8}(?:=>|:=|[:=]|%3[dDaA]|\((?=[\"']))[ \t]{0,8}(?:[|>][+-]?[ \t]{0,8}\n[ \t]{1,16})?)\[?"
)
_BEFORE_A_NAME = re.compile(rf"\b(?:key|name){_QUOTE}?\s{{0,8}}[:=]\s{{0,8}}{_QUOTE}?[\w.-]{{0,60}}\Z", re.IGNORECASE)
NO_SECRET = re.compile(
    r"(?:none|null|nil|true|false|undefined|empty|redacted|masked|hidden|filtered|removed|required|optional|string|str"
    r"|bytes|int|[*x.•#-]+|<[^>]*>|\$\{\{?[^}]*\}?\}?|\$[A-Za-z_]\w*|\{\{?[^}]*\}?\}|%\(?\w+\)?s?|\[[A-Za-z ]*\]"
    r"|(?:bearer|basic|token|digest)\s*|[A-Z]\w*<[A-Z&'][\w:., <>\[\]]*"
    r"|(?:(?:bearer|basic|token)\s+)?[#$]\{.*|(?:%[sdvq]\W{0,2})+|0x[0-9a-f]{1,16}"
    r"|same-origin|include|[:@][a-z_][\w.]*|«[^»]*»?|!(?:vault|ref|sub|getatt|secret)\b.*"
    r"|[\^~<>=v ]{0,4}\d+(?:\.\d+)+(?:[-+.][\w.-]+)?)",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:~|\.{1,2})?(?:/[a-z0-9._@-]{1,40})+/?")
_NAME_OF_A_THING = re.compile(r"(?:\barn:[\w-]*:[^\s\"']*|(?:checksum|hash|sha\d{0,3}|digest|fingerprint)[/_.-])\Z")
_CODE_BEHIND_A_TEXT = re.compile(r"\s*\+\s*[\w.]+\(|\s+\+\s")
"""`"no credentials: " + e.getMessage()`: the quote that seems to begin the value ends the text."""
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)*")
_ENDS_AS_TOKEN = re.compile(r"(?:token|jwt)$", re.IGNORECASE)
_SAID_IN_A_CALL = re.compile(r"passw|passphrase|pwd|secret|api", re.IGNORECASE)
_NAMES_A_SECRET = re.compile(r"passw|secret|token|key|self\.", re.IGNORECASE)


class SecretValue(NamedTuple):
    """Where it begins and ends; `kind` is the part of the key's name that gave it away."""

    start: int
    end: int
    kind: str


def secret_values(text: str) -> Iterator[SecretValue]:
    """In order, none inside another; placeholders are passed over."""
    end = 0
    for hit in _keys().finditer(_lowered(text)):
        if (
            hit.start() < end
            or hit[0][0] in "«‹"
            or _NAME_OF_A_THING.search(text, max(0, hit.start() - 120), hit.start())
        ):
            continue
        for expression in _expressions():
            match = expression.match(text, hit.start())
            if match is None or (expression is _expressions()[-1] and not _BEFORE_A_NAME.search(text, *_before(match))):
                continue
            way = next(name for name in _WAYS if match[name] is not None)
            if _is_secret(match["key"], match[way], match["separator"], quoted=way != "bare"):
                yield SecretValue(match.start(way), match.end(way), _kind_of(match["key"]))
            end = match.end()
            break


@cache
def _keys() -> re.Pattern[str]:
    """Where a key may begin, in lower case: many times as fast as to ignore case."""
    return re.compile("|".join((_PLACEHOLDER, *key_names()["secret"])))


@cache
def _expressions() -> tuple[re.Pattern[str], ...]:
    """`key: value`; `<password>value</password>`; `"key": "db.password", "value": {"stringValue": "..."}` or `- name:
    DB_PASSWORD`, `value: ...`, of which the beginning is _BEFORE_A_NAME."""
    names = key_names()
    key = (
        rf"(?P<key>(?:{'|'.join(names['secret'])})(?![_.-]?(?:{'|'.join(names['not_when_followed_by'])}))[\w-]{{0,30}})"
    )
    either = (
        rf"{key}{_QUOTE}?(?:\])?{_SEPARATOR}{_VALUE}",
        rf"{key}(?P<separator>>){_VALUE}(?=</)",
        rf"{key}{_QUOTE}?[\s,}}]{{0,24}}(?:-\s)?{_QUOTE}?value{_QUOTE}?(?P<separator>\s{{0,8}}[:=]\s{{0,8}})"
        rf"(?:\{{\s{{0,8}}{_QUOTE}(?:string_?value|s){_QUOTE}\s{{0,8}}:\s{{0,8}})?{_VALUE}",
    )
    return tuple(re.compile(one, re.IGNORECASE) for one in either)


@cache
def _about() -> re.Pattern[str]:
    """The end of a key that speaks about a secret: `secret_key_file`."""
    return re.compile(rf"[_-](?:{'|'.join(key_names()['not_when_followed_by'])})$", re.IGNORECASE)


def _before(match: re.Match[str]) -> tuple[int, int]:
    return max(0, match.start() - 120), match.start()


def _lowered(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return re.sub("[A-Z]+", lambda upper: upper[0].lower(), text)  # a letter that two lower ones stand for


def _is_secret(key: str, value: str, separator: str, *, quoted: bool) -> bool:
    """Tells a value from code that handles one: `password = form["password"]` holds none, `PASSWORD=hunter2` does."""
    if len(value) < 4 or NO_SECRET.fullmatch(value) or _PATH.fullmatch(value) or "«secret:" in value:
        return False
    if _about().search(key) or ("(" in separator and not _SAID_IN_A_CALL.match(key)):
        return False
    if _ENDS_AS_TOKEN.search(key) and (len(value) < 16 or " " in value):
        return False
    if quoted:
        if _CODE_BEHIND_A_TEXT.match(value):
            return False
        return " " not in value.strip() or (len(value) < 40 and "(" not in separator)
    if separator == "=" and key.isupper() and not value.startswith(("(", "[", "{", "$", "@")):
        # A line of a .env file, also with odd characters; `KEY=name.of.variable` is a mention.
        return not (_IDENTIFIER.fullmatch(value) and _NAMES_A_SECRET.search(value))
    if re.search(r"[(\[{]|:$", value) or re.fullmatch(r"\d{1,8}(?:\.\d+)?", value):
        return False
    if _IDENTIFIER.fullmatch(value):
        if _looks_drawn(value):
            return True
        # A name or a word: in code it is a variable. `key=word1` without spaces is a URL or a log line.
        is_written_out = separator == "=" and re.fullmatch(r"[a-z]+\d+\w*", value) is not None
        return (is_written_out or separator == ">") and not _NAMES_A_SECRET.search(value)
    return True


def _looks_drawn(value: str) -> bool:
    """Tells `9vXbT2kQ8mZr4LpW` from `next_page_token_v2` and `getUserToken`: digits and cases alternate in it."""
    if len(value) < 16:
        return False
    classes = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in value if c not in "_."]
    digits = classes.count("d")
    if digits >= 4 and re.fullmatch("[0-9a-f]+|[0-9A-F]+", value):
        return True
    changes = [(one, other) for one, other in itertools.pairwise(classes) if one != other]
    groups = sum("d" in change for change in changes)
    return groups >= 4 or len(changes) >= 0.45 * len(classes)


def _kind_of(key: str) -> str:
    """The part of the key's name that gave it away, as `api-key` of `api_key_eu`."""
    found = [m.group() for name in key_names()["secret"] if (m := re.match(name, key, re.IGNORECASE))]
    return re.sub(r"[^a-z0-9]+", "-", max(found, key=len).lower()) if found else "password"
