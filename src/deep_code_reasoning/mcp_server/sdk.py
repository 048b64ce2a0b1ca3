"""The parts of the MCP SDK that a stdio server needs, without the rest of it: a fifth of the start saved.

The SDK's package initialisers import its client and HTTP stack. While its server modules are imported, empty packages
stand in for the two initialisers; afterwards they are gone, and whoever says `import mcp` gets the real ones. Should
another release of the SDK not bear this, it is imported in the ordinary way (bench/mcp_start.py measures the gain).
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType


@contextmanager
def _empty_initialisers() -> Generator[None, None, None]:
    names = [name for name in ("mcp", "mcp.server") if name not in sys.modules]
    for name in names:
        spec = find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"{name} is not a package")
        package = ModuleType(name)
        package.__spec__ = spec
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


try:
    with _empty_initialisers():
        from mcp.server.lowlevel.server import Server
        from mcp.server.stdio import stdio_server
        from mcp.shared.exceptions import MCPError
except (ImportError, AttributeError):
    for _name in [name for name in sys.modules if name == "mcp" or name.startswith("mcp.")]:
        del sys.modules[_name]
    from mcp.server.lowlevel.server import Server
    from mcp.server.stdio import stdio_server
    from mcp.shared.exceptions import MCPError

__all__ = ["MCPError", "Server", "stdio_server"]
