"""Pages for phones, opened in WeChat or in a browser, tracked by the SDK that they have."""

from onepool.channels.base import Signal
from onepool.channels.base.tracked import WECHAT, make

CHANNEL = make(
    "h5",
    {"zh": "H5 页面", "en": "H5 page"},
    WECHAT,
    (Signal(event="page_viewed", fields=("page_name",), source="sdk"),),
)
