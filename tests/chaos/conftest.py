"""Until the signing module is built: its three functions, made of the official SDK's."""

import json
import sys
from typing import Any

import mm._core.sign as sign

if not hasattr(sign, "recover"):
    from eth_account import Account
    from hyperliquid.utils import signing

    APPROVE = [
        {"name": "hyperliquidChain", "type": "string"},
        {"name": "agentAddress", "type": "address"},
        {"name": "agentName", "type": "string"},
        {"name": "nonce", "type": "uint64"},
    ]

    def recover(body: bytes, mainnet: bool) -> str:
        envelope = json.loads(body)
        action, signature = envelope["action"], envelope["signature"]
        try:
            if "signatureChainId" in action:
                named = {"agentName": "", **action}
                return signing.recover_user_from_user_signed_action(
                    named, signature, APPROVE, "HyperliquidTransaction:ApproveAgent", mainnet
                ).lower()
            return signing.recover_agent_or_user_from_l1_action(
                action,
                signature,
                envelope.get("vaultAddress"),
                envelope["nonce"],
                envelope.get("expiresAfter"),
                mainnet,
            ).lower()
        except Exception as error:
            raise ValueError(str(error)) from error

    class Signer:
        def __init__(self, key: str, *, mainnet: bool) -> None:
            self.wallet, self.mainnet = Account.from_key(key), mainnet

        def action(self, action: str, *, nonce: int, expires_ms: int | None = None) -> bytes:
            words = json.loads(action)
            signature = signing.sign_l1_action(self.wallet, words, None, nonce, expires_ms, self.mainnet)
            body = {
                "action": words,
                "nonce": nonce,
                "signature": signature,
                "vaultAddress": None,
                "expiresAfter": expires_ms,
            }
            return json.dumps(body).encode()

    def address_of(key: str) -> str:
        return str(Account.from_key(key).address).lower()

    sign.recover, sign.Signer, sign.address_of = recover, Signer, address_of
