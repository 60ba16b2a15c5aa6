"""`pokea migrate`: bring the database to this version's schema."""

from pokea.cli.logging_setup import log_to_stderr


def migrate() -> None:
    """Bring the database at POKEA_DATABASE_URL to this version's schema.

    Safe to run at any time and from several places at once; needs no other setting.
    """
    from pokea.settings import load_settings
    from pokea.storage import migrate as schema

    log_to_stderr()
    print(schema.migrate(load_settings(needs=["pokea_database_url"]).pokea_database_url))
