"""The table of tasks in decisions.toml, and what holds of every decision."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

from deep_code_reasoning import errors
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists import catalogue
from deep_code_reasoning.specialists.catalogue import LOCAL, models
from deep_code_reasoning.specialists.routing import Need, Route, choose, stay
from deep_code_reasoning.specialists.routing.tasks import task_named, tasks
from deep_code_reasoning.specialists.track_record import TrackRecord, chance_of_right, prior_mean

DATA = tomllib.loads((Path(__file__).parent / "decisions.toml").read_text("utf-8"))
EVERYONE = ("google", "openai", "anthropic")


@pytest.fixture(autouse=True)
def these_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_shipped", lambda: tuple(DATA["model"]))


def decided(case: dict[str, Any]) -> Route:
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in case.get("settings", {}).items()}
    need = {name: tuple(v) if isinstance(v, list) else v for name, v in case["need"].items()}
    keys = dict.fromkeys(case.get("keys", EVERYONE), "k")
    record = [TrackRecord(*row, None, None) for row in case.get("record", [])]
    return choose(Settings(keys=keys, **given), Need(**need), record)


@pytest.mark.parametrize("case", DATA["case"], ids=lambda case: case["name"])
def test_decision(case: dict[str, Any]) -> None:
    if refused := case.get("refused"):
        with pytest.raises(getattr(errors, refused[0])) as caught:
            decided(case)
        assert type(caught.value).__name__ == refused[0] and refused[1] in str(caught.value)
        return
    route = decided(case)
    model, said = case["chosen"]
    assert (route.model, said in route.reason) == (model, True), route.reason
    found = {one.entry.id: one for one in route.runners_up}
    for name, words in case.get("others", {}).items():
        assert found[name].qualifies is not words.startswith("-")
        assert words.removeprefix("-") in found[name].why, found[name].why
    if case.get("others") == {}:
        assert found == {}


def test_names_of_cases_tell_them_apart() -> None:
    names = [case["name"] for case in DATA["case"]]
    assert len(set(names)) == len(names)


def test_every_model_is_first_or_a_runner_up_and_those_that_qualify_come_first() -> None:
    route = decided({"need": {"analysis_type": "cross_system", "brief_tokens": 60_000}})
    assert {route.model, *(one.entry.id for one in route.runners_up)} == {model.id for model in models()}
    qualifies = [one.qualifies for one in route.runners_up]
    assert qualifies == sorted(qualifies, reverse=True)
    assert set(route.as_json()["runners_up"][0]) >= {"model", "why_not_first", "qualifies", "dollars_at_most"}


def test_a_conversation_stays_with_its_model_and_others_may_take_over_unless_it_was_named() -> None:
    settings = Settings(keys=dict.fromkeys(EVERYONE, "k"))
    need = Need("cross_system", 60_000)
    route = stay(settings, need, "runner")
    assert (route.model, route.reason) == ("runner", "the conversation is held with runner")
    assert [one.entry.id for one in route.runners_up if one.qualifies][:2] == ["thinker", "writer"]
    assert stay(settings, Need("cross_system", 60_000, "runner"), "runner").runners_up == ()
    assert stay(settings, need, LOCAL).provider == LOCAL
    with pytest.raises(errors.NoKeyError):
        stay(Settings(), need, "runner")


records = st.lists(
    st.builds(
        TrackRecord,
        st.sampled_from(["cross_system", "classification"]),
        st.sampled_from(["thinker", "runner", "writer", "mini", "local"]),
        *[st.integers(0, 50)] * 4,
        st.none(),
        st.none(),
    ),
    max_size=6,
    unique_by=lambda record: (record.task, record.model),
)
any_settings = st.builds(
    Settings,
    keys=st.dictionaries(st.sampled_from(EVERYONE), st.just("k")),
    privacy=st.sampled_from(["any", "no_training", "local_only"]),
    providers_denied=st.lists(st.sampled_from([*EVERYONE, "ollama"]), max_size=2).map(tuple),
    dollars_per_escalation=st.sampled_from([None, 0.001, 0.2, 5.0]),
)
any_task = st.sampled_from(["cross_system", "classification", "domain:payments"])


@checking(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(any_settings, any_task, st.integers(0, 10**6), records)
def test_whatever_is_chosen_may_be_asked_fits_and_is_worth_most(
    settings: Settings, task: str, tokens: int, record: list[TrackRecord]
) -> None:
    route = choose(settings, Need(task, tokens), record)
    assert route == choose(settings, Need(task, tokens), record)
    able = [one for one in route.runners_up if one.qualifies]
    value = task_named(task).dollars_of_a_right_answer
    worths = [one.chance * value - (one.dollars or 0) for one in able]
    assert worths == pytest.approx(sorted(worths, reverse=True))
    if route.provider == LOCAL:
        assert not able or task == "classification"
        return
    entry = route.entry
    assert entry.provider not in settings.providers_denied
    assert entry.provider == "ollama" or entry.provider in settings.keys
    assert settings.privacy != "local_only" or entry.data_policy == "local"
    assert settings.privacy != "no_training" or entry.data_policy in ("local", "no_training")
    assert tokens * 0.8 <= entry.context_window or (not able and "needs a smaller brief" in route.reason)


def test_an_estimate_begins_at_the_prior_and_ends_at_what_was_seen() -> None:
    def chance(solved: int, wrong: int, failed: int = 0, partly: int = 0) -> float:
        return chance_of_right(0.7, TrackRecord("t", "m", solved, partly, wrong, failed, None, None))

    assert chance_of_right(0.7, None) == chance(0, 0) == pytest.approx(0.95 * 0.7)
    assert chance(1, 0) > chance(0, 0, partly=1) > chance(0, 1)
    assert chance(900, 100) == pytest.approx(0.9, abs=0.005)
    assert chance(10, 0, 100) < 0.3
    assert chance(0, 8) == pytest.approx(0.95 * 0.35, abs=0.02), "eight outcomes move it half the way"


def test_the_prior_stays_a_probability() -> None:
    assert prior_mean(is_strength=True, is_first_choice=True) == pytest.approx(0.7)
    assert prior_mean(is_strength=True, is_first_choice=True, knows_domain=True) == 0.95
    assert prior_mean(is_strength=False, is_first_choice=False, is_too_small=True, missing=9) == 0.05


def test_every_task_of_the_shipped_catalogue_has_a_first_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for task in tasks():
        for provider in EVERYONE:
            small = task_named(task).is_small
            route = choose(Settings(keys={provider: "k"}), Need(task, 1_000 if small else 60_000))
            assert route.provider == provider, (task, provider, route.reason)
            assert route.entry.size == ("small" if small else "large")
