"""What a Kubernetes Secret holds goes, whatever its keys are called; what a ConfigMap holds stays."""

from __future__ import annotations

import time

import pytest

from deep_code_reasoning.context.kubernetes_secrets import values_of_kubernetes_secrets
from deep_code_reasoning.context.redact import Redactor

CONFIG = "apiVersion: v1\nkind: ConfigMap\ndata:\n  url: http://pay:8080\n"


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in values_of_kubernetes_secrets(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("kind: Secret\ndata:\n  url: QUFB\n  b.json: QkJC\ntype: Opaque\n", ["QUFB", "QkJC"]),
        ("data:\n  url: QUFB\nkind: Secret\n", ["QUFB"]),
        ("  kind: Secret\n  stringData:\n    a: \"x y\"\n    b: 'z-1'\n  type: x\n", ["x y", "z-1"]),
        ("kind: Secret\ndata:\n  a: |\n    QUFB\n    QkJC\n\n  c: Q0ND\nmetadata:\n  name: n-1\n",
         ["QUFB", "QkJC", "Q0ND"]),
        ("+kind: Secret\n+data:\n+  a: QUFB\n+type: Opaque\n", ["QUFB"]),
        ('{"kind":"Secret","data":{"a":"QUFB","b":"QkJC"},"metadata":{"name":"n-1"}}', ["QUFB", "QkJC"]),
        ('{\n  "data": {\n    "a": "QUFB"\n  },\n  "kind": "Secret"\n}', ["QUFB"]),
        ('{"body":"{\\"kind\\":\\"Secret\\",\\"data\\":{\\"a\\":\\"QUFB\\"}}"}', ["QUFB"]),
        ("kind: Secret\r\ndata:\r\n  a: QUFB\r\n".replace("\r\n", "\n"), ["QUFB"]),
    ],
)  # fmt: skip
def test_values_of_a_secret(text: str, values: list[str]) -> None:
    assert found(text) == values
    assert found(f"{CONFIG}---\n{text}") == values, "not those of the object before it"
    cleaned = Redactor().clean(text)
    assert not any(value in cleaned for value in values)
    assert Redactor().clean(cleaned).count("secret:kubernetes-secret") == len(values), "once"


@pytest.mark.parametrize(
    "text",
    [
        CONFIG,
        f"{CONFIG}---\nkind: SecretStore\nspec: {{}}\n",
        '{"kind":"ConfigMap","data":{"a":"b-1"}}\n{"kind":"Secret","metadata":{}}\n',
        "kind: Secret\nmetadata:\n  name: db-1\ntype: Opaque\n",
        "the kind: Secret is mounted; its data: is shown to nobody\n",
        "kind: Secret\ndata: {}\n",
        "kind: Secret\ndata:\n---\nkind: Service\nspec:\n  port: 8080\n",
    ],
)
def test_what_is_of_no_secret_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "piece", ["kind: Secret\ndata:\n", "data:{", '"data":{"a":"b-1",', "kind: Secret\n", "  a: b\n", "---\n"]
)
def test_takes_linear_time_on_hostile_text(piece: str) -> None:
    for text in (piece * 20_000, "kind: Secret\ndata:\n" + piece * 20_000, "kind: Secret data: {" + "a" * 200_000):
        started = time.process_time()
        found(text)
        assert time.process_time() - started < 3
