"""Roles and what they may do. A permission is checked on every route; nothing is open by default."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user or an API key is for."""

    MARKETER = "marketer"
    APPROVER = "approver"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    PRIVACY = "privacy"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that may be allowed: room.verb."""

    SESSION = "session.own"
    HOME_READ = "home.read"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_NAMES = "customers.names"
    CUSTOMERS_REVEAL = "customers.reveal"
    SEGMENTS_READ = "segments.read"
    SEGMENTS_WRITE = "segments.write"
    TAGS_READ = "tags.read"
    TAGS_WRITE = "tags.write"
    QUARANTINE_READ = "quarantine.read"
    QUARANTINE_REPLAY = "quarantine.replay"
    STANDARD_READ = "standard.read"
    TOUCHPOINTS_READ = "touchpoints.read"
    TOUCHPOINTS_KEYS = "touchpoints.keys"
    TOUCHPOINTS_WRITE = "touchpoints.write"
    DESTINATIONS_READ = "destinations.read"
    DESTINATIONS_WRITE = "destinations.write"
    QUERY_RUN = "query.run"
    LIVE_READ = "live.read"
    IDENTITY_READ = "identity.read"
    IDENTITY_DECIDE = "identity.decide"
    IDENTITY_RULES = "identity.rules"
    AUDIT_READ = "audit.read"
    JOURNEYS_READ = "journeys.read"
    JOURNEYS_WRITE = "journeys.write"
    JOURNEYS_APPROVE = "journeys.approve"
    MESSAGES_READ = "messages.read"
    MESSAGES_WRITE = "messages.write"
    DELIVERIES_READ = "deliveries.read"
    DELIVERIES_DECIDE = "deliveries.decide"
    POLICIES_WRITE = "policies.write"
    CONSENTS_READ = "consents.read"
    CONSENTS_WRITE = "consents.write"
    TASKS_WRITE = "tasks.write"
    COUPONS_CODES = "coupons.codes"
    EXPORTS_TAKE = "exports.take"


_P = Permission
_EVERYONE = frozenset(
    {
        _P.SESSION,
        _P.HOME_READ,
        _P.CUSTOMERS_READ,
        _P.SEGMENTS_READ,
        _P.TAGS_READ,
        _P.STANDARD_READ,
        _P.TOUCHPOINTS_READ,
        _P.DESTINATIONS_READ,
        _P.LIVE_READ,
        _P.IDENTITY_READ,
        _P.JOURNEYS_READ,
        _P.MESSAGES_READ,
        _P.DELIVERIES_READ,
        _P.CONSENTS_READ,
    }
)
_PROGRAMMES = frozenset({_P.JOURNEYS_WRITE, _P.MESSAGES_WRITE, _P.DELIVERIES_DECIDE, _P.TASKS_WRITE})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MARKETER: _EVERYONE | _PROGRAMMES | {_P.CUSTOMERS_NAMES, _P.SEGMENTS_WRITE, _P.TAGS_WRITE},
    Role.APPROVER: _EVERYONE
    | _PROGRAMMES
    | {
        _P.CUSTOMERS_NAMES,
        _P.SEGMENTS_WRITE,
        _P.TAGS_WRITE,
        _P.IDENTITY_DECIDE,
        _P.JOURNEYS_APPROVE,
        _P.POLICIES_WRITE,
        _P.COUPONS_CODES,
        _P.EXPORTS_TAKE,
    },
    Role.ANALYST: _EVERYONE | {_P.SEGMENTS_WRITE, _P.TAGS_WRITE, _P.QUARANTINE_READ, _P.QUERY_RUN, _P.EXPORTS_TAKE},
    Role.ENGINEER: _EVERYONE
    | {
        _P.QUARANTINE_READ,
        _P.QUARANTINE_REPLAY,
        _P.TOUCHPOINTS_KEYS,
        _P.TOUCHPOINTS_WRITE,
        _P.DESTINATIONS_WRITE,
        _P.TAGS_WRITE,
        _P.QUERY_RUN,
        _P.IDENTITY_DECIDE,
        _P.IDENTITY_RULES,
        _P.JOURNEYS_WRITE,
        _P.MESSAGES_WRITE,
        _P.POLICIES_WRITE,
        _P.COUPONS_CODES,
    },
    Role.PRIVACY: _EVERYONE
    | {
        _P.CUSTOMERS_NAMES,
        _P.CUSTOMERS_REVEAL,
        _P.QUARANTINE_READ,
        _P.AUDIT_READ,
        _P.IDENTITY_DECIDE,
        _P.CONSENTS_WRITE,
    },
    Role.ADMIN: frozenset(Permission),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in PERMISSIONS[role]
