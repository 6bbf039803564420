"""What must not be written down is not: keys, tokens, NIK and file names, whatever goes wrong.

Every fault an upload can meet, at nginx and behind it, is made with a capability URL in hand; then
everything that was written outside the upload root is searched, and the database with it.
"""

from __future__ import annotations

import base64
import re
import secrets
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import make_url, text

from tests.conftest import StartStack
from tests.files import archive, card, pdf
from tests.postgres import programs
from tests.rosters import people, write_rows
from tests.stack import Stack
from tests.traffic import (
    AD_ART,
    MEMBERS,
    OCTETS,
    TUS,
    Caller,
    OpenPatch,
    Target,
    Visitor,
    ask,
    held_down,
    raw,
    upload_id,
    wait_for,
)
from uploads.capability import path_for
from verification.db import make_engine

SIZE = 2_000_000
PEOPLE = people(6)
NIKS = [person["nik"] for person in PEOPLE]
CITIZEN = "wargakeberatan"
TYPED = "3273016305870099"  # by somebody into an address, a form, a file's name
CARDS = Target("kartu-anggota", "32.73", "scans", f"KTP_{NIKS[0]}.jpg")
ARCHIVE = Target("kartu-anggota", "32.73", "scans", "kartu rahasia partai.zip")
NAMED = Target("ad-art", "ID", "document", f"surat rahasia {TYPED}.pdf")


class Told:
    """What was in somebody's hands during the test and must be nowhere else."""

    def __init__(self, stack: Stack) -> None:
        self.party = Caller(stack.base_url, stack.logins["koordinator.a"].token)
        self.person = Visitor(stack.base_url, stack.logins["koordinator.a"])
        self.ticket = Caller(
            stack.base_url, self.person.api("POST", "tickets", {}).expect(201).json()["ticket"]
        )
        self.paths: list[str] = []

    def open(self, target: Target = AD_ART) -> str:
        self.paths.append(self.ticket.create(SIZE, target))
        return self.paths[-1]

    @property
    def keys(self) -> list[str]:
        return [path.rpartition("~")[2] for path in self.paths]

    def credentials(self, stack: Stack) -> list[str]:
        session = self.person.cookie.partition("=")[2]
        everybody = [login.token for login in stack.logins.values()]
        return [session, self.person.csrf, self.ticket.token, *everybody]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_that_must_stay_secret_is_written_down(
    start_stack: StartStack, database: str, tmp_path: Path
) -> None:
    stack = start_stack(database)
    told = Told(stack)
    sent = work(stack, told, tmp_path)
    typed_by_people(stack)
    for path in (told.open(), told.open(NAMED)):
        asked_in_every_way(stack, path)
    broken_in_mid_upload(stack, told)
    with held_down(stack, "uploads-0", "uploads-1"):
        asked_in_every_way(stack, told.paths[0])
        for index in (0, 1):
            stack.config.upload_socket(index).unlink()
        asked_in_every_way(stack, told.paths[0])
    with held_down(stack, "portal"):
        asked_for_a_nik(stack)
        asked_in_every_way(stack, told.paths[0])
        told.ticket.api("POST", f"uploads/{upload_id(told.paths[0])}/url", {}).expect(503)
    damaged_at_rest(stack, told)
    database_away(stack, told)
    # What is only in memory yet is written when everything stops.
    stack.stop()

    names = [target.filename for target in (AD_ART, MEMBERS, CARDS, ARCHIVE, NAMED)]
    handed = [path_for(upload_secret(stack), upload).rpartition("~")[2] for upload in sent]
    hidden = [*told.keys, *handed, *told.credentials(stack), *NIKS, TYPED, CITIZEN]
    found = [*search(written(stack), [*hidden, *names]), *search(dump(stack), hidden)]
    assert not found, "\n".join(map(str, found))


