"""Takes secrets out before anything leaves the machine. Patterns and key names are data, in secrets.toml.

The same secret gets the same placeholder («secret:<kind>:<n>») everywhere in a brief, so that a reader can still see
that two services use one password. Found by one of three ways: its own shape (patterns), the name of its key, or that
it was found elsewhere in the same brief by one of these two. What this finds and misses is measured in
docs/decisions/0002-token-counting-and-redaction.md.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deep_code_reasoning.context.manifest import Redaction
from deep_code_reasoning.context.visible import visible

_PLACEHOLDER = re.compile(r"«secret:(?P<kind>[a-z0-9-]+):\d+»")
_SHORTEST_SWEPT = 8
_NO_SECRET = re.compile(
    r"(?:none|null|nil|true|false|undefined|empty|redacted|masked|hidden|filtered|removed|required|optional|string|str"
    r"|bytes|int|[*x.•#-]+|<[^>]*>|\$\{[^}]*\}|\$[A-Za-z_]\w*|\{\{?[^}]*\}?\}|%\(?\w+\)?s?|\[[A-Za-z ]*\]|«[^»]*»?)",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"[A-Za-z_][\w]*(?:(?:\.|->|::)[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Pattern:
    id: str
    regex: re.Pattern[str]
    needles: tuple[str, ...]


@cache
def patterns() -> tuple[Pattern, ...]:
    return tuple(
        Pattern(entry["id"], re.compile(entry["regex"]), tuple(entry["needles"])) for entry in _data()["pattern"]
    )


@cache
def _data() -> dict:
    return tomllib.loads((Path(__file__).parent / "secrets.toml").read_text("utf-8"))


@cache
def _assignments() -> re.Pattern[str]:
    """`key = value`, `"key": "value"`, `key=value` where the key's name says that the value is secret."""
    names = _data()["key_names"]
    secret = "|".join(names["secret"])
    apart = "|".join(names["not_when_followed_by"])
    return re.compile(
        rf"[«‹]secret:[^»›\n]*[»›]|(?P<key>(?:{secret})(?![_.-]?(?:{apart}))[\w-]{{0,30}})(?:\\?[\"'])?(?:\])?"
        r"(?P<separator>\s{0,8}(?:=>|:=|[:=])[ \t]{0,8})\[?"
        r"(?:\\[\"'](?P<escaped>(?:(?!\\[\"'])[^\n])*)"
        r"|(?P<quote>[\"'])(?P<quoted>(?:\\.|(?!(?P=quote))[^\n\\])*)"
        r"|(?P<bare>\$\{[^}\n]*\}|<[^>\n]*>|[^\s,;&\"'\])}>]+))",
        re.IGNORECASE,
    )


