"""Which commits a deploy brought, on real histories: by parents, by dates only where those cannot, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from changes.histories import BEGIN, HOUR, ONSET, History, deploy, found
from deep_code_reasoning.changes.candidates import candidates
from deep_code_reasoning.changes.candidates.absent_commits import absent_commits
from deep_code_reasoning.changes.candidates.regressed_path import path_through
from store.rows import tables_of


@pytest.fixture
def order(tmp_path: Path) -> History:
    return History(tmp_path / "order")


def test_the_commits_between_two_deploys_and_why(order: History, tmp_path: Path) -> None:
    first = order.commit("one", 1)
    order.commit("two", 900)
    last = order.commit("three", 901)
    order.commit("not deployed yet", 902)
    deploys = [deploy("order", 100, first, version="4.2.0"), deploy("order", 997, last, version="4.3.0")]
    seen = found(tmp_path, [order.folder], deploys)
    assert set(seen.live) == {"two", "three"}
    assert seen.live["two"].live_at == BEGIN + 997 * HOUR
    assert seen.live["two"].service == "order"
    assert seen.live["two"].because == ("in order 4.2.0 -> 4.3.0, live 3 h before the onset",)
    assert seen.live["two"].live_in == (("order", BEGIN + 997 * HOUR),)
    assert not seen.others["one"].because
    assert "not deployed yet" in seen.others


def test_a_branch_that_was_merged_came_with_its_merge_however_old_its_commits(order: History, tmp_path: Path) -> None:
    order.commit("base", 1)
    order.git("checkout", "-q", "-b", "feature")
    order.commit("old work", 2)
    order.git("checkout", "-q", "main")
    first = order.commit("main goes on", 200)
    order.git("merge", "-q", "--no-ff", "-m", "merge", "feature", at=990)
    deploys = [deploy("order", 201, first), deploy("order", 995, order.head())]
    assert set(found(tmp_path, [order.folder], deploys).live) == {"old work", "merge"}


def test_skewed_and_equal_dates(order: History, tmp_path: Path) -> None:
    """A clock that ran in the future, one in the past, and one that stood still."""
    first = order.commit("first", 990)
    order.commit("from the past", 3)
    order.commit("from the future", 5_000)
    last = order.commit("at the same time", 990)
    order.commit("after it at the same time", 990)
    seen = found(tmp_path, [order.folder], [deploy("order", 991, first), deploy("order", 992, last)])
    assert set(seen.live) == {"first", "from the past", "from the future", "at the same time"}
    assert seen.live["from the future"].live_at == BEGIN + 992 * HOUR
    assert not seen.live["from the future"].is_later
    assert set(seen.others) == {"after it at the same time"}


def test_a_deploy_taken_back_is_said_and_what_ran_again_counts_from_then(order: History, tmp_path: Path) -> None:
    good = order.commit("good", 1)
    bad = order.commit("bad", 2)
    deploys = [deploy("order", 900, good), deploy("order", 990, bad), deploy("order", 992, good, kind="rolledback")]
    seen = found(tmp_path, [order.folder], deploys)
    assert "taken back, live 10 h before the onset, until 8 h before it" in seen.why("bad")
    again = found(tmp_path / "again", [order.folder], [*deploys, deploy("order", 999, bad)])
    assert again.live["bad"].live_at == BEGIN + 999 * HOUR
    assert "taken back" not in again.why("bad")


def test_what_ran_before_may_be_told_by_the_deploy(order: History, tmp_path: Path) -> None:
    first = order.commit("one", 1)
    order.commit("two", 2)
    last = order.commit("three", 3)
    told = found(tmp_path, [order.folder], [deploy("order", 990, last, previous_sha=first[:10])])
    assert set(told.live) == {"two", "three"}
    assert told.live["two"].live_at == BEGIN + 990 * HOUR
    assert f"in order {first[:12]} -> {last[:12]}" in told.why("two")


def test_before_the_first_deploy_known_nothing_tells_since_when(order: History, tmp_path: Path) -> None:
    order.commit("two years of work", 1)
    order.commit("made while deploys were written down", 950)
    last = order.commit("deployed", 960)
    deploys = [deploy("cart", 900, "f" * 40), deploy("order", 990, last, version="4.3.0")]
    seen = found(tmp_path, [order.folder], deploys)
    lived = {message: one.live_at for message, one in seen.live.items()}
    assert lived == {
        "two years of work": None,
        "made while deploys were written down": BEGIN + 990 * HOUR,
        "deployed": BEGIN + 990 * HOUR,
    }
    assert "in order 4.3.0, the first deploy known, live before or since then" in seen.why("two years of work")


def test_a_commit_that_was_forced_away_leaves_dates_and_says_so(order: History, tmp_path: Path) -> None:
    first = order.commit("one", 1)
    order.commit("two", 500)
    last = order.commit("three", 980)
    gone = [deploy("order", 200, "d" * 40), deploy("order", 990, last)]
    seen = found(tmp_path, [order.folder], gone)
    assert set(seen.live) == {"two", "three"}
    assert "dddddddddddd is not in the history read (force-pushed, older, or of another branch)" in seen.why("two")
    away = [deploy("order", 400, first), deploy("order", 990, "d" * 40)]
    assert "by date, since dddddddddddd is not" in found(tmp_path / "away", [order.folder], away).why("three")


def test_beyond_the_end_of_a_shallow_clone(order: History, tmp_path: Path) -> None:
    first = order.commit("one", 1)
    order.commit("two", 500)
    last = order.commit("three", 980)
    order.git("clone", "-q", "--depth", "2", f"file://{order.folder}", str(tmp_path / "shallow" / "order"))
    deploys = [deploy("order", 200, first), deploy("order", 990, last)]
    seen = found(tmp_path, [tmp_path / "shallow" / "order"], deploys)
    assert set(seen.live) == {"two", "three"}
    assert "by date, since" in seen.why("two")


def test_a_deploy_that_names_a_version_is_found_by_its_tag(order: History, tmp_path: Path) -> None:
    order.commit("one", 1)
    order.git("tag", "v4.2.0")
    order.commit("two", 2)
    order.git("tag", "-a", "order-4.3", "-m", "annotated")
    order.commit("three", 3)
    deploys = [deploy("order", 900, version="4.2.0"), deploy("order", 990, artifact="registry:5000/shop/order:4.3.0")]
    seen = found(tmp_path, [order.folder], deploys)
    assert {message: one.live_at for message, one in seen.live.items()} == {
        "one": None,
        "two": BEGIN + 990 * HOUR,
    } | {"one": BEGIN + 900 * HOUR}
    assert set(seen.others) == {"three"}


def test_live_for_longer_than_any_delay_is_no_candidate(order: History, tmp_path: Path) -> None:
    one, two, three = (order.commit(text, at) for at, text in enumerate(("one", "two", "three")))
    deploys = [deploy("order", 10, one), deploy("order", 20, two), deploy("order", 990, three)]
    assert set(found(tmp_path, [order.folder], deploys).live) == {"three"}
    assert set(found(tmp_path / "all", [order.folder], deploys, delay=2_000 * HOUR).live) == {"one", "two", "three"}


def test_deploys_to_staging_are_not_live(order: History, tmp_path: Path) -> None:
    first, last = order.commit("one", 1), order.commit("two", 2)
    deploys = [
        deploy("order", 900, first, environment="production"),
        deploy("order", 990, last, environment="staging"),
    ]
    telemetry = [{"service_name": "order", "deployment_environment_name": "production"}]
    assert set(found(tmp_path, [order.folder], deploys, resources=telemetry).live) == {"one"}


def test_a_commit_of_another_branch_is_live_only_where_a_deploy_says_so(order: History, tmp_path: Path) -> None:
    base = order.commit("base", 1)
    order.git("checkout", "-q", "-b", "release")
    release = order.commit("fix on release", 970)
    order.git("checkout", "-q", "-b", "feature", base)
    order.commit("not merged", 980)
    order.git("checkout", "-q", "main")
    order.commit("on main", 975)
    assert set(found(tmp_path, [order.folder]).live) == {"base", "on main"}
    unknown = [deploy("order", 200, base), deploy("order", 990, "d" * 40)]
    assert set(found(tmp_path / "unknown", [order.folder], unknown).live) == {"on main"}
    deployed = [deploy("order", 200, base), deploy("order", 990, release)]
    assert set(found(tmp_path / "deployed", [order.folder], deployed).live) == {"fix on release"}
    order.git("checkout", "-q", "--orphan", "nothing")
    assert set(found(tmp_path / "nothing", [order.folder]).live) == {"base", "on main", "fix on release", "not merged"}


def test_without_deploys_dates_are_all_there_is(order: History, tmp_path: Path) -> None:
    order.commit("before", 998)
    order.commit("after", 1_001)
    seen = found(tmp_path, [order.folder])
    assert seen.why("before") == "no deploy of order is known; committed 2 h before the onset"
    assert seen.others["after"].is_later


def test_services_of_one_repository_that_go_live_each_for_itself(tmp_path: Path) -> None:
    shop = History(tmp_path / "shop")
    base = shop.commit("base", 1, {"README": "x"})
    cart = shop.commit("cart", 2, {"services/cart/main.go": "1"})
    order = shop.commit("order", 3, {"services/order/main.go": "1"})
    shop.commit("shared", 4, {"lib/money.go": "1"})
    head = shop.commit("head", 5, {"README": "y"})
    deploys = [deploy("cart", 200, base), deploy("order", 200, base), deploy("cart", 990, head)]
    seen = found(tmp_path, [shop.folder], deploys)
    assert (seen.live["cart"].services, seen.live["shared"].services) == ({"cart"}, set())
    assert seen.live["shared"].rides == {"cart"}
    assert "order" in seen.others
    later = found(tmp_path / "later", [shop.folder], [*deploys, deploy("order", 995, order)])
    assert later.live["order"].live_in == (("order", BEGIN + 995 * HOUR),)
    assert later.live["order"].services == {"order"}
    assert cart in {one.sha for one in later.live.values()}


def test_only_what_is_on_the_regressed_path(tmp_path: Path) -> None:
    histories = {name: History(tmp_path / name) for name in ("order", "stock", "mail")}
    deploys = [deploy(name, 990, history.commit(f"work on {name}", 980)) for name, history in histories.items()]
    folders = [history.folder for history in histories.values()]
    regressed = path_through([("order", "stock"), ("mail", "smtp")], {"stock"})
    seen = found(tmp_path, folders, deploys, path=regressed)
    assert set(seen.live) == {"work on order", "work on stock"}
    assert seen.live["work on order"].because[-1] == "order calls what suffers, directly"
    assert seen.live["work on stock"].because[-1] == "stock suffers"


def test_a_clone_and_the_answer_of_its_api_are_one_repository(order: History, tmp_path: Path) -> None:
    first, last = order.commit("one", 1), order.commit("two", 2)
    api = [{"sha": last, "repository": "acme/order", "time_unix_nano": BEGIN, "message": "two", "parents": [first]}]
    seen = found(tmp_path, [order.folder], [deploy("order", 900, first), deploy("order", 990, last)], commits=api)
    assert set(seen.live) == {"one", "two"}
    assert not seen.others


def test_without_a_feed_the_telemetry_tells_which_version_ran_since_when(order: History, tmp_path: Path) -> None:
    order.commit("one", 1)
    order.git("tag", "4.2.0")
    order.commit("two", 2)
    order.git("tag", "4.3.0")
    order.commit("not released", 3)
    telemetry = [
        {"resource_number": number, "service_name": "order", "service_version": version}
        for number, version in enumerate(("4.2.0", "4.3.0"))
    ]
    spans = [
        {"service_name": "order", "resource_number": number, "start_time_unix_nano": BEGIN + at * HOUR}
        for number, at in ((0, 976), (1, 997), (0, 998), (1, 999))
    ]
    seen = found(tmp_path, [order.folder], resources=telemetry, spans=spans)
    assert {message: one.live_at for message, one in seen.live.items()} == {"one": None, "two": BEGIN + 997 * HOUR}
    assert "in order 4.2.0 -> 4.3.0, by its telemetry, live 3 h before the onset" in seen.why("two")
    assert set(seen.others) == {"not released"}


def test_a_deploy_that_failed_in_the_end_was_not_live(order: History, tmp_path: Path) -> None:
    first, last = order.commit("one", 1), order.commit("two", 2)
    deploys = [
        deploy("order", 900, first),
        deploy("order", 990, last, deploy_id="d2"),
        deploy("order", 991, last, deploy_id="d2", kind="failed"),
    ]
    assert set(found(tmp_path, [order.folder], deploys).live) == {"one"}


@pytest.mark.parametrize(
    ("package", "deployed"),
    [
        ({"artifact": "pkg:oci/order@sha256%3Aab?tag=1"}, {"artifact": "pkg:oci/order@sha256%3Aab"}),
        ({"artifact": "registry:5000/shop/order:4.3.0"}, {"artifact": "mirror/order:4.3.0", "version": "stable"}),
        ({"artifact": "pkg:oci/order@4.3.0", "version": "4.3.0"}, {"version": "4.3.0"}),
        ({"service_name": "order-service", "version": "build 77"}, {"version": "build 77"}),
    ],
)
def test_a_deploy_that_names_no_commit_has_that_of_its_package(
    order: History, tmp_path: Path, package: dict, deployed: dict
) -> None:
    first, last = order.commit("one", 1), order.commit("two", 2)
    order.commit("made before the deploy and not in the package", 3)
    packaged = deploy(None, 500, last, kind="packaged", **package)
    deploys = [deploy("order", 200, first), packaged, deploy("order", 990, **deployed)]
    seen = found(tmp_path, [order.folder], deploys)
    assert {message: one.live_at for message, one in seen.live.items()} == {"two": BEGIN + 990 * HOUR}


def test_packages_that_disagree_tell_nothing(order: History, tmp_path: Path) -> None:
    shas = [order.commit(message, at) for message, at in (("one", 1), ("two", 500), ("three", 600))]
    packaged = [deploy("order", 700 + n, sha, kind="packaged", version="9") for n, sha in enumerate(shas[1:])]
    deploys = [deploy("order", 200, shas[0]), *packaged, deploy("order", 990, version="9")]
    seen = found(tmp_path, [order.folder], deploys)
    assert "by date, since the deploy names no commit" in seen.why("two")
    assert "by date, since the deploy names no commit" in seen.why("three")


def test_a_version_seen_running_has_the_commit_of_its_package(order: History, tmp_path: Path) -> None:
    versions = {"4.2": order.commit("one", 1), "4.3": order.commit("two", 2)}
    order.commit("not packaged", 3)
    packaged = [
        deploy(None, 500, sha, kind="packaged", artifact=f"shop/order:{version}", version=version)
        for version, sha in versions.items()
    ]
    telemetry = [
        {"resource_number": number, "service_name": "order", "service_version": version}
        for number, version in enumerate(versions)
    ]
    spans = [
        {"service_name": "order", "resource_number": number, "start_time_unix_nano": BEGIN + at * HOUR}
        for number, at in ((0, 976), (1, 997))
    ]
    seen = found(tmp_path, [order.folder], packaged, resources=telemetry, spans=spans)
    assert seen.live["two"].live_at == BEGIN + 997 * HOUR
    assert set(seen.others) == {"not packaged"}


def test_deployed_commits_that_no_history_has_are_told(tmp_path: Path) -> None:
    there = {"sha": "abcdef0123" + "0" * 30, "repository": "order", "time_unix_nano": BEGIN, "message": "x"}
    deploys = [
        deploy("order", 980, "ABCDEF0123"),
        deploy("order", 985, "abcdef0999"),
        deploy("order", 990, "d" * 40),
        deploy("order", 991, "d" * 40, environment="another"),
        deploy("order", 10, "e" * 40),  # long before
        deploy("order", 1_001, "e" * 40),  # after the onset
        deploy("order", 992),
        deploy("order", 993, "f" * 40, kind="packaged"),
    ]
    with tables_of(tmp_path / "a", commits=[there], deploys=deploys) as tables:
        told = absent_commits(tables, ONSET)
    assert [(one.place, one.reason.split(" is in no history")[0], one.count) for one in told] == [
        ("deploy of order", "commit dddddddddddd", 2),
        ("deploy of order", "commit abcdef0999", 1),
    ]
    many = [deploy(f"s{n}", 900 + n, f"{n:040x}") for n in range(20)]
    with tables_of(tmp_path / "b", commits=[there], deploys=many) as tables:
        assert [one.count for one in absent_commits(tables, ONSET)] == [1] * 8 + [12]
    with tables_of(tmp_path / "c", deploys=many) as tables:
        assert absent_commits(tables, ONSET) == ()


def test_environments(order: History, tmp_path: Path) -> None:
    """Each has its own order of deploys; it is live from the first on, and trials are none where others are told."""
    first, last = order.commit("one", 1), order.commit("two", 2)
    deploys = [
        deploy("order", 200, first, environment="prod-eu"),
        deploy("order", 201, first, environment="prod-us"),
        deploy("order", 900, last, environment="staging-eu"),
        deploy("order", 990, last, environment="prod-us"),
        deploy("order", 995, last, environment="prod-eu"),
    ]
    assert found(tmp_path, [order.folder], deploys).live["two"].live_at == BEGIN + 990 * HOUR
    assert set(found(tmp_path / "trial", [order.folder], deploys[2:3]).live) == {"one", "two"}


def test_a_deploy_that_names_no_service_is_of_the_one_that_its_repository_is(order: History, tmp_path: Path) -> None:
    first, last = order.commit("one", 1), order.commit("two", 2)
    deploys = [deploy(None, 200, first), deploy(None, 990, last)]
    seen = found(tmp_path, [order.folder], deploys, resources=[{"service_name": "order-service"}])
    assert seen.live["two"].live_in == (("order-service", BEGIN + 990 * HOUR),)
    assert "it is of order-service by the name of the repository" in seen.why("two")


def test_of_a_very_long_list_only_the_newest_commits_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST_OF_ONE", 3)
    long = [
        {"sha": f"{n:040x}", "repository": "shop", "time_unix_nano": BEGIN + n * HOUR, "message": str(n),
         "parents": [f"{n - 1:040x}"]}
        for n in range(1, 10)
    ]  # fmt: skip
    deploys = [deploy("shop", 200, long[0]["sha"]), deploy("shop", 990, long[-1]["sha"])]
    seen = found(tmp_path, [], deploys, commits=long)
    assert (set(seen.live), set(seen.others)) == ({"9"}, {"7", "8"})
    near = found(tmp_path / "near", [], [deploy("shop", 5, long[0]["sha"]), deploy("shop", 990, long[-1]["sha"])],
                 commits=long)  # fmt: skip
    assert set(near.live) == {"7", "8", "9"}
    assert "000000000000 is not in the history read" in near.why("9")
