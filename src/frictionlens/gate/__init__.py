"""Own the gate: policy, baseline and suppressions in; a verdict with its reasons out. Prints and exits nothing."""

from frictionlens.gate._baseline import Baseline, BaselineEntry, load_baseline, save_baseline
from frictionlens.gate._compare import Change, Comparison, Moved, compare
from frictionlens.gate._judge import check_names, judge, update_baseline
from frictionlens.gate._outcome import ExitCode, Outcome, decide
from frictionlens.gate._suppressions import Suppression, load_suppressions
from frictionlens.gate._verdict import Case, Criterion, Failure, Level, Mark, Standing, Verdict

__all__ = [
    "Baseline",
    "BaselineEntry",
    "Case",
    "Change",
    "Comparison",
    "Criterion",
    "ExitCode",
    "Failure",
    "Level",
    "Mark",
    "Moved",
    "Outcome",
    "Standing",
    "Suppression",
    "Verdict",
    "check_names",
    "compare",
    "decide",
    "judge",
    "load_baseline",
    "load_suppressions",
    "save_baseline",
    "update_baseline",
]
