// What does slow motion say at each of its ten phases? The numbers are those of the update that is being walked.
import { number, probability } from "../../runtime/format";
import type { Side } from "./config";
import type { Update } from "./trainer";

export interface Caption {
  /** 1 to 5, for each network. */
  phase: number;
  side: Side;
  title: string;
  text: string;
  /** Parts of the graph that take part; the others are dimmed. */
  parts: readonly string[];
}

const PARTS: Record<Side, readonly (readonly string[])[]> = {
  discriminator: [
    ["noise", "generator", "fake"],
    ["real", "fake", "discriminator", "onReal", "onFake"],
    ["onReal", "onFake", "lossD"],
    ["lossD", "discriminator"],
    ["discriminator"],
  ],
  generator: [
    ["noise", "generator", "fake"],
    ["fake", "discriminator", "onFake"],
    ["onFake", "lossG"],
    ["lossG", "discriminator", "fake", "generator"],
    ["generator", "fake"],
  ],
};
export const TITLES: Record<Side, readonly string[]> = {
  discriminator: ["Fakes are made", "The discriminator judges", "Its loss", "Its gradients", "The discriminator is updated"],
  generator: [
    "Fakes are made",
    "The discriminator judges them",
    "The generator's loss",
    "Its gradients",
    "The generator is updated",
  ],
};

export function caption(update: Update): Caption {
  const { side, phase } = update;
  const loss = number(update.loss);
  const texts: Record<Side, readonly string[]> = {
    discriminator: [
      "150 fresh points of noise go through the generator. It is frozen now.",
      `It calls 150 real samples real with ${probability(update.onReal)} on average, 150 fakes with ${probability(update.onFake)}.`,
      `Low if real samples get 1 and fakes get 0. Now it is ${loss}; a coin would pay .69 with the log loss.`,
      `How each weight would change the loss: together a gradient of length ${number(update.gradient)}; by layer ${update.byLayer.map(number).join(", ")}.`,
      `Its weights moved by ${number(update.moved)} against the gradient: the map of D has changed. Fakes have not moved.`,
    ],
    generator: [
      "150 fresh points of noise go through the generator.",
      `The discriminator, frozen now, calls the fakes real with ${probability(update.onFake)} on average.`,
      `Low if fakes get 1: the opposite of what the discriminator wants. Now it is ${loss}.`,
      `The error goes back through the frozen discriminator to the fakes (arrows), and on into the generator: a gradient of length ${number(update.gradient)}; by layer ${update.byLayer.map(number).join(", ")}.`,
      `Its weights moved by ${number(update.moved)}: the fakes have moved to where D is higher. The map of D has not changed.`,
    ],
  };
  return { phase, side, title: TITLES[side][phase - 1], text: texts[side][phase - 1], parts: PARTS[side][phase - 1] };
}
