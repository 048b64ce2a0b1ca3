"""Frames of five runtimes: the root cause's first, each from the innermost call outwards."""

import pytest

from deep_code_reasoning.sources.logs.stack_traces import application_frame, frames

JAVA = """com.shop.PaymentException: declined
\tat com.shop.Payment.charge(Payment.java:42)
\tSuppressed: java.io.IOException: close
\t\tat com.shop.Pool.close(Pool.java:9)
Caused by: java.net.SocketTimeoutException: timed out
\tat java.base/java.net.Socket.read(Socket.java:1)
\tat com.shop.Client.call(Client.java:5)
\t... 12 more"""
PYTHON = """Traceback (most recent call last):
  File "/app/a.py", line 1, in f
    g()
  File "/usr/lib/python3.11/json/decoder.py", line 3, in decode
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/b.py", line 3, in h
shop.OrderError: no"""
GO = """panic: boom

goroutine 1 [running]:
main.(*Cart).Add(0xc000, 0x1)
\t/app/cart.go:7 +0x1d
main.main()
\t/app/main.go:3 +0x20"""
NODE = """TypeError: x
    at read (node:internal/fs:1:2)
    at handler (/app/index.js:3:5)
    at async /app/index.js:9:1"""
DOTNET = """Shop.OrderException: no
 ---> System.TimeoutException: late
   at Shop.Db.Query(String sql) in /src/Db.cs:line 7
   --- End of inner exception stack trace ---
   at Shop.Api.Post() in /src/Api.cs:line 3"""

CASES = {
    "java": (JAVA, [("java.net.Socket.read", "Socket.java", 1), ("com.shop.Client.call", "Client.java", 5),
                    ("com.shop.Payment.charge", "Payment.java", 42), ("com.shop.Pool.close", "Pool.java", 9)], 1),
    "python": (PYTHON, [("decode", "/usr/lib/python3.11/json/decoder.py", 3),
                        ("f", "/app/a.py", 1), ("h", "/app/b.py", 3)], 1),
    "go": (GO, [("main.(*Cart).Add", "/app/cart.go", 7), ("main.main", "/app/main.go", 3)], 0),
    "node": (NODE, [("read", "node:internal/fs", 1), ("handler", "/app/index.js", 3), (None, "/app/index.js", 9)], 1),
    "dotnet": (DOTNET, [("Shop.Db.Query", "/src/Db.cs", 7), ("Shop.Api.Post", "/src/Api.cs", 3)], 0),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "own"), CASES.values(), ids=CASES)
def test_frames(text: str, expected: list[tuple], own: int) -> None:
    assert [tuple(frame) for frame in frames(text)] == expected
    assert application_frame(text) == expected[own]


def test_text_without_frames() -> None:
    assert frames("at once, at 10:30\nat (x)") == []
    assert application_frame("") is None
