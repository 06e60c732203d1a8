"""Show an evaluation: on the terminal with its mistakes in their conversations, or as JSON without any text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frictionlens.analytics.intervals import Interval
from frictionlens.errors import counted
from frictionlens.evaluation import LEAST_LABELS, Evaluation, Measure, Mistake, Share, Shortfall
from frictionlens.pipeline import names_of
from frictionlens.privacy import Mode, printable
from frictionlens.reporters.conversation import in_place

CONFUSIONS: Final = 8
_NAMED: Final = 6
"""Unknown labels that are named; JSON has them all."""
_WITH_SPANS: Final = 76
"""Least width for intervals in tables."""
_TOO_FEW: Final = "too few"


def show(
    found: Evaluation,
    shortfalls: Sequence[Shortfall],
    console: Console,
    *,
    mode: Mode = "on",
    mistakes: int = 3,
    category: str | None = None,
) -> None:
    """Print an evaluation.

    Args:
        found: what was measured.
        shortfalls: of `--min-f1`.
        console: where to.
        mode: redaction of what is quoted.
        mistakes: how many misses and how many false alarms to print with their conversation.
        category: only mistakes in this category.
    """
    sections = [
        _head(found),
        _measures(found, console.width),
        _sources(found, console.width),
        _confusion(found),
        _charges(found),
    ]
    for section in [*sections, *_mistakes(found, mode, mistakes, category), _shortfalls(shortfalls)]:
        if section is not None:
            console.print(section)
            console.print()


def to_json(found: Evaluation, shortfalls: Sequence[Shortfall]) -> bytes:
    """Encode everything that was measured; mistakes by place, without text."""
    data: dict[str, Any] = {"schema_version": 1, **msgspec.to_builtins(msgspec.structs.replace(found, mistakes=()))}
    # Kappa is of two raters and one category.
    for each in (*data["families"], *(one["measure"] for one in data["by_source"])):
        del each["kappa"]
    data["mistakes"] = [
        {
            "kind": each.kind,
            "category": each.category,
            "source": each.interaction.source,
            "interaction_id": each.interaction.id,
            "turn": each.turn,
            "rules": sorted({one.rule_id for one in each.findings if one.category == each.category}),
            "labels": each.labels,
            "points": each.points,
        }
        for each in found.mistakes
    ]
    data["shortfalls"] = msgspec.to_builtins(list(shortfalls))
    return msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"


def figure(value: float | None) -> str:
    """Return a share with two digits, or a dash where it divides by nothing."""
    return "–" if value is None else f"{value:.2f}"


def span(interval: Interval | None) -> str:
    """Return an interval as `.88–.95`."""
    return "" if interval is None else "–".join(f"{end:.2f}".removeprefix("0") for end in interval)


def _table(title: str, columns: Iterable[str], *, left: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.show_edge, table.header_style = False, "dim"
    for number, name in enumerate(columns):
        # Numbers stand right; names may be long and fold.
        table.add_column(name, justify="left" if number < left else "right", overflow="fold")
    return table


def _head(found: Evaluation) -> RenderableType:
    text = Text()
    number, units = counted(found.units, "labelled unit").split(" ", 1)
    text.append(number, "bold")
    text.append(f" {units} in {counted(found.interactions, 'interaction')}, compared with what the rules found\n")
    text.append("95 % intervals: Wilson; F1: bootstrap over interactions. Kappa: rules against labels.", "dim")
    if unread := told_unread(found):
        text.append(f"\n{unread}", "yellow")
    if found.unsure:
        listed = ", ".join(f"{name} (in {counted(number, 'unit')})" for name, number in found.unsure.items())
        text.append(f"\nNot judged where the label is unsure or unreadable: {listed}", "yellow")
    if found.misplaced_labels:
        listed = ", ".join(f"{name} ({number})" for name, number in found.misplaced_labels.items())
        text.append(f"\nNot counted, on a role that cannot carry it: {listed}", "yellow")
    if found.only:
        text.append(f"\nNothing else was looked for: {', '.join(found.only)}", "dim")
    if found.not_judged:
        listed = ", ".join(f"{name} ({counted(number, 'finding')})" for name, number in found.not_judged.items())
        text.append(f"\nNot judged, the data carry no such labels: {listed}", "dim")
    return Padding(text, (1, 0, 0, 0))


def told_unread(found: Evaluation) -> str:
    """Return how many units have labels that are no category, and what may be meant by them; empty where none has."""
    if not found.unread:
        return ""
    parts = []
    for label, number in list(found.unknown_labels.items())[:_NAMED]:
        near = f", did you mean {found.suggested[label]!r}?" if label in found.suggested else ""
        parts.append(f"{printable(label)!r} ({number}{near})")
    if more := len(found.unknown_labels) - _NAMED:
        parts += [f"and {more} more"] if more > 0 else []
    return f"Not judged, {counted(found.unread, 'unit')} with a label that is no category: {', '.join(parts)}"


def _measures(found: Evaluation, width: int) -> RenderableType | None:
    if not found.categories:
        return Text("Nothing to judge: none of what was looked for is labelled or found.", "yellow")
    spans = width >= _WITH_SPANS
    table = _table("By category", ("category", "precision", "recall", "F1", "kappa", "labels", "found"))
    table.padding = (0, 2, 0, 0) if width >= 100 else (0, 0, 0, 0)
    table.columns[0].no_wrap = True
    for family in found.families:
        members = [one for one in found.categories if one.family == family.name]
        for each in members:
            table.add_row(*_row(each, each.name, spans=spans), end_section=len(members) == 1)
        # A family of one says the same again.
        if len(members) > 1:
            table.add_row(*_row(family, f"{family.name}, micro", spans=spans), style="bold", end_section=True)
    notes = list(_notes(found, spans=spans))
    return Group(table, *notes) if notes else table


def _notes(found: Evaluation, *, spans: bool) -> Iterator[Text]:
    without = [each.labelled for each in (*found.categories, *found.families) if each.f1_interval is None]
    if spans and without:
        reasons = [f"{_TOO_FEW}: fewer than {LEAST_LABELS} labels"] if min(without) < LEAST_LABELS else []
        reasons += ["–: no mistake, or one conversation, to draw from"] if max(without) >= LEAST_LABELS else []
        yield Text(f"F1 without an interval: {'; '.join(reasons)}.", "dim")
    clean = found.clean
    if clean.share is not None:
        whole = found.conversations
        units = "conversations" if whole == found.units else "company turns" if not whole else "turns and conversations"
        rates = f"{clean.share:.1%} ({clean.interval.low:.1%} to {clean.interval.high:.1%})"
        yield Text(f"Labelled with nothing: friction found in {clean.hits} of {clean.of} {units} = {rates}")


def _row(each: Measure, name: str, *, spans: bool) -> list[Text]:
    return [
        Text(name),
        *_shares(each, spans=spans),
        Text(figure(each.kappa) if each.kappa is not None else ""),
        *_sizes(each),
    ]


def _shares(each: Measure, *, spans: bool) -> list[Text]:
    """Return precision, recall and F1, with their intervals where there is room."""

    def with_span(value: float | None, interval: Interval | None) -> Text:
        text = Text(figure(value))
        if spans and value is not None:
            none = _TOO_FEW if each.labelled < LEAST_LABELS else "–"
            text.append(f" {span(interval) or none:>7}", "dim not bold")
        return text

    return [
        with_span(each.precision, each.precision_interval),
        with_span(each.recall, each.recall_interval),
        with_span(each.f1, each.f1_interval),
    ]


def _sizes(each: Measure) -> list[Text]:
    return [Text(f"{each.labelled:,}"), Text(f"{each.found:,}")]


def _sources(found: Evaluation, width: int) -> RenderableType | None:
    if len({each.source for each in found.by_source}) < 2:
        return None
    spans = width >= _WITH_SPANS
    table = _table("By source", ("source, family", "precision", "recall", "F1", "labels", "found"))
    table.padding = (0, 2, 0, 0) if width >= 100 else (0, 1, 0, 0)
    last = None
    for each in found.by_source:
        if each.source != last:
            last = each.source
            table.add_row(Text(printable(each.source), "bold"), end_section=False)
        table.add_row(Text(f"  {each.measure.name}"), *_shares(each.measure, spans=spans), *_sizes(each.measure))
    return table


def _confusion(found: Evaluation) -> RenderableType | None:
    if not found.confusion:
        return None
    more = len(found.confusion) - CONFUSIONS
    table = _table("Most frequent confusions", ("source", "labelled", "found", "units"), left=3)
    for each in found.confusion[:CONFUSIONS]:
        cells = (printable(each.source), each.labelled or "(nothing)", each.found or "(nothing)", str(each.count))
        table.add_row(*map(Text, cells))
    return Group(table, Text(f"and {more} rarer ones in --to json", "dim")) if more > 0 else table


def _charges(found: Evaluation) -> RenderableType | None:
    rows: list[tuple[str, Share]] = [
        ("process named, or rightly nobody", found.charged_named),
        ("right kind, where one is named", found.charged_kind),
        ("right name (a word in common)", found.charged_name),
        ("kind of no", found.kind_of_no),
    ]
    if not any(each.of for _, each in rows):
        return None
    table = _table("Charged process", ("", "right", "of", "share"))
    for what, each in rows:
        if each.of:
            cell = Text(figure(each.share)).append(f" {span(each.interval)}", "dim")
            table.add_row(Text(what), Text(str(each.hits)), Text(str(each.of)), cell)
    return table


def _mistakes(found: Evaluation, mode: Mode, most: int, category: str | None) -> Iterable[RenderableType]:
    wanted = [each for each in found.mistakes if category in (None, each.category)]
    if category and not wanted:
        one = next((each for each in found.categories if each.name == category), None)
        says = "neither labelled nor found among what is judged"
        if one:
            says = f"{one.labelled:,} labelled, {one.found:,} found"
        yield Text(f"No mistakes in {category}: {says}.", "bold")
    for kind, title in (("miss", "Worst misses"), ("false alarm", "Worst false alarms")):
        chosen = [each for each in wanted if each.kind == kind]
        if chosen and most:
            yield Text(f"{title} ({min(most, len(chosen))} of {len(chosen)})", "bold")
        for each in chosen[:most]:
            yield _mistake(each, mode)


def _mistake(each: Mistake, mode: Mode) -> RenderableType:
    interaction = each.interaction
    head = Text(f"{each.category}", "bold red")
    head.append("  labelled, not found" if each.kind == "miss" else "  found, not labelled", "not bold")
    head.append(f"  {printable(interaction.id)}", "bold")
    head.append(f"  {printable(interaction.source)}", "dim not bold")
    shown = [one for one in each.findings if one.family != "episode"]
    table = in_place(interaction, each.turn, shown, mode, names=names_of(interaction))
    foot = Text("labels: " + (", ".join(map(printable, each.labels)) or "none"), "dim")
    if each.findings:
        foot.append("; found: " + ", ".join(sorted({one.rule_id for one in each.findings})))
    return Padding(Group(head, table, foot), (0, 0, 0, 2))


def _shortfalls(shortfalls: Sequence[Shortfall]) -> RenderableType | None:
    if not shortfalls:
        return None
    text = Text()
    for each in shortfalls:
        what = "nothing in these data to judge it by" if each.f1 is None else f"F1 {each.f1:.3f}"
        text.append(
            f"{'' if not text.plain else chr(10)}FAILED {each.name}: {what}, asked for {each.least:g}", "bold red"
        )
    return text
