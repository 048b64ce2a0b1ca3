"""Where the time of a path goes: measured milliseconds, signs of syntax, findings, and answers to suspicions."""

from __future__ import annotations

from pathlib import Path

import pytest

from call_graph.programs import path_of, write
from deep_code_reasoning.code.graph.entry_point import Entry
from deep_code_reasoning.code.graph.program import Program
from deep_code_reasoning.code.index.git_tree import tree_at
from deep_code_reasoning.errors import OutsideRootsError, UsageError
from deep_code_reasoning.investigation import Investigations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.running_code.bottleneck.bottleneck import Question, performance_bottleneck
from deep_code_reasoning.running_code.bottleneck.measured import measured_below
from deep_code_reasoning.running_code.bottleneck.report import BottleneckReport
from deep_code_reasoning.running_code.bottleneck.smells import smells_of
from running_code.repositories import settings_for
from running_code.traffic import write_traffic

SHOP = {
    "orders/app.py": (
        "import requests\n\n\ndef place(order, db):\n    total = 0\n    for line in order.lines:\n"
        "        total += db.query('SELECT cents FROM products WHERE id = 1', line)\n"
        '    requests.get("http://catalog/api/stock/" + order.id)\n    return total\n'
    ),
    "orders/idle.py": "def idle(a):\n    return a + 1\n",
}


def bottleneck(
    folder: Path, entry: str, *suspected: str, evidence: tuple[str, ...] = (), root: Path | None = None, depth: int = 3
) -> BottleneckReport:
    settings = settings_for(folder)
    return performance_bottleneck(
        Investigations(settings, trust_arguments=False),
        Question(Entry.parse(entry), depth, suspected),
        root=root or folder,
        roots=settings.allowed_roots,
        evidence=evidence,
        work=Work(),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "work", SHOP)


def test_measured_before_and_in_the_incident(folder: Path) -> None:
    traces = write_traffic(folder / "traces.jsonl", [1, 30])
    report = bottleneck(folder, "orders/app.py:4", "N+1 queries", "lock contention", evidence=(str(traces),))
    first, *others = report.measured
    # 30 queries of 4 ms, one after another, where there was one.
    assert (first.service, first.operation, first.entry) == ("orders", "SELECT products", "orders POST /orders")
    assert first.calls == pytest.approx(30, abs=0.01)
    assert first.critical_ms == pytest.approx(120, abs=0.1)
    assert first.before_calls == pytest.approx(1, abs=0.01)
    assert first.change_ms == pytest.approx(116, abs=0.1)
    whole = 30 * 4 + 20 + 10 - 4  # of `POST /orders` itself
    assert sum(one.critical_ms for one in report.measured) == pytest.approx(whole, abs=0.2)
    assert sum(one.share for one in report.measured) == pytest.approx(1)
    assert {one.operation for one in others} == {"POST /orders", "GET", "GET /api/stock/{id}"}
    own = next(one for one in others if one.operation == "POST /orders")
    assert own.functions == ("place (orders/app.py:4)",)
    assert [one.code for one in report.findings] == ["DB001"]
    queries, locks = report.suspected
    assert queries.verdict == "seen"
    assert any(ref.startswith(("trace:", "span:")) for ref in queries.evidence)
    assert locks.verdict == "not seen"


def test_nothing_measured_is_said_and_syntax_stands(folder: Path) -> None:
    report = bottleneck(folder, "orders/app.py:4", "slow regex on the CPU", "N+1", "gremlins")
    assert report.measured == []
    assert [(one.kind, one.line, one.loops, one.io) for one in report.static] == [("query-in-loop", 7, 1, 1)]
    verdicts = {one.issue: one.verdict for one in report.suspected}
    assert verdicts == {"slow regex on the CPU": "cannot be told", "N+1": "seen", "gremlins": "cannot be told"}
    assert "nothing is measured" in " ".join(report.not_looked_at)
    clean = bottleneck(folder, "orders/idle.py:1", "N+1")
    assert clean.static == []
    assert clean.suspected[0].verdict == "not seen"


def test_traces_that_name_nothing_of_the_path_measure_nothing(folder: Path) -> None:
    traces = write_traffic(folder / "traces.jsonl", [1], seconds=60)
    report = bottleneck(folder, "orders/idle.py:1", evidence=(str(traces),))
    assert report.measured == []
    assert report.operations == []
    assert "no span, stack or route names a function of this path" in report.narrative()


