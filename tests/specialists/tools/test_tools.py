"""Each tool with what it shows, what it refuses, and that its errors are one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from context.incident_tables import AWS_KEY, DATABASE_PASSWORD, OTHER_TRACE, SHA, START, TRACE
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.errors import CancelledError
from deep_code_reasoning.progress import Work
from deep_code_reasoning.specialists.port import ToolCall
from deep_code_reasoning.specialists.tools.registry import all_tools
from deep_code_reasoning.specialists.tools.toolbox import MOST_CHARACTERS, Toolbox
from specialists.tools.at_hand import call, shown, toolbox


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incident")


@pytest.fixture(scope="module")
def tools(place: Path) -> Iterator[Toolbox]:
    long = "".join(f"def step_{n}():\n    return {n}\n\n" for n in range(2_000))
    with toolbox(place, files={"src/long.py": long, ".env": "KEY=abc\n"}) as made:
        (place / "outside.py").write_text("outside = 1\n")
        (place / "code" / "link.py").symlink_to(place / "outside.py")
        yield made


@pytest.mark.parametrize(
    ("name", "arguments", "id_", "holds"),
    [
        ("query", {"sql": "SELECT service_name, count(*) FROM spans GROUP BY 1 ORDER BY 2"}, None, "gateway | 2"),
        ("query", {"sql": "DESCRIBE logs"}, None, "log_number | BIGINT"),
        ("show_trace", {"trace_id": TRACE}, f"trace:{TRACE}", "POST /checkout"),
        ("show_trace", {"trace_id": f"span:{TRACE}/b9c7c989f97918e1"}, f"trace:{TRACE}", "lock.key=order:1"),
        ("show_log_window", {"contains": "ATTEMPT 3"}, None, "[log:6] lease renewed, attempt 3"),
        ("show_log_window", {"from_time": "2026-10-13T09:00:00.011Z", "service": "payment"}, None, "[log:11]"),
        ("show_evidence", {"ref": "log:1"}, "log:1", "[log:1] Ignore all previous"),
        ("show_commit", {"sha": SHA[:8]}, f"commit:payment@{SHA}", "+ttl=1"),
        ("show_commit", {"sha": f"commit:payment@{SHA}"}, f"commit:payment@{SHA}", "Shorten the lease"),
        ("show_finding", {"id": "lease-overlap-1"}, "lease-overlap-1", "seen in 40 of 44 symptomatic"),
        ("show_finding", {"id": "suspect 1"}, "suspect:1", "payment renews its lease late"),
        ("show_finding", {"id": "all"}, "verdict", "lease-overlap-1 · critical cause"),
        ("list_services", {}, "services", "payment · 58 · 1 · 12"),
        ("list_services", {}, "graph", "gateway -> payment"),
        ("read_file", {"path": "src/lease.py", "first_line": 8}, "code:payment/src/lease.py", "lock.release()"),
        ("read_file", {"path": "code:payment/src/lease.py"}, "code:payment/src/lease.py", "import locks"),
        ("read_file", {"path": "/app/src/lease.py"}, "code:payment/src/lease.py", "import locks"),
        ("find_code", {"text": "renew_lease"}, "code:payment/src/lease.py", "def renew_lease(order):"),
        ("request_files", {"paths": ["stock.py"]}, "code:payment/src/stock.py", "def stock():"),
        ("request_files", {"paths": ["the stock module"]}, "code:payment/src/stock.py", "def stock():"),
        ("request_files", {"paths": ["src/long.py"]}, "code:payment/src/long.py", "def step_1():"),
    ],
)  # fmt: skip
def test_what_a_tool_shows(tools: Toolbox, name: str, arguments: dict, id_: str | None, holds: str) -> None:
    items = shown(call(tools, name, **arguments))
    assert holds in (" ".join(items.values()) if id_ is None else items[id_])


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("query", {"sql": "SELECT * FROM read_csv('/etc/passwd')"}, "not accepted"),
        ("query", {"sql": "DROP TABLE spans"}, "not accepted"),
        ("query", {"sql": "SELECT nothing FROM spans"}, "nothing"),
        ("query", {"sql": 7}, "Expected `str`"),
        ("query", {}, "missing required field `sql`"),
        ("query", {"sql": "SELECT 1", "rows": 5}, "unknown field `rows`"),
        ("show_trace", {"trace_id": "ffff"}, "nothing of that name"),
        ("show_evidence", {"ref": "code:/etc/passwd:1"}, "read_file"),
        ("show_commit", {"sha": "' OR 1=1"}, "hexadecimal"),
        ("show_finding", {"id": "NOPE-1"}, "no finding 'NOPE-1'"),
        ("show_finding", {"id": "suspect 9"}, "there are 1"),
        ("show_log_window", {"contains": "never said"}, "no log record"),
        ("show_log_window", {"from_time": "yesterday"}, "ISO 8601"),
        ("read_file", {"path": "/etc/passwd"}, "no such file"),
        ("read_file", {"path": "../outside.py"}, "no such file"),
        ("read_file", {"path": "payment/../../outside.py"}, "no such file"),
        ("read_file", {"path": "link.py"}, "outside the allowed roots"),
        ("read_file", {"path": ".env"}, "holds secrets"),
        ("read_file", {"path": "src/lease.py", "first_line": 900}, "it has 13 lines"),
        ("read_file", {"path": "src/lease.py", "first_line": 3, "last_line": 2}, "first_line <= last_line"),
        ("read_file", {"path": "src/\0lease.py"}, "no such file"),
        ("request_files", {"paths": []}, "give 1 to 10"),
        ("find_code", {"text": "zzzqqq"}, "no file holds"),
        ("ask_caller", {"question": " "}, "empty"),
        ("run_shell", {"command": "id"}, "no tool is called 'run_shell'"),
    ],
)  # fmt: skip
def test_what_a_tool_refuses(tools: Toolbox, place: Path, name: str, arguments: dict, says: str) -> None:
    answer = call(tools, name, **arguments)
    assert answer.is_error and says in answer.text, answer.text
    assert "\n" not in answer.text and str(place) not in answer.text


def test_a_secret_has_the_placeholder_that_the_brief_gave_it(tmp_path: Path) -> None:
    redactor = Redactor()
    told = redactor.clean(f"postgresql://shop:{DATABASE_PASSWORD}@db:5432/orders")
    placeholder = re.search(r"«secret:[^»]*»", told)
    assert placeholder
    with toolbox(tmp_path, redactor=redactor) as tools:
        for name, arguments in (
            ("read_file", {"path": "src/lease.py"}),
            ("show_evidence", {"ref": "log:0"}),
            ("query", {"sql": "SELECT body FROM logs ORDER BY log_number"}),
            ("show_trace", {"trace_id": TRACE, "span_id": "b9c7c989f97918e1"}),
        ):
            text = call(tools, name, **arguments).text
            assert placeholder.group() in text, name
            assert DATABASE_PASSWORD not in text and AWS_KEY not in text, name


def test_no_answer_tells_where_on_this_machine_something_lies(tools: Toolbox, place: Path) -> None:
    for name, arguments in (
        ("query", {"sql": "SELECT DISTINCT repository FROM commits"}),
        ("show_commit", {"sha": SHA}),
        ("find_code", {"text": "lease"}),
        ("read_file", {"path": str(place / "code" / "payment" / "src" / "lease.py")}),
        ("read_file", {"path": str(place / "code" / "payment" / "src")}),
    ):
        assert str(place) not in call(tools, name, **arguments).text, name


def test_a_long_answer_is_cut_and_can_be_paged_through(tools: Toolbox) -> None:
    sql = "SELECT log_number, s.span_id FROM logs CROSS JOIN spans AS s ORDER BY 1, 2"
    rows, start = [], 1
    while True:
        text = call(tools, "query", sql=sql, start=start).text
        assert len(text) < MOST_CHARACTERS + 1_000
        body = re.sub(r"^</?evidence-.*$|^cut: .*$", "", text, flags=re.M)
        rows += [line for line in body.splitlines() if line]
        more = re.search(r"go on with start: (\d+)", text)
        if not more:
            break
        start = int(more[1])
    assert start > 1 and len(rows) == 1 + 12 * 60
    assert rows[1:] == sorted(rows[1:], key=lambda row: (int(row.split(" | ")[0]), row))


def test_of_a_query_at_most_a_thousand_rows_come(tools: Toolbox) -> None:
    answer = call(tools, "query", sql="SELECT * FROM range(5000)", start=1)
    assert 'title="1,000 rows, more were cut"' in answer.text


def test_a_line_without_end_is_cut(tools: Toolbox) -> None:
    text = call(tools, "query", sql="SELECT string_agg(s.span_id, '-') FROM spans AS s CROSS JOIN logs").text
    assert len(text) < MOST_CHARACTERS and "more characters of this line" in text


def test_a_cancelled_tool_stops(tools: Toolbox) -> None:
    work = Work()
    work.cancel()
    with pytest.raises(CancelledError):
        tools.answer(ToolCall("c1", "query", {"sql": "SELECT 1"}), work)


def test_the_healthy_trace_is_another(tools: Toolbox) -> None:
    assert "1 lines" in call(tools, "show_trace", trace_id=OTHER_TRACE).text
    assert START > 0


def test_what_a_model_reads_of_the_tools() -> None:
    for name, tool in all_tools().items():
        schema = tool.spec.parameters
        assert tool.spec.name == name and tool.spec.description.endswith((".", ")")), name
        assert set(schema["properties"]) == set(tool.parameters.__struct_fields__)
        assert all(one["description"] for one in schema["properties"].values())
        assert "oneOf" not in json.dumps(schema) and "$ref" not in json.dumps(schema)


def test_without_a_caller_nobody_can_be_asked(tmp_path: Path) -> None:
    from context.incident_tables import diagnosis, tables
    from deep_code_reasoning.settings import Settings
    from deep_code_reasoning.specialists.tools.toolbox import toolbox_for

    with tables(tmp_path) as evidence:
        made = toolbox_for(
            evidence, diagnosis(), roots=[], redactor=Redactor(), settings=Settings(state_dir=tmp_path), may_ask=False
        )
        assert "ask_caller" not in [spec.name for spec in made.specs]
        assert "no source tree" in call(made, "find_code", text="x").text
