"""Own the rule model, the pattern language, and the loading of packs with `path:line` errors."""

from frictionlens.rules.pack import Category, Episode, Pack, Rule, builtin_pack, load_pack, pack_digest

__all__ = ["Category", "Episode", "Pack", "Rule", "builtin_pack", "load_pack", "pack_digest"]
