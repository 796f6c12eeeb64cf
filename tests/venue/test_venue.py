"""The simulated venue through its Python face: signatures, answers, faults, determinism, bad arguments."""

import json
import subprocess
import sys
from typing import Any

import pytest

from mm._core import Engine
from mm._core.sign import OrderWire, Signer
from mm._core.venue import Venue, faults, settings
from mm.errors import BadInput, Unrepresentable
from tests.venue.desk import KEYS, START, Desk

NOBODY = "0x" + "9" * 40


def test_a_signed_order_rests_and_is_cancelled() -> None:
    desk = Desk()
    oid = desk.order(0, True, "83000", "0.001", cloid="0x" + "a" * 32)["resting"]["oid"]
    assert desk.ask(type="openOrders", user=desk.user(0).upper().replace("X", "x"))[0]["oid"] == oid
    told = desk.say(desk.signers[0].cancels([(0, oid)], nonce=desk.fresh()))
    assert told["response"] == {"type": "cancel", "data": {"statuses": ["success"]}}
    assert desk.ask(type="orderStatus", user=desk.user(0), oid=oid)["order"]["status"] == "canceled"
    assert desk.ask(type="orderStatus", user=desk.user(1), oid=oid) == {"status": "unknownOid"}


def test_a_signature_for_the_other_network_is_of_somebody_who_does_not_exist() -> None:
    desk = Desk()
    stranger = Signer(KEYS[0], mainnet=True)
    told = desk.say(stranger.orders([OrderWire(0, True, "83000", "0.001", "Alo")], nonce=desk.fresh()))
    assert told["status"] == "err"
    assert told["response"].startswith("User or API Wallet 0x")
    assert told["response"].endswith(" does not exist.")
    assert desk.user(0) not in told["response"]


def test_a_body_that_was_changed_is_of_somebody_else() -> None:
    desk = Desk()
    body = desk.signers[0].orders([OrderWire(0, True, "83000", "0.001", "Alo")], nonce=desk.fresh())
    told = desk.say(body.replace(b'"0.001"', b'"0.002"'))
    assert "does not exist" in told["response"]
    assert desk.say(body)["status"] == "ok", "and its nonce was not used"


def test_what_cannot_be_read_is_422() -> None:
    desk = Desk()
    for body in (b"", b"{", b"\xff\xfe", b"[]", b'{"action":{"type":"order"}}', b'"' + b"a" * 100_000):
        ticket = desk.venue.exchange(body)
        again = desk.venue.info(body)
        desk.wait()
        assert desk.replies[ticket] == (422, "Failed to deserialize the JSON body into the target type")
        assert desk.replies[again][0] == 422


def test_an_agent_signs_and_is_no_more_when_removed() -> None:
    desk = Desk()
    agent = Signer(bytes([9]) * 32, mainnet=False)
    desk.venue.add_agent(desk.user(0), agent.address)
    told = desk.say(agent.orders([OrderWire(0, True, "83000", "0.001", "Alo")], nonce=desk.fresh()))
    assert "resting" in told["response"]["data"]["statuses"][0]
    assert desk.ask(type="userRole", user=agent.address) == {"role": "agent", "data": {"user": desk.user(0)}}
    assert desk.ask(type="openOrders", user=agent.address) == []
    desk.venue.remove_agent(agent.address)
    told = desk.say(agent.noop(nonce=desk.fresh()))
    assert told["response"] == f"User or API Wallet {agent.address} does not exist."


def test_a_sub_account_is_acted_for() -> None:
    desk = Desk()
    sub = "0x" + "5" * 40
    desk.venue.open_account(sub, 5_000, master=desk.user(0))
    signer = Signer(KEYS[0], mainnet=False, vault=sub)
    told = desk.say(signer.orders([OrderWire(0, True, "83000", "0.001", "Alo")], nonce=desk.fresh()))
    assert "resting" in told["response"]["data"]["statuses"][0]
    assert len(desk.ask(type="openOrders", user=sub)) == 1
    assert desk.ask(type="userRole", user=sub) == {"role": "subAccount", "data": {"master": desk.user(0)}}


