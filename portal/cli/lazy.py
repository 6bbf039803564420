"""A click group that imports a command when it is called, and says what is missing when it cannot.

Next station: whichever command was named.
"""

import importlib
from collections.abc import Mapping
from typing import Any

import click

__all__ = ["LazyGroup"]

OURS = {"uploads", "verification", "portal", "nginx"}


class LazyGroup(click.Group):
    """`commands_table`: name → ("module:attribute", help line). Help imports nothing."""

    def __init__(self, commands_table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = commands_table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import one command. Raises UsageError when only the `server` extra would have it."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            # One of ours missing is a fault to show in full, not a package to install.
            if (error.name or "").partition(".")[0] in OURS:
                raise
            raise click.UsageError(
                f'sipol {cmd_name} memerlukan bagian server: pip install "sipol[server]" '
                f"(paket {error.name} belum terpasang).\n"
                f'sipol {cmd_name} needs the server part: pip install "sipol[server]".'
            ) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """The list in `sipol --help`, from the table alone."""
        with formatter.section("Perintah / commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])
