"""Own the rule model and the loading of packs: YAML in, validated frozen models out, errors with path and line.

A pack is a folder: `categories.yml`, `lexicon.yml`, `spelling.yml`, `context.yml`, `charges.yml`, `audited.yml` and
rule files `<family>/<category>.yml`. A second pack adds to the first: lists and rules by name, a rule with the id of
an earlier one replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from frictionlens.errors import RuleError, nearest
from frictionlens.model import ChargedKind, Confidence, Family, KindOfNo, Severity
from frictionlens.rules.confidence import Audited, confidence_of, proven_in
from frictionlens.rules.pattern import Pattern, PatternParser, TokenPattern
from frictionlens.rules.spelling import Spelling

Effect = Literal["negated", "hypothetical", "reported"]
EFFECTS: Final[tuple[Effect, ...]] = ("negated", "hypothetical", "reported")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Category(_Model):
    """One sort of finding: what the score, the episodes and the reports need to know of it."""

    id: str
    family: Family
    title: str
    meaning: str
    weight: float = 0.0
    """Points of a finding of medium severity before saturation; docs/scoring.md gives the reasons."""
    step: int | None = None
    """Which of the recovery steps 1 to 5 a finding of this category meets."""
    charged: bool = False
    """True where findings name the process that stands in the way and the kind of no."""
    kind_of_no: bool = False
    """True where a no is said."""


class Example(_Model):
    """A text that a rule must or must not match, and what stood before it where that decides."""

    text: str
    before: str | None = None
    """The other side's previous turn."""
    after: str | None = None
    """The other side's next turn."""


class Examples(_Model):
    """Proof of a rule. `todo_…` are known misses and known false alarms: they must fail today."""

    match: tuple[str | Example, ...] = ()
    no_match: tuple[str | Example, ...] = ()
    todo_match: tuple[str | Example, ...] = ()
    todo_no_match: tuple[str | Example, ...] = ()


class ChargedEntry(_Model):
    """A process that a rule's wording names by itself."""

    kind: ChargedKind
    name: str


class RuleEntry(_Model):
    """A rule as its author writes it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    why: str
    advice: str = ""
    """Better wording for the agent; required for friction."""
    patterns: tuple[str, ...] = ()
    tokens: tuple[tuple[dict[str, Any], ...], ...] = ()
    """spaCy token patterns over canonical words, where the pattern language is not enough."""
    except_: tuple[str, ...] = Field(default=(), alias="except")
    """Cancels a match that overlaps one of these."""
    unless: tuple[str, ...] = ()
    """Cancels a match when one of these stands in the same sentence, at most 25 words away."""
    unless_turn: tuple[str, ...] = ()
    """Cancels when one of these stands anywhere in what the speaker says in this turn."""
    same_turn: tuple[str, ...] = ()
    """Asks for one of these anywhere in the turn."""
    before: tuple[str, ...] = ()
    """Asks for one of these in what the other side said before."""
    either: bool = False
    """One of `same_turn` and `before` is enough: a limit is friction beside a word of denial or after a request."""
    not_before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Asks for one of these in what the other side says next."""
    not_after: tuple[str, ...] = ()
    before_found: tuple[str, ...] = ()
    """Asks for a finding of one of these categories in what the other side said before."""
    not_before_found: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    """Categories whose finding in the same sentence makes this one superfluous."""
    ignores_context: tuple[Effect, ...] = ()
    """Effects of context.yml that do not cancel this rule."""
    role: Literal["company", "agent", "bot", "customer", "any"] | None = None
    """Who must say it; by default the company for friction and recovery, the customer for signals, any for signs."""
    position: Literal["any", "opening", "not_opening", "closing"] = "any"
    """Opening is the speaker side's first turn of the interaction, closing its last."""
    scope: Literal["sentence", "turn"] = "sentence"
    min_words: int = 0
    max_words: int = 10_000
    """Length of the whole turn in words."""
    severity: Severity = "medium"
    kind_of_no: KindOfNo | None = None
    charged: tuple[ChargedEntry, ...] = ()
    """Processes that this wording names by itself; patterns may capture others."""
    references: tuple[str, ...] = ()
    examples: Examples = Examples()


