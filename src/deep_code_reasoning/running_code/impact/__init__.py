"""Whom a change reaches: callers, users of its routes, topics and fields, services at run time."""
