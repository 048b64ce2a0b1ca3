"""Reads the arguments of a call: any spelling of the keys, typed values, and complaints that name the field."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deep_code_reasoning.errors import UsageError
from deep_code_reasoning.incident import TimeWindow

_CAMEL_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Required:
    """In place of a default: what is expected where the field is absent."""

    expected: str


@dataclass(frozen=True)
class Arguments:
    """An object of the call with its path, so that every complaint says where it is.

    Keys are snake_case here, whatever the caller wrote. Each method takes a default: None and an absent field get it;
    `Required` in its place makes absence a UsageError. All errors are UsageErrors on one line.
    """

    path: str
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Arguments:
        return cls("", _snake_keys(arguments, "arguments"))

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def value(self, name: str, default: Any) -> Any:
        value = self.fields.get(name)
        if value is None:
            if isinstance(default, Required):
                raise UsageError(f"{self.at(name)}: missing; expected {default.expected}")
            return default
        return value

    def object(self, name: str, default: Any) -> Arguments:
        value = self.value(name, default)
        if not isinstance(value, Mapping):
            raise _unexpected(self.at(name), "an object", value)
        return Arguments(self.at(name), _snake_keys(value, self.at(name)))

    def text(self, name: str, default: Any) -> str | None:
        value = self.value(name, default)
        if value is None or isinstance(value, str):
            return value
        raise _unexpected(self.at(name), "text", value)

    def texts(self, name: str, default: Any = ()) -> tuple[str, ...]:
        value = self.value(name, default)
        if isinstance(value, str):  # one where a list is meant: what it says is clear
            value = [value]
        if not isinstance(value, list | tuple):
            raise _unexpected(self.at(name), "a list of texts", value)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise _unexpected(f"{self.at(name)}[{index}]", "text", item)
        return tuple(item for item in value if item.strip())

    def paths(self, name: str, default: Any = ()) -> tuple[str, ...]:
        names = self.texts(name, default)
        for index, item in enumerate(names):
            if not can_be_a_path(item):
                raise _unexpected(f"{self.at(name)}[{index}]", "a path", item)
        return names

    def anything(self, name: str) -> tuple[Any, ...]:
        value = self.value(name, ())
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    def choice(self, name: str, choices: tuple[Any, ...], default: Any) -> Any:
        value = self.value(name, default)
        if value not in choices:
            raise UsageError(f"{self.at(name)}: {_shown(value)}; expected one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.value(name, None)
        if value is None or isinstance(value, bool):
            return value
        raise _unexpected(self.at(name), "true or false", value)

    def number(self, name: str, default: Any, *, least: float, most: float, whole: bool = False) -> Any:
        value = self.value(name, default)
        if value is None:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise UsageError(f"{self.at(name)}: {_shown(value)}; expected a number from {least:g} to {most:g}")
        if whole and value != int(value):
            raise UsageError(f"{self.at(name)}: {_shown(value)}; expected a whole number")
        return value

    def window(self, name: str) -> TimeWindow | None:
        value = self.text(name, None)
        try:
            return TimeWindow.parse(value) if value else None
        except UsageError as error:
            raise UsageError(f"{self.at(name)}: {error}") from None


def can_be_a_path(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _snake_keys(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, item in value.items():
        key = snake(str(name))
        if fields.get(key) is not None and item is not None and fields[key] != item:
            raise UsageError(f"{path}: {key} is given twice, in two spellings and with two values; give it once")
        if item is not None or key not in fields:
            fields[key] = item
    return fields


def snake(name: str) -> str:
    return _CAMEL_BOUNDARY.sub("_", name).lower()


def _unexpected(path: str, expected: str, value: Any) -> UsageError:
    return UsageError(f"{path}: expected {expected}, got {_shown(value)}")


def _shown(value: Any) -> str:
    """A value for a one-line message: short, and never more than the caller's own words."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