class RuleFile(_Model):
    """A file of rules: one category."""

    category: str
    rules: tuple[RuleEntry, ...]


class ContextEntry(_Model):
    """A modifier that changes what is meant (the ConText idea: direction, scope, termination, pseudo)."""

    effect: Effect
    direction: Literal["forward", "backward", "inside"] = "forward"
    """Whether the modifier stands before what it changes, behind it, or begins inside it (`we do not only …`), where
    `within` words before it count as inside."""
    patterns: tuple[str, ...]
    within: int = 8
    """How many words the modifier reaches."""
    until: tuple[str, ...] = ()
    """Words that end its reach."""
    pseudo: tuple[str, ...] = ()
    """Wordings that look like the modifier and are not."""
    categories: tuple[str, ...] = ()
    """Categories that it concerns, empty is all: `if we can not` refuses nothing, `if in need, call us` sends away."""


class ContextFile(_Model):
    """All modifiers."""

    modifiers: tuple[ContextEntry, ...] = ()


class ChargeEntry(_Model):
    """Wordings that name a process: each pattern captures it."""

    kind: ChargedKind
    patterns: tuple[str, ...]
    except_: tuple[str, ...] = Field(default=(), alias="except")
    fallback: bool = False
    """Asked only where the other entries name nobody in the sentence."""
    categories: tuple[str, ...] = ()
    """Asked only for findings of these categories; of all where none is given."""
    by_head: bool = False
    """The wording tells that one stands in the way and not what it is: that tells the last word, by `heads`."""
    phrase: Literal["first", "last"] | None = None
    """Of what is captured only the first, or the last, noun phrase is the process."""


class KindOfNoEntry(_Model):
    """What shows which kind of no is said: every condition that is given must hold."""

    kind: KindOfNo
    patterns: tuple[str, ...] = ()
    """One of these stands in the clause of the finding, at most 25 words away."""
    same_turn: tuple[str, ...] = ()
    """One of these stands anywhere in the turn."""
    charged: tuple[ChargedKind, ...] = ()
    """The finding charges a process of one of these kinds."""
    not_charged: tuple[ChargedKind, ...] = ()
    """The finding charges no process of these kinds."""
    found: tuple[str, ...] = ()
    """Categories of which one is found in the same turn."""
    rules: tuple[str, ...] = ()
    """The finding is of one of these rules: what a wording means where nothing beside it says otherwise."""


class ChargeFile(_Model):
    """How the charged process and the kind of no are found."""

    charges: tuple[ChargeEntry, ...] = ()
    kinds_of_no: tuple[KindOfNoEntry, ...] = ()
    """In order: the first that fits wins."""
    contrast: frozenset[str] = frozenset()
    """Words that begin another clause, such as `but`: what stands beyond one does not say which kind of no it is."""
    clauses: tuple[str, ...] = ()
    """Wordings behind the finding that begin another clause: what the speaker does instead."""
    bound_clauses: tuple[str, ...] = ()
    """Wordings that bind such a clause to the one before it, such as `because we have`."""
    asides: tuple[str, ...] = ()
    """Wordings of which no word is charged, such as `after checking our records`."""
    otherwise: KindOfNo = "cannot"
    strip: tuple[str, ...] = ()
    """Words dropped from the beginning of a captured name (determiners, possessives)."""
    inner: frozenset[str] = frozenset()
    """Words dropped wherever they stand in a name, such as `your` in “processing your payment”."""
    singular: dict[str, str] = {}
    """Plural → singular for the last word of a name."""
    generic: tuple[str, ...] = ()
    """Names too bare to be charged beside a more specific one."""
    nobody: tuple[str, ...] = ()
    """Names that name nobody, such as `issue`."""
    grounds: tuple[str, ...] = ()
    """Categories that give a ground for what the company does. Where a turn has none of them, the sentences beside the
    one of the finding name a process of the kinds in `bare` only."""
    bare: tuple[ChargedKind, ...] = ()
    subjects: dict[str, ChargedKind] = {}
    """Category or rule id → kind of what its words are about, which is charged where nothing is named."""
    heads: dict[ChargedKind, frozenset[str]] = {}
    """Kind → last words of names that are of this kind, wherever only the place in the sentence tells that one is
    charged: `the depot` is a department and `the scanner` a system, whatever they are said to have done."""
    faults: frozenset[str] = frozenset()
    """Words for a fault of the company's own, charged as a system where an excuse names nothing else."""
    own: frozenset[str] = frozenset()
    """Words for what the customer has or wants: never charged as a subject, but as a rule."""
    owned: frozenset[str] = frozenset()
    """Last words of names that are not charged for where they stand: the customer's data, what there is none of."""
    causal: frozenset[str] = frozenset()
    """Words before what is given as the cause, such as `due`: what stands before one is what came of it."""
    conditions: frozenset[str] = frozenset()
    """Words that make a rule of what follows them, such as `requires`."""
    absence: frozenset[str] = frozenset()
    """Words of plain absence, behind which there is nobody."""
    nouns: frozenset[str] = frozenset()
    """Words in -ing and -ed that are no verbs."""
    address: frozenset[str] = frozenset()
    """Words of address: the word behind one is somebody's name."""
    determiners: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    """A phrase behind one of these is not what its clause is about."""
    numbers: frozenset[str] = frozenset()
    """Numbers as words: a phrase with a number is the rule itself."""
    stop: frozenset[str] = frozenset()
    """Words that stand in no noun phrase."""


