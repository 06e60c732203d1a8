"""Own the report on the terminal: the five answers, the ledger, and what changed, in one screen or two."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frictionlens.analytics.report import Report, Series
from frictionlens.privacy import printable
from frictionlens.reporters.weekly import words

_BARS = "▁▂▃▄▅▆▇█"


def show(report: Report, console: Console) -> None:
    """Print the report; wide columns are left out where there is no room."""
    width = console.width
    console.print(Text(report.title, "bold"))
    extent = f"{words.period_words(report)} ({report.timezone}), {words.extent_words(report)}."
    console.print(Text(extent, "dim"))
    if not report.headline.interactions:
        console.print("No interaction of this period is in the store.")
        return
    console.print(_answers(report))
    for title, table in (
        ("Process ledger", _ledger(report, width)),
        ("Kinds of friction", _series(report.kinds, report, width)),
        ("Recovery, in interactions with friction", _funnel(report)),
        ("Seven signs", _series(report.signs, report, width)),
        ("Change dates", _changes(report)),
    ):
        if table.row_count:
            console.print()
            console.print(Text(title, "bold"))
            console.print(table)
    console.print()
    for line in words.coverage_words(report):
        console.print(Text(printable(line), "dim"))


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for name, how in columns:
        table.add_column(name, justify="left" if how == "text" else "right", no_wrap=how != "text", overflow="fold")
    return table


def _answers(report: Report) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(1, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", max_width=88)
    for each in report.answers:
        table.add_row(each.question, Text(printable(each.answer)))
    return table


def _ledger(report: Report, width: int) -> Table:
    wide = width >= 100
    names = [("#", "num"), ("process", "text"), ("interactions", "num"), ("harm", "num")]
    names += [("refused", "num"), ("dead end", "num"), ("leaving", "num"), ("by period", "num")] if wide else []
    table = _table(*names, ("change", "num"))
    for row in (*report.ledger[:10], *([report.nobody_named] if report.nobody_named else [])):
        name = Text(printable(row.name))
        name.append(f"  {row.kind.replace('_', ' ')}" if row.rank else "", "dim")
        if row.conflicting:
            name.append(f"  quoted as {' and '.join(each.text for each in row.numbers)}", "yellow")
        cells = [Text(str(row.rank) if row.rank else ""), name, Text(words.number(row.interactions.count))]
        cells.append(Text(words.number(row.harm)))
        if wide:
            cells += [
                Text(words.percent(each.share).replace("\u00a0", " "))
                for each in (row.refused, row.dead_ends, row.leaving)
            ]
            cells.append(Text(_bars(row.series), "dim"))
        table.add_row(*cells, _change(row.series, report))
    return table


def _series(found: tuple[Series, ...], report: Report, width: int) -> Table:
    wide = width >= 100
    names = [("", "text"), ("share", "num"), ("95 % interval", "num")]
    table = _table(*names, *([("by period", "num")] if wide else []), ("change", "num"))
    for each in found:
        rate = each.rates[-1]
        cells = [Text(printable(each.name)), Text(words.percent(rate.share)), Text(words.interval(rate), "dim")]
        table.add_row(*cells, *([Text(_bars(each), "dim")] if wide else []), _change(each, report))
    return table


def _funnel(report: Report) -> Table:
    table = _table(("step", "text"), ("taken", "num"), ("and all before", "num"), ("change", "num"))
    for place, step in enumerate(report.funnel.steps, 1):
        left = Text(words.percent(step.reached.share), "bold" if step.name == report.funnel.breaks_at else "")
        table.add_row(f"{place}. {step.name}", words.percent(step.met.share), left, _change(step.series, report))
    return table


def _changes(report: Report) -> Table:
    table = _table(
        ("process", "text"),
        ("date", "num"),
        ("before", "num"),
        ("after", "num"),
        ("ratio to others", "num"),
        ("verdict", "text"),
    )
    for each in report.changes:
        ratio = "–" if each.ratio is None else f"× {each.ratio:.2f} ({each.ratio_low:.2f} to {each.ratio_high:.2f})"
        style = {"rose": "red", "fell": "green"}.get(each.verdict, "dim")
        before, after = words.percent(each.own.before.share), words.percent(each.own.after.share)
        table.add_row(Text(printable(each.process)), each.date, before, after, ratio, Text(each.verdict, style))
    return table


def _change(series: Series, report: Report) -> Text:
    found = words.changes_of(series, report.buckets)
    if not found:
        return Text(words.change_words(series, report.buckets), "dim")
    text = Text()
    for each in found:
        text.append(" " if text.plain else "")
        text.append(f"{each.arrow} {each.label}", "red" if each.up else "green")
    return text


def _bars(series: Series) -> str:
    top = max([rate.share or 0.0 for rate in series.rates] + [1e-9])
    return "".join(_BARS[min(int((rate.share or 0.0) / top * 7.99), 7)] for rate in series.rates)
