"""`mm`: the commands. Each is imported only when it is called, so that `mm --help` stays quick.

What comes from outside (an interrupt, a full disk, a venue's no) ends in one line and an exit code; only a mistake of
ours leaves a traceback.
"""

import errno
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from mm.errors import ConfigError, EngineFault, MmError

ERROR, CONFIG_WRONG, BROKEN = 1, 4, 6
INTERRUPTED = 130
"""As shells count it: 128 and the number of the signal."""

CODES = """\b
Exit codes:
  0    all is well
  1    something is not: the command says what
  2    it was called wrongly
  4    the configuration or the key's source is wrong
  6    an invariant is broken: nothing of this run can be trusted
  130  interrupted
"""

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

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what went wrong outside is for people, not a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)  # the prompt begins on a line of its own
            ctx.exit(INTERRUPTED)
        except MmError as error:
            code = (
                CONFIG_WRONG if isinstance(error, ConfigError) else BROKEN if isinstance(error, EngineFault) else ERROR
            )
            click.echo(f"mm: {error}", err=True)
            ctx.exit(code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read has enough: click ends quietly
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"mm: {where}{error.strerror or error}", err=True)
            ctx.exit(ERROR)


@click.command(cls=Lazy, epilog=CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mm-hyperliquid", prog_name="mm")
def mm() -> None:
    """A market maker for Hyperliquid that never loses track of an order."""


def main(args: Sequence[str] | None = None) -> None:
    """The entrance of the `mm` script."""
    mm(args, prog_name="mm")
