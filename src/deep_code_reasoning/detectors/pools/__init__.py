"""Connections and workers that are shared, and those who wait for one."""
