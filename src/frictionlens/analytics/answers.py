"""Own the first page: five questions of a person with five minutes, answered from the numbers below."""

from __future__ import annotations

from collections.abc import Sequence

from frictionlens.analytics.report import Answer, Bucket, ChangeResult, Headline, LedgerRow, Rate, Series
from frictionlens.analytics.series import difference


def build_answers(
    buckets: Sequence[Bucket],
    headline: Headline,
    ledger: Sequence[LedgerRow],
    series: Sequence[Series],
    changes: Sequence[ChangeResult],
) -> tuple[Answer, ...]:
    """Answer: what got worse, which process, what it cost, what to say instead, did the change help.

    Args:
        buckets: the window, oldest first.
        headline: the last bucket in numbers.
        ledger: processes by harm.
        series: every series in which a step could have been found.
        changes: what became of change dates.
    """
    return (
        Answer("What got worse?", _worse(buckets, series)),
        Answer("Which process is behind it?", _process(buckets, ledger)),
        Answer("What did it cost?", _cost(headline)),
        Answer("What to say or do instead?", _instead(ledger)),
        Answer("Did the last change help?", _helped(changes)),
    )


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share for people: `31 %`, and a dash where there is nothing to divide by."""
    if share is None:
        return "–"
    digits = digits or (1 if 0 < share < 0.0995 else 0)
    return f"{share * 100:.{digits}f} %"


def number(value: float) -> str:
    """Write a number for people, thousands set apart by a thin space."""
    return f"{value:,.0f}".replace(",", "\u202f")


def _worse(buckets: Sequence[Bucket], series: Sequence[Series]) -> str:
    last = len(buckets) - 1
    now = [(each, step) for each in series for step in each.steps if step.bucket == last and step.direction == "up"]
    earlier = [(each, each.steps[-1]) for each in series if each.steps and _still_up(each, last)]
    better = [
        each for each in series if each.steps and each.steps[-1].bucket == last and each not in {e for e, _ in now}
    ]
    if last == 0:
        return "There is no earlier period to compare with."
    parts = []
    if now:
        parts.append(
            "New in this period: "
            + _joined([_moved(each, step.difference.before, step.difference.after) for each, step in now[:3]])
            + "."
        )
    else:
        parts.append("Nothing that clears the noise rose in this period.")
    if earlier:
        largest = sorted(earlier, key=lambda item: -(item[1].difference.points or 0))[:2]
        first = [
            _moved(each, step.difference.before, each.rates[-1], f"since {buckets[step.bucket].label}: ")
            for each, step in largest
        ]
        parts.append("Still up from before: " + _joined(first) + ".")
    if better:
        parts.append("Down again: " + _joined([_label(each) for each in better[:3]]) + ".")
    return " ".join(parts)


def _still_up(series: Series, last: int) -> bool:
    """Tell whether a rise in an earlier week still holds in this one, looked at alone."""
    step = series.steps[-1]
    gap = difference(step.difference.before, series.rates[-1])
    return step.direction == "up" and step.bucket < last and gap.low is not None and gap.low > 0


def _moved(series: Series, before: Rate, after: Rate, since: str = "") -> str:
    return f"{_label(series)} ({since}{percent(before.share)} → {percent(after.share)})"


def _label(series: Series) -> str:
    """Write `policy: return window` as people say it: “return window”."""
    kind, _, name = series.name.partition(": ")
    return (
        f"“{name}”"
        if name and kind in ("policy", "system", "department", "authority", "third_party", "contract")
        else series.name
    )


def _process(buckets: Sequence[Bucket], ledger: Sequence[LedgerRow]) -> str:
    if not ledger:
        return "No process was named often enough to rank."
    first = ledger[0]
    text = (
        f"“{first.name}” ({first.kind.replace('_', ' ')}): {number(first.interactions.count)} interactions, "
        f"{number(first.points)} friction points; {percent(first.leaving.share)} of them with a leaving threat, "
        f"{percent(first.dead_ends.share)} a dead end."
    )
    if first.conflicting:
        text += " It is quoted in different ways: " + _joined([each.text for each in first.numbers]) + "."
    rising = [row for row in ledger if row.series.steps and row.series.steps[-1].direction == "up"]
    if rising and rising[0].name != first.name:
        row = rising[0]
        text += f" Rising: “{row.name}” (since {buckets[row.series.steps[-1].bucket].label})."
    elif rising:
        text += f" It rose in {buckets[first.series.steps[-1].bucket].label} and has not come back."
    return text


def _cost(headline: Headline) -> str:
    share = headline.process_words / headline.company_words if headline.company_words else None
    time = ""
    if headline.process_minutes:
        hours = headline.process_minutes / 60
        time = f" and {number(hours)} hours" if hours >= 2 else f" and {number(headline.process_minutes)} minutes"
    return (
        f"{number(headline.process_words)} words{time} went on process instead of help"
        f" ({percent(share)} of what the company said). {number(headline.dead_ends.count)} dead ends, "
        f"{number(headline.leaving.count)} leaving threats, {number(headline.escalations.count)} escalations."
    )


def _instead(ledger: Sequence[LedgerRow]) -> str:
    row = next((row for row in ledger if row.advice), None)
    if row is None or row.advice is None:
        return "The rules behind this report carry no better wording."
    return f"On “{row.name}”: {row.advice.advice}"


def _helped(changes: Sequence[ChangeResult]) -> str:
    if not changes:
        return "No change dates were given (changes.yml), so step six cannot be judged."
    parts = []
    for change in changes[-2:]:
        ratio = ""
        if change.ratio is not None and change.verdict in ("fell", "rose"):
            ratio = f" to {change.ratio:.2f} times (95 % {change.ratio_low:.2f} to {change.ratio_high:.2f})"
        parts.append(f"“{change.process}” after {change.date}: {change.verdict}{ratio}.")
    return " ".join(parts)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
