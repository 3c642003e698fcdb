"""The codes of problems, by which tests of sources state what went wrong."""

from bridge.domain.problems import Problem
from bridge.domain.rejection import Rejection


def codes(*problems: Problem) -> set[str]:
    """Return the codes of problems, with those of the problems in their fields."""
    inner = [
        value for problem in problems for _, value in problem.fields if isinstance(value, Problem)
    ]
    return {problem.code for problem in problems} | (codes(*inner) if inner else set())


def codes_of(rejection: Rejection) -> set[str]:
    """Return the codes of a rejection's problems."""
    return codes(*rejection.problems)
