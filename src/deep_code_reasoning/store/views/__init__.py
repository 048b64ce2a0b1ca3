"""What is computed on reading: one view a file, in the order of their numbers, its comment its meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deep_code_reasoning.store.engine import Engine

FOLDER = Path(__file__).parent


def view_files() -> list[Path]:
    return sorted(FOLDER.glob("*.sql"))


def view_name(file: Path) -> str:
    """`03_service_calls.sql` holds the view service_calls."""
    return file.stem.split("_", 1)[1]


def create_views(engine: Engine) -> None:
    for file in view_files():
        engine.connection.execute(file.read_text("utf-8"))
