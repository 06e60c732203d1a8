"""Own the history: scored interactions in one DuckDB file that any DuckDB client can read.

The schema is documented in docs/store.md. The rules that make it safe to share and to interrupt:

* A batch is written in one transaction, and counted as stored only after the commit, so that a process
  killed in the middle loses nothing that was reported as stored.
* DuckDB allows one writing process at a time. The file is therefore opened for each batch, not for a whole
  scan: two scans take turns, and whoever finds the file taken waits, says so, and gives up after `wait` seconds.
* An interaction is known by its id. A later reading replaces an earlier one when it came from the same source,
  has the same content, or has the same id and start time (the same conversation in another export).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import msgspec

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import (
    Charged,
    Contribution,
    ExcerptTurn,
    Expectation,
    Facts,
    Finding,
    NotEvaluated,
    Scored,
)

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STORE_VERSION: Final = 1
"""Version of the schema below; a store of a later version is refused, never guessed at."""

BATCH: Final = 5_000
"""Interactions a transaction: large enough that opening the file costs nothing, small enough to lose little."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS store_info (version INTEGER);
CREATE TABLE IF NOT EXISTS packs (digest VARCHAR, name VARCHAR, version VARCHAR);
CREATE TABLE IF NOT EXISTS rule_notes (
    digest VARCHAR, rule_id VARCHAR, category VARCHAR, title VARCHAR, why VARCHAR, advice VARCHAR);
CREATE TABLE IF NOT EXISTS category_notes (
    digest VARCHAR, category VARCHAR, family VARCHAR, title VARCHAR, step INTEGER, charged BOOLEAN);
CREATE TABLE IF NOT EXISTS files (file VARCHAR, stamp VARCHAR, digest VARCHAR, interactions BIGINT);
CREATE TABLE IF NOT EXISTS problems (file VARCHAR, source VARCHAR, record VARCHAR, reason VARCHAR, hint VARCHAR);
CREATE TABLE IF NOT EXISTS skipped (file VARCHAR, source VARCHAR, record VARCHAR, reason VARCHAR, kind VARCHAR);
CREATE TABLE IF NOT EXISTS interactions (
    interaction_id VARCHAR, source VARCHAR, file VARCHAR, pack_digest VARCHAR, content_hash VARCHAR, channel VARCHAR,
    started_at VARCHAR, started_utc TIMESTAMP, zoned BOOLEAN,
    score DOUBLE, recovery_steps INTEGER, process_share DOUBLE,
    agent VARCHAR, queue VARCHAR, team VARCHAR, product VARCHAR, tags VARCHAR[],
    csat DOUBLE, qa_score DOUBLE, language VARCHAR, request VARCHAR,
    turns INTEGER, company_turns INTEGER, customer_turns INTEGER, unknown_turns INTEGER,
    company_words INTEGER, process_words INTEGER, seconds DOUBLE, process_seconds DOUBLE,
    apology_words_before_option INTEGER,
    not_evaluated STRUCT(what VARCHAR, reason VARCHAR)[],
    expect VARCHAR, excerpt VARCHAR);
CREATE TABLE IF NOT EXISTS findings (
    interaction_id VARCHAR, source VARCHAR, position INTEGER, rule_id VARCHAR, category VARCHAR, family VARCHAR,
    severity VARCHAR, confidence VARCHAR, turn INTEGER, "start" INTEGER, "end" INTEGER, quote VARCHAR,
    kind_of_no VARCHAR, charged STRUCT(kind VARCHAR, name VARCHAR)[], fingerprint VARCHAR, line INTEGER, points DOUBLE);
CREATE OR REPLACE VIEW evaluated AS
    SELECT *, strftime(started_utc, '%G-W%V') AS week,
        NOT list_has_any(list_transform(not_evaluated, lambda n: n.what), ['all', 'friction']) AS friction_evaluated,
        NOT list_has_any(list_transform(not_evaluated, lambda n: n.what), ['all', 'signal']) AS signal_evaluated
    FROM interactions;
