"""Where a setting comes from, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from deep_code_reasoning.errors import SettingsError
from deep_code_reasoning.settings import FILE_NAME, EscalationThresholds, load_settings


def test_defaults_are_the_missions(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {})
    assert settings.escalate_when == EscalationThresholds(50, 100_000_000, 3, 3600, 5)
    assert settings.keys == {}


def test_environment_goes_before_file_goes_before_default(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("threads = 3\nquery_seconds = 5\n[escalate_when]\nfiles = 10\n")
    (below := tmp_path / "a" / "b").mkdir(parents=True)
    settings = load_settings(below, {"DCR_THREADS": "4"})
    assert (settings.threads, settings.query_seconds, settings.escalate_when.files) == (4, 5.0, 10)


def test_either_variable_of_google_is_its_key_and_none_shows_in_repr(tmp_path: Path) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        settings = load_settings(tmp_path, {name: "k-123"})
        assert settings.keys == {"google": "k-123"}
        assert "k-123" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("thread = 3", "unknown setting 'thread'"),
        ("threads = 'many'", "threads = 'many' cannot be used"),
        ("threads = ", "not readable as TOML"),
        ("[escalate_when]\nfiles = -1", "Expected `int` >= 0 - at `$.files`"),
        ("[escalate_when]\nfile = 1", "unknown field `file`"),
        ("allowed_roots = 3", "allowed_roots = 3 cannot be used"),
    ],
)
def test_a_bad_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert said in str(caught.value)
    assert str(tmp_path / FILE_NAME) in str(caught.value)


def test_keys_are_never_read_from_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[keys]\ngoogle = "k"\n')
    with pytest.raises(SettingsError, match="unknown setting 'keys'"):
        load_settings(tmp_path, {})


def test_which_service_a_repository_is_may_be_set(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[repositories]\n"acme/shop-*" = "shop"\n"services/cart" = "cart"\n')
    assert load_settings(tmp_path, {}).repositories == {"acme/shop-*": "shop", "services/cart": "cart"}


@pytest.mark.parametrize(
    "name",
    ["google_base_url", "openai_base_url", "anthropic_base_url", "openrouter_base_url", "ollama_host", "models_file"],
)
def test_a_file_of_the_project_cannot_send_code_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / FILE_NAME).write_text(f'{name} = "http://stranger.example.com"\n')
    with pytest.raises(SettingsError, match="OLLAMA_HOST" if name == "ollama_host" else f"DCR_{name.upper()}"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[provider]]\nid = "lab"', "missing required field `base_url`"),
        ('[[provider]]\nid = "lab"\nbase_url = "ftp://x"', "base_url"),
        ('[[provider]]\nid = "lab"\nbase_url = "http://user:pw@x"', "base_url"),
        ('[[provider]]\nid = "google"\nbase_url = "http://x"', "'google' is there already"),
        ('[[provider]]\nid = "a"\nbase_url = "http://x"\n' * 2, "'a' is there already"),
        ("provider = 3", "Expected `array`"),
        ("[[", "not readable as TOML"),
    ],
)
def test_a_models_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    (file := tmp_path / "models.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {"DCR_MODELS_FILE": str(file)})
    assert said in str(caught.value) and str(file) in str(caught.value)


def test_a_models_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        load_settings(tmp_path, {"DCR_MODELS_FILE": str(tmp_path / "none.toml")})
