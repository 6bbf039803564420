"""Expiration, checksum, termination and concatenation of tus 1.0.0, sentence by sentence."""

import base64
import hashlib

import pytest

from tests.contracts.tus_process import TusProcess
from tests.contracts.tus_table import AT_4, PARTIAL, Row, Rows, Table
from tests.unit.uploads.builders import OCTETS, metadata


def of(content: bytes, algorithm: str = "sha1") -> str:
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


NEW = {"Upload-Length": "3"}
ANNOUNCED = AT_4 | {"Trailer": "Upload-Checksum"}

EXPIRATION: Rows = [
    Row(section="Upload-Expires", must="be in every PATCH response while it will expire",
        headers=AT_4, body=b"x", has=("Upload-Expires",)),
    Row(section="Upload-Expires", must="be in the response to POST", method="POST", path="/files/",
        headers=NEW, status=201, has=("Upload-Expires",)),
    Row(section="Upload-Expires", must="NOT be said of what does not expire any more",
        headers=AT_4, body=b"x" * 6, lacks=("Upload-Expires",)),
    *(Row(section="Expiration", must=f"be 410 for what has expired: {method}", method=method,
          path="{expired}", headers=AT_4 | {"Upload-Offset": "0"}, status=410)
      for method in ("HEAD", "PATCH", "DELETE")),
]  # fmt: skip

CHECKSUM: Rows = [
    *(Row(section="Checksum", must=f"support {algorithm}", body=b"efg", then={"{open}": 7},
          headers=AT_4 | {"Upload-Checksum": of(b"efg", algorithm)})
      for algorithm in ("sha1", "sha256")),
    *(Row(section="Checksum", must=f"discard a chunk that differs, 460: {algorithm}", body=b"efg",
          headers=AT_4 | {"Upload-Checksum": of(b"efh", algorithm)}, status=460, then={"{open}": 4})
      for algorithm in ("sha1", "sha256")),
    Row(section="Checksum", must="discard a chunked chunk that differs", body=b"efg", chunked=True,
        headers=AT_4 | {"Upload-Checksum": of(b"efh")}, status=460, then={"{open}": 4}),
    Row(section="Checksum", must="discard a last chunk that differs", body=b"x" * 6,
        headers=AT_4 | {"Upload-Checksum": of(b"y" * 6)}, status=460, then={"{open}": 4}),
    Row(section="Checksum", must="NOT update the length either", path="{deferred}", body=b"ef",
        headers=AT_4 | {"Upload-Checksum": of(b"y"), "Upload-Length": "6"}, status=460,
        then={"{deferred}": 4}),
    *(Row(section="Upload-Checksum", must=f"be an algorithm and base64: {text!r} is 400",
          headers=AT_4 | {"Upload-Checksum": text}, body=b"efg", status=400, then={"{open}": 4})
      for text in ("md5 YQ==", "crc32 YQ==", "sha1", "sha1 YQ==", "sha1 !!", "SHA1 " + of(b"")[5:],
                   "", "sha1:YQ==")),
    Row(section="Tus-Checksum-Algorithm", must="be in the response to OPTIONS", method="OPTIONS",
        path="/files/", version=None, answers={"Tus-Checksum-Algorithm": "sha1,sha256"}),
    Row(section="Checksum", must="verify what comes with a creation: 3 bytes", method="POST",
        path="/files/", headers=NEW | {"Content-Type": OCTETS, "Upload-Checksum": of(b"abc")},
        body=b"abc", status=201, answers={"Upload-Offset": "3"}),
    Row(section="Checksum", must="verify what comes with a creation: discarded", method="POST",
        path="/files/", headers=NEW | {"Content-Type": OCTETS, "Upload-Checksum": of(b"abd")},
        body=b"abc", status=201, answers={"Upload-Offset": "0"}),
]  # fmt: skip

TRAILER: Rows = [
    *(Row(section="Checksum", must=f"verify against a trailer: {algorithm}", headers=ANNOUNCED,
          body=b"efgh", chunked=True, trailers={"Upload-Checksum": of(b"efgh", algorithm)},
          answers={"Upload-Offset": "8"}, then={"{open}": 8})
      for algorithm in ("sha1", "sha256")),
    Row(section="Checksum", must="verify against a trailer: to the end", headers=ANNOUNCED,
        body=b"efghij", chunked=True, trailers={"upload-checksum": of(b"efghij")},
        then={"{open}": 10}),
    Row(section="Checksum", must="discard what a trailer contradicts", headers=ANNOUNCED,
        body=b"efgh", chunked=True, trailers={"Upload-Checksum": of(b"efgi")}, status=460,
        then={"{open}": 4}),
    Row(section="Checksum", must="discard what a trailer of an unknown algorithm follows",
        headers=ANNOUNCED, body=b"efgh", chunked=True, trailers={"Upload-Checksum": "md5 YQ=="},
        status=400, then={"{open}": 4}),
    Row(section="Checksum", must="discard what an announced trailer does not follow",
        headers=ANNOUNCED, body=b"efgh", chunked=True, status=400, then={"{open}": 4}),
    Row(section="Checksum", must="be announced, or it is no checksum", headers=AT_4, body=b"efgh",
        chunked=True, trailers={"Upload-Checksum": of(b"other")}, then={"{open}": 8}),
    Row(section="Checksum", must="only be allowed in chunked transfers", headers=ANNOUNCED,
        body=b"efgh", status=400, then={"{open}": 4}),
]  # fmt: skip

