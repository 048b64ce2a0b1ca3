"""The sole reader of the environment and of `.deep-code-reasoning.toml`.

A value comes from, first found: the environment (`DCR_STATE_DIR`, `DCR_MEMORY_LIMIT` ...), the nearest
`.deep-code-reasoning.toml` at or above the working directory, the default below.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec

from deep_code_reasoning.errors import SettingsError

FILE_NAME = ".deep-code-reasoning.toml"


Count = Annotated[int, msgspec.Meta(ge=0)]


class EscalationThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Escalate when any is exceeded, strictly (the mission's defaults)."""

    files: Count = 50
    trace_bytes: Count = 100_000_000
    services: Count = 3
    time_span_seconds: Count = 3600
    attempted_approaches: Count = 5


@dataclass(frozen=True)
class Settings:
    """Everything a user may set. `keys` holds provider credentials and never leaves through `repr`."""

    state_dir: Path = field(default_factory=lambda: _state_home() / "deep-code-reasoning")
    allowed_roots: tuple[Path, ...] = field(default_factory=lambda: (Path.cwd(),))
    kernels: bool = True  # use machine code where it is compiled, and compile it in the background where it is not
    kernel_dir: Path = field(default_factory=lambda: _cache_home() / "deep-code-reasoning" / "kernels")
    memory_limit: str = "2GiB"
    threads: int = 0  # 0: one a core
    query_row_limit: int = 10_000
    query_seconds: float = 30.0
    conversation_days: float = 30.0  # after its last activity a conversation can be continued for so long
    max_decompression_ratio: int = 1_000
    brief_tokens: int = 60_000
    model: str = ""  # empty: the router chooses among those with a key; the local analyst otherwise
    google_base_url: str = ""
    secret_scanner: str = ""
    """A command, or `package.module:function`, that looks for secrets beside the patterns (context/scanner.py). Of the
    environment alone: it is run, and a file of the project is shared."""
    redact_emails: bool = False
    """Also take addresses of mail out of what a specialist is given."""
    repositories: dict[str, str] = field(default_factory=dict)
    """Which service a repository is: its name, address or a glob of them, or a folder of it ("services/cart",
    "shop:services/cart"), to the service. Goes before whatever the evidence says."""
    escalate_when: EscalationThresholds = field(default_factory=EscalationThresholds)
    keys: dict[str, str] = field(default_factory=dict, repr=False)


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


KEY_VARIABLES = {"google": ("GEMINI_API_KEY", "GOOGLE_API_KEY")}


def load_settings(directory: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings in force in `directory` (default: the working directory). Raises SettingsError naming place and key.

    Keys are read from the environment alone: a file of the project is shared.
    """
    env = os.environ if environment is None else environment
    path = _nearest_file(directory or Path.cwd())
    table = _read(path) if path else {}
    known = {setting.name for setting in fields(Settings)} - {"keys"}
    if unknown := sorted(table.keys() - known):
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
    if "secret_scanner" in table:
        raise SettingsError(f"{path}: secret_scanner names a program to run; set DCR_SECRET_SCANNER instead")
    values = _converted(table, str(path))
    values |= _converted(
        {name: env[variable] for name in known if env.get(variable := f"DCR_{name.upper()}")}, "environment, DCR_*"
    )
    keys = {
        provider: next(env[name] for name in names if env.get(name))
        for provider, names in KEY_VARIABLES.items()
        if any(env.get(name) for name in names)
    }
    return replace(Settings(keys=keys), **values)


def _nearest_file(directory: Path) -> Path | None:
    return next((f / FILE_NAME for f in (directory, *directory.parents) if (f / FILE_NAME).is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from None


def _converted(values: dict[str, Any], place: str) -> dict[str, Any]:
    """The values in the types of Settings; text of the environment is read as its setting's type."""
    converted = {}
    for setting in fields(Settings):
        if setting.name not in values:
            continue
        value = values[setting.name]
        if setting.name == "allowed_roots" and isinstance(value, str):
            value = value.split(os.pathsep)
        try:
            kind = get_type_hints(Settings)[setting.name]
            converted[setting.name] = msgspec.convert(value, kind, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{place}: {setting.name} = {value!r} cannot be used: {error}") from None
    return converted


def _path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise NotImplementedError(f"expected {kind.__name__}")