def test_a_vault_is_traded_for_by_its_leader_and_by_nobody_else() -> None:
    desk = Desk()
    vault = "0x" + "7" * 40
    desk.venue.open_account(vault, 5_000, leader=desk.user(0))
    order = [OrderWire(0, True, "83000", "0.001", "Alo")]
    told = desk.say(Signer(KEYS[1], mainnet=False, vault=vault).orders(order, nonce=desk.fresh()))
    assert told["status"] == "err"
    told = desk.say(Signer(KEYS[0], mainnet=False, vault=vault).orders(order, nonce=desk.fresh()))
    assert "resting" in told["response"]["data"]["statuses"][0]
    assert (len(desk.ask(type="openOrders", user=vault)), desk.ask(type="openOrders", user=desk.user(0))) == (1, [])
    assert desk.ask(type="userRole", user=vault) == {"role": "vault"}


def play(desk: Desk) -> None:
    """A small story with fills on both sides, a modify and a cancel."""
    first = desk.order(0, True, "83700", "0.002")["resting"]["oid"]
    desk.order(1, False, "83700", "0.0005", "Ioc")
    wire = OrderWire(0, True, "83690", "0.003", "Alo")
    told = desk.say(desk.signers[0].modifies([(first, wire)], nonce=desk.fresh()))
    second = told["response"]["data"]["statuses"][0]["resting"]["oid"]
    desk.order(1, False, "83690", "0.001", "Ioc")
    desk.order(0, False, "83650", "0.0004", "Gtc")
    desk.say(desk.signers[0].cancels([(0, second)], nonce=desk.fresh()))


def test_the_engine_that_reads_the_frames_ends_where_the_venue_stands() -> None:
    desk = Desk()
    socket = desk.venue.open_socket()
    for kind in ("userFills", "orderUpdates"):
        desk.subscribe(socket, type=kind, user=desk.user(0))
    play(desk)
    engine = Engine()
    for frame in desk.raw:
        engine.process_ws(frame, START)
    truth = desk.truth(0)
    assert str(engine.position("BTC").size) == truth["positions"]["BTC"]
    fills = [fill for data in desk.said("userFills") for fill in data["fills"]]
    assert fills == truth["lastFills"]
    assert [fill["startPosition"] for fill in fills] == ["0.0", "0.0005", "0.0015"][: len(fills)]


def test_every_fault_strikes_and_nothing_breaks() -> None:
    for name in faults():
        desk = Desk(seed=3)
        socket = desk.venue.open_socket()
        desk.subscribe(socket, type="userFills", user=desk.user(0))
        desk.subscribe(socket, type="orderUpdates", user=desk.user(0))
        desk.venue.fault(name, per_million=300_000, amount=200)
        for number in range(30):
            wire = OrderWire(0, number % 2 == 0, "83700", "0.001", "Gtc")
            body = desk.signers[number % 2].orders([wire], nonce=desk.fresh())
            desk.venue.exchange(body)
            desk.venue.info(json.dumps({"type": "openOrders", "user": desk.user(0)}).encode())
            desk.venue.info(b'{"type":"meta"}')
            if name in {"frame_truncated", "reply_truncated", "reply_html", "broken_502_after", "broken_502_before"}:
                desk.venue.advance(desk.venue.now_ms + 300)  # what is broken is not for the desk to read
            else:
                desk.wait(300)
        if name not in {"modify_default", "modify_cancel_first", "reply_duplicated", "socket_refused"}:
            assert desk.venue.struck().get(name, 0) > 0, name
        desk.venue.check()
        desk.venue.heal()
        assert desk.venue.struck().keys() <= {name}


RUN = """
import hashlib
from mm._core.venue import Venue
venue = Venue({seed}, market={{"BTC": "thin", "HYPE": "quiet"}})
socket = venue.open_socket()
venue.socket_message(socket, b'{{"method":"subscribe","subscription":{{"type":"trades","coin":"BTC"}}}}')
venue.fault("frame_reordered", per_million=50_000, amount=900)
heard = hashlib.sha256()
for _ in range({pieces}):
    for output in venue.advance(venue.now_ms + 120_000 // {pieces}):
        heard.update(repr(output).encode())
print(venue.trace_hash(), heard.hexdigest())
"""


