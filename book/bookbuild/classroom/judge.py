"""Puts answers to checks, each in a process of its own.

This runs apart from the command that grades: ``python -m
bookbuild.classroom.judge``. It prepares a chapter once, then forks a process
an answer, which needs no time to start. A line of JSON comes in for each job,
and a line goes out for each verdict.

Answer and check share a process, for an answer may be a function, a class or
a model. So a verdict counts only when it comes through a pipe with a number
that was drawn for it, and when nothing that checks rely on differs before and
after. The checks are a copy that an answer has no name for, and Python refuses
an answer its own frames. But a copy can be found all the same, such as by the
classes that it adds to PyTorch's: what is changed there is noticed when it is
still changed in the end, and not when the answer puts it back.

So a pass is made sure of. What a function gave, where that is data, is written
down and put to the check once more, in a process that runs no code of the
answer. A function that does not give what is right has no pass there, whatever
it changed, looked at or forged. What this leaves are answers that are models,
make them, or act on what they are given: for these there is the first verdict
alone, and who changes a check and puts it back in time can have a pass.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import importlib
import inspect
import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType

from bookbuild.classroom import replay, sandbox

NO_PYTHON = "is no Python"
# Answers are judged on the processor: it gives the same marks everywhere.
NO_GPU = "CUDA_VISIBLE_DEVICES"
LONGEST_SAID = 1 << 15  # letters of a sentence
# Bytes of a verdict and of what an answer gave.
LONGEST_MESSAGE = replay.LONGEST + (1 << 18)
MOST_WRITTEN = 64 * sandbox.MEGABYTE  # in the folder of an answer
MOST_FILES = 1_000
MOST_THREADS = 256
TICK = 0.01  # seconds between two looks
# What checks rely on, besides the library itself.
RELIED_ON = (
    "builtins",
    "copy",
    "dataclasses",
    "functools",
    "itertools",
    "math",
    "textwrap",
    "numpy",
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.random",
)
RELIED_ON_CLASSES = ("torch.Tensor", "torch.nn.Module", "torch.Generator")
# What Python tells an audit hook before it shows frames, objects or memory.
LOOKING = (
    "gc.get_objects",
    "gc.get_referents",
    "gc.get_referrers",
    "sys._current_exceptions",
    "sys._current_frames",
    "sys._getframe",
    "sys._getframemodulename",
    "sys.setprofile",
    "sys.settrace",
)
FRAMES = ("ag_frame", "cr_frame", "gi_frame", "tb_frame")
# Modules that are not in `sys.modules`: the checks that judge.
APART: list[ModuleType] = []
APART_SIGN = " (apart)"
_METHODS = classmethod | property


# ---- An answer and its check ------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What is asked of an answer.

    Parameters
    ----------
    check
        The chapter's cell that judges it.
    answers
        The names that the answer has to make.
    """

    check: str
    answers: Sequence[str]


@dataclass(frozen=True)
class Verdict:
    """What came of an answer.

    Parameters
    ----------
    status
        ``"pass"``, ``"not yet"`` or ``"error"``.
    reason
        Of an error, in two or three words.
    said
        What the check said, or what went wrong, in a sentence.
    """

    status: str
    reason: str = ""
    said: str = ""


def judged(
    asked: Asked,
    names: Mapping[str, object],
    answer: Mapping[str, object],
    seeds: Sequence[int | None] = (None,),
) -> Verdict:
    """Put an answer to its check.

    Parameters
    ----------
    asked
        The exercise.
    names
        What the chapter made: the check sees it, and what the answer made.
    answer
        The objects that the answer made, by name.
    seeds
        Of the check's made-up cases; None leaves the check's own. All of
        them have to pass.
    """
    missing = [name for name in asked.answers if name not in answer]
    if missing:
        return Verdict(
            "error", "no such name", f"the answer makes no `{missing[0]}`."
        )
    given = {name: answer[name] for name in asked.answers}
    for seed in seeds:
        printed: list[str] = []
        space = {**names, **given}
        space["print"] = lambda *said, to=printed: to.extend(map(str, said))
        exec(_compiled(asked.check, seed), space)
        said = " ".join(" ".join(printed).split())
        if said != "Pass.":
            if seed is not None and len(seeds) > 1:
                said = said.replace(
                    "Not yet: ", "Not yet: with other cases than yours, ", 1
                )
            return Verdict("not yet", "", said)
    return Verdict("pass", "", "Pass.")


