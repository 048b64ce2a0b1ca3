"""Takes secrets out before anything leaves the machine. Patterns and key names are data, in secrets.toml.

The same secret gets the same placeholder («secret:<kind>:<n>») everywhere in a brief, so that a reader can still see
that two services use one password. Found in one of three ways: its own shape (patterns), the name of its key, or that
it was found elsewhere in the same brief by one of these two. What this finds and misses is measured in
docs/decisions/0002-token-counting-and-redaction.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from deep_code_reasoning.context.manifest import Redaction
from deep_code_reasoning.context.secret_catalogue import patterns
from deep_code_reasoning.context.secret_values import NO_SECRET, secret_values
from deep_code_reasoning.context.visible import visible

_PLACEHOLDER = re.compile(r"«secret:(?P<kind>[a-z0-9-]+):\d+»")
_SHORTEST_SWEPT = 8


class Redactor:
    """Remembers the secrets of one brief. `clean` each text, then `sweep` each when all are known."""

    def __init__(self, *, emails: bool = False) -> None:
        """`emails`: addresses are taken out as well."""
        self._emails = emails
        self._by_start: dict[str, list[str]] | None = None
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._told: set[str] = set()

    def clean(self, text: str) -> str:
        """The text without the secrets it shows; unseen characters are made visible. Idempotent, in linear time."""
        text = visible(text)
        if "«secret:" in text:
            text = self._without_foreign_placeholders(text)
        lowered = text.lower()
        for pattern in patterns():
            if (self._emails or not pattern.is_optional) and any(needle in lowered for needle in pattern.needles):
                text = pattern.regex.sub(lambda match, kind=pattern.id: self._replaced(match, kind), text)
        return self._without_values(text)

    def remember(self, secret: str, kind: str) -> None:
        """A secret that somebody else found: `sweep` takes it out, whatever it looks like."""
        self._placeholder(secret, kind)
        self._told.add(secret)
        self._by_start = None

    def go_on_after(self, texts: Iterable[str]) -> None:
        """No number that a placeholder has in `texts`, sent by an earlier process, is given to another secret."""
        for text in texts:
            for match in _PLACEHOLDER.finditer(text):
                kind, number = match["kind"], int(match.group()[1:-1].rpartition(":")[2])
                self._numbers[kind] = max(self._numbers[kind], number)

    def sweep(self, text: str) -> str:
        """Also takes out, wherever it stands, a secret that `clean` found in any text of the brief."""
        by_start = self._swept()
        length = len(next(iter(by_start), ""))
        if not length:
            return text
        parts, end, at = [], 0, 0
        while at <= len(text) - length:
            if text[at] == "«" and (placeholder := _PLACEHOLDER.match(text, at)):
                at = placeholder.end()
                continue
            secrets = by_start.get(text[at : at + length])
            secret = next((s for s in secrets if text.startswith(s, at)), None) if secrets else None
            if secret is None:
                at += 1
                continue
            parts += [text[end:at], self._placeholders[secret], "\n" * secret.count("\n")]
            at = end = at + len(secret)
        return "".join([*parts, text[end:]]) if parts else text

    def _swept(self) -> dict[str, list[str]]:
        """Secrets to sweep by their first characters, as many as the shortest one has; the longest first."""
        if self._by_start is None:
            known = [secret for secret in self._placeholders if secret in self._told or _is_telling(secret)]
            length = min([_SHORTEST_SWEPT, *map(len, known)])
            self._by_start = {}
            for secret in sorted(known, key=lambda value: (-len(value), value)):
                self._by_start.setdefault(secret[:length], []).append(secret)
        return self._by_start

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
            self._by_start = None
            self._placeholders[secret] = f"«secret:{kind}:{self._numbers[kind]}»"
        return self._placeholders[secret]

    def _replaced(self, match: re.Match[str], kind: str) -> str:
        group = "secret" if match.groupdict().get("secret") is not None else 0
        secret = match.group(group)
        if NO_SECRET.fullmatch(secret) or _PLACEHOLDER.search(secret):
            return match.group()
        start, end = match.span(group)
        whole = match.group()
        lines_kept = "\n" * secret.count("\n")  # so that line numbers of code stay true
        placeholder = self._placeholder(secret, kind) + lines_kept
        return whole[: start - match.start()] + placeholder + whole[end - match.start() :]

    def _without_values(self, text: str) -> str:
        parts, end = [], 0
        for value in secret_values(text):
            parts += [text[end : value.start], self._placeholder(text[value.start : value.end], value.kind)]
            end = value.end
        return "".join([*parts, text[end:]]) if parts else text


def _is_telling(secret: str) -> bool:
    """Long and odd enough to be taken out of other text as well: `geheim-77-lang`, not `hello`."""
    return len(secret) >= _SHORTEST_SWEPT and re.search(r"[^A-Za-z_ .-]", secret) is not None
