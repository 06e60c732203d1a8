"""Settings of all tests: properties are tried on the same examples every time, and never fail for being slow."""

from hypothesis import settings

settings.register_profile("frictionlens", deadline=None, derandomize=True)
settings.load_profile("frictionlens")
