// What is said about GANs: tour, words, equations, sources. Short, and each claim has a source.
import type { Equation, Source, Term, TourStep } from "../shell/types";
import { DEFAULT } from "./config";
import { PRESETS, presetConfig } from "./presets";
import type { Session } from "./session.svelte";

export function tour(session: Session): TourStep[] {
  const preset = (name: string) => presetConfig(PRESETS.find((one) => one.name === name)!);
  return [
    {
      id: "idea",
      title: "A forger and a critic",
      text: "The *generator* turns random noise into points and wants them to pass for real ones. The *discriminator* sees real points and fakes and says how real each looks. Neither is told what the shape is: the generator never sees a real point, it only learns what the critic lets pass. Press play and watch the purple fakes move onto the green dots.",
      objective: "What a generative adversarial network is: two networks with opposite aims",
      part: "time",
      show: { label: "Play", run: () => void session.play() },
      question: {
        ask: "Which of the two ever sees a real sample?",
        answers: ["The generator", "The discriminator", "Both"],
        right: 1,
        because:
          "Real samples go to the discriminator alone. All the generator learns comes through the discriminator's gradient.",
      },
    },
    {
      id: "graph",
      title: "The way of the data",
      text: "*Noise* goes through the generator and becomes fakes; fakes and real samples go through the discriminator and become answers. From the answers two losses are made, and each loss sends its gradient back (dashed) to *its own* network. Point at the generator to see how it bends the plane of noise.",
      objective: "Data flow: noise, generator, samples, discriminator, two losses, two gradients",
      part: "graph",
    },
    {
      id: "map",
      title: "One plane, several layers",
      text: "The ground shows the discriminator's answer everywhere: *green* where it says real, *purple* where it says fake, white where it cannot tell. An arrow at each fake is the slope of that ground: the way to a better mark. Switch layers on and off below the picture; click a fake to follow it.",
      objective: "The discriminator as a map over the plane, its gradient as the generator's only guide",
      part: "layered",
      question: {
        ask: "Where is the discriminator most useful to the generator?",
        answers: ["Where it is surest", "Where the map has a slope"],
        right: 1,
        because: "The generator follows the slope. Where D is flat, at 0 as at 1, there is hardly anything to follow.",
      },
    },
    {
      id: "turns",
      title: "They take turns",
      text: "One epoch is some updates of the discriminator, then some of the generator, each on 150 fresh samples. *Slow motion* walks each update in five captions: make fakes, judge, loss, gradients, update. At phase 5 of the discriminator only the ground changes; at phase 5 of the generator only the fakes move. *Step* does the same by hand.",
      objective: "Alternating training, at four levels: continuous, one epoch, one update, one phase",
      part: "time",
      show: { label: "Slow motion", run: () => void session.slow() },
      question: {
        ask: "After one update of the discriminator alone, what has moved?",
        answers: ["The fakes", "The ground", "Both"],
        right: 1,
        because: "The generator's weights are untouched, and so is every fake. Try it: Step, then Discriminator.",
      },
    },
    {
      id: "metrics",
      title: "A loss is not a mark",
      text: "Losses say who is winning at the moment: both near *.69* (log loss) means that the critic does no better than a coin, which happens when fakes are perfect, and also when the critic is bad. The *divergences* compare the two clouds themselves. JS falls to what two sets of real samples differ by chance (dotted), if the generator succeeds.",
      objective: "Reading the metrics: losses of a game against divergence of distributions",
      part: "metrics",
      question: {
        ask: "Both losses are at .69. Are the fakes good?",
        answers: ["Yes", "That cannot be said"],
        right: 1,
        because: "The critic is at chance. Whether the fakes are that good or the critic that bad, the divergence tells.",
      },
    },
    {
      id: "manifold",
      title: "Noise is bent, not sorted",
      text: "Switch on the *manifold*: the regular grid of noise after the generator. Where its cells are small, many fakes fall. It can be stretched and folded but not torn, so between two clouds a thin bridge of fakes remains. With one-dimensional noise it is a thread.",
      objective: "The generator as a continuous map; density; why a gap is hard",
      part: "layered",
      show: {
        label: "A thread on the ring",
        run: () =>
          void session.use(preset("line")).then(() => {
            session.layers.manifold = true;
            return session.play();
          }),
      },
      question: {
        ask: "Can one-dimensional noise fill a disc?",
        answers: ["Yes, with more neurons", "No, it stays a curve"],
        right: 1,
        because: "A continuous map with kinks makes a curve of a line. More neurons make the curve more winding, never a plane.",
      },
    },
    {
      id: "collapse",
      title: "Mode collapse",
      text: "Here the generator gets ten updates for each one of the discriminator. It heaps all fakes where the critic is weakest. As soon as the critic has learned of the heap, the heap moves to another island: one *mode* at a time, never all three.",
      objective: "Mode collapse: what it is and how it comes about",
      part: "layered",
      show: { label: "Show mode collapse", run: () => void session.use(preset("collapse")).then(() => session.play()) },
      question: {
        ask: "What would help most here?",
        answers: ["More updates of the generator", "More updates of the discriminator"],
        right: 1,
        because:
          "A critic that keeps up notices the heap while it grows. Try 1 and 2 under Settings on the graph: they act at once.",
      },
    },
    {
      id: "runaway",
      title: "When numbers run away",
      text: "A learning rate is the length of a step against the gradient. Far too long a step lands where the gradient is larger still, and so on. With a rate of *10* the numbers leave all bounds within a few updates. Nothing is broken: go back to the last good epoch and take a shorter step.",
      objective: "The learning rate: divergence, how to see it, how to mend it",
      part: "settings",
      show: { label: "Set the rate to 10", run: () => void session.use(preset("runaway")).then(() => session.play()) },
    },
    {
      id: "own",
      title: "Now you",
      text: "Draw a shape, or paste points. Change the networks *on the graph*. Everything is decided by the settings and the seed, so the link at the top brings another person to exactly this state.",
      objective: "Own data and settings; a run can be repeated from its seed",
      part: "data",
      show: {
        label: "Back to the start",
        run: () => void session.use(structuredClone(DEFAULT)),
      },
    },
  ];
}

