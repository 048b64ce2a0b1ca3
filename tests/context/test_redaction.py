from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.context.candidate import Candidate
from deep_code_reasoning.context.packing.code_queue import CodeOrder
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.secret_catalogue import patterns
from deep_code_reasoning.context.without_secrets import without_secrets
from deep_code_reasoning.progress import Work

TABLES = (Path(__file__).parent / "planted_secrets.md").read_text("utf-8").split("# What is no secret")
ROW = re.compile(r"^\| (?P<name>[^|]+) \| (?P<text>.+) \|$", re.MULTILINE)
_HEAD = {"name", "---"}


def rows(table: str) -> list[tuple[str, str]]:
    return [(m["name"], m["text"]) for m in ROW.finditer(table) if m["name"] not in _HEAD]


def joined(text: str) -> tuple[str, str]:
    """The line as a log would hold it, and the secret in it. Only the first `+` joins."""
    marked = re.search(r"\{\{(.*?[^}])\}\}", text, re.DOTALL)
    assert marked, text
    secret = marked.group(1).replace("+", "", 1)
    return text[: marked.start()] + secret + text[marked.end() :], secret


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in rows(TABLES[0])])
def test_a_planted_secret_is_taken_out(text: str) -> None:
    line, secret = joined(text)
    redactor = Redactor()
    cleaned = redactor.clean(line)
    assert secret not in cleaned
    assert re.search(r"«secret:[a-z0-9-]+:1»", cleaned)
    assert redactor.clean(cleaned) == cleaned


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in rows(TABLES[1])])
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().clean(text) == text


def test_there_are_enough_patterns_and_plants() -> None:
    assert len(patterns()) >= 25
    assert len(rows(TABLES[0])) >= 24
    assert len(rows(TABLES[1])) >= 20


def test_a_private_key_goes_whole_and_lines_stay_numbered() -> None:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    key = f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----"
    cleaned = Redactor().clean(f"a\n{key}\nb")
    assert "MIIE" not in cleaned and "BKcw" not in cleaned
    assert cleaned.split("\n")[-1] == "b" and cleaned.count("\n") == 5
    escaped = Redactor().clean('{"key": "' + key.replace("\n", "\\n") + '", "id": 7}')
    assert "MIIE" not in escaped and '"id": 7' in escaped
    assert "MIIE" not in Redactor().clean(key[:60]), "cut off in the middle"


def test_equal_secrets_share_a_placeholder_and_others_do_not() -> None:
    redactor = Redactor()
    first = redactor.clean("postgres://a:geheim-77@x/y and DB_PASSWORD=geheim-77")
    other = redactor.clean("DB_PASSWORD=geheim-78")
    assert re.findall(r"«.*?»", first) == ["«secret:url-password:1»"] * 2
    assert "«secret:password:1»" in other


def test_a_secret_found_once_is_taken_out_wherever_it_stands() -> None:
    redactor = Redactor()
    redactor.clean("DB_PASSWORD=geheim-77-lang")
    assert redactor.sweep("login with geheim-77-lang failed") == "login with «secret:password:1» failed"


def test_what_one_item_shows_to_be_a_secret_is_taken_out_of_the_others() -> None:
    said = ["login with geheim-77-lang failed", "DB_PASSWORD=geheim-77-lang", "geheim-77-lang"]
    items = [Candidate(f"log:{number}", "logs", text, text, 0.0, text) for number, text in enumerate(said)]
    cleaned, _ = without_secrets(items, CodeOrder(), Redactor(), None, Work())
    assert [item.text for item in cleaned][::2] == ["login with «secret:password:1» failed", "«secret:password:1»"]
    assert not any("geheim" in part for item in cleaned for part in (item.id, item.title, item.reason, item.text))


def test_evidence_cannot_bring_a_placeholder_of_its_own() -> None:
    redactor = Redactor()
    cleaned = redactor.clean("«secret:password:1» and password=echt-77")
    assert cleaned == "‹secret:password:1› and password=«secret:password:1»"
    assert [r.count for r in redactor.used_in({"log:1": cleaned})] == [1]


def test_unseen_characters_are_shown() -> None:
    assert Redactor().clean("a\x1b[31mb\x00\u202ec\u200bd\U000e0041\ttab\r\nline") == (
        "a␛[31mb␀‹U+202E›c‹U+200B›d‹U+E0041›\ttab\nline"
    )


@given(st.text(max_size=300))
def test_any_text_is_cleaned_without_error_and_idempotently(text: str) -> None:
    redactor = Redactor()
    cleaned = redactor.clean(text)
    assert redactor.clean(cleaned) == cleaned


def test_cleaning_a_megabyte_takes_seconds_not_minutes() -> None:
    import time

    lines = [
        f"2026-10-13 INFO key{n} password token secret= cookie: a=b http://u:p{n}word@h/ {n:032x}" for n in range(9_000)
    ]
    started = time.monotonic()
    Redactor().clean("\n".join(lines))
    Redactor().clean("a" * 500_000 + "=" * 500_000)
    Redactor().clean("password" * 60_000)
    assert time.monotonic() - started < 10


def test_a_redactor_that_goes_on_gives_no_number_a_second_time() -> None:
    sent = Redactor().clean("password=Geheim-77-lang and password=Andres-88-lang")
    later = Redactor()
    later.go_on_after([sent])
    new = later.clean("password=Drittes-99-lang")
    assert set(re.findall("«secret:[^»]*»", new)).isdisjoint(re.findall("«secret:[^»]*»", sent))
    assert "Drittes" not in new
