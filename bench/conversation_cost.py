"""Tokens and dollars of a conversation of five turns with and without a cache, and what its record takes a call.

<<<<<<<< HEAD:bench/conversation_cost.py
    python bench/conversation_cost.py [TURNS]      (default 5)
========
    python bench/conversation_cost.py [TURNS]      (default 5)
>>>>>>>> 7be7cebfb2cd3a11cd675d7ad13bf9d2fddc74ac:bench/conversation_cost.py

A Gemini on loopback counts (four characters a token) and reports what of a request it has read before: with implicit
caching the longest prefix shared with an earlier request; with an explicit cache what that holds (made once, which
costs
what its tokens cost as input; its rent by the hour is not in the figures); without either nothing. The evidence is the
demo's lease-expiry incident at its smallest size. Dollars are those of the price list for the tokens counted. The
record's time is that of its calls alone: a message asked, a reply, an answer of a tool, each in a transaction that is
on disk when it returns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conversing.counting_gemini import CHARACTERS_A_TOKEN, CountingGemini, counting_gemini, narrative
from conversing.kept_sessions import PAPERS, kept_session
from deep_code_reasoning.conversation.ledger import Ledger
from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversation.sessions.claims import Claims
from deep_code_reasoning.conversation.sessions.recorder import Recorder
from deep_code_reasoning.conversation.sessions.sessions import Sessions
from deep_code_reasoning.conversing import Conversations
from deep_code_reasoning.demo import generate
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import Settings
from deep_code_reasoning.specialists.port import Message, Reply, ToolAnswer, ToolCall, Usage

MODEL = "gemini-4-argon"
CALLS = 100
KINDS = {
    "no cache": {"implicit": False, "explicit": False},
    "implicit cache": {"implicit": True, "explicit": False},
    "explicit cache": {"implicit": False, "explicit": True},
}


def conversation(folder: Path, evidence: Path, turns: int, **caches: bool) -> dict:
    """The sums of a conversation of so many turns, and the seconds a turn takes beside the model."""
    with counting_gemini(**caches) as service:
        service.answer = _answer
        conversations = _conversations(folder, service)
        request = EscalationRequest(evidence=(str(evidence),), model=MODEL)
        session = conversations.start(request, "Why do payments fail?", work=Work()).session.id
        seconds = []
        for number in range(1, turns):
            started = time.perf_counter()
            conversations.say(session, f"What of suspect {number}? Name the evidence.", work=Work())
            seconds.append(time.perf_counter() - started)
        cost = conversations.status(session).as_json()["cost"]
        made = sum(len(text) // CHARACTERS_A_TOKEN for text in service.kept.values())
        assert cost["input_tokens"] == sum(one.input_tokens for one in service.seen) + made
        return {**cost, "turn_seconds": statistics.median(seconds)}


def _answer(messages: list[str]) -> str:
    return narrative("What the evidence says of it, and why. " * 60)


def _conversations(folder: Path, service: CountingGemini) -> Conversations:
    return Conversations(
        Settings(state_dir=folder, keys={"google": "none"}, google_base_url=service.url, allowed_roots=(folder,))
    )


def record_milliseconds(folder: Path) -> dict[str, float]:
    """Median of each kind of record, of `CALLS` calls."""
    sessions = Sessions(folder, days=30)
    session = kept_session(sessions)
    turn = Claims(sessions).ask(session.id, "why?")
    recorder = Recorder(sessions.database, Ledger(folder), session, turn.number, told=PAPERS)
    text = "What the evidence says of it, and why. " * 100
    reply = Reply(text, Usage(60_000, 1_000, 50_000), provider="google", model=MODEL)
    call = ToolCall("1", "query", {"sql": "SELECT 1"})
    kinds = {
        "a message": lambda: recorder.asked(Message("us", text)),
        "a reply": lambda: recorder.replied(reply, 0.1, 1.0),
        "a tool's answer": lambda: recorder.answered(call, ToolAnswer("1", "query", text), 0.1),
    }
    measured = {}
    for name, record in kinds.items():
        record()
        seconds = []
        for _ in range(CALLS):
            started = time.perf_counter()
            record()
            seconds.append(time.perf_counter() - started)
        measured[name] = statistics.median(seconds) * 1e3
    return measured


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate("lease-expiry", folder / "evidence", size_bytes=10_000_000)
        for name, caches in KINDS.items():
            cost = conversation(folder / name.replace(" ", "-"), folder / "evidence", turns, **caches)
            print(
                f"{turns} turns, {name:14} {cost['input_tokens']:>9,} tokens in, "
                f"{cost['cached_tokens']:>9,} of them cached, {cost['output_tokens']:>6,} out: "
                f"${cost['dollars']:.4f} (without a cache ${cost['dollars_without_cache']:.4f}); "
                f"{cost['turn_seconds'] * 1e3:.0f} ms a turn beside the model"
            )
        for name, milliseconds in record_milliseconds(folder / "record").items():
            print(f"record of {name}: {milliseconds:.1f} ms")


if __name__ == "__main__":
    main()
