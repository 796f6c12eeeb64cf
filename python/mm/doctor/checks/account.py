"""The key and the account: whose they are, how long the key lives, what the account holds and what it pays."""

from decimal import Decimal

from mm.doctor.checks.venue import offset
from mm.doctor.facts import Facts, Unread, is_spot
from mm.doctor.finding import NOT_NAMED, Data, Findings, fail, ok, unread, warn
from mm.doctor.look import look, said, shown
from mm.doctor.words import bps, day, money, short
from mm.errors import Unreadable

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EXPIRY_WARN_MS = 14 * DAY_MS
"""Product 3.14: a maker that dies because its key lapsed is a product failure."""

SMALLEST_ORDER = Decimal(10)
RATE_MAX = Decimal("0.01")
"""No fee of this venue is near one per cent: a larger one was misread or is no fee."""

APPROVE = "approve this agent from the master account (More > API on the venue's site, or approveAgent; see `mm key`)"
NEW_AGENT = "make a new agent (`mm key new`) and approve it from the master account; never use an old address again"


def no_key(facts: Facts) -> Findings:
    """What is not known without a key's address."""
    yield warn(
        "key", "no key was named: its role and its end were not checked", "give --agent-key or --agent", NOT_NAMED
    )


def no_account(facts: Facts) -> Findings:
    """What is not known without an account."""
    text = "no account was named: its money, fees, budget and orders were not checked"
    try:
        master = _master(facts)
    except Unreadable:
        master = None  # the check of the key has said so
    yield warn("account", text, f"give --account {master}" if master else "give --account", NOT_NAMED)


def key_role(facts: Facts) -> Findings:
    """Whether the key is an agent of the account (product 3.14, reliability O1)."""
    wanted = facts.wanted
    if wanted.key_trouble:
        yield fail("key", wanted.key_trouble, "correct it and run mm doctor again")
        return
    agent, account = wanted.agent, wanted.account
    told = look(facts.answer("userRole", agent), "userRole")
    role = said(told["role"])
    data: Data = {"address": agent, "role": role}
    if role == "agent":
        master = told["data"]["user"].address()
        if agent == account:
            yield fail(
                "key",
                f"the account {short(account)} is the key's own address: about an agent the venue answers with emptiness",
                f"give its master's address as the account: {master}",
                {**data, "master": master},
            )
        else:
            yield from _whose(facts, master)
    elif role == "user":
        yield from _masters(facts, data)
    elif role == "missing":
        yield fail("key", f"the venue does not know {short(agent)}: never approved, or removed", APPROVE, data)
    elif role in ("vault", "subAccount"):
        yield fail("key", f"{short(agent)} is the address of a {role}, which has no key", NEW_AGENT, data)
    else:
        yield unread("key", f"{short(agent)} has a role that mm does not know: {role}", "report it", data)


def _masters(facts: Facts, data: Data) -> Findings:
    """A master's own key: whether it may be used, and for this account."""
    agent, account = facts.wanted.agent, facts.wanted.account
    if not facts.wanted.allow_master_key:
        yield fail(
            "key",
            f"{short(agent)} is a master key: whoever has it can withdraw everything",
            "use an agent's key (`mm key new`); --allow-master-key takes it all the same",
            data,
        )
        return
    if account not in ("", agent):
        told = look(facts.answer("userRole", account), "userRole")
        role = said(told["role"])
        if role != "vault" and not (role == "subAccount" and told["data"]["master"].address() == agent):
            text = f"{short(agent)} is a master key, and not that of {short(account)}"
            yield fail("key", text, "give the account that the key belongs to", data)
            return
    yield warn("key", f"{short(agent)} is a master key: it can withdraw everything", "use an agent's key", data)


