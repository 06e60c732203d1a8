"""Own a made-up history: seeded weeks of support conversations with a known story, or with none.

It exists so that a report can be looked at without anybody's transcripts, and so that tests can ask two things
of a report: does it tell the story that was planted, and does it keep quiet where there is none.

The story, where `story=True` (weeks counted from 1):

* **Week 5, a policy change.** The return window is cut from 30 to 14 days. From then on more returns are refused,
  some agents still quote 30 days, and more of those customers say that they will leave. It stays so.
* **Week 7, an outage.** The payment system is down: about twice as many billing contacts, most met with an excuse;
  agents speak of high volumes. It is over in week 8.

Everything else is drawn from the same probabilities every week; only the number of contacts varies (±10 %).
QA scores do not depend on friction, CSAT does: this history is green and hurting.

`interactions` gives native transcripts with their true labels, which the whole chain can read. `scored` makes results
directly from those labels with plain points per category: it measures stores and reports, and says nothing about rules.
All names, numbers and sentences are invented.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from math import exp
from pathlib import Path
from typing import Final, NamedTuple

from frictionlens.model import (
    Channel,
    Charged,
    Contribution,
    ExcerptTurn,
    Facts,
    Family,
    Finding,
    Interaction,
    KindOfNo,
    Mark,
    Role,
    Scored,
    Turn,
)


class Story(NamedTuple):
    """What is made: how many weeks from which Monday, how many contacts a week, and what happens in them."""

    weeks: int = 8
    per_week: int = 400
    seed: int = 46
    start: date = date(2026, 9, 21)
    """Monday of week 1; the default makes week 8 the ISO week 2026-W46."""
    story: bool = True
    policy_change_week: int = 5
    outage_week: int = 7


class _Said(NamedTuple):
    """A sentence with its true label."""

    text: str
    category: str = ""
    charged: tuple[Charged, ...] = ()
    kind_of_no: KindOfNo | None = None


class _Topic(NamedTuple):
    """One reason to get in touch, with what can be said to it."""

    queue: str
    product: str
    tags: tuple[str, ...]
    share: float
    """Share of contacts in a quiet week."""
    refused: float
    """Probability of a no in a quiet week."""
    requests: tuple[str, ...]
    noes: tuple[_Said, ...]
    grants: tuple[str, ...]
    options: tuple[str, ...]


_POINTS: Final = {
    "refusal": 14.0, "policy_shield": 12.0, "excuse": 10.0, "blame_customer": 16.0, "run_around": 12.0,
    "disempowered": 10.0, "hollow_empathy": 4.0, "stall": 7.0, "burden": 8.0, "dead_end": 18.0,
}  # fmt: skip
"""Points of the direct mode; the real weights belong to the rule pack."""

_FAMILIES: Final[dict[str, Family]] = {
    **dict.fromkeys(_POINTS, "friction"),
    "dead_end": "episode",
    **dict.fromkeys(("acknowledge", "options", "commitment", "check_back", "ask_feedback", "exception"), "recovery"),
    **dict.fromkeys(("frustration", "repeat_contact", "churn_threat", "escalation_request"), "signal"),
    **dict.fromkeys(("staff_turnover", "staff_absence", "overload"), "sign"),
}
_STEPS: Final = ("acknowledge", "options", "commitment", "check_back", "ask_feedback")


def _policy(name: str) -> tuple[Charged, ...]:
    return (Charged("policy", name),)


_TOPICS: Final = (
    _Topic(
        "returns", "footwear", ("return",), 0.22, 0.20,
        (
            "Hi, I'd like to return a pair of {item}, they don't fit. I bought them {age} days ago.",
            "Can I send back the {item} I ordered {age} days ago? The size is wrong.",
            "I need to return my {item}, wrong size. Got them about {age} days ago.",
        ),
        (
            _Said("Unfortunately we can't accept this return, because our {window}-day return window has passed.",
                  "refusal", _policy("{window}-day return window"), "may_not"),
            _Said("I'm afraid that return is not possible, as per our {window}-day return window.",
                  "refusal", _policy("{window}-day return window"), "may_not"),
        ),
        ("I've set up the return and e-mailed the label, and you will see the money by Friday.",
         "I've approved the return and refunded you $64 just now."),
        ("What I can do is offer you a store credit or an exchange for another size.",
         "We could exchange them or give you a voucher for the full price, which would you prefer?"),
    ),
    _Topic(
        "billing", "payments", ("refund",), 0.22, 0.16,
        (
            "I was charged twice for my order and I want the second payment back.",
            "Where is my refund? It was promised {age} days ago.",
            "My card was charged two times this month, please refund one of them.",
        ),
        (
            _Said("I'm sorry, I can't issue that refund from here, the payment system won't let me.",
                  "disempowered", (Charged("system", "payment system"),), "cannot"),
            _Said("We are not able to speed that up, it depends on your bank.",
                  "refusal", (Charged("third_party", "bank"),), "not_me"),
            _Said("The finance department decides on that, I don't have access to it.",
                  "disempowered", (Charged("department", "finance department"),), "not_me"),
        ),
        ("I've refunded the second payment of $38, you will have it by Wednesday.",
         "I have cancelled the duplicate charge for you."),
        ("I can credit the amount to your next bill or send it back to the card, which do you prefer?",),
    ),
    _Topic(
        "delivery", "shipping", ("late",), 0.20, 0.14,
        (
            "My parcel was due {age} days ago and it still isn't here.",
            "The tracking has said 'in transit' for {age} days. Where is my order?",
            "My order never arrived and I need it this week.",
        ),
        (
            _Said("We can't send a replacement until the courier closes the case.",
                  "refusal", (Charged("third_party", "courier"),), "not_me"),
            _Said("We do not reship before the investigation period of 10 days is over.",
                  "policy_shield", _policy("investigation period"), "may_not"),
        ),
        ("I've sent a replacement by express, it arrives on Thursday.",
         "I have traced the parcel, it will be with you tomorrow before noon."),
        ("Would you like a replacement or your money back?",),
    ),
    _Topic(
        "bookings", "tickets", ("change",), 0.14, 0.30,
        (
            "I need to move my booking to the following day, can you change it?",
            "Can you change the date of my ticket to next Sunday?",
        ),
        (
            _Said("A basic fare cannot be changed once it has been booked.",
                  "refusal", _policy("basic fare"), "may_not"),
            _Said("Only a supervisor can approve a change like that.",
                  "disempowered", (Charged("authority", "supervisor"),), "not_me"),
        ),
        ("I've moved your booking to the next day at no charge.",),
        ("I can offer you a later train the same day, or a voucher for the fare.",),
    ),
    _Topic(
        "account", "login", ("access",), 0.12, 0.18,
        (
            "I'm locked out of my account and the code never arrives.",
            "Please change the e-mail address on my account, I lost access to the old one.",
        ),
        (
            _Said("For security reasons we cannot change the address without the security check.",
                  "policy_shield", _policy("security check"), "may_not"),
            _Said("That is handled by the verification team, I can't see those cases.",
                  "disempowered", (Charged("department", "verification team"),), "not_me"),
        ),
        ("I've reset your access, please try the new link now.",),
        ("I can send the code by letter or to your second number, which works for you?",),
    ),
    _Topic(
        "warranty", "kitchen", ("repair",), 0.10, 0.28,
        (
            "My {appliance} stopped working after {age} weeks and I'd like it repaired.",
            "The {appliance} I bought is broken. I want a new one or a repair.",
        ),
        (
            _Said("The warranty does not cover this kind of damage.",
                  "refusal", (Charged("contract", "warranty"),), "may_not"),
            _Said("We don't do repairs ourselves, you would have to ask the manufacturer.",
                  "run_around", (Charged("third_party", "manufacturer"),), "not_me"),
        ),
        ("I've booked a repair for Tuesday, the technician will call you at nine.",),
        ("We can repair it or send you a new one, what would you like?",),
    ),
)  # fmt: skip

_SHARED_FRICTION: Final = (
    _Said("Sorry for any inconvenience this may have caused.", "hollow_empathy"),
    _Said("We're looking into it and someone will get back to you.", "stall"),
    _Said("Please contact our support team by phone for that.", "run_around"),
    _Said("Please send us photos and the original receipt again.", "burden"),
    _Said("You should have read the terms before ordering.", "blame_customer"),
    _Said("This is due to a delay at our warehouse.", "excuse", (Charged("department", "warehouse"),)),
)
_SIGNS: Final = (
    _Said("We're short-staffed at the moment.", "overload"),
    _Said("My colleague who handled your case no longer works here.", "staff_turnover"),
    _Said("The person who deals with that is on sick leave.", "staff_absence"),
)
_ACKNOWLEDGE: Final = (
    _Said("I'm so sorry, I understand how frustrating this is.", "acknowledge"),
    _Said("I'm sorry about that, it should not have happened.", "acknowledge"),
)
_FRUSTRATION: Final = (
    _Said("This is ridiculous.", "frustration"),
    _Said("I'm really disappointed with your service.", "frustration"),
)
_REPEAT: Final = (
    _Said("This is the third time I've contacted you about this.", "repeat_contact"),
    _Said("I already explained all of this yesterday.", "repeat_contact"),
)
_CHURN: Final = (
    _Said("I will never buy from you again.", "churn_threat"),
    _Said("I'm cancelling and switching to another shop.", "churn_threat"),
)
_ESCALATE: Final = (
    _Said("Let me speak to your manager.", "escalation_request"),
    _Said("I will take this to the consumer ombudsman.", "escalation_request"),
)
_DETAILS: Final = (
    "I'm travelling next week.", "It was a present for my son.", "I paid with a gift card.", "The receipt is attached.",
    "I live on the third floor.", "I have been a customer for years.", "The shop in town could not tell me.",
    "My neighbour had the same thing.", "I ordered it on my phone.", "It was a sale item.", "I used a voucher for it.",
    "I already looked at your website.", "Please be quick.", "I need it for work.",
)  # fmt: skip
_ITEMS: Final = ("running shoes", "boots", "sandals", "trainers", "hiking shoes")
_APPLIANCES: Final = ("kettle", "toaster", "mixer", "coffee machine")
_CHANNELS: Final[tuple[Channel, ...]] = ("chat", "chat", "email", "voice", "messaging")
_OUTAGE: Final = (
    _Said("Our payment system is down at the moment, that is why it takes so long.",
          "excuse", (Charged("system", "payment system"),)),
    _Said("There is an outage in our payment system.", "excuse", (Charged("system", "payment system"),)),
)  # fmt: skip

_Line = tuple[Role, list[_Said]]


def interactions(story: Story = Story()) -> Iterator[Interaction]:  # noqa: B008
    """Yield native transcripts with their true labels, week by week."""
    for interaction, _ in _conversations(story):
        yield interaction


def scored(story: Story = Story(), *, excerpts: bool = True) -> Iterator[Scored]:  # noqa: B008
    """Yield results made from the true labels, with plain points per category; no rule is run.

    Args:
        story: what to make.
        excerpts: carry the whole conversation as the excerpt, as a scan into a store would.
    """
    for interaction, lines in _conversations(story):
        yield _score(interaction, lines, excerpts=excerpts)


def _conversations(story: Story) -> Iterator[tuple[Interaction, list[_Line]]]:
    for week in range(1, story.weeks + 1):
        draw = random.Random(f"{story.seed}/{week}")  # noqa: S311 - made-up conversations, not secrets
        monday = datetime.combine(story.start + timedelta(weeks=week - 1), datetime.min.time(), UTC)
        outage = story.story and week == story.outage_week
        weights = [t.share * (2.2 if outage and t.queue == "billing" else 1.0) for t in _TOPICS]
        number = round(story.per_week * draw.uniform(0.9, 1.1) * sum(weights))
        for place in range(number):
            topic = draw.choices(_TOPICS, weights)[0]
            changed = story.story and week >= story.policy_change_week and topic.queue == "returns"
            lines = _converse(draw, topic, changed=changed, outage=outage)
            yield _interaction(draw, f"w{week:02d}-{place + 1:05d}", monday, topic, lines), lines


def _converse(draw: random.Random, topic: _Topic, *, changed: bool, outage: bool) -> list[_Line]:
    slots = {
        "item": draw.choice(_ITEMS), "appliance": draw.choice(_APPLIANCES), "age": str(draw.randint(3, 40)),
        "window": "30" if not changed or draw.random() < 0.3 else "14",
    }  # fmt: skip

    def fill(said: _Said) -> _Said:
        if "{" not in said.text:
            return said
        charged = tuple(Charged(c.kind, c.name.format(**slots)) for c in said.charged)
        return _Said(said.text.format(**slots), said.category, charged, said.kind_of_no)

    chance = draw.random
    request = [fill(_Said(draw.choice(topic.requests)))]
    request += [_Said(detail) for detail in draw.sample(_DETAILS, draw.choice((0, 1, 1, 2)))]
    if chance() < 0.08:
        request.append(draw.choice(_REPEAT))
    lines: list[_Line] = [("customer", request)]
    reply: list[_Said] = []
    if chance() < 0.45:
        reply.append(draw.choice(_ACKNOWLEDGE))
    down = outage and topic.queue == "billing" and chance() < 0.7
    if down:
        reply.append(draw.choice(_OUTAGE))
    if chance() < (0.25 if outage else 0.03):
        reply.append(_SIGNS[0])
    refused = chance() < (0.55 if changed else topic.refused)
    if refused:
        reply.append(fill(draw.choice(topic.noes)))
    elif chance() < 0.22 and not down:
        reply.append(draw.choice(_SHARED_FRICTION))
    if not reply or (len(reply) == 1 and reply[0].category == "acknowledge"):
        reply.append(_Said("Let me check that for you, one moment."))
    if chance() < 0.012:
        reply.append(draw.choice(_SIGNS[1:]))
    lines.append(("agent", reply))
    recovered = chance() < (0.42 if refused or down else 0.88)
    if refused or down:
        reaction = [draw.choice(_FRUSTRATION)] if chance() < 0.4 else [_Said("So what now?")]
        if chance() < (0.24 if changed else 0.10):
            reaction.append(draw.choice(_CHURN))
        if chance() < 0.12:
            reaction.append(draw.choice(_ESCALATE))
        lines.append(("customer", reaction))
    else:
        lines.append(("customer", [_Said("Okay.")]))
    if recovered:
        lines.append(("agent", _recover(draw, topic, refused=refused)))
        lines.append(("customer", [_Said("Thank you, that helps.")]))
        if chance() < 0.3:
            lines.append(("agent", [_Said("Could you rate this chat in our short survey?", "ask_feedback")]))
    else:
        closing = [draw.choice(_SHARED_FRICTION[:2])] if chance() < 0.6 else []
        lines.append(("agent", [*closing, _Said("Is there anything else I can help you with?")]))
    return lines


def _recover(draw: random.Random, topic: _Topic, *, refused: bool) -> list[_Said]:
    said: list[_Said] = []
    if refused or draw.random() < 0.3:
        said.append(_Said(draw.choice(topic.options), "options"))
    if not refused or draw.random() < 0.4:
        said.append(_Said(draw.choice(topic.grants), "commitment"))
    if draw.random() < 0.35:
        said.append(_Said("Does that work for you?", "check_back"))
    return said


def _interaction(
    draw: random.Random, name: str, monday: datetime, topic: _Topic, lines: Sequence[_Line]
) -> Interaction:
    categories = [said.category for _, turn in lines for said in turn]
    friction = sum(category in _POINTS for category in categories)
    hurt = 2 * ("churn_threat" in categories) + ("frustration" in categories) + friction
    agent = draw.randrange(24)
    started = monday + timedelta(minutes=draw.randrange(7 * 24 * 60))
    answered = draw.random()
    csat = min(5, max(1, round(draw.gauss(4.7 - 0.6 * hurt, 0.7)))) if answered < 0.35 else None
    qa_score = min(100, max(60, round(draw.gauss(93, 4)))) if draw.random() < 0.2 else None
    return Interaction(
        id=name,
        source="synthetic",
        channel=draw.choice(_CHANNELS),
        started_at=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        agent=f"agent-{agent:02d}",
        queue=topic.queue,
        team=("north", "south", "harbour")[agent % 3],
        product=topic.product,
        tags=topic.tags,
        csat=csat,
        qa_score=qa_score,
        turns=tuple(_turn(role, said, place * 25.0) for place, (role, said) in enumerate(lines)),
    )


def _turn(role: Role, said: Sequence[_Said], at: float) -> Turn:
    kinds = [item.kind_of_no for item in said if item.kind_of_no]
    text = " ".join(item.text for item in said)
    return Turn(
        role=role,
        text=text,
        at=at,
        end=at + 2.0 + 0.4 * len(text.split()),
        labels=tuple(sorted({item.category for item in said if item.category})),
        charged=tuple(charge for item in said for charge in item.charged) or None,
        kind_of_no=kinds[0] if kinds else None,
    )


def _score(interaction: Interaction, lines: Sequence[_Line], *, excerpts: bool) -> Scored:
    findings: list[Finding] = []
    marks: dict[int, list[Mark]] = {}
    process_words = 0
    for turn, (role, said) in enumerate(lines):
        start = 0
        for item in said:
            end = start + len(item.text)
            if item.category:
                marks.setdefault(turn, []).append(Mark(start, end, len(findings)))
                findings.append(_finding(interaction.id, item, turn, start, end))
                if role == "agent" and item.category in _POINTS:
                    process_words += len(item.text.split())
            start = end + 1
    categories = {finding.category for finding in findings}
    noes = [f for f in findings if f.kind_of_no]
    if noes and not categories & {"options", "commitment", "exception"}:
        last = noes[-1]
        marks[last.turn].append(Mark(last.start, last.end, len(findings)))
        findings.append(_finding(interaction.id, _Said(last.quote, "dead_end"), last.turn, last.start, last.end))
    points = [_POINTS.get(finding.category, 0.0) for finding in findings]
    load = sum(points)
    # The shape of the real score: more and more load adds less and less, and 100 is never reached.
    scale = 100 * (1 - exp(-load / 30)) / load if load else 0.0
    contributions = tuple(Contribution(i, round(p * scale, 2)) for i, p in enumerate(points) if p)
    words = sum(len(turn.text.split()) for turn in interaction.turns if turn.role == "agent")
    seconds = interaction.turns[-1].end
    apology = 0
    for finding in findings:
        if finding.category == "options":
            break
        if finding.category in ("acknowledge", "hollow_empathy"):
            apology += len(finding.quote.split())
    return Scored(
        interaction_id=interaction.id,
        source=interaction.source,
        channel=interaction.channel,
        started_at=interaction.started_at,
        score=round(sum(item.points for item in contributions), 2),
        recovery_steps=sum(step in categories for step in _STEPS),
        process_share=round(process_words / words, 4) if words else 0.0,
        contributions=contributions,
        not_evaluated=(),
        findings=tuple(findings),
        facts=Facts(
            turns=len(lines),
            company_turns=sum(role == "agent" for role, _ in lines),
            customer_turns=sum(role == "customer" for role, _ in lines),
            unknown_turns=0,
            company_words=words,
            process_words=process_words,
            seconds=seconds,
            process_seconds=round(0.4 * process_words, 1),
            apology_words_before_option=apology if "options" in categories else None,
        ),
        agent=hashlib.blake2b((interaction.agent or "").encode(), digest_size=5).hexdigest(),
        queue=interaction.queue,
        team=interaction.team,
        product=interaction.product,
        tags=interaction.tags,
        csat=interaction.csat,
        qa_score=interaction.qa_score,
        request=interaction.turns[0].text,
        content_hash=hashlib.blake2b(repr(interaction).encode(), digest_size=8).hexdigest(),
        excerpt=tuple(
            ExcerptTurn(place, turn.role, turn.text, tuple(marks.get(place, ())))
            for place, turn in enumerate(interaction.turns)
        )
        if excerpts
        else (),
    )


def _finding(interaction_id: str, said: _Said, turn: int, start: int, end: int) -> Finding:
    key = f"{interaction_id}/{said.category}/{turn}/{start}"
    return Finding(
        rule_id=f"synthetic.{said.category}",
        category=said.category,
        family=_FAMILIES[said.category],
        severity="medium",
        confidence="high",
        turn=turn,
        start=start,
        end=end,
        quote=said.text,
        kind_of_no=said.kind_of_no,
        charged=said.charged,
        fingerprint=hashlib.blake2b(key.encode(), digest_size=8).hexdigest(),
    )


_CHANGES: Final = """\
# What was changed when: `frictionlens report --changes changes.yml` shows before and after.
- date: {policy}
  process: return window
  what: return window cut from 30 to 14 days
