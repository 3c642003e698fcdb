"""The test matrix of the workflows, on this machine: `nox` runs every Python that is installed."""

import nox

nox.options.default_venv_backend = "uv|venv"
nox.options.error_on_missing_interpreters = False
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the fast tests with the locked dependencies' newest allowed versions."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the fast tests with the lowest allowed version of each direct dependency."""
    session.install("--resolution", "lowest-direct", ".[test]")
    session.run("pytest", *session.posargs)