@functools.cache
def _compiled(check: str, seed: int | None) -> object:
    """Compile a check's cell; a seed is handed to each check that takes it."""
    tree = ast.parse(check)
    if seed is not None:
        tree = ast.fix_missing_locations(_WithSeed(seed).visit(tree))
    return compile(tree, "the check", "exec")


class _WithSeed(ast.NodeTransformer):
    """Hands a seed to the calls of `checks`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        asked = node.func
        if (
            isinstance(asked, ast.Attribute)
            and isinstance(asked.value, ast.Name)
            and asked.value.id == "checks"
            and _takes_seed(asked.attr)
        ):
            node.keywords.append(ast.keyword("seed", ast.Constant(self.seed)))
        return node


def _takes_seed(name: str) -> bool:
    check = getattr(_checks_apart(), name)
    return "seed" in inspect.signature(check).parameters


@functools.cache
def _checks_apart() -> ModuleType:
    """Import the checks once more: whoever patches them patches others."""
    own = ("recslib.answers", "recslib.checks")
    known = {
        name: module
        for name, module in sys.modules.items()
        if name.startswith(own)
    }
    for name in known:
        del sys.modules[name]
    try:
        checks = importlib.import_module("recslib.checks")
        APART.extend(m for n, m in sys.modules.items() if n.startswith(own))
        return checks
    finally:
        sys.modules.update(known)
        for name in known.keys() & set(own):
            package, _, module = name.partition(".")
            setattr(sys.modules[package], module, known[name])


def answered(
    asked: Asked,
    names: Mapping[str, object],
    sources: Sequence[str],
    seeds: Sequence[int | None] = (None,),
    notes: dict[str, list] | None = None,
) -> Verdict:
    """Run the code of an answer, and put what it makes to its check.

    Parameters
    ----------
    asked, names, seeds
        As in `judged`.
    sources
        The cells of the answer, in order.
    notes
        Where given, is filled with what the answer gives: see `replay`.

    Returns
    -------
    Verdict
        Whatever the code does, as long as its process lives.
    """
    for seed in seeds:
        _compiled(asked.check, seed)  # before an answer can change how
    relied_on, kept = _snapshot(), _kept(asked, names)
    changed = _watch_of(relied_on)
    space = dict(names)
    stopped = ""
    try:
        for source in sources:
            try:
                exec(compile(source, "the answer", "exec"), space)
            except Exception as error:
                # As in Jupyter, what was made before stays.
                stopped = _raised(error)
                break
        made = {
            name: space[name]
            for name in asked.answers
            if name in space and space[name] is not names.get(name, space)
        }
        if stopped and len(made) < len(asked.answers):
            reason = "syntax" if stopped.startswith(NO_PYTHON) else "stops"
            return Verdict("error", reason, f"the cell {stopped}")
        if spoilt := changed():
            return spoilt
        if notes is not None:
            made = replay.listened_to(made, notes)
        verdict = judged(asked, kept, made, seeds)
    except SystemExit:
        return Verdict(
            "error", "exit", "the answer ends the program (`sys.exit`)."
        )
    except BaseException as error:  # whatever it is, it is said
        return Verdict("error", "stops", f"the answer {_raised(error)}")
    if spoilt := changed():
        return spoilt
    if stopped and verdict.status == "not yet":
        said = f"{verdict.said} And below the answer, the cell {stopped}"
        return Verdict(verdict.status, verdict.reason, said)
    return verdict


def judged_again(
    asked: Asked,
    names: Mapping[str, object],
    gave: str,
    seeds: Sequence[int | None] = (None,),
) -> Verdict:
    """Put what an answer gave to its check once more; no code of it runs.

    Parameters
    ----------
    asked, names, seeds
        As in `judged`.
    gave
        The notes of `answered`, as text.
    """
    try:
        answer = replay.played(gave)
        return judged(asked, _kept(asked, names), answer, seeds)
    except Exception as error:  # a text that somebody made up
        return Verdict("error", "stops", f"what it gave {_raised(error)}")


def _kept(asked: Asked, names: Mapping[str, object]) -> dict[str, object]:
    """Copy what a check takes from the chapter: no answer can spoil it."""
    kept = dict(names)
    for node in ast.walk(ast.parse(asked.check)):
        if isinstance(node, ast.Name) and node.id in names:
            value = names[node.id]
            if isinstance(value, FunctionType):
                kept[node.id] = FunctionType(
                    value.__code__,
                    value.__globals__,
                    value.__name__,
                    value.__defaults__,
                    value.__closure__,
                )
            elif not isinstance(value, ModuleType):
                kept[node.id] = copy.deepcopy(value)
            elif value.__name__ == "recslib.checks":
                kept[node.id] = _checks_apart()
    return kept


def _raised(error: BaseException) -> str:
    try:
        said = " ".join(str(error).split())[:200]
    except BaseException:  # even that can be broken
        said = ""
    if isinstance(error, SyntaxError):
        return f"{NO_PYTHON}: {said}"
    return f"stops. {type(error).__name__}: {said}"


# ---- What the check relies on -----------------------------------------------


def _watch_of(
    relied_on: Mapping[str, Mapping[str, object]],
) -> Callable[[], Verdict | None]:
    """Make what looks for changes, to be asked when an answer has run.

    It holds what it needs itself: an answer may have found this module, too.
    """
    here, look, make = globals(), _changed, Verdict
    own = list(here.items())
    codes = [
        (name, value, value.__code__)
        for name, value in own
        if isinstance(value, FunctionType)
    ]

    def changed() -> Verdict | None:
        name = ""
        for each, value in own:
            if here.get(each) is not value:
                name = f"{each} of the judge"
        for each, function, code in codes:
            if function.__code__ is not code:
                name = f"{each} of the judge"
        name = name or look(relied_on)
        if not name:
            return None
        said = f"the answer changes `{name}`, which the check relies on."
        return make("error", "changes the check", said)

    return changed


def _snapshot() -> dict[str, dict[str, object]]:
    """Note what checks rely on: names of modules, and what these hold."""
    noted = {}
    for name, module in list(sys.modules.items()):
        if name in RELIED_ON:
            noted[name] = dict(vars(module))
        elif name == "recslib" or name.startswith("recslib."):
            noted |= _held_by(name, vars(module))
    for module in APART:
        name = f"{module.__name__}{APART_SIGN}"
        noted |= _held_by(name, vars(module))
        for key, value in list(vars(module).items()):
            if isinstance(value, list | dict):
                items = value if isinstance(value, dict) else enumerate(value)
                noted[f"{name}.{key}[]"] = dict(items)
    for name in RELIED_ON_CLASSES:
        noted[name] = dict(vars(_named(name)))
    noted["sys"] = {"trace": sys.gettrace(), "profile": sys.getprofile()}
    return noted


def _held_by(
    name: str, space: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """Note a namespace, its functions, and the classes that it makes."""
    noted = {name: dict(space)}
    for key, value in noted[name].items():
        if isinstance(value, FunctionType):
            noted |= _inside(f"{name}.{key}", value)
        elif isinstance(value, type) and value.__module__ == space["__name__"]:
            methods = {
                each: method
                for each, method in vars(value).items()
                if callable(method) or isinstance(method, _METHODS)
            }
            noted[f"{name}.{key}"] = methods
            for each, method in methods.items():
                method = getattr(method, "fget", method)
                method = getattr(method, "__func__", method)
                if isinstance(method, FunctionType):
                    noted |= _inside(f"{name}.{key}.{each}", method)
    return noted


def _inside(name: str, function: object) -> dict[str, dict[str, object]]:
    """Note what a function runs and holds, and those that it wraps."""
    noted = {}
    while isinstance(function, FunctionType):
        named = function.__kwdefaults__ or {}
        name = f"{name}()"
        noted[name] = {
            "__code__": function.__code__,
            "__defaults__": function.__defaults__,
            "__kwdefaults__": function.__kwdefaults__,
            **{f"{key}=": value for key, value in named.items()},
        }
        for place, cell in enumerate(function.__closure__ or ()):
            with contextlib.suppress(ValueError):  # it is empty
                noted[name][f"closure {place}"] = cell.cell_contents
        function = vars(function).get("__wrapped__")
    return noted


def _changed(noted: Mapping[str, Mapping[str, object]]) -> str:
    """Name what differs from what was noted, or nothing."""
    now = _snapshot()
    for name, values in noted.items():
        found = now.get(name, {})
        for key, value in values.items():
            if found.get(key, values) is not value:
                return f"{name}.{key}"
        if name.startswith("recslib") or name in RELIED_ON_CLASSES:
            new = found.keys() - values.keys()
            for key in sorted(new - {"__warningregistry__"}):
                if f"{name.removesuffix(APART_SIGN)}.{key}" not in sys.modules:
                    return f"{name}.{key}"
    return ""


def _named(name: str) -> type:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


# ---- The prepared process ---------------------------------------------------


class _TooSlowError(BaseException):
    """A cell that is only of use took too long; no cell catches this."""


def prepared(
    cells: Sequence[tuple[str, str, bool]], seconds: float
) -> dict[str, object]:
    """Run the cells that exercises need; return the names that they make.

    Parameters
    ----------
    cells
        Id, code, and whether it is needed: what only may be of use, such as
        a function of another section, is left out where it stops.
    seconds
        Of a core, for all that only may be of use: an answer may name a fit
        that takes long. When they are used up, each cell still has one.

    Raises
    ------
    RuntimeError
        Where a needed cell stops.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    for label, source, is_needed in cells:
        started = time.process_time()
        try:
            with _within(None if is_needed else max(seconds, 1.0)):
                exec(compile(source, f"cell {label}", "exec"), names)
        except (Exception, _TooSlowError) as error:
            if is_needed:
                raise RuntimeError(
                    f"cell {label!r} {_raised(error)}"
                ) from None
        if not is_needed:
            seconds -= time.process_time() - started
    library = importlib.import_module("recslib")
    for module in pkgutil.walk_packages(library.__path__, "recslib."):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    _checks_apart()
    _warm_up()
    return names


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Stop what runs after some seconds of a core; on Windows nothing does.

    Raises
    ------
    _TooSlowError
        Out of what runs.
    """
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise _TooSlowError

    own = signal.signal(signal.SIGPROF, stop)
    # Once more each second: what is raised while an object goes is lost.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, own)


def _warm_up() -> None:
    """Have PyTorch bring what it brings at the first step of an optimizer.

    Otherwise each answer would wait for it, and PyTorch puts other functions
    in place of its own then.
    """
    import torch

    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    for kind in (torch.optim.SGD, torch.optim.Adam):
        kind([parameter], lr=0.1).step()


@dataclass
class _Running:
    """A process with an answer in it."""

    job: dict
    process: int
    pipe: int
    number: bytes
    until: float
    looked: float = 0.0
    message: bytearray = field(default_factory=bytearray)
    ended_for: str = ""
    # Of an answer that is judged again: what came the first time, and how
    # many seconds it took.
    passed: tuple[Verdict, float] | None = None


class _Lines:
    """Lines that come in, without waiting for them."""

    def __init__(self, source: int) -> None:
        self.source, self.rest, self.is_open = source, b"", True

    def come(self, seconds: float) -> Iterator[bytes]:
        """Go through the lines that come within some seconds."""
        if not self.is_open:
            time.sleep(seconds)
            return
        if not select.select([self.source], [], [], seconds)[0]:
            return
        read = os.read(self.source, 1 << 16)
        self.is_open = bool(read)
        *lines, self.rest = (self.rest + read).split(b"\n")
        yield from lines


def can_fork() -> bool:
    """Whether a prepared process can be copied for each answer.

    Windows cannot. RECSLIB_NO_FORK=1 does without where it could.
    """
    return hasattr(os, "fork") and not os.environ.get("RECSLIB_NO_FORK")


def serve(incoming: int, outgoing: int) -> None:
    """Prepare a chapter, then judge what comes until nothing comes any more.

    Parameters
    ----------
    incoming, outgoing
        Where lines of JSON come from, and go to. The first says what to
        prepare; each other is a job.
    """

    def say(**told: object) -> None:
        os.write(outgoing, json.dumps(told).encode() + b"\n")

    source = open(incoming, "rb", buffering=0)  # noqa: SIM115
    task = json.loads(source.readline())
    try:
        names = prepared(task["cells"], task["seconds"])
    except RuntimeError as problem:
        say(failed=str(problem))
        return
    asked = {
        label: Asked(check, answers)
        for label, (check, answers) in task["asked"].items()
    }
    readable = [*sandbox.system_folders(), Path(task["library"])]
    if not can_fork():
        # The command that grades ends this process when its time is over.
        holds = {name: name == "time" for name in sandbox.TRIED}
        say(names=sorted(names), holds=holds)
        _judge_here(json.loads(source.readline()), asked, names, say)
        return
    holds = _tried(readable, Path(task["outside"]))
    say(names=sorted(names), holds=holds)
    lines, waiting = _Lines(incoming), deque()
    running: list[_Running] = []
    while lines.is_open or waiting or running:
        waiting.extend(lines.come(TICK))
        while waiting and len(running) < task["lanes"]:
            job = json.loads(waiting.popleft())
            running.append(_started(job, asked, names, readable))
        for each in list(running):
            ended = _looked_at(each)
            if ended is None:
                continue
            running.remove(each)
            verdict, gave, seconds = ended
            if verdict.status == "pass" and gave and not each.passed:
                job = {**each.job, "gave": gave}
                again = _started(job, asked, names, readable)
                again.passed = verdict, seconds
                running.append(again)
                continue
            sandbox.remove(Path(each.job["folder"]))
            is_sure = bool(each.passed) and verdict.status == "pass"
            verdict, seconds = each.passed or (verdict, seconds)
            say(
                job=each.job["job"],
                seconds=seconds,
                sure=is_sure,
                **vars(verdict),
            )


def _judge_here(
    job: dict,
    asked: Mapping[str, Asked],
    names: Mapping[str, object],
    say: Callable[..., None],
) -> None:
    """Judge a single answer in this process: where there is no fork."""
    leave, started = os._exit, time.process_time()
    folder = Path(job["folder"])
    sources = _sources_in(folder)
    _move_to(folder)
    _refuse_looking()
    verdict = answered(
        asked[job["label"]], names, sources, tuple(job["seeds"])
    )
    seconds = time.process_time() - started
    say(job=job["job"], seconds=seconds, sure=False, **vars(verdict))
    leave(0)


def _sources_in(folder: Path) -> list[str]:
    """Take the answer out of its folder."""
    letter = folder / "answer.json"
    sources = json.loads(letter.read_text("utf-8"))
    letter.unlink()
    return sources


def _started(
    job: dict,
    asked: Mapping[str, Asked],
    names: Mapping[str, object],
    readable: Sequence[Path],
) -> _Running:
    """Start a process with an answer in it."""
    receive, send = os.pipe()
    number = os.urandom(16).hex().encode()
    limits = sandbox.Limits(job["cpu"], job["wall"], job["memory"])
    process = os.fork()
    if process == 0:
        try:
            _be_an_answer(job, asked, names, readable, limits, send, number)
        finally:
            os._exit(1)
    os.close(send)
    os.set_blocking(receive, False)
    until = time.monotonic() + limits.wall_seconds
    return _Running(job, process, receive, number, until)


def _be_an_answer(
    job: dict,
    asked: Mapping[str, Asked],
    names: Mapping[str, object],
    readable: Sequence[Path],
    limits: sandbox.Limits,
    send: int,
    number: bytes,
) -> None:
    """Judge an answer in this process, which ends with it.

    Or what an answer gave, where the job has that: then no line of it runs.
    """
    write, leave = os.write, os._exit  # as they are before the answer runs
    os.setsid()
    _leave_open(send)
    folder = Path(job["folder"])
    sources = [] if "gave" in job else _sources_in(folder)
    _move_to(folder)
    sandbox.confine(limits, folder, readable)
    question, seeds = asked[job["label"]], tuple(job["seeds"])
    notes: dict[str, list] = {}
    if "gave" in job:
        verdict = judged_again(question, names, job["gave"], seeds)
    else:
        _refuse_looking()
        noted = notes if job["again"] else None
        verdict = answered(question, names, sources, seeds, noted)
    is_noted = notes and verdict.status == "pass"
    gave = replay.as_text(notes) if is_noted else ""
    parts = (verdict.status, verdict.reason, verdict.said[:LONGEST_SAID], gave)
    told = "\0".join(part.replace("\0", "") for part in parts)
    write(3, number + told.encode("utf-8", "replace"))
    leave(0)


@functools.cache  # one hook a process: it is there to stay
def _refuse_looking() -> None:
    """Refuse an answer, from here on, what shows what the check holds.

    What libraries look at for themselves they may: ``torch.manual_seed``
    looks at frames. Who is asked by an answer itself gets a ValueError: that
    is what `namedtuple` and its kind expect where there is no frame.
    """
    here = globals()
    modules = (*sys.modules.values(), *APART)
    libraries = {id(vars(each)) for each in modules}
    libraries |= {id(here), id(vars(replay))}
    is_at_it = False

    def refuse(event: str, given: tuple[object, ...]) -> None:
        nonlocal is_at_it
        of_frame = event == "object.__getattr__" and given[1] in FRAMES
        looks = of_frame or event in LOOKING or event.startswith("ctypes.")
        if is_at_it or not looks:
            return
        is_at_it = True
        try:
            caller = sys._getframe(1)
        finally:
            is_at_it = False
        for frame in (caller, caller.f_back):
            if frame is not None and id(frame.f_globals) not in libraries:
                raise ValueError("an answer may not look at who judges it.")

    sys.addaudithook(refuse)


def _leave_open(pipe: int) -> None:
    """Make a pipe file 3, and leave nothing else open."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if pipe != 3:
        os.dup2(pipe, 3)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(4, 4096)


