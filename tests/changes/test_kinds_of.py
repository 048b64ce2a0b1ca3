"""One list of kinds: what the tree saw, with its lines, and what only words tell."""

from __future__ import annotations

from changes.patterns.golden import changed_file
from deep_code_reasoning.changes.diffs.delta import delta_of
from deep_code_reasoning.changes.diffs.kinds import kinds_of
from deep_code_reasoning.changes.diffs.seen import Seen, matches_of

LOOP = (
    "def check(cart, client):\n    for line in cart.lines:\n        line.check()\n",
    "def check(cart, client):\n    for line in cart.lines:\n        client.get(line.sku)\n        line.check()\n",
)


def read(path: str, before: str | None, after: str | None, *, whole: bool = True) -> tuple[str, Seen]:
    file = changed_file(path, before, after, whole=whole)
    return file.patch, matches_of([file])


def test_a_kind_that_the_tree_saw_brings_its_line_and_is_there_once() -> None:
    patch, seen = read("cart.py", *LOOP)
    kinds = [kind for kind in kinds_of(delta_of(patch), ["cart.py"], seen) if kind.name == "call-in-loop"]
    assert [(match.line, match.function) for kind in kinds for match in kind.at] == [(3, "check")]


def test_without_a_tree_words_tell() -> None:
    patch = "@@ -1,0 +1,2 @@\n+for line in cart.lines:\n+    client.get(line)\n"
    (kind,) = [kind for kind in kinds_of(delta_of(patch), ["cart.foo"]) if kind.name == "call-in-loop"]
    assert kind.at == ()
    assert kind.words == "makes a call in a loop"


def test_what_the_tree_denies_is_not_looked_for_in_words() -> None:
    """A dictionary is asked in a loop: by its words a call, by its tree none."""
    before = "def names(users, by_id):\n    return []\n"
    after = "def names(users, by_id):\n    for user in users:\n        by_id.get(user)\n    return []\n"
    patch, seen = read("names.py", before, after)
    assert seen.is_whole
    assert "call-in-loop" in {kind.name for kind in kinds_of(delta_of(patch), ["names.py"])}
    assert "call-in-loop" not in {kind.name for kind in kinds_of(delta_of(patch), ["names.py"], seen)}


def test_a_fragment_denies_nothing() -> None:
    patch, seen = read("cart.py", *LOOP, whole=False)
    assert not seen.is_whole
    assert {kind.name for kind in kinds_of(delta_of(patch), ["cart.py"])} <= {
        kind.name for kind in kinds_of(delta_of(patch), ["cart.py"], seen)
    }


def test_a_number_is_of_the_kinds_that_its_name_and_direction_tell() -> None:
    patch, seen = read("http.py", "x = get(url, timeout=30)\n", "x = get(url, timeout=5)\n")
    found = {kind.name: kind.at for kind in kinds_of(delta_of(patch), ["http.py"], seen)}
    assert [match.words for match in found["timeout-shortened"]] == ["changes get.timeout from 30 to 5"]
    assert "setting-changed" not in found
    assert "timeout-lengthened" not in found
    (number,) = [match.replaced for match in found["timeout-shortened"]]
    assert number
    assert (number.before, number.after, number.moved) == (30, 5, "down")


def test_files_that_do_not_run_and_inert_lines_are_left_out() -> None:
    assert read("tests/test_cart.py", *LOOP)[1] == Seen()
    assert read("cart.py", "# a\n", "# b\n")[1].matches == ()


def test_a_call_that_moved_into_another_file_with_its_loop_is_none() -> None:
    moved = [changed_file("cart.py", LOOP[1], LOOP[1].split("    for")[0] + "    pass\n")]
    moved.append(changed_file("lines.py", "x = 1\n", "x = 1\n\n\n" + LOOP[1]))
    assert matches_of(moved).matches == ()