def _whose(facts: Facts, master: str) -> Findings:
    """Whether an agent of that master may trade for the account."""
    agent, account = facts.wanted.agent, facts.wanted.account
    data: Data = {"address": agent, "role": "agent", "master": master}
    if not account or account == master:
        yield ok("key", f"{short(agent)}, agent of {short(master)}: trades, cannot withdraw", data)
        return
    told = look(facts.answer("userRole", account), "userRole")
    role = said(told["role"])
    if role == "subAccount" and told["data"]["master"].address() == master:
        yield ok("key", f"{short(agent)}, agent of {short(master)}, whose sub-account it is", data)
    elif role == "vault":
        yield warn(
            "key",
            f"{short(agent)} is an agent of {short(master)}; who leads the vault cannot be read",
            "make sure that the vault's leader is that master",
            data,
        )
    else:
        yield fail(
            "key",
            f"{short(agent)} is an agent of {short(master)}, not of {short(account)}",
            "give the account that the agent belongs to, or approve an agent from this one",
            data,
        )


def _master(facts: Facts) -> str | None:
    """Whose agent the key is; None if it is none, or if that could not be read."""
    role = facts.answer("userRole", facts.wanted.agent)
    if isinstance(role, Unread) or not isinstance(role, dict) or role.get("role") != "agent":
        return None
    return look(role, "userRole")["data"]["user"].address()


