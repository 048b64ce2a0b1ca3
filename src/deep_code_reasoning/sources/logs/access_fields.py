"""What access and error logs of nginx and Apache say: the request, the client, the severity that a status means."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from deep_code_reasoning.sources.logs.log_record import LogRecord

_REQUEST = re.compile(r"([A-Z]{3,10}) (\S+)(?: HTTP/([\d.]{1,4}))?")
_NGINX_DETAIL = re.compile(r', (client|server|request|upstream|host): (?:"([^"]*)"|([^,]+))')
_APACHE_CLIENT = re.compile(r"\[client ([^\s\]]{1,64}?)(?::(\d{1,5}))?\] ")


@cache
def _severities() -> list[tuple[int, int]]:
    table = tomllib.loads(Path(__file__).with_name("text_layouts.toml").read_text(encoding="utf-8"))
    return [(lowest, number) for lowest, number in table["access"]["severities"]]


def settle(record: LogRecord, groups: dict[str, str]) -> None:
    """Turns the request line into attributes; a status gives the severity, as the log writes none."""
    attributes = record.attributes
    for key in [key for key, value in attributes.items() if value == "-"]:
        del attributes[key]
    if "status" in groups:
        status = int(groups["status"])
        record.severity_number = next(number for lowest, number in _severities() if status >= lowest)
        _add_request(attributes, groups["request"])
        return
    details = {name: quoted or bare for name, quoted, bare in _NGINX_DETAIL.findall(record.body[:16_384])}
    for name, key in (("client", "client.address"), ("host", "server.address"), ("upstream", "nginx.upstream")):
        if name in details:
            attributes[key] = details[name]
    if "request" in details:
        _add_request(attributes, details["request"])
    if match := _APACHE_CLIENT.search(record.body[:4096]):
        attributes["client.address"] = match[1]


def _add_request(attributes: dict[str, str | None], request: str) -> None:
    match = _REQUEST.match(request)
    if not match:
        return
    path, mark, query = match[2].partition("?")
    attributes["http.request.method"], attributes["url.path"] = match[1], path
    if mark:
        attributes["url.query"] = query
    if match[3]:
        attributes["network.protocol.version"] = match[3]
