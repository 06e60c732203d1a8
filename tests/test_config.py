import json
import pickle
import tomllib
from pathlib import Path

import jsonschema
import pytest

from frictionlens.config import config_schema, load_settings, render_default, settings_list
from frictionlens.errors import UserError


def write(folder: Path, text: str, name: str = "frictionlens.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_nothing_set_gives_defaults_and_says_so(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={})
    assert settings.check.min_confidence == "high"
    assert settings.agents == "hash"
    assert {each.origin for each in settings_list(settings)} == {"default"}


def test_later_sources_win_and_every_value_knows_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'jobs = 2\nlanguage = "de"\n[roles]\nspk_0 = "agent"\n[check]\nmax_score = 60\nthreshold = 40\n')
    monkeypatch.chdir(tmp_path)
    environ = {"FRICTIONLENS_JOBS": "3", "FRICTIONLENS_CHECK__MAX_SCORE": "50", "FRICTIONLENS_ROLES": "spk_1=customer"}
    flags = {"jobs": 4, "language": None, "roles": {}, "check.forbidden": ["x"]}
    settings = load_settings(config=None, environ=environ, flags=flags)
    assert (settings.jobs, settings.language, settings.check.max_score) == (4, "de", 50)
    assert settings.roles == {"spk_0": "agent", "spk_1": "customer"}
    assert settings.origin("jobs") == "--jobs"
    assert settings.origin("check.forbidden") == "--forbid"
    assert settings.origin("language") == "frictionlens.toml:2"
    assert settings.origin("roles.spk_0") == "frictionlens.toml:4"
    assert settings.origin("roles.spk_1") == "environment FRICTIONLENS_ROLES"
    assert settings.origin("check.max_score") == "environment FRICTIONLENS_CHECK__MAX_SCORE"
    assert settings.origin("check.threshold") == "frictionlens.toml:7"
    assert settings.origin("check.max_mean") == "default"


def test_discovery_goes_upward_and_paths_are_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        '[tool.frictionlens]\npacks = ["ours"]\n[tool.frictionlens.check]\nbaseline = "b.json"',
        "pyproject.toml",
    )
    deep = tmp_path / "a" / "b"
    write(deep, "[tool.other]\n", "pyproject.toml")
    monkeypatch.chdir(deep)
    settings = load_settings(environ={})
    assert settings.file == tmp_path / "pyproject.toml"
    assert [Path(each).resolve() for each in settings.packs] == [tmp_path / "ours"]
    assert settings.check.baseline is not None
    assert Path(settings.check.baseline).resolve() == tmp_path / "b.json"
    assert settings.origin("check.baseline").endswith("pyproject.toml:4")


def test_own_file_wins_over_pyproject_and_config_over_both(tmp_path: Path) -> None:
    write(tmp_path, "[tool.frictionlens]\njobs = 1", "pyproject.toml")
    write(tmp_path, "jobs = 2")
    other = write(tmp_path, "jobs = 3", "other.toml")
    assert load_settings(tmp_path, environ={}).jobs == 2
    assert load_settings(tmp_path, config=other, environ={}).jobs == 3
    assert load_settings(tmp_path, environ={"FRICTIONLENS_CONFIG": str(other)}).jobs == 3


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("\njbos = 2", "there is no setting 'jbos' (did you mean 'jobs'?)", 2),
        ("[check]\nmax_scroe = 2", "there is no setting 'max_scroe' in [check] (did you mean 'max_score'?)", 2),
        ('[check]\nfail_on = "hihg"', "'hihg' is not one of low, medium, high, never (did you mean 'high'?)", 2),
        ('redact = "of"', "'of' is not one of on, off, hash (did you mean 'off'?)", 1),
        ("[check]\nmax_score = 160", "check.max_score is 160: input should be less than or equal to 100", 2),
        ('timezone = "Berlin"', "'Berlin' is no time zone", 1),
        ('[check.budgets]\nexcuse = "5 percent"', "is no budget", 2),
        ('[check.budgets]\nexcuse = "500%"', "is no budget", 2),
        (
            '[roles]\nspk_0 = "agnet"',
            "'agnet' is not one of customer, agent, bot, system, unknown (did you mean 'agent'?)",
            2,
        ),
        ('[[check.slices]]\nby = "quue"', "(did you mean 'queue'?)", 2),
        ("[[check.slices]]\nmax_mean = 3", "check.slices.0.by is missing", 1),
        ('[[check.slices]]\nby="queue"\nmax_maen = 3', "(did you mean 'max_mean'?)", 3),
        ("packs = 3", "packs is 3: input should be a valid tuple", 1),
        ("check = 3", "check is 3", 1),
        ("jobs = = 2", "not valid TOML", 1),
    ],
)
def test_mistakes_are_named_with_place_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str, line: int
) -> None:
    write(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        load_settings(environ={})
    assert message in str(caught.value)
    assert caught.value.where == f"frictionlens.toml:{line}"
    assert caught.value.exit_code == 2


def test_mistakes_in_variables_and_flags_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"FRICTIONLENS_JOSB.*did you mean 'JOBS'"):
        load_settings(tmp_path, environ={"FRICTIONLENS_JOSB": "1"})
    with pytest.raises(UserError, match="environment FRICTIONLENS_JOBS: jobs is"):
        load_settings(tmp_path, environ={"FRICTIONLENS_JOBS": "many"})
    with pytest.raises(UserError, match="name=value"):
        load_settings(tmp_path, environ={"FRICTIONLENS_ROLES": "spk_0"})
    with pytest.raises(UserError, match=r"--role: roles\.spk"):
        load_settings(tmp_path, environ={}, flags={"roles": {"spk": "boss"}})
    with pytest.raises(UserError, match="cannot be read"):
        load_settings(tmp_path, config=tmp_path / "none.toml", environ={})


def test_other_programs_may_use_the_prefix(tmp_path: Path) -> None:
    assert load_settings(tmp_path, environ={"FRICTIONLENS_SHARED": "x"}).jobs == 0


def test_settings_are_frozen_and_survive_pickling(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={}, flags={"jobs": 2})
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.origin("jobs") == "--jobs"
    with pytest.raises(ValueError, match="frozen"):
        settings.jobs = 3


def test_the_default_file_loads_as_written_and_with_every_line_switched_on(tmp_path: Path) -> None:
    text = render_default()
    assert load_settings(tmp_path, config=write(tmp_path, text), environ={}) == load_settings(
        tmp_path / "x", environ={}
    )
    # Every commented setting is valid when its comment sign is taken away.
    names = {each.key.split(".")[-1] for each in settings_list(load_settings(tmp_path / "x", environ={}))}
    lines = [line[2:] if line[:2] == "# " and line[2:].split(" = ")[0] in names else line for line in text.splitlines()]
    settings = load_settings(tmp_path, config=write(tmp_path, "\n".join(lines)), environ={})
    assert settings.check.max_score == 60
    assert settings.check.slices[0].by == "queue"
    assert sum(line.startswith("# ") and " = " in line for line in text.splitlines()) >= len(names)


def test_schema_accepts_the_file_and_refuses_what_loading_refuses(tmp_path: Path) -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads('jobs = 2\n[check.budgets]\nexcuse = "5%"\n'), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"jbos": 2}, schema)
    assert "description" in json.dumps(schema["properties"]["jobs"])
