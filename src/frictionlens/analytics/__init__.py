"""Own the arithmetic over many results: weeks, ledger, funnels, pairs, intervals."""
