"""frictionlens finds where support hides behind its process, and charges it to the process."""

__version__ = "0.1.0"
