"""The sole reader of the environment, of `.deep-code-reasoning.toml` and of the user's own `models.toml`.

A value comes from, first found: the environment (`DCR_STATE_DIR`, `DCR_MEMORY_LIMIT` ...), the nearest
`.deep-code-reasoning.toml` at or above the working directory, the default below. Where code is sent to and with which
key is of the environment and of the user's own file alone: a file of the project is shared, and could name a stranger.
Limits of spending and of privacy such a file may tighten, and never loosen what the environment says (or the default,
where that says nothing). Thresholds of escalation that nobody set come from `thresholds.toml` in the state directory,
where `dcr ledger tune --write` has put what it learned.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from deep_code_reasoning.errors import SettingsError

FILE_NAME = ".deep-code-reasoning.toml"
LEARNED_FILE_NAME = "thresholds.toml"


Count = Annotated[int, msgspec.Meta(ge=0)]
Dollars = Annotated[float, msgspec.Meta(ge=0)]
Privacy = Literal["any", "no_training", "local_only"]


class EscalationThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Escalate when any is exceeded, strictly (the mission's defaults; the last two are ours, of what an agent did)."""

    files: Count = 50
    trace_bytes: Count = 100_000_000
    services: Count = 3
    time_span_seconds: Count = 3600
    attempted_approaches: Count = 5
    repeated_failure: Count = 3
    """Times the same failure was seen again after edits that were to repair it."""
    returned_failure: Count = 2
    """Times the same failure came back after it had gone."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server of the user's own that speaks OpenAI's chat completions; its models are named `id:model`.

    `base_url` ends where `/chat/completions` is added. `api_key_env`: the variable that holds its key; empty: none.
    `data_policy`, of all its models: "local" (nothing leaves this machine), "no_training", or other words of yours.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")]
    api_key_env: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]*$")] = ""
    data_policy: str = "unknown"


class OwnModels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the user's models.toml holds. `model` entries are checked by the catalogue, which knows their fields."""

    provider: list[Server] = msgspec.field(default_factory=list)
    model: list[dict[str, Any]] = msgspec.field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """Everything a user may set. `keys` holds provider credentials and never leaves through `repr`."""

    state_dir: Path = field(default_factory=lambda: _state_home() / "deep-code-reasoning")
    allowed_roots: tuple[Path, ...] = field(default_factory=lambda: _working_folder())
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
    call_patience_seconds: float = 45.0
    """How long a tool call of MCP is waited for; then its job's id is the answer. Clients give up after a minute."""
    http_token: str = field(default="", repr=False)
    """What clients of `dcr serve --http` must send; empty: a token is made and kept in the state directory. Of the
    environment alone."""
    google_base_url: str = ""  # these, empty: the provider's own
    openai_base_url: str = ""
    anthropic_base_url: str = ""
    openrouter_base_url: str = ""
    ollama_host: str = ""  # as OLLAMA_HOST has it; empty: 127.0.0.1:11434
    models_file: Path = field(default_factory=lambda: _config_home() / "deep-code-reasoning" / "models.toml")
    own_models: OwnModels = field(default_factory=OwnModels)
    secret_scanner: str = ""
    """A command, or `package.module:function`, that looks for secrets beside the patterns (context/scanner.py). Of the
    environment alone: it is run, and a file of the project is shared."""
    redact_emails: bool = False
    """Also take addresses of mail out of what a specialist is given."""
    repositories: dict[str, str] = field(default_factory=dict)
    """Which service a repository is: its name, address or a glob of them, or a folder of it ("services/cart",
    "shop:services/cart"), to the service. Goes before whatever the evidence says."""
    code_index_bytes: Count = 10_000_000_000
    """Of all indexes of source code together (code/index/retention.py); the least recently used goes first."""
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


def _working_folder() -> tuple[Path, ...]:
    """None where it is the whole disk: some clients start their servers there, and nobody chose it."""
    here = Path.cwd()
    return () if here == Path(here.anchor) else (here,)


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


