"""Makes the users, the read-only role and every page what the files say. Safe to run again. One process, because each `superset` command takes seconds to start.

Environment: SUPERSET_ADMIN_PASSWORD, SUPERSET_VIEWER_PASSWORD, TRINO_URI, and what superset_config.py needs. Argument: the bundle's folder.
"""
import json
import os
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy.engine import make_url
from superset.app import create_app

# What it takes to open a dashboard, use its filters and export a chart's rows; nothing may be written but the filter state of one's own session. Gamma may make charts.
VIEWER = """
can_read Dashboard, can_read Chart, can_read Dataset, can_dashboard Superset, can_slice Superset, can_explore_json Superset, can_csv Superset, can_log Superset,
can_language_pack Superset, can_dashboard_permalink Superset, can_read DashboardPermalinkRestApi, can_read DashboardFilterStateRestApi, can_write DashboardFilterStateRestApi,
can_time_range Api, can_query Api, can_query_form_data Api, can_read CssTemplate, can_read Theme, can_read CurrentUserRestApi, can_get Datasource, can_get MenuApi,
can_read SecurityRestApi, can_view_chart_as_table Dashboard, can_recent_activity Log, can_userinfo UserDBModelView, menu_access Home, menu_access Dashboards
"""
DATABASE = "databases/cassandra.yaml"
DATABASE_URI = "trino://superset@trino:8080/cassandra"  # as written in the bundle


def wait_for_trino(uri, seconds=180):
    """The import lists the catalogs and schemas of a database to make its permissions, and fails as a whole when it gets no answer."""
    url, end = make_url(uri), time.monotonic() + seconds
    while True:
        try:
            with urlopen(f"http://{url.host}:{url.port or 8080}/v1/info", timeout=5) as answer:
                if not json.load(answer)["starting"]:
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            raise SystemExit(f"Trino at {url.host}:{url.port} did not answer within {seconds} s")
        time.sleep(1)


wait_for_trino(os.environ["TRINO_URI"])
app = create_app()
with app.app_context():
    from superset import security_manager as security
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db
    from superset.utils.core import override_user

    def ensure_user(name, role, password):
        user = security.find_user(username=name)
        if user is None:
            user = security.add_user(name, name.capitalize(), "User", f"{name}@localhost", role, password=password)
        else:
            user.roles = [role]
            security.reset_password(user.id, password)
        if not user:
            raise SystemExit(f"user {name} could not be added")
        return user

    def permission(name, view):
        found = security.find_permission_view_menu(name, view)
        if found is None:
            raise SystemExit(f"unknown permission: {name} {view}; run `superset init` first")
        return found

    admin = ensure_user("admin", security.find_role("Admin"), os.environ["SUPERSET_ADMIN_PASSWORD"])

    root = Path(sys.argv[1])
    contents = {f.relative_to(root).as_posix(): f.read_text("utf-8") for f in sorted(root.rglob("*.yaml"))}
    contents[DATABASE] = contents[DATABASE].replace(DATABASE_URI, os.environ["TRINO_URI"])
    with override_user(admin):
        ImportAssetsCommand(contents).run()

    viewer = security.add_role("Viewer")  # finds it when it is there
    viewer.permissions = [permission(*entry.split(" ", 1)) for entry in VIEWER.replace("\n", " ").strip().replace(",  ", ", ").split(", ")]
    viewer.permissions += [permission("datasource_access", dataset.perm) for dataset in db.session.query(SqlaTable)]
    db.session.commit()
    ensure_user("viewer", viewer, os.environ["SUPERSET_VIEWER_PASSWORD"])
    print(f"provisioned {len(contents)} files; the role Viewer has {len(viewer.permissions)} permissions")