TERMINATION: Rows = [
    Row(section="DELETE", must="be 204, and then 404 or 410", method="DELETE",
        then={"{open}": None}),
    *(Row(section="DELETE", must=f"be followed by 404: {method}", method=method, path="{removed}",
          headers=AT_4, status=404) for method in ("HEAD", "PATCH", "DELETE")),
    Row(section="DELETE", must="be 404 for what is not there", method="DELETE", path="{unknown}",
        status=404),
    Row(section="DELETE", must="leave finished files to the portal", method="DELETE",
        path="{finished}", status=403, then={"{finished}": 3}),
    Row(section="DELETE", must="end a part, complete or not", method="DELETE", path="{hello}",
        then={"{hello}": None}),
    Row(section="DELETE", must="end a final upload that waits", method="DELETE", path="{pending}",
        then={"{pending}": None, "{half}": 4}),
]  # fmt: skip

CONCATENATION: Rows = [
    Row(section="Upload-Concat", must="be set when a part is created", method="POST",
        path="/files/", headers=NEW | PARTIAL, status=201, has=("Location", "Upload-Expires")),
    *(Row(section="Upload-Concat", must=f"be partial or final;…: {text!r}", method="POST",
          path="/files/", headers=NEW | {"Upload-Concat": text}, status=400)
      for text in ("", "Partial", "partial;", "final", "whole")),
    *(Row(section="Upload-Concat", must=f"name URLs of parts: {text!r}", method="POST",
          path="/files/", headers={"Upload-Concat": text}, status=400)
      for text in ("final;", "final; ", "final;/files/x", "final;{unknown}", "final;{open}",
                   "final;{hello} {finished}", "final;{hello},{world}")),
    *(Row(section="Upload-Concat", must=f"take absolute and relative URLs: {form}", method="POST",
          path="/files/", headers={"Upload-Concat": f"final;{form} {{world}}"}, status=201)
      for form in ("{hello}", "https://h.example{hello}", "http://h:81/awalan{hello}")),
    Row(section="final", must="be the parts in their order, with the sum of their lengths",
        method="HEAD", path="{joined}", status=200,
        answers={"Upload-Offset": "11", "Upload-Length": "11"}),
    Row(section="final", must="NOT be created with Upload-Length", method="POST", path="/files/",
        headers={"Upload-Concat": "final;{hello}", "Upload-Length": "5"}, status=400),
    Row(section="final", must="be possible while parts are in progress", method="POST",
        path="/files/", headers={"Upload-Concat": "final;{hello} {half}"}, status=201,
        has=("Location",)),
    Row(section="final", must="NOT have the metadata of its parts", method="HEAD", path="{joined}",
        status=200, answers={"Upload-Metadata": metadata(filename="b.pdf")}),
    *(Row(section="final", must=f"be 403 for PATCH, nothing modified: {path} at {offset}",
          path=path, headers=AT_4 | {"Upload-Offset": offset}, body=body, status=403, then=then)
      for path, offset, then in (("{joined}", "11", {"{joined}": 11, "{hello}": 5}),
                                 ("{pending}", "0", {"{half}": 4, "{hello}": 5}),
                                 ("{pending}", "4", {"{half}": 4}))
      for body in (b"", b"x")),
    Row(section="final", must="have no Upload-Offset before it is joined", method="HEAD",
        path="{pending}", status=200, lacks=("Upload-Offset",)),
    Row(section="final", must="have Upload-Length if it can be calculated", method="HEAD",
        path="{pending}", status=200, answers={"Upload-Length": "15"}),
    Row(section="final", must="have none if it cannot", method="HEAD", path="{incalculable}",
        status=200, lacks=("Upload-Length", "Upload-Offset")),
    Row(section="final", must="say Upload-Concat as it was received", method="HEAD",
        path="{joined}", status=200, answers={"Upload-Concat": "final;{hello} {world}"}),
    Row(section="final", must="say Upload-Concat before it is joined", method="HEAD",
        path="{pending}", status=200, answers={"Upload-Concat": "final;{hello} {half}"}),
    *(Row(section="partial", must=f"have Upload-Offset and Upload-Concat: {path}", method="HEAD",
          path=path, status=200, answers={"Upload-Offset": offset, "Upload-Concat": "partial"})
      for path, offset in (("{half}", "4"), ("{hello}", "5"), ("{endless}", "0"))),
    Row(section="partial", must="go on while a final upload waits", path="{half}", headers=AT_4,
        body=b"ef", answers={"Upload-Offset": "6"}),
]  # fmt: skip


@pytest.mark.parametrize("row", EXPIRATION, ids=str)
def test_expiration(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", CHECKSUM, ids=str)
def test_checksum(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", TRAILER, ids=str)
def test_checksum_trailer(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", TERMINATION, ids=str)
def test_termination(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", CONCATENATION, ids=str)
def test_concatenation(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)
