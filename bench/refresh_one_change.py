"""CPU time of a refresh with one changed event, as a part of the source's first publication.

A refresh is everything from the client's answer to the written documents: parse, diff, view,
render, join, compress, and the database. The baseline is the same with an empty database.

    python bench/refresh_one_change.py [events]
"""

import statistics
import sys

from refreshing import Group, bench

ROUNDS = 5


def main(size: int) -> None:
    group = Group(size)
    with bench(group) as bridge:
        first, report = bridge.refresh.refresher()
        print(f"first publication of {size} events: {first:.2f} s, {report.rendered} rendered")
        changed, nothing = [], []
        for number in range(ROUNDS):
            group.edit(number * size // ROUNDS)
            seconds, report = bridge.refresh.refresher()
            if (report.changed, report.rendered) != (1, 1):
                raise SystemExit(f"not the work of one event: {report}")
            changed.append(seconds)
            seconds, report = bridge.refresh.refresher()
            if (report.changed, report.rendered) != (0, 0):
                raise SystemExit(f"not the work of none: {report}")
            nothing.append(seconds)
        sizes = {
            v: bridge.store.publications.document("all", v) for v in ("default", "quiet", "web")
        }
    for name, document in sizes.items():
        print(
            f"document {name}: {len(document.body) / 1e6:.1f} MB, "
            f"{len(document.gzip) / 1e6:.2f} MB compressed"
        )
    for name, times in (("one event changed", changed), ("nothing changed", nothing)):
        middle = statistics.median(times)
        print(
            f"{name}: {middle:.2f} s (of {ROUNDS}: {min(times):.2f} to {max(times):.2f}), "
            f"{middle / first:.3f} of it"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