class EpisodeExamples(_Model):
    """Conversations as lines `agent: …` / `customer: …`."""

    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


class EpisodeEntry(_Model):
    """A rule over findings in sequence."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Also its category."""
    title: str
    why: str
    advice: str = ""
    kind: Literal["missing", "sequence", "streak", "ending", "repeat"]
    trigger: tuple[str, ...] = ()
    """Categories that start it."""
    except_rules: tuple[str, ...] = ()
    """Rules of these categories, by full id, whose findings start none."""
    follow: tuple[str, ...] = ()
    """`missing`: categories that would have resolved it; `sequence`: what comes next."""
    saying: tuple[str, ...] = ()
    """`sequence`: one of these, in lower case, stands in what is said up to what follows; empty asks nothing."""
    within: int = 2
    """In how many turns of the company, counted by changes of speaker."""
    count: int = 2
    """`streak` and `repeat`: how many."""
    min_words: int = 6
    """`repeat`: shortest sentence that counts."""
    severity: Severity = "medium"
    examples: EpisodeExamples = EpisodeExamples()


class EpisodeFile(_Model):
    """A file of episodes; each is a category of its own, of the same id."""

    episodes: tuple[EpisodeEntry, ...]


class SpellingFile(_Model):
    """How words are written."""

    writings: dict[str, str] = {}
    """Writing → its canonical words."""
    fillers: tuple[str, ...] = ()
    stutters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule ready to be run: its entry, its category and its parsed patterns."""

    id: str
    category: Category
    entry: RuleEntry
    confidence: Confidence
    """Of the rule as a whole; see `confidence_in`."""
    proven: frozenset[str] | None
    """Sources of the patterns that audited findings speak for; None where no audit tells patterns apart."""
    where: str
    """`path:line`."""
    patterns: tuple[Pattern, ...]
    except_: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    unless_turn: tuple[Pattern, ...]
    same_turn: tuple[Pattern, ...]
    before: tuple[Pattern, ...]
    not_before: tuple[Pattern, ...]
    after: tuple[Pattern, ...]
    not_after: tuple[Pattern, ...]

    def confidence_in(self, pattern: str) -> Confidence:
        """Return how sure a finding of this pattern is: in a high rule, those of patterns not proven are medium.

        Args:
            pattern: as the rule file has it; empty for a token pattern.
        """
        proven = self.confidence != "high" or self.proven is None or pattern in self.proven
        return self.confidence if proven else "medium"

    @cached_property
    def token_patterns(self) -> tuple[TokenPattern, ...]:
        """Return the spaCy token patterns."""
        return tuple(TokenPattern(each) for each in self.entry.tokens)

    @cached_property
    def roles(self) -> frozenset[str]:
        """Return the roles in whose turns the rule looks."""
        role = self.entry.role or _FAMILY_ROLE[self.category.family]
        return _ROLES[role]


_FAMILY_ROLE: Final = {
    "friction": "company",
    "recovery": "company",
    "signal": "customer",
    "sign": "any",
    "episode": "any",
}
_ROLES: Final = {
    "company": frozenset({"agent", "bot"}),
    "agent": frozenset({"agent"}),
    "bot": frozenset({"bot"}),
    "customer": frozenset({"customer"}),
    "any": frozenset({"agent", "bot", "customer"}),
}


@dataclass(frozen=True)
class Modifier:
    """A context modifier with parsed patterns."""

    entry: ContextEntry
    patterns: tuple[Pattern, ...]
    until: tuple[Pattern, ...]
    pseudo: tuple[Pattern, ...]


@dataclass(frozen=True)
class Charge:
    """A charge entry with parsed patterns."""

    kind: ChargedKind
    patterns: tuple[Pattern, ...]
    except_: tuple[Pattern, ...]
    fallback: bool
    categories: tuple[str, ...]
    by_head: bool
    phrase: Literal["first", "last"] | None


@dataclass(frozen=True)
class KindOfNoCue:
    """A kind-of-no entry with parsed patterns."""

    kind: KindOfNo
    patterns: tuple[Pattern, ...]
    same_turn: tuple[Pattern, ...]
    charged: tuple[ChargedKind, ...]
    not_charged: tuple[ChargedKind, ...]
    found: tuple[str, ...]
    rules: frozenset[str]


@dataclass(frozen=True)
class Episode:
    """An episode and where it stands."""

    id: str
    category: Category
    entry: EpisodeEntry
    confidence: Confidence
    where: str


@dataclass(frozen=True)
class Pack:
    """Everything that decides what is found. Rules are in order of their ids: nothing depends on load order."""

    categories: dict[str, Category]
    rules: tuple[Rule, ...]
    episodes: tuple[Episode, ...]
    spelling: Spelling
    modifiers: tuple[Modifier, ...]
    charges: tuple[Charge, ...]
    kinds_of_no: tuple[KindOfNoCue, ...]
    clauses: tuple[Pattern, ...]
    bound_clauses: tuple[Pattern, ...]
    asides: tuple[Pattern, ...]
    charging: ChargeFile
    audited: dict[str, Audited] = field(default_factory=dict)
    digest: str = ""
    """SHA-256 (first 16 hex digits) over the names and bytes of all pack files."""

    @property
    def everything(self) -> tuple[Rule | Episode, ...]:
        """Return all rules and then all episodes."""
        return (*self.rules, *self.episodes)

    @property
    def patterns(self) -> Iterator[Pattern]:
        """Yield every pattern of the pack, of whatever it is part."""
        for rule in self.rules:
            yield from rule.patterns
        yield from self.conditions

    @property
    def conditions(self) -> Iterator[Pattern]:
        """Yield the patterns that are asked about only once a rule matched: all but those of the rules themselves."""
        for rule in self.rules:
            yield from (*rule.except_, *rule.unless, *rule.unless_turn, *rule.same_turn)
            yield from (*rule.before, *rule.not_before, *rule.after, *rule.not_after)
        for modifier in self.modifiers:
            yield from (*modifier.patterns, *modifier.until, *modifier.pseudo)
        for charge in self.charges:
            yield from (*charge.patterns, *charge.except_)
        for cue in self.kinds_of_no:
            yield from (*cue.patterns, *cue.same_turn)
        yield from (*self.clauses, *self.bound_clauses, *self.asides)

    def rule(self, rule_id: str) -> Rule | Episode:
        """Return one rule or episode.

        Raises:
            RuleError: there is none of this id.
        """
        everything = {each.id: each for each in self.everything}
        if rule_id not in everything:
            raise RuleError(f"no rule {rule_id!r}{nearest(rule_id, everything)}", "", "`frictionlens rules list`")
        return everything[rule_id]


def builtin_pack() -> Path:
    """Return the folder of the rules that are shipped: inside the installed package, or beside a source checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_pack"
    return inside if inside.is_dir() else package.parent.parent / "rules"


