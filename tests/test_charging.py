"""The charged process and the kind of no: names are normalised, and a kind is decided by conditions in order."""

import pytest

from frictionlens.model import Charged, Finding, Interaction, Turn
from frictionlens.pipeline import Options, Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(Options())


def friction(scanner: Scanner, text: str) -> list[Finding]:
    turns = (Turn(role="customer", text="Please help me with this."), Turn(role="agent", text=text))
    findings = scanner.detect(Interaction(id="one", turns=turns)).findings
    return [each for each in findings if each.family == "friction"]


def charged(scanner: Scanner, text: str) -> set[Charged]:
    return {each for finding in friction(scanner, text) for each in finding.charged}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Our refund policies forbid this.", "refund policy"),
        ("The refund policy forbids this.", "refund policy"),
        ("Under our 90-day window we can't take it back.", "90 day window"),
        ("Your starter plan does not include phone support.", "starter plan"),
        ("Due to a burst main we can't restore water today.", "burst main"),
        ("I'm afraid there was an error in the seating chart.", "seating chart"),
        ("I'm unable to do that without approval from the director.", "director"),
        ("That one is decided by the harbour office, I have no say in it.", "harbour office"),
        ("It sits with the archive, so it is out of my hands.", "archive"),
        ("We can't change it, that has to come from the leaseholder.", "leaseholder"),
        ("Our wholesalers have let us down this week.", "wholesalers"),
        ("The signal box has been playing up since breakfast.", "signal box"),
    ],
)
def test_a_process_has_the_name_that_the_words_give_it(scanner: Scanner, text: str, name: str) -> None:
    assert name in {each.name for each in charged(scanner, text)}


def test_what_a_ground_is_about_is_charged_but_not_what_the_customer_wants(scanner: Scanner) -> None:
    about = charged(scanner, "Your ground floor neighbours must sign, as article 12 of the deed says.")
    assert {each.kind for each in about} == {"policy"}
    assert not charged(scanner, "I'm afraid your parcel was misrouted.")
    assert not charged(scanner, "We can't speed that up. I have asked our courier to hurry.")


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, we can't do that.",
        "We can't do that, there was an issue.",
        "Our policy is strict, but a kettle should not leak after six weeks.",
    ],
)
def test_nobody_and_nothing_in_particular_is_not_charged(scanner: Scanner, text: str) -> None:
    assert {each.name for each in charged(scanner, text)} <= {"policy"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Sorry, we can't do that.", "no_reason"),
        ("As per our terms we can't refund that.", "may_not"),
        ("We can't guarantee delivery by Friday.", "not_now"),
        ("There are no rooms available for tonight.", "not_now"),
        ("It isn't possible to merge two profiles in the app.", "cannot"),
        ("We can't change bookings over Twitter.", "cannot"),
        ("We can't speed it up, it is determined by your bank.", "not_me"),
        ("I don't have access to your invoices.", "not_me"),
        ("We can't refund it because you missed the flight.", "your_fault"),
    ],
)
def test_the_kind_of_no_is_the_first_whose_conditions_hold(scanner: Scanner, text: str, kind: str) -> None:
    kinds = {each.kind_of_no for each in friction(scanner, text)} - {None}
    assert kinds == {kind}
