"""A service that takes a library at a new version takes its commits along, and they are live when the service is."""

from __future__ import annotations

from pathlib import Path

import pytest

from changes.histories import BEGIN, HOUR, History, deploy, found

GRADLE = 'dependencies {{\n    implementation("com.shop:shop-validation:{}")\n}}'


@pytest.fixture
def library(tmp_path: Path) -> History:
    """1.7, then two commits of 1.8, then one that nobody took."""
    made = History(tmp_path / "validation", url="https://git.example.com/shop/shop-validation.git")
    made.commit("checks of 1.7", 1)
    made.git("tag", "v1.7.0")
    made.commit("look every rule up", 500)
    made.commit("another of 1.8", 501)
    made.git("tag", "v1.8.0")
    made.commit("of 1.9", 502)
    return made


@pytest.fixture
def order(tmp_path: Path) -> History:
    made = History(tmp_path / "order")
    made.commit("first", 100, {"build.gradle.kts": GRADLE.format("1.7")})
    return made


def deploys_of(order: History, bump: str) -> list[dict]:
    first = order.git("rev-parse", "HEAD~1")
    return [deploy("order", 200, first, version="4.2.0"), deploy("order", 997, bump, version="4.3.0")]


def test_by_tags(order: History, library: History, tmp_path: Path) -> None:
    bump = order.commit("take validation 1.8", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder], deploys_of(order, bump))
    assert set(seen.live) == {"take validation 1.8", "look every rule up", "another of 1.8"}
    culprit = seen.live["look every rule up"]
    assert (culprit.live_at, culprit.rides, culprit.services) == (BEGIN + 997 * HOUR, {"order"}, set())
    assert culprit.because == (
        "in the library validation that order 4.2.0 -> 4.3.0 took along (1.7 -> 1.8 in build.gradle.kts), "
        "live 3 h before the onset",
    )
    assert "raises validation 1.7 -> 1.8 in build.gradle.kts" in seen.why("take validation 1.8")
    assert set(seen.others) >= {"checks of 1.7", "of 1.9"}


def test_by_the_commit_that_made_the_version(order: History, tmp_path: Path) -> None:
    library = History(tmp_path / "shop-validation")
    library.commit("set up", 1, {"package.json": '{\n  "name": "@shop/rules",\n  "version": "1.7.0"\n}'})
    library.commit("look every rule up", 500)
    library.commit("raise it", 501, {"package.json": '{\n  "name": "@shop/rules",\n  "version": "1.8.0"\n}'})
    library.commit("not released", 502)
    order.commit("use it", 101, {"package.json": '{\n  "@shop/rules": "^1.7.0"\n}'})
    bump = order.commit("raise rules", 990, {"package.json": '{\n  "@shop/rules": "^1.8.0"\n}'})
    seen = found(tmp_path, [order.folder, library.folder], deploys_of(order, bump))
    assert set(seen.live) == {"raise rules", "look every rule up", "raise it"}


def test_by_the_message_of_a_release(order: History, tmp_path: Path) -> None:
    library = History(tmp_path / "shop-validation")
    for message, at in (("Release 1.7", 1), ("look every rule up", 500), ("Release 1.8", 501), ("later", 502)):
        library.commit(message, at)
    bump = order.commit("raise", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder], deploys_of(order, bump))
    assert set(seen.live) == {"raise", "look every rule up", "Release 1.8"}


def test_by_date_where_nothing_names_the_version(order: History, tmp_path: Path) -> None:
    library = History(tmp_path / "shop-validation")
    library.commit("before what order had", 50)
    library.commit("look every rule up", 500)
    library.commit("after the bump", 995)
    bump = order.commit("raise", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder], deploys_of(order, bump))
    assert set(seen.live) == {"raise", "look every rule up"}
    assert "(1.7 -> 1.8 in build.gradle.kts, by date)" in seen.why("look every rule up")


def test_a_submodule(order: History, library: History, tmp_path: Path) -> None:
    order.git("submodule", "add", "-q", str(library.folder), "libs/rules")
    order.git("-C", "libs/rules", "checkout", "-q", "v1.7.0")
    first = order.commit("with rules", 150)
    order.git("-C", "libs/rules", "checkout", "-q", "v1.8.0")
    bump = order.commit("newer rules", 990)
    deploys = [deploy("order", 200, first), deploy("order", 997, bump)]
    seen = found(tmp_path, [order.folder, library.folder], deploys)
    assert set(seen.live) == {"newer rules", "look every rule up", "another of 1.8"}


