"""A mail as it goes out: text and HTML, one-click unsubscription (RFC 8058), a picture and links that tell, DKIM."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote

import dkim
from msgspec.structs import replace

from onepool.channels.base import Account, Message, Receipt, Unsendable
from onepool.channels.email.bounces import REFERENCE
from onepool.channels.email.tokens import Purpose, Token, mark, seal

MARKETING: Final = "marketing"
_LOCAL: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_ADDRESS: Final = re.compile(rf"({_LOCAL})@((?:[^\s@<>,;:\"()\[\]\\.]{{1,63}}\.)+[^\s@<>,;:\"()\[\]\\.]{{2,63}})")
_LINK: Final = re.compile(r"(<a\b[^>]*?\bhref\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_BREAKS: Final = re.compile(r"[\r\n\0]")
_SIGNED: Final = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
_LINE: Final = 990
"""Characters of a header's line: RFC 5322 allows 998 with what stands around it."""
UNSUBSCRIBE: Final = "{{unsubscribe_url}}"


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail ready to be sent: the envelope's ends, the bytes, and its Message-ID without <>."""

    sender: str
    recipient: str
    raw: bytes
    message_id: str


def compose(message: Message, account: Account, now: datetime) -> Composed:
    """The mail of a message. Raises Unsendable where a part is missing, or would break out of its header."""
    content = message.content
    recipient = address(message.to.get("email", ""))
    if recipient is None:
        raise Unsendable(Receipt("refused", "bad_address", "email", detail="this is no e-mail address"))
    sender = address(account.text("sender"))
    if sender is None:
        raise _account("sender is not set, or is no e-mail address")
    subject, body, text = _text(content, "subject"), _text(content, "html"), _text(content, "text")
    if not subject or not (body or text):
        raise _wrong("a mail needs a subject, and html or text")
    if _BREAKS.search(subject):
        raise _wrong("a subject is one line")
    number = _number(message.key, recipient, account)
    message_id = f"{number}@{sender.rpartition('@')[2]}"
    token = Token(recipient, message_id, _text(content, "campaign"))
    linking = _Linking(account, token, int(now.timestamp()))
    marketing = message.kind == MARKETING
    if marketing and not linking.possible:
        raise _account("marketing mails need public_url and tracking_secret, so that people can unsubscribe")
    if linking.possible and UNSUBSCRIBE in body + text:
        page = linking.address("unsubscribe", token)
        body, text = body.replace(UNSUBSCRIBE, html.escape(page)), text.replace(UNSUBSCRIBE, page)
    text = text or plain(body)
    if body and linking.possible and account.get("track", True) and content.get("track", True):
        body = linking.tracked(body)

    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(sender, account.text("sender_name"))
    mail["To"] = _mailbox(recipient, "")
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    mail[REFERENCE] = number
    if reply_to := address(account.text("reply_to")):
        mail["Reply-To"] = _mailbox(reply_to, "")
    mail.set_content(text)
    if body:
        mail.add_alternative(body, subtype="html")
    raw = _unfolded(mail).as_bytes()
    if marketing:
        raw = linking.listed(address(account.text("unsubscribe_mailbox"))) + raw
    envelope = address(account.text("bounce_address")) or sender
    return Composed(envelope, recipient, _signed(raw, account, sender), message_id)


def _number(key: str, recipient: str, account: Account) -> str:
    """The number of a mail, with the mark by which reports about it are believed (see `receive`).

    Short enough for the Message-ID to stand in one line for most senders.
    """
    number = hashlib.sha256(key.encode()).hexdigest()[:24]
    secret = account.text("tracking_secret") or account.text("inbound_secret")
    return f"{number}.{mark(number, recipient, secret)}" if secret else number


def address(value: str) -> str | None:
    """One mailbox (`name@domain`, the domain in its ASCII form); None for anything else, also lists and names."""
    match = _ADDRESS.fullmatch(value.strip())
    if match is None or len(value) > 254:
        return None
    try:
        domain = match[2].encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return f"{match[1]}@{domain}" if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else None


