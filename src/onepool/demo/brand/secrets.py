"""The secrets that the brand shares with its platforms: made once for each workspace, kept in its data folder only."""

from __future__ import annotations

import hashlib
import os
import secrets as source
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = "secrets"

_NAMES: Final = (
    "oa_token", "oa_aes_key", "oa_secret", "mini_token", "mini_aes_key", "mini_secret", "wecom_token",
    "wecom_aes_key", "wecom_secret", "douyin_secret", "youzan_secret", "xhs_secret", "tmall_secret",
    "tmall_session", "jd_secret", "jd_token", "xhs_token", "forms_secret", "sms_path", "sms_secret",
    "email_secret", "ads_secret",
)  # fmt: skip
_AES: Final = ("oa_aes_key", "mini_aes_key", "wecom_aes_key")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Secrets:
    """By name; an AES key is 43 letters as WeChat wants it."""

    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def __repr__(self) -> str:
        return "Secrets(…)"


def made_up(seed: int) -> Secrets:
    """Secrets from a seed, for traffic that goes nowhere."""
    values = {}
    for name in _NAMES:
        digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=48).digest()
        length = 43 if name in _AES else 32
        # The last letter of a key holds two bits that must be 0.
        text = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])
        values[name] = text[:-1] + "A" if name in _AES else text
    return Secrets(values)


def write_secrets(data: Path) -> Secrets:
    """Draw new secrets into a workspace's data folder, for the owner only."""
    made = made_up(source.randbits(128))
    folder = data / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, value in made.values.items():
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(value)
    return made


def read_secrets(data: Path) -> Secrets:
    """The secrets of a workspace. Raises FileNotFoundError."""
    return Secrets({name: (data / FOLDER / name).read_text(encoding="ascii").strip() for name in _NAMES})
