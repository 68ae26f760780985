"""The welcome message: its code comes with the push, works once, and for 20 seconds only.

https://developer.work.weixin.qq.com/document/path/92137
"""

from __future__ import annotations

from typing import Any, Final

from onepool.channels.base import Account, Message, Push
from onepool.channels.base.wechat_read import content_of, text

_ADDED: Final = frozenset({"add_external_contact", "add_half_external_contact"})


def prompt(push: Push, account: Account) -> list[Message]:
    """The welcome for a new contact: of the channel code by which they came (`State`), else the general one."""
    content = content_of(push)
    if isinstance(content, str) or text(content.get("ChangeType")) not in _ADDED:
        return []
    code, external = text(content.get("WelcomeCode")), text(content.get("ExternalUserID"))
    # Without a code a welcome of the platform's own is set up, which goes first.
    words = _words(account, text(content.get("State")))
    if not code or not external or not words:
        return []
    given = {"welcome_code": code, "staff_id": text(content.get("UserID")), **words}
    return [Message("welcome", {"external_userid": external}, given, key=f"welcome.{code}")]


def _words(account: Account, state: str) -> dict[str, Any]:
    by_state = account.get("welcome_by_state")
    chosen = by_state.get(state) if isinstance(by_state, dict) and state else None
    if isinstance(chosen, str):
        return {"text": chosen}
    if not isinstance(chosen, dict):
        chosen = {"text": account.text("welcome_text"), "attachments": account.get("welcome_attachments")}
    return {name: chosen[name] for name in ("text", "attachments") if chosen.get(name)}
