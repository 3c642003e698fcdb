"""Databases of earlier schemas, and what a database consists of.

``tests/data/schemas/<version>.<database>.sql`` are dumps of databases of the release with that
schema.
"""

from pathlib import Path

from sqlalchemy import create_engine, inspect, text

DUMPS = Path(__file__).parents[1] / "data" / "schemas"
KEY = "a test's secret key, long enough for anything"


def restore(url: str, version: int) -> None:
    """Fill an empty database from the dump of a release."""
    engine = create_engine(url)
    kind = engine.dialect.name
    dump = (DUMPS / f"{version}.{kind}.sql").read_text()
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if kind == "sqlite":
            raw.executescript(dump)
        else:
            raw.execute(dump)
            raw.commit()
    engine.dispose()


def schema_of(url: str) -> dict[str, dict[str, object]]:
    """Return all tables: columns with type and NULL, keys, indexes and foreign keys."""
    engine = create_engine(url)
    inspector = inspect(engine)
    tables: dict[str, dict[str, object]] = {
        table: {
            "columns": {
                c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)
            },
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted(
                (i["name"], tuple(i["column_names"]), i["unique"])
                for i in inspector.get_indexes(table)
            ),
            "foreign": sorted(
                (tuple(f["constrained_columns"]), f["referred_table"], f["options"].get("ondelete"))
                for f in inspector.get_foreign_keys(table)
            ),
        }
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return tables


def version_of(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        version: int = connection.execute(text("SELECT schema_version FROM meta")).scalar_one()
    engine.dispose()
    return version
