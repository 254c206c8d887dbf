"""Neither brushing for long nor opening and leaving every view fills the page's memory, and a page left alone is quiet."""

from __future__ import annotations

import json

import numpy as np
from playwright.sync_api import CDPSession

from browser.describing import go_to, listed, settled

BRUSH = """async (bins) => {
  const { case: study } = window.underglass;
  for (const [first, last] of bins) {
    study.picks.pickBins(document, { column: "confidence", low: 0, step: 0.1, bins: 10 }, first, last, "brush");
    await window.underglass.settled();
  }
}"""


TOUR = """async ([names, rounds]) => {
  const next = () => new Promise((resolve) => setTimeout(resolve, 10));
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      location.hash = "#" + name;
      while (!window.underglass.mounted.some((one) => one.name === name)) await next();
      await window.underglass.settled();
    }
}"""
"""In one go: every question that a test asks of a page leaves something in it as well."""


def megabytes(session: CDPSession) -> float:
    """What the page holds after its garbage was collected: objects, texts and elements.

    Without compiled code: the engine compiles for many rounds what is used often, sooner or later by how fast the machine is.
    """
    chunks: list[str] = []

    def take(event: dict[str, str]) -> None:
        chunks.append(event["chunk"])

    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    session.on("HeapProfiler.addHeapSnapshotChunk", take)
    session.send("HeapProfiler.takeHeapSnapshot")
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    heap = json.loads("".join(chunks))
    meta = heap["snapshot"]["meta"]
    nodes = np.array(heap["nodes"]).reshape(-1, len(meta["node_fields"]))
    kinds, sizes = (nodes[:, meta["node_fields"].index(name)] for name in ("type", "self_size"))
    return float(sizes[kinds != meta["node_types"][0].index("code")].sum()) / 2**20


def test_five_hundred_brushes_leave_memory_as_it_was(planted_app, open_page):
    _, address = planted_app(2_000, images=False)
    page = open_page(address)
    settled(page)
    session = page.context.new_cdp_session(page)
    bins = [[step % 7, step % 7 + 1 + step % 3] for step in range(100)]
    page.evaluate(BRUSH, bins)
    before = megabytes(session)
    for _ in range(4):
        page.evaluate(BRUSH, bins)
    after = megabytes(session)
    assert after < 1.1 * before, f"{before:.1f} MB after 100 brushes, {after:.1f} MB after 500"


def test_opening_and_leaving_every_view_leaves_memory_as_it_was(planted_app, open_page):
    _, address = planted_app(300, images=False)
    page = open_page(address)
    settled(page)
    session = page.context.new_cdp_session(page)
    names = listed(page)

    def tour(rounds: int) -> float:
        page.evaluate(TOUR, [[*names, "overview"], rounds])
        settled(page)
        return megabytes(session)

    before, clients = tour(2), page.evaluate("window.underglass.case.coordinator.clients.size")
    after = tour(10)
    assert page.evaluate("window.underglass.case.coordinator.clients.size") == clients
    assert after < 1.1 * before, f"{before:.1f} MB after 2 rounds of {len(names)} views, {after:.1f} MB after 12"


def test_a_view_that_is_left_alone_asks_nothing(planted_app, open_page):
    """An answer that makes its own question be asked again would go on for ever, unseen."""
    _, address = planted_app(300, images=False)
    page = open_page(address)
    settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/api/")[-1]))
    for name in listed(page):
        go_to(page, name)
        for _ in range(40):
            asked.clear()
            page.wait_for_timeout(500)
            if not asked:
                break
        assert asked == [], f"{name} goes on asking: {sorted(set(asked))}"