def _move_to(folder: Path) -> None:
    """Make a folder this process's own place, and forget the environment."""
    os.chdir(folder)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG", "SYSTEMROOT", "OMP_NUM_THREADS", NO_GPU)
        or name.startswith("RECSLIB_PROGRESS")
    }
    os.environ.clear()
    os.environ.update(kept, HOME=str(folder), TMPDIR=str(folder))
    tempfile.tempdir = str(folder)


def _looked_at(each: _Running) -> tuple[Verdict, str, float] | None:
    """Look at a process; return what came when it has ended.

    Returns
    -------
    tuple or None
        The verdict, what the answer gave, and the seconds of a core that it
        took.
    """
    _take(each)
    now = time.monotonic()
    if now > each.until:
        each.ended_for = "time"
    elif now - each.looked > 0.2:
        each.looked = now
        if _written_in(each.job["folder"]) > MOST_WRITTEN:
            each.ended_for = "files"
        elif _threads_of(each.process) > MOST_THREADS:
            each.ended_for = "threads"
    if each.ended_for:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.process, signal.SIGKILL)
    options = 0 if each.ended_for else os.WNOHANG
    process, status, used = os.wait4(each.process, options)
    if not process:
        return None
    _take(each)
    os.close(each.pipe)
    seconds = used.ru_utime + used.ru_stime
    return *_verdict_of(each, status, seconds), seconds


