"""A brand's app on phones, tracked by the SDK that it has."""

from onepool.channels.base import Signal
from onepool.channels.base.tracked import DEVICES, make

CHANNEL = make(
    "app",
    {"zh": "手机应用", "en": "Mobile app"},
    DEVICES,
    (
        Signal(event="app_installed", source="sdk", optional=True),
        Signal(event="app_opened", source="sdk"),
        Signal(event="app_closed", fields=("duration",), source="sdk", optional=True),
        Signal(event="screen_viewed", fields=("page_name",), source="sdk"),
    ),
)
