"""Mistakes in the settings as a whole: all are reported at once, each as a sentence."""

from collections.abc import Callable, Mapping, Sequence
import os
from pathlib import Path
import tomllib

from hypothesis import HealthCheck, given, settings as rounds, strategies as st
import pytest

from bridge.config import Settings, load
from bridge.config.show import to_text
from bridge.config.table import environment_names
from bridge.errors import ConfigError
from tests.config.loading import load_toml, problem, problems, toml_keys
from tests.config.toml_text import toml


def test_all_problems_are_reported_at_once() -> None:
    text = (
        '[bridge]\ntrusted_proxies = "yes"\n[zoho]\ndata_center = 1\n'
        '[[feed]]\nslug = "a"\npast = "1"\nfuture = "2"\n'
    )
    messages = problems(
        {"BRIDGE_SECRET_KEY": "short", "ZOHO_CALENDAR_URL": "x", "BRIDGE_TRUSTED_PROXIES": ""},
        text,
    )
    starts = [
        "BRIDGE_SECRET_KEY: ",
        "ZOHO_CALENDAR_URL = ",
        "[bridge] trusted_proxies = ",
        "[zoho] data_center = ",
        'feed "a": past = ',
        'feed "a": future = ',
        'feed "a": sources is missing',
    ]
    assert len(messages) == len(starts)
    assert all(any(m.startswith(start) for m in messages) for start in starts)


def test_a_syntax_error_is_reported_with_its_line_and_beside_other_problems(
    tmp_path: Path,
) -> None:
    first, second = problems({"BRIDGE_TRUSTED_PROXIES": "x"}, "[zoho]\n\ndata_center = us\n")
    assert "line 3" in first
    assert str(tmp_path / "bridge.toml") in first
    assert second.startswith("BRIDGE_TRUSTED_PROXIES")
    assert "line 3" in problem({}, "[zoho]\na = [\n")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 2026-13-40", "a = 1\na = 2"]
)
def test_invalid_toml_of_any_kind_gets_a_sentence(text: str) -> None:
    assert problems({}, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[zoho]\ndata_centre = "eu"\n',
            '[zoho] "data_centre": there is no such key: did you mean data_center?',
        ),
        ("[bridge]\nxyzzy = 1\n", '[bridge] "xyzzy": there is no such key: known are data_dir,'),
        ("[zohoo]\n", '"zohoo": bridge.toml has no such table: did you mean zoho?'),
        ("[[feeds]]\n", '"feeds": bridge.toml has no such table: did you mean feed?'),
        (
            "[feed]\nslug = 'a'\n",
            "feed = {…}: write each feed under a heading [[feed]], in double brackets.",
        ),
        ("feed = [1]\n", "feed number 1: write it as a table under a heading [[feed]]."),
        ("zoho = 3\n", "zoho = 3: write it as a table, [zoho], with its keys below."),
        (
            "[bridge]\ntrusted_proxies = true\n",
            "[bridge] trusted_proxies = true: write a whole number from 0 to 16.",
        ),
        (
            "[zoho]\nclient_id = 5\n",
            "[zoho] client_id = 5: it is not text of visible ASCII characters: copy it",
        ),
    ],
)
def test_unknown_keys_and_wrong_types_get_a_sentence(text: str, message: str) -> None:
    assert problem({}, text).startswith(message)


def test_variables_that_look_like_settings_get_a_warning() -> None:
    settings = load(
        {
            "ZOHO_CLIENT_SECERT": "hunter2",
            "BRIDGE_COLOUR": "red",
            "BRIDGE_TEST_POSTGRES_URL": "x",
            "HOME": "/",
        }
    )
    assert len(settings.warnings) == 2
    assert "BRIDGE_COLOUR" in settings.warnings[0]
    assert "did you mean ZOHO_CLIENT_SECRET?" in settings.warnings[1]
    assert "hunter2" not in "".join(settings.warnings)


TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=12)


WORDS = st.sampled_from(
    [
        *[
            "a",
            "1",
            "~",
            "//",
            "us",
            "90d",
            "-1d",
            "https://",
            "https://a:b@c",
            "http://[",
            "busy",
            "drop",
            "UTC",
            "+99:99",
        ],
        "",
    ]
)
GARBAGE = st.recursive(
    TEXT | WORDS | st.booleans() | st.integers() | st.just(2**200) | st.floats() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["calendar"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def tables(name: str) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(toml_keys()[name], GARBAGE))


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "bridge": tables("bridge") | GARBAGE,
        "zoho": tables("zoho") | GARBAGE,
        "feed": st.lists(
            tables("feed") | tables("feed").map(lambda feed: feed | {"sources": [feed]}), max_size=2
        )
        | GARBAGE,
    },
)


def settings_or_problems(read: Callable[[], Settings]) -> tuple[Settings | None, Sequence[str]]:
    """Return the settings, or the problems of a ConfigError; any other exception fails the test."""
    try:
        return read(), ()
    except ConfigError as error:
        return None, error.problems


@rounds(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=DOCUMENTS)
def test_any_file_gives_settings_or_a_list_of_sentences(document: Mapping[str, object]) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in document.items())
    tomllib.loads(text)  # garbage, but valid TOML
    settings, messages = settings_or_problems(lambda: load_toml(text))
    assert (settings is None) == bool(messages)
    assert all(len(message.splitlines()) == 1 for message in messages)
    if settings is not None:
        tomllib.loads(to_text(settings))


NAMES = st.sampled_from(
    [name for name in environment_names() if not name.endswith("_FILE") and name != "BRIDGE_CONFIG"]
)


@rounds(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    environ=st.dictionaries(
        NAMES, TEXT | WORDS | st.binary(max_size=8).map(os.fsdecode), max_size=6
    )
)
def test_any_environment_gives_settings_or_a_list_of_sentences(
    environ: Mapping[str, str],
) -> None:
    settings, messages = settings_or_problems(lambda: load(environ))
    assert (settings is None) == bool(messages)
    "".join(messages).encode()  # all of it can be printed
    if settings is not None:
        tomllib.loads(to_text(settings))
