"""Limits of spending and of privacy: a file of the project is shared, so it tightens and never loosens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

from deep_code_reasoning.errors import SettingsError
from deep_code_reasoning.settings import FILE_NAME, Settings, load_settings


def loaded(folder: Path, file: str, **environment: str) -> Settings:
    (folder / FILE_NAME).write_text(file)
    return load_settings(folder, {f"DCR_{name.upper()}": value for name, value in environment.items()})


def test_a_file_may_lower_a_limit_and_not_raise_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "dollars_per_day = 3").dollars_per_day == 3
    assert loaded(tmp_path, "dollars_per_day = 3000").dollars_per_day == Settings().dollars_per_day
    assert loaded(tmp_path, "dollars_per_day = 3000", dollars_per_day="100").dollars_per_day == 100
    assert loaded(tmp_path, "dollars_per_day = 3", dollars_per_day="100").dollars_per_day == 3
    assert loaded(tmp_path, 'dollars_per_day = "none"').dollars_per_day == Settings().dollars_per_day
    assert loaded(tmp_path, "dollars_per_project = 7").dollars_per_project == 7


def test_no_limit_is_said_with_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "", dollars_per_day="none").dollars_per_day is None
    assert loaded(tmp_path, "dollars_per_day = 3", dollars_per_day="none").dollars_per_day == 3
    for wrong in ("nan", "-1", "much"):
        with pytest.raises(SettingsError, match="dollars_per_day"):
            loaded(tmp_path, "", dollars_per_day=wrong)


@checking(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.sampled_from(["any", "no_training", "local_only", None]), st.sampled_from(["any", "no_training", "local_only"])
)
def test_the_stricter_privacy_holds(tmp_path: Path, ours: str | None, theirs: str) -> None:
    order = ["any", "no_training", "local_only"]
    found = loaded(tmp_path, f'privacy = "{theirs}"', **({"privacy": ours} if ours else {})).privacy
    assert order.index(found) == max(order.index(ours or "any"), order.index(theirs))


def test_providers_are_those_that_both_allow_and_neither_denies(tmp_path: Path) -> None:
    file = 'providers_allowed = ["google", "openai"]\nproviders_denied = ["anthropic"]'
    assert loaded(tmp_path, file).providers_allowed == ("google", "openai")
    both = loaded(tmp_path, file, providers_allowed="anthropic, openai", providers_denied="other")
    assert (both.providers_allowed, both.providers_denied) == (("openai",), ("other", "anthropic"))
    with pytest.raises(SettingsError, match="no provider is in both"):
        loaded(tmp_path, file, providers_allowed="anthropic")


def test_a_file_may_not_allow_what_nobody_knows_the_price_of_nor_another_model(tmp_path: Path) -> None:
    file = 'unpriced_models = "allow"\nfall_back_from_named = true'
    assert (loaded(tmp_path, file).unpriced_models, loaded(tmp_path, file).fall_back_from_named) == ("refuse", False)
    own = loaded(tmp_path, "", unpriced_models="allow", fall_back_from_named="true")
    assert (own.unpriced_models, own.fall_back_from_named) == ("allow", True)
