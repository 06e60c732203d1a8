"""Run the command line with `python -m frictionlens`."""

from frictionlens.cli import main

main()