def plain(body: str) -> str:
    """HTML as text: without tags, with the addresses of links."""
    reader = _Plain()
    reader.feed(body)
    reader.close()
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.found).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Linking:
    """Makes the addresses of one mail."""

    def __init__(self, account: Account, token: Token, at: int) -> None:
        base = account.text("public_url").rstrip("/")
        self._secret = account.text("tracking_secret")
        self.possible = bool(base and self._secret)
        self._base = f"{base}/hooks/{quote(account.touchpoint, safe='')}"
        self._token = token
        self._at = at

    def sealed(self, purpose: Purpose, token: Token) -> str:
        return seal(token, purpose, self._secret, self._at)

    def address(self, purpose: Purpose, token: Token) -> str:
        return f"{self._base}/{purpose}/{self.sealed(purpose, token)}"

    def listed(self, mailbox: str | None) -> bytes:
        """The headers of RFC 2369 and RFC 8058, an address a line. Written by hand: the library would break the long
        addresses up and encode them (RFC 2047), which nobody decodes in these headers."""
        ways = self._ways(self._token, mailbox)
        if max(map(len, ways)) > _LINE:
            ways = self._ways(replace(self._token, campaign=""), mailbox)
        kept = [way for way in ways if len(way) <= _LINE and way.isascii()]
        if not kept:
            raise _account("public_url can't stand in the header that lets people unsubscribe: too long, or not ASCII")
        lines = ("List-Unsubscribe: " + ",\r\n ".join(kept), "List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        return "".join(line + "\r\n" for line in lines).encode("ascii")

    def _ways(self, token: Token, mailbox: str | None) -> list[str]:
        ways = [f"<{self.address('unsubscribe', token)}>"]
        if mailbox:
            ways.append(f"<mailto:{mailbox}?subject={quote('unsubscribe ' + self.sealed('unsubscribe', token))}>")
        return ways

    def tracked(self, body: str) -> str:
        """Links to web pages lead through us; a picture of one point at the end."""
        body = _LINK.sub(self._link, body)
        point = f'<img src="{self.address("open", self._token)}" width="1" height="1" alt="">'
        end = body.lower().rfind("</body>")
        return body + point if end < 0 else body[:end] + point + body[end:]

    def _link(self, found: re.Match[str]) -> str:
        url = html.unescape(found[2][1:-1]).strip()
        if not url.lower().startswith(("http://", "https://")) or url.startswith(self._base) or len(url) > 2000:
            return found[0]
        token = Token(self._token.email, self._token.message_id, self._token.campaign, url)
        return f'{found[1]}"{html.escape(self.address("click", token))}"'


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0
        self._href: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "head", "title"):
            self._hidden += 1
        elif tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"):
            self.found.append("\n")
        elif tag == "a":
            self._href.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head", "title"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("p", "div", "h1", "h2", "h3"):
            self.found.append("\n")
        elif tag == "a" and self._href:
            url = self._href.pop()
            if url.startswith(("http://", "https://")):
                self.found.append(f" ({url})")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def _mailbox(mailbox: str, name: str) -> Address:
    local, _, domain = mailbox.rpartition("@")
    try:
        return Address(_BREAKS.sub(" ", name), local, domain)
    except (ValueError, IndexError) as error:
        raise Unsendable(Receipt("refused", "bad_address", "email", detail="this is no e-mail address")) from error


def _unfolded(mail: EmailMessage) -> EmailMessage:
    """Encodings that survive every relay: no bytes above 127, lines within 998 characters."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            content = part.get_content()
            subtype = part.get_content_subtype()
            part.set_content(content, subtype=subtype, charset="utf-8", cte="base64")
    return mail


def _signed(raw: bytes, account: Account, sender: str) -> bytes:
    """With a DKIM signature in front, where a key is given (RFC 6376; RFC 8058 wants the list headers in it)."""
    key = account.text("dkim_key")
    selector = account.text("dkim_selector")
    if not key or not selector:
        return raw
    domain = account.text("dkim_domain") or sender.rpartition("@")[2]
    signing: Callable[..., bytes] = dkim.sign
    try:
        signature = signing(
            raw, selector.encode(), domain.encode(), key.encode(), canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(_SIGNED),
        )  # fmt: skip
    except (dkim.DKIMException, ValueError) as error:
        raise _account(f"the DKIM key can't be used: {type(error).__name__}") from error
    return signature + raw


def _text(content: Any, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _wrong(words: str) -> Unsendable:
    return Unsendable(Receipt("refused", "template_error", "content", detail=words))


def _account(words: str) -> Unsendable:
    return Unsendable(Receipt("refused", "account_error", "settings", account=True, detail=words))
