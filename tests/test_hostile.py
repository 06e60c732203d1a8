"""Hostile input: what transcripts, archives and rule files may do to the reader, the matcher and the outputs."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.readers.reading import read_text

from frictionlens.analytics.change_dates import load_changes
from frictionlens.config import load_settings
from frictionlens.engine.codes import ExpressionWriter, classes_of
from frictionlens.errors import Problem, RuleError, UserError
from frictionlens.gate._baseline import load_baseline
from frictionlens.gate._suppressions import load_suppressions
from frictionlens.model import Interaction, Scored, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, find_sources, formats, read
from frictionlens.rules import load_pack
from frictionlens.rules.pattern import PatternParser

# What takes for ever fails here and not at the end of the patience of whoever waits.
pytestmark = pytest.mark.timeout(60)

ROOT = Path(__file__).resolve().parent.parent
CUE = "1\n00:00:01,000 --> 00:00:02,000\nAgent: we can't do that\n\n"


# ---------------------------------------------------------------- what fuzzing found


@pytest.mark.parametrize(
    "junk",
    ["1" * 3_000, "1:" * 3_000, " \n" * 3_000, "0:00:00,000 --> " * 400, "9" * 5_000 + ":00:00,0 --> 00:00:01,000"],
)
def test_digits_in_subtitles_do_not_hang(junk: str) -> None:
    found, _ = read_text(f"{CUE}{junk}\n\n{CUE}", "a.srt", ReadOptions(format="srt"))
    assert sum(len(each.turns) for each in found) >= 1


@pytest.mark.parametrize("blank", ["\n" * 300_000, " \n" * 150_000, "1\n" + "\n" * 300_000, "\t" * 300_000])
def test_a_file_of_nothing_but_blanks_is_told(blank: str) -> None:
    found, _ = read_text(blank, "a.txt")
    assert not found


def test_a_time_too_large_for_a_computer_is_a_problem_of_that_cue() -> None:
    broken = "2\n99999999999999999999:00:00,000 --> 00:00:03,000\nCustomer: why?\n\n"
    records, others = read_text(f"{CUE}{broken}{CUE}", "a.srt")
    assert isinstance(records[0], Interaction)
    assert [each.reason for each in others if isinstance(each, Problem)] == [
        "1 of 3 cues could not be read: broken times"
    ]


def test_nothing_is_left_of_the_fuzzer(tmp_path: Path) -> None:
    # In a process of its own: what other tests hold in memory is not the fuzzer's.
    bounds = {"FUZZ_SECONDS": "2", "FUZZ_ATHERIS_SECONDS": "0", "FUZZ_JOBS": "1", "FUZZ_SEED": "3"}
    path = os.pathsep.join([str(ROOT / "src"), *(each for each in sys.path if each)])
    environ = {**os.environ, **bounds, "FUZZ_FINDINGS": str(tmp_path), "PYTHONPATH": path}
    command = [sys.executable, "-m", "tests.fuzz"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "mutated inputs" in done.stdout + done.stderr


# ---------------------------------------------------------------- catastrophic patterns


SPELLING = load_pack().spelling
PARSER = PatternParser({}, SPELLING)


@pytest.mark.parametrize("middle", ["can ...5 " * 4, "can ...2 (we|can we|we can) [we] [can] " * 3])
@pytest.mark.parametrize("end", ["", " nope"])
def test_patterns_of_many_gaps_end(middle: str, end: str) -> None:
    pattern = PARSER.parse(f"{middle}can{end}")
    classes = classes_of([pattern])
    written = "".join(map(classes.alphabet.character, ["can", "we"] * 250))
    found = ExpressionWriter(classes).write(pattern).compile().search(written)
    assert (found is None) is bool(end)


@pytest.mark.parametrize("source", ["can ...12 " * 6 + "x", "[a] [b] [c] [d] " * 4 + "x"])
def test_patterns_that_could_take_for_ever_are_refused_with_their_place(source: str) -> None:
    with pytest.raises(RuleError, match="ways") as error:
        PARSER.parse(source, "rules/mine.yml:7")
    assert error.value.where == "rules/mine.yml:7"


# ---------------------------------------------------------------- files that people write


_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{this}: &{this} [{','.join(f'*{last}' for _ in range(9))}]\n"
    for last, this in zip("abcdefgh", "bcdefghi", strict=True)
)
BAD_YAML = {
    "alias bomb": _BOMB,
    "alias of itself": "a: &a [*a]",
    "merge key": "a: &a {b: 1}\nc:\n  <<: *a\n",
    "tag that runs": "!!python/object/apply:os.system ['exit 1']",
    "tag that names": "- !!python/name:os.system {}",
    "deep lists": f"a: {'[' * 20_000}{']' * 20_000}",
    "deep mappings": "\n".join(f"{' ' * level}a:" for level in range(2_000)),
    "NUL": "a: \x00",
    "binary": "\x89PNG\r\n\x1a\n",
    "a day that is none": "a: 9999-99-99",
    "a number without end": f"a: {'9' * 10_000}",
}
BAD_TOML = {
    "deep lists": f"a = {'[' * 20_000}{']' * 20_000}",
    "deep keys": f"{'a.' * 5_000}b = 1",
    "deep tables": f"a = {{{'b = {' * 5_000}{'}' * 5_000}}}",
    "NUL": 'a = "\x00"',
    "a number without end": f"a = {'9' * 10_000}",
    "binary": "\x89PNG\x00",
}
BAD_JSON = {"deep lists": "[" * 100_000, "deep objects": '{"a":' * 100_000, "NUL": "\x00", "number": "9" * 100_000}


@pytest.mark.parametrize("file", ["friction/refusal.yml", "lexicon.yml", "categories.yml"])
@pytest.mark.parametrize("what", BAD_YAML)
def test_hostile_yaml_in_a_pack_is_an_error_with_its_place(what: str, file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(BAD_YAML[what].encode("latin-1"))
    with pytest.raises(UserError) as error:
        load_pack((tmp_path,))
    assert str(path) in str(error.value)


@pytest.mark.parametrize("what", BAD_YAML)
def test_hostile_yaml_in_change_dates_is_an_error(what: str, tmp_path: Path) -> None:
    path = tmp_path / "changes.yml"
    path.write_bytes(BAD_YAML[what].encode("latin-1"))
    with pytest.raises(UserError, match=r"changes\.yml"):
        load_changes(path)


@pytest.mark.parametrize("what", BAD_TOML)
@pytest.mark.parametrize(
    "load", [lambda path: load_settings(config=path), load_suppressions], ids=["settings", "suppressions"]
)
def test_hostile_toml_is_an_error(what: str, load: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "frictionlens.toml"
    path.write_bytes(BAD_TOML[what].encode("latin-1"))
    with pytest.raises(UserError, match=r"frictionlens\.toml"):
        load(path)


@pytest.mark.parametrize("what", BAD_JSON)
def test_a_hostile_baseline_is_an_error(what: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(BAD_JSON[what])
    with pytest.raises(UserError, match=r"baseline\.json"):
        load_baseline(path)


# ---------------------------------------------------------------- rules of their own


@pytest.mark.parametrize(
    "pattern",
    [
        "can ...12 " * 8 + "not",
        "[a] [a] [a] [a] [a] [a] [a] [a] [a] [a] [a] [a] not",
        "(a|a|a|a) (a|a|a|a) (a|a|a|a) (a|a|a|a) (a|a|a|a) (a|a|a|a) (a|a|a|a) not",
        "((((((((((a|b)|c)|d)|e)|f)|g)|h)|i)|j)|k) not",
        "* * * * * * * * * * * * not",
        "a* ...20 a* ...20 a* ...20 a* ...20 not",
    ],
)
def test_catastrophic_rules_of_a_user_end(pattern: str, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    (folder / "friction").mkdir(parents=True)
    rule = (
        f"category: refusal\nrules:\n  - id: mine.slow\n    title: Slow\n    why: A test\n    patterns: ['{pattern}']\n"
    )
    (folder / "friction" / "mine.yml").write_text(f"{rule}    match: [a, b]\n    no_match: [c, d]\n")
    words = "can a a a b a a a " * 400
    try:
        scanner = Scanner(Options(packs=(folder,)))
    except UserError:
        return  # refused, with its place
    scored = scanner.score_safely(Interaction("1", (Turn("agent", words), Turn("customer", "why"))))
    assert isinstance(scored, Scored)


# ---------------------------------------------------------------- input


DEEP = ['{"a":' * 50_000, "[" * 200_000, '{"turns": [' * 20_000, '[{"id": "1", "turns": ' * 5_000]


@pytest.mark.parametrize("data", DEEP)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt"])
def test_deeply_nested_json_is_a_problem(data: str, name: str) -> None:
    for text in (
        data,
        f'{{"id": "1", "turns": []}}\n{data}\n{{"id": "2", "turns": [{{"role": "agent", "text": "a"}}]}}\n',
    ):
        _, others = read_text(text, name)
        assert any(isinstance(each, Problem) for each in others)


@pytest.mark.parametrize("name", sorted(name for name in formats() if not formats()[name].not_a_conversation))
@pytest.mark.parametrize("junk", ["nul", "line", "surrogate", "depth"])
def test_no_reader_trips_over_it(name: str, junk: str) -> None:
    data = {
        "nul": b"\x00" * 5_000,
        "line": b"Agent: " + b"a" * 3_000_000,
        "surrogate": b'{"id": "\\ud800", "text": "\\udfff\\ud800", "turns": [{"role": "agent", "text": "\\ud800"}]}',
        "depth": b'[{"a":' * 3_000,
    }[junk]
    found, others = read_text(data, "a.bin", ReadOptions(format=name))
    assert found or others
    assert not any("could not be read as" in each.reason for each in others)
    for interaction in found:
        msgspec.json.encode(interaction)


def test_megabyte_lines_between_others_cost_no_more_than_themselves() -> None:
    line = '{"id": "%s", "turns": [{"role": "agent", "text": "%s"}]}'
    lines = [line % ("before", "hello"), line % ("big", "x" * 5_000_000), line % ("after", "bye")]
    assert [each.id for each in read_text("\n".join(lines), "a.jsonl")[0]] == ["before", "big", "after"]
    text = f"Agent: hello\nCustomer: {'x' * 5_000_000}\nAgent: bye\n"
    (found,), (problem,) = read_text(text, "a.txt")
    assert [turn.text[:5] for turn in found.turns] == ["hello", "xxxxx", "bye"]
    assert isinstance(problem, Problem)
    assert problem.record == "line 2"


ODD_NAMES = ["-rf", "--help", "a b\tc.txt", "[x].txt", "*.txt", "{a}.txt", "~", "%s%n", "a\nb.txt", "\u202etxt.exe"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_file_names_are_files(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("Agent: hello\nCustomer: we meet\n")
    (source,) = find_sources([str(tmp_path)])
    assert [len(each.turns) for each in read(source, ReadOptions()) if isinstance(each, Interaction)] == [2]
    (again,) = find_sources([str(tmp_path / name)])
    assert again.name == source.name


def test_a_name_that_looks_like_a_pattern_wins_over_the_pattern(tmp_path: Path) -> None:
    (tmp_path / "[ab].txt").write_text("Agent: brackets\nCustomer: yes\n")
    (tmp_path / "a.txt").write_text("Agent: plain\nCustomer: yes\n")
    (source,) = find_sources([str(tmp_path / "[ab].txt")])
    assert source.name.endswith("[ab].txt")
    assert len(list(find_sources([str(tmp_path / "*.txt")]))) == 2


def test_what_may_not_be_opened_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked.txt").write_text("Agent: hello\n")
    (tmp_path / "open.txt").write_text("Agent: hello\nCustomer: hi\n")
    really = builtins.open

    def guarded(path: Any, *rest: Any, **named: Any) -> Any:
        # As a file without the right to read it: tests may run as root, who may open everything.
        if str(path).endswith("locked.txt"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *rest, **named)

    monkeypatch.setattr(builtins, "open", guarded)
    found = {Path(each.name).name: list(read(each, ReadOptions())) for each in find_sources([str(tmp_path)])}
    (problem,) = found["locked.txt"]
    assert isinstance(problem, Problem)
    assert problem.reason == "could not be opened: Permission denied"
    assert len(found["open.txt"]) == 1


# ---------------------------------------------------------------- memory


_MEASURE = """
import sys
from pathlib import Path
from frictionlens.readers import ReadOptions, find_sources, read
count = sum(1 for source in find_sources([sys.argv[1]]) for _ in read(source, ReadOptions()))
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(count, peak)
"""


def measured(path: Path) -> tuple[int, int]:
    """Read a file in a process of its own: how many records came of it, and its peak memory in megabytes."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], env=environ, capture_output=True, text=True, check=True
    )
    count, peak = done.stdout.split()
    return int(count), int(peak)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("name", "head", "unit", "tail"),
    [
        ("a.txt", "Agent: hello\nCustomer: hi\nAgent: ", "word ", "\n"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>hello ", "word ", "\n"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello ", "word ", "\n"),
        ("_chat.txt", "[16/11/2026, 09:00:00] Ann: hi\n[16/11/2026, 09:01:00] Bob: ", "word ", "\n"),
        ("a.mbox", "From a@b Mon Nov 16 09:00:00 2026\nFrom: a@b.example\nSubject: x\n\nhello ", "word ", "\n"),
        ("a.eml", "From: a@b.example\nSubject: x\nTo: c@d.example\nMessage-ID: <1@x>\n\nhello ", "word ", "\n"),
        ("a.csv", 'conversation_id,role,text\n1,agent,hi\n1,customer,hello\n2,agent,"', "word ", '"\n'),
        ("a.jsonl", '{"id":"1","turns":[{"role":"agent","text":"', "word ", '"}]}\n'),
    ],
)
def test_one_huge_line_takes_bounded_memory(name: str, head: str, unit: str, tail: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("w") as file:
        file.write(head)
        for _ in range(120):
            file.write(unit * (2**20 // len(unit)))
        file.write(tail)
    count, peak = measured(tmp_path / name)
    assert count >= 1
    assert peak < 500


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("wrapped", [False, True], ids=["lines", "one array"])
def test_a_large_export_takes_no_more_memory_than_a_small_one(wrapped: bool, tmp_path: Path) -> None:
    line = '{"id": "%d", "turns": [{"role": "agent", "text": "we can\'t do that, %s"}]}'
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write("[\n" if wrapped else "")
        for number in range(200_000):
            file.write(
                (",\n" if wrapped and number else "") + line % (number, "policy " * 60) + ("" if wrapped else "\n")
            )
        file.write("\n]\n" if wrapped else "")
    assert path.stat().st_size > 90 * 2**20
    count, peak = measured(path)
    assert count == 200_000
    assert peak < 250
