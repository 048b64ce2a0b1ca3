"""Conversations with specialists as they are kept: durable at every step, shared by threads, processes and faces."""
