"""Own inconsistent refusals: the same request, refused here and granted there.

Method: the customer's first words as TF-IDF vectors over words and pairs of words (`sklearn.feature_extraction.text`,
sublinear counts, numbers read as one word), compared by cosine. A refused interaction is paired with the most similar
granted one where the cosine reaches the threshold and, when both have tags, they share one. A pair says that the
process is inconsistent, not that the refusal was wrong: only a person's verdict makes it avoidable.

An interaction is refused or granted by the last of these that was said: a no that is followed by a commitment or an
exception in a later turn is granted, a commitment that is followed by a no is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from frictionlens.analytics.cases import Cases
from frictionlens.analytics.meanings import GRANTING, NOBODY, REFUSING
from frictionlens.analytics.report import Pair, PairRate, Pairs
from frictionlens.analytics.series import rate

if TYPE_CHECKING:
    import duckdb

THRESHOLD: Final = 0.3
"""Cosine from which two requests count as the same; docs/report.md tells how it was chosen."""
MIN_WORDS: Final = 4
MOST: Final = 4_000
"""Refused and granted interactions that are compared at most: the first by id; the report counts them."""
SHOWN: Final = 8
_BLOCK: Final = 256


def build_pairs(
    connection: duckdb.DuckDBPyConnection, last: int, cases: Cases, *, verdicts: Mapping[str, str], min_group: int
) -> Pairs | None:
    """Pair the refused interactions of the last bucket with granted ones of the whole window.

    Args:
        connection: an open store with the temporary tables of the window.
        last: index of the last bucket.
        cases: takes the conversations that are shown.
        verdicts: interaction id → `avoidable` or `correct`, as people said.
        min_group: processes with fewer refused interactions are not listed by rate.

    Returns:
        None where no interaction carries the customer's words.
    """
    if not connection.execute("SELECT count(*) FROM i WHERE request IS NOT NULL").fetchall()[0][0]:
        return None
    refused_total = connection.execute(
        "SELECT count(*) FROM i JOIN x USING (k) WHERE bucket = $last AND refused", {"last": last}
    ).fetchall()[0][0]
    query = """
        SELECT k, interaction_id, request, tags FROM i JOIN x USING (k)
        WHERE {0} AND len(string_split(trim(request), ' ')) >= $words ORDER BY k LIMIT $most
    """
    limits = {"words": MIN_WORDS, "most": MOST}
    refused = connection.execute(query.format("bucket = $last AND refused"), {**limits, "last": last}).fetchall()
    granted = connection.execute(query.format("granted"), limits).fetchall()
    best = _best(refused, granted)
    process = _processes(connection, [row[0] for row in refused])
    by_process: dict[str, list[bool]] = {}
    for row in refused:
        by_process.setdefault(process.get(row[0], NOBODY), []).append(row[0] in best)
    listed = [
        PairRate(name, rate(sum(hits), len(hits)))
        for name, hits in sorted(by_process.items(), key=lambda item: (-sum(item[1]), item[0]))
        if len(hits) >= min_group and sum(hits)
    ]
    shown = _choose(refused, best, process)
    return Pairs(
        refused=refused_total,
        compared=len(refused),
        granted=len(granted),
        threshold=THRESHOLD,
        with_grant=rate(len(best), len(refused)),
        by_process=tuple(listed[:SHOWN]),
        pairs=tuple(
            Pair(
                similarity=best[row[0]][0],
                refused=cases.add(row[0]),
                granted=cases.add(best[row[0]][1]),
                process=process.get(row[0], NOBODY),
                refusal=_evidence(connection, cases, row[0], REFUSING),
                grant=_evidence(connection, cases, best[row[0]][1], GRANTING),
                verdict=verdicts.get(row[1], ""),
            )
            for row in shown
        ),
    )


def request_vectors(texts: Sequence[str]) -> Any:
    """Return the TF-IDF vectors of texts as a sparse matrix of unit rows, so that a product of two is their cosine.

    Returns:
        None where no text holds a word.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(
        preprocessor=_normal,
        token_pattern=r"[a-z']{2,}|#",  # noqa: S106
        ngram_range=(1, 2),
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        return vectors.fit_transform(texts)
    except ValueError:
        return None


def _best(refused: list[tuple[Any, ...]], granted: list[tuple[Any, ...]]) -> dict[int, tuple[float, int]]:
    """Return refused key → (similarity, granted key) where the threshold is reached."""
    if not refused or not granted:
        return {}
    import numpy as np

    everything = request_vectors([row[2] for row in refused] + [row[2] for row in granted])
    if everything is None:
        return {}
    mine, theirs = everything[: len(refused)], everything[len(refused) :].T.tocsc()
    tags = sorted({tag for row in (*refused, *granted) for tag in row[3]})
    number = {tag: place for place, tag in enumerate(tags)}

    def marks(rows: list[tuple[Any, ...]]) -> Any:
        own = np.zeros((len(rows), max(len(tags), 1)), dtype=np.float32)
        for place, row in enumerate(rows):
            own[place, [number[tag] for tag in row[3]]] = 1
        return own

    granted_marks = marks(granted)
    granted_tagged = granted_marks.any(axis=1)
    found = {}
    for start in range(0, len(refused), _BLOCK):
        block = refused[start : start + _BLOCK]
        cosine = (mine[start : start + _BLOCK] @ theirs).toarray()
        own = marks(block)
        apart = own.any(axis=1)[:, None] & granted_tagged[None, :] & (own @ granted_marks.T == 0)
        cosine[apart] = 0
        # Rounded before the maximum, so that the choice among equals is by id, not by the last bit.
        cosine = np.round(cosine, 3)
        place = cosine.argmax(axis=1)
        for row, column in enumerate(place):
            if cosine[row, column] >= THRESHOLD:
                found[block[row][0]] = (round(float(cosine[row, column]), 2), granted[column][0])
    return found


def _normal(text: str) -> str:
    return re.sub(r"\[[^\]]*\]|\d+", " # ", text.lower().replace("’", "'"))


def _processes(connection: duckdb.DuckDBPyConnection, keys: list[int]) -> dict[int, str]:
    if not keys:
        return {}
    return dict(
        connection.execute(
            """
            SELECT k, arg_max(name, (points, name)) FROM (
                SELECT k, name, sum(points) AS points FROM c JOIN (SELECT unnest($keys) AS k) USING (k)
                WHERE kind <> 'none' GROUP BY k, name) GROUP BY k
            """,
            {"keys": keys},
        ).fetchall()
    )


def _choose(
    refused: list[tuple[Any, ...]], best: dict[int, tuple[float, int]], process: dict[int, str]
) -> list[tuple[Any, ...]]:
    """Take the most similar pairs, one process after the other, each request's wording and each grant once."""
    queues: dict[str, list[tuple[Any, ...]]] = {}
    seen: set[object] = set()
    for row in sorted((row for row in refused if row[0] in best), key=lambda row: (-best[row[0]][0], row[0])):
        if not seen & {_normal(row[2]), best[row[0]][1]}:
            seen |= {_normal(row[2]), best[row[0]][1]}
            queues.setdefault(process.get(row[0], NOBODY), []).append(row)
    chosen: list[tuple[Any, ...]] = []
    while len(chosen) < SHOWN and any(queues.values()):
        for rows in queues.values():
            if rows and len(chosen) < SHOWN:
                chosen.append(rows.pop(0))
    return chosen


def _evidence(connection: duckdb.DuckDBPyConnection, cases: Cases, key: int, categories: tuple[str, ...]) -> Any:
    rows = connection.execute(
        """SELECT position, quote FROM f WHERE k = $key AND list_contains($categories, category)
        ORDER BY kind_of_no IS NULL, points DESC, position LIMIT 1""",
        {"key": key, "categories": list(categories)},
    ).fetchall()
    return cases.quote(key, rows[0][0], rows[0][1])