def test_maven_writes_name_and_version_on_two_lines(tmp_path: Path, library: History) -> None:
    pom = "<dependency>\n<groupId>com.shop</groupId>\n<artifactId>shop-validation</artifactId>\n<version>{}</version>\n"
    order = History(tmp_path / "order")
    first = order.commit("first", 100, {"pom.xml": pom.format("1.7")})
    bump = order.commit("raise", 990, {"pom.xml": pom.format("1.8")})
    deploys = [deploy("order", 200, first), deploy("order", 997, bump)]
    assert "look every rule up" in found(tmp_path, [order.folder, library.folder], deploys).live


def test_a_bump_that_was_not_deployed_brings_nothing(order: History, library: History, tmp_path: Path) -> None:
    fixed = order.commit("a fix", 600)
    order.commit("take validation 1.8", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder], [deploy("order", 997, fixed)])
    assert "look every rule up" in seen.others


def test_each_service_that_took_it_and_when(order: History, library: History, tmp_path: Path) -> None:
    cart = History(tmp_path / "cart")
    cart.commit("first", 100, {"go.mod": "require git.example.com/shop/shop-validation v1.7.0"})
    first = order.commit("order takes it", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    second = cart.commit("cart takes it", 990, {"go.mod": "require git.example.com/shop/shop-validation v1.8.0"})
    deploys = [*deploys_of(order, first), deploy("cart", 999, second, version="9")]
    one = found(tmp_path, [order.folder, library.folder, cart.folder], deploys).live["look every rule up"]
    assert dict(one.live_in) == {"order": BEGIN + 997 * HOUR, "cart": BEGIN + 999 * HOUR}
    assert one.live_at == BEGIN + 997 * HOUR


def test_a_library_of_a_library(order: History, library: History, tmp_path: Path) -> None:
    base = History(tmp_path / "shop-base", url="git@git.example.com:shop/shop-base.git")
    base.commit("base 1", 1)
    base.git("tag", "1.0")
    base.commit("base 2", 2)
    base.git("tag", "2.0")
    library.git("checkout", "-q", "-b", "deeper", "v1.8.0")
    library.commit("on base 1", 510, {"package.json": '{\n  "@shop/shop-base": "1.0"\n}'})
    library.git("tag", "v1.9")
    library.commit("on base 2", 520, {"package.json": '{\n  "@shop/shop-base": "2.0"\n}'})
    library.git("tag", "v2.0")
    order.commit("first", 101, {"build.gradle.kts": GRADLE.format("1.9")})
    bump = order.commit("raise", 990, {"build.gradle.kts": GRADLE.format("2.0")})
    seen = found(tmp_path, [order.folder, library.folder, base.folder], deploys_of(order, bump))
    assert set(seen.live) == {"raise", "on base 2", "base 2"}
    assert "in the library shop-base that the library validation that order" in seen.why("base 2")


def test_a_name_that_two_repositories_have_is_not_guessed(order: History, library: History, tmp_path: Path) -> None:
    twin = History(tmp_path / "twin", url="https://git.example.com/web/shop-validation.git")
    twin.commit("of the twin", 400)
    bump = order.commit("raise", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder, twin.folder], deploys_of(order, bump))
    assert "no deploy of validation is known" in seen.why("look every rule up")


def test_another_owner_s_package_of_the_same_name(tmp_path: Path, library: History) -> None:
    order = History(tmp_path / "order")
    first = order.commit("first", 100, {"package.json": '{\n  "@foreign/shop-validation": "1.7.0"\n}'})
    bump = order.commit("raise", 990, {"package.json": '{\n  "@foreign/shop-validation": "1.8.0"\n}'})
    seen = found(tmp_path, [order.folder, library.folder], [deploy("order", 200, first), deploy("order", 997, bump)])
    assert "raises" not in seen.why("raise")


def test_taken_by_a_service_of_which_no_deploy_is_known(order: History, library: History, tmp_path: Path) -> None:
    order.commit("take validation 1.8", 990, {"build.gradle.kts": GRADLE.format("1.8")})
    seen = found(tmp_path, [order.folder, library.folder], resources=[{"service_name": "order"}])
    one = seen.live["look every rule up"]
    assert (one.rides, one.live_at, one.since) == ({"order"}, None, BEGIN + 990 * HOUR)
