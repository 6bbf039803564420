"""One direction: portal → verification → uploads. Read from the sources, so nothing needs to run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("uploads", "verification", "portal", "nginx")
# What a package may know of the others.
MAY_IMPORT = {
    "uploads": {"uploads"},
    "verification": {"verification", "uploads"},
    "portal": {"portal", "verification", "uploads", "nginx"},
    "nginx": {"nginx"},
}
# Libraries that belong to one side of the house only.
FORBIDDEN = {
    "uploads": {"flask", "sqlalchemy", "polars", "werkzeug", "marshmallow", "click", "requests"},
    "verification": {"flask", "werkzeug", "marshmallow", "click", "requests", "flask_login"},
    "nginx": {"flask", "sqlalchemy", "click"},
}
# The one table of commands that is imported when a command is called.
LAZY = {Path("portal/cli/lazy.py")}


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sources()}


def test_packages_look_one_way_only(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{name(path)}:{node.lineno} imports {module}"
        for path, tree in trees.items()
        for node, module in imported(tree)
        for package in [path.relative_to(ROOT).parts[0]]
        for top in [module.partition(".")[0]]
        if (top in PACKAGES and top not in MAY_IMPORT[package])
        or top in FORBIDDEN.get(package, set())
    ]
    assert wrong == []


def test_nobody_imports_the_tests(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        name(path)
        for path, tree in trees.items()
        if any(module.partition(".")[0] in ("tests", "scripts") for _, module in imported(tree))
    ]
    assert wrong == []


def test_imports_stand_at_the_top(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        if path.relative_to(ROOT) in LAZY:
            continue
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                wrong += [
                    f"{name(path)}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.Import | ast.ImportFrom)
                ]
    assert wrong == []


def test_no_detours_for_the_type_checker(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        name(path)
        for path, tree in trees.items()
        if any(isinstance(node, ast.Name) and node.id == "TYPE_CHECKING" for node in ast.walk(tree))
    ]
    assert wrong == []


def test_package_files_export_and_do_nothing_else(trees: dict[Path, ast.Module]) -> None:
    harmless = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.AnnAssign)
    wrong = [
        f"{name(path)}:{node.lineno}"
        for path, tree in trees.items()
        if path.name == "__init__.py"
        for node in tree.body
        if not isinstance(node, harmless)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("portal.uploads_process", {"flask", "polars", "PIL", "pypdfium2"}),
        ("portal.cli", {"flask", "sqlalchemy", "polars", "tusclient", "nginx"}),
        ("portal.cli.upload", {"flask", "sqlalchemy", "polars"}),
        ("portal.cli.verify", {"flask", "sqlalchemy", "polars"}),
        ("uploads.server", {"flask", "sqlalchemy"}),
        ("verification.worker", {"flask", "click"}),
    ],
)
def test_a_process_loads_only_its_own_side(module: str, absent: set[str]) -> None:
    script = f"import sys, {module}; print(*(n for n in {sorted(absent)} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
