"""What spot coins are made of: base and quote token by the venue's name, from an answer of `spotMeta`."""

import json
from collections.abc import Mapping
from pathlib import Path

from mm.audit.source import BrokenStream, Source, Unusable
from mm.audit.text import Text


def spot_meta(path: Path) -> Mapping[str, tuple[str, str]]:
    """Base and quote token by coin. Raises `Unusable` where the file is no `spotMeta` answer."""
    source = Source(path)
    try:
        meta = json.loads("".join(Text(source).chunks()))
        if isinstance(meta, list):
            meta = meta[0]  # spotMetaAndAssetCtxs begins with it
        names = {token["index"]: str(token["name"]) for token in meta["tokens"]}
        pairs = {}
        for pair in meta["universe"]:
            base, quote = pair["tokens"]
            pairs[str(pair["name"])] = pairs[f"@{pair['index']}"] = (names[base], names[quote])
    except (BrokenStream, ValueError, LookupError, TypeError) as error:
        raise Unusable(f"is no answer of spotMeta ({type(error).__name__}: {error})") from error
    finally:
        source.close()
    return pairs
