// How does one of several pictures that came as one sheet stand in a canvas of its own?

export interface Cut {
  sheet: ImageBitmap;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** For `use:`: the canvas has the cut's own pixels. */
export function show(canvas: HTMLCanvasElement, cut: Cut) {
  const draw = ({ sheet, x, y, width, height }: Cut) => {
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.drawImage(sheet, x, y, width, height, 0, 0, width, height);
  };
  draw(cut);
  return { update: draw };
}