def work(stack: Stack, told: Told, folder: Path) -> list[str]:
    """What a party does on a good day: documents, a list with a mistake, scans; ids of the uploads."""
    rows = [*PEOPLE[:-1], PEOPLE[-1] | {"sex": "X"}]
    listed = write_rows(folder / "anggota.csv", rows)
    pictures = [(f"KTP_{nik}.jpg", card(nik)) for nik in NIKS[1:4]]
    sent = [
        told.party.send(pdf(text="bersih"), AD_ART),
        told.party.send(pdf(text="bernama"), NAMED),
        told.party.send(listed.read_bytes(), MEMBERS),
        told.party.send(card(NIKS[0]), CARDS),
        told.party.send(archive(pictures), ARCHIVE),
    ]
    for upload in sent:
        status = told.party.wait_until(upload, "passed")
        receipt = told.party.receipt(status["receipt"])
        assert b"rahasia" not in receipt
    # The names lead each picture to its member, and stand nowhere.
    engine = make_engine(stack.config.database_url)
    with engine.connect() as connection:
        paired = connection.scalar(text("SELECT count(*) FROM scan WHERE nik IS NOT NULL"))
    engine.dispose()
    assert paired == 1 + len(pictures)
    (roster,) = told.party.api("GET", "rosters").expect(200).json()["items"]
    assert (roster["stored"], roster["rejected"]) == (5, 1)
    # To its owner the rejected row is shown as it was sent.
    rejected = told.party.api("GET", f"rosters/{roster['id']}/rejected.csv").expect(200)
    assert NIKS[-1].encode() in rejected.body
    journal = told.party.api("GET", "journal/export").expect(200).body
    assert not [term for term in ("rahasia", *NIKS, TYPED) if term.encode() in journal]
    return sent


def typed_by_people(stack: Stack) -> None:
    """Numbers where no number belongs."""
    for path in (
        f"/{TYPED}", f"/anggota/{TYPED}", f"/anggota?cari={TYPED}", f"/publik?q={TYPED}",
        f"/files/{TYPED}", f"/api/v1/files/{TYPED}", f"/api/v1/uploads?fingerprint={TYPED}",
        f"/status/{TYPED}", f"/%3{TYPED}", f"/static/{TYPED}.css",
    ):  # fmt: skip
        ask(stack.base_url, "GET", path, {"Referer": f"{stack.base_url}/x?nik={TYPED}"})
    fields = {"Content-Type": "application/x-www-form-urlencoded", "Origin": stack.base_url}
    form = f"login={TYPED}&password=salah-sekali".encode()
    ask(stack.base_url, "POST", "/masuk", fields, form)
    asked_for_a_nik(stack)


