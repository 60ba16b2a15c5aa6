#!/bin/sh
# The password comes from the environment, and goes to a file that is this user's alone.
set -eu
umask 077
printf '"pokea" "%s"\n' "$DATABASE_PASSWORD" >/var/lib/pooler/users.txt
exec pgbouncer /etc/pokea/pgbouncer.ini
