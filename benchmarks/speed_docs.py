"""Write what benchmarks/speed.py measured into the pages: tables, one picture, and what a cluster would cost.

Blocks stand between `<!-- measured: NAME -->` and `<!-- end -->`; nothing in them is typed by hand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PICTURE: Final = "performance.svg"
CORE_HOUR: Final = 0.05
"""Dollars for a core and hour: an assumption, about the list price of a general-purpose cloud core."""
EXAMPLE: Final = 100_000_000
"""Interactions of the example."""
RIVALS: Final = {
    "medspacy": "medspaCy `TargetMatcher`, the same patterns",
    "re": "one compiled `re` per rule",
    "spacy": "spaCy tokeniser and one `Matcher`, the same patterns",
    "pandas": "pandas `str.contains` per rule",
}
LIMITS: Final = {
    "json": "limit: JSON parse alone (msgspec)",
    "split": "limit: `str.split` alone",
    "hyperscan": "limit: Hyperscan with all words of the rules",
}


def write(known: dict[str, Any]) -> None:
    """Write the blocks of the pages, and the picture."""
    blocks = {"performance.md": {"speed": render_performance(known)}, "scaling.md": {"cost": render_cost(known)}}
    for page, inside in blocks.items():
        for name, block in inside.items():
            write_block(page, name, block)
    (DOCS / PICTURE).write_text(render_picture(known), "utf-8")


def write_block(page: str, name: str, block: str) -> None:
    """Write one block of a page anew.

    Raises:
        SystemExit: the page has no such block.
    """
    path = DOCS / page
    pattern = re.compile(rf"(<!-- measured: {name} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    text, found = pattern.subn(lambda match: f"{match[1]}\n{block}\n{match[3]}", path.read_text("utf-8"))
    if not found:
        raise SystemExit(f"docs/{page} has no block {name!r}")
    path.write_text(text, "utf-8")


def table(header: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; columns after the first stand right."""
    names = header.split("|")
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines) + "\n"


