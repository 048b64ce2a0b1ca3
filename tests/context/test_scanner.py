"""A scanner of the user's: what it finds is taken out; if it fails, there is no brief."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from context.incident_tables import diagnosis, tables
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.scanner import Scanner, scanner_named
from deep_code_reasoning.errors import RedactionError, SettingsError, SpecialistError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import load_settings


def brief_with(scanner: Scanner | None, path: Path) -> Brief:
    with tables(path) as evidence:
        return build_brief(evidence, diagnosis(), budget_tokens=9_000, scanner=scanner, work=Work())


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def test_what_a_command_finds_is_taken_out_everywhere(tmp_path: Path) -> None:
    code = "import sys, json; text = sys.stdin.read(); print(json.dumps([w for w in ('Ada', 'lease.py') if w in text]))"
    brief = brief_with(scanner_named(command(code)), tmp_path)
    assert "Ada" not in brief.text and "lease.py" not in brief.text
    assert {r.kind for r in brief.manifest.redactions} >= {"scanner"}
    assert all(r.places for r in brief.manifest.redactions)


def test_a_function_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop_scanner.py").write_text("def find(text):\n    return {'Ada'}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "Ada" not in brief_with(scanner_named("shop_scanner:find"), tmp_path / "a").text
    assert "Ada" in brief_with(scanner_named(""), tmp_path / "b").text


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (command("raise SystemExit(3)"), "exit 3"),
        (command("print('no json')"), "JSONDecodeError"),
        (command("print('{}')"), "no list of texts"),
        (command("print('[1]')"), "no list of texts"),
        (command("print('[\"a\"]')"), "less than 3 characters"),
        ("no-such-scanner-here --json", "FileNotFoundError"),
        ("'unclosed", "ValueError"),
        ("no_such_module:find", "cannot be loaded"),
        ("os:sep", "cannot be called"),
        ("os:getpid", "TypeError"),
    ],
)
def test_a_scanner_that_fails_refuses_to_send(setting: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RedactionError, match="nothing is sent") as raised:
        brief_with(scanner_named(setting), tmp_path)
    assert said in str(raised.value)
    assert isinstance(raised.value, SpecialistError), "the local diagnosis is still given"


def test_a_file_of_the_project_cannot_name_a_program_to_run(tmp_path: Path) -> None:
    (tmp_path / ".deep-code-reasoning.toml").write_text('secret_scanner = "touch ran"\n')
    with pytest.raises(SettingsError, match="DCR_SECRET_SCANNER"):
        load_settings(tmp_path, {})
    (tmp_path / ".deep-code-reasoning.toml").write_text("redact_emails = true\n")
    settings = load_settings(tmp_path, {"DCR_SECRET_SCANNER": "shop:find"})
    assert (settings.secret_scanner, settings.redact_emails) == ("shop:find", True)
