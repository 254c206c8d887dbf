// Put a part of a view into the host's side panel where there is one and it has room; else it stays where it is.

/** The place a host offers beside the view; null where it has none now. */
export type Aside = (() => HTMLElement | null) | undefined;

const NARROW = "(max-width: 999px)";

export function beside(element: HTMLElement, aside: Aside) {
  const home = element.parentElement!;
  const mark = document.createComment("beside");
  home.insertBefore(mark, element);
  const narrow = matchMedia(NARROW);
  function settle() {
    const place = narrow.matches ? null : (aside?.() ?? null);
    if (place && element.parentElement !== place) place.append(element);
    else if (!place && element.parentElement !== home) home.insertBefore(element, mark.nextSibling);
    element.toggleAttribute("data-beside", place !== null);
  }
  settle();
  narrow.addEventListener("change", settle);
  return {
    destroy() {
      narrow.removeEventListener("change", settle);
      mark.remove();
      element.remove();
    },
  };
}
