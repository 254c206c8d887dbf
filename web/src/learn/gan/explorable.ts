// How does the index list GAN Lab?
import type { Entry } from "../shell/types";
import Gan from "./Gan.svelte";
import Picture from "./Picture.svelte";

const entry: Entry = {
  name: "gan",
  title: "GAN Lab",
  question: "Can a forger learn from a critic alone?",
  text: "A generator and a discriminator play against each other in the plane. Walk one update in five steps, bend the noise, provoke mode collapse.",
  order: 1,
  component: Gan,
  picture: Picture,
};
export default entry;
