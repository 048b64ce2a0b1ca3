"""The catalogue holds facts that its sources hold too, and a user's own file overrides and adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from deep_code_reasoning.errors import NoKeyError, SettingsError, UsageError
from deep_code_reasoning.settings import Settings, load_settings
from deep_code_reasoning.specialists.catalogue import Model, Price, close_names, find_model, models, usable_models
from deep_code_reasoning.specialists.port import Usage
from deep_code_reasoning.specialists.prices import dollars_of
from deep_code_reasoning.specialists.providers.endpoints import PROVIDERS, endpoint_of, is_loopback, why_not
from deep_code_reasoning.specialists.routing import Need, choose


def own(tmp_path: Path, text: str, **environment: str) -> Settings:
    (file := tmp_path / "models.toml").write_text(text)
    return load_settings(tmp_path, {"DCR_MODELS_FILE": str(file), **environment})


def profile(model: Model) -> dict[str, Any]:
    from pydantic_ai.profiles import anthropic, google, openai

    of = {
        "google": google.google_model_profile,
        "openai": openai.openai_model_profile,
        "anthropic": anthropic.anthropic_model_profile,
    }
    return dict(of[model.provider](model.id) or {})


def test_every_id_is_one_that_pydantic_ai_knows() -> None:
    from pydantic_ai.models import KnownModelName

    known = set(get_args(KnownModelName.__value__))
    assert {model.name for model in models()} <= known


@pytest.mark.parametrize("model", models(), ids=lambda model: model.id)
def test_windows_and_prices_are_those_of_genai_prices(model: Model) -> None:
    from genai_prices import data_snapshot

    _, listed = data_snapshot.get_snapshot().find_provider_model(model.id, None, model.provider, None)
    assert model.context_window == (listed.context_window or 0)
    assert dollars_of(model.provider, model.price_as or model.id, Usage(1000, 1000))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.id)
def test_capabilities_are_those_that_pydantic_ai_has_verified(model: Model) -> None:
    from pydantic_ai.native_tools import SUPPORTED_NATIVE_TOOLS, CodeExecutionTool

    known = profile(model)
    assert ("thinking" in model.capabilities) == known.get("supports_thinking", False)
    assert ("structured_output" in model.capabilities) == known.get("supports_json_schema_output", False)
    native = known.get("supported_native_tools", SUPPORTED_NATIVE_TOOLS)
    assert ("code_execution" in model.capabilities) == (CodeExecutionTool in native)
    assert ("tools" in model.capabilities) == known.get("supports_tools", True)
    if limit := known.get("anthropic_max_output_tokens"):
        assert model.max_output_tokens == limit


def test_every_provider_has_a_first_choice_for_every_task_and_small_ones_for_small_tasks() -> None:
    for provider in ("google", "openai", "anthropic"):
        chosen = {task: m.size for m in models() if m.provider == provider for task in m.default_for}
        assert chosen == {
            **dict.fromkeys(("cross_system", "execution_trace", "hypothesis_test", "performance"), "large"),
            **dict.fromkeys(("classification", "triage", "summary"), "small"),
        }


def test_a_name_with_and_without_its_provider_and_an_unknown_id() -> None:
    assert find_model("gemini-4-argon") == find_model("google:gemini-4-argon")
    assert find_model("gemini-4-argon", Settings()).name == "google:gemini-4-argon"
    assert find_model("anthropic:claude-99").context_window == 0
    assert find_model("ollama:qwen3:8b", Settings()) == Model("qwen3:8b", "ollama", data_policy="local")
    assert find_model("ollama:glm-5:cloud", Settings()).data_policy == "unknown", "that one runs elsewhere"
    assert find_model("openrouter:z-ai/glm-5.3").provider == "openrouter"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gemini-4-aragon", "did you mean gemini-4-argon"),
        ("GPT-6-ASTRA", "did you mean gpt-6-astra"),
        ("nobody:model", "PROVIDER one of google, openai"),
        ("openai:", "PROVIDER:ID"),
        ("", "not in the catalogue"),
    ],
)
def test_a_name_that_is_not_there_gets_the_close_ones(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_model(name, Settings())


def test_close_names_are_few_and_the_closest_is_first() -> None:
    ids = [model.id for model in models()]
    assert close_names("claude-opus-5", ids)[0] == "claude-opus-5-5"
    assert len(close_names("claude", ids)) <= 3
    assert close_names("zzz", ids) == []


def test_a_users_entry_overrides_what_it_names_and_adds_servers(tmp_path: Path) -> None:
    settings = own(
        tmp_path,
        """
        [[model]]
        id = "gemini-4-argon"
        provider = "google"
        data_policy = "no_training"
        [[provider]]
        id = "lab"
        base_url = "http://127.0.0.1:8080/v1"
        [[provider]]
        id = "payments-expert"
        base_url = "https://models.example.com/v1"
        api_key_env = "EXPERT_KEY"
        [[model]]
        id = "payments-70b"
        provider = "payments-expert"
        context_window = 32_768
        strengths = ["domain:payments"]
        price = { input = 0.5, output = 1.5 }
        """,
        EXPERT_KEY="secret-1",
    )
    argon = find_model("gemini-4-argon", settings)
    assert (argon.data_policy, argon.context_window) == ("no_training", 1_048_576)
    expert = find_model("payments-70b", settings)
    assert expert.price == Price(0.5, 1.5) and expert.strengths == ("domain:payments",)
    assert settings.keys["payments-expert"] == "secret-1" and "secret-1" not in repr(settings)
    assert why_not("payments-expert", settings) is None and why_not("lab", settings) is None
    assert why_not("google", settings) == "no key: set GEMINI_API_KEY or GOOGLE_API_KEY"
    assert find_model("lab:any-id", settings).provider == "lab"
    assert why_not("payments-expert", own(tmp_path, (tmp_path / "models.toml").read_text())) == "no key: set EXPERT_KEY"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[model]]\nid = 'x'", "needs id and provider"),
        ("[[model]]\nid = 'x'\nprovider = 'nowhere'", "provider 'nowhere', which is not known"),
        ("[[model]]\nid = 'x'\nprovider = 'ollama'\nwindow = 3", "unknown field 'window'"),
        ("[[model]]\nid = 'x'\nprovider = 'ollama'\ncontext_window = 'big'", "Expected `int`, got `str`"),
        ("[[model]]\nid = 'x'\nprovider = 'ollama'\ncapabilities = ['flying']", "Invalid enum value 'flying'"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        models(own(tmp_path, text))
    assert said in str(caught.value) and str(tmp_path / "models.toml") in str(caught.value)


def test_what_a_provider_says_of_training_holds_at_its_own_address_alone() -> None:
    def policies(settings: Settings) -> dict[str, str]:
        names = ("gpt-6-astra", "openai:new", "claude-opus-5-5", "gemini-4-argon", "openrouter:x", "ollama:x")
        return {name: find_model(name, settings).data_policy for name in names}

    said = policies(Settings())
    assert said["gpt-6-astra"] == said["openai:new"] == said["claude-opus-5-5"] == "no_training"
    assert said["gemini-4-argon"] not in ("no_training", "local")
    assert (said["openrouter:x"], said["ollama:x"]) == ("unknown", "local")
    moved = policies(Settings(openai_base_url="http://127.0.0.1:9/v1", ollama_host="gpu-box"))
    assert moved["gpt-6-astra"] == moved["ollama:x"] == "unknown", "whose server that is nobody has said"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("gpu-box", "http://gpu-box:11434/v1"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000/v1"),
        ("https://ollama.example.com", "https://ollama.example.com:443/v1"),
        ("http://gpu-box", "http://gpu-box:80/v1"),
        ("http://[::1]:11434/v1/", "http://[::1]:11434/v1"),
    ],
)
def test_ollama_is_where_its_own_variable_says(tmp_path: Path, host: str, url: str) -> None:
    settings = load_settings(tmp_path, {"OLLAMA_HOST": host})
    endpoint = endpoint_of("ollama", settings)
    assert endpoint.base_url == url and not endpoint.needs_key
    assert endpoint.data_policy == ("local" if is_loopback(url) else "unknown")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True), ("http://127.9.9.9/v1", True), ("http://[::1]:8080/v1", True),
        ("http://localhost.example.com", False), ("http://127.0.0.1.example.com", False), ("http://10.0.0.1", False),
        ("", False), ("http://[::", False),
    ],
)  # fmt: skip
def test_what_is_on_this_machine_is_told_by_its_address(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_what_can_be_asked_and_why_not() -> None:
    rows = {row["id"]: row for row in usable_models(Settings(keys={"openai": "k"}))}
    assert rows["local"]["usable"] and rows["gpt-6-astra"]["usable"] and not rows["gemini-4-argon"]["usable"]
    assert rows["gemini-4-argon"]["why"] == "no key: set GEMINI_API_KEY or GOOGLE_API_KEY"
    assert "sampling" in rows["client"]["why"]
    assert set(PROVIDERS) >= {row["provider"] for row in rows.values()} - {"local", "client"}


def test_the_model_of_the_client_is_found_by_either_name_and_asked_only_in_its_session() -> None:
    assert find_model("client") == find_model("client:client")
    with pytest.raises(NoKeyError, match="only an MCP client that offers sampling"):
        choose(Settings(), Need("cross_system", model="client"))
    assert choose(Settings(), Need("cross_system", model="client", why_not_client=None)).provider == "client"