def _take(each: _Running) -> None:
    with contextlib.suppress(BlockingIOError):
        while len(each.message) <= LONGEST_MESSAGE:
            read = os.read(each.pipe, 1 << 16)
            if not read:
                return
            each.message += read
        each.ended_for = "forged"


def _written_in(folder: str) -> int:
    """Return the bytes in a folder; very many files count as too many."""
    total, files, folders = 0, 0, [folder]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as found:
            for entry in found:
                files += 1
                if files > MOST_FILES:
                    return MOST_WRITTEN + 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _threads_of(process: int) -> int:
    """Return how many threads a process has; 0 where nobody says."""
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except OSError:
        return 0


_ENDS = {
    "time": "the answer did not end within its time. Is there an endless "
    "loop?",
    "files": "the answer wrote too much.",
    "threads": "the answer started too many threads.",
    "memory": "the answer was stopped; most likely it took too much memory.",
    "exit": "the answer ended its process before the check was through.",
    "forged": "something else than a verdict came. Whatever it was, it does "
    "not count.",
}


def _verdict_of(
    each: _Running, status: int, seconds: float
) -> tuple[Verdict, str]:
    """Make a verdict of how a process ended; and what its answer gave."""
    ended, message = each.ended_for, bytes(each.message)
    if not ended and message:
        told = message.removeprefix(each.number).decode("utf-8", "replace")
        parts = told.split("\0")
        if message.startswith(each.number) and len(parts) == 4:
            return Verdict(*parts[:3]), parts[3]
        ended = "forged"
    if not ended and os.WIFSIGNALED(status):
        sign = os.WTERMSIG(status)
        out_of_time = seconds >= each.job["cpu"] - 1
        if sign == signal.SIGXCPU or (sign == signal.SIGKILL and out_of_time):
            ended = "time"
        elif sign == signal.SIGKILL:
            ended = "memory"
        else:
            name = signal.Signals(sign).name
            said = f"Python itself crashed ({name})."
            return Verdict("error", "crash", said), ""
    ended = ended or "exit"
    return Verdict("error", ended, _ENDS[ended]), ""


def _tried(readable: Sequence[Path], outside: Path) -> dict[str, bool]:
    """Try in a process of its own what is refused to answers here."""
    receive, send = os.pipe()
    folder = tempfile.mkdtemp(prefix="tried-")
    process = os.fork()
    if process == 0:
        try:
            limits = sandbox.Limits(30, 30)
            sandbox.confine(limits, Path(folder), readable)
            holds = sandbox.what_holds(outside)
            os.write(send, json.dumps(holds).encode())
        finally:
            os._exit(0)
    os.close(send)
    told = b"".join(iter(lambda: os.read(receive, 4096), b""))
    os.close(receive)
    os.waitpid(process, 0)
    sandbox.remove(Path(folder))
    return json.loads(told) if told else {}


def main() -> None:
    """Serve on standard input and output; what cells print goes nowhere."""
    outgoing = os.dup(1)
    os.set_inheritable(outgoing, False)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    # An answer that imports this program finds nothing to patch.
    for name in [each for each in sys.modules if each.startswith("bookbuild")]:
        del sys.modules[name]
    sys.modules["__main__"] = ModuleType("__main__")
    serve(os.dup(0), outgoing)


if __name__ == "__main__":
    main()
