"""The planted bugs (rust/mm-core/src/planted.rs) are for the tests of the tests: nothing that is shipped has them."""

import re
import tomllib

from tests.shape.repo import ROOT, files, texts

FEATURE = re.compile(r"\bplanted\b")


def test_no_manifest_enables_it() -> None:
    own = ROOT / "rust" / "mm-core" / "Cargo.toml"
    features = tomllib.loads(own.read_text(encoding="utf-8"))["features"]
    assert features["planted"] == []
    assert not [name for name, enabled in features.items() if "planted" in enabled]
    manifests = [path for path in files(".toml") if path != own]
    assert len(manifests) > 3
    assert not [path for path in manifests if FEATURE.search(path.read_text(encoding="utf-8"))]


def test_only_the_tests_are_built_with_it() -> None:
    recipes = re.findall(r"^\t.*$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    enabled = [line for line in recipes if FEATURE.search(line)]
    assert enabled, "the planted bugs are not looked for"
    assert all(re.search(r"CARGO\) test .*--package mm-core --features planted\b", line) for line in enabled)


def test_it_does_nothing_but_choose_among_bugs() -> None:
    gated = [
        path for path, text in texts(".rs", under=ROOT / "rust") if 'feature = "planted"' in text and "/src/" in path
    ]
    assert gated == ["rust/mm-core/src/planted.rs"]
