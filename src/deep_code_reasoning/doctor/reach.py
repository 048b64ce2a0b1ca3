"""What the tool may reach: keys of providers, folders it may read, clients that know it."""

from __future__ import annotations

from pathlib import Path

from deep_code_reasoning.doctor.check import Check
from deep_code_reasoning.installation.clients import clients
from deep_code_reasoning.installation.plan import SERVER
from deep_code_reasoning.settings import Settings


def roots(settings: Settings) -> Check:
    missing = [str(root) for root in settings.allowed_roots if not Path(root).is_dir()]
    shown = ", ".join(map(str, settings.allowed_roots))
    if missing:
        return Check("allowed roots", "problem", f"{', '.join(missing)}: no folder", "mend allowed_roots")
    broad = [root for root in settings.allowed_roots if Path(root).resolve() in (Path("/"), Path.home())]
    if broad:
        advice = "start in a project, or set allowed_roots: an agent may read all that lies under them"
        return Check("allowed roots", "warning", f"{shown}: everything of yours", advice)
    return Check("allowed roots", "ok", f"an agent may read under {shown}, and under the roots of its client")


def keys(settings: Settings) -> Check:
    from deep_code_reasoning.specialists.catalogue import usable_models

    usable = [row["id"] for row in usable_models(settings) if row["usable"]]
    if not settings.keys:
        return Check(
            "keys",
            "ok",
            "none: the built-in analyst answers, and nothing leaves this machine",
            "see dcr models for more",
        )
    return Check("keys", "ok", f"{', '.join(sorted(settings.keys))}: {len(usable)} models can be asked (dcr models)")


def known_to(_settings: Settings) -> Check:
    """Which clients have the server in their configuration. A text search: the file may hold comments."""
    here = Path.cwd()
    found = []
    for client in clients().values():
        for scope in ("project", "user"):
            if scope == "project" and not client.project:
                continue
            path = client.path(scope, here)
            if path.is_file() and SERVER in path.read_text(encoding="utf-8", errors="replace"):
                found.append(f"{client.title} ({scope})")
    if not found:
        return Check("clients", "warning", "no client knows the server", "dcr install claude (or cursor, codex, ...)")
    return Check("clients", "ok", ", ".join(found))
