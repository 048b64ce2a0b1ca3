"""Loops over bytes and integers, compiled: `cache` finds or makes their machine code, the rest are their parts.

A module named `*_kernel.py`, wherever its reader or table is, holds one kernel: a function marked `@entry`. Only the
process that compiles imports it and numba; all others call the machine code that lies in the cache or came with the
wheel.
"""
