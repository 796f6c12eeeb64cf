"""Each check, each branch: a table of what is read against the line that is found."""

from decimal import Decimal
from typing import Any

import pytest

from mm.doctor.checks import checks
from mm.doctor.facts import LIMITED, Door, Facts, Feed, RunDir, Sample, Stream, Unread
from mm.doctor.finding import Level, is_fit
from mm.doctor.screen import LEGEND, lines, verdict
from tests.doctor.canned import AGENT, DAY_MS, MASTER, OURS, STRANGER, SUB, healthy, order, position, summary
from tests.doctor.facts_of import DOOR, NOW, answers, facts, found, samples, streams, wanted

OK, WARN, FAIL, UNREAD = Level.OK, Level.WARN, Level.FAIL, Level.UNREAD


def test_a_sound_account_is_fit() -> None:
    made = checks(facts())
    assert is_fit(made)
    assert {finding.level for finding in made} == {OK}
    assert [finding.check for finding in made] == [
        *("reach", "status", "clock", "key", "expiry", "account", "equity", "fees", "budget", "deadman"),
        *("orders", "limit", "positions", "ip weight", "min order", "feed"),
    ]


def test_every_line_that_is_not_ok_says_what_to_do() -> None:
    for case in ROLES + OTHERS:
        for finding in checks(case[1]):
            assert finding.level is OK or finding.fix, finding
            assert finding.text


def state(value: str = "1250.75", *positions: Any) -> dict[str, Any]:
    return {**healthy()["clearinghouseState"], "marginSummary": summary(value), "assetPositions": list(positions)}


def role(word: Any, **data: Any) -> dict[str, Any]:
    return {f"userRole {AGENT}": {"role": word, **({"data": data} if data else {})}}


def agents(days: int, address: str = AGENT) -> dict[str, Any]:
    return {f"extraAgents {MASTER}": [{"name": "mm-1", "address": address, "validUntil": NOW + days * DAY_MS}]}


def unnamed(days: int, address: str = AGENT) -> dict[str, Any]:
    told = {"agentAddress": address.upper().replace("0X", "0x"), "agentValidUntil": NOW + days * DAY_MS}
    return {f"extraAgents {MASTER}": [], f"webData3 {MASTER}": told}


def limits(**changes: Any) -> dict[str, Any]:
    return {"userRateLimit": {**healthy()["userRateLimit"], **changes}}


def rates(**changes: Any) -> dict[str, Any]:
    return {"userFees": {**healthy()["userFees"], **changes}}


def spot(total: str, **more: Any) -> dict[str, Any]:
    return {
        "spotClearinghouseState": {"balances": [{"coin": "USDC", "token": 0, "total": total, "hold": "0.0"}], **more}
    }


SUB_ROLE = {f"userRole {SUB}": {"role": "subAccount", "data": {"master": MASTER}}}
UNIFIED = {"tokenToAvailableAfterMaintenance": [[0, "500.0"]]}

