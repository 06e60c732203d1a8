"""Own how work is spread: each runner takes sources and gives results and problems; what the work is, it does not know."""
