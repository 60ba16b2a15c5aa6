#!/bin/sh
# Runs once, when the database is made: the role by which the standby follows, and its slot.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$REPLICATION_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role replication_of_pokea with replication login password :'password';
select pg_create_physical_replication_slot('standby');
SQL
echo "host replication replication_of_pokea 172.31.0.0/24 scram-sha-256" >>"$PGDATA/pg_hba.conf"
