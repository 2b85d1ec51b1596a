#!/usr/bin/env bash
# Start of the container: brings metadata, roles, users and pages to what the files say, then serves. Every step may run again.
set -euo pipefail
: "${SUPERSET_SECRET_KEY:?}" "${SUPERSET_DATABASE_HOST:?}" "${SUPERSET_ADMIN_PASSWORD:?}" "${TRINO_URI:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FLASK_APP=superset SUPERSET_CONFIG_PATH=$here/superset_config.py PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"

# PostgreSQL first. provision.py waits for Trino by itself; Cassandra may come last.
for attempt in $(seq 60); do
  fault=$(python "$here/database.py" 2>&1) && break
  [ "$attempt" -lt 60 ] || { echo "$fault" >&2; echo "no metadata database at $SUPERSET_DATABASE_HOST" >&2; exit 1; }
  sleep 2
done
superset db upgrade
superset init
python "$here/provision.py" "$here/bundle"

# It serves last, so that the first answer of /health means that everything is there.
exec gunicorn --bind "0.0.0.0:${SUPERSET_PORT:-8088}" --workers 1 --worker-class gthread --threads 20 \
  --timeout 60 --keep-alive 2 --limit-request-line 0 --limit-request-field_size 0 --access-logfile - --error-logfile - 'superset.app:create_app()'
