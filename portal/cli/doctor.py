"""`sipol doctor`: what stands between this machine and the upload server, through its line and proxy.

Without a token what needs an upload is left out. The output holds no personal data and can be passed on.

Exit codes: 0 nothing is in the way · 1 something is · 2 wrong use.

Next station: the person who can change the network, with the text of this output.
"""

import json
from datetime import UTC, datetime

import click

from portal.cli.client.line_checks import Result, diagnose
from portal.cli.client.wire import Wire
from portal.diagnosis.findings import CHECKS, MARKS, SUMMARY, WORDS, Weight

__all__ = ["doctor"]

IN_THE_WAY = 1


@click.command(epilog=__doc__.split("\n\n")[2])
@click.argument("url")
@click.option("--token", envvar="SIPOL_TOKEN", help="Token API dengan izin unggah.")
@click.option("--json", "as_json", is_flag=True, help="Satu objek JSON untuk setiap pemeriksaan.")
@click.pass_context
def doctor(context: click.Context, *, url: str, token: str | None, as_json: bool) -> None:
    """Periksa jalur dari mesin ini ke server unggahan URL."""
    try:
        wire = Wire(url)
    except ValueError:
        raise click.BadParameter("alamat portal, misalnya https://sipol.example") from None
    if not as_json:
        click.echo(f"{wire.root} · {datetime.now(UTC).isoformat(timespec='seconds')}")
    weights = []
    for result in diagnose(wire, token):
        name, outcome, value = result
        weights.append(CHECKS[name].outcomes[outcome].weight)
        if as_json:
            told = {"check": name, "outcome": outcome, "value": value, "weight": weights[-1].value}
            click.echo(json.dumps(told))
        else:
            click.echo("\n".join(lines(result)))
    if not as_json:
        click.echo(verdict(weights))
    context.exit(IN_THE_WAY if Weight.BLOCKED in weights else 0)


def lines(result: Result) -> list[str]:
    """One result as the page words it, with what to do."""
    name, outcome, value = result
    check = CHECKS[name]
    found = check.outcomes[outcome]
    said = [f"{MARKS[found.weight]} {check.title} ({WORDS[found.weight]}): {found.what}"]
    if found.own:
        said.append(f"    Yang dapat Anda lakukan: {found.own}")
    if found.network:
        said.append(f"    Untuk pengelola jaringan: {found.network}")
    return [line.replace("{value}", value) for line in said]


def verdict(weights: list[Weight]) -> str:
    """The last line."""
    blocked = weights.count(Weight.BLOCKED)
    if blocked:
        return SUMMARY["blocked"].replace("{value}", str(blocked))
    return SUMMARY["unknown" if Weight.UNKNOWN in weights else "fine"]
