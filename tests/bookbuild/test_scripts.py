"""What the pages' scripts get of the models."""

import json

from bookbuild import places, scripts


def test_a_script_sets_one_name_to_what_json_holds():
    text = scripts.as_script("films", {"titles": ["Amélie"], "n": 1})
    assert text == 'window.recslibFilms = {"titles":["Amélie"],"n":1};\n'


def test_each_export_becomes_a_script(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SCRIPTS", tmp_path / "scripts")
    made = {"films": {"n": 2}, "lstm": {"n": 3}}
    monkeypatch.setattr(scripts, "exports", lambda: made)
    scripts.write_scripts()
    for name, contents in made.items():
        text = (tmp_path / "scripts" / f"{name}.js").read_text("utf-8")
        told = text.removeprefix(f"window.recslib{name.capitalize()} = ")
        assert json.loads(told.removesuffix(";\n")) == contents
