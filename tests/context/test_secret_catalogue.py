"""Each pattern of the catalogue finds its example, leaves what looks alike, and needs linear time on hostile text."""

from __future__ import annotations

import time

import pytest

from context.test_redaction import joined
from deep_code_reasoning.context.redact import Redactor
from deep_code_reasoning.context.secret_catalogue import Pattern, patterns
from deep_code_reasoning.context.secret_values import secret_values

EACH = pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.id)
LENGTH = 40_000
SECONDS = 1.0  # of a linear one takes some milliseconds; a quadratic one half a minute


def lines(text: str) -> str:
    return text.replace("\\n", "\n")


@EACH
def test_finds_its_example_and_leaves_what_looks_alike(pattern: Pattern) -> None:
    text, secret = joined(lines(pattern.example))
    match = pattern.regex.search(text)
    assert match, "the pattern itself, not another one"
    assert secret in match.group()
    cleaned = Redactor(emails=True).clean(text)
    assert secret not in cleaned and "«secret:" in cleaned
    assert any(needle in text.lower() for needle in pattern.needles)
    counter = lines(pattern.counter_example)
    assert Redactor(emails=True).clean(counter) == counter


def test_ids_are_unique_and_mail_addresses_go_only_where_asked_for() -> None:
    ids = [pattern.id for pattern in patterns()]
    assert len(ids) == len(set(ids)) >= 25
    assert [pattern.id for pattern in patterns() if pattern.is_optional] == ["email"]
    assert Redactor().clean("to ada@example.org") == "to ada@example.org"
    assert Redactor(emails=True).clean("to ada@example.org") == "to «secret:email:1»"


def hostile(example: str) -> list[str]:
    """The example's beginnings over and over, and followed by long runs of one character."""
    starts = [example[:length] for length in range(1, len(example), max(1, len(example) // 12))]
    runs = [start + character * LENGTH for start in starts for character in ("a", "0", " ", "-", "=", ":", '"', "\\")]
    return [(start * (LENGTH // len(start) + 1))[:LENGTH] for start in starts] + runs


@EACH
def test_takes_linear_time_on_hostile_text(pattern: Pattern) -> None:
    text, _ = joined(lines(pattern.example))
    for attack in hostile(text):
        started = time.process_time()
        for _ in pattern.regex.finditer(attack):
            pass
        assert time.process_time() - started < SECONDS, attack[:80]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "password", "password=", 'password="', "password: |\n", 'password\\"', "name: password ", "<password>",
        "key: ", '"name":"', "password : ", "secret_token_key_", "«secret:", "api_key(", 'token="\\',
        "&quot;token&quot;:",
        "name: a.b.password value: ", "cookie: a=", "cookie: a=b; ", "authorization: bearer ", "a.b://c:d@", "://", "@",
    ],
)  # fmt: skip
def test_names_of_keys_take_linear_time_on_hostile_text(piece: str) -> None:
    for attack in [*hostile(piece), (piece * LENGTH)[: LENGTH * 4]]:
        started = time.process_time()
        list(secret_values(attack))
        Redactor().clean(attack)
        assert time.process_time() - started < 2 * SECONDS, attack[:80]


@pytest.mark.slow
def test_a_line_of_ten_megabytes_takes_seconds() -> None:
    url = "GET /v1/pay?access_token=a1b2c3d4e5f6g7h8i9j0 200"
    record = f'{{"ts":1,"msg":"{url}","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}},'
    line = record * (10_000_000 // len(record))
    started = time.process_time()
    cleaned = Redactor().clean(line)
    assert time.process_time() - started < 30
    assert "a1b2c3d4e5f6" not in cleaned and cleaned.count("4bf92f35") == line.count("4bf92f35")


def test_thousands_of_secrets_are_swept_in_one_pass() -> None:
    redactor = Redactor()
    redactor.clean("\n".join(f"api_key=q7w{n}e8r{n}t9y{n}u0i" for n in range(20_000)))
    started = time.process_time()
    swept = redactor.sweep("used q7w777e8r777t9y777u0i, " + "lorem ipsum dolor " * 60_000)
    assert time.process_time() - started < 5
    assert swept.startswith("used «secret:api-key:778»,")
