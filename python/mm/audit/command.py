"""`mm audit FILE...`: is every fill there, and what do they add up to?"""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from mm.audit.outcome import Auditor, Outcome
from mm.audit.report import report
from mm.audit.schema import as_json
from mm.audit.source import Unusable
from mm.audit.tokens import spot_meta

LONG = 4 << 20
"""Bytes from which a progress bar is worth its line."""

WIDTH_OF_A_PIPE = 120
MISSING = 1
UNUSABLE = 2


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "machine", is_flag=True, help="Print everything as JSON (schema: docs/audit.md).")
@click.option(
    "--account",
    metavar="ADDRESS",
    help="Show this account only (the beginning of its address will do); fills of files that name no account are its.",
)
@click.option("--all", "everything", is_flag=True, help="Show every account coin by coin.")
@click.option("--top", default=10, show_default=True, type=click.IntRange(min=0), help="Accounts to list.")
@click.option(
    "--spot-meta",
    "meta",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An answer of spotMeta: names the tokens of coins such as @107.",
)
@click.option(
    "--spot-transfers-ok",
    is_flag=True,
    help="Do not count spot balances that moved without a fill as something missing.",
)
@click.pass_context
def audit(
    context: click.Context,
    files: tuple[Path, ...],
    machine: bool,
    account: str | None,
    everything: bool,
    top: int,
    meta: Path | None,
    spot_transfers_ok: bool,
) -> None:
    """Prove from exported fills that none is missing, and sum them up.

    Reads userFills and userFillsByTime answers, node_fills_by_block lines, recorded WebSocket frames, and CSV
    with named columns; plain, gzip or Zstandard; by content, whatever the name. Pages, repeats and shuffled
    files may be given together: every fill counts once.

    Ends with 0 when nothing is missing, 1 when something is, 2 when nothing could be read.
    """
    spot = _spot(meta)
    auditor = Auditor(files, spot)
    wanted = account.strip().lower() if account else None
    outcome = _with_bar(auditor.length, lambda progress: auditor.run(wanted, progress))
    if not outcome.is_usable:
        for file in outcome.files:
            click.echo(f"{file.path}: {file.error or 'no fill in it'}", err=True)
        context.exit(UNUSABLE)
    shown = [book for book in outcome.accounts if wanted is None or (book.account or "").startswith(wanted)]
    if wanted is not None and not shown:
        click.echo(f"no fill of an account {wanted}", err=True)
        context.exit(UNUSABLE)
    outcome = Outcome(outcome.files, shown, outcome.warnings)
    if machine:
        click.echo(as_json(outcome, shown, spot_transfers_ok=spot_transfers_ok))
    else:
        lines = report(
            outcome,
            shown,
            width=_width(),
            top=top,
            everything=everything or wanted is not None,
            spot_transfers_ok=spot_transfers_ok,
        )
        click.echo("\n".join(lines))
    context.exit(0 if outcome.is_whole(spot_transfers_ok=spot_transfers_ok) else MISSING)


def _spot(meta: Path | None) -> Mapping[str, tuple[str, str]]:
    try:
        return spot_meta(meta) if meta is not None else {}
    except Unusable as error:
        raise click.BadParameter(f"{meta}: {error}", param_hint="--spot-meta") from None


def someone_is_looking() -> bool:
    """Whether what goes to the standard error is seen by a person."""
    return sys.stderr.isatty()


def _with_bar(length: int, run: Callable[[Callable[[int], None]], Outcome]) -> Outcome:
    """Run under a progress bar, where someone is looking and the input is long."""
    if length < LONG or not someone_is_looking():
        return run(lambda _read: None)
    with click.progressbar(length=length, label="Reading", file=sys.stderr, update_min_steps=length // 200) as bar:
        return run(bar.update)


def _width() -> int:
    return shutil.get_terminal_size((WIDTH_OF_A_PIPE, 24)).columns
