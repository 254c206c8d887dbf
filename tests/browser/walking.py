"""Press every button that a view of an exported page offers, as a person who tries everything would."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

PRESS_ALL = """
async (view) => {
  const ug = window.underglass, { host } = ug.case;
  if (!window.refused) {
    window.refused = [];
    for (const name of ["call", "useModel"]) {
      const asked = host[name].bind(host);
      host[name] = async (...given) => {
        try { return await asked(...given); }
        catch (error) { window.refused.push({ button: window.pressed, asked: given.slice(0, 2).join("/"),
                                              status: error.status, said: error.message }); throw error; }
      };
    }
  }
  const buttons = "button, [role=button], [role=tab], [role=menuitem], [role=switch], summary";
  const places = ["header", "main", "aside", "[popover]", "dialog"];
  const selector = places.flatMap((place) => buttons.split(", ").map((one) => `${place} ${one}`)).join(", ");
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const named = (one) => (one.getAttribute("aria-label") || one.textContent || one.title || "").trim().replace(/\\s+/g, " ");
  const said = (one) => one.title || one.getAttribute("aria-description")
      || one.closest("fieldset[title], [role=group][title]")?.title || one.querySelector(".muted")?.textContent || "";
  const around = (one) => { let text = "";
      for (let at = one; at && at !== document.body; at = at.parentElement) text += "<" + at.tagName + (at.classList[0] ?? "");
      return text; };
  const rest = async () => { for (let i = 0; i < 2; i++) { await new Promise((done) => setTimeout(done)); await ug.settled(); } };
  const home = async () => {
    if (location.hash.split("?")[0] === "#" + view) return;
    location.hash = "#" + view;
    while (!ug.mounted.some((one) => one.name === view)) await new Promise((done) => setTimeout(done, 10));
    await rest();
  };
  const done = new Set(), times = new Map(), off = {}, names = [];
  for (;;) {
    let next = null;
    const places = new Map();
    for (const one of document.querySelectorAll(selector)) {
      if (!shown(one)) continue;
      const place = around(one);
      const at = places.get(place) ?? 0;
      places.set(place, at + 1);
      if (one.matches(":disabled, [aria-disabled=true]")) off[named(one).replace(/\\d[\\d.,]*/g, "#")] = said(one);
      // of many that are alike, such as rows of a list, the first three
      else if (!next && !done.has(place + at) && (times.get(place) ?? 0) < MOST) next = { one, place, at };
    }
    if (!next) break;
    done.add(next.place + next.at);
    times.set(next.place, (times.get(next.place) ?? 0) + 1);
    window.pressed = view + ": " + named(next.one).slice(0, 60);
    names.push(window.pressed);
    next.one.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    await rest();
    await home();
  }
  while (host.edits.edits.length) await ug.case.undo();
  host.edits.undone = [];
  ug.case.picks.clear();
  await ug.case.open(null);
  await rest();
  return { pressed: names, off, refused: window.refused.splice(0) };
}
"""


def press_all(page: Page, view: str, *, alike: int = 3) -> dict[str, Any]:
    """Press what can be pressed in a view, and what that brings up.

    Parameters
    ----------
    alike : of buttons in the same kind of place, such as the rows of a list, only so many are pressed.

    Returns
    -------
    dict
        ``pressed`` (names), ``off`` (disabled: name → its reason, "" without), ``refused`` (what was asked of Python and not
        answered, with the button).
    """
    return page.evaluate(PRESS_ALL.replace("MOST", str(alike)), view)
