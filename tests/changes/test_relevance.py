"""Which of the commits a report is about: small histories, and what must hold for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deep_code_reasoning.changes.relevance import CommitText, FileText, Query, rank
from deep_code_reasoning.changes.relevance.features import NAMES
from deep_code_reasoning.changes.relevance.ranking import Weights, fitted_weights

HOUR = 3_600 * 10**9


def commit(age: int, message: str, *paths: str, patch: str = "@@ -1 +1 @@\n-old\n+new\n", sha: str = "") -> CommitText:
    files = tuple(FileText(path, None, 1, 1, patch) for path in paths)
    return CommitText(sha or f"{age:040x}", (1_000_000 - age) * HOUR, message, files)


HISTORY = (
    commit(0, "Say hello in French", "web/hello.py"),
    commit(1, "Faster parsing of dates", "lib/dates.py"),
    commit(2, "Pool buffers of the socket reader", "net/reader.go", "net/pool.go"),
    commit(3, "Describe the pool", "docs/pool.md"),
    commit(4, "Retry lookups of hosts three times", "net/lookup.go"),
    commit(5, "Cache lookups", "net/cache.go", patch="@@ -1 +3 @@ func lookupHost()\n+ttl := time.Hour\n"),
    commit(6, "Use the new logger", "net/log.go"),
)


@pytest.mark.parametrize(
    ("query", "expected", "reason"),
    [
        (
            Query("buffers leak in the socket reader"),
            2,
            "says 'reader' (in 1 of 7 commits), 'buffers' (in 1), 'socket' (in 1)",
        ),
        (Query("panic in lookupHost: ttl expired"), 5, "'lookupHost' (in 1"),
        (Query("dates.py: wrong century"), 1, "names its file lib/dates.py"),
        (Query("it is slower since Monday", files=("net/log.go",)), 6, "touches net/log.go"),
        (Query("it is slower since Monday", files=("log.go",)), 6, "touches net/log.go"),
        (Query("it does not work"), 0, "the 1st newest"),
    ],
)
def test_the_likeliest_and_why(query: Query, expected: int, reason: str) -> None:
    first = rank(query, HISTORY)[0]
    assert first.commit == HISTORY[expected], [
        (one.commit.message, one.score, one.reasons) for one in rank(query, HISTORY)
    ]
    assert any(reason in told for told in first.reasons), first.reasons


def test_words_are_told_with_how_many_commits_hold_them() -> None:
    told = rank(Query("in the night lookups of three hosts hang"), HISTORY)[0]
    assert told.commit == HISTORY[4]
    assert "says 'lookups' (in 2 of 7 commits), 'hosts' (in 2)" in told.reasons


def test_a_commit_after_it_was_noticed_is_not_to_blame() -> None:
    query = Query("Say hello: greeting in French is wrong", at=HISTORY[1].time)
    assert rank(query, HISTORY)[-1].commit == HISTORY[0]
    assert rank(replace(query, at=HISTORY[0].time), HISTORY)[0].commit == HISTORY[0]


def test_what_was_taken_back_already_comes_after_what_was_not() -> None:
    culprit = commit(5, "Pool buffers of the reader", "net/pool.go", sha="ab" * 20)
    back = commit(2, f'Revert "Pool buffers of the reader"\n\nThis reverts commit {culprit.sha}.', "net/pool.go")
    again = commit(3, "Pool buffers of the writer", "net/writer.go")
    ranked = rank(Query("pool of buffers leaks"), (back, again, culprit, *HISTORY[6:]))
    assert [one.commit for one in ranked].index(again) < [one.commit for one in ranked].index(culprit)
    told = next(one for one in ranked if one.commit == culprit)
    assert f"already taken back by {back.sha[:10]}" in told.reasons


def test_a_file_is_followed_through_its_renames() -> None:
    before = commit(9, "Speed up", "old/name.c")
    rename = CommitText("f" * 40, HISTORY[6].time, "Move", (FileText("new/name.c", "old/name.c"),))
    ranked = rank(Query("slow", files=("new/name.c",)), (*HISTORY[:5], rename, before))
    assert {one.commit.sha for one in ranked[:2]} == {rename.sha, before.sha}
    assert ranked[1].probability > 100 * ranked[2].probability


def test_a_known_file_that_nobody_touched_says_nothing() -> None:
    with_file = rank(Query("buffers leak", files=("absent.py",)), HISTORY)
    assert [one.commit for one in with_file] == [one.commit for one in rank(Query("buffers leak"), HISTORY)]
    assert "touches none of the files known to be involved" in with_file[0].reasons


def test_documents_and_tests_are_told() -> None:
    ranked = {
        one.commit: one.reasons for one in rank(Query("pool"), (*HISTORY, commit(8, "More", "tests/test_pool.py")))
    }
    assert "changes nothing but documents" in ranked[HISTORY[3]]
    assert "changes nothing but tests" in ranked[commit(8, "More", "tests/test_pool.py")]


def test_nothing_to_rank() -> None:
    assert rank(Query("anything"), ()) == []


@pytest.mark.parametrize("text", ["", "\0\0", "the", "#" * 100_000, "\ud800", "((((", "a/" * 50_000, "a." * 50_000])
def test_hostile_text(text: str) -> None:
    hostile = (commit(0, text, text or "x", patch=text), CommitText("0" * 40, None, text), *HISTORY)
    ranked = rank(Query(text, files=(text, "/")), hostile)
    assert len(ranked) == len(hostile)
    assert np.isfinite([one.score for one in ranked]).all()


WORDS = ("buffer", "socket", "reader", "lookup", "cache", "leak", "retry", "parser", "theme", "button")
MESSAGES = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
PATHS = st.sampled_from(["net/reader.go", "docs/a.md", "tests/a_test.go", "web/button.ts", "lib/cache.py"])


@st.composite
def histories(draw: st.DrawFn) -> list[CommitText]:
    made = draw(st.lists(st.tuples(MESSAGES, st.lists(PATHS, unique=True, max_size=3)), min_size=1, max_size=12))
    return [commit(age * 3, message, *paths) for age, (message, paths) in enumerate(made)]


@settings(deadline=None)
@given(histories(), MESSAGES, st.randoms(use_true_random=False), st.lists(PATHS, max_size=1))
def test_the_order_of_the_input_does_not_matter(history: list[CommitText], text: str, random, files: list) -> None:
    query = Query(text, tuple(files))
    shuffled = random.sample(history, len(history))
    assert rank(query, history) == rank(query, shuffled)


@settings(deadline=None)
@given(histories(), MESSAGES, st.lists(PATHS, max_size=1))
def test_probabilities_add_up_to_one_and_follow_the_scores(history: list[CommitText], text: str, files: list) -> None:
    ranked = rank(Query(text, tuple(files)), history)
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert all(one.reasons for one in ranked)


@settings(deadline=None)
@given(histories(), st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True))
def test_all_words_of_the_report_never_rank_below_none(history: list[CommitText], words: list[str]) -> None:
    """Two commits alike but for the message; of one time, so each is taken as the newer one once."""
    time = history[0].time
    assert time is not None
    holding = replace(commit(0, " ".join(words), "lib/a.py"), sha="a" * 40, time=time + HOUR)
    without = replace(holding, message=" ".join("unrelated" for _ in words), sha="b" * 40)
    margin = 0.0
    for newest in ([without, holding], [holding, without]):
        scores = {one.commit.sha: one.score for one in rank(Query(" ".join(words)), [*newest, *history])}
        margin += scores["a" * 40] - scores["b" * 40]
    assert margin > 0


@settings(deadline=None)
@given(histories(), MESSAGES)
def test_scores_are_the_weighted_features(history: list[CommitText], text: str) -> None:
    """No weight, no preference: all are equally likely."""
    nothing = np.zeros(len(NAMES))
    ranked = rank(Query(text), history, Weights(nothing, nothing))
    assert {round(one.probability * len(history), 9) for one in ranked} == {1.0}


@given(st.floats(0, 1))
def test_doubt_spreads_probability_and_keeps_the_order(doubt: float) -> None:
    sure = rank(Query("buffers leak"), HISTORY, replace(fitted_weights(), text_doubt=0.0))
    doubted = rank(Query("buffers leak"), HISTORY, replace(fitted_weights(), text_doubt=doubt))
    assert [one.commit for one in doubted] == [one.commit for one in sure]
    for one, other in zip(sure, doubted, strict=True):
        assert other.probability == pytest.approx((1 - doubt) * one.probability + doubt / len(HISTORY))


def test_weights_are_there_for_every_feature_and_say_what_they_should() -> None:
    weights = fitted_weights()
    by_name = dict(zip(NAMES, weights.text, strict=True))
    assert len(weights.text) == len(weights.file) == len(NAMES)
    assert min(by_name[name] for name in ("subject", "everything", "code")) > 0
    assert min(*weights.text[:6], *weights.file[:6]) >= 0
    assert 0 <= weights.file_doubt <= weights.text_doubt < 0.3
    assert max(by_name[name] for name in ("hours", "only_documents", "taken_back", "is_revert")) < 0
