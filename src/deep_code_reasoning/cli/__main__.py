"""`python -m deep_code_reasoning.cli`: the same as `dcr`."""

from deep_code_reasoning.cli import main

main()
