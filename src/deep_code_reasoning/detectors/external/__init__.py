"""Failures whose cause lies outside of what the team can change: names, certificates, providers, nodes."""