ROLES: list[tuple[str, Facts, Level, str]] = [
    ("key", facts(), OK, "agent of 0x5151…5151: trades, cannot withdraw"),
    ("key", facts(role("agent", user=STRANGER), wanted=wanted(account="")), OK, "agent of 0xeeee…eeee"),
    (
        "key",
        facts({**role("agent", user=STRANGER), f"userRole {MASTER}": {"role": "user"}}),
        FAIL,
        "not of 0x5151…5151",
    ),
    ("key", facts(SUB_ROLE, wanted=wanted(account=SUB)), OK, "whose sub-account it is"),
    ("key", facts({f"userRole {SUB}": {"role": "vault"}}, wanted=wanted(account=SUB)), WARN, "who leads the vault"),
    ("key", facts(wanted=wanted(account=SUB)), UNREAD, "userRole: it was not asked for"),
    ("key", facts(role("user")), FAIL, "is a master key: whoever has it can withdraw everything"),
    (
        "key",
        facts(role("user"), wanted=wanted(allow_master_key=True)),
        FAIL,
        "a master key, and not that of 0x5151…5151",
    ),
    ("key", facts(wanted=wanted(agent=MASTER)), FAIL, "is a master key: whoever has it can withdraw everything"),
    ("key", facts(wanted=wanted(agent=MASTER, allow_master_key=True)), WARN, "is a master key"),
    (
        "key",
        facts(SUB_ROLE, wanted=wanted(agent=MASTER, account=SUB, allow_master_key=True)),
        WARN,
        "is a master key",
    ),
    ("key", facts(wanted=wanted(account=AGENT)), FAIL, "is the key's own address"),
    ("key", facts(role("missing")), FAIL, "never approved, or removed"),
    ("key", facts(role("vault")), FAIL, "the address of a vault, which has no key"),
    ("key", facts(role("subAccount", master=MASTER)), FAIL, "the address of a subAccount, which has no key"),
    ("key", facts(role("emperor")), UNREAD, "a role that mm does not know: emperor"),
    ("key", facts(role("agent")), UNREAD, "userRole.data is missing"),
    ("key", facts(role("agent", user="0x12")), UNREAD, "userRole.data.user is not an address"),
    ("key", facts(role(7)), UNREAD, "userRole.role is not a text"),
    ("key", facts({f"userRole {AGENT}": []}), UNREAD, "userRole is not an object"),
    ("key", facts({f"userRole {AGENT}": Unread("HTTP 429")}), UNREAD, "userRole: HTTP 429"),
    ("key", facts(wanted=wanted(agent="", key_trouble="The file is open.")), FAIL, "The file is open."),
    ("key", facts(wanted=wanted(agent="")), WARN, "no key was named"),
    ("expiry", facts(), OK, "agent “mm-1” is valid until 2027-01-"),
    ("expiry", facts(agents(13)), WARN, "in 13 days"),
    ("expiry", facts(agents(1)), WARN, "on 2026-11-19, in 24 h"),
    ("expiry", facts(agents(2)), WARN, "in 2 days"),
    ("expiry", facts(agents(0)), FAIL, "lapsed on 2026-11-18"),
    ("expiry", facts(agents(-40)), FAIL, "lapsed on 2026-10-09"),
    ("expiry", facts({f"extraAgents {MASTER}": [], f"webData3 {MASTER}": {}}), UNREAD, "is neither among the named"),
    ("expiry", facts(unnamed(80)), OK, "the unnamed agent is valid until"),
    ("expiry", facts(unnamed(3)), WARN, "the unnamed agent lapses"),
    ("expiry", facts(unnamed(80, STRANGER)), UNREAD, "nor its unnamed one"),
    (
        "expiry",
        facts({f"extraAgents {MASTER}": [], f"webData3 {MASTER}": Unread("silence")}),
        UNREAD,
        "webData3: silence",
    ),
    ("expiry", facts({f"extraAgents {MASTER}": Unread("HTTP 500")}), UNREAD, "extraAgents: HTTP 500"),
    (
        "expiry",
        facts({f"extraAgents {MASTER}": [{"address": AGENT, "name": "a"}]}),
        UNREAD,
        "[0].validUntil is missing",
    ),
    ("expiry", facts(agents(10**11)), OK, "ms after 1970"),
    ("account", facts(), OK, "0x5151…5151 is a master account"),
    ("account", facts(SUB_ROLE, wanted=wanted(account=SUB)), OK, "is a sub-account of 0x5151…5151"),
    ("account", facts({f"userRole {SUB}": {"role": "vault"}}, wanted=wanted(account=SUB)), OK, "is a vault"),
    ("account", facts({f"userRole {SUB}": {"role": "missing"}}, wanted=wanted(account=SUB)), FAIL, "does not know"),
    ("account", facts({f"userRole {SUB}": {"role": "x\n"}}, wanted=wanted(account=SUB)), UNREAD, "does not know: x?"),
    (
        "account",
        facts({f"userRole {SUB}": {"role": "agent", "data": {"user": MASTER}}}, wanted=wanted(account=SUB)),
        FAIL,
        "is an agent's address",
    ),
    ("account", facts(wanted=wanted(account="")), WARN, "no account was named"),
]

