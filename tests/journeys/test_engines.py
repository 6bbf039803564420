"""Moving a living installation from our own server to tusd and back: nothing begun or done is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import pdf
from tests.large_files import padded_pdf
from tests.stack import Stack, environment, sipol
from tests.traffic import (
    AD_ART,
    OCTETS,
    OFFICE,
    TUS,
    Caller,
    OpenPatch,
    Visitor,
    ask,
    assert_proven,
    judged,
    path_of,
    spelled,
    upload_id,
    wait_for,
)
from uploads.capability import shard_of

MOVES = ("tusd", "builtin", "tusd")
SIZE = 2_500_000


@pytest.fixture
def stack(seeded_home: Path) -> Iterator[Stack]:
    with Stack(seeded_home) as stack:
        yield stack


class Begun:
    """A file that is sent a piece at a time, whoever stores it."""

    def __init__(self, party: Caller, file: Path) -> None:
        self.party = party
        self.file = file
        self.content = file.read_bytes()
        self.path = party.create(len(self.content), AD_ART)

    def send_some(self, signs: random.Random) -> None:
        """Some bytes in a request that ends well, and some in one whose line breaks."""
        offset = self.party.offset(self.path)
        step = signs.randrange(100_000, 200_000)
        self.party.patch(self.path, offset, self.content[offset : offset + step]).expect(204)
        with OpenPatch(self.party.address, self.path, offset + step, SIZE - offset - step) as line:
            line.feed(self.content[offset + step : offset + 2 * step])
        # What nginx alone had of a line cut at this speed is lost; never what was acknowledged.
        assert offset + step <= self.party.offset(self.path) <= offset + 2 * step


def assert_shown(stack: Stack, engine: str) -> None:
    """Settings and machine page say which engine runs."""
    assert f"SIPOL_UPLOADS={engine}\n" in sipol("config", environ=stack.environ)
    person = Visitor(stack.base_url, stack.logins["administrator.pusat"])
    page = ask(stack.base_url, "GET", "/kelola/mesin", person.bearer).expect(200).body.decode()
    words = {"builtin": "bawaan", "tusd": "tusd: 2 dari 2 berjalan"}
    assert words[engine] in page


def with_creation(party: Caller, content: bytes) -> str:
    """The path of a document sent in one request."""
    fields = {
        **TUS,
        **party.bearer,
        "Content-Type": OCTETS,
        "Upload-Length": str(len(content)),
        "Upload-Metadata": spelled(OFFICE.metadata()),
    }
    answer = judged(lambda: ask(party.address, "POST", "/files/", fields, content)).expect(201)
    assert answer.headers["upload-offset"] == str(len(content))
    return path_of(answer)


class InParts:
    """A file of two parts, joined before the second one is complete."""

    def __init__(self, party: Caller, file: Path) -> None:
        self.content = file.read_bytes()
        half = len(self.content) // 2
        self.late = self.content[half:]
        self.paths = [
            post(party, {"Upload-Length": str(len(part)), "Upload-Concat": "partial"})
            for part in (self.content[:half], self.late)
        ]
        party.patch(self.paths[0], 0, self.content[:half]).expect(204)
        party.patch(self.paths[1], 0, self.late[:60_000]).expect(204)
        self.path = post(
            party,
            {
                "Upload-Concat": "final;" + " ".join(self.paths),
                "Upload-Metadata": spelled(AD_ART.metadata()),
            },
        )

    def join(self, party: Caller) -> tuple[str, bytes]:
        """Bring the second part to its end; path and content of the whole."""
        party.go_on(self.paths[1], self.late)
        wait_for(lambda: "upload-offset" in party.head(self.path).headers, "a file of two parts")
        return self.path, self.content


def post(party: Caller, headers: dict[str, str]) -> str:
    fields = {**TUS, **party.bearer, **headers}
    return path_of(judged(lambda: ask(party.address, "POST", "/files/", fields)).expect(201))


def dies_in_the_middle(stack: Stack, begun: Begun) -> None:
    """tusd is killed with -9 while it writes; it is started again, and the file goes on to its end."""
    shard = shard_of(upload_id(begun.path))
    index = next(n for n in range(2) if shard in stack.config.shards_of(n))
    offset = begun.party.offset(begun.path)
    with OpenPatch(begun.party.address, begun.path, offset, SIZE - offset) as line:
        line.feed(begun.content[offset : offset + 100_000])
        with stack.fault():
            stack.kill(f"tusd-{index}")
            assert line.status() in (0, 503)
            begun.party.go_on(begun.path, begun.content)


def test_uploads_go_on_whoever_stores_them(stack: Stack, tmp_path: Path) -> None:
    signs = random.Random("engines")
    party = Caller(stack.base_url, stack.logins["koordinator.a"].token)
    slow = Begun(party, padded_pdf(tmp_path / "slow.pdf", SIZE, seed="slow"))
    done: list[tuple[str, bytes]] = []
    half: list[Begun] = []
    parts: list[InParts] = []
    for engine in ("builtin", *MOVES):
        if engine != stack.config.uploads:
            stack.restart(uploads=engine)
            assert_shown(stack, engine)
        # What the other engine finished is finished here, and what it began goes on.
        for path, content in done:
            assert party.offset(path) == len(content)
            ask(party.address, "DELETE", path, TUS).expect(403)
        for begun in half:
            party.go_on(begun.path, begun.content)
            done.append((begun.path, begun.content))
        half = [Begun(party, padded_pdf(tmp_path / f"{len(done)}.pdf", 400_000, seed=len(done)))]
        half[0].party.patch(half[0].path, 0, half[0].content[:150_000]).expect(204)
        done += [each.join(party) for each in parts]
        parts = [
            InParts(party, padded_pdf(tmp_path / "parts.pdf", 300_000, seed=f"parts {len(done)}"))
        ]
        slow.send_some(signs)
        whole = pdf(text=f"Selesai pada mesin {engine} {len(done)}")
        path = party.create(len(whole), OFFICE)
        party.patch(path, 0, whole).expect(204)
        done.append((path, whole))
        # Small and whole with its creation: our own server packs it.
        at_once = pdf(text=f"Sekaligus pada mesin {engine} {len(done)}")
        done.append((with_creation(party, at_once), at_once))
    dies_in_the_middle(stack, slow)
    party.go_on(half[0].path, half[0].content)
    done.append(parts[0].join(party))
    for begun in (slow, *half):
        assert_proven(stack, party, upload_id(begun.path), begun.content, tmp_path)
    for path, content in done:
        assert_proven(stack, party, upload_id(path), content, tmp_path)


def test_without_tusd_the_tree_says_what_to_do(seeded_home: Path, tmp_path: Path) -> None:
    environ = environment(seeded_home, uploads="tusd", tusd=tmp_path / "tusd")
    with pytest.raises(AssertionError, match="SIPOL_TUSD"):
        sipol("up", environ=environ)
