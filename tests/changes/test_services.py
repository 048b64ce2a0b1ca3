"""Which service a repository is: by the most trusted source that says anything; several stay several, none none."""

from __future__ import annotations

from typing import Any

import pytest

from deep_code_reasoning.changes.candidates.deploys import joined
from deep_code_reasoning.changes.candidates.repositories import (
    Commit,
    Repository,
    address_parts,
    same_address,
    version_in,
)
from deep_code_reasoning.changes.candidates.services import SET, Belonging, Evidence, ServiceMap

SHA = {"checkout": "a1" * 20, "shop": "b2" * 20}


def repository(name: str, url: str | None = None, tags: tuple[str, ...] = ()) -> Repository:
    short = name.rsplit("/", 1)[-1]
    sha = SHA.get(short, (short * 40).encode().hex()[:40])
    return Repository(name, url, {sha: Commit(sha, name, 1)}, dict.fromkeys(tags, sha))


CHECKOUT = repository("repos/checkout", "https://git.example.com/acme/checkout.git", ("v4.3.0",))
SHOP = repository("repos/shop", "git@git.example.com:acme/shop.git")


def resource(service: str, **more: Any) -> dict[str, Any]:
    attributes = [{"key": key.replace("__", "."), "value": value} for key, value in more.pop("attributes", {}).items()]
    empty = dict.fromkeys(("service_version", "vcs_repository_url_full", "vcs_ref_head_revision"))
    return empty | {"service_name": service, "attributes": attributes} | more


def feed(service: str | None, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("environment", "version", "artifact", "sha", "repository", "previous_sha"))
    return empty | {"service_name": service, "time_unix_nano": 1} | more


def belonging(
    resources: list[dict] | None = None,
    deploys: list[dict] | None = None,
    names: tuple[str, ...] = ("pay",),
    paths: tuple[str, ...] = (),
    of: Repository = CHECKOUT,
    **more: Any,
) -> Belonging:
    both = [CHECKOUT, SHOP]
    evidence = Evidence(both, resources or [], joined(deploys or [], both, {}), names, **more)
    return ServiceMap(evidence).of_paths(of.name, paths)


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ({"vcs_repository_url_full": "https://git.example.com/acme/checkout"},
         "vcs.repository.url.full of its telemetry"),
        ({"attributes": {"vcs__repository__name": "checkout"}}, "vcs.repository.name of its telemetry"),
        ({"vcs_ref_head_revision": SHA["checkout"]}, "vcs.ref.head.revision of its telemetry"),
        ({"service_version": SHA["checkout"][:12]}, "service.version is one of its commits"),
        ({"service_version": "4.3.0-7-g" + SHA["checkout"][:8]}, "service.version is one of its commits"),
        ({"service_version": "4.3.0"}, "service.version is one of its tags"),
        ({"attributes": {"container__image__tags": f'["main-{SHA["checkout"][:7]}"]'}},
         "its container image's tag is one of its commits"),
        ({"attributes": {"container__image__name": "registry:5000/acme/checkout"}}, "the name of its container image"),
    ],
)  # fmt: skip
def test_by_what_the_telemetry_says(told: dict, how: str) -> None:
    assert belonging([resource("pay", **told)]) == Belonging(frozenset({"pay"}), how)
    assert not belonging([resource("pay", **told)], of=SHOP).services


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ({"artifact": "pkg:oci/checkout@1?repository_url=r"}, "the name of the image deployed"),
        ({"sha": SHA["checkout"]}, "the deploy feed"),
        ({"repository": "acme/checkout"}, "the deploy feed"),
    ],
)
def test_by_what_was_deployed(told: dict, how: str) -> None:
    assert belonging(deploys=[feed("pay", **told)]) == Belonging(frozenset({"pay"}), how)


def test_by_a_version_of_a_deploy_that_names_no_service() -> None:
    deploys = [feed(None, version="77", sha=SHA["checkout"])]
    assert belonging([resource("pay", service_version="77")], deploys).services == {"pay"}
    two = [resource("pay", service_version="77"), resource("mail", service_version="77")]
    assert not belonging(two, deploys).services