OTHERS: list[tuple[str, Facts, Level, str]] = [
    ("budget", facts({"userRateLimit": Unread(LIMITED)}), UNREAD, "userRateLimit: too many requests from here"),
    ("reach", facts(door=Unread("connection refused")), FAIL, "cannot be reached: connection refused"),
    ("reach", facts(door=Door(connect_ms=3, is_loopback=False)), FAIL, "plain HTTP: anybody on the way"),
    ("reach", facts(door=Door(connect_ms=3, is_loopback=True)), OK, "plain HTTP on this machine"),
    (
        "reach",
        facts(door=Door(connect_ms=3, is_loopback=False, tls="TLSv1.2", certificate_until_ms=NOW + 6 * DAY_MS)),
        WARN,
        "certificate ends on 2026-11-24",
    ),
    ("status", facts(samples=samples(special="upgrade at noon")), FAIL, "the venue announces: upgrade at noon"),
    ("status", facts(samples=tuple(Sample(NOW + i * 500, 9, {"time": NOW}) for i in range(4))), FAIL, "stands still"),
    ("status", facts(samples=(Sample(NOW, 9, Unread("HTTP 502")),)), UNREAD, "exchangeStatus: HTTP 502"),
    ("status", facts(samples=()), UNREAD, "exchangeStatus: it was not asked for"),
    ("status", facts(samples=(Sample(NOW, 9, {"time": "now"}),)), UNREAD, "exchangeStatus.time is not a whole number"),
    (
        "status",
        facts(samples=(Sample(NOW, 9, {"time": NOW, "specialStatuses": {}}),)),
        UNREAD,
        "specialStatuses is not a text",
    ),
    ("clock", facts(samples=samples(behind_ms=900)), OK, "0.900 s behind the venue (±0.020 s, best of 6)"),
    ("clock", facts(samples=samples(behind_ms=-1_200)), WARN, "1.2 s ahead of the venue"),
    ("clock", facts(samples=samples(behind_ms=2_900)), WARN, "2.9 s behind"),
    ("clock", facts(samples=samples(behind_ms=-3_200)), FAIL, "beyond 3.0 s mm places no orders"),
    ("clock", facts(samples=samples(behind_ms=-90_000)), FAIL, "90 s ahead"),
    ("clock", facts(samples=samples(round_trip_ms=2_400)), WARN, "±1.2 s"),
    ("clock", facts(samples=(Sample(NOW, 9, Unread("no answer in 5 s")),)), UNREAD, "no answer in 5 s"),
    ("equity", facts(), OK, "separate balances: $1,250.75 perps, $19.99 USDC spot"),
    ("equity", facts({"clearinghouseState": state("0.0")}), FAIL, "$0.00 perps, $19.99"),
    ("equity", facts({"clearinghouseState": state("-12.5"), **spot("0.0")}), FAIL, "-$12.50 perps"),
    ("equity", facts({"clearinghouseState": state("9.99")}), WARN, "$9.99 perps"),
    (
        "equity",
        facts({**spot("500.0", **UNIFIED), "clearinghouseState": state("0.0")}),
        OK,
        "unified account: $500.00 USDC, one balance",
    ),
    ("equity", facts(spot("0.0", **UNIFIED)), FAIL, "$0.00 USDC, one balance"),
    ("equity", facts(wanted=wanted(coins=("@107",))), OK, "$19.99 USDC spot, $1,250.75 perps"),
    ("equity", facts(spot("0.0"), wanted=wanted(coins=("@107",))), FAIL, "$0.00 USDC spot"),
    ("equity", facts({"spotClearinghouseState": Unread("HTTP 429")}), UNREAD, "spotClearinghouseState: HTTP 429"),
    ("equity", facts({"clearinghouseState": {}}), UNREAD, "clearinghouseState.marginSummary is missing"),
    ("equity", facts({"clearinghouseState": state("NaN")}), UNREAD, "accountValue is not a plain decimal number"),
    ("budget", facts(), OK, "2,861,684 of 2,864,574 left: 33 days at 1/s"),
    ("budget", facts(limits(nRequestsUsed=2_864_574 - 7_199)), WARN, "7,199 of 2,864,574 left: 2.0 h"),
    ("budget", facts(limits(nRequestsUsed=9_400, nRequestsCap=10_000)), WARN, "600 of 10,000 left: 0.2 h"),
    ("budget", facts(limits(nRequestsUsed=10_001, nRequestsCap=10_000)), FAIL, "9,999 cancels left"),
    ("budget", facts(limits(nRequestsUsed="7")), UNREAD, "nRequestsUsed is not a whole number"),
    ("budget", facts(limits(nRequestsCap=-1)), UNREAD, "nRequestsCap is not a whole number"),
    ("budget", facts(limits(nRequestsCap=True)), UNREAD, "nRequestsCap is not a whole number"),
    ("budget", facts({"userRateLimit": Unread("HTTP 429")}), UNREAD, "userRateLimit: HTTP 429"),
    ("ip weight", facts(), OK, "1/s takes 5% of 1,200 a minute; this look took 182"),
    ("ip weight", facts(wanted=wanted(rate=Decimal(15))), WARN, "15/s takes 75%"),
    ("deadman", facts(limits(cumVlm="1000000")), OK, "eligible for scheduleCancel: $1,000,000.00 traded"),
    ("deadman", facts(limits(cumVlm="999999.99")), WARN, "this account has $999,999.99"),
    ("deadman", facts(limits(cumVlm=5)), UNREAD, "cumVlm is not a text"),
    ("orders", facts({"openOrders": []}), OK, "0 open orders of ours, none of others"),
    (
        "orders",
        facts({"openOrders": [order("BTC", 1), order("BTC", 2, OURS)]}),
        FAIL,
        "1 open order that mm did not place",
    ),
    ("orders", facts(wanted=wanted(coins=("BTC", "abc:GOLD"))), OK, "1 open order of ours"),
    ("limit", facts(wanted=wanted(coins=("BTC", "abc:GOLD"))), OK, "1 of 1,000 orders open"),
    ("positions", facts(wanted=wanted(coins=("BTC", "abc:GOLD"))), OK, "flat"),
    ("orders", facts({"openOrders": [order("SOL", 1, "0x" + "12" * 16)]}), WARN, "mm did not place: 1 in SOL"),
    ("orders", facts({"openOrders": Unread("HTTP 500")}), UNREAD, "openOrders: HTTP 500"),
    ("orders", facts({"openOrders": {"error": "x"}}), UNREAD, "openOrders is not a list"),
    ("orders", facts({"openOrders": [{"coin": "BTC", "cloid": 5}]}), UNREAD, "openOrders[0].cloid is not a text"),
    ("limit", facts({"openOrders": [order("BTC", i) for i in range(1_000)]}), FAIL, "1,000 of 1,000 orders open"),
    (
        "limit",
        facts({"openOrders": [order("BTC", i) for i in range(1_000)], **limits(cumVlm="99999999.0")}),
        WARN,
        "1,000 of 1,019",
    ),
    ("limit", facts(limits(cumVlm="170043721737.450012207")), OK, "1 of 5,000 orders open"),
    ("positions", facts(), OK, "flat"),
    ("positions", facts({"clearinghouseState": state("5", position("BTC", "-4.5"))}), WARN, "open: -4.5 BTC"),
    ("positions", facts({"clearinghouseState": state("5", position("SOL", "2"))}), OK, "none in the coins named"),
    ("positions", facts({"clearinghouseState": state("5", position("BTC", "0.0"))}), OK, "flat"),
    ("positions", facts({"clearinghouseState": state("5", {"type": "oneWay"})}), UNREAD, "[0].position is missing"),
    ("feed", facts(feed=None, wanted=wanted(coins=())), WARN, "no coin was named"),
    ("feed", facts(feed=Unread("no connection in 5 s")), UNREAD, "could not be watched: no connection"),
    (
        "feed",
        facts(feed=Feed(watched_ms=9, errors=("Invalid subscription",)), wanted=wanted(coins=())),
        WARN,
        "Invalid",
    ),
]


