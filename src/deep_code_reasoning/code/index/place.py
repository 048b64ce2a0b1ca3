"""Where what is kept of a tree lies: a folder a tree, by what names it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from deep_code_reasoning.code.index.tree import Tree
from deep_code_reasoning.settings import Settings

_FOLDER = "code"


def all_indexes(settings: Settings) -> Path:
    return settings.state_dir / _FOLDER


def index_of(tree: Tree, settings: Settings) -> Path:
    return all_indexes(settings) / hashlib.sha256(os.fsencode(tree.identity)).hexdigest()[:16]
