"""The specialist names a file that the ranking missed, and gets it: redacted, within its share, citable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from context.incident_tables import DATABASE_PASSWORD
from deep_code_reasoning.context.brief import Brief, build_brief
from deep_code_reasoning.context.code_ranking import ranked_code
from deep_code_reasoning.context.tokens import count_tokens
from deep_code_reasoning.errors import RedactionError, RefusedError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists import second_round as rounds
from deep_code_reasoning.specialists.catalogue import Model
from deep_code_reasoning.specialists.port import Reply, Request
from deep_code_reasoning.specialists.second_round import SHARE, SecondRound, second_round
from deep_code_reasoning.specialists.tools.desk import Desk
from deep_code_reasoning.specialists.tree_outline import tree_outline
from specialists.one_turn import ask
from specialists.scripted import Scripted, answers, says
from specialists.tools.at_hand import toolbox

QUESTION = "Why does payment renew its lease late?"
GOLD = "def skewed(now):\n    return now + DRIFT  # every host adds its own\n"
SECRET = f'DSN = "postgresql://shop:{DATABASE_PASSWORD}@db:5432/x"\n'
MODEL = Model("m-1", "scripted", context_window=200_000)


def many(words: str, count: int) -> dict[str, str]:
    body = "".join(f"def {words}_{{n}}_{m}():\n    return '{words} late {m}'\n\n" for m in range(30))
    return {f"src/{words}_{n}.py": body.replace("{n}", str(n)) for n in range(count)}


@contextmanager
def incident(path: Path, budget: int = 6_000, **files: str) -> Iterator[tuple[Brief, Desk]]:
    """Twelve files that speak of leases, and one, the cause, that speaks of none."""
    with toolbox(path, files=many("renew_lease", 12) | {"src/clock/drift.py": SECRET + GOLD} | files) as tools:
        desk = tools.desk
        ranked = ranked_code(
            desk.tables, desk.diagnosis, question=QUESTION, code_files=(), roots=desk.roots, settings=desk.settings,
            work=Work(),
        )  # fmt: skip
        assert not any(file.path.name == "drift.py" for file in ranked.files), "the ranking misses it"
        brief = build_brief(
            desk.tables, desk.diagnosis, budget_tokens=budget, question=QUESTION, ranked=ranked.files, roots=desk.roots,
            redactor=desk.redactor, work=Work(),
        )  # fmt: skip
        assert "DRIFT" not in brief.text
        yield brief, desk


def names(*paths: str) -> Reply:
    return says(json.dumps({"files": [{"path": path, "why": "where clocks meet"} for path in paths]}))


def asked(brief: Brief, desk: Desk, *play: Any) -> tuple[SecondRound, list[Request]]:
    provider = Scripted(list(play))
    made = second_round(brief, desk, provider=provider, entry=MODEL, question=QUESTION, seconds=20, work=Work())
    return made, provider.seen


def test_the_file_that_the_ranking_missed_arrives(tmp_path: Path) -> None:
    with incident(tmp_path) as (brief, desk):
        made, [request] = asked(brief, desk, names("payment/src/clock/drift.py"))
    assert "return now + DRIFT" in made.text and DATABASE_PASSWORD not in made.text
    assert [(item.id, item.reason) for item in made.items] == [
        ("code:payment/src/clock/drift.py", "asked for: where clocks meet")
    ]
    text = request.messages[0].text
    assert "payment/src/clock/ drift.py" in text, "the outline shows it"
    assert QUESTION in text and str(tmp_path) not in text and DATABASE_PASSWORD not in text
    assert made.asked_tokens < 7_000 and made.usage.input_tokens == 1_000


@pytest.mark.parametrize(
    "name", ["drift.py", "src/clock/drift.py", "/app/clock/drift.py", "code:payment/src/clock/drift.py"]
)
def test_a_file_is_found_however_it_is_named(tmp_path: Path, name: str) -> None:
    with incident(tmp_path) as (brief, desk):
        assert "DRIFT" in asked(brief, desk, names(name))[0].text


def test_what_is_added_keeps_to_its_share(tmp_path: Path) -> None:
    long = "".join(f"def clock_{n}():\n    return {n}\n" for n in range(600))
    extra = {f"src/clock/long_{n}.py": long for n in range(5)}
    with incident(tmp_path, 8_000, **extra) as (brief, desk):
        made, _ = asked(brief, desk, names(*extra, "drift.py"))
    assert 0 < made.tokens <= SHARE * 8_000
    assert made.items[0].title.startswith("the first ")


def test_the_marks_around_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "fence_of", lambda _: f"evidence-{'0f1e2d3c4b5a' * 20}")
    extra = {f"src/clock/short_{n}.py": f"def clock_{n}():\n    return {n}\n" for n in range(8)}
    with incident(tmp_path, 8_000, **extra) as (brief, desk):
        made, _ = asked(brief, desk, names(*extra))
    assert 0 < len(made.items) < 8
    assert sum(item.tokens for item in made.items) == made.tokens <= SHARE * 8_000


def test_a_file_that_is_in_the_brief_is_not_sent_again(tmp_path: Path) -> None:
    with incident(tmp_path, 60_000) as (brief, desk):
        cut = {left.id for left in brief.manifest.left_out}
        whole = [item.id for item in brief.manifest.items if item.kind == "code" and item.id not in cut]
        made, _ = asked(brief, desk, names(*whole[:2]))
    assert whole and made.text == "" and made.skipped == "no file was named"


@pytest.mark.parametrize(
    ("reply", "says_why"),
    [
        (says("I need none."), "no file was named"),
        (says('{"files": "all of them"}'), "no file was named"),
        (says('{"files": [{"path": 7}, "x", {"path": " "}]}'), "no file was named"),
        (RefusedError("will not"), "the files were not named: will not"),
        (6.0, "no answer in time"),
    ],
)
def test_the_analysis_does_without(tmp_path: Path, reply: Any, says_why: str) -> None:
    with incident(tmp_path) as (brief, desk):
        made = second_round(
            brief, desk, provider=Scripted([reply]), entry=MODEL, question=QUESTION, seconds=4, work=Work()
        )
    assert made.text == "" and says_why in made.skipped


@pytest.mark.parametrize("name", ["/etc/passwd", "../../outside.py", ".env", "zzz/qqq"])
def test_nothing_outside_of_the_roots_is_brought(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.py").write_text("outside = 1\n")
    with incident(tmp_path, **{".env": "KEY=abc\n"}) as (brief, desk):
        made, _ = asked(brief, desk, names(name))
    assert "root:" not in made.text and "outside = 1" not in made.text and "KEY=abc" not in made.text


def test_nothing_is_asked_where_everything_is_in_the_brief(tmp_path: Path) -> None:
    with toolbox(tmp_path) as tools:
        desk = tools.desk
        brief = build_brief(
            desk.tables, desk.diagnosis, budget_tokens=60_000, question=QUESTION, roots=desk.roots,
            code_files=list((tmp_path / "code").rglob("*.py")), redactor=desk.redactor, work=Work(),
        )  # fmt: skip
        made, seen = asked(brief, desk, names("x.py"))
    assert seen == [] and made.skipped == "the brief holds every source file"


def test_what_it_brought_can_be_cited(tmp_path: Path) -> None:
    citation = {"ref": "payment/src/clock/drift.py:3", "quote": "return now + DRIFT"}
    cause = {"type": "code", "description": "d", "confidence": 0.8, "claims": [{"text": "c", "citations": [citation]}]}
    provider = Scripted([answers(root_causes=[cause])])
    with incident(tmp_path) as (brief, desk):
        made, _ = asked(brief, desk, names("drift.py"))
        result = ask(brief, provider, more=made.text)
    assert provider.seen[0].messages[0].text == brief.text, "the brief's bytes stay as they are"
    assert result.problems == () and result.analysis.root_causes[0].confidence == 0.8
    assert made.as_json()["added"][0]["id"] == "code:payment/src/clock/drift.py"


def test_what_fails_once_it_was_paid_for_is_told_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Reply] = []

    def broken(*given: Any) -> None:
        raise RedactionError("the scanner is gone")

    with incident(tmp_path) as (brief, desk):
        monkeypatch.setattr(rounds, "_packed", broken)
        made = second_round(
            brief, desk, provider=Scripted([names("drift.py")]), entry=MODEL, question=QUESTION, seconds=4,
            answered=lambda reply, dollars, seconds: told.append(reply), work=Work(),
        )  # fmt: skip
    assert made.skipped == "the files were not packed: the scanner is gone" and made.text == ""
    assert [reply.usage for reply in told] == [made.usage] and made.usage.input_tokens == 1_000


def test_an_outline_keeps_to_its_tokens_and_begins_near() -> None:
    trees = {
        "shop": [f"a/{n}/file_{m}.py" for n in range(300) for m in range(20)] + ["z/deep/er/gold.py", "tests/test_a.py"]
    }
    text = tree_outline(trees, ["shop/z/deep/er/found.py", "shop/a/7/file_1.py"], 1_000)
    assert text.startswith("shop/z/deep/er/ gold.py\nshop/a/7/ file_0.py")
    assert count_tokens(text) <= 1_100 and "more source files" in text
    assert "shop/tests/ (1 tests and documents)" in tree_outline({"shop": ["tests/test_a.py"]}, [], 1_000)
    assert tree_outline({}, [], 1_000) == ""
