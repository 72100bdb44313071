"""`python -m benchmarks [NAME ...] [options of that benchmark]`: all of them without a name."""

from __future__ import annotations

import runpy
import sys

NAMES = ("ingest", "overhead", "retrieval", "answerable", "store", "query", "serve")


def main() -> None:
    """Run the benchmarks that are named, or all of them one after the other."""
    names = [word for word in sys.argv[1:] if word in NAMES] or list(NAMES)
    options = [word for word in sys.argv[1:] if word not in NAMES]
    for name in names:
        print(f"\n== {name}", flush=True)
        sys.argv = [f"benchmarks.{name}", *options]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
