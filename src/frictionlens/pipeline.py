"""Own the one path: interaction → findings → score → redacted `Scored`. Every runner and the library go through it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import compress
from pathlib import Path
from typing import Final, Literal

import msgspec

from frictionlens.config import Settings
from frictionlens.engine.compiled import load_compiled
from frictionlens.engine.detector import Detection, Detector
from frictionlens.errors import Problem, RuleError, nearest
from frictionlens.excerpt import build_excerpt
from frictionlens.model import LEVELS, Confidence, Finding, Interaction, Scored
from frictionlens.privacy import Mode, hash_identity, redact, redact_folded
from frictionlens.rules import Pack
from frictionlens.scoring import Weights, score

REQUEST_CHARACTERS: Final = 500
REQUEST_WORDS: Final = 60
REQUEST_TURN: Final = 6
"""Chosen on public conversations in which one request recurs; docs/report.md has the figures."""


@dataclass(frozen=True)
class Options:
    """What shapes results; picklable, so that every worker builds the same scanner from it."""

    packs: tuple[Path, ...] = ()
    model: str | None = None
    rules: tuple[str, ...] = ()
    """Only these rules and categories (ids, `*` is a wildcard); empty is all."""
    without: tuple[str, ...] = ()
    """None of these rules and categories; wins over `rules`."""
    language: str = "en"
    """Interactions that state another language are not evaluated."""
    min_confidence: Confidence = "low"
    redact: Mode = "on"
    agents: Literal["hash", "drop", "keep"] = "hash"
    excerpts: bool = False
    """Carry the redacted turns around findings, for stores and reports that open the conversation behind a quote."""
    weights: Weights = field(default_factory=Weights)
    prefilter: bool = True
    """False tries every pattern on every sentence; for the test that nothing is missed."""

    @classmethod
    def from_settings(cls, settings: Settings, *, excerpts: bool = False) -> Options:
        """Take from the settings what shapes results."""
        return cls(
            packs=tuple(Path(each) for each in settings.packs),
            model=None if settings.model == "none" else settings.model,
            rules=(*settings.rules.include, *settings.categories.include),
            without=(*settings.rules.exclude, *settings.categories.exclude),
            language=settings.language,
            min_confidence=settings.min_confidence,
            redact=settings.redact,
            agents=settings.agents,
            excerpts=excerpts,
            weights=Weights(category=settings.score.weights),
        )


class Scanner:
    """Score interactions; build one per process.

    Raises:
        RuleError: a rule pack that cannot be used, or a rule named in the options that does not exist.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        compiled = load_compiled(self.options.packs)
        self.pack = compiled.pack
        self.detector = Detector(
            compiled,
            self.options.model,
            prefilter=self.options.prefilter,
            only=selected(self.pack, self.options.rules, self.options.without),
            language=self.options.language,
        )

    def scan(self, interactions: Iterable[Interaction]) -> Iterator[Scored]:
        """Score interactions one by one."""
        return map(self.score, interactions)

    def score_safely(self, interaction: Interaction) -> Scored | Problem:
        """Score one interaction; what fails becomes a problem that names it, and the run goes on."""
        try:
            return self.score(interaction)
        except _FAILURES as error:
            return _failure(interaction, error)

    def detect(self, interaction: Interaction) -> Detection:
        """Find everything in one interaction, quotes as said, below the confidence asked for left out."""
        return self._confident(self.detector.detect(interaction))

    def _confident(self, detection: Detection) -> Detection:
        least = LEVELS.index(self.options.min_confidence)
        if least:
            sure = [LEVELS.index(each.confidence) >= least for each in detection.findings]
            detection = detection._replace(
                findings=tuple(compress(detection.findings, sure)),
                patterns=tuple(compress(detection.patterns, sure)),
            )
        return detection

    def score(self, interaction: Interaction) -> Scored:
        """Detect, score and redact one interaction."""
        return self._scored(interaction, self.detect(interaction))

    def _scored(self, interaction: Interaction, detection: Detection) -> Scored:
        options = self.options
        findings, not_evaluated, facts = detection.findings, detection.not_evaluated, detection.facts
        result = score(findings, self.pack.categories, detection.run_of, options.weights)
        names = names_of(interaction)
        return Scored(
            interaction_id=interaction.id,
            source=interaction.source,
            channel=interaction.channel,
            started_at=interaction.started_at,
            score=result.score,
            recovery_steps=result.recovery_steps,
            process_share=round(facts.process_words / facts.company_words, 4) if facts.company_words else 0.0,
            contributions=result.contributions,
            not_evaluated=not_evaluated,
            findings=tuple(_finished(each, interaction, options.redact, names) for each in findings),
            facts=facts,
            agent=_agent(interaction, options.agents),
            queue=interaction.queue,
            team=interaction.team,
            product=interaction.product,
            tags=interaction.tags,
            csat=interaction.csat,
            qa_score=interaction.qa_score,
            language=interaction.language,
            request=redact(first_words(interaction), options.redact, names) or None,
            expect=interaction.expect,
            content_hash=content_hash(interaction),
            excerpt=build_excerpt(interaction, findings, lambda text: redact(text, options.redact, names))
            if options.excerpts
            else (),
        )


