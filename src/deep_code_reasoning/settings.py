"""The sole reader of the environment and of `.deep-code-reasoning.toml`.

A value comes from, first found: the environment (`DCR_STATE_DIR`, `DCR_MEMORY_LIMIT` ...), the nearest
`.deep-code-reasoning.toml` at or above the working directory, the default below.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from deep_code_reasoning.errors import SettingsError

FILE_NAME = ".deep-code-reasoning.toml"


@dataclass(frozen=True)
class EscalationThresholds:
    """Escalate when any is exceeded, strictly (the mission's defaults)."""

    files: int = 50
    trace_bytes: int = 100_000_000
    services: int = 3
    time_span_seconds: int = 3600
    attempted_approaches: int = 5


@dataclass(frozen=True)
class Settings:
    """Everything a user may set. `keys` holds provider credentials and never leaves through `repr`."""

    state_dir: Path = field(default_factory=lambda: _state_home() / "deep-code-reasoning")
    allowed_roots: tuple[Path, ...] = field(default_factory=lambda: (Path.cwd(),))
    memory_limit: str = "2GiB"
    threads: int = 0  # 0: one a core
    query_row_limit: int = 10_000
    query_seconds: float = 30.0
    max_decompression_ratio: int = 1_000
    brief_tokens: int = 60_000
    model: str = ""  # empty: the router chooses among those with a key; the local analyst otherwise
    google_base_url: str = ""
    escalate_when: EscalationThresholds = EscalationThresholds()
    keys: dict[str, str] = field(default_factory=dict, repr=False)


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


KEY_VARIABLES = {"google": ("GEMINI_API_KEY", "GOOGLE_API_KEY")}


def load_settings(directory: Path | None = None, environment: dict[str, str] | None = None) -> Settings:
    """Settings in force in `directory` (default: the working directory). Raises SettingsError naming file and key."""
    env = dict(os.environ) if environment is None else environment
    path = _nearest_file(directory or Path.cwd())
    table = _read(path) if path else {}
    values = {}
    for setting in fields(Settings):
        if setting.name in ("keys", "escalate_when"):
            continue
        name = f"DCR_{setting.name.upper()}"
        if env.get(name):
            values[setting.name] = _convert(setting.name, env[name], f"environment variable {name}")
        elif setting.name in table:
            values[setting.name] = _convert(setting.name, table.pop(setting.name), str(path))
        table.pop(setting.name, None)
    values["escalate_when"] = _thresholds(table.pop("escalate_when", {}), str(path))
    if table:
        known = ", ".join(s.name for s in fields(Settings) if s.name != "keys")
        raise SettingsError(f"{path}: unknown setting {next(iter(table))!r}; known are {known}")
    values["keys"] = {
        provider: next(env[n] for n in names if env.get(n))
        for provider, names in KEY_VARIABLES.items()
        if any(env.get(n) for n in names)
    }
    return Settings(**values)


def _nearest_file(directory: Path) -> Path | None:
    for folder in (directory, *directory.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def _read(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from None


def _thresholds(table: dict, place: str) -> EscalationThresholds:
    known = {f.name for f in fields(EscalationThresholds)}
    for name, value in table.items():
        if name not in known or isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise SettingsError(
                f"{place}: escalate_when.{name} = {value!r}; expected a whole number for one of {sorted(known)}"
            )
    return EscalationThresholds(**table)


def _convert(name: str, value: object, place: str) -> object:
    """Brings text of the environment and TOML values to the setting's type."""
    try:
        if name == "allowed_roots":
            parts = value.split(os.pathsep) if isinstance(value, str) else value
            return tuple(Path(part).expanduser() for part in parts)  # ty: ignore[not-iterable]
        default = {f.name: f for f in fields(Settings)}[name]
        kind = {"Path": Path, "int": int, "float": float, "str": str}[str(default.type)]
        return Path(str(value)).expanduser() if kind is Path else kind(value)  # ty: ignore[invalid-argument-type]
    except (TypeError, ValueError, KeyError):
        raise SettingsError(f"{place}: {name} = {value!r} cannot be used") from None
