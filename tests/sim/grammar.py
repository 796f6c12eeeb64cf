"""What the real venue was heard to say, as a grammar: per place the names, and the kinds of value that occur there."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.(\d*[1-9]|0)")
"""How the venue prints what is a number: a dot always, no zero too many, no exponent."""
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
FREE = {"info:allMids", "ws:allMids.mids", "ws:allDexsAssetCtxs"}
"""Objects whose names are coins."""


def kind(value: Any) -> str:
    """What kind of value it is; a text that is a number is a `decimal` if it is printed as the venue prints them."""
    if isinstance(value, str):
        if DECIMAL.fullmatch(value):
            return "decimal"
        return "number" if NUMBER.fullmatch(value) else "text"
    return {bool: "bool", int: "int", float: "float", dict: "object", list: "list"}.get(type(value), "null")


@dataclass
class Place:
    """One place in a message."""

    kinds: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    always: set[str] | None = None
    """The names that no object lacked that was seen here."""


Grammar = dict[str, Place]


def learn(grammar: Grammar, place: str, value: Any) -> None:
    """Adds what is seen at a place and below."""
    here = grammar.setdefault(place, Place())
    here.kinds.add(kind(value))
    if isinstance(value, dict):
        names = {"*"} if place in FREE else set(value)
        here.names |= names
        here.always = names if here.always is None else here.always & names
        for name, item in value.items():
            learn(grammar, f"{place}.{'*' if place in FREE else name}", item)
    elif isinstance(value, list):
        for item in value:
            learn(grammar, f"{place}[]", item)


def about(request: Any, body: Any) -> Iterator[tuple[str, Any]]:
    """Under which key a body is learnt: of an action, of a read, of a stream; a post's answer is both."""
    if isinstance(body, dict) and isinstance(body.get("channel"), str):
        channel: str = body["channel"]
        data: Any = body.get("data")
        if channel == "post":
            yield "ws:post", {**data, "response": {**data["response"], "payload": None}}
            yield from about(None, data["response"].get("payload"))
        elif "data" in body:
            yield f"ws:{channel}", data
    elif isinstance(body, dict) and body.get("status") in ("ok", "err"):
        response = body.get("response")
        yield f"exchange:{response.get('type') if isinstance(response, dict) else 'err'}", body
    elif isinstance(request, dict) and isinstance(request.get("type"), str):
        yield f"info:{request['type']}", body
    elif isinstance(body, dict) and set(body) == {"type", "data"}:
        yield f"info:{body['type']}", body["data"]


def parsed(text: Any) -> Any:
    """A body, which may be text."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def recorded(shared: Path) -> Iterator[tuple[Any, Any]]:
    """(request, body) of everything that was recorded."""
    for file in sorted((shared / "vectors" / "captures").glob("*.json")):
        for item in json.loads(file.read_text())["items"]:
            yield item.get("request"), item["body"]
    trips = shared / "data" / "roundtrips"
    for name in ("rest_testnet_mainnet_2025.jsonl", "frames_roq_tests.jsonl", "frames_captured.jsonl"):
        for line in (trips / name).read_text().splitlines():
            row = json.loads(line)
            yield row.get("request"), parsed(row.get("body", row.get("payload")))
    for line in gzip.decompress((trips / "rest_sdk_cassettes.jsonl.gz").read_bytes()).decode().splitlines():
        row = json.loads(line)
        yield parsed(row.get("request")), parsed(row["body"])
    yield {"type": "clearinghouseState"}, json.loads((trips / "clearinghouse_whale.json").read_text())
    contexts = shared / "data" / "meta" / "metaAndAssetCtxs_mainnet_20260206.json.gz"
    yield {"type": "metaAndAssetCtxs"}, json.loads(gzip.decompress(contexts.read_bytes()))


def learnt(shared: Path) -> Grammar:
    """The grammar of everything that was recorded."""
    grammar: Grammar = {}
    for request, body in recorded(shared):
        for key, value in about(request, body):
            learn(grammar, key, value)
    return grammar


def differences(real: Grammar, ours: Grammar) -> set[str]:
    """Names that only one of the two has, and kinds that only ours has; of what both speak of."""
    found = set()
    for place, here in ours.items():
        there = real.get(place)
        if there is None:
            continue  # Told by the name above it, or nothing was recorded of all this.
        found |= {f"{place}: {kind}" for kind in here.kinds - there.kinds}
        found |= {f"{place}.{name}: only ours" for name in here.names - there.names}
        if here.names:
            found |= {f"{place}.{name}: only theirs" for name in (there.always or set()) - here.names}
    return found
