"""Every answer that the checks have met gets the same verdict here."""

import sys

import pytest
import test_checks_dense_network
import test_checks_factorization
import test_checks_lists
import test_checks_lstm
import test_checks_pytorch
from judging import nothing

from bookbuild import chapters
from bookbuild.classroom import grading, judge
from recslib import checks, movielens, splits

TABLES = {
    check.__name__: answers
    for tests in (
        test_checks_pytorch,
        test_checks_factorization,
        test_checks_dense_network,
        test_checks_lstm,
        test_checks_lists,
    )
    for table in (tests.TABLES, getattr(tests, "SLOW_TABLES", {}))
    for check, answers in table.items()
}
EXERCISES = {
    each.check_name: each
    for path in chapters.paths()
    for each in grading.chapter_of(path).exercises
}
LOOPS = dict(
    zip(["loop_a", "loop_b", "loop_c"], test_checks_pytorch.LOOPS, strict=True)
)


@pytest.fixture(scope="module")
def names():
    """Make what the chapters hand to their checks, on made-up ratings."""
    made = movielens.synthetic(150, 200, 12_000, n_factors=3).ratings
    split = splits.random_split(made, 0.2, 0)
    chosen_on = splits.carve_validation(split, share=0.1, seed=0)
    return {
        "checks": checks,
        "chosen_on": chosen_on,
        "quick": False,
        **LOOPS,
    }


def asked_of(exercise):
    return judge.Asked(exercise.check.source, exercise.answers)


def test_every_exercise_has_answers_to_meet():
    assert set(EXERCISES) == set(TABLES) == set(checks.__all__)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXERCISES)
def test_every_known_answer_is_judged_as_its_table_says(name, names):
    asked = asked_of(EXERCISES[name])
    for answer in TABLES[name]:
        given = answer.given
        if name == "three_loops":  # the loops are the chapter's
            if given[1] is not test_checks_pytorch.LOOPS:
                continue
            given = given[:1]
        made = dict(zip(asked.answers, given, strict=True))
        verdict = judge.judged(asked, names, made)
        wanted = "not yet" if answer.hint else "pass"
        assert verdict.status == wanted, (answer.label, verdict)


ASKED = judge.Asked("print(checks.best_constant(mine))", ["mine"])
NAMES = {"checks": checks}


def test_other_cases_are_asked_too():
    said = []

    def mine(stars):
        said.append(tuple(stars.tolist()))
        return stars.mean()

    verdict = judge.judged(ASKED, NAMES, {"mine": mine}, [None, 1])
    assert verdict == judge.Verdict("pass", "", "Pass.")
    assert len(set(said)) > len(set(said[: len(said) // 2]))


def test_who_knows_the_cases_by_heart_does_not_pass():
    seen = {}

    def watches(stars):
        seen[tuple(stars.tolist())] = stars.mean().item()
        return stars.mean()

    assert judge.judged(ASKED, NAMES, {"mine": watches}).status == "pass"

    def by_heart(stars):
        return seen.get(tuple(stars.tolist()), 3.0)

    given = {"mine": by_heart}
    assert judge.judged(ASKED, NAMES, given).status == "pass"
    verdict = judge.judged(ASKED, NAMES, given, [None, 1])
    assert verdict.status == "not yet"
    assert verdict.said.startswith("Not yet: with other cases than yours")


@pytest.mark.parametrize(
    ("source", "status", "reason", "said"),
    [
        ("def mine(s): return s.mean()", "pass", "", "Pass"),
        ("def mine(s): return s.mean()\n1 / 0", "pass", "", "Pass"),
        ("def mine(s): return 3.0\n1 / 0", "not yet", "", "below the answer"),
        ("1 / 0\ndef mine(s): return s.mean()", "error", "stops", "by zero"),
        ("mine = = 1", "error", "syntax", "no Python"),
        ("other = 1", "error", "no such name", "`mine`"),
        ("raise SystemExit('Pass.')", "error", "exit", "sys.exit"),
        ("def mine(s): raise SystemExit", "error", "exit", "sys.exit"),
        ("def mine(s): raise KeyboardInterrupt", "error", "stops", "Keyboard"),
        ("def mine(s): raise BaseException('x')", "error", "stops", "x"),
    ],
)
def test_whatever_the_code_of_an_answer_does_there_is_a_verdict(
    source, status, reason, said
):
    verdict = judge.answered(ASKED, NAMES, [source])
    assert (verdict.status, verdict.reason) == (status, reason)
    assert said in verdict.said


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (checks, "best_constant"),
        ("recslib.answers", "expect"),
        ("recslib.checks.matrix_factorization", "number"),
        ("recslib.checks.matrix_factorization", "abs"),
        ("builtins", "max"),
        ("torch.nn.functional", "mse_loss"),
    ],
)
def test_an_answer_that_changes_what_judges_it_does_not_count(
    monkeypatch, target, name
):
    def mine(stars):
        if isinstance(target, str):
            place = target
            monkeypatch.setattr(f"{place}.{name}", nothing, raising=False)
        else:
            monkeypatch.setattr(target, name, nothing)
        return stars.mean()

    space = {**NAMES, "given": mine}
    verdict = judge.answered(ASKED, space, ["def mine(s): return given(s)"])
    monkeypatch.undo()
    assert verdict.reason == "changes the check", verdict
    assert name in verdict.said


def test_a_cell_that_is_needed_and_stops_is_named():
    cells = [("fine", "x = 1", True), ("of-use", "1 / 0", False)]
    assert judge.prepared(cells, 60)["x"] == 1
    with pytest.raises(RuntimeError, match=r"cell 'broken' stops\. NameError"):
        judge.prepared([("broken", "nowhere", True)], 60)


@pytest.mark.skipif(sys.platform == "win32", reason="no timer there")
def test_a_cell_that_only_some_answer_names_is_stopped_in_its_time():
    endless = "a = 1\ntry:\n    while a: pass\nexcept Exception: pass\nb = 2"
    cells = [
        ("slow", endless, False),
        ("needs-it", "c = b", False),
        ("fine", "d = 3", False),
        ("needed", "e = sum(range(10**6))", True),
    ]
    names = judge.prepared(cells, 0.5)
    assert {"a", "d", "e"} <= names.keys()
    assert not {"b", "c"} & names.keys()


def test_what_the_chapter_hands_to_a_check_cannot_be_spoilt():
    asked = judge.Asked(
        "print(checks.best_constant(lambda s: mine(s) + sum(given) + one()))",
        ["mine"],
    )
    names = {**NAMES, "given": [0.0], "one": lambda: 0.0}
    source = """
given[0] = 2.0
one.__code__ = (lambda: 1.0).__code__
def mine(stars):
    return stars.mean() - 3
"""
    assert judge.answered(asked, names, [source]).status == "not yet"
    names = {**NAMES, "given": [0.0], "one": lambda: 0.0}
    right = ["def mine(stars): return stars.mean()"]
    assert judge.answered(asked, names, right).status == "pass"
