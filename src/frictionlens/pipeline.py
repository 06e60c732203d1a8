"""Own the one path: interaction → findings → score → redacted `Scored`. Every runner and the library go through it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from frictionlens.engine.compiled import load_compiled
from frictionlens.engine.detector import Detection, Detector
from frictionlens.excerpt import build_excerpt
from frictionlens.model import COMPANY_ROLES, LEVELS, Confidence, Finding, Interaction, Scored
from frictionlens.privacy import Mode, hash_identity, redact
from frictionlens.scoring import Weights, score

REQUEST_CHARACTERS = 300


@dataclass(frozen=True)
class Options:
    """What shapes results; picklable, so that every worker builds the same scanner from it."""

    packs: tuple[Path, ...] = ()
    model: str | None = None
    only: frozenset[str] | None = None
    """Rule ids and categories to run; None is all."""
    min_confidence: Confidence = "low"
    redact: Mode = "on"
    keep_agents: bool = False
    excerpts: bool = False
    """Carry the redacted turns around findings, for stores and reports that open the conversation behind a quote."""
    weights: Weights = field(default_factory=Weights)
    prefilter: bool = True


class Scanner:
    """Score interactions; build one per process."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        compiled = load_compiled(self.options.packs)
        self.pack = compiled.pack
        self.detector = Detector(compiled, self.options.model, prefilter=self.options.prefilter, only=self.options.only)

    def scan(self, interactions: Iterable[Interaction]) -> Iterator[Scored]:
        """Score interactions one by one."""
        return map(self.score, interactions)

    def detect(self, interaction: Interaction) -> Detection:
        """Find everything in one interaction, quotes as said, below the confidence asked for left out."""
        detection = self.detector.detect(interaction)
        least = LEVELS.index(self.options.min_confidence)
        if least:
            kept = tuple(each for each in detection.findings if LEVELS.index(each.confidence) >= least)
            detection = detection._replace(findings=kept)
        return detection

    def score(self, interaction: Interaction) -> Scored:
        """Detect, score and redact one interaction."""
        options = self.options
        findings, not_evaluated, facts = self.detect(interaction)
        result = score(findings, self.pack.categories, _runs(interaction), options.weights)
        names = _names(interaction)
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
            agent=_agent(interaction, keep=options.keep_agents),
            queue=interaction.queue,
            team=interaction.team,
            product=interaction.product,
            tags=interaction.tags,
            csat=interaction.csat,
            qa_score=interaction.qa_score,
            language=interaction.language,
            request=redact(_request(interaction), options.redact, names) or None,
            expect=interaction.expect,
            content_hash=content_hash(interaction),
            excerpt=build_excerpt(interaction, findings, lambda text: redact(text, options.redact, names))
            if options.excerpts
            else (),
        )


def content_hash(interaction: Interaction) -> str:
    """Return a digest of everything that was read of an interaction."""
    return hashlib.sha256(msgspec.json.encode(interaction)).hexdigest()[:16]


def _finished(finding: Finding, interaction: Interaction, mode: Mode, names: tuple[str, ...]) -> Finding:
    """Redact a finding, and say on which line of the user's file it stands where that is known."""
    charged = tuple(msgspec.structs.replace(each, name=redact(each.name, mode, names)) for each in finding.charged)
    line = interaction.turns[finding.turn].line_at(finding.start)
    return msgspec.structs.replace(finding, quote=redact(finding.quote, mode, names), charged=charged, line=line)


def _names(interaction: Interaction) -> tuple[str, ...]:
    """Return the names that the export itself gives: of the agent and of the speakers."""
    names = {turn.speaker for turn in interaction.turns if turn.speaker} | {interaction.agent or ""}
    return tuple(sorted(name for name in names if name))


def _agent(interaction: Interaction, *, keep: bool) -> str | None:
    if interaction.agent is None:
        return None
    return interaction.agent if keep else hash_identity(interaction.agent)


def _request(interaction: Interaction) -> str:
    return next((turn.text for turn in interaction.turns if turn.role == "customer"), "")[:REQUEST_CHARACTERS].strip()


def _runs(interaction: Interaction) -> dict[int, int]:
    """Return turn index → number of the run of one speaker: consecutive turns of one speaker count as one."""
    runs: dict[int, int] = {}
    number, last = -1, None
    for index, turn in enumerate(interaction.turns):
        if turn.internal or not turn.text or turn.role not in {*COMPANY_ROLES, "customer"}:
            continue
        if (turn.role, turn.speaker) != last:
            number, last = number + 1, (turn.role, turn.speaker)
        runs[index] = number
    return runs
