"""Which dotted names may be a provider's host."""

from __future__ import annotations

import pytest

from deep_code_reasoning.detectors.external.told import Told, hosts_of, is_public


@pytest.mark.parametrize(
    "name",
    ["api.stripe.com", "sts.eu-west-1.amazonaws.com", "maps.googleapis.com", "pay.example", "bank.de", "x.co.uk"],
)
def test_names_of_the_public(name: str) -> None:
    assert is_public(name)


@pytest.mark.parametrize(
    "name", ["com.example.shop.payment", "c.e.shop.paymentcontroller", "order.no", "trace.id", "db-0.db", "app.config"]
)
def test_names_of_code_attributes_and_machines(name: str) -> None:
    assert not is_public(name)


def test_classes_in_a_line_are_not_the_hosts_it_names() -> None:
    line = "java.net.unknownhostexception: payments.prod.svc at c.e.shop.till.chargecontroller io.grpc.statusruntime"
    assert hosts_of([Told("till", None, line, 3, 0, 1, 2, None, "name")]) == ["payments.prod.svc"]
