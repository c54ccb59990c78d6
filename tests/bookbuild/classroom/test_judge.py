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
from bookbuild.classroom import grading, judge, replay
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
# Answers are models, make them, or act on what they are given: what they give
# does not say all that their checks look at.
NOT_SURE = {
    "another_listener",
    "dealt_within_hours",
    "factorization",
    "learning_step",
    "masked_error",
    "network_of_your_own",
    "small_factorization",
    "taste_and_bias",
    "told_from_the_end",
    "training_loop",
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
        notes = {}
        listening = replay.listened_to(made, notes)
        verdict = judge.judged(asked, names, listening)
        wanted = "not yet" if answer.hint else "pass"
        assert verdict.status == wanted, (answer.label, verdict)
        if wanted == "pass":
            gave = replay.as_text(notes)
            # There is room for cases of two seeds, at twice the length.
            assert len(gave) < replay.LONGEST / 4, answer.label
            again = judge.judged_again(asked, names, gave).status == "pass"
            assert again == (name not in NOT_SURE), answer.label


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


def copied(name):
    """Return the namespace of a module of the checks that judge."""
    judge._checks_apart()
    (module,) = [m for m in judge.APART if m.__name__ == f"recslib.{name}"]
    return vars(module)


DETECTOR = judge.Asked("print(checks.carries_over(mine))", ["mine"])


def test_what_is_handed_to_an_answer_does_not_lead_it_to_the_copy_unnoticed(
    monkeypatch,
):
    space = copied("checks.matrix_factorization")
    monkeypatch.setitem(space, "flags", space["flags"])  # is put back
    source = """
def mine(step):
    always = type("Always", (), {"__ne__": lambda *given: False})
    step.__globals__["flags"] = lambda *given, **named: always()
"""
    source += "    return True"
    verdict = judge.answered(DETECTOR, NAMES, [source])
    assert verdict.reason == "changes the check", verdict
    assert "flags" in verdict.said


@pytest.mark.parametrize(
    "source",
    [
        "space['expect'].__kwdefaults__['tolerance'] = 1e9",
        "space['_VERDICTS'] = ()",
        "space['_CLEAR_SOME'] = ['grad = None']",
        "space['_DotProduct'].forward = lambda *given: None",
        "space['best_constant'].__closure__[0].cell_contents = print",
    ],
)
def test_whatever_of_the_copy_is_changed_is_noticed(source):
    space = copied("checks.matrix_factorization")
    kept = dict(space), dict(space["expect"].__kwdefaults__)
    forward = space["_DotProduct"].forward
    cell = space["best_constant"].__closure__[0]
    content = cell.cell_contents
    try:
        names = {**NAMES, "space": space}
        answer = [source, "def mine(stars): return stars.mean()"]
        verdict = judge.answered(ASKED, names, answer)
    finally:
        space.update(kept[0])
        space["expect"].__kwdefaults__.update(kept[1])
        space["_DotProduct"].forward = forward
        cell.cell_contents = content
    assert verdict.reason == "changes the check", verdict
    assert judge.answered(ASKED, NAMES, answer[1:]).status == "pass"


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
