"""Chinese kinds of columns: importing this package registers them.

Names, nick names, regions and addresses take the place of the generic kinds in columns written in Hanzi; phones,
gender and member levels do everywhere.
"""

from __future__ import annotations

from onepool.identity.matching import generic as _generic  # noqa: F401  # registers first what these replace
from onepool.identity.matching.chinese.addresses import ADDRESS
from onepool.identity.matching.chinese.nicknames import NICKNAME
from onepool.identity.matching.chinese.parts import GIVEN, SURNAMES
from onepool.identity.matching.chinese.persons import NAME
from onepool.identity.matching.chinese.phones import MASKED_PHONE, PHONE
from onepool.identity.matching.chinese.regions import REGION
from onepool.identity.matching.chinese.small import GENDER, MEMBER_LEVEL
from onepool.identity.matching.kinds import register

for _kind in (NAME, SURNAMES, GIVEN, NICKNAME, ADDRESS, REGION):
    register(_kind, hanzi=True)
for _kind in (PHONE, MASKED_PHONE, GENDER, MEMBER_LEVEL):
    register(_kind)

__all__ = [
    "ADDRESS",
    "GENDER",
    "GIVEN",
    "MASKED_PHONE",
    "MEMBER_LEVEL",
    "NAME",
    "NICKNAME",
    "PHONE",
    "REGION",
    "SURNAMES",
]
