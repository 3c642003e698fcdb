"""CPU time and memory of ``zoho-bridge`` until a command is done that needs little.

Baselines: an import of click for what prints help or completes a name, and of SQLAlchemy for what
reads the database. Each is a process of its own. The processes take turns, and the least time of
each counts. This script imports nothing large: a child's peak of memory begins with its parent's.

    python bench/cli_start.py [--rounds 15]
"""

from argparse import ArgumentParser
from collections.abc import Mapping
import os
from pathlib import Path
import subprocess
import sys
import tempfile

FEEDS = 14
CLICK, SQLALCHEMY = "import click", "import sqlalchemy"
COMPLETION = {
    "_ZOHO_BRIDGE_COMPLETE": "bash_complete",
    "COMP_WORDS": "zoho-bridge fe",
    "COMP_CWORD": "1",
}
MEASURED: dict[str, tuple[str, tuple[str, ...]]] = {
    "`--help`": (CLICK, ("--help",)),
    "completion of a command": (CLICK, ()),
    "`feeds`": (SQLALCHEMY, ("feeds",)),
    "`export`": (SQLALCHEMY, ("export", "feed-1")),
    "`config`": (SQLALCHEMY, ("config",)),
}


def toml() -> str:
    """Return a ``bridge.toml`` with some feeds."""
    table = '[[feed]]\nslug = "feed-{0}"\ntitle = "{0}"\nsources = [{{ calendar = "{0}" }}]\n'
    return "".join(map(table.format, range(FEEDS)))


def measure(command: list[str], environ: Mapping[str, str]) -> tuple[float, float]:
    """Run a process; return its CPU time in ms, and its peak of memory in MB."""
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environ, stdout=null, stderr=null)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def measure_all(rounds: int, environ: Mapping[str, str]) -> dict[str, list[tuple[float, float]]]:
    """Return the measurements of each command and baseline."""
    commands = {text: [sys.executable, "-c", text] for text in (CLICK, SQLALCHEMY)}
    program = str(Path(sys.executable).with_name("zoho-bridge"))
    commands |= {name: [program, *words] for name, (_, words) in MEASURED.items()}
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            result = measure(command, environ if command[1:] else {**environ, **COMPLETION})
            if number:  # the first round writes the bytecode, as an installation does
                results[name].append(result)
    return results


def main() -> None:
    """Measure in rounds, and print a table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        Path(folder, "bridge.toml").write_text(toml(), encoding="utf-8")
        kept = ("PATH", "HOME", "LANG", "SYSTEMROOT")
        environ = {name: os.environ[name] for name in kept if name in os.environ}
        settings = {"BRIDGE_DATA_DIR": folder, "BRIDGE_CONFIG": f"{folder}/bridge.toml"}
        results = measure_all(rounds, environ | settings)
    print("| | baseline | CPU, ms | ratio | memory, MB |\n|---|---|--:|--:|--:|")
    for name, (text, _) in MEASURED.items():
        least, baseline = (min(results[key])[0] for key in (name, text))
        memory = max(memory for _, memory in results[name])
        print(f"| {name} | `{text}`, {baseline:.0f} ms | {least:.0f}", end="")
        print(f" | {least / baseline:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
