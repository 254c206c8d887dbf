// Which element has the focus, also where the page around a shadow root only knows its host?

/** The focused element as the document or shadow root of `element` sees it. */
export function focused(element: Element): Element | null {
  return (element.getRootNode() as Document | ShadowRoot).activeElement;
}