def figure(value: float | None) -> str:
    """Return a number with three significant digits."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def _rate(entry: dict[str, Any]) -> float:
    return float(entry["megabytes"] / entry["seconds"])


def under(entry: dict[str, Any]) -> str:
    """Say what something was measured with: see `speed.machine`."""
    return (
        f"{entry['machine']}, Python {entry['python']}, {entry['rules']} rules, load {entry['load']:.1f} at its start, "
        f"{entry['day']}"
    )


def render_performance(known: dict[str, Any]) -> str:
    """Return every table of docs/performance.md."""
    parts = [f"![MB of turn text per second, and what more of everything costs]({PICTURE})\n"]
    for name, render in (
        ("scan", _scan),
        ("rivals", _rivals),
        ("turns", _growth),
        ("jobs", _jobs),
        ("memory", _memory),
    ):
        if name in known or (name == "memory" and "large" in known):
            parts.append(render(known))
    return "\n".join(parts)


def _scan(known: dict[str, Any]) -> str:
    scan = known["scan"]
    rows = []
    for name, what in (("routine", "routine contacts"), ("complaints", "complaints"), ("plain", "nothing to find")):
        each = scan[name]
        rows.append(
            [
                what,
                figure(_rate(each)),
                figure(each["file_megabytes"] / each["seconds"]),
                figure(each["turns"] / each["seconds"]),
                figure(each["interactions"] / each["seconds"]),
                figure(each["findings_a_turn"]),
                f"{each['friction']:.1%}",
            ]
        )
    whole = sum(scan["parts"].values())
    shares = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in scan["parts"].items())
    text = (
        "### Native JSONL in, sorted result JSONL out, one core\n\n"
        + table(
            "corpus | MB/s of turn text | MB/s of file | turns/s | interactions/s | findings a turn "
            "| company turns with friction",
            rows,
        )
        + f"\nWhere the time goes (routine): {shares}. Distinct words in the first 100,000: {scan['words']:,}.\n"
    )
    if "start" in known:
        text += (
            f"`scan` of one small file, from the start of the process to its end: {known['start']['wall']:.2f} s "
            f"({known['start']['cpu']:.2f} s CPU).\n"
        )
    return text + f"\nMeasured on: {under(scan)}.\n"


def _rivals(known: dict[str, Any]) -> str:
    found = known["rivals"]
    ours = _rate(known["scan"]["routine"]) if "scan" in known else None
    rows = []
    for name, what in RIVALS.items():
        each = found["runs"].get(name, {"why_not": "not measured"})
        if "why_not" in each:
            rows.append([what, each["why_not"], "", "", ""])
            continue
        equal = "–"
        if "both" in each:
            equal = f"{each['both']} in both"
            if each["only_ours"] or each["only_theirs"]:
                equal += f", {each['only_ours']} only ours, {each['only_theirs']} only theirs"
        rows.append(
            [
                what,
                figure(each["rate"]),
                f"{ours / each['rate']:,.0f} ×" if ours else "–",
                f"{each['characters'] / 1e3:,.0f} kB",
                equal,
            ]
        )
    limits = known.get("limits", {})
    for name, what in LIMITS.items():
        if limits.get(name):
            times = f"{ours / limits[name]:.2g} ×" if ours else "–"
            rows.append([what, figure(limits[name]), times, "", ""])
    equal = found["equal"]
    return (
        "### Other ways to run the same patterns\n\n"
        + table("way | MB/s | frictionlens is | sample | matches (sentence, pattern)", rows)
        + f"\nWritten out for spaCy the patterns are {found['sequences']:,} sequences; {found['skipped']} patterns "
        "have too many combinations for that and are left out. The expressions of the engine were asked about the same "
        "sentences, before conditions and context. With and without the prefilter the engine finds the same: "
        f"{equal['findings']:,} findings, {equal['differ']} interactions differ. ConvoKit's politeness strategies need "
        "the dependency parses of a trained pipeline, which is not part of this comparison.\n"
        f"\nMeasured on: {under(found)}.\n"
    )


def _growth(known: dict[str, Any]) -> str:
    turns = known["turns"]["steps"]
    first = turns[0]["seconds"] / turns[0]["turns"]
    rows = [
        [f"{each['turns']:,} turns", f"{each['seconds']:.2f}", f"{each['seconds'] / each['turns'] / first:.2f} a turn"]
        for each in turns
    ]
    text = ""
    if "rules" in known:
        steps = known["rules"]["steps"]
        for named, group in (("rules of one pattern", known["rules"].get("single", [])), ("rules", steps)):
            base = next((each["seconds"] for each in group if each["rules"] == 200), 1.0)
            rows += [
                [
                    f"{each['rules']:,} {named}" + ("" if group is not steps else f" ({each['patterns']:,} patterns)"),
                    f"{each['seconds']:.2f}",
                    f"{each['seconds'] / base:.2f} of 200",
                ]
                for each in group
            ]
        text = (
            "\nRules of one pattern are drawn from the shipped ones, with their conditions. "
            f"Whole rules beyond the {known['rules']['shipped']} shipped ones are those again with other words in all "
            "places but the commonest, words about as frequent in the corpus; they find things too ("
            + ", ".join(f"{each['findings']:,} findings with {each['rules']:,}" for each in steps)
            + "). Rules are measured in the engine alone. Compiling took "
            + ", ".join(f"{each['compiling']:.1f} s for {each['rules']:,}" for each in steps)
            + "; it is kept on disk.\n"
        )
    return (
        "### What more turns and more rules cost\n\n"
        + table("with | seconds | cost", rows)
        + text
        + f"\nMeasured on: {under(known['turns'])}.\n"
    )


def _jobs(known: dict[str, Any]) -> str:
    jobs = known["jobs"]
    one = jobs["steps"][0]["seconds"]
    rows = [
        [
            f"{each['jobs']} {'job' if each['jobs'] == 1 else 'jobs'}",
            f"{each['seconds']:.2f}",
            f"{one / each['seconds']:.2f} ×",
        ]
        for each in jobs["steps"]
    ]
    text = (
        f"### Several processes\n\nThe whole command on {figure(jobs['megabytes'])} MB of turn text, start-up "
        f"included; the bytes of the results are {'the same' if jobs['same_bytes'] else '**not the same**'}.\n\n"
        + table("with | seconds of the clock | gain", rows)
    )
    if "apart" in jobs:
        text += (
            f"\nTwo commands of one job each, on a file of their own, take {jobs['apart']:.2f} s when they run at the "
            f"same time: the cores give {2 * one / jobs['apart']:.2f} × to processes that share nothing.\n"
        )
    spark = known.get("spark", {})
    if "why_not" in spark:
        text += f"\nSpark: {spark['why_not']}.\n"
    elif spark:
        overhead = _spark_overhead(known)
        text += (
            f"\nSpark {spark['pyspark']} on this machine (`local[2]`), {figure(spark['megabytes'])} MB: "
            f"{spark['spark']['seconds']:.1f} s and {spark['spark']['start']:.1f} s for its start; two processes "
            f"of our own: {spark['processes']['seconds']:.1f} s and {spark['processes']['start']:.1f} s. Overhead once "
            f"it runs: {overhead - 1:.0%}. The result lines are "
            f"{'the same' if spark['same_bytes'] else '**not the same**'}.\n"
        )
    return text + f"\nMeasured on: {under(jobs)}.\n"


def _memory(known: dict[str, Any]) -> str:
    rows = []
    for each in (step for part in ("memory", "large") for step in known.get(part, {}).get("steps", ())):
        if "failed" in each:
            rows.append([each["name"], "", "", each["failed"], "", ""])
            continue
        seconds, peak = each["seconds"], f"{each['peak_megabytes']:.0f} MB"
        rate = figure(each["file_megabytes"] / seconds)
        rules = f"`--rule {each['rule']}`" if "rule" in each else "all"
        rows.append([each["name"], rules, f"{each['interactions']:,}", figure(seconds), rate, peak])
    text = "### Memory\n\nThe most that any one process of `scan --jobs 2` had (`VmHWM`):\n\n"
    text += table("file | rules | interactions | seconds of the clock | MB/s of file | most memory of a process", rows)
    if "large" not in known:
        text += "\nFiles of 1 GB and 10 GB and an array of 2 GB: `make bench-large`, not measured yet.\n"
    return text + f"\nMeasured on: {under(known.get('memory') or known['large'])}.\n"


def _spark_overhead(known: dict[str, Any]) -> float:
    spark = known["spark"]
    return max(1.0, float(spark["spark"]["seconds"] / spark["processes"]["seconds"]))


def render_cost(known: dict[str, Any]) -> str:
    """Return the example of docs/scaling.md: named inputs, formula, result."""
    if "scan" not in known:
        return "Not measured yet: `make bench`.\n"
    routine = known["scan"]["routine"]
    per_core = routine["interactions"] / routine["seconds"]
    jobs = known.get("jobs", {}).get("steps")
    gain = jobs[0]["seconds"] / jobs[1]["seconds"] / 2 if jobs else 1.0
    spark = known.get("spark", {})
    overhead = _spark_overhead(known) if "spark" in spark else None
    hours = EXAMPLE / (per_core * min(gain, 1.0)) * (overhead or 1.0) / 3600
    rows = [
        ["`interactions`", f"{EXAMPLE:,}", "the example"],
        [
            "`characters`",
            f"{routine['megabytes'] * 1e6 / routine['interactions']:,.0f}",
            "turn text of an interaction in the routine corpus; weigh yours and scale",
        ],
        ["`rate`", figure(per_core), "interactions a second and core, measured alone"],
        ["`side_by_side`", f"{min(gain, 1.0):.2f}", "of that rate with both cores at work (two jobs, measured)"],
        [
            "`overhead`",
            f"{overhead:.2f}" if overhead else "1 (not measured)",
            "time under Spark against processes of our own (`local[2]`, measured)",
        ],
        ["`price`", f"${CORE_HOUR:.2f}", "an hour of a core: assumed, put yours"],
    ]
    lines = [
        table("input | value | what it is", rows).replace("| ---: | ---: |", "| ---: | --- |"),
        "    core_hours = interactions / (rate × side_by_side) × overhead / 3600\n"
        f"               = {hours:,.0f}\n"
        f"    cost       = core_hours × price = ${hours * CORE_HOUR:,.2f}\n",
        "On " + ", ".join(f"{cores} cores: {_hours(hours / cores)}" for cores in (8, 64, 256)) + ".\n",
        f"Rate measured on: {under(known['scan'])}.\n",
    ]
    return "\n".join(lines)


def _hours(hours: float) -> str:
    return f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


# ---------------------------------------------------------------------------------------------------- picture

_WIDTH: Final = 860
_LEFT: Final = 330
_BAR: Final = 24
_COLOURS: Final = {"ours": "#1f6f8b", "rival": "#b0673a", "limit": "#8a8f98"}


def render_picture(known: dict[str, Any]) -> str:
    """Return an SVG: rates as bars on a logarithmic scale, and below them what more of everything costs."""
    bars: list[tuple[str, float, str]] = []
    if "scan" in known:
        bars += [
            ("frictionlens, routine contacts", _rate(known["scan"]["routine"]), "ours"),
            ("frictionlens, complaints", _rate(known["scan"]["complaints"]), "ours"),
        ]
    for name, what in RIVALS.items():
        each = known.get("rivals", {}).get("runs", {}).get(name, {})
        if "rate" in each:
            bars.append((what, each["rate"], "rival"))
    bars += [
        (what, known["limits"][name], "limit")
        for name, what in LIMITS.items()
        if known.get("limits", {}).get(name) is not None
    ]
    shapes = [_text(16, 28, "MB of turn text per second and core (logarithmic)", size=15, bold=True)]
    top = 46
    if bars:
        low = math.floor(math.log10(min(value for _, value, _ in bars)))
        high = math.ceil(math.log10(max(value for _, value, _ in bars)))
        width = (_WIDTH - _LEFT - 90) / max(high - low, 1)
        bottom = top + len(bars) * _BAR
        for power in range(low, high + 1):
            x = _LEFT + (power - low) * width
            shapes.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#d8dade"/>')
            shapes.append(_text(x, bottom + 16, f"{10.0**power:g}", size=11, anchor="middle", colour="#5b616b"))
        for row, (label, value, kind) in enumerate(bars):
            y = top + row * _BAR
            length = max((math.log10(value) - low) * width, 2)
            shapes.append(
                _text(_LEFT - 10, y + 16, label.replace("`", "").replace(", the same patterns", ""), anchor="end")
            )
            shapes.append(
                f'<rect x="{_LEFT}" y="{y + 4}" width="{length:.0f}" height="{_BAR - 8}" fill="{_COLOURS[kind]}"/>'
            )
            shapes.append(_text(_LEFT + length + 6, y + 16, figure(value), size=12))
        top = bottom + 52
    panels = _panels(known)
    if panels:
        shapes.append(_text(16, top, "Cost of more, relative to the first bar", size=15, bold=True))
        size = (_WIDTH - 32) / len(panels)
        for number, (title, steps) in enumerate(panels):
            shapes += _panel(16 + number * size, top + 16, size - 24, title, steps)
        top += 16 + 170
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="Rates and costs; the tables hold the same figures">'
        f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _panels(known: dict[str, Any]) -> list[tuple[str, list[tuple[str, float]]]]:
    found = []
    for part, unit, title in (
        ("turns", "turns", "seconds by turns"),
        ("rules", "rules", "seconds by rules"),
        ("jobs", "jobs", "seconds by jobs"),
    ):
        if part in known:
            steps = known[part]["steps"]
            base = steps[0]["seconds"]
            found.append((title, [(f"{each[unit]:,}", each["seconds"] / base) for each in steps]))
    return found


def _panel(x: float, y: float, width: float, title: str, steps: list[tuple[str, float]]) -> list[str]:
    shapes = [_text(x, y + 14, title, size=12, colour="#5b616b")]
    highest = max(value for _, value in steps)
    each = width / len(steps)
    for number, (label, value) in enumerate(steps):
        height = 90 * value / highest
        left = x + number * each
        shapes.append(
            f'<rect x="{left:.0f}" y="{y + 130 - height:.0f}" width="{each - 14:.0f}" height="{height:.0f}" '
            f'fill="{_COLOURS["ours"]}"/>'
        )
        middle = left + (each - 14) / 2
        shapes.append(_text(middle, y + 125 - height, f"{value:.2f}", size=11, anchor="middle"))
        shapes.append(_text(middle, y + 146, label, size=11, anchor="middle", colour="#5b616b"))
    return shapes


def _text(
    x: float, y: float, text: str, *, size: int = 13, anchor: str = "start", bold: bool = False, colour: str = "#22262b"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )
