"""Who may do what, and what of a person is shown: users, sessions, API keys, roles, masking, audit."""

from __future__ import annotations

from onepool.privacy.api_keys import ApiKey, create_key, find_key, list_keys, revoke_key
from onepool.privacy.audit import Entry, record, trail
from onepool.privacy.roles import PERMISSIONS, Permission, Role, may
from onepool.privacy.users import User, create_user, ensure_admin, list_users, set_password

__all__ = [
    "PERMISSIONS",
    "ApiKey",
    "Entry",
    "Permission",
    "Role",
    "User",
    "create_key",
    "create_user",
    "ensure_admin",
    "find_key",
    "list_keys",
    "list_users",
    "may",
    "record",
    "revoke_key",
    "set_password",
    "trail",
]