KEY_VARIABLES = {
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "ollama": ("OLLAMA_API_KEY",),
}
_NEVER_OF_A_PROJECT = {
    "secret_scanner": "names a program to run",
    "http_token": "is a secret",
    "models_file": "says where models are",
    "ollama_host": "says where code is sent",
    **{f"{name}_base_url": "says where code is sent" for name in ("google", "openai", "anthropic", "openrouter")},
}
_VARIABLES = {"ollama_host": "OLLAMA_HOST"}
"""Of settings whose variable is not `DCR_` and their name: those that other programs read too."""


def load_settings(directory: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings in force in `directory` (default: the working directory). Raises SettingsError naming place and key.

    Keys are read from the environment alone; of a server of the user's own, the variable that its entry names.
    """
    env = os.environ if environment is None else environment
    path = _nearest_file(directory or Path.cwd())
    table = _read(path) if path else {}
    known = {setting.name for setting in fields(Settings)} - {"keys", "own_models"}
    if unknown := sorted(table.keys() - known):
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
    if refused := sorted(table.keys() & _NEVER_OF_A_PROJECT.keys()):
        name = refused[0]
        raise SettingsError(f"{path}: {name} {_NEVER_OF_A_PROJECT[name]}; set {_variable(name)} instead")
    values = _converted(table, str(path))
    ours = _converted({name: env[_variable(name)] for name in known if env.get(_variable(name))}, "environment")
    values = values | ours | _tightened(values, ours)
    if learned := learned_thresholds(values.get("state_dir") or Settings().state_dir):
        values |= _converted({"escalate_when": {**learned, **table.get("escalate_when", {})}}, LEARNED_FILE_NAME)
    settings = replace(Settings(), **values)
    own = _own_models(settings.models_file, is_asked_for=bool(env.get(_variable("models_file"))))
    variables = KEY_VARIABLES | {server.id: (server.api_key_env,) for server in own.provider if server.api_key_env}
    keys = {
        provider: next(env[name] for name in names if env.get(name))
        for provider, names in variables.items()
        if any(env.get(name) for name in names)
    }
    return replace(settings, own_models=own, keys=keys)


def _variable(setting: str) -> str:
    return _VARIABLES.get(setting, f"DCR_{setting.upper()}")


def _own_models(path: Path, is_asked_for: bool) -> OwnModels:
    if not path.is_file():
        if is_asked_for:
            raise SettingsError(f"{_variable('models_file')}: there is no file {path}")
        return OwnModels()
    try:
        own = msgspec.convert(_read(path), OwnModels)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from None
    taken = {*KEY_VARIABLES, "local", "client"}
    for server in own.provider:
        if server.id in taken:
            raise SettingsError(f"{path}: a provider {server.id!r} is there already; give yours another id")
        taken.add(server.id)
    return own


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


def _tightened(file: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """What holds of the limits that a file of the project sets, beside what the user set or the default."""
    default = Settings()
    held: dict[str, Any] = {}
    for name, theirs in file.items():
        ours = user.get(name, getattr(default, name))
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


def learned_thresholds(state_dir: Path) -> dict[str, int]:
    """What `write_learned_thresholds` left there, {} where nothing. Raises SettingsError where it is not intact."""
    path = state_dir / LEARNED_FILE_NAME
    if not path.is_file():
        return {}
    learned = _read(path).get("escalate_when", {})
    _converted({"escalate_when": learned}, str(path))
    return learned


def write_learned_thresholds(state_dir: Path, learned: Mapping[str, int]) -> Path:
    """Replaces the file in one step; without a value it is removed. Returns its path."""
    path = state_dir / LEARNED_FILE_NAME
    if not learned:
        path.unlink(missing_ok=True)
        return path
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [
        "# Learned from reported outcomes by `dcr ledger tune --write`, which replaces this file.",
        f"# What [escalate_when] in {FILE_NAME} sets goes before it; without this file the defaults hold.",
        "[escalate_when]",
        *(f"{name} = {value}" for name, value in sorted(learned.items())),
    ]
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


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
            converted[setting.name] = msgspec.convert(value, _types()[setting.name], strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{place}: {setting.name} = {value!r} cannot be used: {error}") from None
    return converted


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Settings, include_extras=True)


def _path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise NotImplementedError(f"expected {kind.__name__}")
