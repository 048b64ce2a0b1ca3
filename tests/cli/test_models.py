"""`dcr models` and `dcr models check`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deep_code_reasoning.cli.app import run
from specialists.stubs import openai
from specialists.stubs.server import HTML, stub


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for provider in ("GEMINI", "GOOGLE", "OPENAI", "ANTHROPIC", "OPENROUTER", "OLLAMA"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.delenv("DCR_MODELS_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def test_models_says_who_can_be_asked_and_why_the_rest_cannot(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-secret")
    assert run(["models", "--json"]) == 0
    out = capfd.readouterr().out
    rows = {row["id"]: row for row in json.loads(out)}
    assert rows["gpt-6.1-sol"]["usable"] and not rows["claude-opus-5-5"]["usable"]
    assert rows["claude-opus-5-5"]["why"] == "no key: set ANTHROPIC_API_KEY"
    assert "k-secret" not in out
    assert run(["models"]) == 0
    assert "gpt-6.1-sol" in capfd.readouterr().out


def test_an_own_file_is_read_where_it_lies(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder := tmp_path / "config" / "deep-code-reasoning").mkdir(parents=True)
    (folder / "models.toml").write_text(
        '[[provider]]\nid = "lab"\nbase_url = "http://127.0.0.1:8080/v1"\ndata_policy = "local"\n'
        '[[model]]\nid = "qwen3-coder"\nprovider = "lab"\ncontext_window = 32768\n'
    )
    assert run(["models", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capfd.readouterr().out)}
    assert rows["qwen3-coder"]["usable"] and rows["qwen3-coder"]["data_policy"] == "local"
    (folder / "models.toml").write_text('[[model]]\nid = "x"\n')
    assert run(["models"]) == 2
    assert "models.toml" in capfd.readouterr().err


def test_check_marks_what_is_gone_and_what_is_new(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-secret")
    with stub(openai.lists("gpt-6.1-sol", *(f"new-{n}" for n in range(20)))) as server:
        monkeypatch.setenv("DCR_OPENAI_BASE_URL", f"{server.url}/v1")
        assert run(["models", "check", "--json"]) == 0
        rows = {row["provider"]: row for row in json.loads(capfd.readouterr().out)}
        assert run(["models", "check"]) == 0
        table = capfd.readouterr().out
    assert rows["openai"]["gone"] == ["gpt-6-astra", "gpt-6-luna", "gpt-6.1-terra"]
    assert len(rows["openai"]["new"]) == 20 and rows["google"]["state"] == "not asked"
    assert "and 12 more" in table and "gpt-6-astra" in table


def test_check_fails_where_everyone_who_was_asked_fails(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "check"]) == 0, "nobody was asked"
    monkeypatch.setenv("OPENAI_API_KEY", "k-secret")
    with stub(HTML) as server:
        monkeypatch.setenv("DCR_OPENAI_BASE_URL", f"{server.url}/v1")
        assert run(["models", "check"]) == 4
    assert "not JSON" in capfd.readouterr().out


def test_listing_loads_no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    code = (
        "import sys; from deep_code_reasoning.cli.app import run; import deep_code_reasoning.specialists.live_models;"
        "import deep_code_reasoning.specialists.providers.opening; run(['models', '--json']); print();"
        "print([m for m in ('pydantic_ai', 'google.genai', 'openai', 'anthropic', 'httpx2', 'duckdb')"
        " if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
