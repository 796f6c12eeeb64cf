"""`mm`: the commands. Each is imported only when it is called, so that `mm --help` stays quick.

Exit codes: 0 ok, 1 error, 2 usage, 3 not running, 4 configuration, 5 time-out, 6 an invariant is broken,
7 killed by risk.
"""

from collections.abc import Sequence
from importlib import import_module

import click

COMMANDS: dict[str, str] = {
    "audit": "mm.audit.command:audit",
    "demo": "mm.demo.command:demo",
    "doctor": "mm.doctor.command:doctor",
    "key": "mm.secrets.command:key",
    "sim": "mm.sim.command:sim",
}
"""Command by name, as `module:attribute`."""


class Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and give the command; None if there is no such command."""
        module, _, attribute = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command), cmd_name
        return command


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mm-hyperliquid", prog_name="mm")
def mm() -> None:
    """A market maker for Hyperliquid that never loses track of an order."""


def main(args: Sequence[str] | None = None) -> None:
    """The entrance of the `mm` script."""
    mm(args, prog_name="mm")
