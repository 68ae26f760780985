"""A mail server for what is sent over the sandbox: it takes mails on loopback and delivers none (RFC 5321).

At the sandbox's port plus one, without TLS. What is answered, the account's double says.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from onepool.sandbox.doubles.email import Email, Mail

_LINE: Final = 2_048
_BYTES: Final = 25 << 20
_SECONDS: Final = 60.0
_ADDRESS: Final = re.compile(r"(?:FROM|TO):\s*<([^<>\s]{0,320})>", re.IGNORECASE)

Lock = AbstractContextManager[Any]
Choosing = Callable[[str], Email | None]
"""The account whose sender that is."""


async def serve_mail(host: str, port: int, choose: Choosing, lock: Lock) -> asyncio.Server:
    """A server that takes mails; ``lock`` is held while a double is asked. Raises OSError."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, _Done):
            await _Talk(reader, writer, choose, lock).run()
        writer.close()

    return await asyncio.start_server(talk, host, port, limit=_BYTES)


class _Done(Exception):
    """The connection ends here."""


class _Talk:
    """One connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, choose: Choosing, lock: Lock
    ) -> None:
        self._lock = lock
        self._reader = reader
        self._writer = writer
        self._choose = choose
        self._sender: str | None = None
        self._double: Email | None = None
        self._receivers: list[str] = []

    async def run(self) -> None:
        await self._say("220 sandbox ESMTP: nothing is delivered")
        while True:
            line = await self._line()
            word, _, rest = line.partition(" ")
            await self._command(word.upper(), rest)

    async def _command(self, word: str, rest: str) -> None:
        if word in ("EHLO", "HELO"):
            await self._say("250-sandbox" if word == "EHLO" else "250 sandbox")
            if word == "EHLO":
                await self._say("250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN")
        elif word == "AUTH":
            await self._login(rest)
        elif word == "MAIL":
            match = _ADDRESS.match(rest)
            self._sender, self._receivers = (match[1] if match else None), []
            self._double = self._choose(self._sender or "")
            known = self._sender is not None and self._double is not None
            await self._say("250 2.1.0 OK" if known else "550 5.7.1 sender is no touchpoint's here")
        elif word == "RCPT":
            await self._receiver(rest)
        elif word == "DATA":
            await self._data()
        elif word in ("RSET", "NOOP"):
            self._receivers = []
            await self._say("250 2.0.0 OK")
        elif word == "QUIT":
            await self._say("221 2.0.0 bye")
            raise _Done
        else:
            await self._say("502 5.5.1 not known")

    async def _login(self, rest: str) -> None:
        """Any name and password: the double of a mail server has no accounts."""
        kind, _, given = rest.partition(" ")
        if kind.upper() == "LOGIN":
            for prompt in ("334 UGFzc3dvcmQ6",) if given else ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
                await self._say(prompt)
                await self._line()
        elif not given:
            await self._say("334 ")
            await self._line()
        await self._say("235 2.7.0 OK")

    async def _receiver(self, rest: str) -> None:
        match = _ADDRESS.match(rest)
        if self._double is None or match is None:
            await self._say("503 5.5.1 MAIL first, then an address")
            return
        with self._lock:
            code, words = self._double.receiver(match[1])
        if code == 250:
            self._receivers.append(match[1])
        await self._say(f"{code} {words}")

    async def _data(self) -> None:
        if self._double is None or not self._receivers or self._sender is None:
            await self._say("503 5.5.1 nobody to send to")
            return
        await self._say("354 go on")
        raw = await asyncio.wait_for(self._reader.readuntil(b"\r\n.\r\n"), _SECONDS)
        plain = raw[:-3].replace(b"\r\n..", b"\r\n.")
        with self._lock:
            code, words = self._double.taken(Mail(self._sender, tuple(self._receivers), plain))
        self._receivers = []
        if code == 0:
            raise _Done  # taken, and nobody will know
        await self._say(f"{code} {words}")

    async def _line(self) -> str:
        line = await asyncio.wait_for(self._reader.readuntil(b"\r\n"), _SECONDS)
        if len(line) > _LINE:
            await self._say("500 5.5.2 line too long")
            raise _Done
        return line[:-2].decode("utf-8", "replace")

    async def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")
        await self._writer.drain()