_FAILURES = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


def _failure(interaction: Interaction, error: Exception) -> Problem:
    # Only the kind of error is told: its message could quote the transcript.
    return Problem(interaction.source, interaction.id, f"could not be scored: {type(error).__name__}")


def content_hash(interaction: Interaction) -> str:
    """Return a digest of everything that was read of an interaction."""
    return hashlib.sha256(msgspec.json.encode(interaction)).hexdigest()[:16]


def selected(pack: Pack, rules: tuple[str, ...], without: tuple[str, ...]) -> frozenset[str] | None:
    """Return the ids of the rules and episodes that take part; None is all.

    Raises:
        RuleError: a name that fits no rule and no category.
    """
    if not rules and not without:
        return None
    known = [(each.id, each.category.id) for each in pack.everything]

    def fitting(name: str) -> set[str]:
        found = {rule for rule, category in known if fnmatchcase(rule, name) or fnmatchcase(category, name)}
        if not found:
            names = {each for pair in known for each in pair}
            raise RuleError(f"no rule or category {name!r}{nearest(name, names)}", "", "see `frictionlens rules list`")
        return found

    chosen = set().union(*map(fitting, rules)) if rules else {rule for rule, _ in known}
    return frozenset(chosen.difference(*map(fitting, without)))


def _finished(finding: Finding, interaction: Interaction, mode: Mode, names: tuple[str, ...]) -> Finding:
    turn = interaction.turns[finding.turn]
    charged = tuple(
        msgspec.structs.replace(each, name=redact_folded(each.name, turn.text, mode, names)) for each in finding.charged
    )
    line = turn.line_at(finding.start)
    return msgspec.structs.replace(finding, quote=redact(finding.quote, mode, names), charged=charged, line=line)


def names_of(interaction: Interaction) -> tuple[str, ...]:
    """Return the names that the export itself gives: of the agent and of the speakers."""
    names = {turn.speaker for turn in interaction.turns if turn.speaker} | {interaction.agent or ""}
    return tuple(sorted(name for name in names if name))


def _agent(interaction: Interaction, mode: Literal["hash", "drop", "keep"]) -> str | None:
    if interaction.agent is None or mode == "drop":
        return None
    return interaction.agent if mode == "keep" else hash_identity(interaction.agent)


def first_words(interaction: Interaction) -> str:
    """Return the customer's first words: the first turn, and longer ones after it until there are enough.

    Many interactions begin with a greeting only; short turns later are answers ("okay", "so what now?").
    """
    said: list[str] = []
    words = 0
    for turn in interaction.turns:
        if turn.role == "customer" and words < REQUEST_WORDS:
            length = len(turn.text.split())
            if not said or length >= REQUEST_TURN:
                said.append(turn.text.strip())
                words += length
    return " ".join(said)[:REQUEST_CHARACTERS].strip()
