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
    "oa.token", "oa.encoding_aes_key", "oa.secret", "mini.token", "mini.encoding_aes_key", "mini.secret",
    "wecom.token", "wecom.encoding_aes_key", "wecom.secret", "douyin.client_secret", "youzan.client_secret",
    "xiaohongshu.app_secret", "xiaohongshu.access_token", "tmall.app_secret", "tmall.session", "jd.app_secret",
    "jd.access_token", "forms.secret", "sms.path_secret", "email.secret", "ads_ocean.path_secret",
    "ads_tencent.path_secret", "sms.access_secret",
)  # fmt: skip
"""Touchpoint and setting, which is how their files are called."""

_AES: Final = ".encoding_aes_key"
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
        length = 43 if name.endswith(_AES) else 32
        # The last letter of a key holds two bits that must be 0.
        text = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])
        values[name] = text[:-1] + "A" if name.endswith(_AES) else text
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
