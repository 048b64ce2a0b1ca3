"""A static call graph over a tree of source files, read no further than asked: from an entry point along its calls."""
