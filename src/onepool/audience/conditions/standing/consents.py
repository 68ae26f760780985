"""What customers let a brand do with them, and on which channels: what `consent` means, in one place.

A customer's *words* are the events of `WORDS`. Each says yes or no, for a purpose, a category and a channel:

- its purpose is the field `purpose`: one name, or several with commas; unsaid, empty or `all` means every purpose;
- its channel is the field that `WORDS` names. Where that is empty, consents mean every channel, and messages subscribed
  to or refused mean the channel on which the event happened;
- its category (of messages) is the field `category`, read in the same way; unsaid means every category;
- a word about one template of messages (`template_id`) is none about the channel: it only lets or stops that template.

**Consent** for a purpose holds at an instant if the latest word before it, by (time, arrival), that concerns the
purpose is a yes. With a channel only words that concern the channel count; without one only words for every channel
count: who refuses text messages has not withdrawn the purpose. So it is with categories: who wants no promotions has
not withdrawn the purpose. Who never said a word has not consented.

**Refusal** of a channel (for `reachable`, which asks about no purpose) is the latest word that concerns the channel
being a no, where a no that names a purpose or a category is no word: other messages may still be sent. A yes counts
whatever it names: then there are messages that the person wants.

The ledger of consent keeps the same words in the state, where the gate and the claim of messages read them
(`onepool.privacy.consents`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from onepool.pool import Session

ALL: Final = "all"
"""The purpose that stands for every purpose."""


@dataclass(frozen=True, slots=True)
class Word:
    """What an event says. `channel`: its field that names the channel meant; `here`: unsaid, it is the event's own."""

    yes: bool
    channel: str
    here: bool


WORDS: Final[Mapping[str, Word]] = {
    "consent_granted": Word(yes=True, channel="for_channel", here=False),
    "consent_withdrawn": Word(yes=False, channel="for_channel", here=False),
    # Replies such as TD, unsubscribe links, complaints of mail boxes, platforms' own switches.
    "opted_in": Word(yes=True, channel="message_channel", here=True),
    "opted_out": Word(yes=False, channel="message_channel", here=True),
}

PURPOSES: Final[Mapping[str, Mapping[str, str]]] = {
    "marketing": {"zh": "营销", "en": "Marketing"},
    "service": {"zh": "服务通知", "en": "Service messages"},
    "profiling": {"zh": "个性化推荐", "en": "Personalisation"},
    "identity": {"zh": "身份打通", "en": "Joining identities"},
    "message_archive": {"zh": "会话存档", "en": "Archiving of conversations"},
}
"""Purposes that are offered; events and conditions may name others."""

CATEGORIES: Final[Mapping[str, Mapping[str, str]]] = {
    "promotion": {"zh": "营销推广", "en": "promotional"},
    "service": {"zh": "服务", "en": "service"},
    "transactional": {"zh": "交易", "en": "transactional"},
}
"""Categories of messages; policies may name others."""


def seen_purposes(session: Session, most: int = 200) -> list[str]:
    """The purposes that words of customers name, in order."""
    return _seen(session, "purpose", most)


def seen_categories(session: Session, most: int = 200) -> list[str]:
    """The categories of messages that words of customers name, in order."""
    return _seen(session, "category", most)


def _seen(session: Session, field: Literal["purpose", "category"], most: int) -> list[str]:
    found = session.query(
        """SELECT DISTINCT trim(unnest(string_split(words, ','))) AS word FROM (
            SELECT CASE $field WHEN 'purpose' THEN purpose ELSE category END AS words
            FROM events WHERE event IN (SELECT unnest($events))
        ) ORDER BY word LIMIT $most""",
        {"field": field, "events": list(WORDS), "most": most},
    )
    return [one for one in found.column("word").to_pylist() if one and one != ALL]
