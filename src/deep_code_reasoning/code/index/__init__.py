"""An index of source code on disk, kept up to date by git blob ids: what is in it, what was left out and why."""
