"""The machine burns down: what is left is a folder of backups and a file of keys, and the evening goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartStack
from tests.files import pdf
from tests.large_files import padded_pdf
from tests.postgres import Cluster
from tests.stack import Stack, sipol
from tests.traffic import AD_ART, OFFICE, Caller, OpenPatch, Target, assert_proven, upload_id

PASSPHRASE = "kuda benar baterai staples\n"
SIZE = 2_500_000
OTHER_OFFICE = Target("kantor-kabupaten", "81.71", "document", "8171 kantor.pdf")


def back_up(stack: Stack, folder: Path, *words: str) -> dict[str, Any]:
    """A backup while everything runs."""
    told = sipol("backup", str(folder), "--json", *words, environ=stack.environ)
    made: dict[str, Any] = json.loads(told)
    return made


def burn(stack: Stack, request: pytest.FixtureRequest) -> str:
    """Nothing of the home is left but what the test itself reads; a new database's name on PostgreSQL."""
    for path in stack.home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in ("demo.json", "up.out"):
            path.unlink()
    if "SIPOL_DATABASE_URL" not in stack.environ:
        return ""
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    stack.environ["SIPOL_DATABASE_URL"] = cluster.url(cluster.create("template0"))
    return stack.environ["SIPOL_DATABASE_URL"].rpartition("/")[2]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_evening_goes_on_from_a_backup(
    database: str, start_stack: StartStack, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    stack = start_stack(database)
    folder, keys = tmp_path / "cadangan", tmp_path / "kunci.json"
    party = Caller(stack.base_url, stack.logins["koordinator.a"].token)
    large = padded_pdf(tmp_path / "besar.pdf", SIZE, seed="cadangan").read_bytes()
    small = pdf(1, text="kantor")
    whole = party.send(large, AD_ART)
    packed = party.send(small, OFFICE)
    before = assert_proven(stack, party, whole, large, tmp_path)
    party.wait_until(packed, "passed")
    first = back_up(stack, folder)

    begun = padded_pdf(tmp_path / "mulai.pdf", SIZE, seed="mulai").read_bytes()
    path = party.create(SIZE, AD_ART)
    party.patch(path, 0, begun[:800_000]).expect(204)
    with OpenPatch(party.address, path, 800_000, SIZE - 800_000) as line:
        line.feed(begun[800_000:1_000_000])
        second = back_up(stack, folder, "--keep", "1")
    assert second["removed"] == [Path(first["backup"]).name]
    assert second["written"] < SIZE  # what was there before is not copied again
    lost = party.send(small, OTHER_OFFICE)
    party.wait_until(lost, "passed")
    sipol(
        "backup", "--keys", str(keys), "--passphrase-stdin", environ=stack.environ, typed=PASSPHRASE
    )

    stack.stop()
    fresh = burn(stack, request)
    told = sipol(
        "restore", str(folder), "--keys", str(keys), "--passphrase-stdin", "--json",
        environ=stack.environ, typed=PASSPHRASE,
    )  # fmt: skip
    restored = json.loads(told)
    assert (restored["missing"], restored["damaged"], restored["back"]) == ([], [], [])
    stack.restart()
    try:
        offset = party.offset(path)
        assert 800_000 <= offset <= 1_000_000
        party.patch(path, offset, begun[offset:]).expect(204)
        assert_proven(stack, party, upload_id(path), begun, tmp_path)
        after = assert_proven(stack, party, whole, large, tmp_path)
        assert after["receipt"] == before["receipt"]
        assert_proven(stack, party, packed, small, tmp_path)
        party.api("GET", f"uploads/{lost}").expect(404)
        party.wait_until(party.send(small, OTHER_OFFICE), "passed")
        kinds = [each["kind"] for each in party.api("GET", "journal").expect(200).json()["items"]]
        assert "backup.restored" in kinds
    finally:
        stack.stop()
        if fresh:
            request.getfixturevalue("postgres_cluster").drop(fresh)
