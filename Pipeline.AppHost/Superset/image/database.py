"""Makes Superset's metadata database where it is missing, as on a PostgreSQL that was just started. Fails while the server does not answer."""
import sqlalchemy
from sqlalchemy.engine import make_url

from superset_config import SQLALCHEMY_DATABASE_URI

url = make_url(SQLALCHEMY_DATABASE_URI)
try:
    sqlalchemy.create_engine(url).connect().close()
except sqlalchemy.exc.OperationalError:
    # The server says why only in its own language: it is asked.
    with sqlalchemy.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT").connect() as server:
        if server.execute(sqlalchemy.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}).first() is None:
            server.execute(sqlalchemy.text(f'CREATE DATABASE "{url.database}"'))
    sqlalchemy.create_engine(url).connect().close()
