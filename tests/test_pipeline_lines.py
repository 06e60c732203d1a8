"""What the gate needs must survive scoring."""

import pytest

from frictionlens.model import Expectation, Interaction, Turn
from frictionlens.pipeline import Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner()


def test_findings_carry_the_line_of_the_users_file(scanner: Scanner) -> None:
    text = "Hello,\n\nI'm sorry, we can't do that.\n"
    hand = Interaction("a", (Turn("agent", text, lines=(10, 13)),), expect=Expectation(found=("refusal",)))
    scored = scanner.score(hand)
    assert {each.line for each in scored.findings if each.category == "refusal"} == {12}
    assert scored.expect == hand.expect
    # A format that keeps the whole text in one line of the file.
    assert {each.line for each in scanner.score(Interaction("a", (Turn("agent", text, lines=(10, 10)),))).findings} == {
        10
    }
    assert {each.line for each in scanner.score(Interaction("a", (Turn("agent", text),))).findings} == {None}
