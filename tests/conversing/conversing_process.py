"""Plays a caller in a process of its own: `python conversing_process.py VERB [ARGUMENT...]`.

Settings come from the environment. Prints one line of JSON when it is done.
"""

from __future__ import annotations

import json
import sys

from deep_code_reasoning.conversation.request import EscalationRequest
from deep_code_reasoning.conversing import Conversations
from deep_code_reasoning.progress import Work
from deep_code_reasoning.settings import load_settings


def main(verb: str, *arguments: str) -> dict:
    conversations = Conversations(load_settings())
    if verb == "start":
        evidence, question = arguments
        request = EscalationRequest(evidence=(evidence,), stuck_description=question)
        return {"session": conversations.start(request, work=Work()).session.id}
    if verb == "say":
        session, *messages = arguments
        return {"states": [conversations.say(session, message, work=Work()).turn.state for message in messages]}
    raise SystemExit(f"no such verb: {verb}")


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