def test_the_same_seed_gives_the_same_trace_in_every_process() -> None:
    def run(seed: int, pieces: int) -> str:
        code = RUN.format(seed=seed, pieces=pieces)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout

    assert run(7, 1) == run(7, 1) == run(7, 240)
    assert run(7, 1) != run(8, 1)


def test_settings_and_faults_say_what_they_are() -> None:
    assert settings()["front.ip_weight"] == "weight of an IP a minute; 0 for any"
    assert faults()["frame_lost"] == "N7"


@pytest.mark.parametrize(
    ("make", "error", "field"),
    [
        (lambda: Venue("1"), BadInput, "seed"),  # type: ignore[arg-type]
        (lambda: Venue(-1), BadInput, "seed"),
        (lambda: Venue(1.5), BadInput, "seed"),  # type: ignore[arg-type]
        (lambda: Venue(start_ms=2**63), BadInput, "start_ms"),
        (lambda: Venue(settings={"nothing": 1}), BadInput, "settings"),
        (lambda: Venue(settings={"front.greeting": 2}), BadInput, "settings"),
        (lambda: Venue(settings={"block.base": 10**12}), BadInput, "settings"),
        (lambda: Venue(market={"NOPE": "deep"}), BadInput, "market"),
        (lambda: Venue(market={"BTC": "wild"}), BadInput, "market"),  # type: ignore[dict-item]
        (lambda: Venue(recording={"BTC": [("trade", 1, "B", "x", "1")]}), BadInput, "px"),
        (lambda: Venue(recording={"BTC": [("noise", 1)]}), BadInput, "recording"),
        (lambda: Venue(recording={"BTC": [("book",)]}), BadInput, "recording"),
        (lambda: Venue(perps={"": b"{"}), BadInput, "perps"),
        (lambda: Venue(perps={"xyz": b"{}"}), BadInput, "perps"),
        (lambda: Venue().advance(True), BadInput, "until_ms"),
        (lambda: Venue().advance(2**63), BadInput, "until_ms"),
        (lambda: Venue().step(START + 400 * 86_400_000), BadInput, "until_ms"),
        (lambda: Venue().delist("NOPE"), BadInput, "coin"),
        (lambda: Venue().open_account("0x1"), BadInput, "address"),
        (lambda: Venue().open_account(NOBODY, -1), BadInput, "usd"),
        (lambda: Venue().open_account(NOBODY, 1.5), Unrepresentable, "usd"),  # type: ignore[arg-type]
        (lambda: Venue().open_account(NOBODY, 10**30), Unrepresentable, "usd"),
        (lambda: Venue().open_account(NOBODY, spot={"NOPE": 1}), BadInput, "dexes"),
        (lambda: Venue().open_account(NOBODY, master=NOBODY), BadInput, "master"),
        (lambda: Venue().open_account(NOBODY, leader=NOBODY), BadInput, "leader"),
        (lambda: Venue().add_agent(NOBODY, NOBODY), BadInput, "account"),
        (lambda: Venue().set_oracle("NOPE", 1), BadInput, "coin"),
        (lambda: Venue().set_oracle("BTC", "NaN"), BadInput, "px"),
        (lambda: Venue().set_oracle("BTC", 10**10), Unrepresentable, "px"),
        (lambda: Venue().venue_cancel(1, "open"), BadInput, "status"),
        (lambda: Venue().fault("nothing"), BadInput, "name"),
        (lambda: Venue().fault("frame_lost", channel="nothing"), BadInput, "channel"),  # type: ignore[arg-type]
        (lambda: Venue().fault("frame_lost", per_million=2_000_000), BadInput, "per_million"),
        (lambda: Venue().truth(NOBODY), BadInput, "account"),
    ],
)
def test_wrong_arguments_are_refused_by_name(make: Any, error: type[Exception], field: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert caught.value.field == field  # type: ignore[attr-defined]


def test_calls_on_what_is_not_there_change_nothing() -> None:
    venue = Venue()
    venue.socket_message(77, b'{"method":"ping"}')
    venue.close_socket(77)
    assert venue.advance(venue.now_ms + 1_000) == []
    assert venue.venue_cancel(1) is False
    before = venue.now_ms
    venue.advance(before - 500)
    assert venue.now_ms == before, "time does not go back"
