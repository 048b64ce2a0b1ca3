"""The library `shop-validation` (Java) inside the order service: the rules that a cart has to pass.

It does what the code in `repositories/shop-validation` does in the release that the order's manifest names:
availability is asked once for the whole cart; a release that has the rule of sale restrictions asks the
catalog for each line of the cart, one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deep_code_reasoning.demo.otlp import Hole, SpanTemplate, Value
from deep_code_reasoning.demo.visits import Visit

from .exchange import Handler, Reply, Steps, exchange
from .pod import Pod, Request
from .spans import http_client, internal

if TYPE_CHECKING:
    from .shop import Shop

LIBRARY = "shop-validation"
SOURCES = "src/main/java/com/example/shop/validation"
PACKAGE = "com.example.shop.validation"
RULE, LOOP_CALL = f"{SOURCES}/RestrictionRule.java", "catalog.restrictions("
CODE_ON_ONE_IN = 4
"""The agent walks the stack for one client span in so many."""
RULES_S, LINE_S = 0.0002, 0.0003
"""What the rules take by themselves, and what a call costs its caller beside the answer."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the library: its span templates, the calls with and without the place in the code."""

    version: str
    asks_a_line: bool
    validate: SpanTemplate
    availability: tuple[SpanTemplate, SpanTemplate]
    restrictions: tuple[SpanTemplate, SpanTemplate]


class CartValidation:
    """CartValidator.validate, in the release that a pod of the order service was built with."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._releases: dict[str, Release | None] = {}

    @property
    def is_used(self) -> bool:
        """Whether this shop has the library at all."""
        return LIBRARY in self._shop.repositories

    def validate(self, request: Request, pod: Pod, parent: str) -> Steps[None]:
        """Run the rules; nothing happens in an order service from before it used the library."""
        release = self._release(pod.identity.commit)
        visit = request.visit
        if release is None or visit is None:
            return
        shop = self._shop
        started, span_id = shop.env.now, request.span_id()
        visit.release = release.version
        yield shop.env.timeout(RULES_S)
        if release.asks_a_line:
            yield from self._restrictions(request, pod, span_id, release, visit)
        yield from self._call(
            request,
            pod,
            span_id,
            (release.availability[request.number % CODE_ON_ONE_IN == 0], "http://catalog:8000/availability", "POST"),
            lambda req, catalog, span: shop.sale_rules.availability(req, catalog, span, visit.lines),
        )
        visit.calls += 1
        pod.span(release.validate, request, span_id, parent, started, (visit.lines,))

    def _restrictions(self, request: Request, pod: Pod, parent: str, release: Release, visit: Visit) -> Steps[None]:
        """One call a line, each after the one before: the loop of RestrictionRule.check."""
        shop, began = self._shop, self._shop.env.now
        for line in range(visit.lines):
            product = (request.number * 7 + line * 613) % 4801
            template = release.restrictions[(request.number + line) % CODE_ON_ONE_IN == 0]
            url = f"http://catalog:8000/products/{product}/restrictions?country=DE"

            def handler(req: Request, catalog: Pod, span: str, product: int = product) -> Steps[Reply]:
                return shop.sale_rules.restrictions(req, catalog, span, product)

            yield shop.env.timeout(LINE_S)
            yield from self._call(request, pod, parent, (template, url, "GET"), handler)
            visit.calls += 1
        visit.called_s = shop.env.now - began

    def _call(
        self, request: Request, pod: Pod, parent: str, call: tuple[SpanTemplate, str, str], handler: Handler
    ) -> Steps[None]:
        template, url, method = call
        started = self._shop.env.now
        yield from exchange(self._shop, request, pod, "catalog", parent, template, (url,), handler)
        pod.instruments.record(
            "http.client.request.duration",
            (("http.request.method", method), ("server.address", "catalog")),
            self._shop.env.now - started,
        )

    def _release(self, commit: str) -> Release | None:
        if commit not in self._releases:
            self._releases[commit] = self._read(commit)
        return self._releases[commit]

    def _read(self, commit: str) -> Release | None:
        """What the order's manifest at a commit takes along, and what that does."""
        order, library = (self._shop.repositories.get(name) for name in ("order", LIBRARY))
        if order is None or library is None:
            return None
        manifest = order.trees[order.shas.index(commit)]["build.gradle.kts"]
        named = re.search(rf"{LIBRARY}:([\d.]+)", manifest)
        if named is None:
            return None
        version = named[1]
        revision = library.revision(f"v{version}")
        tree = library.trees[revision]

        def place(file: str, method: str, needle: str) -> dict[str, Value | Hole]:
            path = f"{SOURCES}/{file}.java"
            return {
                "code.file.path": path,
                "code.function.name": f"{PACKAGE}.{file}.{method}",
                "code.line.number": library.line(path, needle, revision),
            }

        def calls(method: str, code: dict[str, Value | Hole]) -> tuple[SpanTemplate, SpanTemplate]:
            return http_client("java", method, "catalog", 8000), http_client("java", method, "catalog", 8000, code)

        asks_a_line = RULE in tree and "new RestrictionRule(" in tree[f"{SOURCES}/CartValidator.java"]
        scope = f"{PACKAGE}#{version}"
        entry = place("CartValidator", "validate", "List<Violation> validate(")
        ask_all = calls("POST", place("AvailabilityRule", "check", "catalog.available("))
        return Release(
            version,
            asks_a_line,
            internal(scope, "CartValidator.validate", {"app.cart.lines": Hole.INT, **entry}),
            ask_all,
            calls("GET", place("RestrictionRule", "check", LOOP_CALL)) if asks_a_line else ask_all,
        )
