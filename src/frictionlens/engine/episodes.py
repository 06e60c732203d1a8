"""Own episodes: rules over findings in sequence. Five kinds, each a few lines; which episodes there are is data.

A step of the sequence is a run: consecutive turns of one speaker count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from frictionlens.engine.text import Run
from frictionlens.engine.tokens import sentence_bounds
from frictionlens.model import Finding
from frictionlens.rules import Episode, Pack
from frictionlens.rules.pack import EpisodeEntry


def find_episodes(
    pack: Pack, findings: Sequence[Finding], runs: Sequence[Run], run_of: Mapping[int, int], interaction_id: str
) -> list[Finding]:
    """Return one finding per episode that occurs, its evidence at the place where it became one."""
    by_run: dict[int, list[Finding]] = {}
    if not findings and not _may_repeat(runs):
        return []
    for finding in sorted(findings, key=lambda each: (each.turn, each.start)):
        by_run.setdefault(run_of[finding.turn], []).append(finding)
    categories = {finding.category for finding in findings}
    kinds = {"missing": _missing, "sequence": _sequence, "streak": _streak, "ending": _ending}
    found: list[Finding] = []
    for episode in pack.episodes:
        if episode.entry.kind == "repeat":
            if not _may_repeat(runs):
                continue
            found += [_at_sentence(episode, *each, interaction_id) for each in _repeat(episode, runs)]
        elif not categories.isdisjoint(episode.entry.trigger):
            evidence = kinds[episode.entry.kind](episode, by_run, runs)
            found += [_at_finding(episode, each, interaction_id) for each in evidence]
    return found


def _starts(entry: EpisodeEntry, finding: Finding) -> bool:
    return finding.category in entry.trigger and finding.rule_id not in entry.except_rules


def _company(runs: Sequence[Run], start: int) -> Iterator[int]:
    return (number for number in range(start, len(runs)) if runs[number].side == "company")


def _missing(episode: Episode, by_run: Mapping[int, list[Finding]], runs: Sequence[Run]) -> Iterator[Finding]:
    """Yield triggers that nothing of `follow` answers in the same company turn or the next ones.

    A trigger at the very end of what was exported counts only once the company had its say.
    """
    entry = episode.entry
    for number in sorted(by_run):
        for finding in by_run[number]:
            if not _starts(entry, finding):
                continue
            answers = [number] if runs[number].side == "company" else []
            answers += list(_company(runs, number + 1))[: entry.within]
            if answers and not any(
                each.category in entry.follow for answer in answers for each in by_run.get(answer, [])
            ):
                yield finding
                break


def _sequence(episode: Episode, by_run: Mapping[int, list[Finding]], runs: Sequence[Run]) -> Iterator[Finding]:
    """Yield what follows a trigger: later in the same turn, or in the next `within` company turns."""
    entry = episode.entry
    used: set[int] = set()
    for number in sorted(by_run):
        for finding in by_run[number]:
            if not _starts(entry, finding):
                continue
            own = [each for each in by_run[number] if (each.turn, each.start) > (finding.turn, finding.start)]
            later = [
                each for answer in list(_company(runs, number + 1))[: entry.within] for each in by_run.get(answer, [])
            ]
            for each in [*own, *later]:
                if each.category in entry.follow and id(each) not in used and _said(entry.saying, runs[number], each):
                    used.add(id(each))
                    yield each
                    break


def _said(words: Sequence[str], run: Run, until: Finding) -> bool:
    """Tell whether one of the words stands in the run before a finding; no words ask nothing."""
    if not words:
        return True
    said = [
        turn.text[: until.start] if index == until.turn else turn.text
        for index, turn in run.turns
        if index <= until.turn
    ]
    return any(word in text.lower() for text in said for word in words)


def _streak(episode: Episode, by_run: Mapping[int, list[Finding]], runs: Sequence[Run]) -> Iterator[Finding]:
    """Yield the last finding of `count` company turns in a row that carry a trigger."""
    row: list[Finding] = []
    for number in [*_company(runs, 0), -1]:
        hit = next((each for each in by_run.get(number, []) if _starts(episode.entry, each)), None)
        if hit is not None:
            row.append(hit)
            continue
        if len(row) >= episode.entry.count:
            yield row[-1]
        row = []


def _ending(episode: Episode, by_run: Mapping[int, list[Finding]], runs: Sequence[Run]) -> Iterator[Finding]:
    """Yield the trigger in the company's last turn, when nothing of `follow` stands there."""
    last = max(_company(runs, 0), default=None)
    here = by_run.get(last, []) if last is not None else []
    if last is None or len(runs) < 2 or any(each.category in episode.entry.follow for each in here):
        return
    yield from [each for each in here if _starts(episode.entry, each)][-1:]


_SENTENCE_ENDS = bytes.maketrans(b"!?\n", b"...")


def _may_repeat(runs: Sequence[Run]) -> bool:
    """Tell fast whether a stretch of over 10 bytes between full stops is said in two turns of the company."""
    seen: set[bytes] = set()
    for run in runs:
        if run.side != "company":
            continue
        text = run.text.lower().encode("utf-8", "replace").replace(b"\xe2\x80\xa6", b".")
        pieces = {piece.strip() for piece in text.translate(_SENTENCE_ENDS).split(b".") if len(piece) > 10}
        if not seen.isdisjoint(pieces):
            return True
        seen |= pieces
    return False


def _repeat(episode: Episode, runs: Sequence[Run]) -> Iterator[tuple[Run, int, int]]:
    """Yield the sentence at its `count`-th time: the same words, said in different company turns."""
    if sum(run.side == "company" for run in runs) < episode.entry.count:
        return
    seen: dict[str, set[int]] = {}
    for number in _company(runs, 0):
        for start, end in sentence_bounds(runs[number].text):
            words = runs[number].text[start:end].lower().split()
            if len(words) < episode.entry.min_words:
                continue
            places = seen.setdefault(" ".join(words).rstrip(".!?"), set())
            if number not in places:
                places.add(number)
                if len(places) == episode.entry.count:
                    yield runs[number], start, end


def _at_finding(episode: Episode, evidence: Finding, interaction_id: str) -> Finding:
    from frictionlens.engine.detector import fingerprint

    return Finding(
        rule_id=episode.id,
        category=episode.category.id,
        family=episode.category.family,
        severity=episode.entry.severity,
        confidence=episode.confidence,
        turn=evidence.turn,
        start=evidence.start,
        end=evidence.end,
        quote=evidence.quote,
        kind_of_no=None,
        charged=evidence.charged,
        fingerprint=fingerprint(episode.id, evidence.fingerprint, interaction_id),
    )


def _at_sentence(episode: Episode, run: Run, first: int, last: int, interaction_id: str) -> Finding:
    from frictionlens.engine.detector import fingerprint

    text = run.text[first:last]
    turn, left, right = run.place(first + len(text) - len(text.lstrip()), first + len(text.rstrip()))
    return Finding(
        rule_id=episode.id,
        category=episode.category.id,
        family=episode.category.family,
        severity=episode.entry.severity,
        confidence=episode.confidence,
        turn=turn,
        start=left,
        end=right,
        quote=dict(run.turns)[turn].text[left:right],
        kind_of_no=None,
        charged=(),
        fingerprint=fingerprint(episode.id, " ".join(text.lower().split()), interaction_id),
    )
