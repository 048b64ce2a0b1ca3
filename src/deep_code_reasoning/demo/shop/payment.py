"""The payment service (Java): charges the card and books settlements, one at a time for a merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deep_code_reasoning.demo import otlp
from deep_code_reasoning.demo.chronicle import Holder
from deep_code_reasoning.demo.database import service_time_s
from deep_code_reasoning.demo.git_history import Repository
from deep_code_reasoning.demo.otlp import Hole
from deep_code_reasoning.demo.service_logs import java_line

from .exchange import Reply, Steps, http
from .lease_keeper import Hold, LeaseKeeper
from .pod import Pod, Request
from .spans import SCOPES, http_client, http_server, internal, statement

if TYPE_CHECKING:
    from .shop import Shop

SOURCES = "src/main/java/com/example/shop/payment"
PACKAGE = "com.example.shop.payment"
PROVIDER = "api.cardprovider.example"
DECLINED_SHARE = 0.022
UNAVAILABLE_SHARE = 0.0012
CONFLICT = "SettlementConflictException"
CONFLICT_MESSAGE = "could not serialize access due to concurrent update of settlement_accounts"


class Payment:
    """POST /payments."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._keeper = LeaseKeeper(shop)
        code = shop.repositories["payment"]
        service = f"{SOURCES}/SettlementService.java"
        settle = code.line(service, "Receipt settle(")
        self._server = http_server(
            "java",
            "POST",
            "/payments",
            {
                "app.order.id": Hole.TEXT,
                "app.settlement.account": Hole.TEXT,
                "app.payment.amount_minor": Hole.INT,
            },
        )
        self._settle = internal(
            "com.example.shop.payment",
            "SettlementService.settle",
            {
                "app.settlement.account": Hole.TEXT,
                "lock.key": Hole.TEXT,
                "lock.lease.id": Hole.INT,
                "lock.fencing_token": Hole.INT,
                "lock.lease.ttl_ms": shop.lease.ttl_ns // 1_000_000,
                "lock.renew.margin_ms": shop.lease.margin_ns // 1_000_000,
                "lock.renewals": Hole.INT,
                "code.file.path": service,
                "code.function.name": f"{PACKAGE}.SettlementService.settle",
                "code.line.number": settle,
            },
        )
        self._provider = http_client("java", "POST", PROVIDER, 443, {"app.order.id": Hole.TEXT})
        self._read = statement("java", "settlement_read")
        self._write = statement("java", "settlement_write", {"db.response.returned_rows": Hole.INT})
        self._stack = _conflict_stack(code)

    def started(self, pod: Pod) -> None:
        """The connection pool's gauges."""
        pool = (("db.client.connection.pool.name", "settlement"),)
        database, provider = self._shop.settlement_db, self._shop.provider
        pod.instruments.observe("db.client.connection.count", "{connection}", lambda: database.used, pool)
        pod.instruments.observe("db.client.connection.pending_requests", "{request}", lambda: database.pending, pool)
        pod.instruments.observe(
            "http.client.active_requests.pending",
            "{request}",
            lambda: provider.pending,
            (("server.address", PROVIDER),),
        )

    def pay(self, request: Request, pod: Pod, parent: str) -> Steps[Reply]:
        """Charge and settle under the lease of the merchant's account."""
        shop = self._shop
        started, span_id = shop.env.now, request.span_id()
        account = f"acct-{request.merchant:05d}"
        yield shop.env.timeout(0.001 + 0.001 * request.rng.random())
        hold = yield from self._keeper.acquire(request, pod, span_id, f"settlement/{account}")
        if hold is None:
            status, error, message, events = 503, "LockTimeoutException", "lease not granted in time", ""
        else:
            status, error, message, events = yield from self._settle_under(request, pod, span_id, hold, account)
        self._report(request, pod, span_id, (status, error, message), account, started)
        values = (
            "/payments",
            f"o-{request.number:07d}",
            account,
            900 + request.number * 37 % 24_000,
            status,
        )
        pod.span(
            self._server,
            request,
            span_id,
            parent,
            started,
            values,
            error=error if status >= 500 else "",
            message=message,
            events=events,
        )
        return http(status)

    def _settle_under(
        self, request: Request, pod: Pod, parent: str, hold: Hold, account: str
    ) -> Steps[tuple[int, str, str, str]]:
        """The critical section, then the release: (status, error type, message, span events)."""
        env, chronicle, span_id = self._shop.env, self._shop.chronicle, request.span_id()
        identity = pod.identity
        holder = Holder(request.trace_id, span_id, identity.service, identity.name, identity.host, hold.lease_id)
        entered = env.now
        chronicle.enter(hold.key, holder, entered)
        env.process(self._keeper.keep(request, pod, span_id, hold))
        status, error, message = yield from self._work(request, pod, span_id, hold.key, account)
        chronicle.leave(hold.key, holder, env.now)
        events = ""
        if error == CONFLICT:
            exception = {
                "exception.type": f"{PACKAGE}.{CONFLICT}",
                "exception.message": message,
                "exception.stacktrace": self._stack,
            }
            events = otlp.event(pod.now_ns, "exception", exception)
        values = (account, hold.key, hold.lease_id, hold.lease_id, hold.renewals)
        failed = error if status >= 500 else ""
        pod.span(self._settle, request, span_id, parent, entered, values, error=failed, message=message)
        yield from self._keeper.release(request, pod, parent, hold)
        return status, error, message, events

    def _work(self, request: Request, pod: Pod, parent: str, row: str, account: str) -> Steps[tuple[int, str, str]]:
        """Read the account, charge the card, write the account back if it is still what was read."""
        shop, rng, database = self._shop, request.rng, self._shop.settlement_db
        started, span_id = shop.env.now, request.span_id()
        yield from database.execute(rng, 0.004)
        version = database.version(row)
        pod.span(self._read, request, span_id, parent, started, ())
        chance = rng.random()
        charged = 503 if chance < UNAVAILABLE_SHARE else 402 if chance > 1 - DECLINED_SHARE else 201
        yield from self._call_provider(request, pod, parent, "/v1/charges", charged)
        if charged == 402:
            return 402, "", ""
        if charged == 503:
            return 502, "ProviderUnavailableException", "card provider answered 503"
        started, span_id = shop.env.now, request.span_id()
        yield from database.execute(rng, 0.006)
        if database.compare_and_commit(row, version):
            pod.span(self._write, request, span_id, parent, started, (1,))
            return 201, "", ""
        pod.span(self._write, request, span_id, parent, started, (0,), error="40001", message=CONFLICT_MESSAGE)
        yield from self._call_provider(request, pod, parent, f"/v1/charges/o-{request.number}/void", 200)
        return 500, CONFLICT, CONFLICT_MESSAGE

    def _call_provider(self, request: Request, pod: Pod, parent: str, path: str, status: int) -> Steps[None]:
        shop, void = self._shop, status == 200
        started, span_id = shop.env.now, request.span_id()
        yield shop.env.timeout(service_time_s(request.rng, 0.008))
        yield from shop.provider.call(request.rng, 0.2 if void else 1.0)
        values = (f"https://{PROVIDER}{path}", f"o-{request.number:07d}", status)
        error = str(status) if status >= 400 else ""
        pod.span(self._provider, request, span_id, parent, started, values, error=error)

    def _report(
        self,
        request: Request,
        pod: Pod,
        span_id: str,
        outcome: tuple[int, str, str],
        account: str,
        started: float,
    ) -> None:
        status, error, message = outcome
        seconds = self._shop.env.now - started
        self._shop.chronicle.payment(self._shop.env.now, status >= 500)
        pod.instruments.record(
            "http.server.request.duration",
            (("http.route", "/payments"), ("http.response.status_code", status)),
            seconds,
        )
        attributes: dict[str, otlp.Value] = {"app.settlement.account": account}
        if error:
            attributes["exception.type"] = f"{PACKAGE}.{error}"
            body = f"payment of o-{request.number:07d} failed: {message}"
            pod.log(SCOPES["java"]["log"], "ERROR", body, attributes, request, span_id)
        if pod.log_file is None:
            return
        thread, logger = f"tomcat-handler-{request.number % 40}", "c.e.shop.payment.PaymentController"
        text = f"order=o-{request.number:07d} account={account} status={status} took={seconds * 1000:.0f}ms"
        stack = self._stack if error == CONFLICT else ""
        level = "ERROR" if error else "INFO"
        suffix = f" trace_id={request.trace_id}"
        pod.log_file.write(java_line(pod.now_ns, level, thread, logger, text + suffix, stack))


def _conflict_stack(code: Repository) -> str:
    """The stack trace of a conflict, with the lines at which the code of the repository has these calls."""
    frames = (
        ("SettlementRepository", "book", f"new {CONFLICT}"),
        ("SettlementService", "settle", "settlements.book("),
        ("PaymentController", "pay", "settlementService.settle("),
    )
    return "\n".join(
        [
            f"{PACKAGE}.{CONFLICT}: {CONFLICT_MESSAGE}",
            *(
                f"\tat {PACKAGE}.{owner}.{method}({owner}.java:{code.line(f'{SOURCES}/{owner}.java', call)})"
                for owner, method, call in frames
            ),
            "\tat java.base/java.lang.VirtualThread.run(VirtualThread.java:329)",
        ]
    )
