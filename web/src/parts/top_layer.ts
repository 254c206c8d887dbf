// What follows the pointer stands above everything: a notebook clips and moves what is fixed inside a cell.

/** Put an element into the top layer for as long as it is there; its place is then one of the window. */
export function onTop(element: HTMLElement): void {
  element.popover = "manual";
  element.showPopover();
}
