"""Own how work is spread: a runner takes sources and gives results and problems; what the work is, it knows not."""