def load_pack(folders: Sequence[Path] = ()) -> Pack:
    """Load the shipped pack and then the given ones, which add to it.

    Raises:
        RuleError: with `path:line`, what is wrong and what is allowed.
    """
    return _Loader([builtin_pack(), *folders]).load()


def pack_digest(folders: Sequence[Path] = ()) -> str:
    """Return the digest of the shipped pack and the given ones, without loading them."""
    digest = hashlib.sha256()
    for folder in [builtin_pack(), *folders]:
        for path in _files(folder):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


_ON_TOP: Final = ("audited.yml", "categories.yml", "charges.yml", "context.yml", "lexicon.yml", "spelling.yml")
"""Files of a pack that are no rules; all other files stand in folders."""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.yml") if not path.name.startswith("."))


def _check_files(folder: Path) -> None:
    """Check that nothing in a pack would be left unread without a word.

    Raises:
        RuleError: no pack, an empty one, or a file that nobody would look for where it is.
    """
    if not folder.is_dir():
        raise RuleError("there is no such rule pack", str(folder), "a pack is a folder of YAML files")
    files = _files(folder)
    for path in sorted(folder.rglob("*.yaml")):
        raise RuleError("would not be read", str(path), "files of a pack are called .yml")
    if not files:
        raise RuleError("no rules in this pack", str(folder), "rule files are called FAMILY/CATEGORY.yml")
    for path in files:
        if path.parent == folder and path.name not in _ON_TOP:
            hint = f"rule files stand in a folder, such as friction/{path.name}; on top: {', '.join(_ON_TOP)}"
            raise RuleError("would not be read", str(path), hint)


