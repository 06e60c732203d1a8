"""Own the conversations that a report shows: each is fetched once, however often it is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from frictionlens.analytics.report import Case, CaseFinding, Quote
from frictionlens.model import ExcerptTurn

if TYPE_CHECKING:
    import duckdb

_EXCERPT = msgspec.json.Decoder(tuple[ExcerptTurn, ...])


class Cases:
    """The shown conversations, numbered in the order in which they were asked for.

    Args:
        connection: an open store with the temporary tables of the window.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._order: dict[int, int] = {}

    def add(self, key: int) -> int:
        """Return the index of the conversation with this key."""
        return self._order.setdefault(key, len(self._order))

    def quote(self, key: int, position: int, text: str) -> Quote:
        """Return a quote that opens this conversation."""
        return Quote(text, self.add(key), position)

    def fetch(self) -> tuple[Case, ...]:
        """Read all conversations that were asked for."""
        if not self._order:
            return ()
        keys = list(self._order)
        rows = self._connection.execute(
            """
            SELECT i.k, i.source, i.interaction_id, i.started_at, i.channel, i.queue, i.score, i.recovery_steps,
                i.csat, i.qa_score, i.request, s.excerpt
            FROM i JOIN (SELECT unnest($keys) AS k) w USING (k)
            JOIN interactions s ON s.source = i.source AND s.interaction_id = i.interaction_id
            """,
            {"keys": keys},
        ).fetchall()
        findings: dict[int, list[CaseFinding]] = {}
        for key, position, rule_id, category, family, quote, turn, points in self._connection.execute(
            """
            SELECT f.k, position, rule_id, category, family, quote, turn, CAST(points AS DOUBLE)
            FROM f JOIN (SELECT unnest($keys) AS k) w USING (k) ORDER BY f.k, position
            """,
            {"keys": keys},
        ).fetchall():
            findings.setdefault(key, []).append(
                CaseFinding(position, rule_id, category, family, quote, turn, round(points, 2) or None)
            )
        cases = {
            key: Case(
                source=source,
                interaction_id=interaction_id,
                started_at=started_at,
                channel=channel,
                queue=queue,
                score=round(score, 1),
                recovery_steps=recovery_steps,
                csat=csat,
                qa_score=qa_score,
                request=request,
                findings=tuple(findings.get(key, ())),
                excerpt=_EXCERPT.decode(excerpt) if excerpt else (),
            )
            for (
                key, source, interaction_id, started_at, channel, queue, score, recovery_steps, csat, qa_score, request,
                excerpt,
            ) in rows
        }  # fmt: skip
        return tuple(cases[key] for key in keys)