class Redactor:
    """Remembers the secrets of one brief. `clean` each text, then `sweep` each when all are known."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._told: set[str] = set()

    def clean(self, text: str) -> str:
        """The text without the secrets it shows; unseen characters are made visible. Idempotent."""
        text = visible(text)
        if "«secret:" in text:
            text = self._without_foreign_placeholders(text)
        lowered = text.lower()
        for pattern in patterns():
            if any(needle in lowered for needle in pattern.needles):
                text = pattern.regex.sub(lambda match, kind=pattern.id: self._replaced(match, kind), text)
        return _assignments().sub(self._assignment, text)

    def remember(self, secret: str, kind: str) -> None:
        """A secret that somebody else found: `sweep` takes it out, whatever it looks like."""
        self._placeholder(secret, kind)
        self._told.add(secret)

    def sweep(self, text: str) -> str:
        """Also takes out, wherever it stands, a secret that `clean` found in any text of the brief."""
        known = [
            secret for secret in self._placeholders if (secret in self._told or _is_telling(secret)) and secret in text
        ]
        for secret in sorted(known, key=lambda value: (-len(value), value)):
            text = text.replace(secret, self._placeholders[secret] + "\n" * secret.count("\n"))
        return text

    def used_in(self, sections: Mapping[str, str]) -> tuple[Redaction, ...]:
        """What stands as a placeholder in the finished items (text by id), in order of appearance."""
        ours = set(self._placeholders.values())
        counts: Counter[str] = Counter()
        places: dict[str, dict[str, None]] = {}
        for id_, text in sections.items():
            for match in _PLACEHOLDER.finditer(text):
                if match.group() in ours:
                    counts[match.group()] += 1
                    places.setdefault(match.group(), {})[id_] = None
        return tuple(Redaction(p.split(":")[1], p, n, tuple(places[p])) for p, n in counts.items())

    def _without_foreign_placeholders(self, text: str) -> str:
        """Evidence may not bring placeholders of its own: they would claim an equality that nobody checked."""
        ours = set(self._placeholders.values())
        return _PLACEHOLDER.sub(lambda m: m.group() if m.group() in ours else f"‹{m.group()[1:-1]}›", text)

    def _placeholder(self, secret: str, kind: str) -> str:
        if secret not in self._placeholders:
            self._numbers[kind] += 1
            self._placeholders[secret] = f"«secret:{kind}:{self._numbers[kind]}»"
        return self._placeholders[secret]

    def _replaced(self, match: re.Match[str], kind: str) -> str:
        group = "secret" if match.groupdict().get("secret") is not None else 0
        secret = match.group(group)
        if _NO_SECRET.fullmatch(secret) or _PLACEHOLDER.search(secret):
            return match.group()
        start, end = match.span(group)
        whole = match.group()
        lines_kept = "\n" * secret.count("\n")  # so that line numbers of code stay true
        placeholder = self._placeholder(secret, kind) + lines_kept
        return whole[: start - match.start()] + placeholder + whole[end - match.start() :]

    def _assignment(self, match: re.Match[str]) -> str:
        if match["key"] is None:
            return match.group()
        way = next(name for name in ("escaped", "quoted", "bare") if match[name] is not None)
        key, value = match["key"], match[way]
        if not _holds_a_secret(key, value, match["separator"], quoted=way != "bare"):
            return match.group()
        place = match.start(way) - match.start()
        placeholder = self._placeholder(value, _kind_of(key))
        return match.group()[:place] + placeholder + match.group()[place + len(value) :]


def _is_telling(secret: str) -> bool:
    """Long and odd enough to be taken out of other text as well: `geheim-77-lang`, not `hello`."""
    return len(secret) >= _SHORTEST_SWEPT and re.search(r"[^A-Za-z_ .-]", secret) is not None


def _holds_a_secret(key: str, value: str, separator: str, *, quoted: bool) -> bool:
    """Tells a value from code that handles one: `password = form["password"]` holds none, `PASSWORD=hunter2` does."""
    if len(value) < 4 or _NO_SECRET.fullmatch(value) or "«secret:" in value:
        return False
    if re.search(r"token$", key, re.IGNORECASE) and (len(value) < 16 or " " in value):
        return False
    if quoted:
        return " " not in value.strip() or len(value) < 40
    if "(" in value or "[" in value or re.fullmatch(r"\d{1,8}(?:\.\d+)?", value):
        return False
    if _IDENTIFIER.fullmatch(value):
        # A name or a word: in code it is a variable. `KEY=word` without spaces is a .env file, a URL or a log line.
        written_out = separator == "=" and (key.isupper() or re.fullmatch(r"[a-z]+\d+\w*", value) is not None)
        return written_out and not re.search(r"passw|secret|token|key|self\.", value, re.IGNORECASE)
    return True


def _kind_of(key: str) -> str:
    """The part of the key's name that gave it away, as `api-key` of `api_key_eu`."""
    names: Iterable[str] = _data()["key_names"]["secret"]
    found = [m.group() for name in names if (m := re.match(name, key, re.IGNORECASE))]
    return re.sub(r"[^a-z0-9]+", "-", max(found, key=len).lower())
