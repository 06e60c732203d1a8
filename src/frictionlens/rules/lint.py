"""Own the rules about rules: what loads and runs, and still is not good enough to be shipped."""

from __future__ import annotations

from typing import Final, NamedTuple

from frictionlens.rules.pack import Example, Pack, Rule

LEAST_EXAMPLES: Final = 2


class Fault(NamedTuple):
    """What is wrong with a rule, and where."""

    where: str
    message: str


def find_faults(pack: Pack) -> list[Fault]:
    """Return every fault: too few examples, missing explanations, examples said twice, audits of unknown rules."""
    faults: list[Fault] = []
    for rule in pack.rules:
        faults += _faults_of(rule)
    for episode in pack.episodes:
        if not episode.entry.examples.match or not episode.entry.examples.no_match:
            faults.append(Fault(episode.where, f"{episode.id}: needs examples that match and that do not"))
    known = {each.id for each in pack.everything}
    faults += [
        Fault(episode.where, f"{episode.id}: no such rule: {each}")
        for episode in pack.episodes
        for each in sorted(set(episode.entry.except_rules) - known)
    ]
    faults += [Fault("audited.yml", f"{each}: no such rule") for each in sorted(set(pack.audited) - known)]
    used = {each.category.id for each in pack.everything}
    faults += [
        Fault("categories.yml", f"{each}: no rule finds this category") for each in sorted(set(pack.categories) - used)
    ]
    return faults


def _faults_of(rule: Rule) -> list[Fault]:
    entry = rule.entry
    faults = [
        Fault(rule.where, f"{rule.id}: needs at least {LEAST_EXAMPLES} examples under {kind}")
        for kind in ("match", "no_match")
        if len(getattr(entry.examples, kind)) < LEAST_EXAMPLES
    ]
    examples = entry.examples
    written = [
        ("why", entry.why),
        ("advice", entry.advice or ""),
        *(("patterns", each.source) for each in rule.patterns),
    ]
    for kind in ("match", "no_match"):
        written += [(f"examples, {kind}", _said(each)[0]) for each in getattr(examples, kind)]
    faults += [
        Fault(rule.where, f"{rule.id}: {place} is still to be written: {text!r}")
        for place, text in written
        if text.startswith("TODO")
    ]
    if len(entry.why.split()) < 4:
        faults.append(Fault(rule.where, f"{rule.id}: `why` says too little"))
    if rule.category.family == "friction" and not entry.advice:
        faults.append(Fault(rule.where, f"{rule.id}: a friction rule says under `advice` what to say instead"))
    texts = [
        _said(each) for each in (*examples.match, *examples.no_match, *examples.todo_match, *examples.todo_no_match)
    ]
    faults += [
        Fault(rule.where, f"{rule.id}: an example stands there twice: {text[0]!r}")
        for text in sorted({each for each in texts if texts.count(each) > 1})
    ]
    sources = [each.source for each in rule.patterns]
    faults += [
        Fault(rule.where, f"{rule.id}: a pattern stands there twice: {source!r}")
        for source in sorted({each for each in sources if sources.count(each) > 1})
    ]
    return faults


def _said(example: str | Example) -> tuple[str, str]:
    return (example, "") if isinstance(example, str) else (example.text, f"{example.before}|{example.after}")
