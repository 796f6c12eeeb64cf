"""The checks: from facts to findings, and a function of the facts alone.

Each check reads the answers it needs. Where one is missing or malformed, that check's finding is `UNREAD` and says
where, and the others go on: what could not be read is never taken for fine, and never takes its siblings along.
"""

from collections.abc import Callable
from decimal import localcontext

from mm.doctor.checks import account, budget, local, market, orders, venue
from mm.doctor.facts import Facts, Unread
from mm.doctor.finding import Finding, Findings, unread
from mm.doctor.look import again, why
from mm.errors import Unreadable

Check = Callable[[Facts], Findings]

VENUE: tuple[tuple[str, Check], ...] = (
    ("status", venue.status),
    ("clock", venue.clock),
)
ACCOUNT: tuple[tuple[str, Check], ...] = (
    ("account", account.account),
    ("equity", account.equity),
    ("fees", account.fees),
    ("budget", budget.budget),
    ("deadman", budget.deadman),
    ("orders", orders.foreign),
    ("limit", orders.limit),
    ("positions", orders.positions),
)
KEY: tuple[tuple[str, Check], ...] = (
    ("key", account.key_role),
    ("expiry", account.expiry),
)
MARKET: tuple[tuple[str, Check], ...] = (
    ("dex", market.dexes),
    ("min order", market.smallest),
    ("feed", market.feed),
)

DIGITS = 100
"""More than any product of two numbers that are read has: nothing is rounded but for showing it."""

AGAIN = "run mm doctor again; if it stays so, what the venue says has changed: report it"


def checks(facts: Facts) -> list[Finding]:
    """All findings, in the order in which they are shown. Never raises for anything that a venue can say."""
    with localcontext(prec=DIGITS):
        return _all(facts)


def _all(facts: Facts) -> list[Finding]:
    found = list(venue.reach(facts))
    if isinstance(facts.door, Unread):
        return [*found, *local.run_dir(facts)]
    groups = [*VENUE]
    found_later: list[Finding] = []
    if facts.wanted.agent or facts.wanted.key_trouble:
        groups += KEY
    else:
        found_later += account.no_key(facts)
    if facts.wanted.account:
        groups += ACCOUNT
    else:
        found_later += account.no_account(facts)
    groups += (("ip weight", budget.ip_weight), *MARKET)
    for name, check in groups:
        found += _run(name, check, facts)
    return [*found, *found_later, *local.run_dir(facts)]


def _run(name: str, check: Check, facts: Facts) -> list[Finding]:
    """The findings of one check, and where it broke off, that."""
    found: list[Finding] = []
    try:
        found.extend(check(facts))  # what came before a complaint stays
    except Unreadable as complaint:
        found.append(unread(name, f"could not be read: {why(complaint)}", again(complaint, AGAIN)))
    return found
