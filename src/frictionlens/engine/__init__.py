"""Own detection: prefilter, tokens, matching, context, charging, episodes; no spaCy type leaves this package."""
