"""`sipol verify`: is a receipt, a scanned QR code or an exported journal genuine? Without a network.

Keys are trusted from --keys, SIPOL_RECEIPT_KEYS, `$SIPOL_HOME/keys/receipt-keys.json` or
`receipt-keys.json` in the configuration directory, the first that is there; never from the document.

Exit codes: 0 genuine (and FILE, if given, is the one meant) · 1 not genuine, or FILE is another ·
2 wrong use, or a file that cannot be read · 3 the signing key is not among the trusted ones, so
nothing can be said.

Next station: none; here a party checks alone what the portal claims.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from portal.cli.client.state import config_directory
from portal.cli.words import Translator, translator
from verification.chain import ChainPoint
from verification.chain_check import (
    ChainProblem,
    ChainVerdict,
    looks_like_export,
    verify_export,
)
from verification.receipt_keys import TrustedKeys, UnusableKeys
from verification.receipt_qr import verify_qr
from verification.receipt_words import (
    CHAIN_PROBLEMS,
    KINDS,
    PROBLEMS,
    RECEIVED_NOT_ACCEPTED,
    list_counts,
    local_time,
    size_in_words,
)
from verification.receipts import ArrivalFacts, ListFacts, Problem, Receipt, Verdict
from verification.receipts import verify as judge
from verification.signed import NotSigned, SignedText

__all__ = ["trusted_keys_file", "verify"]

GENUINE, NOT_GENUINE, NOT_TRUSTED = 0, 1, 3
READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(epilog=__doc__.split("\n\n")[2])
@click.argument("receipt", type=READABLE)
@click.argument("file", required=False, type=READABLE)
@click.option("--keys", type=READABLE, help="receipt-keys.json yang Anda percayai.")
@click.option("--qr", metavar="TEKS", help="Teks kode QR pada kertas, untuk dibandingkan.")
@click.option("--json", "as_json", is_flag=True, help="Hasil sebagai satu objek JSON.")
@click.option("--lang", envvar="SIPOL_LANG", type=click.Choice(["id", "en"]), default="id",
              show_default=True)  # fmt: skip
def verify(
    *,
    receipt: Path,
    file: Path | None,
    keys: Path | None,
    qr: str | None,
    as_json: bool,
    lang: str,
) -> None:
    """Periksa RECEIPT (tanda terima atau riwayat yang diekspor), dengan FILE yang disebutnya.

    Check RECEIPT, a receipt or an exported journal. With a receipt, FILE is the file it speaks of
    (or the manifest); with a journal, FILE is a receipt whose place in it is checked too.
    """
    say = translator(lang)
    path = keys or trusted_keys_file(os.environ)
    try:
        trusted = TrustedKeys.from_json(path.read_text("utf-8")) if path else TrustedKeys()
    except (UnusableKeys, UnicodeDecodeError, OSError) as error:
        raise click.UsageError(say("bad_keys", reason=error)) from None
    with receipt.open(encoding="utf-8", errors="replace") as opened:
        is_journal = looks_like_export(opened.readline(1 << 20))
    if is_journal:
        result, code = _journal(receipt, file, trusted, lang)
    else:
        result, code = _receipt(receipt, file, qr, trusted, lang)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo("\n".join(result["lines"]))
    sys.exit(code)


def trusted_keys_file(environ: Mapping[str, str]) -> Path | None:
    """The configured key file; None when there is none."""
    places = [config_directory(environ) / "receipt-keys.json"]
    if home := environ.get("SIPOL_HOME"):
        places.insert(0, Path(home) / "keys" / "receipt-keys.json")
    if named := environ.get("SIPOL_RECEIPT_KEYS"):
        return Path(named)
    return next((place for place in places if place.is_file()), None)


def _receipt(
    path: Path, file: Path | None, qr: str | None, trusted: TrustedKeys, lang: str
) -> tuple[dict[str, Any], int]:
    say = translator(lang)
    document = path.read_bytes()
    if file is None:
        verdict = judge(document, trusted)
    else:
        with file.open("rb") as opened:
            verdict = judge(document, trusted, opened)
    problems = list(verdict.problems)
    lines = [PROBLEMS[problem][lang] for problem in problems]
    if qr is not None and Problem.NOT_A_RECEIPT not in problems:
        scanned = verify_qr(qr, trusted, _signed(document))
        problems += [problem for problem in scanned.problems if problem not in problems]
        lines = [PROBLEMS[problem][lang] for problem in problems]
        if not scanned.problems:
            lines.append(say("genuine_qr"))
    if problems:
        code = NOT_TRUSTED if problems == [Problem.KEY_NOT_TRUSTED] else NOT_GENUINE
        first = say("unknown" if code == NOT_TRUSTED else "not_genuine")
        if code == NOT_TRUSTED:
            lines.append(say("where_keys", key_id=verdict.key_id))
    else:
        code = GENUINE
        first = say("genuine_file" if file else "genuine")
    lines = [first, *lines]
    if verdict.receipt is not None:
        lines += ["", *_told(verdict.receipt, lang)]
    return _result(code, verdict, [problem.value for problem in problems], lines), code


def _journal(
    path: Path, receipt: Path | None, trusted: TrustedKeys, lang: str
) -> tuple[dict[str, Any], int]:
    say = translator(lang)
    points: list[ChainPoint] = []
    problems: list[dict[str, Any]] = []
    lines: list[str] = []
    if receipt is not None:
        judged = judge(receipt.read_bytes(), trusted)
        lines += [f"{receipt.name}: {PROBLEMS[problem][lang]}" for problem in judged.problems]
        problems += [{"problem": f"receipt_{problem.value}"} for problem in judged.problems]
        if judged.receipt is not None:
            points.append(judged.receipt.journal)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as opened:
        verdict = verify_export(opened, trusted, points)
    for finding in verdict.findings:
        where = _where(say, finding.number, finding.line)
        lines.append(f"{where}{CHAIN_PROBLEMS[finding.problem][lang]}")
        problems.append(
            {"problem": finding.problem.value, "number": finding.number, "line": finding.line}
        )
    code = GENUINE
    first = say(
        "genuine_chain",
        count=verdict.last - verdict.first + 1,
        first=verdict.first,
        last=verdict.last,
    )
    if problems:
        only_key = all(problem["problem"].endswith("key_not_trusted") for problem in problems)
        code = NOT_TRUSTED if only_key else NOT_GENUINE
        first = say("unknown" if only_key else "not_genuine")
        if any(finding.problem is ChainProblem.KEY_NOT_TRUSTED for finding in verdict.findings):
            lines.append(say("where_keys", key_id=verdict.key_id))
    return _result(code, verdict, problems, [first, *lines]), code


def _signed(document: bytes) -> SignedText | None:
    try:
        return SignedText.from_json(document)
    except NotSigned:
        return None


def _where(say: Translator, number: int | None, line: int | None) -> str:
    if number is not None:
        return say("row", number=number, line=line or "-") + ": "
    return say("line", line=line) + ": " if line else ""


def _result(
    code: int, verdict: Verdict | ChainVerdict, problems: list[Any], lines: list[str]
) -> dict[str, Any]:
    return {
        "genuine": code == GENUINE,
        "problems": problems,
        "key_id": verdict.key_id,
        "lines": lines,
    }


def _told(receipt: Receipt, lang: str) -> list[str]:
    """What a believed receipt says, in plain words."""
    facts = receipt.facts
    lines = [f"{KINDS[receipt.kind][lang]} {receipt.serial}, {receipt.issuer}"]
    if isinstance(facts, ArrivalFacts):
        lines.append(
            f"{facts.party} · {facts.election} · {facts.requirement} · {facts.region}"
            f" · {facts.purpose}"
        )
        at, size = facts.finished_at, facts.size
    elif isinstance(facts, ListFacts):
        lines.append(
            f"{facts.party} · {facts.election} · {facts.requirement} · {facts.region}"
            f" · {'versi' if lang == 'id' else 'version'} {facts.version}"
        )
        lines += list_counts(facts, lang)
        at, size = facts.finished_at, facts.size
    else:
        lines.append(f"{facts.party} · {facts.election} · {facts.round} · {facts.files} berkas")
        at, size = facts.submitted_at, facts.manifest_size
    lines.append(f"{local_time(at, lang)} · {size_in_words(size, lang)}")
    lines.append(f"SHA-256 {receipt.sha256}")
    lines.append(RECEIVED_NOT_ACCEPTED[receipt.kind][lang])
    return lines
