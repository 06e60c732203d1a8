"""Own detection: tokens, words as characters, prefilter, matching, context, charging, episodes; no spaCy type leaves this package."""
