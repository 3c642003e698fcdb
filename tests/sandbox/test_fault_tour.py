"""The tour of ``demo --faults`` breaks one product after the other, and repairs them."""

from threading import Event

from bridge.sandbox.fault_tour import TURNS, fault_tour
from bridge.sandbox.server import Sandbox
from bridge.sandbox.state import Data


def test_each_fault_has_its_turn_and_ends() -> None:
    box, over = Sandbox(data=Data()), Event()
    client = box.app.test_client()
    sentences: list[tuple[str, dict[str, int]]] = []

    def report(sentence: str) -> None:
        sentences.append((sentence, statuses()))
        if len(sentences) == 2 * len(TURNS) + 1:
            over.set()

    def statuses() -> dict[str, int]:
        paths = {"calendar": "/api/v1/calendars", "backstage": "/backstage/v3/portals"}
        paths["connect"] = "/pulse/api/allScopes"
        return {product: client.get(path).status_code for product, path in paths.items()}

    working = statuses()
    with fault_tour(box, report, 0.001):
        assert over.wait(20)
    assert statuses() == working
    assert sentences[0] == (
        "Zoho Calendar answers 500, for 0.001 seconds.",
        working | {"calendar": 500},
    )
    assert sentences[1] == ("Zoho works again.", working)
    assert sentences[2][1] == working | {"backstage": 502}
    assert sentences[4][1] == working | {"connect": 429}
    assert sentences[2 * len(TURNS)] == sentences[0]
