#!/bin/sh
# A copy of the primary at the first start; then it follows. PGPASSWORD is that of the role.
set -eu
export PGDATA=/var/lib/postgresql/data/standby
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA"
    pg_basebackup --host postgres --username replication_of_pokea --pgdata "$PGDATA" --slot standby \
        --wal-method stream --write-recovery-conf --checkpoint fast
    chmod 700 "$PGDATA"
fi
exec postgres -cmax_connections=60 -cmax_wal_senders=5 -cmax_replication_slots=5
