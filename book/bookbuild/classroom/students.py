"""Simulated students: they log in, pull, run, answer, and look around.

They use what a browser uses: the form, the addresses of JupyterHub and of
nbgitpuller, and the kernel's websocket.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import requests
import websocket

from bookbuild import chapters, notebooks

CHAPTER = "01_matrix_factorization"
FIRST_CELLS = 11  # up to the table of guesses: the first numbers
LAB = "labs/1-01_constant.ipynb"
UNTOUCHED = "labs/1-02_damping.ipynb"
STUB = "...  # your answer here"
ANSWER = "return float(stars.mean())  # by {name}"
SECONDS = 300  # for one step of a student
ALL_SECONDS = 900  # for all steps of a student
LESSON_STARTS = 300  # seconds in which a class has started
MB, GB = 1e6, 1e9


class WrongError(Exception):
    """What a simulated student found wrong."""


@dataclass(frozen=True)
class Cost:
    """What one student took.

    Attributes
    ----------
    server, kernels
        Memory in bytes: each process's own, and its share of what
        processes share.
    n_kernels
        How many kernels ran.
    cpu
        Seconds of all processes of the student.
    seconds
        From the log-in to the answered exercise.
    """

    server: float
    kernels: float
    n_kernels: int
    cpu: float
    seconds: float


def expect(held: bool, said: str) -> None:
    """Raise WrongError unless something held."""
    if not held:
        raise WrongError(said)


def text_shown(outputs: Sequence[Mapping]) -> list[str]:
    """Return what a cell prints and shows, but for figures."""
    shown = []
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain")
        if text and "<Figure" not in text:
            shown.append("".join(text))
    return shown


class Student:
    """A person with a browser.

    Parameters
    ----------
    name
        Whom they log in as.
    address
        Of the hub, without a slash at its end.
    password
        What the form takes.
    pull
        What nbgitpuller is asked: ``repo`` and ``branch``.
    """

    def __init__(
        self, name: str, address: str, password: str, pull: Mapping[str, str]
    ) -> None:
        self.name = name
        self.hub = address
        self.password = password
        self.pulled = pull
        self.server = f"{address}/user/{name}"
        self.session = requests.Session()
        self.kernels: list[Kernel] = []
        self.started = time.monotonic()
        self.seconds = 0.0

    def time_for(self, step: str) -> float:
        """Return how many seconds a step may take; raise if none are left."""
        left = ALL_SECONDS - (time.monotonic() - self.started)
        expect(left > 0, f"{self.name}: no time for {step}, {ALL_SECONDS} s")
        return min(SECONDS, left)

    def token(self) -> dict[str, str]:
        """Return what a page sends with a form, against forged requests."""
        own = {c.path: c.value for c in self.session.cookies}
        path = f"/user/{self.name}/"
        given = [
            cookie.value
            for cookie in self.session.cookies
            if cookie.name == "_xsrf" and cookie.path == path
        ]
        expect(bool(given), f"no token for {path} among {sorted(own)}")
        return {"X-XSRFToken": given[0]}

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        """Ask the student's server; an answer above 399 is wrong."""
        if method != "GET":
            more["headers"] = self.token()
        answer = self.session.request(
            method,
            f"{self.server}/{path}",
            timeout=self.time_for(path),
            **more,
        )
        expect(
            answer.status_code < 400,
            f"{self.name}: {method} {path}: {answer.status_code} "
            f"{answer.text[:300]}",
        )
        return answer

    def log_in(self) -> None:
        """Fill in the form, and wait for a server."""
        self.started = time.monotonic()
        page = f"{self.hub}/hub/login"
        self.session.get(page, timeout=self.time_for("the form"))
        form = {
            "username": self.name,
            "password": self.password,
            "_xsrf": self.session.cookies["_xsrf"],
        }
        answer = self.session.post(
            page,
            data=form,
            timeout=self.time_for("the log-in"),
            allow_redirects=False,
        )
        expect(answer.status_code == 302, f"{self.name} cannot log in")
        spawn, lab = f"{self.hub}/hub/spawn", f"{self.server}/lab"
        self.session.get(spawn, timeout=self.time_for("a server"))
        while True:
            answer = self.session.get(lab, timeout=self.time_for("a server"))
            if answer.ok and answer.url.startswith(lab):
                break
            time.sleep(1)
        expect(
            "apputils-extension:announcements" in answer.text,
            f"{self.name}: JupyterLab will ask about news",
        )

    def pull(self) -> None:
        """Pull as a link of nbgitpuller does."""
        events = self.ask(
            "GET",
            "git-pull/api",
            params={**self.pulled, "targetpath": "class"},
        ).text
        last = [line for line in events.splitlines() if line][-1]
        phase = json.loads(last.removeprefix("data: "))["phase"]
        expect(phase == "finished", f"{self.name}: the pull: {events}")

    def open(self, path: str) -> dict:
        """Return a notebook as JupyterLab gets it."""
        model = self.ask("GET", f"api/contents/{quote(path)}").json()
        return model["content"]

    def save(self, path: str, content: Mapping) -> None:
        """Save a notebook as JupyterLab does."""
        model = {"type": "notebook", "format": "json", "content": content}
        self.ask("PUT", f"api/contents/{quote(path)}", json=model)

    def start_kernel(self, path: str) -> Kernel:
        """Start the kernel of a notebook."""
        model = self.ask(
            "POST", "api/kernels", json={"name": "python3", "path": path}
        ).json()
        kernel = Kernel(self, model["id"])
        self.kernels.append(kernel)
        return kernel

    def read_first_cells(self) -> Kernel:
        """Run the start of a chapter; every text is the committed one."""
        path = f"answers/notebooks/{CHAPTER}.ipynb"
        (committed,) = [p for p in chapters.paths() if p.stem == CHAPTER]
        wanted = {
            cell.id: text_shown(cell.outputs)
            for cell in notebooks.read(committed).cells
            if cell.cell_type == "code"
        }
        cells = [
            cell
            for cell in self.open(path)["cells"]
            if cell["cell_type"] == "code"
        ]
        kernel = self.start_kernel(path)
        for cell in cells[:FIRST_CELLS]:
            shown = text_shown(kernel.run(cell["source"]))
            expect(
                "".join(shown) == "".join(wanted[cell["id"]]),
                f"{self.name}: cell {cell['id']} shows {shown}, "
                f"not {wanted[cell['id']]}",
            )
        return kernel

    def answer(self) -> Kernel:
        """Answer the lab's exercise and save it; the check says Pass."""
        path = f"answers/{LAB}"
        lab = self.open(path)
        for cell in lab["cells"]:
            if STUB in cell["source"]:
                cell["source"] = cell["source"].replace(
                    STUB, ANSWER.format(name=self.name)
                )
        self.save(path, lab)
        kernel = self.start_kernel(path)
        self.run_all(kernel)
        self.seconds = time.monotonic() - self.started
        return kernel

    def run_all(self, kernel: Kernel) -> None:
        """Run the answered lab, as it is on the server."""
        shown: list[str] = []
        for cell in self.open(f"answers/{LAB}")["cells"]:
            if cell["cell_type"] == "code":
                shown = text_shown(kernel.run(cell["source"]))
        said = "".join(shown).strip()
        expect(said == "Pass.", f"{self.name}: the check says {said!r}")

    def look_around(
        self, kernel: Kernel, other: Student, homes: Path, private: bool
    ) -> None:
        """Try to see another student's files, by address and by code."""
        answer = self.session.get(
            f"{other.server}/api/contents/answers/{LAB}",
            timeout=self.time_for("a look around"),
        )
        expect(
            answer.status_code in (401, 403, 404) and STUB not in answer.text,
            f"{self.name} sees {other.name}'s answer: {answer.status_code}",
        )
        if not private:
            return
        home = homes / other.name
        for code in (
            f"import os; os.listdir({str(home)!r})",
            f"open({str(home / 'answers' / LAB)!r}).read()",
            f"open({str(home / 'mine')!r}, 'w')",
            f"open({str(homes.parent / 'cache' / 'mine')!r}, 'w')",
        ):
            said = kernel.run(
                f"try:\n    {code}\nexcept PermissionError:\n"
                "    print('refused')"
            )
            expect(
                "".join(text_shown(said)) == "refused\n",
                f"{self.name} can {code}: {said}",
            )

    def after_update(self, home: Path, before: bytes, kernel: Kernel) -> None:
        """Pull again: the answer is as it was, and what is new is there."""
        self.pull()
        answered = home / "answers" / LAB
        expect(
            answered.read_bytes() == before
            and ANSWER.format(name=self.name).encode() in before,
            f"{self.name}: the update changed the answer",
        )
        for path in (f"class/{LAB}", f"answers/{UNTOUCHED}"):
            expect(
                self.open(path)["cells"][0]["source"] == "# Mended\n",
                f"{self.name}: {path} is not the mended one",
            )
        expect(
            LAB in (home / "answers" / "CHANGED.md").read_text("utf-8"),
            f"{self.name} is not told that the lab changed",
        )
        model = self.ask("GET", f"api/contents/class/{LAB}").json()
        # Root may write to any file, and no student is root but for a trial.
        expect(
            not model["writable"] or home.stat().st_uid == 0,
            f"{self.name}: class/{LAB} can be overwritten",
        )
        self.run_all(kernel)

    def leave(self) -> None:
        """Close what is open to the hub."""
        for kernel in self.kernels:
            kernel.socket.close()
        self.session.close()