def test_a_version_that_two_services_run_tells_nothing() -> None:
    two = [resource(name, service_version="4.3.0") for name in ("pay", "mail")]
    assert belonging(two) == Belonging()


def test_by_manifest_and_by_name() -> None:
    declared = {CHECKOUT.name: {"pay": "deploy/pay.yaml", "unknown": "x.yaml"}}
    assert belonging(declared=declared).how == "the service name in its deploy/pay.yaml"
    assert belonging(names=("checkout-service", "pay")) == Belonging(
        frozenset({"checkout-service"}), "the name of the repository"
    )
    assert belonging() == Belonging()


@pytest.mark.parametrize(
    "pattern", ["checkout", "acme/checkout", "*/check*", "https://git.example.com/acme/checkout", "repos/checkout"]
)
def test_the_setting_goes_before_everything(pattern: str) -> None:
    told = [resource("mail", vcs_repository_url_full="https://git.example.com/acme/checkout")]
    assert belonging(told, setting={pattern: "pay"}) == Belonging(frozenset({"pay"}), SET)
    assert belonging(told, setting={pattern: "pay"}, of=SHOP) == Belonging()


@pytest.mark.parametrize("pattern", ["modules/pay", "shop:modules/pay", "*/pay"])
def test_a_folder_may_be_set(pattern: str) -> None:
    setting = {pattern: "payment"}
    assert belonging(setting=setting, paths=("modules/pay/a.go",), of=SHOP) == Belonging(frozenset({"payment"}), SET)
    assert not belonging(setting=setting, paths=("modules/payroll/a.go",), names=(), of=SHOP).services


def test_folders_of_a_repository_with_many_services() -> None:
    deploys = [feed(name, sha=SHA["shop"]) for name in ("cart", "order")]
    names = ("cart", "order", "mail")
    of = {"deploys": deploys, "names": names, "of": SHOP}
    assert belonging(paths=("services/cart/a.go",), **of).services == {"cart"}
    assert belonging(paths=("services/cart/a.go", "services/mail/b.go"), **of).services == {"cart", "mail"}
    assert belonging(paths=("lib/money.go",), **of) == Belonging()


def test_a_repository_of_one_service_is_not_split_by_folders_that_are_called_like_others() -> None:
    told = [resource("pay", vcs_repository_url_full="https://git.example.com/acme/checkout"), resource("mail")]
    assert belonging(told, names=("pay", "mail"), paths=("src/mail/client.go",)).services == {"pay"}
    assert belonging(told, names=("pay", "mail"), paths=("services/mail/main.go",)).services == {"mail"}


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://git.example.com:8443/Acme/Shop.git", ["git.example.com", "acme", "shop"]),
        ("git@git.example.com:acme/shop.git", ["git.example.com", "acme", "shop"]),
        ("ssh://git@git.example.com:22/acme/shop", ["git.example.com", "acme", "shop"]),
        ("acme/shop", ["acme", "shop"]),
        ("../shop/", ["shop"]),
        ("", []),
    ],
)
def test_addresses(address: str, parts: list[str]) -> None:
    assert address_parts(address) == parts


def test_the_same_address_however_it_is_written() -> None:
    assert same_address("git@git.example.com:acme/shop.git", "https://git.example.com/acme/shop")
    assert same_address("acme/shop", "https://git.example.com/acme/shop")
    assert not same_address("foreign/shop", "https://git.example.com/acme/shop")
    assert not same_address("", "")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.8", "1.8"),
        ("order-1.8.0", "1.8"),
        ("release/1.8.0-rc.1", "1.8rc1"),
        ("1.8.0.RC1", "1.8rc1"),
        ("2026.09.22-1053", "2026.9.221053"),
        ("latest", None),
        ("1" * 200, None),
    ],
)
def test_versions_that_can_be_compared(text: str, version: str | None) -> None:
    assert version_in(text) == version
