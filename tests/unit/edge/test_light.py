"""The light copy that nginx serves: the same files without comments, and only of just these files."""

from __future__ import annotations

import gzip
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from portal import light

ROOT = Path(__file__).resolve().parents[3]
MODULE = "// Why.\nexport const a = `b  ${1}  c`;\n/** What. */\nexport const b = /\\/\\/ x/g;\n"
SHEET = "/* Why. */\np {\n  color: red;\n}\n"
NPM = "/*! whose */\n  var a;\n"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    contents = {
        "js/a/b.js": MODULE * 40, "css/a.css": SHEET, "vendor/c.js": NPM * 60, "img/d.svg": "<svg/>",
    }  # fmt: skip
    for name, content in contents.items():
        (static / name).parent.mkdir(parents=True)
        (static / name).write_text(content)
    return static


@pytest.fixture(scope="module")
def lighten() -> Callable[[Path, Path], None]:
    made: Callable[[Path, Path], None] = runpy.run_path(str(ROOT / "scripts/lighten.py"))["lighten"]
    return made


def test_a_copy_says_the_same_in_fewer_bytes(
    static: Path, tmp_path: Path, lighten: Callable[[Path, Path], None]
) -> None:
    copy = tmp_path / "copies" / "one"
    lighten(static, copy)
    names = {path.relative_to(copy).as_posix() for path in light.files_in(copy)}
    packed = {"js/a/b.js.gz", "vendor/c.js.gz"}
    assert names == {"js/a/b.js", "css/a.css", "vendor/c.js", "img/d.svg"} | packed
    module = (copy / "js/a/b.js").read_text()
    assert "Why" not in module
    assert module.count("export const a=`b  ${1}  c`;") == 40
    assert module.count("export const b=/\\/\\/ x/g;") == 40
    assert (copy / "css/a.css").read_text() == "p{color:red}"
    assert (copy / "vendor/c.js").read_text() == NPM * 60
    for name in packed:
        plain = (copy / name).with_suffix("").read_bytes()
        assert gzip.decompress((copy / name).read_bytes()) == plain
    assert list(copy.parent.iterdir()) == [copy]


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_a_copy_of_other_files_is_not_served(static: Path, change: str) -> None:
    before = light.light_of(static)
    assert light.light_of(static) == before
    if change == "content":
        (static / "css/a.css").write_text(f"{SHEET} ")
    elif change == "name":
        (static / "css/a.css").rename(static / "css/b.css")
    else:
        (static / "css/b.css").write_text("")
    assert light.light_of(static) != before


def test_without_a_copy_the_files_themselves_are_served(
    static: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(light, "STATIC", static)
    monkeypatch.setattr(light, "COPIES", tmp_path / "copies")
    assert light.served() == static
    copy = light.light_of(static)
    copy.mkdir(parents=True)
    assert light.served() == copy


def test_a_run_keeps_what_it_was_started_with(
    static: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(light, "STATIC", static)
    run = tmp_path / "run"
    run.mkdir()
    assert light.placed(run) == static
    assert light.place(run) == light.placed(run) == run / "static"
    (static / "css/a.css").write_text("p{}")
    assert (run / "static/css/a.css").read_text() == SHEET
    light.place(run)
    assert (run / "static/css/a.css").read_text() == "p{}"
    assert [path.name for path in run.iterdir()] == ["static"]