def asked_for_a_nik(stack: Stack) -> list[int]:
    """A citizen's question in every way, answered or not; the statuses."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    ways: list[tuple[dict[str, str], str]] = [
        (form, "nik={}"), (form, "nik={}1"), (form, "{}"), (form, "nik=%00{}"),
        (form | {"Sec-Fetch-Site": "cross-site"}, "nik={}"),
        ({"Content-Type": "application/json"}, '{{"nik": "{}"}}'),
        ({"Content-Type": "application/json"}, '{{"nik": {}'),
    ]  # fmt: skip
    objection = f"nama={CITIZEN}&kontak={CITIZEN}@contoh.invalid&bukan=ya&nik={TYPED}".encode()
    for path in ("/publik/keberatan/baru", "/publik/keberatan", f"/keberatan?nomor={TYPED}"):
        ask(stack.base_url, "POST", path, form, objection)
    return [
        ask(stack.base_url, "POST", path, fields, body.format(nik).encode()).status
        for nik in (TYPED, NIKS[0])
        for fields, body in ways
        for path in ("/publik/nik", f"/publik/nik?nik={nik}")[: 1 + (body == "{}")]
    ]


def asked_in_every_way(stack: Stack, path: str) -> None:
    """Well-formed, clumsy and hostile requests that name a capability URL; answered or not."""
    place = urlsplit(stack.base_url)
    head, _, key = path.partition("~")
    host = f"Host: {place.netloc}\r\n"
    patch = f"{host}Tus-Resumable: 1.0.0\r\nContent-Type: {OCTETS}\r\nUpload-Offset: 0\r\n"
    addresses = (
        path, f"{head}%7E{key}", f"{head}%7e{key}", f"/{path}", f"/.{path}", f"/x/..{path}",
        f"{path}/", f"{path}?a={key}", f"{head}~{key.upper()}", f"{head}/{key}", f"{head}{key}",
        f"{head}~/{key}", f"/?next={quote(path)}", f"/masuk?lanjut={path}", f"/api/v1{path}",
        f"/static{path}", f"/publik?{key}", f"{stack.base_url}{path}",
    )  # fmt: skip
    for address in addresses:
        for method in ("HEAD", "GET", "DELETE" if "/files/" not in address else "OPTIONS", "BREW"):
            raw(stack.base_url, f"{method} {address} HTTP/1.1\r\n{host}Connection: close\r\n\r\n")
    for request in (
        f"GET {path}\r\n",
        f"GET {path} HTTP/9.9\r\n\r\n",
        f"head {path} HTTP/1.1\r\n{host}\r\n",
        f"HEAD {path} HTTP/1.1\r\n\r\n",
        f"HEAD {path} HTTP/1.1\r\n{host}{host}\r\n",
        f"HEAD {path}\x01 HTTP/1.1\r\n{host}\r\n",
        f"HEAD {path} {path} HTTP/1.1\r\n{host}\r\n",
        f"HEAD / HTTP/1.1\r\n{host}X-Where {path}\r\n\r\n",
        f"HEAD / HTTP/1.1\r\n{host}Referer: {path}\r\nX-Request-ID: {key}\r\n\r\n",
        f"HEAD / HTTP/1.1\r\nHost: {key}\r\nX-Forwarded-For: {key}\r\n\r\n",
        f"HEAD {path}{'a' * 20_000} HTTP/1.1\r\n{host}\r\n",
        f"HEAD {path} HTTP/1.1\r\n{host}X-Long: {'a' * 70_000}\r\n\r\n",
        f"PATCH {path} HTTP/1.1\r\n{patch}Content-Length: x\r\n\r\n",
        f"PATCH {path} HTTP/1.1\r\n{patch}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        f"PATCH {path} HTTP/1.1\r\n{patch}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        f"PATCH {path} HTTP/1.1\r\n{patch}Content-Length: 1000\r\n\r\nhardly anything",
        f"PATCH {path} HTTP/1.1\r\n{patch}Upload-Checksum: sha1 {key}\r\nContent-Length: 1\r\n\r\nx",
        f"POST {path} HTTP/1.1\r\n{host}X-HTTP-Method-Override: {key}\r\nContent-Length: 0\r\n\r\n",
        f"POST /files/ HTTP/1.1\r\n{host}Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n"
        f"Upload-Metadata: filename {base64.b64encode(AD_ART.filename.encode()).decode()},"
        f" {key} {key},,\r\n\r\n",
        f"POST /api/v1/submissions HTTP/1.1\r\n{host}Content-Type: application/json\r\n"
        f"Content-Length: {len(path) + 2}\r\n\r\n{{{path}",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + path,
        f"\x16\x03\x01{path}",
    ):
        raw(stack.base_url, request)


def broken_in_mid_upload(stack: Stack, told: Told) -> None:
    """The line is reset, the process killed, the process stuck while a PATCH is on its way."""
    with stack.fault():
        for trouble in (None, signal.SIGKILL, signal.SIGSTOP):
            path = told.open()
            part = next(
                f"uploads-{n}" for n in (0, 1)
                if int(upload_id(path)[:2], 16) in stack.config.shards_of(n)
            )  # fmt: skip
            with OpenPatch(stack.base_url, path, 0, SIZE) as line:
                line.feed(secrets.token_bytes(SIZE // 2))
                if trouble is not None:
                    stack.kill(part, trouble)
                line.reset()
            if trouble == signal.SIGSTOP:
                stack.kill(part, signal.SIGCONT)
            wait_for(lambda path=path: told.party.head(path).status == 200, "the upload again")


def damaged_at_rest(stack: Stack, told: Told) -> None:
    """Descriptions that cannot be read, data that are no file: errors nobody foresaw."""
    data = stack.config.upload_root / "data"
    with stack.fault():
        garbled, folder = told.open(), told.open()
        (data / f"{upload_id(garbled)}.info").write_text(f'{{"ID": "{garbled}", {AD_ART.filename}')
        (data / upload_id(folder)).unlink()
        (data / upload_id(folder)).mkdir()
        for path in (garbled, folder):
            statuses = {told.party.head(path).status, told.party.patch(path, 0, b"x" * 9).status}
            assert statuses <= {404, 409, 423, 503}, statuses
            told.ticket.api("GET", f"uploads/{upload_id(path)}")
            ask(stack.base_url, "DELETE", path, TUS)


def database_away(stack: Stack, told: Told) -> None:
    """Every statement about uploads and files fails; its parameters are people's data."""
    engine = make_engine(stack.config.database_url)
    with stack.fault():
        for table in ("duplicate_comparison", "budget"):
            with engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE {table} RENAME TO away"))
            # nginx may have had enough of questions by now.
            assert set(asked_for_a_nik(stack)) <= {400, 403, 422, 429, 500, 503}
            with engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE away RENAME TO {table}"))
        for table in ("reservation", "storage", "file"):
            with engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE {table} RENAME TO away"))
            # What a party's files take is a sum beside them, so a creation needs no row of theirs.
            if table == "file":
                told.ticket.create(SIZE, NAMED)
            else:
                told.ticket.post_once(SIZE, NAMED).expect(503)
            for path in ("uploads", f"uploads?fingerprint={TYPED}", "files", "dossier"):
                told.party.api("GET", path)
            told.party.api("POST", f"uploads/{upload_id(told.paths[0])}/url", {})
            with engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE away RENAME TO {table}"))
    engine.dispose()


