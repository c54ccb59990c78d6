"""Check every link that leads out of the book: `make links`.

Sphinx's own link checker asks each address, through Jupyter Book, with the
settings of `_config.yml`. Here its answers are sorted into what a person has
to do something about and what not. It needs a network, so it is no part of
the tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import build

FOUND = build.BUILD / "links"
# A server that says one of these refuses programs. It is there, and says
# nothing about whether a person could read the page.
REFUSALS = (401, 403, 405, 418, 429, 999)
# What requests says where no server answered at all.
NO_ANSWER = (
    "NameResolutionError",
    "Failed to resolve",
    "Name or service not known",
    "NewConnectionError",
    "ConnectTimeout",
    "ProxyError",
    "Network is unreachable",
)
# Verdict, what it means, and whether it fails the check.
VERDICTS = {
    "broken": ("broken", True),
    "silent": ("no answer from the server", True),
    "moved": ("moved for good: mend the address", False),
    "refused": ("the server refuses programs: try it in a browser", False),
    "works": ("works", False),
}
NO_NETWORK = (
    "No network: none of the {n_links} links could be asked, on any of "
    "{n_hosts} hosts. Nothing is known about them. Connect this machine (or "
    "set HTTPS_PROXY), and run it again."
)


@dataclass(frozen=True)
class Link:
    """An address, and what came of asking for it.

    Parameters
    ----------
    address
        With https:// in front.
    verdict
        A key of `VERDICTS`.
    said
        Where it has moved to, or what the server said; may be empty.
    pages
        The sources that it stands in, sorted.
    """

    address: str
    verdict: str
    said: str
    pages: tuple[str, ...]


def verdict(answer: Mapping[str, object]) -> str:
    """Return what one of Sphinx's answers comes to: a key of `VERDICTS`.

    Parameters
    ----------
    answer
        A line of its output.json: status, code and info.
    """
    status, code = answer["status"], answer["code"]
    said = str(answer["info"])
    if status == "redirected":
        return "moved" if code in (301, 308) else "works"
    if status == "rate-limited":
        return "refused"
    if status in ("broken", "timeout"):
        if any(said.startswith(f"{refusal} ") for refusal in REFUSALS):
            return "refused"
        return "silent" if any(sign in said for sign in NO_ANSWER) else status
    return "works"


def links(answers: Iterable[Mapping[str, object]]) -> list[Link]:
    """Sort Sphinx's answers by address; links inside the book are left out.

    Parameters
    ----------
    answers
        The lines of its output.json, one for each place of each link.
    """
    pages: dict[str, set[str]] = defaultdict(set)
    told: dict[str, Link] = {}
    for answer in answers:
        address = str(answer["uri"])
        if not address.startswith(("http://", "https://")):
            continue
        pages[address].add(str(answer["filename"]))
        ending = verdict(answer)
        told[address] = Link(
            address,
            "broken" if ending == "timeout" else ending,
            "" if ending == "works" else str(answer["info"]),
            tuple(sorted(pages[address])),
        )
    return [told[address] for address in sorted(told)]


def report(found: list[Link]) -> str:
    """Write the links down, grouped by what came of them, worst first.

    Parameters
    ----------
    found
        What `links` returned.
    """
    lines = []
    for key, (meaning, _) in VERDICTS.items():
        group = [link for link in found if link.verdict == key]
        if group:
            lines.append(f"{meaning} ({len(group)})")
        for link in group:
            lines.append(f"  {link.address}")
            lines.append(f"      on {', '.join(link.pages)}")
            if link.said:
                lines.append(f"      {link.said}")
    return "\n".join(lines)


def has_network(found: list[Link]) -> bool:
    """Tell whether any server at all has answered."""
    return not found or any(link.verdict != "silent" for link in found)


def ask() -> list[Link]:
    """Run Sphinx's link checker over the staged book.

    Raises
    ------
    build.BuildError
        Where it stopped before it had asked; with all that it said.
    """
    build.stage_pages()
    shutil.rmtree(FOUND, ignore_errors=True)
    command = [
        *(sys.executable, "-c"),
        "from jupyter_book.cli.main import main; main()",
        *("build", str(build.STAGE), "--path-output", str(FOUND)),
        *("--builder", "linkcheck", "--all", "-q"),
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    # Where Jupyter Book has every builder write.
    answers = FOUND / "_build" / "html" / "output.json"
    if not answers.is_file():
        said = build.COLOUR.sub("", run.stdout + run.stderr)
        raise build.BuildError(f"{said}\nNo link was checked: see above.")
    text = answers.read_text(encoding="utf-8")
    return links(json.loads(line) for line in text.splitlines())


def main() -> int:
    """Check and tell: 0 for sound, 1 for a broken link, 2 for no network."""
    try:
        found = ask()
    except build.BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    if not has_network(found):
        hosts = {urlsplit(link.address).netloc for link in found}
        print(
            NO_NETWORK.format(n_links=len(found), n_hosts=len(hosts)),
            file=sys.stderr,
        )
        return 2
    print(report(found))
    return int(any(VERDICTS[link.verdict][1] for link in found))


if __name__ == "__main__":
    sys.exit(main())
