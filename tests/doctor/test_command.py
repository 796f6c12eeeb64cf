"""`mm doctor` against a venue of canned answers on loopback: the sound account, and every sick one."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mm.cli import mm as cli
from mm.doctor import gather
from tests.doctor.canned import AGENT, DAY_MS, MASTER, STRANGER, SUB, Canned, now_ms, order, position, summary

SECONDS = "0.4"


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    monkeypatch.setattr(gather, "SAMPLE_PAUSE_S", 0.01)
    with Canned() as canned:
        yield canned


def run(venue: Canned, *arguments: str, coins: tuple[str, ...] = ("BTC",)) -> Result:
    words = ["doctor", "--url", venue.url, "--seconds", SECONDS]
    for coin in coins:
        words += ["--coin", coin]
    done = CliRunner().invoke(cli, [*words, *arguments], prog_name="mm", terminal_width=80)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert all(body["type"] != "action" for body in venue.asked)
    return done


SOUND = ("--account", MASTER, "--agent", AGENT)


def test_a_sound_account_ends_with_0(venue: Canned) -> None:
    done = run(venue, *SOUND)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1] == "fit: 16 ok"
    assert all(len(line) <= 80 for line in lines), [line for line in lines if len(line) > 80]
    assert any(line.startswith("✓ ok     key ") for line in lines)


def test_what_is_asked_costs_little_and_nothing_twice(venue: Canned) -> None:
    told = json.loads(run(venue, *SOUND, "--json").stdout)
    asked = [json.dumps(body, sort_keys=True) for body in venue.asked if body["type"] != "exchangeStatus"]
    assert len(asked) == len(set(asked))
    assert [body["type"] for body in venue.asked].count("userRole") == 1
    assert told["ip_weight"] == 12 + 60 + 20 + 2 + 20 + 2 + 20 + 20 + 20 + 2
    assert {subscription["type"] for subscription in venue.subscribed} == {
        *("bbo", "l2Book", "trades", "activeAssetCtx")
    }


def test_json_says_what_the_lines_say(venue: Canned) -> None:
    venue.answers["userRateLimit"]["nRequestsUsed"] = 2_864_574
    done = run(venue, *SOUND, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["schema"], told["fit"], told["account"], told["agent"]) == ("mm-doctor/1", False, MASTER, AGENT)
    by_check = {finding["check"]: finding for finding in told["findings"]}
    assert by_check["budget"]["level"] == "fail"
    assert by_check["budget"]["data"]["left"] == 0
    assert by_check["fees"]["data"] == {"maker": "0.00015", "taker": "0.00045", "round_trip": "0.00030"}
    assert by_check["min order"]["subject"] == "BTC"
    assert by_check["min order"]["data"]["sz"] == "0.00012"
    assert by_check["feed"]["data"]["bbo_frames"] > 2


Change = Callable[[Canned], None]


def answers(**changes: Any) -> Change:
    return lambda venue: venue.answers.update(changes)


def member(kind: str, **changes: Any) -> Change:
    return lambda venue: venue.answers[kind].update(changes)


def role(word: str, **data: Any) -> Change:
    return lambda venue: venue.answers.update({f"userRole {AGENT}": {"role": word, "data": data}})


def lapses(days: int) -> Change:
    told = [{"name": "mm-1", "address": AGENT, "validUntil": now_ms() + days * DAY_MS}]
    return answers(extraAgents=told)


def clock(ahead_ms: int) -> Change:
    return lambda venue: setattr(venue, "clock_ms", lambda: now_ms() + ahead_ms)


SICK: list[tuple[str, Change, str]] = [
    ("an upgrade", answers(exchangeStatus={"specialStatuses": "upgrade"}), "✗ FAIL   status"),
    ("no status", answers(exchangeStatus=502), "? UNREAD clock"),
    ("a clock behind", clock(3_500), "✗ FAIL   clock"),
    ("a clock ahead", clock(-61_000), "✗ FAIL   clock"),
    ("a master key", role("user"), "✗ FAIL   key"),
    ("a removed agent", role("missing"), "✗ FAIL   key"),
    ("a stranger's agent", role("agent", user=STRANGER), "✗ FAIL   key"),
    ("a vault's address", role("vault"), "✗ FAIL   key"),
    ("a lapsed agent", lapses(-1), "✗ FAIL   expiry"),
    ("an unlisted agent", answers(extraAgents=[]), "? UNREAD expiry"),
    ("no money", member("clearinghouseState", marginSummary=summary("0.0")), "✗ FAIL   equity"),
    ("no fees", answers(userFees=429), "? UNREAD fees"),
    ("fees of another shape", answers(userFees={"userAddRate": 0.00015}), "? UNREAD fees"),
    ("no budget", member("userRateLimit", nRequestsUsed=2_864_575), "✗ FAIL   budget"),
    ("no answer", answers(userRateLimit=b"<html>"), "? UNREAD deadman"),
    ("a foreign order", answers(openOrders=[order("BTC", 9)]), "✗ FAIL   orders"),
    ("orders unread", answers(openOrders=500), "? UNREAD orders"),
    ("full", answers(openOrders=[order("SOL", oid) for oid in range(1_000)]), "✗ FAIL   limit"),
    ("no mid", answers(allMids={}), "? UNREAD min order"),
    ("a broken list", answers(meta=b"{"), "? UNREAD min order"),
    ("a silent stream", lambda venue: venue.deaf.update({"bbo"}), "✗ FAIL   feed"),
]


@pytest.mark.parametrize(("change", "line"), [case[1:] for case in SICK], ids=[case[0] for case in SICK])
def test_a_sick_account_ends_with_1_and_the_line(venue: Canned, change: Change, line: str) -> None:
    change(venue)
    done = run(venue, *SOUND)
    assert done.exit_code == 1, done.output
    lines = done.stdout.splitlines()
    at = [number for number, text in enumerate(lines) if text.startswith(line)]
    assert at, done.output
    following = lines[at[0] + 1 :]
    assert any("fix: " in text for text in following[:4]), "the fix is told below"
    assert lines[-1].startswith("not fit: ")


def test_a_standstill_is_seen_in_a_second(venue: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "SAMPLE_PAUSE_S", 0.21)
    stopped = now_ms()
    venue.clock_ms = lambda: stopped
    done = run(venue, *SOUND)
    assert done.exit_code == 1
    assert "✗ FAIL   status     the venue's time stands still" in done.stdout


WARNED: list[tuple[str, Change, str]] = [
    ("an agent near its end", lapses(10), "! warn   expiry"),
    ("little volume", member("userRateLimit", cumVlm="12066.75"), "! warn   deadman"),
    ("a position", member("clearinghouseState", assetPositions=[position("BTC", "0.4")]), "! warn   positions"),
    ("a slow clock", clock(1_500), "! warn   clock"),
]


@pytest.mark.parametrize(("change", "line"), [case[1:] for case in WARNED], ids=[case[0] for case in WARNED])
def test_a_warning_is_said_and_ends_with_0(venue: Canned, change: Change, line: str) -> None:
    change(venue)
    done = run(venue, *SOUND)
    assert done.exit_code == 0, done.output
    assert line in done.stdout


def test_the_unnamed_agent_is_found_over_the_socket(venue: Canned) -> None:
    venue.answers["extraAgents"] = []
    venue.user_state = {"agentAddress": AGENT, "agentValidUntil": now_ms() + 50 * DAY_MS}
    done = run(venue, *SOUND, coins=())
    assert "the unnamed agent is valid until" in done.stdout
    assert done.exit_code == 0


def test_a_named_agent_is_not_looked_for_over_the_socket(venue: Canned) -> None:
    done = run(venue, *SOUND, coins=())
    assert "agent “mm-1” is valid until" in done.stdout
    assert not venue.subscribed


def test_a_sub_account_is_known_by_its_master(venue: Canned) -> None:
    done = run(venue, "--account", SUB, "--agent", AGENT)
    assert done.exit_code == 0, done.output
    assert "whose sub-account it is" in done.stdout


def test_a_master_key_is_taken_where_it_is_allowed(venue: Canned) -> None:
    done = run(venue, "--account", MASTER, "--agent", MASTER, "--allow-master-key")
    assert "! warn   key" in done.stdout
    assert done.exit_code == 0
    assert run(venue, "--account", MASTER, "--agent", MASTER).exit_code == 1


def test_the_agent_given_as_the_account(venue: Canned) -> None:
    done = run(venue, "--account", AGENT, "--agent", AGENT)
    assert done.exit_code == 1
    assert "is the key's own address" in done.stdout
    assert "give its master's address as the account" in done.stdout


def test_every_kind_of_coin(venue: Canned) -> None:
    done = run(venue, *SOUND, coins=("BTC", "xyz:GOLD", "@107", "xyz:GOLD"))
    assert done.exit_code == 0, done.output
    for coin in ("BTC", "xyz:GOLD", "@107"):
        assert done.stdout.count(f"min order  {coin}: ") == done.stdout.count(f"feed       {coin}: ") == 1
    assert "fees       spot: maker pays 4 bp" in done.stdout


def test_a_coin_that_there_is_not_leaves_the_others_their_feed(venue: Canned) -> None:
    done = run(venue, *SOUND, coins=("NOPE", "BTC"))
    assert done.exit_code == 1
    assert "min order  NOPE: the venue has no such coin" in done.stdout
    assert "✓ ok     feed       BTC: " in done.stdout
    assert "NOPE" not in {subscription.get("coin") for subscription in venue.subscribed}
    assert "feed" not in run(venue, *SOUND, coins=("NOPE",)).stdout.replace("feed: median", "")


def test_a_dex_that_there_is_not_is_not_asked_about(venue: Canned) -> None:
    done = run(venue, *SOUND, coins=("abc:GOLD", "BTC"))
    assert done.exit_code == 1
    assert "UNREAD" not in done.stdout
    assert "abc" not in {body.get("dex") for body in venue.asked}
    assert "abc:GOLD" not in {subscription.get("coin") for subscription in venue.subscribed}


def test_who_asks_too_often_is_told_so_and_asks_no_more(venue: Canned) -> None:
    venue.answers["userFees"] = 429
    done = run(venue, *SOUND)
    assert done.exit_code == 1
    assert "too many requests from here (HTTP 429)" in " ".join(done.stdout.split())
    assert [body["type"] for body in venue.asked][-1] == "userFees"


def test_who_looks_at_a_terminal_is_told_to_wait(venue: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(venue, *SOUND).stderr == ""
    monkeypatch.setattr("mm.doctor.command.someone_is_looking", lambda: True)
    told = run(venue, *SOUND).stderr
    assert "looking" in told
    assert told.endswith(f"\r{' ' * len(told.partition(chr(13))[0])}\r"), "and the line is gone when the report comes"
    assert run(venue, *SOUND, "--json").stderr == ""


def test_without_account_and_key_the_venue_alone_is_looked_at(venue: Canned) -> None:
    done = run(venue, coins=())
    assert done.exit_code == 0
    assert done.stdout.count("! warn") == 3
    assert {body["type"] for body in venue.asked} == {"exchangeStatus"}


def test_a_key_is_named_by_its_source(venue: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    from mm._core import sign

    monkeypatch.setenv("MM_AGENT_KEY", "11" * 32)
    address = sign.address_of("11" * 32)
    venue.answers[f"userRole {address}"] = {"role": "agent", "data": {"user": MASTER}}
    venue.answers["extraAgents"][0]["address"] = address
    assert run(venue, "--account", MASTER, "--agent-key", "env:MM_AGENT_KEY").exit_code == 0
    monkeypatch.setenv("MM_AGENT_KEY", "11" * 31)
    done = run(venue, "--account", MASTER, "--agent-key", "env:MM_AGENT_KEY")
    assert done.exit_code == 1
    assert "holds no key" in done.stdout
    assert "1111" not in done.stdout


def test_the_run_directory(venue: Canned, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert "does not exist" in run(venue, *SOUND, "--run-dir", str(runs)).stdout
    runs.mkdir(0o700)
    (runs / "journal.db").touch(0o600)
    assert run(venue, *SOUND, "--run-dir", str(runs)).exit_code == 0
    (runs / "journal.db").chmod(0o640)
    done = run(venue, *SOUND, "--run-dir", str(runs))
    assert (done.exit_code, "chmod 600 on these files" in done.stdout) == (1, True)


def test_a_venue_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = CliRunner().invoke(cli, ["doctor", "--url", url, *SOUND])
    assert done.exit_code == 1
    assert "✗ FAIL   reach" in done.stdout
    assert done.stdout.splitlines()[-1] == "not fit: 1 FAIL"
    assert "cannot be reached: connection refused" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<!DOCTYPE html>...", "userFees: a page instead of JSON"),
        (502, "userFees: HTTP 502: null"),
        (b"", "userFees: an empty answer"),
    ],
)
def test_what_is_no_answer_is_told_in_words(venue: Canned, answer: object, words: str) -> None:
    venue.answers["userFees"] = answer
    assert words in " ".join(run(venue, *SOUND).stdout.split())


def test_a_server_that_is_no_venue_is_told_at_the_door(venue: Canned) -> None:
    venue.answers["exchangeStatus"] = 404
    done = run(venue, *SOUND)
    assert done.exit_code == 1
    assert "what answers there is no Hyperliquid (HTTP 404: null)" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1] == "not fit: 1 FAIL"
    assert len(venue.asked) == 2


def test_a_venue_without_tls(venue: Canned) -> None:
    done = CliRunner().invoke(cli, ["doctor", "--url", venue.url.replace("http:", "https:"), *SOUND])
    assert done.exit_code == 1
    assert "no TLS is spoken there" in " ".join(done.stdout.split())


def test_a_venue_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "TIMEOUT_S", 0.2)
    monkeypatch.setattr("mm.doctor.watch.CONNECT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = CliRunner().invoke(cli, ["doctor", "--url", url, *SOUND, "--coin", "BTC", "--seconds", "1"])
    assert done.exit_code == 1
    assert "no answer in 0.2 s" in done.stdout
    assert "? UNREAD feed" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["--url", url]
            for url in ("ftp://x", "x", "http://", "http://u@h", "http://h/p", "http://h?x", "http://h:99999")
        ),
        *(["--account", text] for text in ("0x12", "51" * 20, "0x" + "51" * 32)),
        *(["--rate", text] for text in ("0", "-1", "nan", "inf", "x", "1001")),
        *(["--seconds", text] for text in ("0", "-1", "nan", "1000")),
        *(["--coin", text] for text in ("", " ", "BTC ETH", "\x1b[31m")),
        ["--agent", AGENT, "--agent-key", "env:K"],
        [word for number in range(41) for word in ("--coin", f"C{number}")],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_what_is_asked_wrongly_is_a_usage_error(words: list[str]) -> None:
    done = CliRunner().invoke(cli, ["doctor", "--url", "http://127.0.0.1:9", *words])
    assert done.exit_code == 2, done.output
    assert "51" * 32 not in done.output, "what may be a key is not repeated"


@pytest.mark.parametrize("plain", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_for_those_who_want_it(venue: Canned, plain: dict[str, str]) -> None:
    environment = {"NO_COLOR": "", "TERM": "xterm", **plain}
    done = CliRunner().invoke(cli, ["doctor", "--url", venue.url], color=True, env=environment)
    assert ("\x1b[" in done.stdout) is (not plain)


def test_a_terminal_without_our_marks_is_spoken_to_in_ascii(venue: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm.doctor.command._has_marks", lambda: False)
    done = run(venue, *SOUND)
    assert "+ ok     key" in done.stdout
    assert done.stdout.isascii(), [line for line in done.stdout.splitlines() if not line.isascii()]