export const GLOSSARY: readonly Term[] = [
  { term: "Generator, G", text: "A network from noise to points. It is good if its points cannot be told from real ones." },
  { term: "Discriminator, D", text: "A network from a point to a number between 0 (fake) and 1 (real)." },
  { term: "Noise", text: "Random numbers that the generator starts from. Each point of noise always becomes the same fake." },
  { term: "Epoch", text: "Here: the set number of updates of each network, each on 150 fresh samples." },
  { term: "Gradient", text: "The direction in which a number grows fastest. Training steps against the gradient of a loss." },
  { term: "Manifold", text: "All that the generator can make: the image of the whole noise." },
  { term: "Mode collapse", text: "The generator makes only a part of what is real, in the worst case a single point." },
  {
    term: "KL, JS divergence",
    text: "Two measures of how far apart distributions are, in bits. KL asks what real samples cost if one expects fakes; JS is symmetric and at most 1.",
  },
];

export const EQUATIONS: readonly Equation[] = [
  {
    title: "What D wants",
    tex: "L_D = -\\frac{1}{2} ( \\frac{1}{n} \\sum_i \\log D(x_i) + \\frac{1}{n} \\sum_i \\log (1 - D(G(z_i))) )",
    text: "1 for real samples x, 0 for fakes G(z). For real samples the target is .95 instead of 1, so that D is never too sure (one-sided label smoothing).",
  },
  {
    title: "What G wants",
    tex: "L_G = -\\frac{1}{n} \\sum_i \\log D(G(z_i))",
    text: "1 for its fakes. This form does not saturate: its slope is steep where D is sure that a fake is one.",
  },
  {
    title: "Least squares instead",
    tex: "L_D = \\frac{1}{2} ( \\frac{1}{n} \\sum_i (D(x_i) - 1)^2 + \\frac{1}{n} \\sum_i D(G(z_i))^2 )\nL_G = \\frac{1}{n} \\sum_i (D(G(z_i)) - 1)^2",
    text: "The same aims with squared errors. D keeps its range from 0 to 1 here; the original leaves it unbounded.",
  },
  {
    title: "How far apart",
    tex: "\\text{KL}(p \\parallel q) = \\sum_i p_i \\log_2 \\frac{p_i}{q_i}\n\\text{JS} = \\frac{1}{2} \\text{KL}(p \\parallel m) + \\frac{1}{2} \\text{KL}(q \\parallel m)",
    text: "p and q are shares of real samples and fakes in each cell, m their mean. Every cell gets .0001 for KL, which would else be infinite.",
  },
];

export const SOURCES: readonly Source[] = [
  { text: "Goodfellow et al. 2014, Generative Adversarial Nets (NeurIPS)", url: "arXiv 1406.2661" },
  {
    text: "Kahng, Thorat, Chau, Viégas, Wattenberg 2019, GAN Lab (IEEE TVCG 25): the views and their order",
    url: "arXiv 1809.01587",
  },
  { text: "Salimans et al. 2016, Improved Techniques for Training GANs: one-sided label smoothing", url: "arXiv 1606.03498" },
  { text: "Mao et al. 2017, Least Squares GANs", url: "arXiv 1611.04076" },
  { text: "Lin 1991, Divergence measures based on the Shannon entropy: JS" },
];

export const KEYS: readonly (readonly [string, string])[] = [
  ["Space", "play or pause"],
  ["s", "slow motion"],
  ["b", "one epoch of both"],
  ["g", "one update of the generator"],
  ["d", "one update of the discriminator"],
  ["n", "one phase of an update"],
  ["r", "reset"],
  ["← →", "in the picture: from fake to fake"],
  ["Enter", "in the picture: follow the fake"],
];
