"""A key that is known to everybody, and every way in which it could be written down."""

import base64

CANARY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
CANARY_ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
PASSPHRASE = "correct horse battery staple"


def spellings(key: str = CANARY) -> list[str]:
    """The key in every encoding that a log or a repr might use; parts of it too, for what is cut or wrapped."""
    raw = bytes.fromhex(key)
    texts = [key, key.upper(), str(int(key, 16)), repr(raw)[2:-1], repr(list(raw))[1:-1], " ".join(map(str, raw))]
    texts += [base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")]
    texts += [
        raw.hex(" "),
        raw.hex(":"),
        repr(raw[:16])[2:-1],
        key[:16],
        key[-16:],
        key[:16].upper(),
        key[-16:].upper(),
    ]
    texts += [base64.b64encode(raw).decode()[:16], base64.b64encode(key.encode()).decode()[:32], raw[::-1].hex()]
    texts += [repr(key.encode())[2:-1], bytearray(raw).__repr__()[12:-2]]
    return texts


def leaks(text: str, key: str = CANARY) -> list[str]:
    """The spellings that are in the text."""
    return [spelling for spelling in spellings(key) if spelling in text]
