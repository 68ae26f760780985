"""A brand's own web site or shop, tracked by the SDK that it has."""

from onepool.channels.base import Signal
from onepool.channels.base.tracked import make

CHANNEL = make(
    "web",
    {"zh": "网站", "en": "Web site"},
    (),
    (Signal(event="page_viewed", fields=("page_name",), source="sdk"),),
)
