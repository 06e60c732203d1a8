"""Own what a report means by its words: which categories stand for a sign, a harm or a step of recovery.

Titles and steps come from the pack that scored the results (the store keeps them); only what no pack knows is here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

STEP_NAMES: Final = ("Acknowledged", "Options offered", "Followed through", "Checked back", "Asked for feedback")
"""The five recovery steps that text shows; the sixth, changing the process, shows at change dates."""

DEFAULT_STEPS: Final = {
    "acknowledge": 1, "options": 2, "commitment": 3, "exception": 3, "check_back": 4, "ask_feedback": 5,
}  # fmt: skip
"""Used where the results come without notes on their categories."""


class Sign(NamedTuple):
    """One of the seven signs of an organisation that loses touch."""

    name: str
    categories: tuple[str, ...]


SIGNS: Final = (
    Sign("Excuses", ("excuse",)),
    Sign("Blaming the customer", ("blame_customer",)),
    Sign("Staff turnover", ("staff_turnover",)),
    Sign("Staff absence", ("staff_absence",)),
    Sign("Work overload", ("overload",)),
    Sign("Complaints", ("frustration", "escalation_request")),
    Sign("Lost customers", ("churn_threat",)),
)

DEAD_END: Final = "dead_end"
LEAVING: Final = "churn_threat"
ESCALATION: Final = "escalation_request"

HARM: Final = {DEAD_END: 0.5, LEAVING: 1.0, ESCALATION: 0.5}
"""What happened in the same interaction adds this share to the harm of each friction point charged there.

A judgement, not a measurement: a leaving threat doubles the harm, a dead end or an escalation adds half.
"""

REFUSING: Final = ("refusal", "policy_shield", "disempowered")
"""Categories that can say a no; a finding counts where it also carries a kind of no, or is a plain refusal."""
GRANTING: Final = ("commitment", "exception")

NOBODY: Final = "nobody named"
TIME_LIMIT: Final = "time limit"


def title_of(category: str, titles: dict[str, str]) -> str:
    """Return the title of a category, or its id made readable."""
    return titles.get(category) or category.replace("_", " ").capitalize()