def expiry(facts: Facts) -> Findings:
    """When the agent lapses: a named one by `extraAgents`, the unnamed one by `webData3` (protocol 2.9)."""
    agent, master = facts.wanted.agent, _master(facts)
    if master is None or agent == facts.wanted.account:
        return  # it is no agent, could not be read, or is no account: the check of the key has said so
    found: tuple[str, int] | None = None
    for row in look(facts.answer("extraAgents", master), "extraAgents").items():
        if row["address"].address() == agent:
            found = (f"agent “{said(row['name'])}”", row["validUntil"].whole())
    if found is None:
        told = facts.answer("webData3", master)
        if isinstance(told, Unread):
            yield unread(
                "expiry",
                f"{short(agent)} is not among the named agents, and the unnamed one could not be read: webData3: {told.why}",
                "look at the agents on the venue's site (More > API), or run mm doctor again",
            )
            return
        state = look(told, "webData3")
        unnamed = state.get("agentAddress")
        if unnamed is not None and unnamed.address() == agent:
            found = ("the unnamed agent", state["agentValidUntil"].whole())
    if found is None:
        yield unread(
            "expiry",
            f"{short(agent)} is neither among the named agents of {short(master)} nor its unnamed one",
            "look at the agents on the venue's site (More > API)",
        )
        return
    name, until = found
    measured = offset(facts)
    left = until - facts.now_ms - (measured[0] if measured else 0)
    data: Data = {"valid_until_ms": until, "days_left": left // DAY_MS}
    if left <= 0:
        yield fail("expiry", f"{name} lapsed on {day(until)}; it may still work for a while", NEW_AGENT, data)
    elif left < EXPIRY_WARN_MS:
        soon = f"{left // DAY_MS} days" if left >= 2 * DAY_MS else f"{left // HOUR_MS} h"
        yield warn("expiry", f"{name} lapses on {day(until)}, in {soon}", NEW_AGENT, data)
    else:
        yield ok("expiry", f"{name} is valid until {day(until)}, {left // DAY_MS:,} days", data)


def account(facts: Facts) -> Findings:
    """What kind of account it is: a master's, a sub-account or a vault, and never an agent."""
    address = facts.wanted.account
    if facts.wanted.agent and _master(facts) == address:
        yield ok("account", f"{short(address)} is a master account", {"address": address, "role": "user"})
        return
    told = look(facts.answer("userRole", address), "userRole")
    role = said(told["role"])
    data: Data = {"address": address, "role": role}
    if role == "user":
        yield ok("account", f"{short(address)} is a master account", data)
    elif role == "subAccount":
        master = told["data"]["master"].address()
        yield ok("account", f"{short(address)} is a sub-account of {short(master)}", {**data, "master": master})
    elif role == "vault":
        yield ok("account", f"{short(address)} is a vault", data)
    elif role == "agent":
        master = told["data"]["user"].address()
        yield fail(
            "account",
            f"{short(address)} is an agent's address; all that is read about it is empty",
            f"give its master's address as the account: {master}",
            {**data, "master": master},
        )
    elif role == "missing":
        yield fail(
            "account", f"the venue does not know {short(address)}", "deposit first, or correct the address", data
        )
    else:
        yield unread("account", f"{short(address)} has a role that mm does not know: {role}", "report it", data)


def equity(facts: Facts) -> Findings:
    """Where the money is. The account's mode decides which answer tells it (invariant I22)."""
    perp = look(facts.answer("clearinghouseState"), "clearinghouseState")["marginSummary"]["accountValue"].amount()
    spot_state = look(facts.answer("spotClearinghouseState"), "spotClearinghouseState")
    spot = Decimal(0)
    for row in spot_state["balances"].items():
        if row["coin"].text() == "USDC":
            spot += row["total"].amount()
    is_unified = "tokenToAvailableAfterMaintenance" in dict(spot_state.members())
    only_spot = bool(facts.wanted.coins) and all(is_spot(coin) for coin in facts.wanted.coins)
    value = spot if is_unified or only_spot else perp
    data: Data = {"mode": "unified" if is_unified else "separate", "equity": str(value)}
    data |= {"perp": str(perp), "spot_usdc": str(spot)}
    if is_unified:
        text = f"unified account: {money(value)} USDC, one balance for spot and perps"
    elif only_spot:
        text = f"separate balances: {money(value)} USDC spot, {money(perp)} perps"
    else:
        text = f"separate balances: {money(value)} perps, {money(spot)} USDC spot"
    if value <= 0 and not is_unified and (perp if only_spot else spot) > 0:
        here, there = ("spot", "perp") if only_spot else ("perp", "spot")
        fix = f"move USDC from the {there} side to the {here} side on the venue's site (an agent cannot)"
        yield fail("equity", text, fix, data)
    elif value <= 0:
        yield fail("equity", text, "deposit USDC", data)
    elif value < SMALLEST_ORDER:
        yield warn("equity", text, f"the smallest order is {money(SMALLEST_ORDER)}: deposit more", data)
    else:
        yield ok("equity", text, data)


def fees(facts: Facts) -> Findings:
    """What a trade costs, by the account's own rates and with their sign (product 3.9)."""
    told = look(facts.answer("userFees"), "userFees")
    coins = facts.wanted.coins
    kinds = []
    if not coins or any(not is_spot(coin) for coin in coins):
        kinds.append(("perps", "userAddRate", "userCrossRate"))
    if any(is_spot(coin) for coin in coins):
        kinds.append(("spot", "userSpotAddRate", "userSpotCrossRate"))
    for subject, add, cross in kinds:
        maker, taker = told[add].amount(), told[cross].amount()
        data: Data = {"maker": str(maker), "taker": str(taker), "round_trip": str(2 * maker)}
        if max(abs(maker), abs(taker)) > RATE_MAX or maker > taker:
            yield unread(
                "fees",
                f"implausible rates: maker {shown(str(maker))}, taker {shown(str(taker))}",
                "compare with the venue's site; the fee in each fill is what counts",
                data,
                subject=subject,
            )
            continue
        if maker > 0:
            text = f"maker pays {bps(maker)}, taker {bps(taker)}, round trip {bps(2 * maker)}"
        else:
            text = f"maker {_paid(maker)}, taker {_paid(taker)}, round trip as maker {_paid(2 * maker)}"
        yield ok("fees", text, data, subject=subject)


def _paid(rate: Decimal) -> str:
    """With its sign in words: a minus has been misread before."""
    return f"pays {bps(rate)}" if rate > 0 else f"gets {bps(-rate)}" if rate < 0 else "pays nothing"
