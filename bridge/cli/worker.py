"""``zoho-bridge worker``: reads of the sources that are due."""

from datetime import UTC, datetime
from threading import Event as Flag

import click
import structlog

from bridge import worker as refreshing
from bridge.cli.context import open_bridge
from bridge.cli.zoho import BACKGROUND_PATIENCE, open_prober, open_refresher, sync_feeds

log = structlog.get_logger()


@click.command()
def worker() -> None:
    """Read the sources that are due from Zoho, until stopped.

    Several workers can share one PostgreSQL database.

    \b
    Examples:
      zoho-bridge worker
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    stop, patience = Flag(), BACKGROUND_PATIENCE
    with (
        open_bridge() as bridge,
        open_refresher(bridge, patience=patience, stop=stop) as refresher,
        open_prober(bridge, stop) as prober,
    ):
        for warning in bridge.settings.warnings:
            log.warning("settings", problem=warning)

        def update_feeds() -> None:
            for product, error in sync_feeds(bridge, refresher).failures.items():
                log.warning("look for feeds", product=product, error=str(error))

        queue = refreshing.open_queue(bridge.settings.queue_url, bridge.settings.data_dir)
        refreshing.run(
            queue,
            refresher,
            sync_feeds=update_feeds,
            clock=lambda: datetime.now(UTC),
            prober=prober,
            stop=stop,
        )
