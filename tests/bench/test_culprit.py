"""Cases made from reverts, read back and scored, on histories that git itself wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

import culprit  # noqa: E402
import culprit_cases  # noqa: E402
import culprit_fit  # noqa: E402
import culprit_measure  # noqa: E402
import culprit_table  # noqa: E402
from culprit_fit import Choice  # noqa: E402
from culprit_histories import History, NoHistory, history_of  # noqa: E402
from culprit_table import Outcome  # noqa: E402

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "HOME": "/nonexistent",
    "PATH": "/usr/bin:/bin",
}
REASON = "The socket reader leaks buffers when a peer goes away."


class Repository:
    """A history written commit by commit, a minute apart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.minutes = 0
        self.git("init", "-q", "-b", "main", str(path), inside=False)

    def git(self, *arguments: str, inside: bool = True, text: bytes | None = None) -> str:
        self.minutes += 1
        date = f"{1_700_000_000 + self.minutes * 60} +0000"
        who = {f"GIT_{role}_{part}": part for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        command = ["git", *(("-C", str(self.path)) if inside else ()), *arguments]
        done = subprocess.run(command, env=ENVIRONMENT | who | dates, input=text, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, message: str | bytes, **files: str) -> str:
        for name, content in files.items():
            (self.path / f"{name}.py").write_text(content)
        self.git("add", "-A")
        text = message if isinstance(message, bytes) else message.encode()
        self.git("commit", "-q", "--allow-empty", "-F", "-", text=text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    made = Repository(tmp_path_factory.mktemp("history") / "owner" / "project")
    named: dict[str, str] = {}
    for number in range(6):
        made.commit(f"Groundwork {number}", ground=f"{number}\n")
    named["pool"] = made.commit("Pool buffers of the socket reader (#12)", reader="pool = []\n", other="1\n")
    named["latin"] = made.commit(b"Gr\xfc\xdfe in Latin 1", greeting="hello\n")
    made.commit("Unrelated", other="2\n")
    made.commit(
        f'Revert "Pool buffers of the socket reader" (#13)\n\nThis reverts commit {named["pool"]}.\n\n{REASON} See #12 '
        f"and https://example.org/x.\n\nSigned-off-by: A <a@example.org>",
        reader="",
    )
    named["again"] = made.commit("Reapply pooling of buffers", reader="pool = [1]\n")
    made.commit(f"This reverts commit {named['again']}, which makes the tests of the pool hang.", reader="")
    made.commit(
        b"Revert greeting\n\nThis reverts commit "
        + named["latin"].encode()
        + b".\n\nUnreadable on Gr\xf6nland's terminals."
    )
    made.commit(f'Revert "Unrelated"\n\nThis reverts commit {"d" * 40}.\n\nIt never was in this history at all.')
    made.commit(f'Revert "Pool"\n\nThis reverts commit {named["pool"]}.\n\nNo.')
    made.git("switch", "-q", "-c", "topic")
    named["merged"] = made.commit("Draw the chart twice as fast", chart="1\n")
    made.git("switch", "-q", "main")
    made.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    merge, base = made.git("rev-parse", "HEAD"), made.git("rev-parse", "HEAD^1")
    made.commit(
        f'Revert "Merge topic"\n\nThis reverts commit {merge}, reversing\nchanges made to {base}.\n\n'
        "The chart flickers on slow machines.",
        chart="",
    )
    return made, named


def cases_of(repository: Repository, candidates: int = 6) -> tuple[list, dict]:
    history = History(repository.path)
    return culprit_cases.build_cases("owner/project", culprit_cases.walk(history.git, history.directory), candidates)


def test_each_revert_with_a_reason_is_a_case(repository: tuple[Repository, dict[str, str]]) -> None:
    made, named = repository
    cases, skipped = cases_of(made)
    assert {case.truth: case.symptom for case in cases} == {
        named["merged"]: "The chart flickers on slow machines",
        named["latin"]: "Revert greeting\n\nUnreadable on Grönland's terminals",
        named["again"]: "which makes the tests of the pool hang",
        named["pool"]: f"{REASON} See and",
    }
    assert skipped == {"reverted commit not in the history": 1, "no reason given": 1}
    for case in cases:
        assert len(case.candidates) == 6
        assert case.truth in case.candidates


def test_candidates_are_the_commits_before_the_revert_without_merges(
    repository: tuple[Repository, dict[str, str]],
) -> None:
    made, _ = repository
    case = cases_of(made)[0][0]
    listed = made.git("rev-list", "--no-merges", "--max-count=6", "--skip=1", "HEAD").split()
    assert list(case.candidates) == listed


def test_a_revert_outside_the_window_is_no_case(repository: tuple[Repository, dict[str, str]]) -> None:
    made, named = repository
    cases, skipped = cases_of(made, candidates=2)
    assert named["pool"] not in {case.truth for case in cases}
    assert skipped["not among the 2 commits before"] == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('Revert "Add all"\n\nThis reverts commit 0123456789abcdef.', ""),
        ("Revert 'Add all' as it is slow", "slow"),
        ('Revert "Revert "Add all""\n\nThe first revert was wrong', "The first revert was wrong"),
        ("net: revert 0123456789 (GH-12), it hangs", "net: revert it hangs"),
    ],
)
def test_the_reason_names_no_commit(message: str, reason: str) -> None:
    left = culprit_cases.why(message, "Add all (#7)")
    assert "0123456789" not in left and "Add all" not in left
    assert not reason or reason.split()[-1] in left


