"""Speaking to a platform for one account: tokens, answers, retries. The only place of the channels with a network."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final, TypeVar

import httpx

from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Channel,
    Cursor,
    Grant,
    Inquiring,
    Message,
    Obtaining,
    Page,
    PullFailed,
    Reach,
    Receipt,
    Stream,
    Token,
    Unsendable,
)
from onepool.channels.base.destinations import addresses, nowhere
from onepool.channels.base.http import encode_json
from onepool.channels.base.limits import under
from onepool.channels.pacing import Pace, Wait, called
from onepool.clock import Clock
from onepool.errors import OnePoolError

_T = TypeVar("_T")

_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_ANSWER_BYTES: Final = 32 << 20
_EARLIER: Final = 300.0
"""Seconds before its end at which a token is fetched anew."""

# It writes whole addresses into its log, and tokens stand in addresses.
logging.getLogger("httpx").setLevel(logging.WARNING)

_PERSONAL: Final = frozenset({"bad_address", "not_friend", "not_follower"})

_REPLACED: Final = 8
"""Accounts of before that a line still answers to."""


class ConnectionFailed(OnePoolError):
    """The platform could not be reached, or did not answer in time. ``sent``: it may have got the request."""

    code = "platform-unreachable"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, hint="look at the network and at the platform's state; it will be tried again")
        self.sent = sent


class TokenRefused(OnePoolError):
    """The platform gives no token for these settings."""

    code = "token-refused"


class Connection:
    """One account's line to its platform. Threads may share it; one of them fetches the token, the others wait."""

    def __init__(self, channel: Channel, account: Account, clock: Clock, client: httpx.Client | None = None) -> None:
        self.channel = channel
        self.account = account
        self._replaced: list[Account] = []
        self._clock = clock
        self._looks_up = client is None  # a client that is given (a test's) may reach names that have no address
        self._client = client or httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
        self._lock = threading.Lock()
        self._token: tuple[str, float] | None = None
        self._pace = Pace(under(channel.manifest, account.settings), clock)

    def call(self, call: Call) -> Answer:
        """Make a call; a token that the platform rejects is fetched anew, once.

        Raises:
            ConnectionFailed, TokenRefused: words for the operator, without secrets.
        """
        token = self.channel.token
        if token is None or not call.token:
            return self._send(call)
        held = self._fetched(None)
        answer = self._send(token.attach(call, held))
        if token.refused(answer, self.account):
            answer = self._send(token.attach(call, self._fetched(held)))
        return answer

    def send(self, message: Message) -> Receipt:
        """Send a message and say what came of it; never raises because of the platform."""
        reach = self.channel.reach
        now = self._clock.now()
        try:
            if reach is not None and reach.deliver is not None:
                return run(reach.deliver(message, self.account, now))
            if reach is None or reach.request is None or reach.outcome is None:
                return Receipt("refused", "account_error", code="no-reach", detail="this channel carries no messages")
            call = reach.request(message, self.account, now)
        except Unsendable as error:
            return error.receipt
        receipt, answer = self._try(call)
        return receipt if answer is None else self._concluded(message, call, answer)

    def send_many(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send messages in as few calls as the platform allows; their receipts in order. Never raises because of it.

        A call that is refused as a whole because of somebody in it is made again for each half, until it is known who.
        """
        reach = self.channel.reach
        if reach is None or reach.batch is None or reach.outcome is None or len(messages) == 1:
            return [self.send(message) for message in messages]
        now = self._clock.now()
        found: dict[int, Receipt] = {}
        fit: list[Message] = []
        for message in messages:
            try:  # one that can't be sent must not hold up the others
                list(reach.batch([message], self.account, now))
            except Unsendable as error:
                found[id(message)] = error.receipt
            else:
                fit.append(message)
        for part, call in reach.batch(fit, self.account, now):
            receipt, answer = self._try(call)
            receipts = [receipt] * len(part)
            if answer is not None:
                receipts = [self._concluded(message, call, answer) for message in part]
            if len(part) > 1 and all(_of_one(one) for one in receipts):
                half = len(part) // 2
                receipts = self.send_many(part[:half]) + self.send_many(part[half:])
            found |= {id(message): one for message, one in zip(part, receipts, strict=True)}
        return [found[id(message)] for message in messages]

    def _concluded(self, message: Message, call: Call, answer: Answer) -> Receipt:
        """The receipt of an answer. A token that does not hold is the account's fault, never the message's."""
        reach, token = self.channel.reach, self.channel.token
        assert reach is not None and reach.outcome is not None
        receipt = _certain(reach.outcome(message, answer), call, answer)
        if receipt.state == "refused" and token is not None and call.token and token.refused(answer, self.account):
            return Receipt("retry", "account_error", receipt.code, after=300.0, account=True, detail=receipt.detail)
        return receipt

    def _try(self, call: Call) -> tuple[Receipt, Answer | None]:
        """Make a call that sends; what is to be said of it where there is no answer."""
        try:
            return Receipt("sent"), self.call(call)
        except ConnectionFailed as error:
            if error.sent and not call.idempotent:
                return Receipt("unknown", "unknown", detail=error.message), None
            return Receipt("retry", "transient", after=60.0, detail=error.message), None
        except TokenRefused as error:
            return Receipt("retry", "account_error", after=300.0, account=True, detail=error.message), None

    def ask(self, message: Message, provider_id: str) -> Receipt:
        """What became of a message later; without a provider id (its call had no answer): does the platform have it."""
        return self.ask_many([message], provider_id)[0]

    def ask_many(self, messages: Sequence[Message], provider_id: str) -> list[Receipt]:
        """The same of messages that went in one call; their receipts in order."""
        reach = self.channel.reach
        if reach is None or not reach.askable:
            return [Receipt("unknown", "unknown", provider_id=provider_id)] * len(messages)
        try:
            if reach.inquire is not None:
                return list(self._inquired(reach.inquire(messages, provider_id, self.account, self._clock.now())))
            return [self._asked(reach, message, provider_id) for message in messages]
        except (ConnectionFailed, TokenRefused) as error:
            return [Receipt("task", provider_id=provider_id, after=300.0, detail=error.message)] * len(messages)

    def _asked(self, reach: Reach, message: Message, provider_id: str) -> Receipt:
        if reach.ask is None or reach.told is None:
            return Receipt("unknown", "unknown", provider_id=provider_id)
        return reach.told(message, self.call(reach.ask(message, provider_id, self.account, self._clock.now())))

    def _inquired(self, steps: Inquiring) -> Sequence[Receipt]:
        try:
            call = next(steps)
            while True:
                call = steps.send(self.call(call))
        except StopIteration as ended:
            found: Sequence[Receipt] = ended.value
            return found
        finally:
            steps.close()

    def remind(self, provider_id: str) -> Receipt | None:
        """Remind whoever has to confirm a task; None where the platform has no reminders."""
        reach = self.channel.reach
        if reach is None or reach.remind is None or reach.reminded is None:
            return None
        receipt, answer = self._try(reach.remind(provider_id, self.account, self._clock.now()))
        return receipt if answer is None else reach.reminded(answer)

    def pull(self, stream: Stream, cursor: Cursor, wait: Wait | None = None) -> Iterator[Page]:
        """The pages of a stream from where it stood, at the pace that the platform allows. ``wait`` is given seconds.

        Raises PullFailed, ConnectionFailed, TokenRefused; Stopped where waiting was broken off.
        """
        if stream.rows is not None:
            yield from stream.rows(self.account, dict(cursor), self._clock.now())
        if stream.start is None:
            return
        steps = stream.start(self.account, dict(cursor), self._clock.now())
        answer: Answer | None = None
        try:
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration:
                    return
                answer = None
                if isinstance(step, Page):
                    yield step
                else:
                    answer = called(step, self.call, self._pace, wait or self._clock.wait)
                    if answer.status >= 400:
                        raise PullFailed(f"the platform answered {answer.status}", code=str(answer.status))
        finally:
            steps.close()

    def probe(self) -> Answer | None:
        """A harmless call that needs the right settings; None where the channel has none."""
        if self.channel.probe is not None:
            return self.call(self.channel.probe(self.account))
        if self.channel.token is not None:
            return self._send(self.channel.token.call(self.account))
        return None

    def close(self) -> None:
        self._client.close()

    def _fetched(self, rejected: str | None) -> str:
        """The token to use; another than ``rejected``."""
        token = self.channel.token
        assert token is not None
        with self._lock:
            now = self._clock.now().timestamp()
            if self._token is not None and self._token[0] != rejected and now < self._token[1]:
                return self._token[0]
            found, answer = self._obtained(token, rejected)
            if found is None:
                self._token = None
                said = "nothing was asked" if answer is None else f"answer {answer.status}, {_code(answer)}"
                raise TokenRefused(
                    f"the platform gives no token ({said})",
                    where=f"touchpoint {self.account.touchpoint}",
                    hint="look at the account's id and secret, and at the platform's list of allowed addresses",
                )
            value, seconds = found
            self._token = (value, now + max(seconds - _EARLIER, seconds / 2))
            return value

    def _obtained(self, token: Token, rejected: str | None) -> tuple[tuple[str, float] | None, Answer | None]:
        """A new token and its seconds, and the last answer on the way. What changed of the secrets is kept at once."""
        if token.obtain is None:
            answer = self._send(token.call(self.account))
            return token.read(answer), answer
        with ExitStack() as held:
            if self.account.renewing is not None:
                try:
                    # Another process may have renewed them since this account was read.
                    self._change(held.enter_context(self.account.renewing()))
                except OnePoolError as error:
                    raise TokenRefused(error.message, where=f"touchpoint {self.account.touchpoint}") from error
            return self._granted(token.obtain(self.account, self._clock.now(), rejected))

    def _granted(self, steps: Obtaining) -> tuple[tuple[str, float] | None, Answer | None]:
        last: Answer | None = None
        try:
            while True:
                call = next(steps) if last is None else steps.send(last)
                last = self._send(call)
        except StopIteration as ended:
            grant: Grant | None = ended.value
        finally:
            steps.close()
        if grant is None:
            return None, last
        for name, value in grant.keep.items():
            if name in self.account.keep:
                self.account.keep[name](value)
        self._change(grant.keep)
        return (grant.token, grant.seconds), last

    def _change(self, secrets: Mapping[str, str]) -> None:
        """Go on with other values of the account's secrets; whoever has it as it was is served still."""
        if all(self.account.settings.get(name) == value for name, value in secrets.items()):
            return
        self._replaced = [*self._replaced[1 - _REPLACED :], self.account]
        self.account = replace(self.account, settings={**self.account.settings, **secrets})

    def serves(self, account: Account) -> bool:
        """Whether this is the line of an account: also as it stood before secrets were renewed over this very line, for
        whoever read it before that."""
        return account == self.account or account in self._replaced

    def _send(self, call: Call) -> Answer:
        if self.channel.sign is not None:
            call = self.channel.sign(call, self.account, self._clock.now())
        request = build(self._client, call)
        if any(base and call.url.startswith(base) for base in self.account.endpoints.values()):
            return self._exchange(request)
        found = addresses(request.url.host)
        if any(nowhere(one) for one in found):
            told = "nothing is sent to this address: clouds keep their machines' keys there"
            raise ConnectionFailed(told, sent=False)
        if not self._looks_up:
            return self._exchange(request)
        if not found:
            raise ConnectionFailed("the platform's name has no address", sent=False)
        # To the very address that was looked at: asked again, a name may answer with another.
        for address in found[:-1]:
            try:
                return self._exchange(_pinned(request, address))
            except ConnectionFailed as error:
                if not isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                    raise
        return self._exchange(_pinned(request, found[-1]))

    def _exchange(self, request: httpx.Request) -> Answer:
        sent = False
        try:
            with self._client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions=request.extensions,
            ) as response:
                sent = True
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _ANSWER_BYTES:
                        raise ConnectionFailed("the platform's answer is too large", sent=True)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, bytes(body), headers)
        except httpx.TransportError as error:
            begun = sent or isinstance(error, httpx.ReadTimeout | httpx.ReadError | httpx.RemoteProtocolError)
            raise ConnectionFailed(f"the platform does not answer: {type(error).__name__}", sent=begun) from error


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """A request to one address of its host: the name stays in the header, and is what the certificate must have."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, content=request.content, extensions=extensions)


def _of_one(receipt: Receipt) -> bool:
    """Whether a call was refused because of one person, so that nothing was done for others in it either."""
    return receipt.state == "refused" and receipt.reason in _PERSONAL and not receipt.provider_id


def _certain(receipt: Receipt, call: Call, answer: Answer) -> Receipt:
    """What a platform that broke down did before it is not known, and may be done once only where nothing names it."""
    if receipt.state == "retry" and receipt.reason == "transient" and answer.status >= 500 and not call.idempotent:
        return Receipt("unknown", "unknown", receipt.code, detail=receipt.detail)
    return receipt


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end from any thread: on a loop of its own, in a thread of its own where one runs here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1, thread_name_prefix="deliver") as pool:
        return pool.submit(asyncio.run, work).result()


def build(client: httpx.Client, call: Call) -> httpx.Request:
    """The request of a call, with everything in its place (tests look at it)."""
    url = httpx.URL(call.url)
    if call.query:
        url = url.copy_merge_params(dict(call.query))
    content = call.body
    headers = dict(call.headers)
    if call.json is not None:
        content = encode_json(call.json)
        headers.setdefault("content-type", "application/json; charset=utf-8")
    if call.form is not None:
        return client.build_request(call.method, url, headers=headers, data=dict(call.form))
    return client.build_request(call.method, url, headers=headers, content=content)


def _code(answer: Answer) -> str:
    body = answer.json()
    if isinstance(body, dict):
        for name in ("errcode", "code", "error_code", "err_code"):
            if name in body:
                return f"code {body[name]}"
    return "no code"
