// The font that figures are set in, as Python has it, so that words on the screen stand as in the files.
import { font, type Desk } from "./answers";

const FAMILY = "Underglass Figure";

export class Face {
  /** Whether words can be measured; the page's own Inter stands in where the font cannot be had. */
  ready = $state(false);

  constructor(desk: Desk) {
    if ([...document.fonts].some((face) => face.family === FAMILY)) this.ready = true;
    else
      font(desk)
        .then((bytes) => new FontFace(FAMILY, bytes).load())
        .then((face) => void document.fonts.add(face))
        .catch(() => undefined)
        .finally(() => (this.ready = true));
  }
}