@pytest.mark.parametrize(("check", "facts", "level", "text"), ROLES + OTHERS)
def test_what_is_found(check: str, facts: Facts, level: Level, text: str) -> None:
    finding = found(facts, check)
    assert (finding.level, text in finding.text) == (level, True), finding


FEES: list[tuple[dict[str, Any], tuple[str, ...], str, Level, str]] = [
    ({}, ("BTC",), "perps", OK, "maker pays 1.5 bp, taker 4.5 bp, round trip 3 bp"),
    (
        {"userAddRate": "0"},
        ("BTC",),
        "perps",
        OK,
        "maker pays nothing, taker pays 4.5 bp, round trip as maker pays nothing",
    ),
    (
        {"userAddRate": "-0.00002"},
        (),
        "perps",
        OK,
        "maker gets 0.2 bp, taker pays 4.5 bp, round trip as maker gets 0.4 bp",
    ),
    ({}, ("@107",), "spot", OK, "maker pays 4 bp, taker 7 bp, round trip 8 bp"),
    ({"userAddRate": "0.0009"}, ("BTC",), "perps", UNREAD, "implausible rates: maker 0.0009, taker 0.00045"),
    ({"userAddRate": "1.5", "userCrossRate": "4.5"}, ("BTC",), "perps", UNREAD, "implausible rates"),
]


