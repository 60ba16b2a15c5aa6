"""The check of the standby that lists are read from: that it answers, follows this primary, and is near."""

import asyncio
from contextlib import suppress
from typing import Final

from pokea.checkup.findings import Finding, ok, warn
from pokea.errors import Unavailable
from pokea.storage.database import Database
from pokea.storage.standby import Standby
from pokea.storage.standby_age import StandbyFault

_LOOKS: Final = 5
_PAUSE_SECONDS: Final = 0.2
_NEXT: Final = {
    StandbyFault.AWAY: "Start it, or see that POKEA_READ_URL leads to it.",
    StandbyFault.PROMOTED: "Name a standby of this primary, or remove POKEA_READ_URL.",
    StandbyFault.STRANGE: "Name a standby of this primary, or remove POKEA_READ_URL.",
    StandbyFault.LATE: "See in pg_stat_replication of the primary what it waits for.",
}


async def check_standby(standby: Standby, primary: Database) -> Finding:
    """Whether lists may be read from it now. Payments do not suffer where they may not: the primary is read.

    One that is late or silent may be so for a moment, and is looked at again.
    """
    for _ in range(_LOOKS):
        with suppress(Unavailable):
            await standby.look(primary)
        if standby.fault not in (StandbyFault.LATE, StandbyFault.AWAY):
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    if standby.fault is None:
        age = standby.age_seconds or 0
        return ok("standby", f"It answers, is in recovery, follows this primary, and is at most {age:.1f} s behind.")
    says = f"Lists are read from the primary, since of the server at POKEA_READ_URL this is so: {standby.why}."
    return warn("standby", f"{says} {_NEXT.get(standby.fault, '')}".rstrip())