CREATE OR REPLACE VIEW charges AS
    SELECT interaction_id, source, position, category, kind_of_no, quote,
        coalesce(charge.kind, 'none') AS kind, coalesce(charge.name, 'nobody named') AS name,
        coalesce(points, 0) / greatest(len(charged), 1) AS points
    FROM findings, unnest(CASE WHEN len(charged) = 0 THEN [NULL] ELSE charged END) AS c(charge)
    WHERE family = 'friction';
"""

_FACTS: Final = Facts.__struct_fields__


class RuleNote(msgspec.Struct, frozen=True):
    """What a report needs to know of a rule once the pack itself may have moved on."""

    rule_id: str
    category: str
    title: str
    why: str
    advice: str
    """Better wording for the agent; empty where the rule has none."""


class CategoryNote(msgspec.Struct, frozen=True):
    """What a report needs to know of a category."""

    category: str
    family: str
    title: str
    step: int | None = None
    """Which of the recovery steps 1 to 5 it meets."""
    charged: bool = False
    """Whether its findings can name the process that stands in the way."""


class Pack(msgspec.Struct, frozen=True):
    """The rules that made the results: the digest decides whether an interaction has to be scored again."""

    digest: str
    name: str = ""
    version: str = ""
    rules: tuple[RuleNote, ...] = ()
    categories: tuple[CategoryNote, ...] = ()


class KnownFile(NamedTuple):
    """A file that was read to its end."""

    stamp: str
    """Digest of its bytes and of how they were read."""
    interactions: int
    left_out: int
    """Records that could not be read, or were left out on purpose."""


class Store:
    """History of scored interactions in a DuckDB file, or in memory.

    Args:
        path: the DuckDB file, made when absent; None keeps everything in memory.
        wait: seconds to wait for another process that holds the file.
        on_wait: called once, with a sentence for people, when waiting starts.

    Raises:
        UserError: the file is not a store, is of a later version, or stays in use.
    """

    def __init__(
        self, path: Path | str | None, *, wait: float = 60.0, on_wait: Callable[[str], None] | None = None
    ) -> None:
        self.path = Path(path) if path is not None else None
        self._wait = wait
        self._on_wait = on_wait
        self._memory: duckdb.DuckDBPyConnection | None = None
        if self.path is None:
            import duckdb

            self._memory = duckdb.connect(":memory:")
        if self.path is None or not self.path.exists() or self._is_empty():
            with self._writing() as connection:
                connection.execute(_SCHEMA)
                if not connection.execute("SELECT count(*) FROM store_info").fetchall()[0][0]:
                    connection.execute("INSERT INTO store_info VALUES (?)", [STORE_VERSION])
        else:
            self._check_version()

    # -- writing ------------------------------------------------------------------------------------------------

    def put(self, results: Iterable[Scored], pack: Pack, *, batch: int = BATCH) -> Iterator[int]:
        """Store results as they come; yield how many are safely stored so far, after each commit."""
        self.put_pack(pack)
        waiting: list[Scored] = []
        stored = 0
        for scored in results:
            waiting.append(scored)
            if len(waiting) >= batch:
                stored += self.put_batch(waiting, pack.digest)
                waiting.clear()
                yield stored
        if waiting:
            yield stored + self.put_batch(waiting, pack.digest)

    def put_batch(self, results: Sequence[Scored], digest: str, *, file: str | None = None) -> int:
        """Store a batch in one transaction; when this returns, it is on disk.

        Args:
            results: scored interactions; of two with one id and source, the later counts.
            digest: digest of the rule pack that scored them.
            file: the file they were read from, which may differ from the source that a line names.

        Returns:
            The number of interactions stored.
        """
        latest = {(scored.interaction_id, scored.source): scored for scored in results}
        if not latest:
            return 0
        rows = list(latest.values())
        interactions, findings = _interaction_table(rows, digest, file), _finding_table(rows)
        with self._writing() as connection:
            connection.register("new_interactions", interactions)
            connection.register("new_findings", findings)
            connection.execute(
                """
                CREATE OR REPLACE TEMP TABLE replaced AS
                SELECT old.interaction_id, old.source FROM interactions old
                SEMI JOIN new_interactions new ON old.interaction_id = new.interaction_id AND (
                    old.source = new.source
                    OR (old.content_hash = new.content_hash AND new.content_hash <> '')
                    OR old.started_at = new.started_at)
                """
            )
            for table in ("interactions", "findings"):
                connection.execute(
                    f"DELETE FROM {table} WHERE (interaction_id, source) IN (SELECT * FROM replaced)"  # noqa: S608
                )
            connection.execute("INSERT INTO interactions BY NAME SELECT * FROM new_interactions")
            connection.execute("INSERT INTO findings BY NAME SELECT * FROM new_findings")
            connection.unregister("new_interactions")
            connection.unregister("new_findings")
            connection.execute("DROP TABLE replaced")
        return len(rows)

    def put_pack(self, pack: Pack) -> None:
        """Keep what reports need of the rules: version, digest, titles, better wording."""
        with self._writing() as connection:
            connection.execute("DELETE FROM packs WHERE digest = ?", [pack.digest])
            connection.execute("INSERT INTO packs VALUES (?, ?, ?)", [pack.digest, pack.name, pack.version])
            for table, notes in (("rule_notes", pack.rules), ("category_notes", pack.categories)):
                connection.execute(f"DELETE FROM {table} WHERE digest = ?", [pack.digest])  # noqa: S608
                rows = [[pack.digest, *msgspec.structs.astuple(note)] for note in notes]
                if rows:
                    connection.executemany(
                        f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                        rows,
                    )

    def put_file(
        self, file: str, stamp: str, digest: str, interactions: int, left_out: Iterable[Problem | Skipped] = ()
    ) -> None:
        """Record that a file was read to its end: what need not be read next time, and what could not be read."""
        with self._writing() as connection:
            connection.execute("DELETE FROM files WHERE file = ?", [file])
            connection.execute("INSERT INTO files VALUES (?, ?, ?, ?)", [file, stamp, digest, interactions])
            for kind, table in ((Problem, "problems"), (Skipped, "skipped")):
                connection.execute(f"DELETE FROM {table} WHERE file = ?", [file])  # noqa: S608
                rows = [[file, *msgspec.structs.astuple(each)] for each in left_out if isinstance(each, kind)]
                if rows:
                    connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608

    # -- reading ------------------------------------------------------------------------------------------------

    def known_files(self, digest: str) -> dict[str, KnownFile]:
        """Return file → what is known of it, for the files read to their end with this pack."""
        with self.reading() as connection:
            rows = connection.execute(
                """
                SELECT file, stamp, interactions,
                    (SELECT count(*) FROM problems p WHERE p.file = f.file)
                        + (SELECT count(*) FROM skipped s WHERE s.file = f.file)
                FROM files f WHERE digest = ?
                """,
                [digest],
            ).fetchall()
        return {file: KnownFile(*rest) for file, *rest in rows}

    def known_contents(self, digest: str) -> npt.NDArray[np.uint64]:
        """Return the content hashes of everything already scored with this pack, as sorted numbers: 8 bytes each."""
        with self.reading() as connection:
            found: Any = connection.execute(
                """
                SELECT DISTINCT try_cast('0x' || content_hash AS UBIGINT) AS number FROM interactions
                WHERE pack_digest = ? AND number IS NOT NULL ORDER BY number
                """,
                [digest],
            ).fetchnumpy()["number"]
        numbers: npt.NDArray[np.uint64] = found
        return numbers

    def left_out(self, file: str) -> list[Problem | Skipped]:
        """Return what could not be read of a file, and what was left out on purpose."""
        with self.reading() as connection:
            problems = connection.execute(
                "SELECT source, record, reason, hint FROM problems WHERE file = ? ORDER BY ALL", [file]
            ).fetchall()
            skipped = connection.execute(
                "SELECT source, record, reason, kind FROM skipped WHERE file = ? ORDER BY ALL", [file]
            ).fetchall()
        return [*(Problem(*row) for row in problems), *(Skipped(*row) for row in skipped)]

    def scored(self, file: str | None = None, *, only: Collection[str] | None = None) -> Iterator[Scored]:
        """Yield stored results as they were put in, sorted by (source, interaction id).

        Args:
            file: only what was read from this file; None for all.
            only: only what has one of these content hashes.
        """
        conditions = ["true"]
        values: dict[str, Any] = {}
        if file is not None:
            conditions.append("file = $file")
            values["file"] = file
        if only is not None:
            conditions.append("content_hash IN (SELECT unnest($only))")
            values["only"] = sorted(only)
        with self.reading() as connection:
            head = connection.execute(
                f"SELECT * FROM interactions WHERE {' AND '.join(conditions)} "  # noqa: S608
                "ORDER BY source, interaction_id",
                values,
            )
            names = [column[0] for column in head.description]
            inner = connection.cursor()
            while rows := head.fetchmany(2_000):
                records = [dict(zip(names, row, strict=True)) for row in rows]
                inner.execute("CREATE OR REPLACE TEMP TABLE wanted (source VARCHAR, interaction_id VARCHAR)")
                inner.execute(
                    "INSERT INTO wanted SELECT unnest($s), unnest($i)",
                    {"s": [r["source"] for r in records], "i": [r["interaction_id"] for r in records]},
                )
                found: dict[tuple[str, str], list[dict[str, Any]]] = {}
                hits = inner.execute(
                    "SELECT f.* FROM findings f SEMI JOIN wanted USING (source, interaction_id) ORDER BY position"
                )
                hit_names = [column[0] for column in hits.description]
                for row in hits.fetchall():
                    hit = dict(zip(hit_names, row, strict=True))
                    found.setdefault((hit["source"], hit["interaction_id"]), []).append(hit)
                for record in records:
                    yield _scored(record, found.get((record["source"], record["interaction_id"]), []))

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open for reading; temporary tables are allowed, changes to the store are not."""
        if self._memory is not None:
            yield self._memory
            return
        connection = self._open(read_only=True)
        try:
            yield connection
        finally:
            connection.close()

    # -- opening ------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._memory if self._memory is not None else self._open(read_only=False)
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            if connection is not self._memory:
                connection.close()

    def _open(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        deadline = time.monotonic() + self._wait
        told = False
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only)
            except duckdb.IOException as error:
                text = str(error)
                if "lock" not in text.lower():
                    raise UserError(
                        "this is not a frictionlens store, or it cannot be opened",
                        str(self.path),
                        "give --store a new file name, or a file that an earlier scan wrote",
                    ) from error
                if time.monotonic() >= deadline:
                    raise UserError(
                        "another process is using the store",
                        str(self.path),
                        f"waited {self._wait:.0f} s; try again when the other scan or report is done",
                    ) from error
                if not told and self._on_wait is not None:
                    self._on_wait(f"{self.path} is in use by another process; waiting up to {self._wait:.0f} s")
                told = True
                time.sleep(0.05)

    def _is_empty(self) -> bool:
        """Tell whether the file has no table yet: whoever made it was stopped before the schema was there."""
        with self.reading() as connection:
            return connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]

    def _check_version(self) -> None:
        import duckdb

        with self.reading() as connection:
            try:
                row = connection.execute("SELECT max(version) FROM store_info").fetchone()
            except duckdb.CatalogException as error:
                raise UserError(
                    "this DuckDB file is not a frictionlens store",
                    str(self.path),
                    "give --store a new file name, or a file that an earlier scan wrote",
                ) from error
        version = row[0] if row else None
        if version != STORE_VERSION:
            raise UserError(
                f"the store has schema version {version}, this program reads version {STORE_VERSION}",
                str(self.path),
                "use the version that wrote it, or scan into a new store",
            )

    def close(self) -> None:
        """Free the memory of an in-memory store; a file needs no closing."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def parse_started(text: str | None) -> tuple[datetime | None, bool]:
    """Parse `started_at`: (naive UTC time, True) where it has an offset, (local time, False) where it has none.

    Anything that is not ISO 8601 gives (None, False): the interaction is kept, and counted as undated.
    """
    if not text:
        return None, False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None, False
    if moment.tzinfo is None:
        return moment, False
    return moment.astimezone(UTC).replace(tzinfo=None), True


_EXPECT = msgspec.json.Decoder(Expectation)
_EXCERPT = msgspec.json.Decoder(tuple[ExcerptTurn, ...])
_ENCODE = msgspec.json.Encoder()


def _interaction_table(rows: Sequence[Scored], digest: str, file: str | None) -> pa.Table:
    import pyarrow as pa

    started = [parse_started(row.started_at) for row in rows]
    text, number, whole = pa.string(), pa.float64(), pa.int32()
    columns: list[tuple[str, pa.DataType, list[Any]]] = [
        (name, text, [getattr(row, name) for row in rows])
        for name in (
            "interaction_id", "source", "content_hash", "channel", "started_at", "agent", "queue", "team", "product",
            "language", "request",
        )
    ]  # fmt: skip
    columns += [
        (name, number, [getattr(row, name) for row in rows]) for name in ("score", "process_share", "csat", "qa_score")
    ]
    columns += [
        ("pack_digest", text, [digest] * len(rows)),
        ("file", text, [file if file is not None else row.source for row in rows]),
        ("started_utc", pa.timestamp("us"), [moment for moment, _ in started]),
        ("zoned", pa.bool_(), [zoned for _, zoned in started]),
        ("recovery_steps", whole, [row.recovery_steps for row in rows]),
        ("tags", pa.list_(text), [list(row.tags) for row in rows]),
        (
            "not_evaluated",
            pa.list_(pa.struct([("what", text), ("reason", text)])),
            [[{"what": item.what, "reason": item.reason} for item in row.not_evaluated] for row in rows],
        ),
        ("expect", text, [_ENCODE.encode(row.expect).decode() if row.expect else None for row in rows]),
        ("excerpt", text, [_ENCODE.encode(row.excerpt).decode() if row.excerpt else None for row in rows]),
    ]
    columns += [
        (name, number if name.endswith("seconds") else whole, [getattr(row.facts, name) for row in rows])
        for name in _FACTS
    ]
    return pa.table({name: pa.array(values, kind) for name, kind, values in columns})


def _finding_table(rows: Sequence[Scored]) -> pa.Table:
    import pyarrow as pa

    pairs = [(row, position, finding) for row in rows for position, finding in enumerate(row.findings)]
    points: list[float | None] = []
    for row in rows:
        own: list[float | None] = [None] * len(row.findings)
        for item in row.contributions:
            own[item.finding] = (own[item.finding] or 0.0) + item.points
        points += own
    text, whole = pa.string(), pa.int32()
    columns: list[tuple[str, pa.DataType, list[Any]]] = [
        ("interaction_id", text, [row.interaction_id for row, _, _ in pairs]),
        ("source", text, [row.source for row, _, _ in pairs]),
        ("position", whole, [position for _, position, _ in pairs]),
        ("points", pa.float64(), points),
        (
            "charged",
            pa.list_(pa.struct([("kind", text), ("name", text)])),
            [[{"kind": c.kind, "name": c.name} for c in finding.charged] for _, _, finding in pairs],
        ),
    ]
    columns += [
        (
            name,
            whole if name in ("turn", "start", "end", "line") else text,
            [getattr(finding, name) for _, _, finding in pairs],
        )
        for name in Finding.__struct_fields__
        if name != "charged"
    ]
    return pa.table({name: pa.array(values, kind) for name, kind, values in columns})


def _scored(record: dict[str, Any], hits: list[dict[str, Any]]) -> Scored:
    findings = tuple(
        Finding(
            charged=tuple(Charged(c["kind"], c["name"]) for c in hit["charged"]),
            **{name: hit[name] for name in Finding.__struct_fields__ if name != "charged"},
        )
        for hit in hits
    )
    plain = set(Scored.__struct_fields__) & record.keys() - {"tags", "not_evaluated", "expect", "excerpt"}
    return Scored(
        contributions=tuple(Contribution(hit["position"], hit["points"]) for hit in hits if hit["points"] is not None),
        not_evaluated=tuple(NotEvaluated(item["what"], item["reason"]) for item in record["not_evaluated"]),
        findings=findings,
        facts=Facts(**{name: record[name] for name in _FACTS}),
        tags=tuple(record["tags"]),
        expect=_EXPECT.decode(record["expect"]) if record["expect"] else None,
        excerpt=_EXCERPT.decode(record["excerpt"]) if record["excerpt"] else (),
        **{name: record[name] for name in plain},
    )
