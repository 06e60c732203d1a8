"""Own the judgement: results and policy in, verdict out. Pure: no files, no clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from statistics import fmean
from typing import Final

from frictionlens.analytics.intervals import wilson
from frictionlens.config import Policy, Settings, SliceLimit
from frictionlens.errors import Problem, Skipped, UserError, nearest
from frictionlens.gate._baseline import Baseline, BaselineEntry
from frictionlens.gate._outcome import decide
from frictionlens.gate._suppressions import Suppression
from frictionlens.gate._verdict import COMPANY_FAMILIES, Case, Criterion, Failure, Standing, Verdict, named
from frictionlens.model import LEVELS, Finding, Scored
from frictionlens.rules.confidence import Audited, confidence_of

_ALL: Final = "all interactions"


def check_names(settings: Settings, known: Collection[str]) -> None:
    """Check that the policy names rules and categories that exist.

    Raises:
        UserError: a name that fits none, with the place where it is written.
    """
    policy = settings.check
    named = [("check.forbidden", name) for name in policy.forbidden]
    named += [(f"check.budgets.{name}", name) for name in policy.budgets]
    named += [(f"check.required.{name}", each) for name, ways in policy.required.items() for each in (name, *ways)]
    named += [("check.slices", name) for limit in policy.slices for name in limit.budgets]
    for key, name in named:
        if problem := _unknown(name, known):
            raise UserError(problem, f"{settings.origin(key)}: {key}")


def _unknown(name: str, known: Collection[str]) -> str:
    if any(fnmatchcase(each, name) for each in known):
        return ""
    return f"there is no rule or category {name!r}{nearest(name, known)}"


def judge(
    records: Iterable[Scored | Problem | Skipped],
    policy: Policy,
    *,
    today: date,
    baseline: Baseline | None = None,
    suppressions: Sequence[Suppression] = (),
    audited: Mapping[str, Audited] | None = None,
    known: Collection[str] | None = None,
) -> Verdict:
    """Judge results by a policy.

    An interaction that carries `expect` is a test of the rules: it passes when its expectation holds, and nothing
    else is asked of it. All others are judged by the policy; of their findings only those count that are new
    (not in the baseline), not suppressed, and sure enough (`min_confidence`, `min_precision`). The score that limits
    look at is the score less what the findings that do not count contributed to it.

    Args:
        records: results, and what could not be read.
        policy: the `[check]` table.
        today: the day on which suppressions run out.
        baseline: accepted findings.
        suppressions: silenced findings.
        audited: how rules were judged on this user's data; it decides their confidence and `min_precision`.
        known: ids of all rules and categories, so that a misspelt expectation fails instead of holding for ever.
    """
    scored: list[Scored] = []
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    for record in records:
        if isinstance(record, Scored):
            scored.append(record)
        elif isinstance(record, Problem):
            problems.append(record)
        else:
            skipped.append(record)
    scored.sort(key=lambda each: (each.source, each.interaction_id))

    rest = baseline.counts() if baseline else Counter[str]()
    used: set[Suppression] = set()
    barred = _barred(policy, audited or {})
    active = [each for each in suppressions if not each.expired(today)]
    cases = [_stand(each, rest=rest, suppressions=active, used=used, barred=barred) for each in scored]
    limited = [each for each in cases if each.scored.expect is None]
    failures = _failures(policy)
    cases = [
        replace(case, failures=tuple(_expectation(case, known) if case.scored.expect else failures(case)))
        for case in cases
    ]
    limited = [each for each in cases if each.scored.expect is None]
    criteria = tuple(_criteria(policy, cases, limited))
    bad = sum(len(each.failures) for each in cases) + sum(not each.passed for each in criteria)
    standings: Counter[Standing] = Counter()
    for case in cases:
        for standing, finding in zip(case.standings, case.scored.findings, strict=True):
            if finding.family in COMPANY_FAMILIES:
                standings[standing] += 1
    return Verdict(
        outcome=decide(
            failures=bad,
            problems=len(problems),
            allow_problems=policy.allow_problems,
        ),
        policy=policy,
        cases=tuple(cases),
        criteria=criteria,
        overdrawn=tuple(_overdrawn(policy.budgets, limited)),
        problems=tuple(sorted(problems)),
        skipped=tuple(sorted(skipped)),
        stale=tuple(_stale(baseline, rest, scored)) if baseline else (),
        unused=tuple(each for each in active if each not in used),
        expired=tuple(each for each in suppressions if each.expired(today)),
        baseline_used=baseline is not None,
        mean=fmean(each.counted for each in limited) if limited else 0.0,
        standings=dict(standings),
    )


def update_baseline(verdict: Verdict, path_of: Callable[[str], str], old: Baseline | None) -> list[BaselineEntry]:
    """Return the entries of a baseline that accepts everything which counts now.

    Entries of files that were not looked at in this run, and still exist, are kept.
    """
    seen = {path_of(case.scored.source) for case in verdict.cases}
    kept = [each for each in old.entries if each.source not in seen and old.exists(each)] if old else []
    return kept + [
        BaselineEntry(path_of(case.scored.source), case.scored.interaction_id, finding.rule_id, finding.fingerprint)
        for case in verdict.cases
        for standing, finding in zip(case.standings, case.scored.findings, strict=True)
        if standing in ("open", "accepted") and finding.family in COMPANY_FAMILIES
    ]


def _stale(baseline: Baseline, rest: Counter[str], scored: Sequence[Scored]) -> Iterator[BaselineEntry]:
    """Yield entries that nothing used, in files that were looked at or are gone; of others nothing is known."""
    left = rest.copy()
    seen = {baseline.place_of(each.source) for each in scored}
    for entry in baseline.entries:
        count = min(left[entry.fingerprint], entry.count)
        if count > 0 and (entry.source in seen or not baseline.exists(entry)):
            left[entry.fingerprint] -= count
            yield BaselineEntry(entry.source, entry.interaction_id, entry.rule_id, entry.fingerprint, count)


def _barred(policy: Policy, audited: Mapping[str, Audited]) -> Callable[[Finding], str]:
    """Return a function that tells why a finding may not fail a build, or an empty string."""

    def why(finding: Finding) -> str:
        found = audited.get(finding.rule_id)
        if policy.min_precision is not None:
            if found is None or not found.of:
                return "precision never audited"
            low, high = wilson(found.true, found.of)
            if low < policy.min_precision:
                share = f"{found.true / found.of:.2f} ({low:.2f} to {high:.2f}, {found.of} labels)"
                return f"audited precision {share} is below {policy.min_precision:g}"
        # An audit of one's own says more about one's own data than the one that the rules came with; the finding has
        # that one in it, and pattern by pattern.
        own = found is not None and found.patterns is None
        confidence = confidence_of(found) if own else finding.confidence
        if LEVELS.index(confidence) < LEVELS.index(policy.min_confidence):
            return f"confidence {confidence}"
        return ""

    return why


def _stand(
    scored: Scored,
    *,
    rest: Counter[str],
    suppressions: Sequence[Suppression],
    used: set[Suppression],
    barred: Callable[[Finding], str],
) -> Case:
    """Say how each finding of an interaction stands, and what is left of its score."""
    standings: list[Standing] = []
    notes: list[str] = []
    for finding in scored.findings:
        standing: Standing = "open"
        note = ""
        covering = [each for each in suppressions if each.covers(scored, finding)]
        used.update(covering)
        if scored.expect is not None:
            standing = "expected"
        elif finding.family not in COMPANY_FAMILIES:
            pass
        elif covering:
            standing, note = "suppressed", covering[0].justification
        elif note := barred(finding):
            standing = "advisory"
        elif rest[finding.fingerprint] > 0:
            rest[finding.fingerprint] -= 1
            standing = "accepted"
        standings.append(standing)
        notes.append(note)
    counted = scored.score
    if any(each in ("accepted", "suppressed", "advisory") for each in standings):
        points = sum(each.points for each in scored.contributions if standings[each.finding] == "open")
        counted = round(min(max(points, 0.0), 100.0), 2)
    return Case(scored, tuple(standings), tuple(notes), counted)


def _open(case: Case) -> Iterator[tuple[int, Finding]]:
    for index, (standing, finding) in enumerate(zip(case.standings, case.scored.findings, strict=True)):
        if standing == "open":
            yield index, finding


def _least_severity(policy: Policy) -> str:
    """Return what `fail_on` means: unset, it is medium unless the policy sets limits of its own."""
    if policy.fail_on:
        return policy.fail_on
    limits = (policy.max_score, policy.max_mean, policy.max_share_over)
    own = any(each is not None for each in limits) or policy.forbidden or policy.budgets or policy.slices
    return "never" if own or policy.required else "medium"


def _failures(policy: Policy) -> Callable[[Case], Iterator[Failure]]:
    """Return the function that lists why one interaction fails under the policy."""
    severity = _least_severity(policy)

    def of(case: Case) -> Iterator[Failure]:
        for index, finding in _open(case):
            company = finding.family in COMPANY_FAMILIES
            if name := next((each for each in policy.forbidden if named(each, finding)), None):
                yield Failure("forbidden", f"{name} is forbidden", index)
            elif company and severity != "never" and LEVELS.index(finding.severity) >= LEVELS.index(severity):
                yield Failure("fail_on", f"new finding of {finding.severity} severity", index)
            for name, ways in policy.required.items():
                if company and named(name, finding) and not _answered(case.scored, finding, ways):
                    yield Failure("required", f"{name} without {_any_of(ways)} in this or a later turn", index)
        if policy.max_score is not None and case.counted > policy.max_score:
            rest = "" if case.counted == case.scored.score else f" (of {case.scored.score:g}, the rest does not count)"
            yield Failure("max_score", f"friction score {case.counted:g} is over {policy.max_score:g}{rest}")

    return of


def _answered(scored: Scored, finding: Finding, ways: Sequence[str]) -> bool:
    return any(each.turn >= finding.turn and any(named(way, each) for way in ways) for each in scored.findings)


def _any_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"any of {', '.join(names)}"


def _expectation(case: Case, known: Collection[str] | None) -> Iterator[Failure]:
    """List what a QA sample promised and the rules do not keep."""
    scored, expect = case.scored, case.scored.expect
    if expect is None:
        return
    for name in (*expect.found, *expect.not_found):
        if known is not None and (problem := _unknown(name, known)):
            yield Failure("expect", problem)
            return
    hidden = "; ".join(f"{each.what} not evaluated: {each.reason}" for each in scored.not_evaluated)
    for name in expect.found:
        if not any(named(name, each) for each in scored.findings):
            yield Failure("expect", f"expected {name}, which was not found{f' ({hidden})' if hidden else ''}")
    for name in expect.not_found:
        hits = [index for index, each in enumerate(scored.findings) if named(name, each)]
        for index in hits:
            rule = scored.findings[index].rule_id
            yield Failure(
                "expect", f"expected no {name}, and {rule} found it in turn {scored.findings[index].turn}", index
            )
        if not hits and not case.evaluated:
            yield Failure("expect", f"expected no {name}, which could not be looked for ({hidden})")
    if expect.min_score is not None and scored.score < expect.min_score:
        yield Failure("expect", f"expected a score of at least {expect.min_score:g}, and it is {scored.score:g}")
    if expect.max_score is not None and scored.score > expect.max_score:
        yield Failure("expect", f"expected a score of at most {expect.max_score:g}, and it is {scored.score:g}")


def _criteria(policy: Policy, cases: Sequence[Case], limited: Sequence[Case]) -> Iterator[Criterion]:
    """Judge the limits that look at many interactions."""
    yield from _averages(limited, policy, policy.threshold)
    yield from _budgets(policy.budgets, limited)
    for limit in policy.slices:
        yield from _slice(limit, policy, limited)
    if policy.min_coverage is not None:
        done = sum(each.evaluated for each in cases)
        share = done / len(cases) if cases else 1.0
        found = f"{done} of {len(cases)} interactions ({share:.1%}, at least {policy.min_coverage:.1%})"
        message = f"friction was looked for in {found}"
        yield Criterion("min_coverage", "coverage", share >= policy.min_coverage, message)


def _averages(
    cases: Sequence[Case], limit: Policy | SliceLimit, threshold: float, *, prefix: str = "", whom: str = _ALL
) -> Iterator[Criterion]:
    max_mean, max_share = limit.max_mean, limit.max_share_over
    if max_mean is not None:
        mean = fmean(each.counted for each in cases) if cases else 0.0
        message = f"mean friction score of {whom} is {mean:.1f} (at most {max_mean:g}, {len(cases)} interactions)"
        yield Criterion(f"{prefix}max_mean", f"mean score, {whom}", mean <= max_mean, message)
    if max_share is not None:
        over = sum(each.counted > threshold for each in cases)
        share = over / len(cases) if cases else 0.0
        message = (
            f"{over} of {len(cases)} {_plural(whom)} score over {threshold:g} ({share:.1%}, at most {max_share:.1%})"
        )
        yield Criterion(f"{prefix}max_share_over", f"share over {threshold:g}, {whom}", share <= max_share, message)


def _plural(whom: str) -> str:
    return "interactions" if whom == _ALL else f"interactions of {whom}"


def _spent(name: str, cases: Sequence[Case]) -> tuple[int, int]:
    """Return how many findings bear a name, and in how many interactions."""
    hits = [count for case in cases if (count := sum(named(name, finding) for _, finding in _open(case)))]
    return sum(hits), len(hits)


def _within(budget: int | str, findings: int, interactions: int, total: int) -> bool:
    if isinstance(budget, int):
        return findings <= budget
    return not total or interactions / total * 100 <= float(budget.rstrip("%"))


def _overdrawn(budgets: Mapping[str, int | str], cases: Sequence[Case]) -> list[str]:
    return [name for name, budget in budgets.items() if not _within(budget, *_spent(name, cases), len(cases))]


def _budgets(
    budgets: Mapping[str, int | str], cases: Sequence[Case], prefix: str = "", whom: str = _ALL
) -> Iterator[Criterion]:
    for name, budget in budgets.items():
        findings, interactions = _spent(name, cases)
        if isinstance(budget, int):
            message = f"{name} was found {findings} times in {_plural(whom)} (at most {budget})"
        else:
            share = interactions / len(cases) if cases else 0.0
            message = (
                f"{name} was found in {interactions} of {len(cases)} {_plural(whom)} ({share:.1%}, at most {budget})"
            )
        yield Criterion(
            f"{prefix}budgets.{name}",
            f"budget of {name}, {whom}",
            _within(budget, findings, interactions, len(cases)),
            message,
        )


def _slice(limit: SliceLimit, policy: Policy, cases: Sequence[Case]) -> Iterator[Criterion]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for value in _values(case.scored, limit.by):
            if not limit.only or value in limit.only:
                groups[value].append(case)
    for value in sorted(groups):
        whom, prefix = f"{limit.by} {value}", f"slices.{limit.by}.{value}."
        group = groups[value]
        if len(group) < limit.min_size:
            message = f"{whom} has {len(group)} interactions, too few to judge (min_size {limit.min_size})"
            yield Criterion(f"{prefix}min_size", f"size, {whom}", True, message)
            continue
        yield from _averages(group, limit, policy.threshold, prefix=prefix, whom=whom)
        yield from _budgets(limit.budgets, group, prefix, whom)


def _values(scored: Scored, by: str) -> tuple[str, ...]:
    if by == "tag":
        return scored.tags
    value = getattr(scored, by)
    return (str(value),) if value else ()