class Kernel:
    """A kernel of a student, over the hub's websocket."""

    def __init__(self, student: Student, number: str) -> None:
        self.student = student
        path = f"/user/{student.name}/api/kernels/{number}/channels"
        cookies = [
            f"{c.name}={c.value}"
            for c in student.session.cookies
            if f"/user/{student.name}/".startswith(c.path)
        ]
        self.socket = websocket.create_connection(
            f"{student.hub.replace('http', 'ws', 1)}{path}",
            cookie="; ".join(cookies),
            origin=student.hub,
            timeout=student.time_for("a kernel"),
        )

    def run(self, source: str) -> list[dict]:
        """Run a cell; return its outputs.

        Raises
        ------
        WrongError
            Where the cell raises.
        """
        number = uuid.uuid4().hex
        self.socket.send(
            json.dumps(
                {
                    "header": {
                        "msg_id": number,
                        "msg_type": "execute_request",
                        "session": number,
                        "username": self.student.name,
                        "version": "5.3",
                    },
                    "parent_header": {},
                    "metadata": {},
                    "content": {"code": source, "silent": False},
                    "channel": "shell",
                }
            )
        )
        outputs: list[dict] = []
        while True:
            self.socket.settimeout(self.student.time_for(source))
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") != number:
                continue
            content, kind = message["content"], message["msg_type"]
            expect(
                kind != "error",
                f"{self.student.name}: {content.get('evalue')}\n{source}",
            )
            if kind in ("stream", "execute_result", "display_data"):
                outputs.append(content)
            if kind == "status" and content["execution_state"] == "idle":
                return outputs


