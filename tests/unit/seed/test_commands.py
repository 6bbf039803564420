"""`sipol init`, `demo`, `account`, `token`, `reconcile`, `config`: what they do and what they say."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.auth.passwords import Passwords
from portal.clock import system_clock
from portal.models import Account
from portal.uploads_auth import resolve
from verification.models import JournalEntry, Participation, ReceivedFile
from verification.states import Role

from .conftest import Installation


def test_init_makes_private_folders_and_every_key(sipol: Installation) -> None:
    home = sipol.home
    for folder in (home, *(home / n for n in ("keys", "uploads", "derived", "run", "log", "tmp"))):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    keys = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "keys").iterdir()}
    assert set(keys) >= {"upload.key", "receipt.key", "field-keys.json", "receipt-keys.json"}
    assert set(keys.values()) == {0o600}
    before = (home / "keys" / "receipt.key").read_bytes()
    assert "7838 wilayah, 553 kantor" in sipol("init").output
    assert (home / "keys" / "receipt.key").read_bytes() == before


def test_demo_opens_every_role_and_stays_the_same(sipol: Installation) -> None:
    first = json.loads(sipol("demo", "--json").output)
    assert first == json.loads(sipol("demo", "--json").output)
    assert {row["role"] for row in first} == {role.value for role in Role} - {"system"}
    assert stat.S_IMODE((sipol.home / "demo.json").stat().st_mode) == 0o600
    passwords = Passwords()
    with sipol.sessions.read() as session:
        assert session.scalar(select(func.count(Participation.id))) == 2
        for row in first:
            account = session.scalars(select(Account).where(Account.login == row["login"])).one()
            assert account.demo
            bearer = resolve(
                session,
                cookie=None,
                authorization=f"Bearer {row['token']}",
                now=system_clock(),
            )
            assert bearer is not None
            assert bearer.account.id == account.id
        assert passwords.check(account.password_hash, row["password"])


def test_two_verifiers_work_in_each_of_two_kabupaten(sipol: Installation) -> None:
    people = json.loads(sipol("demo", "--json").output)
    offices = [row["office"] for row in people if row["role"] == "verifier"]
    assert sorted(offices) == ["32", "32.73", "32.73", "81.71", "81.71", "ID"]


def test_a_lost_demo_file_means_new_passwords(sipol: Installation) -> None:
    first = json.loads(sipol("demo", "--json").output)
    (sipol.home / "demo.json").unlink()
    second = json.loads(sipol("demo", "--json").output)
    assert [row["login"] for row in first] == [row["login"] for row in second]
    assert not {row["password"] for row in first} & {row["password"] for row in second}


def test_a_filled_demo_has_one_party_at_work_and_only_once(sipol: Installation) -> None:
    first = sipol("demo", "--filled", "--rows", "20", "--cards", "1").output
    assert "17 berkas contoh Partai Contoh B sudah dikirim" in first
    assert "sudah dikirim" not in sipol("demo", "--filled").output
    with sipol.sessions.read() as session:
        files = session.scalars(select(ReceivedFile)).all()
        assert {file.participation.party.name for file in files} == {"Partai Contoh B"}
        assert {file.purpose for file in files} == {"document", "roster", "scans"}
        senders = select(Account.login).where(Account.public_id.in_(_senders(files)))
        assert sorted(session.scalars(senders)) == [
            "koordinator.b",
            "operator.b.ambon",
            "operator.b.bandung",
        ]


def _senders(files: Sequence[ReceivedFile]) -> list[str]:
    return [file.uploaded_by.removeprefix("account:") for file in files]


def test_demo_prints_whole_passwords_for_people(sipol: Installation) -> None:
    printed = sipol("demo").output
    for row in json.loads(sipol("demo", "--json").output):
        assert row["password"] in printed
        assert row["token"] not in printed


def test_production_takes_no_demo(sipol: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPOL_PRODUCTION", "1")
    monkeypatch.setenv("SIPOL_PUBLIC_URL", "https://portal.example")
    refused = sipol("demo")
    assert refused.exit_code == 1
    assert "production" in refused.output


def test_an_account_is_made_listed_given_a_password_and_closed(sipol: Installation) -> None:
    made = sipol(
        "account", "create", "op.uji", "--name", "Operator Uji", "--role", "operator",
        "--party", "Partai Uji", "--new-party", "Uji", "--region", "32.73", "--password-stdin",
        given="kucing-lari-di-taman\n",
    )  # fmt: skip
    assert made.output == "op.uji siap.\n"
    changed = sipol("account", "password", "op.uji").output
    (row,) = json.loads(sipol("account", "list", "--json").output)
    assert (row["login"], row["party"], row["regions"]) == ("op.uji", "Partai Uji", ["32.73"])
    assert sipol("account", "disable", "op.uji").exit_code == 0
    assert "(nonaktif)" in sipol("account", "list").output
    with sipol.sessions.read() as session:
        account = session.scalars(select(Account)).one()
        assert Passwords().check(account.password_hash, changed.split()[-1])
        kinds = session.scalars(select(JournalEntry.kind).order_by(JournalEntry.id)).all()
    assert kinds == ["account.created", "account.changed", "account.disabled"]


def test_a_token_is_printed_alone_and_bounded(sipol: Installation) -> None:
    sipol("demo")
    printed = sipol("token", "koordinator.a", "--scopes", "read,upload").output.strip()
    with sipol.sessions.read() as session:
        found = resolve(session, cookie=None, authorization=f"Bearer {printed}", now=system_clock())
        assert found is not None
        assert found.scopes == {"read", "upload"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("token", "tidak.ada"), "tidak ada akun"),
        (("account", "disable", "tidak.ada"), "tidak ada akun"),
        (("account", "create", "a.b.c", "--name", "x", "--role", "operator"), "party"),
        (
            ("account", "create", "a.b.c", "--name", "x", "--role", "verifier", "--office", "99"),
            "office",
        ),
    ],
)
def test_a_refusal_is_one_line(sipol: Installation, arguments: tuple[str, ...], words: str) -> None:
    refused = sipol(*arguments)
    assert refused.exit_code == 1
    assert words in refused.output
    assert len(refused.output.strip().splitlines()) == 1


def test_reconcile_counts(sipol: Installation) -> None:
    done = json.loads(sipol("reconcile", "--json").output)
    assert done == {"seen": 0, "recorded": 0, "released": 0, "failed": 0}


def test_config_shows_no_password(sipol: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPOL_DATABASE_URL", "postgresql+psycopg://sipol:rahasia@localhost/sipol")
    shown = sipol("config").output
    assert "SIPOL_DATABASE_URL=***" in shown
    assert "rahasia" not in shown


def test_init_and_demo_work_on_both_databases(
    sipol: Installation, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPOL_DATABASE_URL", database_url)
    for _ in range(2):
        assert "16 syarat" in sipol("init").output
        people = json.loads(sipol("demo", "--json").output)
    assert len(people) == len({row["token"] for row in people}) == 18


def test_before_init_a_command_says_what_to_do(
    tmp_path: Path, sipol: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("SIPOL_DATABASE_URL", f"sqlite:///{empty / 'sipol.db'}")
    refused = sipol("account", "list")
    assert refused.exit_code == 1
    assert "sipol init" in refused.output
