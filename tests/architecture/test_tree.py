"""What the checkout may hold: short files under plain names, and locks without addresses."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "portal" / "migrations" / "versions"
LONGEST = 300
LONGEST_TEST = 400
NAMES_THAT_SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|\.|$)")
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host|@ file:")
LOCKS = ("requirements/server.txt", "requirements/dev.txt", "requirements/node.txt")


def kept() -> list[Path]:
    """Every file git knows, those not yet committed included; nothing it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def test_files_are_short() -> None:
    too_long = {}
    for path in kept():
        if path.suffix in (".py", ".js", ".mjs"):
            if path.is_relative_to(MIGRATIONS):
                continue  # a migration is a list and is never changed again
            lines = len(path.read_text("utf-8").splitlines())
            bound = LONGEST_TEST if path.is_relative_to(ROOT / "tests") else LONGEST
            if lines > bound:
                too_long[str(path.relative_to(ROOT))] = lines
    assert too_long == {}


def test_names_say_what_is_inside() -> None:
    vague = [
        str(path.relative_to(ROOT))
        for path in kept()
        if any(NAMES_THAT_SAY_NOTHING.search(part) for part in path.relative_to(ROOT).parts)
    ]
    assert vague == []


@pytest.mark.parametrize("lock", LOCKS)
def test_python_locks_have_versions_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not ADDRESS.search(text)
    blocks = re.split(r"\n(?=[^\s#])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_what_the_tests_use_agrees_with_what_runs() -> None:
    def versions(lock: str) -> dict[str, str]:
        text = (ROOT / lock).read_text("utf-8")
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))

    server, dev = versions(LOCKS[0]), versions(LOCKS[1])
    assert server.items() <= dev.items()


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    server = (
        project["project"]["dependencies"] + project["project"]["optional-dependencies"]["server"]
    )
    for lock, asked in ((LOCKS[0], server), (LOCKS[1], project["dependency-groups"]["dev"])):
        text = (ROOT / lock).read_text("utf-8")
        locked = {
            canonicalize_name(name): version
            for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)
        }
        for line in asked:
            wanted = Requirement(line)
            version = locked.get(canonicalize_name(wanted.name), "")
            assert version, f"{wanted.name} is not in {lock}: make lock"
            assert wanted.specifier.contains(version), f"{lock} has {wanted.name} {version}"


def test_npm_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text("utf-8")
    assert not ADDRESS.search(text)
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)
    assert not any("resolved" in package for package in packages.values())


def test_what_comes_from_npm_is_ignored_and_loads_nothing() -> None:
    vendor = ROOT / "portal" / "static" / "vendor"
    assert [path for path in kept() if path.is_relative_to(vendor)] == []
    style = (vendor / "govuk-frontend.min.css").read_text("utf-8")
    assert "@font-face" not in style
    assert re.findall(r"url\((?!['\"]?data:)", style) == []
    assert "sourceMappingURL" not in style + (vendor / "tus.min.js").read_text("utf-8")
