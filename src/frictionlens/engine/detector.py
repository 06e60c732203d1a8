"""Own detection: interactions in, findings out. The prefilter proposes, spaCy decides, context and conditions cancel.

Order of the post-processing, each a named step: match → except → unless → context → turn → what the other side said →
duplicates → charged process → episodes.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from frictionlens.engine.charging import charge
from frictionlens.engine.compiled import CompiledPack
from frictionlens.engine.episodes import find_episodes
from frictionlens.engine.matching import Decider, Hit
from frictionlens.engine.prefilter import Proposer, WordSearch
from frictionlens.engine.text import SIDES, Run, Sentence, Side, runs_of
from frictionlens.engine.tokens import Tokeniser
from frictionlens.model import COMPANY_ROLES, LEVELS, Facts, Finding, Interaction, NotEvaluated, Turn
from frictionlens.rules import Rule
from frictionlens.rules.pattern import Pattern

UNLESS_WORDS: Final = 25
"""How far, in words, an `unless` reaches inside its sentence: speech-to-text has no sentence ends."""


class Detection(NamedTuple):
    """What was found in one interaction."""

    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    facts: Facts


class Match(NamedTuple):
    """A rule that matched in a sentence, before it becomes a finding."""

    rule: int
    run: int
    sentence: Sentence
    hit: Hit

    @property
    def span(self) -> tuple[int, int]:
        """Return (start, end) of the words in the text of the run."""
        return self.sentence.span(self.hit.start, self.hit.end)


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
        self._decider = Decider(model)
        self._tokeniser = Tokeniser(self.pack.spelling)
        self._prefiltering = prefilter
        self._language = language
        self._only = only
        self._enabled = [only is None or rule.id in only for rule in self.pack.rules]
        self._places = {side: search.places for side, search in compiled.searches.items()}
        self._turn_scope = {
            side: frozenset(
                place for place, (rule, _) in enumerate(places) if self.pack.rules[rule].entry.scope == "turn"
            )
            for side, places in self._places.items()
        }
        self._words = {side: WordSearch(search.database) for side, search in compiled.searches.items()}
        self._proposers = {side: Proposer(search.demands, search.keys) for side, search in compiled.searches.items()}

    def detect(self, interaction: Interaction) -> Detection:
        """Find everything in one interaction."""
        return self.detect_all([interaction])[0]

    def detect_all(self, interactions: Sequence[Interaction]) -> list[Detection]:
        """Find everything in a batch of interactions: their texts are searched in one go."""
        skipped = [not_evaluated_in(each, self._language) for each in interactions]
        runs = [
            [] if why and why[0].what == "all" else list(runs_of(each, self._tokeniser, self._decider))
            for each, why in zip(interactions, skipped, strict=True)
        ]
        proposed: dict[int, list[tuple[Sentence, list[int]]]] = {}
        for side in SIDES:
            self._propose(side, [run for some in runs for run in some if run.side == side], proposed)
        return [
            self._detection(interaction, why, some, proposed)
            for interaction, why, some in zip(interactions, skipped, runs, strict=True)
        ]

    def _detection(
        self,
        interaction: Interaction,
        not_evaluated: tuple[NotEvaluated, ...],
        runs: list[Run],
        proposed: dict[int, list[tuple[Sentence, list[int]]]],
    ) -> Detection:
        matches: list[Match] = []
        found: dict[int, set[str]] = {}
        for number, run in enumerate(runs):
            for match in self._decide(number, run, proposed.get(id(run), ())):
                if self._stands(match, number, runs, found):
                    matches.append(match)
                    found.setdefault(number, set()).add(self.pack.rules[match.rule].category.id)
        if len(matches) > 1:
            matches = self._without_duplicates(matches)
        findings = [self._finding(match, runs[match.run], interaction.id) for match in matches]
        run_of = {index: number for number, run in enumerate(runs) for index, _ in run.turns} if findings else {}
        episodes = find_episodes(self.pack, findings, runs, run_of, interaction.id)
        findings += [each for each in episodes if self._only is None or each.rule_id in self._only]
        findings.sort(key=lambda each: (each.turn, each.start, each.end, each.rule_id))
        return Detection(tuple(findings), not_evaluated, self._facts(interaction, runs, matches))

    # -- propose ------------------------------------------------------------------------------------------------

    def _propose(self, side: Side, runs: list[Run], into: dict[int, list[tuple[Sentence, list[int]]]]) -> None:
        """Note for every run in which sentences which patterns could match."""
        if not self._prefiltering:
            everything = list(range(len(self._places[side])))
            for run in runs:
                into[id(run)] = [(sentence, everything) for sentence in run.sentences] + [(run.whole, everything)]
            return
        texts = [run.text.encode("utf-8", "replace") for run in runs]
        words, ends = self._words[side].find(b"\n".join(texts))
        start, first = 0, 0
        for run, data in zip(runs, texts, strict=True):
            stop = start + len(data)
            last = bisect_right(ends, stop, first)
            if last > first or self._proposers[side].always:
                found = self._propose_in(side, run, data, words[first:last], [end - start for end in ends[first:last]])
                if found:
                    into[id(run)] = found
            start, first = stop + 1, last

    def _propose_in(
        self, side: Side, run: Run, data: bytes, words: list[int], ends: list[int]
    ) -> list[tuple[Sentence, list[int]]]:
        proposer = self._proposers[side]
        ascii_only = len(data) == len(run.text)
        here = frozenset((*proposer.always, *proposer.present(words)))
        if not here:
            return []
        found: list[tuple[Sentence, list[int]]] = []
        whole = here & self._turn_scope[side]
        if whole and (some := proposer.propose(words, ends, bounded=ascii_only, within=whole)):
            found.append((run.whole, some))
        here -= whole
        if not here:
            return found
        sentences = run.sentences
        if len(sentences) == 1:
            some = proposer.propose(words, ends, bounded=ascii_only, within=here)
            return [*found, (sentences[0], some)] if some else found
        first = 0
        for sentence in sentences:
            stop = sentence.end if ascii_only else len(run.text[: sentence.end].encode("utf-8", "replace"))
            last = bisect_right(ends, stop, first)
            some = proposer.propose(words[first:last], ends[first:last], bounded=ascii_only, within=here)
            if some:
                found.append((sentence, some))
            first = last
        return found

    # -- decide -------------------------------------------------------------------------------------------------

    def _decide(self, number: int, run: Run, proposed: Sequence[tuple[Sentence, list[int]]]) -> Iterator[Match]:
        """Yield the first hit of every rule in every sentence, in the order of the rules."""
        places = self._places[run.side]
        wanted: list[tuple[int, int, Sentence, Pattern | Any]] = []
        for sentence, some in proposed:
            turn_scope = sentence is run.whole
            for place in some:
                rule_number, pattern = places[place]
                rule = self.pack.rules[rule_number]
                if (rule.entry.scope == "turn") == turn_scope and self._enabled[rule_number] and run.role in rule.roles:
                    wanted.append((rule_number, place, sentence, pattern))
        wanted.sort(key=lambda each: (each[0], each[2].start, each[1]))
        done: set[tuple[int, int]] = set()
        for rule_number, _, sentence, pattern in wanted:
            if (rule_number, sentence.start) in done:
                continue
            rule = self.pack.rules[rule_number]
            for hit in self._decider.find(pattern, sentence):
                if self._survives(hit, sentence, rule):
                    done.add((rule_number, sentence.start))
                    yield Match(rule_number, number, sentence, hit)
                    break

    def _survives(self, hit: Hit, sentence: Sentence, rule: Rule) -> bool:
        find = self._decider.find
        for pattern in rule.except_:
            if any(other.start < hit.end and hit.start < other.end for other in find(pattern, sentence)):
                return False
        for pattern in rule.unless:
            for other in find(pattern, sentence):
                if other.end <= hit.end + UNLESS_WORDS and other.start >= hit.start - UNLESS_WORDS:
                    return False
        return not self._in_context(hit, sentence, rule)

    def _in_context(self, hit: Hit, sentence: Sentence, rule: Rule) -> bool:
        find = self._decider.find
        for modifier in self.pack.modifiers:
            entry = modifier.entry
            if entry.effect in rule.entry.ignores_context:
                continue
            if entry.categories and rule.category.id not in entry.categories:
                continue
            for cue in (each for pattern in modifier.patterns for each in find(pattern, sentence)):
                between = (cue.end, hit.start) if entry.direction == "forward" else (hit.end, cue.start)
                if not 0 <= between[1] - between[0] <= entry.within:
                    continue
                if any(
                    p.start < cue.end and cue.start < p.end for each in modifier.pseudo for p in find(each, sentence)
                ):
                    continue
                if any(between[0] <= u.start < between[1] for each in modifier.until for u in find(each, sentence)):
                    continue
                return True
        return False

    def _anywhere(self, patterns: tuple[Pattern, ...], run: Run | None) -> bool:
        return run is not None and any(
            self._decider.find(pattern, sentence) for pattern in patterns for sentence in run.sentences
        )

    def _stands(self, match: Match, number: int, runs: list[Run], found: dict[int, set[str]]) -> bool:
        """Check what the rule asks of the turn and of the other side."""
        rule, run = self.pack.rules[match.rule], runs[number]
        entry = rule.entry
        if (entry.min_words or entry.max_words < 10_000) and not (
            entry.min_words <= len(run.text.split()) <= entry.max_words
        ):
            return False
        if entry.position != "any":
            same = [place for place, each in enumerate(runs) if each.side == run.side]
            opening, closing = number == same[0], number == same[-1]
            if not {"opening": opening, "not_opening": not opening, "closing": closing}[entry.position]:
                return False
        if rule.unless_turn and self._anywhere(rule.unless_turn, run):
            return False
        if rule.same_turn and not self._anywhere(rule.same_turn, run):
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
        if rule.before and not self._anywhere(rule.before, earlier):
            return False
        if rule.not_before and self._anywhere(rule.not_before, earlier):
            return False
        if rule.after and not self._anywhere(rule.after, later):
            return False
        return not (rule.not_after and self._anywhere(rule.not_after, later))

    def _without_duplicates(self, matches: list[Match]) -> list[Match]:
        """Drop what yields to another category, and of overlapping matches of one category all but the strongest."""
        rules = self.pack.rules
        categories: dict[tuple[int, int], set[str]] = {}
        for match in matches:
            categories.setdefault((match.run, match.sentence.start), set()).add(rules[match.rule].category.id)
        kept: list[Match] = []

        def strength(match: Match) -> tuple[Any, ...]:
            rule, (start, end) = rules[match.rule], match.span
            return (-LEVELS.index(rule.entry.severity), -LEVELS.index(rule.confidence), start - end, start, rule.id)

        for match in sorted(matches, key=strength):
            rule = rules[match.rule]
            start, end = match.span
            if not categories[match.run, match.sentence.start].isdisjoint(rule.entry.yields_to):
                continue
            if not any(
                other.run == match.run
                and rules[other.rule].category.id == rule.category.id
                and other.span[0] < end
                and start < other.span[1]
                for other in kept
            ):
                kept.append(match)
        return kept

    # -- report -------------------------------------------------------------------------------------------------

    def _finding(self, match: Match, run: Run, interaction_id: str) -> Finding:
        rule = self.pack.rules[match.rule]
        charged, kind_of_no = charge(rule, match.sentence, match.hit, self.pack, self._decider)
        words = " ".join(match.sentence.words[match.hit.start : match.hit.end])
        turn, start, end = run.place(*match.span)
        return Finding(
            rule_id=rule.id,
            category=rule.category.id,
            family=rule.category.family,
            severity=rule.entry.severity,
            confidence=rule.confidence,
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
                process[match.run, match.sentence.start] = match.sentence
        seconds, process_seconds = _durations(interaction.turns, runs, process)
        return Facts(
            turns=len(interaction.turns),
            company_turns=company,
            customer_turns=customer,
            unknown_turns=unknown,
            company_words=words,
            process_words=sum(word_count(each.run.text[each.start : each.end]) for each in process.values()),
            seconds=seconds,
            process_seconds=process_seconds,
            apology_words_before_option=self._apology(matches) if matches else None,
        )

    def _apology(self, matches: list[Match]) -> int | None:
        """Count the words of apology before the first way forward (Singh, HBR 2018: a short apology, then options)."""
        total = 0
        counted: set[tuple[int, int]] = set()
        for match in sorted(matches, key=lambda match: (match.run, match.sentence.start)):
            step = self.pack.rules[match.rule].category.step
            if step == 2:
                return total
            place = (match.run, match.sentence.start)
            if step == 1 and place not in counted:
                counted.add(place)
                total += len(match.sentence.words)
        return None


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
        index, start, end = runs[number].place(sentence.start, sentence.end)
        turn = turns[index]
        if turn.end is not None and isinstance(turn.at, int | float) and turn.text:
            spent += (turn.end - turn.at) * (end - start) / len(turn.text)
    return total, round(spent, 3)