- date: {policy}
  process: warranty
  what: warranty terms reworded
"""


def write_history(folder: Path, story: Story = Story()) -> None:  # noqa: B008
    """Write a history as files: one of native transcript lines a week, change dates, and numbers from operations.

    Args:
        folder: where the files go; made when absent.
        story: what to make.
    """
    import msgspec

    weeks = folder / "weeks"
    weeks.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[bytes]] = {}
    for interaction in interactions(story):
        lines.setdefault(interaction.id[:3], []).append(msgspec.json.encode(interaction))
    operations = ["week,sick_days,backlog"]
    draw = random.Random(story.seed)  # noqa: S311 - made-up numbers, not secrets
    for place, own in enumerate(lines.values(), 1):
        year, week, _ = (story.start + timedelta(weeks=place - 1)).isocalendar()
        (weeks / f"{year}-W{week:02d}.jsonl").write_bytes(b"\n".join(own) + b"\n")
        outage = story.story and place == story.outage_week
        operations.append(f"{year}-W{week:02d},{draw.randint(6, 11)},{draw.randint(80, 120) + 240 * outage}")
    (folder / "operations.csv").write_text("\n".join(operations) + "\n", "utf-8")
    policy = story.start + timedelta(weeks=story.policy_change_week - 1)
    (folder / "changes.yml").write_text(_CHANGES.format(policy=policy), "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make up weeks of conversations, and a report of them: `python -m frictionlens.synthetic FOLDER --report`."""
    import argparse
    import sys

    parser = argparse.ArgumentParser(prog="python -m frictionlens.synthetic", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the files go; made when absent")
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--per-week", type=int, default=400)
    parser.add_argument("--seed", type=int, default=46)
    parser.add_argument(
        "--quiet", action="store_true", help="no story: every week is drawn from the same probabilities"
    )
    parser.add_argument("--report", action="store_true", help="scan the files into a store and write report.html")
    given = parser.parse_args(arguments)
    folder: Path = given.folder
    write_history(folder, Story(given.weeks, given.per_week, given.seed, story=not given.quiet))
    if given.report:
        page = _report(folder)
        sys.stdout.write(f"{page}\n")


def _report(folder: Path) -> Path:
    from frictionlens.analytics.build import ReportOptions, build_report, load_operations
    from frictionlens.analytics.change_dates import load_changes
    from frictionlens.history import scan_into
    from frictionlens.pipeline import Options, Scanner
    from frictionlens.readers import ReadOptions, find_sources
    from frictionlens.reporters.weekly import render
    from frictionlens.store import Store

    shape = Options(excerpts=True)
    with Store(folder / "friction.duckdb") as store:
        sources = list(find_sources([str(folder / "weeks")]))
        for _ in scan_into(store, sources, ReadOptions(), shape, lambda: Scanner(shape), replay=False):
            pass
        changes, operations = load_changes(folder / "changes.yml"), load_operations(folder / "operations.csv")
        report = build_report(store, ReportOptions(changes=changes, operations=operations))
    page = folder / "report.html"
    page.write_bytes(render(report, "html"))
    return page


if __name__ == "__main__":
    main()
