"""The generated incident: what really happened is supported, what did not is refuted or left open, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deep_code_reasoning.demo.truth import Truth
from deep_code_reasoning.experiments.deriving import hypothesis_of, hypothesis_of_suspect
from deep_code_reasoning.experiments.prediction import Hypothesis
from deep_code_reasoning.experiments.scene import Scene
from deep_code_reasoning.experiments.tournament import Config, play
from experiments.conftest import Place

FALSE = [
    ("GC pauses in inventory make payments fail", "refuted", "does not explain them"),
    ("A traffic spike at the gateway overloads payment", "refuted", "the trigger and not the flaw"),
    ("The deploy of pricing broke the payments", "refuted", "1 of 10 ranked changes"),
    ("A retry storm from order brings payment down", "refuted", "follows from ERR001"),
    ("The clock of worker-04 is ahead", "refuted", "elsewhere only: clock skew at worker-06"),
    ("A full disk on worker-06", "inconclusive", "could not have seen it"),
    ("Sunspots", "inconclusive", "predicts nothing that can be looked up"),
]


def test_what_really_happened_is_supported(truth_and_shop: tuple[Truth, Place]) -> None:
    truth, shop = truth_and_shop
    host = truth.culprit_host
    tested = shop.tested(f"Payments fail because the lease of the lock expires before payment on {host} renews it")
    assert tested.verdict == "supported"
    assert {one.result for one in tested.outcomes} == {"held"}
    assert tested.probability is not None
    assert tested.probability > 0.75
    assert any("LOCK001" in reference for one in tested.outcomes for reference in one.evidence)
    clock = shop.tested(f"The clock of {host} is behind, so that the lease runs out before it is renewed")
    assert clock.verdict == "supported"
    assert clock.hypothesis.reading == (
        f"a host's clock runs ahead or behind at {host} [TIME001]",
        "a lock's lease runs out while its holder goes on, as an effect [LOCK001]",
    )


@pytest.mark.parametrize(("text", "verdict", "reason"), FALSE)
def test_what_did_not_happen(shop: Place, text: str, verdict: str, reason: str) -> None:
    tested = shop.tested(text)
    assert (tested.verdict, tested.counted.reason) == (verdict, tested.counted.reason)
    assert reason in tested.counted.reason
    if verdict == "refuted":
        assert tested.probability is not None
        assert tested.probability <= 0.07
    elif not tested.counted.held + tested.counted.failed:
        assert tested.probability is None  # nothing was looked up, so there is nothing to compute it from


def test_the_tournament_is_won_by_what_happened(truth_and_shop: tuple[Truth, Place]) -> None:
    truth, shop = truth_and_shop
    suspects = [hypothesis_of_suspect(one, shop.scene) for one in shop.diagnosis.suspects]
    believed = [hypothesis_of(text, "the caller", shop.scene) for text, _, _ in FALSE[:3]]
    played = play([*believed, *suspects], Config(), shop.examination(parallel=4))
    assert played.winner
    assert played.winner.hypothesis.origin == "the diagnosis"
    assert truth.culprit_host in played.winner.hypothesis.statement
    assert played.places == tuple(sorted(played.places))
    assert [one.verdict for one in played.ranking][1:] == ["refuted"] * (len(played.ranking) - 1)
    assert set(played.rounds[0].left) == {one.hypothesis.statement for one in played.ranking[1:]}
    assert abs(sum(played.probabilities) + played.none_of_them - 1) < 1e-9


def test_who_blames_the_same_is_no_rival(truth_and_shop: tuple[Truth, Place]) -> None:
    truth, shop = truth_and_shop
    texts = (f"The clock of {truth.culprit_host} is behind", f"clock skew at payment's host {truth.culprit_host}")
    made = [hypothesis_of(text, "the caller", shop.scene) for text in texts]
    played = play(made, Config(), shop.examination())
    assert played.places == (1, 1)
    assert played.winner
    assert played.probabilities[0] == played.probabilities[1] > 0.5


def test_hypotheses_that_say_the_same_take_one_place(shop: Place) -> None:
    made = [hypothesis_of(text, "the caller", shop.scene) for text in ("clock skew", "clock drift", "the clock skew")]
    assert len(play(made, Config(), shop.examination()).ranking) == 1


def test_a_detector_that_broke_off_refutes_nothing(shop: Place) -> None:
    from deep_code_reasoning.unread import Unread

    broken = Unread("detector EXT001", "failed and found nothing more: ValueError: 3")
    scene = Scene(
        replace(shop.diagnosis, unread=(broken,)),
        shop.scene.names,
        shop.scene.hosts_of,
        shop.scene.signals,
        shop.scene.filled,
    )
    place = replace(shop, scene=scene)
    assert shop.tested("DNS fails").verdict == "refuted"
    tested = place.tested("DNS fails")
    assert tested.verdict == "inconclusive"
    assert "ValueError: 3" in tested.counted.reason


def test_a_hypothesis_without_predictions_is_open(shop: Place) -> None:
    played = play([Hypothesis("it is haunted", "the caller")], Config(), shop.examination())
    assert played.winner is None
    assert played.ended == "nothing is left to check"
    assert [one.verdict for one in played.ranking] == ["inconclusive"]
