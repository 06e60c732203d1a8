"""The charged process and the kind of no: names are normalised, and a kind is decided by conditions in order."""

from pathlib import Path

import pytest

from frictionlens.errors import RuleError
from frictionlens.model import Charged, ChargedKind, Finding, Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.rules import load_pack


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
        # What is given as the ground, by where it stands; a comma ends the name.
        ("Due to an overgrown hedge, meter readings are late.", "overgrown hedge"),
        ("I'm afraid there was an issue processing your voucher.", "processing voucher"),
        ("Your ladder was flagged as 'worn', so the refund was denied.", "worn"),
        ("Our technicians found that the seal was broken, so the claim was denied.", "technicians"),
        ("We can't refund it without a proof of postage.", "proof of postage"),
        ("We can't speed it up, the matching process takes three nights.", "matching process"),
        ("I can't promise anything faster than the standard 4-6 working days.", "4-6 working days"),
        # What the company's own desks work at, and what the customer's own plan leaves out.
        ("The booking tool doesn't let us merge two profiles.", "booking tool"),
        ("We do not have the functionality to swap seats by text.", "functionality"),
        ("We can't send an engineer out as your plan only covers parts.", "plan"),
        # Who alone may, and the most that is given, are rules.
        ("Only residents may use this gate, so I can't let you in.", "residents"),
        ("This is the maximum amount we can offer for the scratched table.", "maximum amount"),
        # A no names its condition in its own clause.
        ("We can't pass the file on pending clearance from above.", "clearance"),
        ("Your letter was held up by a sorting machine.", "sorting machine"),
        ("I can't approve visitors without the ward manager.", "ward manager"),
        ("The lift isn't fixed since the night crew has not finished.", "night crew"),
        # What something is meant for is not what stands in the way, nor is the thing that is paid for.
        ("A site survey is necessary to prevent further errors in the future.", "site survey"),
        (
            "The travel insurance covers illness. However, it does not cover moving to a higher cabin class.",
            "travel insurance",
        ),
        ("We can't call you by noon due to the nature of the investigation.", "investigation"),
    ],
)
def test_a_process_has_the_name_that_the_words_give_it(scanner: Scanner, text: str, name: str) -> None:
    assert name in {each.name for each in charged(scanner, text)}


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("I'm afraid there was an error with the delivery partner.", "third_party", "delivery partner"),
        ("I'm afraid there was a mistake at the Leeds depot.", "department", "leeds depot"),
        ("I'm afraid there was an issue with the label printer.", "system", "label printer"),
        ("The delay is due to an issue with the carrier's scanner.", "third_party", "carrier scanner"),
        ("It seems there has been an error.", "system", "error"),
    ],
)
def test_the_last_word_tells_what_it_is_where_only_its_place_tells_that_it_is_charged(
    scanner: Scanner, text: str, kind: ChargedKind, name: str
) -> None:
    assert Charged(kind, name) in charged(scanner, text)


def test_a_bare_no_is_not_charged_to_whom_the_speaker_will_ask_instead(scanner: Scanner) -> None:
    assert not charged(scanner, "While I can't promise that, I will ask the courier to be quick.")
    assert charged(scanner, "I can't promise that because of the courier.") == {Charged("third_party", "courier")}


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
        "I can't order that from another seller.",
        "We can't do the alterations, but here are details of other suppliers.",
    ],
)
def test_nobody_and_nothing_in_particular_is_not_charged(scanner: Scanner, text: str) -> None:
    assert {each.name for each in charged(scanner, text)} <= {"policy"}


