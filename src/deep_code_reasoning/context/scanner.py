"""A stronger scanner for secrets, where a user names one: a command, or a function `package.module:name`.

The command gets the text on standard input and prints a JSON array of the secrets in it, as they stand there; the
function gets the text and returns them. Whatever goes wrong (it is not there, fails, takes too long, answers something
else) is a RedactionError: nothing is sent then.
"""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deep_code_reasoning.errors import RedactionError

SECONDS = 120.0
_SHORTEST = 3
_FUNCTION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class Scanner:
    """`name` as the setting has it; `find` gives the secrets of a text or raises anything."""

    name: str
    find: Callable[[str], object]

    def secrets(self, texts: Sequence[str]) -> list[str]:
        """Distinct, in order. Raises RedactionError."""
        try:
            found = self.find("\n".join(texts))
        except Exception as error:
            said = str(error) if isinstance(error, RedactionError) else f"{type(error).__name__}: {error}"
            raise RedactionError(f"secret scanner {self.name!r} failed, so nothing is sent: {said}") from None
        if not isinstance(found, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in found):
            raise RedactionError(f"secret scanner {self.name!r} gave no list of texts, so nothing is sent")
        if any(len(one) < _SHORTEST for one in found):
            raise RedactionError(
                f"secret scanner {self.name!r} reports a secret of less than {_SHORTEST} characters, so nothing is sent"
            )
        return list(dict.fromkeys(sorted(found) if isinstance(found, set | frozenset) else found))


def scanner_named(setting: str) -> Scanner | None:
    """None for the empty setting. Raises RedactionError where it names nothing that could be asked."""
    if not setting.strip():
        return None
    if _FUNCTION.fullmatch(setting):
        module, _, name = setting.partition(":")
        try:
            find = getattr(importlib.import_module(module), name)
        except Exception as error:
            raise RedactionError(f"secret scanner {setting!r} cannot be loaded, so nothing is sent: {error}") from None
        if not callable(find):
            raise RedactionError(f"secret scanner {setting!r} cannot be called, so nothing is sent")
        return Scanner(setting, find)
    return Scanner(setting, lambda text: _ask(shlex.split(setting), text))


def _ask(command: list[str], text: str) -> object:
    done = subprocess.run(
        command, input=text.encode("utf-8", "replace"), capture_output=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise RedactionError(f"exit {done.returncode}{': ' if said else ''}{said}")
    return json.loads(done.stdout)
