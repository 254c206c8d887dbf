// How does the index list exploRNN?
import type { Entry } from "../shell/types";
import Picture from "./Picture.svelte";
import Rnn from "./Rnn.svelte";

const entry: Entry = {
  name: "rnn",
  title: "exploRNN",
  question: "How does a network remember what it has read?",
  text: "A recurrent network learns to continue a curve or a verse. Watch it read, predict and send its error back through time; step into a cell and follow every gate.",
  order: 2,
  component: Rnn,
  picture: Picture,
};
export default entry;
