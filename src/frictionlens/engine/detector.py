"""Own detection: interactions in, findings out. The prefilter proposes, expressions decide, context cancels.

Order of the post-processing, each a named step: match → except → unless → context → turn → what the other side said →
duplicates → charged process → episodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple

from frictionlens.engine.charging import charge
from frictionlens.engine.compiled import CompiledPack
from frictionlens.engine.episodes import find_episodes
from frictionlens.engine.matching import Decider, Hit, Search
from frictionlens.engine.prefilter import places_of
from frictionlens.engine.text import SIDE_OF, Run, Sentence, runs_of
from frictionlens.engine.tokens import Tokeniser
from frictionlens.model import COMPANY_ROLES, LEVELS, Facts, Finding, Interaction, NotEvaluated, Role, Turn
from frictionlens.rules import Rule
from frictionlens.rules.pack import EFFECTS, Modifier
from frictionlens.rules.pattern import Pattern, TokenPattern

UNLESS_WORDS: Final = 25
"""How far, in words, an `unless` reaches inside its sentence: speech-to-text has no sentence ends."""

_FAR: Final = 80
"""Words around a hit in which what cancels it is looked for: no shipped pattern is longer than 26."""


class Detection(NamedTuple):
    """What was found in one interaction."""

    findings: tuple[Finding, ...]
    patterns: tuple[str, ...]
    """For each finding, as the rule file has it, the pattern that matched; empty for token patterns and episodes."""
    not_evaluated: tuple[NotEvaluated, ...]
    facts: Facts
    run_of: dict[int, int]
    """Turn index → number of its run: consecutive turns of one speaker count as one. Empty without findings."""


class Match(NamedTuple):
    """A rule that matched in a sentence, before it becomes a finding."""

    rule: int
    run: int
    sentence: Sentence
    hit: Hit
    pattern: str
    """As the rule file has it; empty for a token pattern."""

    @property
    def place(self) -> tuple[int, int]:
        """Return (first word, end) in the words of the run."""
        return self.sentence.first + self.hit.start, self.sentence.first + self.hit.end


class _Look:
    """What is looked for in the turns of one role: the patterns of its rules, in the order of the rules."""

    def __init__(self, role: Role, compiled: CompiledPack, only: frozenset[str] | None) -> None:
        found: list[tuple[int, Pattern]] = []
        self.token_patterns: list[tuple[int, TokenPattern]] = []
        """(rule, pattern); one can ask for anything, so it is tried everywhere."""
        for number, rule in enumerate(compiled.pack.rules):
            if role in rule.roles and (only is None or rule.id in only):
                found += [(number, pattern) for pattern in rule.patterns]
                self.token_patterns += [(number, pattern) for pattern in rule.token_patterns]
        self.rules = [rule for rule, _ in found]
        self.patterns = [pattern for _, pattern in found]
        self.searches: list[Search | None] = [None] * len(found)
        """What finds them, each looked up when first needed."""
        self.turn_scope = [compiled.pack.rules[rule].entry.scope == "turn" for rule in self.rules]
        proposer = compiled.searched[SIDE_OF[role]]
        self.there = proposer.there
        self.bits = proposer.bits_of(self.patterns)
        self.numbers: dict[int, list[int]] = {}
        """Place of a bit → the numbers of its pattern here: rules may share one."""
        for number, pattern in enumerate(self.patterns):
            self.numbers.setdefault(proposer.place_of[pattern.source], []).append(number)


class Detector:
    """Find friction in interactions. Build one per process and use it for all.

    Args:
        compiled: the compiled rule pack.
        model: name of a trained spaCy pipeline, or None for plain English.
        prefilter: False tries every pattern on every sentence; for the test that nothing is missed.
        only: ids of the rules and episodes to run; None is all.
        language: interactions that state another language are not evaluated.
    """

    def __init__(
        self,
        compiled: CompiledPack,
        model: str | None = None,
        *,
        prefilter: bool = True,
        only: frozenset[str] | None = None,
        language: str = "en",
    ) -> None:
        self.pack = compiled.pack
        self._decider = Decider(compiled, model, prefilter=prefilter)
        self._tokeniser = Tokeniser(self.pack.spelling, compiled.alphabet)
        self._prefiltering = prefilter
        self._language = language
        self._only = only
        self._modifiers_of: dict[str, list[Modifier]] = {}
        """By the source of their cues: modifiers may share one."""
        for modifier in self.pack.modifiers:
            for pattern in modifier.patterns:
                self._modifiers_of.setdefault(pattern.source, []).append(modifier)
        self._cue_patterns = tuple(
            {
                each.source: each for each in chain.from_iterable(modifier.patterns for modifier in self.pack.modifiers)
            }.values()
        )
        self._look_in: Callable[[Role], _Look] = cache(lambda role: _Look(role, compiled, only))

    def detect(self, interaction: Interaction) -> Detection:
        """Find everything in one interaction."""
        not_evaluated = not_evaluated_in(interaction, self._language)
        if not_evaluated and not_evaluated[0].what == "all":
            runs: list[Run] = []
        else:
            runs = list(runs_of(interaction, self._tokeniser))
        matches = self._matches(runs)
        said: dict[int, set[str]] = {}
        for match in matches:
            said.setdefault(match.run, set()).add(self.pack.rules[match.rule].category.id)
        findings = [self._finding(match, runs[match.run], interaction.id, said[match.run]) for match in matches]
        run_of = {index: number for number, run in enumerate(runs) for index, _ in run.turns} if findings else {}
        episodes = find_episodes(self.pack, findings, runs, run_of, interaction.id)
        found = [(each, match.pattern) for each, match in zip(findings, matches, strict=True)]
        found += [(each, "") for each in episodes if self._only is None or each.rule_id in self._only]
        found.sort(key=lambda each: (each[0].turn, each[0].start, each[0].end, each[0].rule_id))
        return Detection(
            findings=tuple(finding for finding, _ in found),
            patterns=tuple(pattern for _, pattern in found),
            not_evaluated=not_evaluated,
            facts=self._facts(interaction, runs, matches),
            run_of=run_of,
        )

    def _matches(self, runs: list[Run]) -> list[Match]:
        matches: list[Match] = []
        found: dict[int, set[str]] = {}
        for number in range(len(runs)):
            for match in self._decide(number, runs, found):
                matches.append(match)
                found.setdefault(number, set()).add(self.pack.rules[match.rule].category.id)
        return self._without_duplicates(matches) if len(matches) > 1 else matches

    def _decide(self, number: int, runs: list[Run], found: dict[int, set[str]]) -> Iterator[Match]:
        """Yield the first hit of every rule in every sentence that nothing cancels."""
        run = runs[number]
        by_rule: dict[int, list[tuple[Sentence, Hit, str]]] = {}
        for rule_number, sentence, hit, pattern in self._hits(run, self._look_in(run.role)):
            by_rule.setdefault(rule_number, []).append((sentence, hit, pattern))
        for rule_number, hits in by_rule.items():
            rule = self.pack.rules[rule_number]
            if not _fits_length(rule, run) or not self._stands(rule, number, runs, found):
                continue
            done: set[int] = set()
            if len(hits) > 1:
                # What is surer says more, wherever in the sentence it stands.
                hits.sort(key=lambda each: (each[0].first, -LEVELS.index(rule.confidence_in(each[2]))))
            for sentence, hit, pattern in hits:
                if sentence.first not in done and self._survives(hit, sentence, rule):
                    done.add(sentence.first)
                    yield Match(rule_number, number, sentence, hit, pattern)

    def _hits(self, run: Run, look: _Look) -> Iterator[tuple[int, Sentence, Hit, str]]:
        """Yield (rule, sentence, hit, source) of every pattern in the order of the rules, token patterns last."""
        written, searches, rules, look_up = run.characters, look.searches, look.rules, self._decider.search_in
        bits = look.there(written) & look.bits if self._prefiltering else look.bits
        for number in sorted([number for place in places_of(bits) for number in look.numbers[place]]):
            # No pattern reaches over the end of a sentence: all sentences are searched at once.
            over_turn = look.turn_scope[number]
            text = run.whole.characters if over_turn else written
            search = searches[number]
            if search is None:
                search = look_up(look.patterns[number], text)
                if search is None:
                    continue
                searches[number] = search
            if (first := search.first(text)) is not None:
                source = look.patterns[number].source
                for hit in search.hits(first):
                    sentence = run.whole if over_turn else run.sentence_at(hit.start)
                    yield rules[number], sentence, hit.moved(sentence.at), source
        for rule, tokens in look.token_patterns:
            for sentence in [run.whole] if self.pack.rules[rule].entry.scope == "turn" else run.sentences:
                for hit in self._decider.find(tokens, sentence):
                    yield rule, sentence, hit, ""

    def _survives(self, hit: Hit, sentence: Sentence, rule: Rule) -> bool:
        near, among, run = self._decider.near, self._decider.among, sentence.run
        for pattern in among(rule.except_, run):
            others = near(pattern, sentence, hit.start - _FAR, hit.end + _FAR)
            if any(other.start < hit.end and hit.start < other.end for other in others):
                return False
        least, most = hit.start - UNLESS_WORDS, hit.end + UNLESS_WORDS
        for pattern in among(rule.unless, run):
            if any(other.start >= least and other.end <= most for other in near(pattern, sentence, least, most)):
                return False
        return len(rule.entry.ignores_context) == len(EFFECTS) or not self._in_context(hit, sentence, rule)

    def _in_context(self, hit: Hit, sentence: Sentence, rule: Rule) -> bool:
        near, among, run = self._decider.near, self._decider.among, sentence.run
        for modifier, cue in self._cues(sentence):
            entry = modifier.entry
            if entry.effect in rule.entry.ignores_context:
                continue
            if entry.categories and rule.category.id not in entry.categories:
                continue
            if entry.direction == "inside":
                start, end = cue.start, cue.end
                if not hit.start - entry.within <= start < hit.end:
                    continue
            else:
                start, end = (cue.end, hit.start) if entry.direction == "forward" else (hit.end, cue.start)
                if not 0 <= end - start <= entry.within:
                    continue
            if any(
                other.start < cue.end and cue.start < other.end
                for pattern in among(modifier.pseudo, run)
                for other in near(pattern, sentence, cue.start - _FAR, cue.end + _FAR)
            ):
                continue
            if any(
                start <= other.start < end
                for pattern in among(modifier.until, run)
                for other in near(pattern, sentence, start, end + _FAR)
            ):
                continue
            return True
        return False

    def _cues(self, sentence: Sentence) -> list[tuple[Modifier, Hit]]:
        """Return the cues of context in a sentence; worked out once, for whatever rules match there."""
        if sentence.cues is None:
            sentence.cues = [
                (modifier, cue)
                for pattern in self._decider.among(self._cue_patterns, sentence.run)
                for cue in self._decider.find(pattern, sentence)
                for modifier in self._modifiers_of[pattern.source]
            ]
        cues: list[tuple[Modifier, Hit]] = sentence.cues
        return cues

    def _stands(self, rule: Rule, number: int, runs: list[Run], found: dict[int, set[str]]) -> bool:
        """Check what the rule asks of the turn and of the other side; the same for all its hits there."""
        run = runs[number]
        entry = rule.entry
        if entry.position != "any":
            same = [place for place, each in enumerate(runs) if each.side == run.side]
            opening, closing = number == same[0], number == same[-1]
            if not {"opening": opening, "not_opening": not opening, "closing": closing}[entry.position]:
                return False
        any_of = self._decider.any_of
        if any_of(rule.unless_turn, run):
            return False
        here = not rule.same_turn or any_of(rule.same_turn, run)
        if not here and not entry.either:
            return False
        others = (entry.before, entry.not_before, entry.after, entry.not_after)
        if not any(others) and not entry.before_found and not entry.not_before_found:
            return True
        previous = next((place for place in range(number - 1, -1, -1) if runs[place].side != run.side), None)
        following = next((place for place in range(number + 1, len(runs)) if runs[place].side != run.side), None)
        earlier = runs[previous] if previous is not None else None
        later = runs[following] if following is not None else None
        said = found.get(previous, set()) if previous is not None else set()
        if entry.before_found and not said & set(entry.before_found):
            return False
        if entry.not_before_found and said & set(entry.not_before_found):
            return False
        if rule.before and not (entry.either and here) and not (earlier and any_of(rule.before, earlier)):
            return False
        if earlier and any_of(rule.not_before, earlier):
            return False
        if rule.after and not (later and any_of(rule.after, later)):
            return False
        return not (later and any_of(rule.not_after, later))

    def _without_duplicates(self, matches: list[Match]) -> list[Match]:
        """Drop what yields to another category, and of overlapping matches of one category all but the strongest."""
        rules = self.pack.rules
        categories: dict[tuple[int, int], set[str]] = {}
        for match in matches:
            categories.setdefault((match.run, match.sentence.first), set()).add(rules[match.rule].category.id)
        kept: list[Match] = []

        def strength(match: Match) -> tuple[Any, ...]:
            rule, (start, end) = rules[match.rule], match.place
            sure = LEVELS.index(rule.confidence_in(match.pattern))
            return (-LEVELS.index(rule.entry.severity), -sure, start - end, start, rule.id)

        def said_beside(match: Match) -> set[str]:
            """Return the categories found in the same sentence, or anywhere in the turn where that is the scope."""
            if rules[match.rule].entry.scope == "sentence":
                return categories[match.run, match.sentence.first]
            return set().union(*(said for (run, _), said in categories.items() if run == match.run))

        for match in sorted(matches, key=strength):
            rule = rules[match.rule]
            start, end = match.place
            if rule.entry.yields_to and not said_beside(match).isdisjoint(rule.entry.yields_to):
                continue
            if not any(
                other.run == match.run
                and rules[other.rule].category.id == rule.category.id
                and other.place[0] < end
                and start < other.place[1]
                for other in kept
            ):
                kept.append(match)
        return kept

    # -- report -------------------------------------------------------------------------------------------------

    def _finding(self, match: Match, run: Run, interaction_id: str, said: set[str]) -> Finding:
        rule = self.pack.rules[match.rule]
        charged, kind_of_no = charge(rule, match.sentence, match.hit, self.pack, self._decider, said)
        words = " ".join(match.sentence.words[match.hit.start : match.hit.end])
        turn, start, end = run.place(*match.sentence.span(match.hit.start, match.hit.end))
        return Finding(
            rule_id=rule.id,
            category=rule.category.id,
            family=rule.category.family,
            severity=rule.entry.severity,
            confidence=rule.confidence_in(match.pattern),
            turn=turn,
            start=start,
            end=end,
            quote=dict(run.turns)[turn].text[start:end],
            kind_of_no=kind_of_no,
            charged=charged,
            fingerprint=fingerprint(rule.id, words, interaction_id),
        )

    def _facts(self, interaction: Interaction, runs: list[Run], matches: list[Match]) -> Facts:
        company = customer = unknown = words = 0
        for turn in interaction.turns:
            if turn.internal:
                continue
            role = turn.role
            if role in COMPANY_ROLES:
                company += 1
                words += word_count(turn.text)
            elif role == "customer":
                customer += 1
            elif role == "unknown":
                unknown += 1
        process: dict[tuple[int, int], Sentence] = {}
        for match in matches:
            if self.pack.rules[match.rule].category.family == "friction":
                process[match.run, match.sentence.first] = match.sentence
        seconds, process_seconds = _durations(interaction.turns, runs, process)
        return Facts(
            turns=len(interaction.turns),
            company_turns=company,
            customer_turns=customer,
            unknown_turns=unknown,
            company_words=words,
            process_words=sum(word_count(each.run.text[slice(*each.bounds)]) for each in process.values()),
            seconds=seconds,
            process_seconds=process_seconds,
            apology_words_before_option=self._apology(matches) if matches else None,
        )

    def _apology(self, matches: list[Match]) -> int | None:
        """Count the words of apology before the first way forward (Singh, HBR 2018: a short apology, then options)."""
        total = 0
        counted: set[tuple[int, int]] = set()
        for match in sorted(matches, key=lambda match: (match.run, match.sentence.first)):
            step = self.pack.rules[match.rule].category.step
            if step == 2:
                return total
            place = (match.run, match.sentence.first)
            if step == 1 and place not in counted:
                counted.add(place)
                total += len(match.sentence.characters)
        return None


def _fits_length(rule: Rule, run: Run) -> bool:
    """Tell whether the turn is as long as the rule asks; told before anything dearer is."""
    entry = rule.entry
    if not entry.min_words and entry.max_words >= 10_000:
        return True
    return entry.min_words <= len(run.text.split()) <= entry.max_words


def word_count(text: str) -> int:
    """Return the number of words, as what stands between spaces; the same however a text is cut at them."""
    return len(text.split())


def fingerprint(rule_id: str, words: str, interaction_id: str) -> str:
    """Return the identity of a finding: rule, canonical words and interaction; never its position."""
    return hashlib.sha256(f"{rule_id}\0{words}\0{interaction_id}".encode("utf-8", "replace")).hexdigest()[:16]


def not_evaluated_in(interaction: Interaction, rules_language: str) -> tuple[NotEvaluated, ...]:
    """Return what cannot be looked for in an interaction, and why; a first entry `all` means nothing can."""
    roles = {turn.role for turn in interaction.turns if turn.text and not turn.internal}
    if not roles or not any(turn.text.strip() for turn in interaction.turns if not turn.internal):
        return (NotEvaluated("all", "no text"),)
    if interaction.language and interaction.language[:2].lower() != rules_language[:2].lower():
        return (NotEvaluated("all", f"language {interaction.language.lower()}"),)
    if "customer" in roles and roles & COMPANY_ROLES:
        return ()
    found: list[NotEvaluated] = []
    why = "; speakers are unknown" if "unknown" in roles else ""
    if not roles & COMPANY_ROLES:
        reason = f"no turn has the role agent or bot{why}"
        found += [NotEvaluated("friction", reason), NotEvaluated("recovery", reason)]
    if "customer" not in roles:
        found.append(NotEvaluated("signal", f"no turn has the role customer{why}"))
    return tuple(found)


def _durations(
    turns: Sequence[Turn], runs: list[Run], process: dict[tuple[int, int], Sentence]
) -> tuple[float | None, float | None]:
    """Return seconds of the interaction, and seconds of company turns spent in friction sentences by share of text."""
    timed = [turn for turn in turns if isinstance(turn.at, int | float)]
    if not timed:
        return None, None
    total = max(float(turn.end or turn.at or 0) for turn in timed)
    if all(turn.end is None for turn in timed):
        return total, None
    spent = 0.0
    for (number, _), sentence in process.items():
        index, start, end = runs[number].place(*sentence.bounds)
        turn = turns[index]
        if turn.end is not None and isinstance(turn.at, int | float) and turn.text:
            spent += (turn.end - turn.at) * (end - start) / len(turn.text)
    return total, round(spent, 3)