def cost_of(home: Path, seconds: float) -> Cost:
    """Measure all processes whose home is `home`."""
    server = kernels = cpu = 0.0
    n_kernels = 0
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") != str(home):
                continue
            memory = process.memory_full_info()
            size = getattr(memory, "pss", memory.uss)
            times = process.cpu_times()
            command = process.cmdline()
        except (psutil.Error, OSError):
            continue
        cpu += times.user + times.system
        cpu += times.children_user + times.children_system
        if "ipykernel_launcher" in command:
            kernels += size
            n_kernels += 1
        else:
            server += size
    return Cost(server, kernels, n_kernels, cpu, seconds)


def lesson(
    crowd: Sequence[Student],
    homes: Path,
    private: bool,
    update: Callable[[], None],
) -> list[Cost]:
    """Let all students work at once; an update comes when all have answered.

    Parameters
    ----------
    crowd
        The students.
    homes
        The folder that has a home for each.
    private
        Whether each is a Unix user, so that code sees no other's files.
    update
        What changes the repository.

    Returns
    -------
    list of Cost
        What each took, measured while all kernels run.

    Raises
    ------
    WrongError
        Where one found something wrong.
    """
    met = threading.Barrier(len(crowd))
    costs: dict[str, Cost] = {}

    def work(number: int) -> None:
        me, other = crowd[number], crowd[number - 1]
        home = homes / me.name
        try:
            me.log_in()
            me.pull()
            kernels = [me.read_first_cells(), me.answer()]
            met.wait(ALL_SECONDS)
            costs[me.name] = cost_of(home, me.seconds)
            if other is not me:
                me.look_around(kernels[0], other, homes, private)
            before = (home / "answers" / LAB).read_bytes()
            if met.wait(ALL_SECONDS) == 0:
                update()
            met.wait(ALL_SECONDS)
            me.after_update(home, before, kernels[1])
        except threading.BrokenBarrierError:
            raise WrongError("another student stopped") from None
        except BaseException:
            met.abort()
            raise
        finally:
            me.leave()

    wait_for_hub(crowd[0].hub)
    with ThreadPoolExecutor(len(crowd)) as pool:
        tasks = [pool.submit(work, number) for number in range(len(crowd))]
    problems = [task.exception() for task in tasks]
    found = [
        problem
        for problem in problems
        if problem and str(problem) != "another student stopped"
    ]
    if found:
        raise WrongError("\n".join(str(each) for each in found)) from found[0]
    return [costs[student.name] for student in crowd]


def wait_for_hub(address: str) -> None:
    """Wait until a hub shows its form."""
    start = time.monotonic()
    while True:
        try:
            if requests.get(f"{address}/hub/login", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        waited = time.monotonic() - start
        expect(waited < SECONDS, f"no hub at {address}, {waited:.0f} s")
        time.sleep(0.5)


def told(costs: Sequence[Cost]) -> str:
    """Return a table of what students took, and how many fit."""
    n = len(costs)
    server = sum(cost.server for cost in costs) / n
    kernels = sum(cost.n_kernels for cost in costs)
    kernel = sum(cost.kernels for cost in costs) / max(kernels, 1)
    cpu = sum(cost.cpu for cost in costs) / n
    slowest = max(cost.seconds for cost in costs)
    rows = [
        ("students at once", f"{n}"),
        ("memory of a server (MB)", f"{server / MB:.0f}"),
        ("memory of a kernel (MB)", f"{kernel / MB:.0f}"),
        ("students per GB, one kernel each", f"{GB / (server + kernel):.1f}"),
        (
            "students per GB, two kernels each",
            f"{GB / (server + 2 * kernel):.1f}",
        ),
        ("CPU seconds a student, from log-in to Pass", f"{cpu:.1f}"),
        (
            "students per core, all at work within five minutes",
            f"{LESSON_STARTS / cpu:.0f}",
        ),
        ("slowest student, from log-in to Pass (s)", f"{slowest:.0f}"),
    ]
    lines = ["| what | measured |", "|---|---:|"]
    lines += [f"| {what} | {measured} |" for what, measured in rows]
    return "\n".join(lines)