@pytest.mark.parametrize(("changes", "coins", "subject", "level", "text"), FEES)
def test_fees_have_their_sign_in_words(
    changes: dict[str, Any], coins: tuple[str, ...], subject: str, level: Level, text: str
) -> None:
    finding = found(facts(rates(**changes), wanted=wanted(coins=coins)), "fees", subject)
    assert (
        (finding.level, finding.text) == (level, text)
        if level is OK
        else (finding.level is level and text in finding.text)
    )


@pytest.mark.parametrize(
    "rate", ["0.00045%", "4.5e-4", "", "١", " 0.1", "1_0", "+1", ".5", "9" * 41, None, 0.00045, True]
)
def test_a_rate_that_is_no_decimal_is_not_a_rate(rate: Any) -> None:
    assert found(facts(rates(userAddRate=rate)), "fees").level is UNREAD


COINS: list[tuple[dict[str, Any], str, Level, str]] = [
    ({}, "BTC", OK, "0.00012 = $10.05 at 83757, lot $0.84, tick 0.119 bp"),
    ({}, "SOL", OK, "0.08 = $11.39 at 142.35, lot $1.42, tick 0.702 bp"),
    ({}, "@107", OK, "0.35 = $10.05 at 28.718, lot $0.29, tick 0.348 bp"),
    ({"allMids": {"BTC": "10000"}}, "BTC", OK, "0.001 = $10.00 at 10000, lot $0.10, tick 1 bp"),
    ({"allMids": {"BTC": "1234567"}}, "BTC", OK, "0.00001 = $12.35 at 1234567, lot $12.35"),
    ({}, "btc", FAIL, "no such coin"),
    ({}, "MATIC", FAIL, "delisted"),
    ({}, "PURR/USDC", FAIL, "no such coin"),
    ({}, "abc:GOLD", FAIL, "there is no dex abc"),
    (
        {"clearinghouseState": {"marginSummary": {"accountValue": "0.2"}, "assetPositions": []}},
        "BTC",
        FAIL,
        "$8.00 at most",
    ),
    ({"allMids": {}}, "BTC", UNREAD, "allMids.BTC is missing"),
    ({"allMids": {"BTC": "0.0"}}, "BTC", UNREAD, "a mid of 0 is no price"),
    ({"allMids": {"BTC": "-1.0"}}, "BTC", UNREAD, "a mid of -1 is no price"),
    ({"allMids": {"BTC": "0.04"}}, "BTC", UNREAD, "a mid of 0.04 is no price"),
    ({"allMids": Unread("HTTP 429")}, "BTC", UNREAD, "allMids: HTTP 429"),
    ({"meta": Unread("HTTP 429")}, "BTC", UNREAD, "meta: HTTP 429"),
    ({"meta": {"universe": {}}}, "BTC", UNREAD, "meta.universe is not a list"),
    ({"meta": {"universe": [{"name": "BTC", "szDecimals": 99}]}}, "BTC", UNREAD, "szDecimals is out of range"),
    ({"meta": {"universe": [{"name": "X"}, {"name": "BTC", "szDecimals": 5}]}}, "BTC", OK, "0.00012 = $10.05"),
]


@pytest.mark.parametrize(("changes", "coin", "level", "text"), COINS)
def test_the_smallest_order(changes: dict[str, Any], coin: str, level: Level, text: str) -> None:
    finding = found(facts(changes, wanted=wanted(coins=(coin,))), "min order", coin)
    assert (finding.level, text in finding.text) == (level, True), finding


def test_a_slip_in_a_coins_name_is_pointed_out() -> None:
    assert "did you mean BTC?" in found(facts(wanted=wanted(coins=("btc",))), "min order", "btc").fix


