"""Container images and package URLs: which version they are of, and of which commit where that stands in them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from deep_code_reasoning.sources.changes.deploy import sha_in

_COMMIT_TAG = re.compile(r"(?:.*[-_.])?(?:sha|git|commit)-([0-9a-f]{7,64})|.*-g([0-9a-f]{7,40})|([0-9a-f]{7,64})")
_SIDECARS = re.compile(r"(^|[/-])(istio|envoy|linkerd|proxyv2|otel|opentelemetry|fluent|vault|cloudsql|cloud-sql)")
SHA_QUALIFIERS = ("commit", "sha", "vcs_ref", "revision", "commit_sha", "git_commit")


class Image(NamedTuple):
    """`registry/shop/cart:1.2@sha256:...` in its parts; `version` is the tag, else the digest."""

    name: str
    version: str | None
    sha: str | None


def image_of(reference: str) -> Image:
    path, _, digest = reference.partition("@")
    head, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:  # the colon of a registry's port
        head, tag = path, ""
    return Image(head.rpartition("/")[2], tag or digest or None, commit_in_tag(tag))


def commit_in_tag(tag: str | None) -> str | None:
    """The commit in a version: `sha-0a1b2c3`, `v1.2-4-g0a1b2c3` of git describe, or nothing but a commit id.

    Letters alone, or digits alone below the full 40, are words and dates.
    """
    found = _COMMIT_TAG.fullmatch((tag or "").lower())
    if not found:
        return None
    sha = found[1] or found[2] or found[3]
    is_word = len(sha) < 40 and (sha.isdecimal() or sha.isalpha())
    return sha if found[1] or not is_word else None


def main_image(references: list[str], service: str | None) -> str | None:
    """Of a pod's images the one that is the service's, by name; else the first that is no proxy's or agent's."""
    named = [one for one in references if service and image_of(one).name.lower() == service.lower()]
    plain = [one for one in references if not _SIDECARS.search(image_of(one).name.lower())]
    return next(iter([*named, *plain, *references]), None)


def purl_of(artifact: str | None) -> Image | None:
    """A package URL, `pkg:oci/name@version?key=value` (purl specification); None for anything else."""
    if not artifact or not artifact.startswith("pkg:"):
        return None
    path, _, query = artifact.partition("#")[0].partition("?")
    head, _, version = path.rpartition("@")
    qualifiers = {key.lower(): values for key, values in parse_qs(query).items()}
    told = [value for key in SHA_QUALIFIERS for value in qualifiers.get(key, [])]
    told += [value.rpartition("@")[2] for value in qualifiers.get("vcs_url", [])]
    version = (unquote(version) or None) if head else None
    full = version if version and len(version) == 40 else None
    return Image((head or path).rpartition("/")[2], version, sha_in(*told, full))
