"""The measuring itself is measured: by hand on small cases, by property on random ones."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from frictionlens.errors import UserError
from frictionlens.evaluation import LEAST_LABELS, evaluate, find_units, kappa_of
from frictionlens.model import Charged, Finding, Interaction, Turn
from frictionlens.rules.pack import Category

CATEGORIES = {
    each.id: each
    for each in (
        Category(id="no", family="friction", title="No", meaning="", weight=10, charged=True, kind_of_no=True),
        Category(id="wait", family="friction", title="Wait", meaning="", weight=2),
        Category(id="sorry", family="recovery", title="Sorry", meaning="", step=1),
        Category(id="cross", family="signal", title="Cross", meaning=""),
        Category(id="left", family="sign", title="Left", meaning=""),
    )
}


def finding(category: str, turn: int, **fields: object) -> Finding:
    values = {"severity": "medium", "confidence": "high", "kind_of_no": None, "charged": (), **fields}
    family = CATEGORIES[category].family
    return Finding(
        f"{category}.rule", category, family, turn=turn, start=0, end=1, quote="x", fingerprint="f", **values
    )  # type: ignore[arg-type]


def measured(*cases: tuple[Interaction, list[Finding]], **options: object):
    found = {each.id: findings for each, findings in cases}
    units = find_units([each for each, _ in cases], lambda each: found[each.id])
    return evaluate(units, CATEGORIES, **options)  # type: ignore[arg-type]


def talk(name: str, *turns: Turn, source: str = "s") -> Interaction:
    return Interaction(id=name, source=source, turns=turns)


def test_a_turn_counts_once_per_category_and_turns_without_labels_do_not_count() -> None:
    case = talk("a", Turn("agent", "x", labels=("no",)), Turn("agent", "y"), Turn("customer", "z", labels=()))
    result = measured((case, [finding("no", 0), finding("no", 0), finding("no", 1), finding("cross", 2)]))
    no = result.measure("no")
    assert (no.hits, no.found, no.labelled, no.units) == (1, 1, 1, 1)
    assert result.units == 2
    # No label of the family anywhere: nobody can tell whether signals were looked for.
    assert result.not_judged == {"signal": 1}


def test_figures_of_a_hand_made_case() -> None:
    one = talk("a", Turn("agent", "x", labels=("no", "wait")), Turn("bot", "y", labels=()))
    two = talk("b", Turn("agent", "x", labels=("no",)), Turn("agent", "x", labels=()))
    result = measured((one, [finding("no", 0), finding("no", 1)]), (two, [finding("wait", 0)]))
    no, friction = result.measure("no"), result.measure("friction")
    assert (no.precision, no.recall, no.f1) == (0.5, 0.5, 0.5)
    assert no.kappa == pytest.approx(0.0)
    assert (friction.hits, friction.found, friction.labelled) == (1, 3, 3)
    assert (result.clean.hits, result.clean.of) == (1, 2)
    assert {(each.labelled, each.found, each.count) for each in result.confusion} == {
        ("no", "wait", 1),
        (None, "no", 1),
        ("wait", None, 1),
    }


def test_labels_that_cannot_be_are_reported_and_not_counted() -> None:
    case = talk("a", Turn("customer", "x", labels=("no", "cross")), Turn("agent", "x", labels=("sory", "zzzz")))
    result = measured((case, []))
    assert result.unknown_labels == {"sory": 1, "zzzz": 1}
    assert result.suggested == {"sory": "sorry"}
    assert result.misplaced_labels == {"no": 1}
    assert [each.name for each in result.categories] == ["cross"]


def test_case_and_outer_spaces_of_a_label_do_not_matter() -> None:
    case = talk("a", Turn("agent", "x", labels=(" No ", "SORRY")))
    result = measured((case, [finding("no", 0)]))
    assert (result.measure("no").hits, result.measure("sorry").labelled, result.unread) == (1, 1, 0)


def test_a_turn_whose_label_cannot_be_read_is_not_judged() -> None:
    case = talk("a", Turn("agent", "x", labels=("no",)), Turn("agent", "y", labels=("sory",)))
    result = measured((case, [finding("no", 0), finding("no", 1), finding("sorry", 1)]))
    assert (result.measure("no").found, result.measure("no").units) == (1, 1)
    assert (result.units, result.unread, result.mistakes) == (1, 1, ())
    assert (result.clean.hits, result.clean.of) == (0, 0)


def test_an_unsure_label_counts_neither_way_and_leaves_the_others() -> None:
    case = talk(
        "a",
        Turn("agent", "x", labels=("?no", "wait")),
        Turn("agent", "y", labels=("no",)),
        Turn("agent", "z", labels=("?no",)),
    )
    result = measured((case, [finding("no", 0), finding("no", 1)]))
    no = result.measure("no")
    assert (no.hits, no.found, no.labelled, no.units) == (1, 1, 1, 1)
    assert (result.measure("wait").labelled, result.measure("wait").units) == (1, 3)
    assert (result.unsure, result.not_judged, result.clean.of) == ({"no": 2}, {}, 0)


def test_clean_turns_are_counted_only_where_all_of_friction_is_judged() -> None:
    turn = Turn("agent", "x", labels=())
    signals = talk("a", turn, Turn("customer", "y", labels=("cross",)))
    assert measured((signals, [finding("no", 0)])).clean.of == 0
    one_column = Interaction(id="a", turns=(turn,), meta={"judged": ["no"]})
    assert measured((one_column, [finding("wait", 0)])).clean.of == 0
    both = Interaction(id="a", turns=(turn,), meta={"judged": ["no", "wait"]})
    assert (measured((both, [finding("wait", 0)])).clean.hits, measured((both, [])).clean.of) == (1, 1)


def test_what_is_not_judged_is_named_by_category_where_others_of_its_family_are() -> None:
    case = Interaction(id="a", turns=(Turn("agent", "x", labels=("no",)),), meta={"judged": ["no"]})
    assert measured((case, [finding("wait", 0), finding("sorry", 0)])).not_judged == {"recovery": 1, "wait": 1}


def test_only_what_was_looked_for_is_judged() -> None:
    case = talk("a", Turn("agent", "x", labels=("no", "wait"), charged=()), Turn("agent", "y", labels=("wait",)))
    result = measured((case, [finding("no", 0)]), looked_for={"no"})
    assert [(each.name, each.hits, each.labelled) for each in result.categories] == [("no", 1, 1)]
    assert (result.mistakes, result.only, result.measure("friction").recall) == ((), ("no",), 1.0)
    assert measured((case, []), looked_for=CATEGORIES).only == ()


def test_f1_has_no_interval_of_few_labels_nor_without_any_mistake() -> None:
    def of(labels: int, missed: int):
        cases = [
            (talk(f"{n}", Turn("agent", "x", labels=("no",))), [] if n < missed else [finding("no", 0)])
            for n in range(labels)
        ]
        return measured(*cases).measure("no")

    assert of(LEAST_LABELS - 1, 2).f1_interval is None
    assert of(LEAST_LABELS, 0).f1_interval is None
    low, high = of(LEAST_LABELS, 2).f1_interval
    assert low < of(LEAST_LABELS, 2).f1 < high


def test_every_source_has_its_own_units_and_intervals() -> None:
    cases = [
        (talk(f"{source}{n}", Turn("agent", "x", labels=("no",)), source=source), [finding("no", 0)] if n % 4 else [])
        for source in ("s", "t")
        for n in range(40 if source == "s" else 24)
    ]
    result = measured(*cases)
    alone = measured(*(each for each in cases if each[0].source == "t"))
    measures = {each.source: each.measure for each in result.by_source}
    assert measures["t"] == alone.measure("friction")
    assert measures["t"].f1_interval is not None
    # Once per category of the family.
    assert (measures["s"].units, measures["t"].units, result.measure("friction").units) == (80, 48, 128)


def test_labels_of_a_whole_interaction_are_compared_with_everything_found_in_it() -> None:
    case = Interaction(id="a", turns=(Turn("agent", "x"), Turn("customer", "y")), meta={"labels": ["no", "cross"]})
    result = measured((case, [finding("no", 0), finding("wait", 0)]))
    assert (result.measure("no").hits, result.measure("cross").hits, result.measure("wait").hits) == (1, 0, 0)
    assert result.units == 1


def test_charged_process_and_kind_of_no() -> None:
    policy, system = Charged("policy", "refund policy"), Charged("system", "app")
    case = talk(
        "a",
        Turn("agent", "x", labels=("no",), charged=(policy,), kind_of_no="may_not"),
        Turn("agent", "x", labels=("no",), charged=(system,), kind_of_no="cannot"),
        Turn("agent", "x", labels=("no",), charged=()),
        Turn("agent", "x", labels=("wait",), charged=(policy,)),
    )
    near = Charged("policy", "the refund window")
    result = measured(
        (case, [finding("no", 0, charged=(near,), kind_of_no="may_not"), finding("no", 1, kind_of_no="may_not")])
    )
    assert (result.charged_named.hits, result.charged_named.of) == (2, 3)
    assert (result.charged_name.hits, result.charged_name.of) == (1, 2)
    assert (result.charged_kind.hits, result.charged_kind.of) == (1, 2)
    assert (result.kind_of_no.hits, result.kind_of_no.of) == (1, 2)


def test_worst_mistakes_come_first() -> None:
    case = talk("a", Turn("agent", "x", labels=("wait",)), Turn("agent", "x", labels=()), Turn("agent", "x", labels=()))
    result = measured((case, [finding("no", 1, confidence="low"), finding("no", 2)]))
    assert [(each.kind, each.turn) for each in result.mistakes] == [("false alarm", 2), ("false alarm", 1), ("miss", 0)]


def test_asking_for_a_measure_that_was_not_judged_names_what_was() -> None:
    result = measured((talk("a", Turn("agent", "x", labels=("no",))), []))
    with pytest.raises(UserError, match="did you mean 'no'"):
        result.measure("noo")


def test_judged_columns_decide_where_they_are_given() -> None:
    case = Interaction(id="a", turns=(Turn("agent", "x", labels=()),), meta={"judged": ["no"]})
    result = measured((case, [finding("no", 0), finding("wait", 0)]))
    assert [each.name for each in result.categories] == ["no"]


def test_the_interval_of_f1_is_the_same_every_time_and_narrows_with_more_conversations() -> None:
    def of(size: int):
        cases = []
        for number in range(size):
            case = talk(f"{number}", Turn("agent", "x", labels=("no",) if number % 3 else ()))
            cases.append((case, [finding("no", 0)] if number % 4 else []))
        return measured(*cases).measure("no").f1_interval

    small, large = of(40), of(400)
    assert small == of(40)
    assert large.high - large.low < (small.high - small.low) / 2


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_figures_agree_with_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    cases = [
        (
            Interaction(
                id=f"{number}",
                turns=(Turn("agent", "x", labels=("no",) if label else ()),),
                meta={"judged": ["no"]},
            ),
            [finding("no", 0)] if said else [],
        )
        for number, (label, said) in enumerate(pairs)
    ]
    result = measured(*cases, resamples=0)
    labels, said = zip(*pairs, strict=True)
    if not any(labels) and not any(said):
        assert result.categories == ()
        return
    no = result.measure("no")
    assert (no.precision or 0.0) == pytest.approx(precision_score(labels, said, zero_division=0))
    assert (no.recall or 0.0) == pytest.approx(recall_score(labels, said, zero_division=0))
    assert (no.f1 or 0.0) == pytest.approx(f1_score(labels, said, zero_division=0))
    kappa = kappa_of(no.hits, no.found, no.labelled, no.units)
    if kappa is not None:
        assert kappa == pytest.approx(cohen_kappa_score(labels, said))
    for low, high in (no.precision_interval, no.recall_interval):
        assert 0 <= low <= high <= 1
    assert all(not math.isnan(x) for x in (no.f1 or 0.0, kappa or 0.0))


def test_mistakes_are_in_order_of_points() -> None:
    case = talk("a", *(Turn("agent", "x", labels=("no", "wait")) for _ in range(3)))
    result = measured((case, []))
    assert all(one.points >= other.points for one, other in pairwise(result.mistakes))
