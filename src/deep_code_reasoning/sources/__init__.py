"""Readers of evidence: one module a format; `walk` finds the pieces, `detect` the reader, `stream` the bytes."""
