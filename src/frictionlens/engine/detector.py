"""Own detection: interaction in, findings out. The prefilter proposes, spaCy decides, context and conditions cancel.

Order of the post-processing, each a named step: match → except → unless → context → turn → what the other side said →
duplicates → charged process → episodes.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, Final, NamedTuple

import hyperscan

from frictionlens.engine.compiled import CompiledPack, CompiledRule
from frictionlens.engine.matching import Compiled, Decider, Hit
from frictionlens.engine.tokens import Token, sentence_bounds, tokenise
from frictionlens.model import COMPANY_ROLES, LEVELS, Charged, Facts, Finding, Interaction, KindOfNo, NotEvaluated, Turn
from frictionlens.rules import Rule
from frictionlens.rules.spelling import Spelling

UNLESS_WORDS: Final = 25
"""How far, in words, an `unless` reaches inside its sentence: speech-to-text has no sentence ends."""


class Detection(NamedTuple):
    """What was found in one interaction."""

    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    facts: Facts


class Sentence:
    """A sentence of a run, tokenised when first needed."""

    def __init__(self, run: Run, start: int, end: int) -> None:
        self.run = run
        self.start = start
        self.end = end

    @cached_property
    def tokens(self) -> list[Token]:
        """Return its canonical words."""
        return tokenise(self.run.clean, self.start, self.end, self.run.spelling)

    @cached_property
    def doc(self) -> Any:
        """Return the spaCy document of its words."""
        return self.run.decider.doc(self.tokens)


class Run:
    """Consecutive turns of one side and speaker, read as one: where an export cuts must not matter."""

    def __init__(self, side: str, turns: Sequence[tuple[int, Turn]], spelling: Spelling, decider: Decider) -> None:
        self.side = side
        self.turns = turns
        self.role = turns[0][1].role
        self.spelling = spelling
        self.decider = decider
        self.text = turns[0][1].text if len(turns) == 1 else "\n".join(turn.text for _, turn in turns)
        self.clean = self.text
        """The text with disfluencies blanked; the same offsets."""

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Return its sentences, which together cover the text."""
        return [Sentence(self, start, end) for start, end in sentence_bounds(self.clean)]

    @cached_property
    def whole(self) -> Sentence:
        """Return the whole run as one sentence, for rules of scope `turn`."""
        return Sentence(self, 0, len(self.clean))

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for _, turn in self.turns:
            starts.append(at)
            at += len(turn.text) + 1
        return starts

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Translate offsets in the run to (turn index, start, end) in the turn as exported."""
        number = bisect_right(self._starts, start) - 1
        index, turn = self.turns[number]
        offset = self._starts[number]
        return index, start - offset, min(end - offset, len(turn.text))

    def sentence_at(self, offset: int) -> Sentence:
        """Return the sentence that holds the character before `offset`."""
        starts = self._sentence_starts
        return self.sentences[max(0, bisect_right(starts, max(0, offset - 1)) - 1)]

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [sentence.start for sentence in self.sentences]

    def offset_of_byte(self, data: bytes, at: int) -> int:
        """Translate a byte offset of the scanned text to a character offset."""
        return at if len(data) == len(self.text) else len(data[:at].decode("utf-8", "ignore"))


class Match(NamedTuple):
    """A rule that matched in a sentence, before it becomes a finding."""

    rule: int
    run: int
    sentence: Sentence
    hit: Hit

    @property
    def span(self) -> tuple[int, int]:
        """Return (start, end) of the words in the text of the run."""
        tokens = self.sentence.tokens
        return tokens[self.hit.start].start, tokens[self.hit.end - 1].end


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
        self._compiled = compiled
        self._decider = Decider(model)
        self._prefiltering = prefilter
        self._language = language
        self._only = only
        self._enabled = [only is None or rule.id in only for rule in self.pack.rules]
        self._databases: dict[str, Any] = {}
        self._places = {side: places for side, (_, places) in compiled.prefilters.items()}
        for side, (data, _) in compiled.prefilters.items():
            self._databases[side] = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
            self._databases[side].scratch = hyperscan.Scratch(self._databases[side])

    def detect(self, interaction: Interaction) -> Detection:
        """Find everything in one interaction."""
        from frictionlens.engine.charging import charge
        from frictionlens.engine.episodes import find_episodes

        not_evaluated = _not_evaluated(interaction, self._language)
        evaluable = not any(each.what == "all" for each in not_evaluated)
        runs = list(self._runs(interaction)) if evaluable else []
        matches: list[Match] = []
        found: list[set[str]] = [set() for _ in runs]
        for number, run in enumerate(runs):
            for match in self._match_run(number, run):
                if self._stands(match, number, runs, found):
                    matches.append(match)
                    found[number].add(self.pack.rules[match.rule].category.id)
        matches = self._without_duplicates(matches)
        findings = [
            self._finding(match, *charge(match, runs[match.run], self._compiled, self._decider), interaction.id)
            for match in matches
        ]
        run_of = {index: number for number, run in enumerate(runs) for index, _ in run.turns}
        episodes = find_episodes(self.pack, findings, runs, run_of, interaction.id)
        findings += [each for each in episodes if self._only is None or each.rule_id in self._only]
        findings.sort(key=lambda each: (each.turn, each.start, each.end, each.rule_id))
        return Detection(tuple(findings), not_evaluated, self._facts(interaction, runs, matches))

    def _runs(self, interaction: Interaction) -> Iterable[Run]:
        evaluable = [
            (index, turn)
            for index, turn in enumerate(interaction.turns)
            if not turn.internal and turn.text and turn.role in ("agent", "bot", "customer")
        ]
        for (role, _), group in groupby(evaluable, key=lambda each: (each[1].role, each[1].speaker)):
            side = "company" if role in COMPANY_ROLES else "customer"
            yield Run(side, list(group), self.pack.spelling, self._decider)

    def _match_run(self, number: int, run: Run) -> list[Match]:
        proposals: dict[tuple[int, int], set[int]] = {}
        if self._prefiltering:
            ends = self._scan(run)
        else:
            run.clean = self.pack.spelling.blank_disfluencies(run.text)
            ends = {place: [] for place in range(len(self._places[run.side]))}
        for place, offsets in ends.items():
            rule_number, pattern_number = self._places[run.side][place]
            rule = self.pack.rules[rule_number]
            if not self._enabled[rule_number] or run.role not in rule.roles:
                continue
            where = proposals.setdefault((rule_number, pattern_number), set())
            if rule.entry.scope == "sentence" and not self._prefiltering:
                where.update(range(len(run.sentences)))
            elif rule.entry.scope == "sentence":
                for offset in offsets:
                    where.add(run.sentences.index(run.sentence_at(offset)))
        return self._decide(number, run, proposals)

    def _decide(self, number: int, run: Run, proposals: dict[tuple[int, int], set[int]]) -> list[Match]:
        matches: list[Match] = []
        done: set[tuple[int, int]] = set()
        for (rule_number, pattern_number), places in sorted(proposals.items()):
            rule, compiled = self.pack.rules[rule_number], self._compiled.rules[rule_number]
            sentences = (
                [run.whole] if rule.entry.scope == "turn" else [run.sentences[place] for place in sorted(places)]
            )
            for sentence in sentences:
                if (rule_number, sentence.start) in done or not sentence.tokens:
                    continue
                for hit in self._decider.find(compiled.patterns[pattern_number], sentence.doc):
                    if self._survives(hit, sentence, rule, compiled):
                        done.add((rule_number, sentence.start))
                        matches.append(Match(rule_number, number, sentence, hit))
                        break
        return matches

    def _scan(self, run: Run) -> dict[int, list[int]]:
        """Return expression number → character offsets at which it may end."""
        database = self._databases[run.side]
        for attempt in range(2):
            data = run.clean.encode("utf-8", "replace")
            ends: dict[int, list[int]] = {}

            def note(which: int, _start: int, end: int, _flags: int, _context: object, ends: Any = ends) -> None:
                ends.setdefault(which, []).append(end)

            database.scan(data, match_event_handler=note)
            if 0 not in ends:
                break
            del ends[0]
            clean = self.pack.spelling.blank_disfluencies(run.clean) if attempt == 0 else run.clean
            if clean == run.clean:
                break
            run.clean = clean
        return {which - 1: [run.offset_of_byte(data, at) for at in sorted(set(found))] for which, found in ends.items()}

    def _survives(self, hit: Hit, sentence: Sentence, rule: Rule, compiled: CompiledRule) -> bool:
        for pattern in compiled.except_:
            if any(other.start < hit.end and hit.start < other.end for other in self._find(pattern, sentence)):
                return False
        for pattern in compiled.unless:
            for other in self._find(pattern, sentence):
                if other.end <= hit.end + UNLESS_WORDS and other.start >= hit.start - UNLESS_WORDS:
                    return False
        return not self._in_context(hit, sentence, rule)

    def _in_context(self, hit: Hit, sentence: Sentence, rule: Rule) -> bool:
        for modifier, compiled in zip(self.pack.modifiers, self._compiled.modifiers, strict=True):
            concerned = modifier.entry.categories
            if modifier.entry.effect in rule.entry.ignores_context or (concerned and rule.category.id not in concerned):
                continue
            for cue in (each for pattern in compiled.patterns for each in self._find(pattern, sentence)):
                forward = modifier.entry.direction == "forward"
                between = (cue.end, hit.start) if forward else (hit.end, cue.start)
                if not 0 <= between[1] - between[0] <= modifier.entry.within:
                    continue
                if any(
                    p.start < cue.end and cue.start < p.end
                    for each in compiled.pseudo
                    for p in self._find(each, sentence)
                ):
                    continue
                if any(
                    between[0] <= u.start < between[1] for each in compiled.until for u in self._find(each, sentence)
                ):
                    continue
                return True
        return False

    def _find(self, pattern: Compiled, sentence: Sentence) -> list[Hit]:
        return self._decider.find(pattern, sentence.doc) if sentence.tokens else []

    def _anywhere(self, patterns: tuple[Compiled, ...], run: Run | None) -> bool:
        return run is not None and any(
            self._find(pattern, sentence) for pattern in patterns for sentence in run.sentences
        )

    def _stands(self, match: Match, number: int, runs: list[Run], found: list[set[str]]) -> bool:
        """Check what the rule asks of the turn and of the other side."""
        rule, compiled, run = self.pack.rules[match.rule], self._compiled.rules[match.rule], runs[number]
        entry = rule.entry
        if (entry.min_words or entry.max_words < 10_000) and not (
            entry.min_words <= len(run.text.split()) <= entry.max_words
        ):
            return False
        if entry.position != "any":
            same = [place for place, each in enumerate(runs) if each.side == run.side]
            if (entry.position == "opening") != (number == same[0]) and entry.position != "closing":
                return False
            if entry.position == "closing" and number != same[-1]:
                return False
        if compiled.unless_turn and self._anywhere(compiled.unless_turn, run):
            return False
        if compiled.same_turn and not self._anywhere(compiled.same_turn, run):
            return False
        previous = next((place for place in range(number - 1, -1, -1) if runs[place].side != run.side), None)
        following = next((place for place in range(number + 1, len(runs)) if runs[place].side != run.side), None)
        earlier = runs[previous] if previous is not None else None
        later = runs[following] if following is not None else None
        said = found[previous] if previous is not None else set()
        if entry.before_found and not said & set(entry.before_found):
            return False
        if entry.not_before_found and said & set(entry.not_before_found):
            return False
        if compiled.before and not self._anywhere(compiled.before, earlier):
            return False
        if compiled.not_before and self._anywhere(compiled.not_before, earlier):
            return False
        if compiled.after and not self._anywhere(compiled.after, later):
            return False
        return not (compiled.not_after and self._anywhere(compiled.not_after, later))

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
            if set(rule.entry.yields_to) & categories[match.run, match.sentence.start]:
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

    def _finding(
        self, match: Match, charged: tuple[Charged, ...], kind_of_no: KindOfNo | None, interaction_id: str
    ) -> Finding:
        rule = self.pack.rules[match.rule]
        words = " ".join(token.word for token in match.sentence.tokens[match.hit.start : match.hit.end])
        turn, start, end = match.sentence.run.place(*match.span)
        return Finding(
            rule_id=rule.id,
            category=rule.category.id,
            family=rule.category.family,
            severity=rule.entry.severity,
            confidence=rule.confidence,
            turn=turn,
            start=start,
            end=end,
            quote=dict(match.sentence.run.turns)[turn].text[start:end],
            kind_of_no=kind_of_no,
            charged=charged,
            fingerprint=fingerprint(rule.id, words, interaction_id),
        )

    def _facts(self, interaction: Interaction, runs: list[Run], matches: list[Match]) -> Facts:
        turns = interaction.turns
        spoken = [turn for turn in turns if not turn.internal]
        process: dict[tuple[int, int], Sentence] = {}
        for match in matches:
            if self.pack.rules[match.rule].category.family == "friction":
                process[match.run, match.sentence.start] = match.sentence
        words = {
            key: len(sentence.run.text[sentence.start : sentence.end].split()) for key, sentence in process.items()
        }
        seconds, process_seconds = _durations(turns, runs, process)
        return Facts(
            turns=len(turns),
            company_turns=sum(turn.role in COMPANY_ROLES for turn in spoken),
            customer_turns=sum(turn.role == "customer" for turn in spoken),
            unknown_turns=sum(turn.role == "unknown" for turn in spoken),
            company_words=sum(len(turn.text.split()) for turn in spoken if turn.role in COMPANY_ROLES),
            process_words=sum(words.values()),
            seconds=seconds,
            process_seconds=process_seconds,
            apology_words_before_option=self._apology(matches),
        )

    def _apology(self, matches: list[Match]) -> int | None:
        """Count the words of apology before the first way forward (Singh, HBR 2018: a short apology, then options)."""
        steps = {match: self.pack.rules[match.rule].category for match in matches}
        ordered = sorted(matches, key=lambda match: (match.run, match.sentence.start))
        total, counted = 0, set()
        for match in ordered:
            if steps[match].step == 2:
                return total
            place = (match.run, match.sentence.start)
            if steps[match].step == 1 and place not in counted:
                counted.add(place)
                total += len(match.sentence.tokens)
        return None


def fingerprint(rule_id: str, words: str, interaction_id: str) -> str:
    """Return the identity of a finding: rule, canonical words and interaction; never its position."""
    return hashlib.sha256(f"{rule_id}\0{words}\0{interaction_id}".encode("utf-8", "replace")).hexdigest()[:16]


def _not_evaluated(interaction: Interaction, rules_language: str) -> tuple[NotEvaluated, ...]:
    spoken = [turn for turn in interaction.turns if not turn.internal and turn.text.strip()]
    language = (interaction.language or rules_language).lower()
    if not spoken:
        return (NotEvaluated("all", "no text"),)
    if language[:2] != rules_language[:2].lower():
        return (NotEvaluated("all", f"language {language}"),)
    found: list[NotEvaluated] = []
    unknown = any(turn.role == "unknown" for turn in spoken)
    if not any(turn.role in COMPANY_ROLES for turn in spoken):
        reason = "no turn has the role agent or bot" + ("; speakers are unknown" if unknown else "")
        found += [NotEvaluated("friction", reason), NotEvaluated("recovery", reason)]
    if not any(turn.role == "customer" for turn in spoken):
        found.append(
            NotEvaluated("signal", "no turn has the role customer" + ("; speakers are unknown" if unknown else ""))
        )
    return tuple(found)


def _durations(
    turns: Sequence[Turn], runs: list[Run], process: dict[tuple[int, int], Sentence]
) -> tuple[float | None, float | None]:
    """Return seconds of the interaction, and seconds of company turns spent in friction sentences by share of text."""
    timed = [turn for turn in turns if isinstance(turn.at, int | float)]
    if not timed:
        return None, None
    last = max(timed, key=lambda turn: turn.end or float(turn.at or 0))
    total = float(last.end or last.at or 0)
    if not any(turn.end is not None for turn in timed):
        return total, None
    spent = 0.0
    for (number, _), sentence in process.items():
        index, start, end = runs[number].place(sentence.start, sentence.end)
        turn = turns[index]
        if turn.end is not None and isinstance(turn.at, int | float) and turn.text:
            spent += (turn.end - turn.at) * (end - start) / len(turn.text)
    return total, round(spent, 3)
