"""Run the examples of a rule pack: public, so that pack authors can prove their rules the way the shipped ones are.

import pytest
from frictionlens.testing import cases, run_case

@pytest.mark.parametrize("case", cases([Path("my_pack")]), ids=str)
def test_my_pack(case): run_case(case)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from frictionlens.engine.compiled import CompiledPack, load_compiled
from frictionlens.engine.detector import Detector
from frictionlens.model import Interaction, Turn
from frictionlens.rules import Episode, Rule, load_pack
from frictionlens.rules.pack import Example


@dataclass(frozen=True)
class Case:
    """One example of one rule."""

    rule_id: str
    kind: str
    """`match`, `no_match`, `todo_match` or `todo_no_match`."""
    number: int
    interaction: Interaction
    turn: int | None
    """Index of the turn that must (not) match; None where any turn may."""
    folders: tuple[Path, ...]

    def __str__(self) -> str:
        """Return the name of the test: `refusal.we-cannot-do[match-0]`."""
        return f"{self.rule_id}[{self.kind}-{self.number}]"

    @property
    def wanted(self) -> bool:
        """Tell whether the rule should be found here."""
        return self.kind in ("match", "todo_match")

    @property
    def known_wrong(self) -> bool:
        """Tell whether this is a known miss or a known false alarm: it must fail today."""
        return self.kind.startswith("todo")


def cases(folders: Sequence[Path] = ()) -> list[Case]:
    """Return every example of every rule and episode of the shipped pack and the given ones."""
    pack = load_pack(folders)
    found: list[Case] = []
    for rule in pack.rules:
        found.extend(_rule_cases(rule, tuple(folders)))
    for episode in pack.episodes:
        found.extend(_episode_cases(episode, tuple(folders)))
    return found


def run_case(case: Case) -> None:
    """Run one example.

    Raises:
        AssertionError: the rule was found where it must not be, or the other way round. For a `todo` example: it is
            right by now, and should move to `match` or `no_match`.
    """
    found = found_rules(case)
    right = (case.rule_id in found) == case.wanted
    if case.known_wrong:
        assert not right, f"{case}: is right by now; move it from {case.kind} to {case.kind.removeprefix('todo_')}"
    else:
        said = " / ".join(turn.text for turn in case.interaction.turns)
        others = "".join(f"; found besides: {each}" for each in sorted(found - {case.rule_id}))
        assert right, f"{case} {'is not' if case.wanted else 'is'} found in “{said}”{others}"


def found_rules(case: Case) -> set[str]:
    """Return the ids of the rules found in the turn that the example is about.

    Of rules of one category that overlap, results show the surest one, and which that is changes with every audit. What
    is proved here is the rule itself, so where a sibling stands in its place, it is tried without its siblings; what it
    must not match, too.
    """
    found = _found(_detector(case.folders), case)
    category = case.rule_id.partition(".")[0]
    if case.rule_id not in found and any(each.startswith(f"{category}.") for each in found):
        found |= _found(_without_siblings(case.folders, case.rule_id), case)
    return found


def _found(detector: Detector, case: Case) -> set[str]:
    findings = detector.detect(case.interaction).findings
    return {each.rule_id for each in findings if case.turn is None or each.turn == case.turn}


@cache
def _compiled(folders: tuple[Path, ...]) -> CompiledPack:
    return load_compiled(folders)


@cache
def _detector(folders: tuple[Path, ...]) -> Detector:
    return Detector(_compiled(folders))


@lru_cache(maxsize=1)  # the examples of a rule come one after the other
def _without_siblings(folders: tuple[Path, ...], rule_id: str) -> Detector:
    compiled = _compiled(folders)
    category = rule_id.partition(".")[0]
    siblings = {each.id for each in compiled.pack.rules if each.category.id == category and each.id != rule_id}
    return Detector(compiled, only=frozenset(each.id for each in compiled.pack.everything) - siblings)


def _rule_cases(rule: Rule, folders: tuple[Path, ...]) -> Iterator[Case]:
    speaks = "customer" if rule.roles == frozenset({"customer"}) else "agent" if "agent" in rule.roles else "bot"
    other = "agent" if speaks == "customer" else "customer"
    for kind in ("match", "no_match", "todo_match", "todo_no_match"):
        for number, example in enumerate(getattr(rule.entry.examples, kind)):
            each = Example(text=example) if isinstance(example, str) else example
            turns = [Turn(other, each.before)] if each.before else []  # type: ignore[arg-type]
            turns.append(Turn(speaks, each.text))  # type: ignore[arg-type]
            place = len(turns) - 1
            if each.after:
                turns.append(Turn(other, each.after))  # type: ignore[arg-type]
            interaction = Interaction(id="example", turns=tuple(turns))
            yield Case(rule.id, kind, number, interaction, place, folders)


def _episode_cases(episode: Episode, folders: tuple[Path, ...]) -> Iterator[Case]:
    for kind in ("match", "no_match"):
        for number, text in enumerate(getattr(episode.entry.examples, kind)):
            turns = []
            for line in text.strip().splitlines():
                role, _, said = line.partition(": ")
                turns.append(Turn(role, said))
            yield Case(episode.id, kind, number, Interaction(id="example", turns=tuple(turns)), None, folders)