def test_commits_are_read_with_their_diffs(repository: tuple[Repository, dict[str, str]]) -> None:
    made, named = repository
    read = History(made.path).read([named["pool"], "e" * 40, named["latin"]])
    assert list(read) == [named["pool"], named["latin"]]
    assert [file.path for file in read[named["pool"]].files] == ["other.py", "reader.py"]
    assert "+pool = []" in read[named["pool"]].files[1].patch
    assert read[named["latin"]].message == "Grüße in Latin 1"  # git takes what is no UTF-8 for Latin 1


def test_a_missing_object_costs_one_diff_and_no_other_commit(tmp_path: Path) -> None:
    made = Repository(tmp_path / "damaged")
    shas = [made.commit(f"Number {number}", file=f"{number}\n" * 3) for number in range(5)]
    blob = made.git("rev-parse", f"{shas[2]}:file.py")
    (made.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    read = History(made.path).read(shas)
    assert list(read) == shas
    assert [bool(commit.files[0].patch) for commit in read.values()] == [True, True, False, False, True]
    assert all(commit.files[0].path == "file.py" for commit in read.values())


def test_histories_are_found_in_the_usual_places(tmp_path: Path) -> None:
    for place in ("a+one/repo", "b/two", "three"):
        Repository(tmp_path / place)
    bare = tmp_path / "d" / "four.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True, env=ENVIRONMENT)
    for name in ("a/one", "b/two", "c/three", "d/four"):
        assert history_of(name, tmp_path, {}).directory.exists()
    assert history_of("x/y", None, {"x/y": tmp_path / "three"}).directory.exists()
    with pytest.raises(NoHistory, match="no history of x/y"):
        history_of("x/y", tmp_path, {})


def test_cases_are_scored_from_the_command_line(
    repository: tuple[Repository, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = repository
    file = tmp_path / "cases.jsonl"
    assert (
        culprit.main(["build", str(made.path), "--name", "owner/project", "--out", str(file), "--candidates", "6"]) == 0
    )
    assert "4 cases, skipped 1" in capsys.readouterr().err
    folder = str(made.path.parents[1])
    assert culprit.main(["--cases", str(file), "--repositories", folder, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    ours = {row["known"]: row for row in printed["rows"] if row["method"] == "ours"}
    assert {row["method"] for row in printed["rows"]} == {"recency", "BM25", "BM25 + recency", "ours"}
    assert ours["text"]["cases"] == ours["file"]["cases"] == ours["every file"]["cases"] == 4
    assert ours["file"]["ac5"] == 1.0
    assert culprit.main(["--cases", str(file), "--repositories", folder]) == 0
    assert "| text | owner/project | ours | 4 |" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["{", "[]", '{"repository": "a/b"}'])
def test_a_bad_case_is_told_by_its_line(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.jsonl").write_text(f"\n{line}\n")
    assert culprit.main(["--cases", str(tmp_path / "cases.jsonl")]) == 2
    assert "line 2" in capsys.readouterr().err


def choices(weights: Sequence[float], count: int, seed: int) -> list[Choice]:
    """Drawn from the model itself."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        values = random.normal(size=(20, len(weights)))
        odds = np.exp(values @ np.array(weights))
        made.append(Choice(f"p{number % 3}", values, int(random.choice(20, p=odds / odds.sum()))))
    return made


def test_the_fit_finds_the_weights_that_made_the_choices() -> None:
    truth = [1.5, -0.7, 0.0]
    assert culprit_fit.fit(choices(truth, 1_500, 1), ridge=0.1) == pytest.approx(truth, abs=0.12)


def test_units_and_constant_features_do_not_matter() -> None:
    made = choices([1.0, -0.5], 200, 2)
    other = [Choice(one.project, np.column_stack([one.values * [1_000, 1], np.ones(20)]), one.truth) for one in made]
    plain, scaled = culprit_fit.fit(made), culprit_fit.fit(other)
    assert scaled * [1_000, 1, 1] == pytest.approx([*plain, 0.0], abs=1e-6)


def test_no_negative_weight_where_none_may_be() -> None:
    fitted = culprit_fit.fit(choices([1.0, -0.8, 0.5], 300, 4), never_negative=[1])
    assert fitted[1] == 0.0
    assert min(fitted[0], fitted[2]) > 0.3


def test_doubt_comes_from_projects_where_sure_answers_are_wrong() -> None:
    random = np.random.default_rng(6)
    made = choices([4.0], 600, 5)
    other = [
        Choice(one.project, one.values, int(random.integers(20)) if one.project == "p2" else one.truth) for one in made
    ]
    assert culprit_fit.doubt(made) <= 0.03
    assert culprit_fit.doubt(other) > 0.1


def test_left_out_projects_do_not_touch_their_own_weights() -> None:
    made = choices([1.0], 90, 3)
    spoilt = [Choice(one.project, -one.values if one.project == "p0" else one.values, one.truth) for one in made]
    clean, other = culprit_fit.leave_one_out(made, made), culprit_fit.leave_one_out(spoilt, spoilt)
    assert clean["p0"].text == pytest.approx(other["p0"].text)
    assert clean["p1"].text != pytest.approx(other["p1"].text)


def test_figures_are_counted() -> None:
    outcomes = [Outcome("p", "m", "text", place) for place in (0, 0, 3, 9)]
    found = culprit_table.figures(outcomes)
    assert (found["ac1"], found["ac5"], found["cases"]) == (0.5, 0.75, 4)
    assert found["mrr"] == pytest.approx((1 + 1 + 1 / 4 + 1 / 10) / 4, abs=1e-3)
    assert found["ac1_95"][0] <= 0.5 <= found["ac1_95"][1]


def test_a_case_asked_with_each_of_its_files_counts_once() -> None:
    outcomes = [Outcome("p", "m", "every file", place, None, 0.5) for place in (0, 9)] + [
        Outcome("p", "m", "every file", 0)
    ]
    assert culprit_table.figures(outcomes)["ac1"] == 0.75


def test_of_equal_scores_the_newer_is_first() -> None:
    assert culprit_measure.place_of(np.array([1.0, 1.0, 2.0]), 0, np.array([5, 3, 9])) == 2


def test_reliability_puts_each_first_into_one_range() -> None:
    outcomes = [
        Outcome("p", "ours", "text", place, first) for place, first in ((0, 0.95), (1, 1.0), (0, 0.1), (4, 0.02))
    ]
    rows = culprit_table.reliability(outcomes, "text")
    assert [(row["from"], row["cases"], row["right"]) for row in rows] == [(0.0, 1, 0.0), (0.1, 1, 1.0), (0.9, 2, 0.5)]