T = TypeVar("T", bound=BaseModel)


class _Loader:
    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        for folder in folders:
            _check_files(folder)

    def load(self) -> Pack:
        categories = self._categories()
        spelling = self._spelling()
        lexicon: dict[str, tuple[str, ...]] = {}
        for document in self._documents("lexicon.yml"):
            for name, entries in document.data.items():
                if not isinstance(entries, list) or not all(isinstance(each, str | int) for each in entries):
                    hint = "write a YAML list; quote yes, no, on, off and numbers"
                    raise RuleError(f"list <{name}> is not a list of words", document.at((name,)), hint)
                lexicon[name] = (*lexicon.get(name, ()), *(str(each) for each in entries))
        self.parser = PatternParser(lexicon, spelling)
        self.parser.check_lexicon("lexicon.yml")
        audited: dict[str, Audited] = {}
        for document in self._documents("audited.yml"):
            for rule_id in document.data:
                audited[rule_id] = document.part(Audited, (rule_id,))
        rules: dict[str, Rule] = {}
        episodes: dict[str, Episode] = {}
        for folder in self.folders:
            for path in _files(folder):
                if path.parent == folder:
                    continue
                document = _Document(path)
                if "episodes" in document.data:
                    for episode in self._episodes(document, categories, audited):
                        episodes[episode.id] = episode
                    continue
                seen: set[str] = set()
                for rule in self._rules(document, categories, audited):
                    if rule.id in seen:
                        raise RuleError(
                            f"two rules have the id {rule.entry.id!r}", rule.where, "ids are unique in a file"
                        )
                    seen.add(rule.id)
                    rules[rule.id] = rule
        charging = ChargeFile()
        for document in self._documents("charges.yml"):
            charging = document.whole(ChargeFile)
            for index, cue in enumerate(charging.kinds_of_no):
                for name in (each for each in cue.rules if each not in rules):
                    at = document.at(("kinds_of_no", index, "rules"))
                    raise RuleError(f"there is no rule {name!r}{nearest(name, rules)}", at)
        modifiers: list[ContextEntry] = []
        for document in self._documents("context.yml"):
            for index, modifier in enumerate(document.whole(ContextFile).modifiers):
                for name in modifier.categories:
                    _category(name, categories, document, ("modifiers", index, "categories"))
                modifiers.append(modifier)
        return Pack(
            categories=categories,
            rules=tuple(rules[key] for key in sorted(rules)),
            episodes=tuple(episodes[key] for key in sorted(episodes)),
            spelling=spelling,
            modifiers=tuple(
                Modifier(
                    each,
                    self._parse(each.patterns, "context.yml"),
                    self._parse(each.until, "context.yml"),
                    self._parse(each.pseudo, "context.yml"),
                )
                for each in modifiers
            ),
            charges=tuple(
                Charge(
                    each.kind,
                    self._parse(each.patterns, "charges.yml"),
                    self._parse(each.except_, "charges.yml"),
                    each.fallback,
                    each.categories,
                    each.by_head,
                    each.phrase,
                )
                for each in charging.charges
            ),
            kinds_of_no=tuple(
                KindOfNoCue(
                    each.kind,
                    self._parse(each.patterns, "charges.yml"),
                    self._parse(each.same_turn, "charges.yml"),
                    each.charged,
                    each.not_charged,
                    each.found,
                    frozenset(each.rules),
                )
                for each in charging.kinds_of_no
            ),
            clauses=self._parse(charging.clauses, "charges.yml"),
            bound_clauses=self._parse(charging.bound_clauses, "charges.yml"),
            asides=self._parse(charging.asides, "charges.yml"),
            charging=charging,
            audited=audited,
            digest=pack_digest(self.folders[1:]),
        )

    def _documents(self, name: str) -> Iterator[_Document]:
        for folder in self.folders:
            if (folder / name).is_file():
                yield _Document(folder / name)

    def _categories(self) -> dict[str, Category]:
        found: dict[str, Category] = {}
        for document in self._documents("categories.yml"):
            for index, entry in enumerate(document.data.get("categories", [])):
                category = document.part(Category, ("categories", index))
                found[category.id] = category
                if not isinstance(entry, dict):
                    raise RuleError("a category is a mapping", document.at(("categories", index)))
        return found

    def _spelling(self) -> Spelling:
        table: dict[str, tuple[str, ...]] = {}
        fillers: list[str] = []
        stutters: list[str] = []
        for document in self._documents("spelling.yml"):
            part = document.whole(SpellingFile)
            table.update({writing.lower(): tuple(words.lower().split()) for writing, words in part.writings.items()})
            fillers.extend(part.fillers)
            stutters.extend(part.stutters)
        return Spelling(table, tuple(dict.fromkeys(fillers)), tuple(dict.fromkeys(stutters)))

    def _parse(self, patterns: Iterable[str], where: str) -> tuple[Pattern, ...]:
        return tuple(self.parser.parse(each, where) for each in patterns)

    def _rules(
        self, document: _Document, categories: dict[str, Category], audited: dict[str, Audited]
    ) -> Iterator[Rule]:
        file = document.whole(RuleFile)
        category = _category(file.category, categories, document)
        for index, entry in enumerate(file.rules):
            where = document.at(("rules", index))
            rule_id = f"{category.id}.{entry.id}"
            _check(entry, category, categories, where)

            def parsed(name: str, entry: RuleEntry = entry, index: int = index) -> tuple[Pattern, ...]:
                key = "except" if name == "except_" else name
                return tuple(
                    self.parser.parse(each, document.at(("rules", index, key, place)))
                    for place, each in enumerate(getattr(entry, name))
                )

            names = (
                "patterns",
                "except_",
                "unless",
                "unless_turn",
                "same_turn",
                "before",
                "not_before",
                "after",
                "not_after",
            )
            yield Rule(
                id=rule_id,
                category=category,
                entry=entry,
                confidence=confidence_of(audited.get(rule_id)),
                proven=proven_in(audited.get(rule_id)),
                where=where,
                **{name: parsed(name) for name in names},
            )

    def _episodes(
        self, document: _Document, categories: dict[str, Category], audited: dict[str, Audited]
    ) -> Iterator[Episode]:
        file = document.whole(EpisodeFile)
        for index, entry in enumerate(file.episodes):
            where = document.at(("episodes", index))
            category = _category(entry.id, categories, document)
            for name in (*entry.trigger, *entry.follow):
                _category(name, categories, document)
            rule_id = f"episode.{entry.id}"
            yield Episode(rule_id, category, entry, confidence_of(audited.get(rule_id)), where)


