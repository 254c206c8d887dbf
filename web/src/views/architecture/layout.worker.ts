// The worker in which drawings are laid out, so that the page stays quick.
import { place, type DrawingTask } from "./compound";
import { remembering } from "./remembering";

const placeLevel = remembering();
self.onmessage = ({ data }: MessageEvent<{ id: number; task: DrawingTask }>) => {
  try {
    self.postMessage({ id: data.id, placed: place(data.task, placeLevel) });
  } catch (error) {
    self.postMessage({ id: data.id, problem: error instanceof Error ? error.message : String(error) });
  }
};
