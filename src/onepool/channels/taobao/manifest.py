"""What a shop there yields."""

from __future__ import annotations

from onepool.channels.base.top import manifest

MANIFEST = manifest("taobao", {"zh": "淘宝", "en": "Taobao"})
