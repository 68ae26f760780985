"""What a shop there yields."""

from __future__ import annotations

from onepool.channels.base.top import manifest

MANIFEST = manifest("tmall", {"zh": "天猫", "en": "Tmall"})
