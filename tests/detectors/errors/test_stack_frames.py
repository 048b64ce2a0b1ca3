"""Stack traces as runtimes print them; hostile ones give no frame and cost no time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deep_code_reasoning.detectors.errors.stack_frames import innermost
from deep_code_reasoning.finding import Location

JVM = """java.lang.RuntimeException: outer
\tat shop.Cart.add(Cart.java:12)
\tat org.springframework.web.Servlet.service(Servlet.java:9)
Caused by: java.lang.NullPointerException: tariff
\tat java.util.Objects.requireNonNull(Objects.java:233)
\tat shop.price.Tariff.find(Tariff.java:88)
\t... 30 more
"""
PYTHON = """Traceback (most recent call last):
  File "/app/shop/views.py", line 10, in get
    return price()
  File "/app/shop/price.py", line 42, in price
    raise KeyError
  File "/usr/lib/python3.11/site-packages/x/y.py", line 7, in z
KeyError
"""
GO = """goroutine 7 [running]:
runtime.gopanic({0x1, 0x2})
\t/go/src/panic.go:884 +0x1
main.book(0x0)
\t/src/ledger.go:31 +0x9
"""
NODE = "Error: no tariff\n    at findTariff (/src/tariff.js:17:11)\n    at /src/server.js:3:1\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (JVM, Location("Tariff.java", 88, "shop.price.Tariff.find")),
        (PYTHON, Location("/app/shop/price.py", 42, "price")),
        (GO, Location("/src/ledger.go", 31, "main.book")),
        (NODE, Location("/src/tariff.js", 17, "findTariff")),
        ("segmentation fault", None),
        ("", None),
        (None, None),
    ],
    ids=["jvm", "python", "go", "node", "no frame", "empty", "none"],
)
def test_innermost_frame_of_own_code(text: str | None, place: Location | None) -> None:
    assert innermost(text) == place


@given(st.text(alphabet='at File"line,.()\n\t:19aZ/', max_size=3_000))
def test_any_text_is_survived(text: str) -> None:
    found = innermost(text)
    assert found is None or found.file


@pytest.mark.parametrize("part", ["    at ", "(", "\n", "a(", "\tat x.y(", '  File "', "(\n\t", " "])
def test_a_huge_trace_takes_no_time(part: str) -> None:
    started = time.perf_counter()
    assert innermost(part * 1_000_000) is None
    assert time.perf_counter() - started < 2
