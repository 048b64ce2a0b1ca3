"""The stub of Gemini, under the name that tests outside this folder know."""

from specialists.stubs.gemini import fails, says
from specialists.stubs.server import Played
from specialists.stubs.server import Stub as GeminiStub
from specialists.stubs.server import stub as gemini_stub

__all__ = ["GeminiStub", "Played", "fails", "gemini_stub", "says"]
