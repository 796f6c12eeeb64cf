"""Who may know whom in rust/, and what the pure crates may not touch.

clippy.toml bans calls and types by name; this reads manifests and sources for what clippy cannot name: a whole
module of std, a literal, a dependency.
"""

import re
import tomllib
from typing import Any

import pytest

from tests.shape.repo import ROOT, files, places, rust_code, texts

RUST = ROOT / "rust"

# What each crate may depend on when it is built for users. Tests may use more ([dev-dependencies]).
MAY_DEPEND_ON: dict[str, set[str]] = {
    "mm-arrow": set(),
    "mm-core": set(),
    "mm-wire": {
        *("keccak", "memchr", "mm-core", "secp256k1", "zeroize"),
        *("aes", "ctr", "pbkdf2", "scrypt", "sha2", "subtle"),  # keystores (ADR 0012)
    },
    "mm-venue": {"mm-core", "mm-wire"},
    "mm-py": {"getrandom", "mm-arrow", "mm-core", "mm-venue", "mm-wire", "pyo3", "zeroize"},
}
PURE = ["mm-core", "mm-wire", "mm-venue"]
# Where a pointer may be followed, each place with its reason (ADR 0007); everywhere else the compiler refuses it.
MAY_BE_UNSAFE = {
    *("rust/mm-arrow/src/abi.rs", "rust/mm-arrow/src/read.rs", "rust/mm-arrow/src/table.rs"),
    *("rust/mm-arrow/tests/producer/mod.rs", "rust/mm-py/src/batch/arrow.rs"),
}

OUTSIDE = re.compile(r"\bstd\s*::\s*(?:\{[^}]*)?\b(?:env|fs|net|os|process|thread|time)\b")
UNSTABLE_ORDER = re.compile(r"\bstd::collections::(?:\{[^}]*)?\bHash(?:Map|Set)\b|\bRandomState\b")
FLOAT = re.compile(
    r"""
      \bf(?:32|64)\b                     # the types, in casts too
    | (?<![\w.])\d[\d_]*f(?:32|64)\b     # 1f64
    | (?<![\w.])\d[\d_]*\.\d             # 1.5, but not the tuple field x.0.1 nor the range 0..5
    | (?<![\w.])\d[\d_]*\.(?![\w.])      # 1.
    | (?<![\w.])\d[\d_]*[eE][+-]?\d      # 1e9
    """,
    re.VERBOSE,
)


def toml(*path: str) -> dict[str, Any]:
    return tomllib.loads(ROOT.joinpath(*path).read_text(encoding="utf-8"))


def found(pattern: re.Pattern[str], crate: str) -> str:
    sources = texts(".rs", under=RUST / crate / "src")
    return "\n".join(place for path, text in sources for place in places(pattern, rust_code(text), path))


def test_every_crate_is_declared_here() -> None:
    assert {path.parent.name for path in files("Cargo.toml", under=RUST)} == MAY_DEPEND_ON.keys()


@pytest.mark.parametrize("crate", MAY_DEPEND_ON)
def test_dependencies(crate: str) -> None:
    manifest = toml("rust", crate, "Cargo.toml")
    assert set(manifest.get("dependencies", {})) <= MAY_DEPEND_ON[crate]
    assert "build-dependencies" not in manifest
    assert "target" not in manifest, "a dependency on some platforms is a dependency"
    assert manifest["lints"] == {"workspace": True}


@pytest.mark.parametrize("crate", PURE)
def test_no_clock_file_socket_or_thread(crate: str) -> None:
    assert not found(OUTSIDE, crate)


@pytest.mark.parametrize("crate", PURE)
def test_no_map_without_an_order(crate: str) -> None:
    assert not found(UNSTABLE_ORDER, crate)


@pytest.mark.parametrize("crate", PURE)
def test_no_float(crate: str) -> None:
    assert not found(FLOAT, crate)


@pytest.mark.parametrize("crate", PURE)
def test_no_unsafe(crate: str) -> None:
    assert "#![forbid(unsafe_code)]" in (RUST / crate / "src" / "lib.rs").read_text(encoding="utf-8")


def test_unsafe_stands_where_it_may() -> None:
    found = {path for path, text in texts(".rs", under=RUST) if re.search(r"\bunsafe\b", rust_code(text))}
    assert found == MAY_BE_UNSAFE


@pytest.mark.parametrize("crate", PURE)
def test_clippy_is_told_the_same(crate: str) -> None:
    # clippy reads the nearest clippy.toml only, so a crate's own repeats the workspace's lines.
    common, own = toml("clippy.toml"), toml("rust", crate, "clippy.toml")
    assert common
    assert common.items() <= own.items()
    assert {"f32", "f64"} <= {entry["path"] for entry in own["disallowed-types"]}


@pytest.mark.parametrize("code", ["let x = 1.5;", "a(2.)", "1e9", "2.5e-3", "x as f64", "1f32", "1_000.0"])
def test_a_float_is_found(code: str) -> None:
    assert FLOAT.search(rust_code(code))


@pytest.mark.parametrize(
    "code",
    ["x.0.1", "0..5", "0..=5", "1.max(2)", "0x1e5", "/// 0.1 + 0.2", '"1.5"', 'r#"1.5"#', "b'.'", "/* 1.5 */", "1u64"],
)
def test_what_is_no_float_is_not(code: str) -> None:
    assert not FLOAT.search(rust_code(code))


@pytest.mark.parametrize(
    "code", ["use std::fs;", "std::time::Instant", "use std::{fmt, net::TcpStream};", "std :: env"]
)
def test_the_outside_is_found(code: str) -> None:
    assert OUTSIDE.search(rust_code(code))


@pytest.mark.parametrize("code", ["use std::fmt;", "let time = fill.time;", "// std::fs", '"std::fs"', "my_std::fsx"])
def test_what_is_no_outside_is_not(code: str) -> None:
    assert not OUTSIDE.search(rust_code(code))
