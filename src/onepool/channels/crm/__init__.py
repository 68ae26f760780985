"""A CRM or membership system, read from its database."""

from onepool.channels.base import Identifies, Signal
from onepool.channels.base.database_channel import make

CHANNEL = make(
    "crm",
    {"zh": "CRM 数据库", "en": "CRM database"},
    (
        Identifies(type="member_no", scope="touchpoint", of={"zh": "会员", "en": "members"}),
        Identifies(type="phone", of={"zh": "留有手机号的会员", "en": "members with a phone"}),
        Identifies(type="email"),
        Identifies(type="crm_id", scope="touchpoint"),
    ),
    (
        Signal(
            event="profile_updated",
            kind="profile",
            traits=("name", "phone", "email", "gender", "birthday", "city"),
            source="pull",
        ),
        Signal(event="membership_joined", fields=("programme", "level", "store_id"), source="pull"),
        Signal(event="level_changed", fields=("level", "previous_level"), source="pull"),
        Signal(event="points_earned", fields=("points", "points_balance", "reason"), source="pull"),
        Signal(event="points_spent", fields=("points", "points_balance", "reason"), source="pull"),
    ),
)
