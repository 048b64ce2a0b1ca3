"""The service that a log file's path suggests: a weak hint, taken where the records themselves name none."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_ROTATION = re.compile(
    r"(?:[._-](?:\d{1,3}|\d{4}-?\d\d-?\d\d(?:[T_-][\d.:-]{1,16})?)|\.(?:log|txt|out|err|gz|zst|jsonl?|ndjson|access|current|gc))$"
)
_POD_SUFFIX = re.compile(r"(?:-[0-9a-f]{6,10})?-[a-z0-9]{5}$|-\d{1,3}$")
_KUBELET_LINK = re.compile(r"[a-z0-9.-]{1,253}_[a-z0-9-]{1,63}_([a-z0-9-]{1,63})-[0-9a-f]{64}")


@cache
def _generic_names() -> frozenset[str]:
    table = tomllib.loads(Path(__file__).with_name("text_layouts.toml").read_text(encoding="utf-8"))
    return frozenset(table["generic_names"])


def service_hint(path: Path) -> str | None:
    """From the file's name or, where that says nothing, its folder's.

    `logs/payment/payment-7d9f8b6c5-x2x1p.log.gz`, `payment/app.1.log`, the kubelet's `pods/shop_pod_uid/payment/0.log`
    and `containers/pod_shop_payment-<id>.log` all give `payment`.
    """
    stem = path.name
    while (shorter := _ROTATION.sub("", stem)) != stem and shorter:
        stem = shorter
    if link := _KUBELET_LINK.fullmatch(stem):
        return link[1]
    folder = "" if path.parent.name.endswith("!") else path.parent.name  # a member at the root of its archive
    if not _is_generic(folder) and stem.lower().startswith(folder.lower()):
        return folder
    if not _is_generic(stem):
        return _POD_SUFFIX.sub("", stem) or stem
    return None if _is_generic(folder) else folder


def _is_generic(name: str) -> bool:
    return not name or name.isdecimal() or name.lower() in _generic_names()