@pytest.mark.parametrize(
    "text",
    [
        # The customer's own data, and plain absence, though given as the cause.
        "Your crate was marked as undeliverable due to an incorrect address.",
        "The sofa usually comes in two boxes due to its size.",
        "We can't send another one due to limited availability.",
        "It seems the cancellation was due to 'Stock Unavailable'.",
        # What was looked into, and who was asked.
        "After speaking with our records team, we can't refund it.",
        "According to our database, we can't offer that in red.",
        "I am unable to put your file forward for additional review.",
        # What the company is proud of.
        "We can't do that, though we value your gold membership.",
        # A unit is a thing as often as a department, and a number alone is no rule.
        "We can't repair the control unit.",
        "We can't deliver 6 of them.",
    ],
)
def test_own_data_absence_and_what_was_looked_into_stand_in_nobodys_way(scanner: Scanner, text: str) -> None:
    findings = friction(scanner, text)
    assert findings
    assert not {each for finding in findings for each in finding.charged}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Sorry, we can't do that.", "no_reason"),
        ("As per our terms we can't refund that.", "may_not"),
        ("We can't guarantee delivery by Friday.", "no_reason"),
        ("We can't guarantee delivery by Friday at this moment.", "not_now"),
        ("Due to the road works we can't guarantee delivery by Friday.", "not_now"),
        ("There are no rooms available for tonight.", "not_now"),
        ("It isn't possible to merge two profiles in the app.", "cannot"),
        ("We can't change bookings over Twitter.", "cannot"),
        ("We can't speed it up, it is determined by your bank.", "not_me"),
        ("I don't have access to your invoices.", "not_me"),
        ("We can't refund it because you missed the flight.", "your_fault"),
        # What the speaker does instead says nothing about the no.
        ("While I can't bring that sale back, I can look for what is in stock at the moment.", "no_reason"),
        ("We can't match that price, but a technician is free tomorrow.", "no_reason"),
        ("I can't put you through to the manager right now.", "not_now"),
        # A rule that protects somebody stands above what the channel can do.
        ("For security reasons we can't take card numbers by email.", "may_not"),
        # Favours are refused without a ground, haste where others do the work is not the speaker's to give.
        ("I'm unable to offer you a discount on this one.", "no_reason"),
        ("I can't speed up the transfer that your bank is holding.", "not_me"),
        # Where the clause gives no ground, the wording itself does.
        ("That is more than we lend on this card.", "may_not"),
        # What happened to a thing is a limit; what is so for the moment, or runs out, is not yet.
        ("As the parcel was already dispatched, we are unable to help with that.", "cannot"),
        ("Because of a fault in the lift we can't offer you that.", "cannot"),
        ("We cannot recover the old playlist.", "cannot"),
        ("I'm unable to send it without any further details.", "cannot"),
        ("It is not possible to pin two lists.", "cannot"),
        ("Collection by night is not available at the moment.", "not_now"),
        ("Due to the low stock we can't send you a second one.", "not_now"),
        ("We can't bring it forward beyond the usual delivery time.", "not_now"),
        # The end of an offer and the most that is given are rules, though nobody calls them so.
        ("As the promotion has ended, we can't give you that price.", "may_not"),
        ("That is the highest sum we can offer at this time.", "may_not"),
        # Whoever set it, whatever broke down and how long it needs stand above the verb.
        ("I can't change the fare as the tour operator sets it.", "not_me"),
        ("I can't lift the hold because the fraud desk placed it.", "not_me"),
        ("I can't add that since the booking tool has crashed.", "cannot"),
        ("Our till won't let me do a part refund, so I can't do that.", "cannot"),
        ("I can't take payment on this line.", "cannot"),
        ("It needs another three weeks to cure, so I can't send it.", "not_now"),
        ("Because of the storm we can't send a van out.", "not_now"),
        ("Due to the holidays we can't promise a table.", "not_now"),
        ("I can't promise anything faster than the standard four days.", "not_now"),
        ("We can't replace it because the lid was opened by you.", "your_fault"),
        ("Only residents may use this gate, so I can't let you in.", "may_not"),
        # A time that is asked for is no window of a rule.
        ("I can't guarantee an answer within 24 hours.", "no_reason"),
    ],
)
def test_the_kind_of_no_is_the_first_whose_conditions_hold(scanner: Scanner, text: str, kind: str) -> None:
    kinds = {each.kind_of_no for each in friction(scanner, text)} - {None}
    assert kinds == {kind}


def test_a_reason_that_the_customer_gave_is_held_against_them_from_anywhere_in_the_turn(scanner: Scanner) -> None:
    ruled = "Only faulty goods qualify for free returns."
    kinds = {each.kind_of_no for each in friction(scanner, f"The return reason selected was 'changed mind'. {ruled}")}
    assert "your_fault" in kinds
    assert "your_fault" not in {each.kind_of_no for each in friction(scanner, ruled)}


def test_a_cue_of_a_rule_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "charges.yml").write_text("kinds_of_no:\n  - kind: cannot\n    rules: [refusal.nope]\n")
    with pytest.raises(RuleError, match=r"no rule 'refusal\.nope'"):
        load_pack([tmp_path])
