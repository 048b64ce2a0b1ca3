"""The sole reader of the environment and of `.deep-code-reasoning.toml`.

A value comes from, first found: the environment (`DCR_STATE_DIR`, `DCR_MEMORY_LIMIT` ...), the nearest
`.deep-code-reasoning.toml` at or above the working directory, the default below. Limits of spending and of privacy are
the exception: such a file is shared, so it may tighten them for the project and never loosen what the environment says
(or the default, where that says nothing).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from deep_code_reasoning.errors import SettingsError

FILE_NAME = ".deep-code-reasoning.toml"


Count = Annotated[int, msgspec.Meta(ge=0)]
Dollars = Annotated[float, msgspec.Meta(ge=0)]
Privacy = Literal["any", "no_training", "local_only"]


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
    dollars_per_escalation: Dollars | None = 5.0
    """The most that one escalation or conversation may cost; "none": no limit, here and below."""
    dollars_per_day: Dollars | None = 25.0
    """The most that all projects together may cost within 24 hours."""
    dollars_per_project: Dollars | None = None
    """The most that the project may cost in all its life."""
    tokens_per_escalation: Count | None = 5_000_000
    """The most tokens, in and out, that one escalation or conversation may take."""
    ask_above_dollars: Dollars | None = 2.0
    """Ask before an escalation comes to cost more than this; refuse where nobody can be asked."""
    unpriced_models: Literal["refuse", "allow"] = "refuse"
    """What to do with a model that no price is known of, while a limit in dollars is set."""
    privacy: Privacy = "any"
    """Who may be sent anything: any provider, only those that do not train on it, or only models on this machine."""
    providers_allowed: tuple[str, ...] = ()
    """Only these providers are asked; empty: all. Names are separated by commas in the environment."""
    providers_denied: tuple[str, ...] = ()
    """These providers are never asked."""
    fall_back_from_named: bool = False
    """May another model answer where the one that was named fails?"""


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
    own = _converted(
        {name: env[variable] for name in known if env.get(variable := f"DCR_{name.upper()}")}, "environment, DCR_*"
    )
    values = values | own | _tightened(values, own)
    keys = {
        provider: next(env[name] for name in names if env.get(name))
        for provider, names in KEY_VARIABLES.items()
        if any(env.get(name) for name in names)
    }
    return replace(Settings(keys=keys), **values)


_LIMITS = (
    "dollars_per_escalation",
    "dollars_per_day",
    "dollars_per_project",
    "tokens_per_escalation",
    "ask_above_dollars",
)
_STRICTER = {  # of two values of a setting, the one further to the right holds
    "privacy": get_args(Privacy),
    "unpriced_models": ("allow", "refuse"),
    "fall_back_from_named": (True, False),
}


def _tightened(file: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What holds of the limits that a file of the project sets, beside what the user set or the default."""
    default = Settings(keys={})
    held: dict[str, Any] = {}
    for name, theirs in file.items():
        ours = own.get(name, getattr(default, name))
        if name in _LIMITS:
            held[name] = min((limit for limit in (ours, theirs) if limit is not None), default=None)
        elif name in _STRICTER:
            held[name] = max(ours, theirs, key=_STRICTER[name].index)
        elif name == "providers_denied":
            held[name] = tuple(dict.fromkeys((*ours, *theirs)))
        elif name == "providers_allowed" and ours and theirs:
            held[name] = tuple(provider for provider in ours if provider in theirs)
            if not held[name]:
                raise SettingsError(
                    f"providers_allowed: {', '.join(ours)} here and {', '.join(theirs)} in the project's file: no "
                    "provider is in both"
                )
    return held


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
        elif setting.name in ("providers_allowed", "providers_denied") and isinstance(value, str):
            value = [name for part in value.split(",") if (name := part.strip())]
        elif setting.name in _LIMITS and value == "none":
            value = None
        try:
            kind = get_type_hints(Settings, include_extras=True)[setting.name]
            converted[setting.name] = msgspec.convert(value, kind, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{place}: {setting.name} = {value!r} cannot be used: {error}") from None
    return converted


def _path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise NotImplementedError(f"expected {kind.__name__}")
