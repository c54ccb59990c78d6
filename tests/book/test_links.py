"""Links that lead out of the book: their form, and how they are checked."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import build
import links
import pytest

DEAD = "HTTPSConnectionPool(host='a.org', port=443): NameResolutionError(-2)"


def outside(pages):
    """Every address on another host, with the pages it stands on."""
    found = {}
    for path, page in pages.items():
        for tag in page.find_all(["a", "img", "script", "link", "iframe"]):
            address = tag.get("href") or tag.get("src") or ""
            if urlsplit(address).netloc:
                found.setdefault(address, set()).add(path.as_posix())
    return found


@pytest.fixture(scope="module")
def addresses(pages):
    found = outside(pages)
    assert found
    return found


def test_every_link_that_leads_out_is_https_and_well_formed(addresses):
    for address, pages in addresses.items():
        parts = urlsplit(address)
        assert parts.scheme == "https", (address, pages)
        assert parts.netloc == parts.netloc.lower(), (address, pages)
        assert "." in parts.netloc and not parts.username, (address, pages)
        assert address.isascii() and " " not in address, (address, pages)
        assert not address.endswith((".", ",", ")")), (address, pages)


def test_no_address_is_written_in_two_ways(addresses):
    seen = {}
    for address in sorted(addresses):
        parts = urlsplit(address)
        bare = parts.netloc.removeprefix("www.") + parts.path.rstrip("/")
        short = f"{bare}?{parts.query}#{parts.fragment}"
        assert short not in seen, (address, seen[short])
        seen[short] = address


def answer(status, code=0, info="", uri="https://a.org/x", filename="a.md"):
    """A line of the checker's output, as a dictionary."""
    return {
        "filename": filename,
        "lineno": 1,
        "status": status,
        "code": code,
        "uri": uri,
        "info": info,
    }


@pytest.mark.parametrize(
    ("status", "code", "info", "wanted"),
    [
        ("working", 0, "", "works"),
        ("redirected", 302, "https://b.org", "works"),
        ("redirected", 301, "https://b.org", "moved"),
        ("redirected", 308, "https://b.org", "moved"),
        ("broken", 0, "404 Client Error: Not Found for url", "broken"),
        ("broken", 0, "500 Server Error: for url", "broken"),
        ("broken", 0, "Anchor 'x' not found", "broken"),
        ("broken", 0, "403 Client Error: Forbidden for url", "refused"),
        ("rate-limited", 0, "", "refused"),
        ("broken", 0, DEAD, "silent"),
        ("timeout", 0, "Read timed out. (read timeout=20)", "broken"),
    ],
)
def test_an_answer_comes_to_what_a_person_has_to_do(
    status, code, info, wanted
):
    (link,) = links.links([answer(status, code, info)])
    assert link.verdict == wanted


def test_a_link_is_listed_once_with_all_its_pages():
    answers = [
        answer("working", filename="b.md"),
        answer("working", filename="a.md"),
        answer("working", filename="a.md"),
        answer("unchecked", uri="#inside"),
        answer("local", uri="glossary.html"),
    ]
    assert links.links(answers) == [
        links.Link("https://a.org/x", "works", "", ("a.md", "b.md"))
    ]


def test_the_report_names_the_address_its_pages_and_where_it_moved():
    found = links.links(
        [
            answer("working", uri="https://a.org/fine"),
            answer("redirected", 301, "https://b.org/new"),
        ]
    )
    assert links.report(found).splitlines() == [
        "moved for good: mend the address (1)",
        "  https://a.org/x",
        "      on a.md",
        "      https://b.org/new",
        "works (1)",
        "  https://a.org/fine",
        "      on a.md",
    ]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([answer("working")], 0),
        ([answer("redirected", 301, "https://b.org")], 0),
        ([answer("broken", 0, "403 Client Error")], 0),
        ([answer("broken", 0, "404 Client Error")], 1),
        ([answer("working"), answer("broken", 0, DEAD, "https://c.org")], 1),
        ([answer("broken", 0, DEAD)], 2),
    ],
)
def test_the_exit_status_tells(monkeypatch, capsys, answers, status):
    monkeypatch.setattr(links, "ask", lambda: links.links(answers))
    assert links.main() == status
    told = capsys.readouterr()
    if status == 2:
        assert told.out == ""
        assert told.err.startswith("No network: none of the 1 links")
    else:
        assert "https://a.org/x" in told.out


def test_a_checker_that_stops_early_is_reported(monkeypatch, capsys):
    def stop():
        raise build.BuildError("what it said")

    monkeypatch.setattr(links, "ask", stop)
    assert links.main() == 1
    assert "what it said" in capsys.readouterr().err


class Answers(BaseHTTPRequestHandler):
    """A server whose pages say in their names how they answer."""

    def do_GET(self):
        code = int(self.path.strip("/") or 200)
        self.send_response(code)
        if code in (301, 302):
            self.send_header("Location", "/200")
        self.end_headers()

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, format, *args):
        pass


def test_what_sphinx_writes_is_understood(tmp_path, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever).start()
    base = f"http://127.0.0.1:{server.server_port}"
    names = {200: "works", 301: "moved", 302: "works", 403: "refused"}
    names[404] = "broken"
    text = "\n".join(f"* `{code} <{base}/{code}>`__" for code in names)
    (tmp_path / "index.rst").write_text(f"Links\n=====\n\n{text}\n")
    (tmp_path / "conf.py").write_text("")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "linkcheck", "-q", ".", "out"],
        cwd=tmp_path,
        capture_output=True,
    )
    server.shutdown()
    server.server_close()
    lines = (tmp_path / "out" / "output.json").read_text().splitlines()
    found = links.links(json.loads(line) for line in lines)
    assert {link.address: link.verdict for link in found} == {
        f"{base}/{code}": wanted for code, wanted in names.items()
    }
