"""Own the way of a rule from draft to adoption: the commented draft, and what it would change on a fixed sample."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Final

from msgspec import Struct

from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.errors import RuleError, UserError, nearest
from frictionlens.model import Interaction
from frictionlens.pipeline import Scanner
from frictionlens.rules import Pack

SAMPLE: Final = 500
"""Interactions of a spot check: at a true hit rate of 1 % the interval is about 0.4 % to 2.3 %."""

_DRAFT: Final = """\
# {meaning}
category: {category}
rules:
  - id: {name}
    # A few words that name what is caught; reports show them.
    title: {title}
    # Why it matters to the customer, in a sentence.
    why: TODO say what this does to the customer.
    # Better wording for the agent.{advice_note}
    advice: TODO say what to say instead.
    severity: medium        # low, medium, high: how bad when true
    # Words match in any case; can't, cannot and can not are the same.
    #   (a|b) alternatives   [a] optional   a* prefix   ...3 up to three words between   <we> a list of lexicon.yml
    # One pattern a line; quote it when it begins with [ {{ * ! or holds ": ".
    patterns:
      - "{pattern}"
    # What cancels it: `except` where it overlaps the match, `unless` in the same sentence.
    # except:
    #   - (can|could) not wait
    # What the other side said before may decide: `before` asks for it, `not_before` forbids it.
    # before:
    #   - can I <do>
    # Proof: at least two texts that must match and two that must not; near misses are worth most.
    examples:
      match:
        - "{match}"
        - "TODO a second way to say it"
      no_match:
        - "TODO the same words meaning something else"
        - "TODO what a good agent says instead"
      # Known misses and known false alarms; they must fail today, and tell when they are mended.
      # todo_match:
      # todo_no_match:
"""


def draft_rule(pack: Pack, rule_id: str, example: str = "") -> tuple[Path, str]:
    """Return where in a pack folder a draft of a rule belongs, and its commented text.

    Args:
        pack: whose categories it joins.
        rule_id: `category.name`; the name is lower case with dashes.
        example: words that it must find; its first pattern is made of them.

    Raises:
        UserError: no such category, a name that cannot be one, or a rule that exists.
    """
    category_id, _, name = rule_id.partition(".")
    known = {key: each for key, each in pack.categories.items() if each.family != "episode"}
    if category_id not in known:
        hint = f"a rule is called CATEGORY.NAME; categories: {', '.join(known)}"
        raise UserError(f"no category {category_id!r}{nearest(category_id, known)}", rule_id, hint)
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise UserError(f"{name!r} cannot be the name of a rule", rule_id, "lower-case letters, digits and dashes")
    if rule_id in {each.id for each in pack.rules}:
        raise UserError("there is such a rule already", rule_id, "`frictionlens rules show` prints it")
    category = known[category_id]
    words = re.findall(r"[a-z0-9']+", example.lower())
    text = _DRAFT.format(
        meaning=category.meaning,
        category=category_id,
        name=name,
        title=name.replace("-", " ").capitalize(),
        advice_note=" Friction must have it." if category.family == "friction" else "",
        pattern=" ".join(words) or "TODO the words to look for",
        match=_quoted(example) or "TODO one way to say it",
    )
    return Path(category.family) / f"{category_id}.{name}.yml", text


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


class NewHit(Struct, frozen=True):
    """An interaction in which a draft rule finds what no rule of its category found before."""

    interaction: Interaction
    turn: int
    start: int
    end: int
    rule_id: str
    before: float
    """Score with the rules as they are."""
    after: float


class SpotCheck(Struct, frozen=True):
    """What draft rules change on a sample."""

    interactions: int
    rules: tuple[str, ...]
    """Ids of rules that are new or changed."""
    findings: int
    hit: int
    """Interactions in which they find something."""
    interval: Interval
    """Of the share of interactions hit; Wilson, 95 %."""
    known_turns: int
    """Turns they find in which the category was found before."""
    new_turns: int
    """Turns they find in which it was not."""
    lost_turns: int
    """Turns in which a changed rule no longer finds its category, and no other does."""
    before: tuple[float, ...]
    """Least, first quartile, median, third quartile and highest score of the sample with the rules as they are."""
    after: tuple[float, ...]
    before_hit: tuple[float, ...]
    """The same of the interactions hit; empty where there is none."""
    after_hit: tuple[float, ...]
    new: tuple[NewHit, ...]
    """Newly hit interactions, the largest change of score first."""


def sample_of(interactions: Iterable[Interaction], size: int = SAMPLE) -> list[Interaction]:
    """Choose a sample by a hash of source and id: the same one every time, whatever else is read beside it."""

    def draw(each: Interaction) -> tuple[bytes, str]:
        return hashlib.blake2b(f"{each.source}\0{each.id}".encode("utf-8", "replace")).digest(), each.id

    return heapq.nsmallest(size, interactions, key=draw)


def spot_check(sample: Iterable[Interaction], now: Scanner, then: Scanner) -> SpotCheck:
    """Compare a sample scored with the rules as they are and with the draft beside them.

    Args:
        sample: see `sample_of`.
        now: scanner without the draft.
        then: scanner with the draft's folder as a further pack.

    Raises:
        RuleError: the draft adds and changes nothing.
    """
    entries = {each.id: each.entry for each in now.pack.rules}
    changed = frozenset(each.id for each in then.pack.rules if entries.get(each.id) != each.entry)
    if not changed:
        raise RuleError(
            "the draft adds no rule and changes none", "", "is it in a folder of the pack, as `rules new` puts it?"
        )
    # Where rules of one category find the same words, one finding is kept: a draft's own hits show when it runs alone.
    alone = Scanner(replace(then.options, rules=tuple(sorted(changed))))
    scores: list[tuple[float, float, bool]] = []
    new: list[NewHit] = []
    findings = known = fresh = lost = 0
    for interaction in sample:
        old, found = now.detect(interaction).findings, then.detect(interaction).findings
        before, after = now.score(interaction).score, then.score(interaction).score
        drafted = [each for each in alone.detect(interaction).findings if each.rule_id in changed]
        places = {(each.rule_id, each.turn, each.start, each.end) for each in drafted}
        drafted += [
            each
            for each in found
            if each.rule_id in changed and (each.rule_id, each.turn, each.start, each.end) not in places
        ]
        had = {(each.turn, each.category) for each in old}
        has = {(each.turn, each.category) for each in found}
        turns = {(each.turn, each.category): each for each in reversed(drafted)}
        added = [each for place, each in sorted(turns.items()) if place not in had]
        findings += len(drafted)
        known += len(turns) - len(added)
        fresh += len(added)
        lost += len({(each.turn, each.category) for each in old if each.rule_id in changed} - has)
        scores.append((before, after, bool(drafted)))
        if added:
            first = added[0]
            new.append(NewHit(interaction, first.turn, first.start, first.end, first.rule_id, before, after))
    hit = sum(each for _, _, each in scores)
    return SpotCheck(
        interactions=len(scores),
        rules=tuple(sorted(changed)),
        findings=findings,
        hit=hit,
        interval=wilson(hit, len(scores)),
        known_turns=known,
        new_turns=fresh,
        lost_turns=lost,
        before=five_numbers([before for before, _, _ in scores]),
        after=five_numbers([after for _, after, _ in scores]),
        before_hit=five_numbers([before for before, _, each in scores if each]),
        after_hit=five_numbers([after for _, after, each in scores if each]),
        new=tuple(sorted(new, key=lambda each: (-abs(each.after - each.before), each.interaction.id))),
    )


def five_numbers(values: list[float]) -> tuple[float, ...]:
    """Return least, quartiles and highest; empty of nothing."""
    if len(values) < 2:
        return tuple(values) * 5
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return min(values), low, middle, high, max(values)
