"""What a link finds out before it trades: the markets' numbers, the venue's clock, whose key this is.

A wrong account is no error to the venue: it answers with silence and empty lists (protocol 0.18, reliability O1). So roles
are read and compared here, and a mistake is a `ConfigError` before the first action.
"""

import asyncio
import json

from mm._core.sign import Signer
from mm._core.wire import Asset, Assets
from mm.errors import ConfigError, NotSent, OutcomeUnknown, VenueError
from mm.exchange.hyperliquid.limits import IpBudget, Need, query_weight
from mm.exchange.hyperliquid.link_clock import Clock, Skew
from mm.exchange.hyperliquid.link_settings import Settings
from mm.exchange.hyperliquid.rest import Asks
from mm.wire import UserRole, exchange_status, perp_dexs, user_role

__all__ = ["check_coins", "check_keys", "check_roles", "face", "measure_skew", "read_assets", "read_info"]

_AGAIN_MS = 500
_ATTEMPT_MS = 5_000
"""So long is one answer waited for: one that is lost must not take all the time that there is."""


async def read_info(rest: Asks, ip: IpBudget, clock: Clock, request: dict[str, object], timeout_ms: int) -> bytes:
    """The body of an answer with status 200. Asks again until it comes or the time is over; then raises what was last."""
    kind = str(request["type"])
    body = json.dumps(request, separators=(",", ":")).encode()
    end = clock.steady_ms() + timeout_ms
    while True:
        try:
            ip.admit(clock.steady_ms(), query_weight(kind, 0), Need.PROTECT)
            reply = await rest.post("/info", body, max(1, min(_ATTEMPT_MS, end - clock.steady_ms())))
            if reply.status == 200:
                return reply.body
            if reply.status == 429:
                ip.refused(clock.steady_ms())
            failed: VenueError = OutcomeUnknown(f"{kind}: HTTP {reply.status}: {reply.body[:200]!r}", reason="status")
        except (NotSent, OutcomeUnknown) as error:
            failed = error
        if clock.steady_ms() + _AGAIN_MS >= end:
            raise failed
        await asyncio.sleep(_AGAIN_MS / 1_000)


async def read_assets(rest: Asks, ip: IpBudget, clock: Clock, settings: Settings) -> Assets:
    """The markets of the main dex, of spot and of the builders' dexes that are traded on. Raises `ConfigError` for a dex
    that the venue does not have, and what `read_info` and the readers raise (`VenueError`).
    """

    async def ask(**request: object) -> bytes:
        return await read_info(rest, ip, clock, request, settings.open_timeout_ms)

    meta, spot = await asyncio.gather(ask(type="meta"), ask(type="spotMeta"))
    dexs: bytes | None = None
    metas: dict[str, bytes] = {}
    if settings.dexs:
        dexs = await ask(type="perpDexs")
        names = perp_dexs(dexs)
        for dex in settings.dexs:
            if dex not in names:
                raise ConfigError(f"the venue has no dex {dex!r}", field="dexs", reason="unknown")
            metas[dex] = await ask(type="meta", dex=dex)
    return Assets(meta, spot, dexs, metas or None, network="mainnet" if settings.mainnet else "testnet")


def check_coins(assets: Assets, settings: Settings) -> None:
    """Raises `ConfigError` for a coin that the venue does not have, or has no more."""
    for coin in settings.coins:
        asset = assets.get(coin)
        if asset is None:
            raise ConfigError(f"the venue has no market {coin!r}", field="coins", reason="unknown")
        if asset.is_delisted:
            raise ConfigError(f"{coin} is traded no more", field="coins", reason="delisted")


def face(market: Asset | None) -> tuple[object, ...]:
    """What an order on a market depends on; nothing where there is none."""
    return () if market is None else (market.id, market.sz_decimals, market.px_decimals, market.is_delisted)


async def measure_skew(rest: Asks, ip: IpBudget, clock: Clock, skew: Skew, timeout_ms: int) -> str | None:
    """Reads the venue's clock into `skew`, and gives what is special today; nothing is the rule.

    A wall clock that was set forward is followed as far as the venue's clock agrees.
    """
    sent = clock.now_ms()
    body = await read_info(rest, ip, clock, {"type": "exchangeStatus"}, timeout_ms)
    status = exchange_status(body)
    skew.asked(sent, clock.now_ms(), status.time)
    step = min(clock.ahead_ms(), skew.offset_ms)
    if step > skew.warn_ms:
        clock.follow(step)
        skew.moved(step)
    return status.special_statuses


async def check_keys(rest: Asks, ip: IpBudget, clock: Clock, settings: Settings, signer: Signer) -> None:
    """Compares the configured account with what the venue knows of it and of the key. Raises `ConfigError`."""

    async def role(address: str) -> UserRole:
        request: dict[str, object] = {"type": "userRole", "user": address}
        return user_role(await read_info(rest, ip, clock, request, settings.open_timeout_ms))

    if signer.mainnet != settings.mainnet:
        raise ConfigError("the key signs for the other network", field="mainnet", reason="another network")
    account = await role(settings.account)
    signing = await role(signer.address) if signer.address != settings.account else account
    check_roles(settings, signer.address, signer.vault, account, signing)


def check_roles(settings: Settings, signer: str, vault: str | None, account: UserRole, signing: UserRole) -> None:
    """The rules, as a function of what `userRole` answered for the account and for the signer."""
    role, name = account.role, settings.account
    owner: str | None = name
    if role == "agent":
        raise ConfigError(
            f"{name} is an agent's address, of which the venue shows nothing; its account is {account.master}",
            field="account",
            reason="agent",
        )
    if role == "missing":
        raise ConfigError(f"the venue does not know {name}: it has no deposit", field="account", reason="missing")
    if role in ("subAccount", "vault"):
        if vault != name:
            raise ConfigError(
                f"{name} is a {role}: the key must be told to act for it (vault)", field="vault", reason="not set"
            )
        owner = account.master
    elif role == "user":
        if vault is not None:
            raise ConfigError(f"{name} is an account of its own: no vault is acted for", field="vault", reason="set")
    else:
        raise ConfigError(f"the venue has a role for {name} that is not known here: {role!r}", field="account")
    _check_signer(settings, signer, owner, signing, vault_acts=role == "vault")


def _check_signer(settings: Settings, signer: str, owner: str | None, signing: UserRole, *, vault_acts: bool) -> None:
    if signing.role == "agent":
        user = signing.master
        if user != owner and not vault_acts:  # Who leads a vault, `userRole` does not tell.
            raise ConfigError(
                f"the key is an agent of {user}, not of {owner}", field="account", reason="another's agent"
            )
        return
    if signing.role == "missing":
        raise ConfigError(
            f"the venue does not know the key's address {signer}: it is not approved as an agent, or no more",
            field="signer",
            reason="unknown",
        )
    if not settings.allow_master_key:
        raise ConfigError(
            "the key is an account's own, which could withdraw everything: approve an agent and give its key",
            field="signer",
            reason="master key",
        )
    if signer != owner and not vault_acts:
        raise ConfigError(
            f"the key is of the account {signer}, not of {owner}", field="account", reason="another's key"
        )
