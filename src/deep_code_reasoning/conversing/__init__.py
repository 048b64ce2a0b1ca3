"""The verbs of conversations with a specialist: start, say, finalize, read, fork, replay.

An escalation is a conversation of one turn: whoever wants to know more goes on with `say`. Everything is kept as it
happens, so that any process, agent or person of the project can go on with any conversation.
"""

from deep_code_reasoning.conversing.conversations import Conversations

__all__ = ["Conversations"]