def _category(
    name: str, categories: dict[str, Category], document: _Document, place: tuple[str | int, ...] = ("category",)
) -> Category:
    if name not in categories:
        hint = f"allowed: {', '.join(categories)}"
        raise RuleError(f"no category {name!r}{nearest(name, categories)}", document.at(place), hint)
    return categories[name]


def _check(entry: RuleEntry, category: Category, categories: dict[str, Category], where: str) -> None:
    if not entry.patterns and not entry.tokens:
        raise RuleError(f"rule {entry.id!r} has no patterns", where, "give patterns: or tokens:")
    for name in (*entry.before_found, *entry.not_before_found, *entry.yields_to):
        if name not in categories:
            hint = f"allowed: {', '.join(categories)}"
            raise RuleError(f"rule {entry.id!r}: no category {name!r}{nearest(name, categories)}", where, hint)
    if entry.kind_of_no and not category.kind_of_no:
        raise RuleError(f"rule {entry.id!r}: {category.id} says no no", where, "leave kind_of_no out")
    if entry.either and not (entry.same_turn and entry.before):
        raise RuleError(f"rule {entry.id!r}: either has nothing to choose from", where, "give same_turn: and before:")


_DEEPEST: Final = 40
"""Levels of a pack's YAML; rules need six."""


class _Document:
    """A YAML file with the line of every value. Aliases and tags are refused: nothing of a pack needs them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = _short(path)  # asked for with every pattern
        self.lines: dict[tuple[str | int, ...], int] = {}
        try:
            text = path.read_text(encoding="utf-8")
            depth = 0
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                what = "aliases are" if isinstance(event, yaml.AliasEvent) else "nested so deeply is"
                if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
                    line = event.start_mark.line + 1 if event.start_mark else 1
                    raise RuleError(f"YAML {what} not allowed", f"{path}:{line}")
            node = yaml.compose(text, Loader=yaml.CSafeLoader)
            self.data: Any = yaml.load(text, Loader=yaml.CSafeLoader) or {}
        except UnicodeDecodeError:
            raise RuleError("is not UTF-8", str(path)) from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{path}:{mark.line + 1}" if mark else str(path)
            raise RuleError(f"not valid YAML: {getattr(error, 'problem', None) or error}", where) from None
        except (ValueError, RecursionError) as error:
            # A date or number that does not exist, or nesting without end.
            raise RuleError(f"not valid YAML: {type(error).__name__}", str(path)) from None
        if not isinstance(self.data, dict):
            raise RuleError("the file is not a mapping", f"{path}:1", "it begins with a key such as `category:`")
        if node is not None:
            self._walk(node, ())

    def _walk(self, node: yaml.Node, at: tuple[str | int, ...]) -> None:
        self.lines[at] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._walk(value, (*at, str(key.value)))
                self.lines[(*at, str(key.value))] = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*at, index))

    def at(self, place: tuple[str | int, ...]) -> str:
        """Return `path:line` of a place, or of the nearest place around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self._name}:{self.lines.get(place, 1)}"

    def whole(self, model: type[T]) -> T:
        return self._validate(model, self.data, ())

    def part(self, model: type[T], place: tuple[str | int, ...]) -> T:
        value: Any = self.data
        for key in place:
            value = value[key]
        return self._validate(model, value, place)

    def _validate(self, model: type[T], value: Any, place: tuple[str | int, ...]) -> T:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            loc = tuple(each for each in first["loc"] if each not in ("str", "Example"))
            raise RuleError(_explain(first, loc, model), self.at((*place, *loc))) from None


def _explain(error: Any, loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    name = next((str(each) for each in reversed(loc) if isinstance(each, str)), "value")
    given = error.get("input")
    if error["type"] == "extra_forbidden":
        allowed = sorted(_field_names(model))
        return f"unknown key {name!r}{nearest(name, allowed)}"
    if error["type"] == "missing":
        return f"{name!r} is missing"
    if error["type"] == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f"{name} {given!r} is not one of {expected}{nearest(str(given), expected.split(', '))}"
    if error["type"] == "string_type" and isinstance(given, bool):
        return f"{name}: YAML reads a bare yes, no, on or off as {str(given).lower()}; put it in quotes"
    return f"{name}: {error['msg']}"


def _field_names(model: type[BaseModel]) -> set[str]:
    names: set[str] = set()
    for each in (model, RuleEntry, Examples, EpisodeEntry, ContextEntry, ChargeEntry):
        names |= {field.alias or name for name, field in each.model_fields.items()}
    return names


def _short(path: Path) -> str:
    """Name shipped rules as `rules/…`, whatever folder they are installed in."""
    root = builtin_pack()
    return f"rules/{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else str(path)
