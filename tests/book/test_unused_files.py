"""What no page asks for is left out, and nothing else."""

from bs4 import BeautifulSoup

from bookbuild.pages import unused_files


def test_translations_and_maps_are_unused_and_fonts_are_not(tmp_path):
    font = "vendor/fontawesome/6/webfonts/solid"
    for name in (
        "locales/de/x.mo",
        "scripts/a.js.map",
        "scripts/a.js",
        f"{font}.ttf",
        f"{font}.woff2",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [
        path.relative_to(tmp_path).as_posix()
        for path in unused_files.unused_in(tmp_path)
    ]
    assert found == ["locales/de/x.mo", "scripts/a.js.map", f"{font}.ttf"]


def test_no_page_asks_for_what_was_left_out(html_folder, page_paths):
    for path in page_paths:
        page = BeautifulSoup((html_folder / path).read_bytes(), "html.parser")
        for tag in page.select("script[src], link[rel~=preload]"):
            address = (tag.get("src") or tag["href"]).partition("?")[0]
            assert (html_folder / path.parent / address).is_file(), path
