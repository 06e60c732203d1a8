"""Own the charts of the HTML report: inline SVG, coloured by the page's own CSS, with a text for those who cannot see.

Only numbers and escaped labels go in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from markupsafe import escape as _escape

from frictionlens.analytics.report import Bucket, FunnelStep, Series
from frictionlens.privacy import printable
from frictionlens.reporters.weekly.words import percent, short_label


def escape(text: str) -> Markup:
    """Return the text so that neither markup nor control characters come through."""
    return _escape(printable(text))


def line_chart(series: Series, buckets: Sequence[Bucket], label: str) -> Markup:
    """Draw a rate by week with its 95 % interval as a band; weeks in which it changed stand out.

    Args:
        series: what to draw.
        buckets: the window.
        label: what the chart shows, for those who cannot see it; the numbers are added.
    """
    width, height, left, right, top, bottom = 420.0, 190.0, 34.0, 12.0, 14.0, 24.0
    highs = [rate.high for rate in series.rates if rate.high is not None] or [1.0]
    ceiling = _ceiling(max(highs))
    across = (width - left - right) / max(len(buckets) - 1, 1)

    def x(place: int) -> float:
        return left + across * place if len(buckets) > 1 else (left + width - right) / 2

    def y(share: float) -> float:
        return top + (height - top - bottom) * (1 - share / ceiling)

    parts = []
    for part in range(3):
        share = ceiling * part / 2
        parts.append(
            f'<line class="grid" x1="{left:.1f}" x2="{width - right:.1f}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>'
        )
        parts.append(
            f'<text class="axis" x="{left - 6:.1f}" y="{y(share) + 3.5:.1f}" text-anchor="end">'
            f"{share * 100:.0f}%</text>"
        )
    known = [(place, rate) for place, rate in enumerate(series.rates) if rate.share is not None]
    upper = [f"{x(place):.1f},{y(rate.high or 0):.1f}" for place, rate in known]
    lower = [f"{x(place):.1f},{y(rate.low or 0):.1f}" for place, rate in reversed(known)]
    parts.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')
    parts.append(f'<polyline class="line" points="{" ".join(f"{x(p):.1f},{y(r.share or 0):.1f}" for p, r in known)}"/>')
    steps = {step.bucket: step for step in series.steps}
    for place, rate in known:
        step = steps.get(place)
        kind = "dot" if step is None else "dot mark" if step.direction == "up" else "dot fell"
        parts.append(
            f'<circle class="{kind}" cx="{x(place):.1f}" cy="{y(rate.share or 0):.1f}" r="{4.2 if step else 2.6}"/>'
        )
        if step:
            above = y(rate.high or 0) - 5
            arrow, kind = ("▲", "note") if step.direction == "up" else ("▼", "note fell")
            parts.append(
                f'<text class="{kind}" x="{x(place):.1f}" y="{max(above, 9):.1f}" text-anchor="middle">{arrow}</text>'
            )
    every = math.ceil(len(buckets) / 9)
    for place, bucket in enumerate(buckets):
        if (len(buckets) - 1 - place) % every == 0:
            anchor = "end" if place == len(buckets) - 1 and len(buckets) > 1 else "middle"
            parts.append(
                f'<text class="axis" x="{x(place) + (6 if anchor == "end" else 0):.1f}" y="{height - 7:.1f}" '
                f'text-anchor="{anchor}">{escape(short_label(bucket))}</text>'
            )
    return _svg("chart", width, height, f"{label}: {_told(series, buckets)}", parts)


def spark(series: Series, buckets: Sequence[Bucket]) -> Markup:
    """Draw a rate by week as small bars; weeks in which it rose stand out, this week is darker."""
    width, height, gap = 104.0, 22.0, 2.0
    ceiling = max([rate.share or 0.0 for rate in series.rates] + [0.0001])
    bar = (width - gap * (len(series.rates) - 1)) / max(len(series.rates), 1)
    marked = {step.bucket for step in series.steps if step.direction == "up"}
    parts = []
    for place, rate in enumerate(series.rates):
        tall = max((rate.share or 0.0) / ceiling * height, 0.8 if rate.of else 0.0)
        kind = "mark" if place in marked else "last" if place == len(series.rates) - 1 else "bar"
        parts.append(
            f'<rect class="{kind}" x="{place * (bar + gap):.1f}" y="{height - tall:.1f}" '
            f'width="{bar:.1f}" height="{tall:.1f}"/>'
        )
    return _svg("spark", width, height, f"{series.name} by period: {_told(series, buckets)}", parts)


def funnel_chart(steps: Sequence[FunnelStep]) -> Markup:
    """Draw how many interactions are left in the chain at each step; the lighter bar is the step by itself."""
    width, row, left = 420.0, 34.0, 140.0
    parts = []
    for place, step in enumerate(steps):
        top, room = place * row, width - left - 44
        met, reached = (step.met.share or 0) * room, (step.reached.share or 0) * room
        parts.append(f'<text class="label" x="0" y="{top + 19:.1f}">{place + 1}. {escape(step.name)}</text>')
        parts.append(f'<rect class="bar" x="{left}" y="{top + 6:.1f}" width="{met:.1f}" height="19" rx="1.5"/>')
        parts.append(f'<rect class="last" x="{left}" y="{top + 6:.1f}" width="{reached:.1f}" height="19" rx="1.5"/>')
        parts.append(
            f'<text class="axis" x="{left + max(met, reached) + 6:.1f}" y="{top + 19:.1f}">'
            f"{percent(step.reached.share)}</text>"
        )
    told = "; ".join(f"{step.name} {percent(step.reached.share)} still in the chain" for step in steps)
    return _svg("chart", width, row * len(steps), f"Recovery funnel: {told}", parts)


def _ceiling(share: float) -> float:
    """Return the top of an axis: the next round share above."""
    return next((top for top in (0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if top >= share), 1.0)


def _told(series: Series, buckets: Sequence[Bucket]) -> str:
    return ", ".join(
        f"{short_label(bucket)} {percent(rate.share)}" for bucket, rate in zip(buckets, series.rates, strict=True)
    )


def _svg(kind: str, width: float, height: float, told: str, parts: Sequence[str]) -> Markup:
    # Every part is made of our own literals, formatted numbers and escaped labels.
    return Markup(  # noqa: S704
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(told)}">'
        f"{''.join(parts)}</svg>"
    )
