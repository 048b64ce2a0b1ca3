"""From an entry to its provider: no key, no call; one SDK and no other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deep_code_reasoning.errors import NoKeyError, UsageError
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.catalogue import find_model
from deep_code_reasoning.specialists.port import Caches, Counts, Resumes
from deep_code_reasoning.specialists.providers.opening import open_provider
from specialists.providers.asking import KEY, MODELS, provider

SDKS = ("google.genai", "openai", "anthropic")


@pytest.mark.parametrize("name", ["google", "openai", "anthropic", "openrouter"])
def test_without_a_key_nobody_is_asked(name: str) -> None:
    with pytest.raises(NoKeyError, match="API_KEY"):
        open_provider(find_model(MODELS[name]), Settings())


def test_the_local_analyst_is_no_provider() -> None:
    with pytest.raises(UsageError, match="local analyst"):
        open_provider(find_model("local"), Settings())


def test_what_each_provider_can_do_beside_answering() -> None:
    can = {
        name: {kind.__name__ for kind in (Counts, Caches, Resumes) if isinstance(made, kind)}
        for name in MODELS
        if (made := provider(name, "http://127.0.0.1:9"))
    }
    assert can["google"] == {"Counts", "Caches"}
    assert can["openai"] == {"Counts", "Resumes"}
    assert can["anthropic"] == {"Counts"}
    assert all(can[name] == set() for name in ("openrouter", "ollama", "lab"))


@pytest.mark.parametrize(
    ("name", "loaded"),
    [("google", "google.genai"), ("openai", "openai"), ("anthropic", "anthropic"), ("ollama", "openai")],
)
def test_one_sdk_is_loaded_and_no_other(name: str, loaded: str) -> None:
    code = (
        "import sys; from deep_code_reasoning.settings import Settings;"
        "from deep_code_reasoning.specialists.catalogue import find_model;"
        "from deep_code_reasoning.specialists.providers.opening import open_provider;"
        f"settings = Settings(keys={{{name!r}: {KEY!r}}});"
        f"before = [m for m in {SDKS!r} if m in sys.modules];"
        f"open_provider(find_model({MODELS[name]!r}, settings), settings);"
        f"print(before, [m for m in {SDKS!r} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"[] ['{loaded}']"
