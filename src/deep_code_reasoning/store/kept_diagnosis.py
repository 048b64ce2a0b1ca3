"""The last diagnosis of an investigation, as faces print it: to be read again without computing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deep_code_reasoning.store.investigation_folder import InvestigationFolder

FILE_NAME = "diagnosis.json"


def keep_diagnosis(folder: InvestigationFolder, told: Mapping[str, Any]) -> None:
    """Replaces the one kept before in one step."""
    temporary = folder.path / f"{FILE_NAME}.{os.getpid()}-{threading.get_ident()}.tmp"
    temporary.write_text(json.dumps(told), encoding="ascii")
    temporary.replace(folder.path / FILE_NAME)


def kept_diagnosis(folder: InvestigationFolder) -> dict[str, Any] | None:
    """None where nothing was diagnosed yet, or where the file cannot be read: then it is computed anew."""
    try:
        told = json.loads((folder.path / FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