def upload_secret(stack: Stack) -> bytes:
    return base64.b64decode((stack.config.keys_dir / "upload.key").read_text())


def written(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Every file outside the upload root and what holds secrets by design; its name is text, too."""
    kept = {stack.config.upload_root, stack.config.keys_dir}
    for path in sorted(stack.home.rglob("*")):
        name = str(path.relative_to(stack.home))
        if kept & {path, *path.parents} or name == "demo.json" or name.startswith("sipol.db"):
            continue
        content = path.read_bytes() if path.is_file() else b""
        yield name, name.encode() + b"\n" + content


def dump(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """The whole database."""
    url = make_url(stack.config.database_url)
    if url.get_backend_name() == "sqlite":
        for path in stack.home.glob("sipol.db*"):
            yield path.name, path.read_bytes()
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [programs() / "pg_dump", "--inserts", plain], capture_output=True, check=True
    )
    yield "pg_dump", done.stdout
    # What a column of bytes holds stands there in hexadecimal.
    yield (
        "pg_dump, bytes",
        b" ".join(
            bytes.fromhex(found.decode())
            for found in re.findall(rb"\\x((?:[0-9a-f]{2})+)", done.stdout)
        ),
    )


def search(
    places: Iterable[tuple[str, bytes]], terms: Iterable[str]
) -> list[tuple[str, str, bytes]]:
    """Where a term stands: as it is, as an address or a header spells it."""
    found = []
    spellings = [
        (term, spelling)
        for term in terms
        for spelling in {
            term.encode(), quote(term).encode(), base64.b64encode(term.encode()).rstrip(b"=")
        }
    ]  # fmt: skip
    for name, content in places:
        for term, spelling in spellings:
            at = content.find(spelling)
            if at >= 0:
                found.append((name, term, content[max(0, at - 60) : at + 100]))
    return found
