"""The version after this one, as far as a deploy meets it: a nullable column more, and a kind of evidence (law:
schema).

While both versions are alive the older one inserts rows without the column, and finds evidence that it does not
understand. It must keep that and leave it alone, however much it looks like a proof that money came.
"""

import sqlite3
from typing import Final

KIND: Final = "word_of_an_agent"
_COLUMN: Final = "next_note"
_TELL: Final = """
INSERT INTO evidence
       (operation_id, id, source, received_at, proved, code, amount_cents, receipt, applied, next_note)
SELECT id, :kind || ':1', :kind, created_at, 1, '0', amount_cents, 'NEXT' || substr(id, -6), 0, 'told'
FROM payments WHERE true ON CONFLICT DO NOTHING
"""


def expand(connection: sqlite3.Connection) -> None:
    """What the newer version's migration does before its first process starts: it only adds, and a second time nothing.

    Raises sqlite3.Error.
    """
    columns = [row[1] for row in connection.execute("PRAGMA table_info(payments)")]
    if _COLUMN not in columns:
        connection.execute(f"ALTER TABLE payments ADD COLUMN {_COLUMN} TEXT")
        connection.execute(f"ALTER TABLE evidence ADD COLUMN {_COLUMN} TEXT")
        connection.execute("UPDATE schema_version SET minor = minor + 1")


def tell(connection: sqlite3.Connection) -> int:
    """The newer version hears of every payment, in its own way, that it is paid; answers how many pieces are new.

    Raises sqlite3.Error.
    """
    return connection.execute(_TELL, {"kind": KIND}).rowcount
