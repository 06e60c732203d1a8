"""Own detection: words as characters, prefilter, matching, context, charging, episodes; no spaCy type leaves it."""