SMELLS = {
    "python": (
        "a.py",
        "class A:\n    def go(self, users):\n        for user in users:\n            for day in user.days:\n"
        "                self.one(day)\n\n    def one(self, day):\n        with self.lock:\n"
        "            self.session.execute(day)\n",
        {("nested-loops", 3, "loops nested 2 deep over users, user.days"), ("query-in-loop", 5), ("io-under-lock", 9)},
    ),
    "go": (
        "a.go",
        "package a\n\nfunc (s *S) Go(users []User) {\n\tfor _, user := range users {\n\t\ts.one(user)\n\t}\n}\n\n"
        "func (s *S) one(user User) {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\ts.db.QueryRow(user.ID)\n}\n",
        {("query-in-loop", 5), ("io-under-lock", 12)},
    ),
    "typescript": (
        "a.ts",
        "export async function go(ids: string[]) {\n  for (const id of ids) {\n    await one(id);\n  }\n}\n\n"
        "async function one(id: string) {\n  return await fetch(id);\n}\n",
        {("await-in-loop", 3, "awaits one after another in a loop over ids"), ("call-in-loop", 3)},
    ),
    "java": (
        "A.java",
        "class A {\n    void go(List<User> users) {\n        for (User user : users) {\n"
        "            for (Day day : user.days()) {\n                one(day);\n            }\n        }\n    }\n\n"
        "    void one(Day day) {\n        repository.save(day);\n    }\n}\n",
        {("nested-loops", 3, "loops nested 2 deep over users, user.days()"), ("query-in-loop", 5)},
    ),
}


@pytest.mark.parametrize("language", SMELLS)
def test_signs_of_syntax(language: str, tmp_path: Path) -> None:
    file, text, expected = SMELLS[language]
    write(tmp_path, {file: text})
    entry = next(number for number, line in enumerate(text.split("\n"), 1) if "go(" in line.lower())
    found = smells_of(path_of(tmp_path, f"{file}:{entry}"), Program(tree_at(tmp_path), Work()))
    told = {(one.kind, one.line) for one in found} | {(one.kind, one.line, one.what) for one in found}
    assert expected <= told, sorted(told, key=str)
    assert not any("O(" in one.what for one in found), "no order of growth is invented"
    assert [one.loops for one in found] == sorted((one.loops for one in found), reverse=True)


def test_loops_around_the_callers_count(tmp_path: Path) -> None:
    text = (
        "def top(a):\n    for x in a:\n        middle(x)\n\n\ndef middle(x):\n    for y in x:\n        low(y)\n\n\n"
        "def low(y):\n    session.execute(y)\n"
    )
    write(tmp_path, {"a.py": text})
    found = smells_of(path_of(tmp_path, "a.py:1"), Program(tree_at(tmp_path), Work()))
    lines = {(one.function, one.line): one.loops for one in found if one.kind == "query-in-loop"}
    assert lines == {("low", 12): 2, ("middle", 8): 2, ("top", 3): 1}


def test_a_comprehension_is_told_by_what_it_runs_over(tmp_path: Path) -> None:
    text = "def go(users, session):\n    return [session.execute(d) for d in [e for u in users for e in u.days]]\n"
    write(tmp_path, {"a.py": text + "\n\ndef all(users, session):\n    return [session.execute(u) for u in users]\n"})
    found = smells_of(path_of(tmp_path, "a.py:5"), Program(tree_at(tmp_path), Work()))
    assert [(one.kind, one.what) for one in found] == [
        ("query-in-loop", "queries with session.execute() in a loop over users")
    ]


def node(number: int, parent: int | None, name: str, calls: float, ms: float) -> dict:
    row = {"calls": calls, "critical_path_ms_a_request": ms, "self_time_ms_a_request": ms}
    return {"node": number, "parent": parent, "service": "s", "operation": name, "incident": row}


def test_numbers_are_for_one_call_of_the_entry_operation() -> None:
    # Of 10 requests to `a` each calls `b` twice; `b` takes 6 ms of a request: 3 ms a call. 5 requests go to `b` itself.
    nodes = [
        node(0, None, "a", 10, 1),
        node(1, 0, "b", 20, 6),
        node(2, 1, "c", 40, 4),
        node(3, None, "b", 5, 8),
    ]
    found = {one.operation: one for one in measured_below({"nodes": nodes}, {("s", "b")}, {}, {})}
    assert set(found) == {"b", "c"}
    assert found["b"].critical_ms == pytest.approx((10 * 6 + 5 * 8) / 25)
    assert found["c"].calls == pytest.approx(40 / 25)
    assert found["c"].critical_ms == pytest.approx(10 * 4 / 25)
    assert found["c"].before_critical_ms is None


def test_depth_is_bounded(tmp_path: Path) -> None:
    chain = "".join(f"def f{i}():\n    f{i + 1}()\n\n\n" for i in range(15)) + "def f15():\n    session.execute(1)\n"
    folder = write(tmp_path / "work", {"a.py": chain})
    assert bottleneck(folder, "a.py:1", depth=1).steps == 3
    assert bottleneck(folder, "a.py:1", depth=5).steps == 11


def test_bad_entries_and_roots(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no source file of this tree"):
        bottleneck(folder, "orders/none.py:4")
    with pytest.raises(OutsideRootsError):
        bottleneck(folder, "orders/app.py:4", root=tmp_path)
