"""`dcr route` says who would be asked, and sends nothing."""

from __future__ import annotations

import json

from cli.conftest import Dcr


def test_the_choice_and_the_others_with_what_speaks_against_them(dcr: Dcr) -> None:
    run = dcr("route", "hypothesis_test", "--brief-tokens", "20000", "--json", GEMINI_API_KEY="k-0123456789")
    answer = json.loads(run.stdout)
    assert (answer["model"], answer["brief_tokens"]) == ("gemini-4-argon", 20_000)
    assert "has code_execution" in answer["reason"]
    others = {one["model"]: one for one in answer["runners_up"]}
    assert others["gemini-3.8-flash"]["qualifies"] and "less likely" in others["gemini-3.8-flash"]["why_not_first"]
    assert "no key" in others["claude-opus-5-5"]["why_not_first"]
    assert "k-0123456789" not in run.stdout + run.stderr


def test_as_text_with_the_size_that_the_depth_gives(dcr: Dcr) -> None:
    run = dcr("route", "cross_system", "--depth", "1", DCR_BRIEF_TOKENS="40000")
    assert run.returncode == 0 and "no model can be asked (no key" in run.stdout
    assert "brief: 10,000 tokens" in run.stdout and "Nothing was sent." in run.stdout


def test_what_may_not_leave_and_who_is_named(dcr: Dcr) -> None:
    private = dcr("route", "performance", "--private", GEMINI_API_KEY="k")
    assert "may not leave this machine" in private.stdout and private.stdout.startswith("local analyst")
    named = dcr("route", "performance", "--model", "gemini-4-argon")
    assert (named.returncode, "no key" in named.stderr) == (4, True)
    denied = dcr("route", "performance", "--model", "gemini-4-argon", GEMINI_API_KEY="k", DCR_PROVIDERS_DENIED="google")
    assert (denied.returncode, "google is in providers_denied" in denied.stderr) == (4, True)
    assert dcr("route", "divination").returncode == 2
