"""The bearer token of the HTTP server: made once, kept in a file that only its owner may read."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from deep_code_reasoning.errors import SettingsError

FILE_NAME = "http-token"
_BYTES = 32
_LEAST = 16  # characters of a token that is given


def token_of(state_dir: Path, given: str = "") -> str:
    """`given` (from the settings) where there is one, else the file's, made with mode 0600 where there is none.

    Raises SettingsError where the file may be read by others, or a given token is short enough to guess.
    """
    if given:
        if len(given) < _LEAST or not given.isascii() or any(character.isspace() for character in given):
            raise SettingsError(f"http_token: at least {_LEAST} ASCII characters without spaces are expected")
        return given
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state_dir / FILE_NAME
    with suppress(FileExistsError):
        _write(path, secrets.token_urlsafe(_BYTES))
    return _read(path)


def matches(header: str | None, token: str) -> bool:
    """Does an Authorization header carry the token? In a time that does not depend on where they differ."""
    scheme, _, given = (header or "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _write(path: Path, token: str) -> None:
    # Written beside and linked: whoever finds the file finds all of it, and of two that make it one wins.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, encoding="ascii") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise SettingsError(f"{path}: mode {mode:04o} lets others read the token; chmod 600, or delete it")
        return file.read().strip()
