"""The kinds of spans the shop's instrumentation libraries make, by the semantic conventions 1.37."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from deep_code_reasoning.demo.otlp import Hole, Kind, SpanTemplate, Value

Attributes = Mapping[str, Value | Hole]
STATEMENTS = tomllib.loads((Path(__file__).parent / "statements.toml").read_text(encoding="utf-8"))

SCOPES = {
    "java": {
        "server": "io.opentelemetry.tomcat-10.0",
        "client": "io.opentelemetry.java-http-client",
        "rpc": "io.opentelemetry.grpc-1.6",
        "database": "io.opentelemetry.jdbc",
        "messaging": "io.opentelemetry.rabbitmq-2.7",
        "log": "io.opentelemetry.logback-appender-1.0",
        "metric": "io.opentelemetry.runtime-telemetry-java17",
    },
    "nodejs": {
        "server": "@opentelemetry/instrumentation-http",
        "client": "@opentelemetry/instrumentation-undici",
        "rpc": "@opentelemetry/instrumentation-grpc",
        "database": "@opentelemetry/instrumentation-redis",
        "log": "@opentelemetry/instrumentation-pino",
        "metric": "@opentelemetry/instrumentation-runtime-node",
    },
    "python": {
        "server": "opentelemetry.instrumentation.fastapi",
        "client": "opentelemetry.instrumentation.httpx",
        "rpc": "opentelemetry.instrumentation.grpc",
        "database": "opentelemetry.instrumentation.psycopg",
        "messaging": "opentelemetry.instrumentation.pika",
        "log": "opentelemetry.instrumentation.logging",
        "metric": "opentelemetry.instrumentation.system_metrics",
    },
    "go": {
        "server": "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
        "client": "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
        "rpc": "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
        "database": "github.com/XSAM/otelsql",
        "messaging": "github.com/rabbitmq/amqp091-go",
        "log": "go.opentelemetry.io/contrib/bridges/otelslog",
        "metric": "go.opentelemetry.io/contrib/instrumentation/runtime",
    },
}
SCOPE_VERSIONS = {
    scope: {"java": "2.20.1-alpha", "nodejs": "0.205.0", "python": "0.58b0", "go": "0.63.0"}[language]
    for language, scopes in SCOPES.items()
    for scope in scopes.values()
}


def http_server(
    language: str, method: str, route: str, attributes: Attributes | None = None, *, root: bool = False
) -> SpanTemplate:
    """Holes: url.path, then those of `attributes`, then the status code."""
    return SpanTemplate.compile(
        SCOPES[language]["server"],
        f"{method} {route}",
        Kind.SERVER,
        {
            "http.request.method": method,
            "http.route": route,
            "url.path": Hole.TEXT,
            "url.scheme": "http",
            "network.protocol.version": "1.1",
            **(attributes or {}),
            "http.response.status_code": Hole.INT,
        },
        root=root,
    )


def http_client(
    language: str, method: str, target: str, port: int, attributes: Attributes | None = None
) -> SpanTemplate:
    """Holes: the path in url.full, then those of `attributes`, then the status code."""
    scheme = "https" if port == 443 else "http"
    return SpanTemplate.compile(
        SCOPES[language]["client"],
        method,
        Kind.CLIENT,
        {
            "http.request.method": method,
            "url.full": Hole.TEXT,
            "url.scheme": scheme,
            "server.address": target,
            "server.port": port,
            **(attributes or {}),
            "http.response.status_code": Hole.INT,
        },
    )


def rpc(
    language: str,
    kind: Kind,
    service: str,
    method: str,
    address: str,
    attributes: Attributes | None = None,
) -> SpanTemplate:
    """Holes: those of `attributes`, then the gRPC status code."""
    return SpanTemplate.compile(
        SCOPES[language]["rpc"],
        f"{service}/{method}",
        kind,
        {
            "rpc.system": "grpc",
            "rpc.service": service,
            "rpc.method": method,
            "server.address": address,
            **(attributes or {}),
            "rpc.grpc.status_code": Hole.INT,
        },
    )


def statement(language: str, name: str, attributes: Attributes | None = None) -> SpanTemplate:
    """The client span of a statement of statements.toml; holes: those of `attributes`."""
    entry = STATEMENTS[name]
    return SpanTemplate.compile(
        SCOPES[language]["database"],
        f"{entry['operation']} {entry['collection']}",
        Kind.CLIENT,
        {
            "db.system.name": entry["system"],
            "db.namespace": entry["namespace"],
            "db.collection.name": entry["collection"],
            "db.operation.name": entry["operation"],
            "db.query.text": entry["text"],
            "server.address": entry["server"],
            "server.port": 6379 if entry["system"] == "redis" else 5432,
            **(attributes or {}),
        },
    )


def messaging(language: str, kind: Kind, exchange: str, queue: str = "") -> SpanTemplate:
    """A producer's or a consumer's span on RabbitMQ; holes: the message id and its size."""
    operation = "send" if kind is Kind.PRODUCER else "process"
    attributes: dict[str, Value | Hole] = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": operation,
        "messaging.operation.name": "publish" if kind is Kind.PRODUCER else "consume",
        "messaging.destination.name": f"{exchange}:{queue}" if queue else exchange,
        "messaging.rabbitmq.destination.routing_key": "order.placed",
        "messaging.message.id": Hole.TEXT,
        "messaging.message.body.size": Hole.INT,
        "server.address": "rabbitmq.shop.svc",
    }
    return SpanTemplate.compile(SCOPES[language]["messaging"], f"{operation} {queue or exchange}", kind, attributes)


def internal(scope: str, name: str, attributes: Attributes) -> SpanTemplate:
    """A span of the service's own code."""
    return SpanTemplate.compile(scope, name, Kind.INTERNAL, attributes)
