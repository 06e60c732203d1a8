from __future__ import annotations

import random

from tests.readers.reading import format_of, read_text, said

from frictionlens.readers import twcs

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"


def row(number: int, author: str, minute: int, text: str, replies: str = "", parent: str = "") -> str:
    inbound = "FALSE" if author.isalpha() else "TRUE"
    return f'{number},{author},{inbound},Tue Oct 31 22:{minute:02d}:47 +0000 2017,"{text}","{replies}",{parent}\n'


ROWS = [
    row(3, "brand", 30, "DM us\n^K", "", "2"),
    row(2, "77", 20, "it broke", "3,9", "1"),
    row(1, "brand", 10, "Hello", "2"),
    row(20, "78", 5, "@brand late again", "21"),
    row(21, "brand", 6, "Sorry", "", "20"),
    row(30, "79", 1, "alone", "", "29"),
]


def test_a_reply_tree_is_one_interaction_in_order_of_time() -> None:
    assert format_of(HEADER + "".join(ROWS), "twcs.csv") == "twcs"
    interactions, problems = read_text(HEADER + "".join(ROWS), "twcs.csv")
    assert problems == []
    first = interactions[0]
    assert (first.id, first.started_at, first.channel, first.queue) == ("1", "2017-10-31T22:10:47Z", "social", "brand")
    assert said(first) == [("agent", "Hello"), ("customer", "it broke"), ("agent", "DM us\n^K")]
    assert [turn.at for turn in first.turns] == [0.0, 600.0, 1200.0]
    assert [len(each.turns) for each in interactions] == [3, 2, 1]


def test_rows_in_any_order_on_disk_give_the_same(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    shuffled = ROWS[:]
    random.Random(3).shuffle(shuffled)
    monkeypatch.setattr(twcs, "_MANY", 0)
    there = {each.id: said(each) for each in read_text(HEADER + "".join(shuffled), "twcs.csv")[0]}
    assert there == {each.id: said(each) for each in read_text(HEADER + "".join(ROWS), "twcs.csv")[0]}


def test_siblings_of_a_tweet_that_is_missing_hang_together_and_loops_end() -> None:
    text = (
        HEADER
        + row(5, "77", 1, "a", "", "4")
        + row(6, "brand", 2, "b", "", "4")
        + row(8, "77", 1, "c", "9", "9")
        + row(9, "brand", 2, "d", "8", "8")
    )
    assert sorted(len(each.turns) for each in read_text(text, "twcs.csv")[0]) == [2, 2]


def test_a_rounded_id_is_a_problem() -> None:
    interactions, (problem,) = read_text(HEADER + ROWS[3] + "1.2E+05,79,TRUE,,x,,\n" + ROWS[4], "twcs.csv")
    assert len(interactions) == 1
    assert "tweet_id" in problem.reason


def test_multidogo_sentences_are_joined_and_quotes_are_kept() -> None:
    header = "conversationId\tturnNumber\tsentenceNumber\tutteranceId\tutterance\tslot-labels\tintent\n"
    first = 'c1\t0\t0\t<CONV>c1<TURN>0<SENT>0\t"hi\tO\tgreet\n'
    rows = first + "c1\t0\t1\t<CONV>c1<TURN>0<SENT>1\tit broke\tO O\tx\nc1\t2\t0\tz\tok\tO\tx\n"
    assert format_of(header + rows, "a.tsv") == "multidogo"
    (only,), problems = read_text(header + rows, "a.tsv")
    assert said(only) == [("customer", '"hi it broke'), ("customer", "ok")]
    assert problems == []
    both = (
        "conversationId\tturnNumber\tutteranceId\tutterance\tauthorRole\nc1\t1\tu\tno\tagent\nc1\t0\tv\thi\tcustomer\n"
    )
    assert said(read_text(both, "a.tsv")[0][0]) == [("customer", "hi"), ("agent", "no")]