DEXES: list[tuple[dict[str, Any], str, list[tuple[Level, str]]]] = [
    ({}, "xyz:GOLD", [(WARN, "growth mode in xyz:GOLD"), (OK, "orders with a cloid rest there")]),
    ({"openOrders xyz": []}, "xyz:GOLD", [(WARN, "growth mode"), (WARN, "is not proven by any that rests")]),
    ({"clearinghouseState xyz": state("0.0")}, "xyz:GOLD", [(WARN, "growth mode"), (FAIL, "no margin in this dex")]),
    (
        {"clearinghouseState xyz": state("0.0"), **spot("5", **UNIFIED)},
        "xyz:GOLD",
        [(WARN, "growth"), (OK, "$0.00 of")],
    ),
    ({"openOrders xyz": Unread("HTTP 500")}, "xyz:GOLD", [(WARN, "growth mode"), (UNREAD, "openOrders xyz: HTTP 500")]),
    ({"meta xyz": Unread("HTTP 500")}, "xyz:GOLD", [(UNREAD, "meta xyz: HTTP 500")]),
    ({}, "abc:GOLD", [(FAIL, "no such dex")]),
]


@pytest.mark.parametrize(("changes", "coin", "expected"), DEXES)
def test_a_builders_dex(changes: dict[str, Any], coin: str, expected: list[tuple[Level, str]]) -> None:
    made = [finding for finding in checks(facts(changes, wanted=wanted(coins=(coin,)))) if finding.check == "dex"]
    assert [finding.level for finding in made] == [level for level, _ in expected]
    assert all(text in finding.text for finding, (_, text) in zip(made, expected, strict=True)), made


def test_dexes_that_cannot_be_listed_are_not_fine() -> None:
    assert found(facts({"perpDexs": Unread("HTTP 502")}, wanted=wanted(coins=("xyz:GOLD",))), "dex").level is UNREAD


FEEDS: list[tuple[dict[str, Any], Level, str]] = [
    ({}, OK, "bbo 110/84, fast 500/84, book 5,000/84, trades 900/84, ctx 1,500"),
    ({"l2Book_fast": {"median_gap_ms": 2_000}}, WARN, "slow or late: fast"),
    ({"bbo": {"median_lag_ms": 1_600}}, WARN, "slow or late: bbo"),
    ({"trades": {"median_lag_ms": 60_000}}, OK, "trades 900/60,000"),
    ({"l2Book": {"frames": 1, "median_gap_ms": None, "median_lag_ms": None}}, OK, "book once,"),
    ({"l2Book": {"frames": 0, "median_gap_ms": None, "median_lag_ms": None}}, FAIL, "nothing from book"),
    ({"trades": {"frames": 0, "median_gap_ms": None, "median_lag_ms": None}}, OK, "trades silent"),
    (
        {"trades": {"frames": 0, "is_acknowledged": False, "median_gap_ms": None, "median_lag_ms": None}},
        FAIL,
        "nothing from trades",
    ),
]


@pytest.mark.parametrize(("changes", "level", "text"), FEEDS)
def test_each_stream_of_each_coin_is_judged_alone(changes: dict[str, Any], level: Level, text: str) -> None:
    seen = Feed(watched_ms=12_000, streams=(*streams("BTC", **changes), *streams("SOL")))
    told = facts(feed=seen, wanted=wanted(coins=("BTC", "SOL")))
    finding = found(told, "feed", "BTC")
    assert (finding.level, text in finding.text) == (level, True), finding
    assert found(told, "feed", "SOL").level is OK


def test_an_age_is_told_by_the_venues_clock() -> None:
    late = found(facts(samples=samples(behind_ms=2_000)), "feed", "BTC")  # our clock is behind: lags look small
    assert late.level is WARN
    assert late.data["bbo_age_ms"] == 2_084
    assert found(facts(samples=samples(behind_ms=-500)), "feed", "BTC").data["bbo_age_ms"] == 0


def test_a_short_look_proves_no_silence() -> None:
    silent = Stream(kind="l2Book", coin="BTC", is_acknowledged=True)
    seen = Feed(watched_ms=4_000, streams=(*streams("BTC")[:2], silent))
    assert found(facts(feed=seen), "feed", "BTC").level is OK


GIB = 1 << 30
SOUND = {"path": "runs", "exists": True, "is_directory": True, "is_ours": True, "is_writable": True, "mode": 0o700}
DIRS: list[tuple[dict[str, Any], Level, str]] = [
    ({}, OK, "runs: ours alone, 40.0 GiB free"),
    ({"exists": False}, FAIL, "does not exist"),
    ({"is_directory": False}, FAIL, "no directory"),
    ({"is_ours": False}, FAIL, "belongs to another user"),
    ({"is_writable": False}, FAIL, "cannot be written"),
    ({"mode": 0o750}, FAIL, "open to other users (mode 0750)"),
    ({"mode": 0o701}, FAIL, "open to other users (mode 0701)"),
    ({"loose": ("a.db",)}, FAIL, "open to other users in runs: a.db"),
    ({"filesystem": "nfs4"}, FAIL, "network filesystem (nfs4)"),
    ({"free_bytes": 99 << 20}, FAIL, "99 MiB free"),
    ({"free_bytes": 900 << 20}, WARN, "900 MiB free"),
]


@pytest.mark.parametrize(("changes", "level", "text"), DIRS)
def test_the_run_directory(changes: dict[str, Any], level: Level, text: str) -> None:
    told = RunDir(**{**SOUND, "free_bytes": 40 * GIB, "filesystem": "ext4", **changes})
    finding = found(facts(run_dir=told), "run dir")
    assert (finding.level, text in finding.text) == (level, True), finding
    assert found(facts(run_dir=told, door=Unread("x")), "run dir") == finding  # the venue has no say in it


def test_a_directory_that_cannot_be_read_is_not_fine() -> None:
    assert found(facts(run_dir=Unread("runs: Permission denied")), "run dir").level is UNREAD


def test_who_names_a_key_alone_is_told_its_account() -> None:
    assert found(facts(wanted=wanted(account="")), "account").fix == f"give --account {MASTER}"
    assert found(facts(role("missing"), wanted=wanted(account="")), "account").fix == "give --account"
    assert found(facts(role("agent"), wanted=wanted(account="")), "account").fix == "give --account"


def test_an_agent_that_is_also_the_account_is_told_once() -> None:
    told = facts({f"extraAgents {MASTER}": Unread("x")}, wanted=wanted(account=AGENT))
    assert not [finding for finding in checks(told) if finding.check == "expiry"]


def test_who_asked_too_often_is_told_to_wait() -> None:
    assert found(facts({"userFees": Unread(LIMITED)}), "fees").fix.startswith("wait a minute")
    assert found(facts({"allMids": Unread(LIMITED)}), "min order", "BTC").fix.startswith("wait a minute")


def test_a_lost_answer_is_no_change_of_the_venues_words() -> None:
    assert found(facts({"userFees": Unread("HTTP 502")}), "fees").fix == "run mm doctor again"
    assert "report it" in found(facts({"userFees": {}}), "fees").fix


def test_fit_is_not_said_of_what_was_not_named() -> None:
    bare = facts(wanted=wanted(account="", agent="", coins=()), feed=None)
    assert verdict(checks(bare)).startswith("fit as far as named: ")
    assert verdict(checks(facts())) == "fit: 16 ok"


def test_the_legend_of_the_feed_is_for_feeds() -> None:
    bare = facts(wanted=wanted(coins=()), feed=None)
    assert LEGEND not in list(lines(bare, checks(bare), width=80))
    assert LEGEND in list(lines(facts(), checks(facts()), width=80))


def test_an_unreachable_venue_is_one_line() -> None:
    assert [(finding.check, finding.level) for finding in checks(facts(door=Unread("refused")))] == [("reach", FAIL)]


@pytest.mark.parametrize("kind", sorted(answers()))
@pytest.mark.parametrize("answer", [None, [], {}, "x", 0, [[]], [{}], {"role": {}}, Unread("HTTP 500")])
def test_no_answer_whatever_it_is_breaks_the_rest(kind: str, answer: object) -> None:
    told = facts({kind: answer}, wanted=wanted(coins=("BTC", "xyz:GOLD", "@107")))
    made = checks(told)
    assert {"reach", "status", "clock", "ip weight", "feed"} <= {finding.check for finding in made}
    if isinstance(answer, Unread) and kind not in (f"userRole {MASTER}", f"webData3 {MASTER}"):
        # These two are read only where another answer does not say it.
        assert not is_fit(made)


def test_nothing_read_is_nothing_fine() -> None:
    blind = facts(answers={}, samples=(), feed=Unread("x"))
    assert {finding.level for finding in checks(blind) if finding.check not in ("reach", "ip weight")} == {UNREAD}
    assert DOOR is blind.door
