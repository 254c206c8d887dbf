// What is said about recurrent networks: tour, words, equations, sources. Short, and each claim has a source.
import type { Equation, InfoText, Show, Source, Term, TourStep } from "../shell/types";
import { DEFAULT } from "./config";
import type { Session } from "./session.svelte";
import { SETTINGS, type TrainedName } from "./trained";

export const PHASES = [
  {
    name: "forward",
    title: "Forward",
    text: "Sequences pass through the layers, step by step; the prediction is compared with what really follows.",
  },
  {
    name: "validation",
    title: "Validation",
    text: "On a sequence it does not learn from, the network goes on by itself, reading its own predictions.",
  },
  {
    name: "backward",
    title: "Backward",
    text: "The error goes back through the layers and through the steps; each weight moves a little against its share.",
  },
] as const;

export const INFOS = {
  input: {
    title: "Input",
    text: [
      "What is to be continued. *Series*: the network reads 15 values, one at a time, and says the next one. *Texts*: it reads 20 characters, each as a list of zeros with a single 1 (one-hot), and says how probable each character is to follow.",
      "Each epoch draws 100 sequences anew: functions from evenly spaced places, shifted at random; texts and your own data from random places. The last fifth of your own data is held out, if there is enough.",
    ],
  },
  network: {
    title: "Network",
    text: [
      "*Layers* of units stand one upon the other. What makes them *recurrent* is the loop: at each step a layer reads what comes from below *and its own state of the step before*. So it has two sets of weights, W for what comes in and U for what comes round.",
      "The upper picture in each layer is its state over the steps of the sample; the lower one is how much the error would change with it. After the last step a dense *head* turns the uppermost state into the prediction.",
      "*+* adds a layer, *×* takes one away: another structure is another network, so a new run begins.",
    ],
    equations: ["h_t = \\tanh ( W x_t + b + U h_{t-1} + d )"],
  },
  prediction: {
    title: "Prediction",
    text: [
      "Only the *first* prediction rests on real data alone. It is then read as if it had been given, and so is each later one: the state is built more and more from the network's own words. Small errors grow, as one who sings from memory drifts off the key.",
      "The *target* is what really follows; it has no noise. A *bar* leads from each prediction to its target. Only the first prediction is learned from.",
    ],
  },
  rate: {
    title: "Learning rate",
    text: [
      "How far a weight moves against its gradient. Too *low*: nothing is wrong, but nothing happens in any reasonable time. Too *high*: each step overshoots, and what was learned is thrown away.",
      "RMSProp divides each step by the running size of that weight's gradients, so one rate serves all weights.",
    ],
    equations: ["v \\leftarrow 0.9 v + 0.1 g^2", "\\theta \\leftarrow \\theta - \\eta \\frac{g}{\\sqrt{v} + \\epsilon}"],
  },
  batch: {
    title: "Batch size",
    text: [
      "How many sequences are averaged before the weights move. *Small* batches mean many updates an epoch, each of them rough: 100 sequences in batches of 5 are 20 updates. *Large* ones are smooth and few: 2 updates with 50.",
    ],
  },
  noise: {
    title: "Noise",
    text: [
      "Each value that is read is shifted at random by at most this much, to either side; targets stay clean. A little noise keeps the network from leaning on single values. Much noise hides what there is to see.",
    ],
  },
  forward: {
    title: "Forward",
    text: [
      "A batch passes through the layers: at each step every layer reads and updates its state, the lowest first. After the last step the head predicts, and the *loss* says how far off it is: the mean squared error for series, the cross-entropy for texts.",
    ],
    equations: ["L = \\frac{1}{n} \\sum_i ( y_i - t_i )^2", "L = - \\frac{1}{n} \\sum_i \\log p_i ( t_i )"],
  },
  validation: {
    title: "Validation",
    text: [
      "Sequences that are not learned from show whether the *rule* was learned or the examples. Here one of them is drawn at random each epoch, and the network continues it. The curve below is the mean over all that are held out.",
    ],
  },
  backward: {
    title: "Backward: through layers and through time",
    text: [
      "The chain rule, from the end to the beginning. A state at step t has two ways to the loss: up, to the layer above, and on, to its own step t + 1. So its derivative is a sum of two, and is found from the last step to the first: *back-propagation through time*.",
      "The same weights serve all steps; their gradient is the sum over the steps. Going back through many steps multiplies many factors: below 1 they make the early steps count for nothing (*vanishing gradients*), which gates were made against.",
    ],
    equations: ["\\frac{\\partial L}{\\partial U} = \\sum_t \\frac{\\partial L}{\\partial z_t} h_{t-1}"],
  },
  cell: {
    title: "A cell at work",
    text: [
      "Each box is a list of numbers, one a unit, drawn as a strip: gates from 0 (light) to 1 (dark), everything else from negative (ochre) to positive (blue). The number is that of the unit with the blue frame; *left and right arrow* or a click on a strip choose another.",
      "A box is empty until its inputs are there. Every number is what the engine computed for the sample on the right. Going backward, the boxes show the derivative of the loss by the same value. Click a box for its equation.",
    ],
  },
  data: {
    title: "Network data",
    text: [
      "The line walks over the values that are read. Then the window slides: the first prediction joins what is read, and so on for a few predictions. At last the error is measured, for the first prediction only, and goes back step by step.",
      "The grey bars below are the length of the derivative by the state at each step: what that step owes to the error.",
    ],
  },
} satisfies Record<string, InfoText>;

export function tour(session: Session): TourStep[] {
  const states = (names: readonly TrainedName[], epochs: 10 | 20 = 10): Show[] =>
    names.map((name) => ({ label: SETTINGS[name].title, run: () => void session.show(name, epochs) }));
  const begin = () => session.use(structuredClone(DEFAULT));
  return [
    {
      id: "welcome",
      title: "What comes next?",
      text: "Melodies, sentences, temperatures: data in which *order* matters. A recurrent network reads them one piece at a time and keeps a *state*, a memory of what it has read. It can say one thing about a whole sequence (many to one), one thing at each step (many to many), or go on from a single piece (one to many). Here it has one task: *say what comes next*.",
      objective: "What recurrent networks are for: sequential data; next-element prediction as the running task",
      part: "data",
      question: {
        ask: "For which of these does order matter least?",
        answers: ["A sentence", "The heights of a school class", "An electrocardiogram"],
        right: 1,
        because: "Shuffle the heights and nothing is lost. Shuffle the words and the sentence is gone.",
      },
    },
    {
      id: "network",
      title: "Layers with a loop",
      text: "Each box is a layer. Data go from left to right, as in any network; but each layer also has a *loop*: it reads its own state of the step before. So it has weights for what comes in and other weights for what comes round. Press play: first the states fill, layer by layer, then the error comes back.",
      objective: "Structure: layers and recurrence; weights for the input and for the step before",
      part: "network",
      show: { label: "Play", run: () => void session.play() },
      question: {
        ask: "How many sets of weights does a plain recurrent layer have?",
        answers: ["One", "Two", "One for each step"],
        right: 1,
        because: "One for the input, one for its own state. All steps share them: that is why any length can be read.",
      },
    },
    {
      id: "settings",
      title: "Three settings",
      text: "*Learning rate*: how far each update goes. *Batch size*: how many sequences are averaged for one update. *Noise*: how much each value read is shaken. All of them act with the next epoch, while training goes on. The next three cards show networks that were trained beforehand, so that you see the outcome at once.",
      objective: "The hyper-parameters and what each does",
      part: "settings",
    },
    {
      id: "rate",
      title: "Learning rate: low, medium, high",
      text: "The same network after *10 epochs* on two waves. *Low*: it has hardly moved, and would need far more epochs. *Medium*: it follows. *High*: every step overshoots, and it says the same thing to everything; that is worse than a guess, and more epochs do not help.",
      objective: "Learning rate: too low, right, too high, after 10 epochs",
      part: "prediction",
      show: states(["lowRate", "mediumRate", "highRate"]),
      question: {
        ask: "Which one would be mended by training ten times longer?",
        answers: ["The low rate", "The high rate"],
        right: 0,
        because: "A low rate is slow but goes the right way. A high one jumps past the goal each time.",
      },
    },
    {
      id: "batch",
      title: "Batch size: small, medium, large",
      text: "After *10 epochs* each. The small batch had 200 updates, the large one only 20, so it is behind; given more epochs it catches up. What the large one has instead is smoother steps, and on parallel hardware quicker epochs.",
      objective: "Batch size: number and roughness of updates, after 10 epochs",
      part: "prediction",
      show: states(["smallBatch", "mediumBatch", "largeBatch"]),
      question: {
        ask: "100 sequences in batches of 20: how many updates an epoch?",
        answers: ["5", "20", "100"],
        right: 0,
        because: "Each batch is one update, and 100 / 20 = 5.",
      },
    },
    {
      id: "noise",
      title: "Noise: none, medium, high",
      text: "After *20 epochs* each. The values read are shaken; the targets are not. Look at the sample: with high noise the single values are ragged, yet the network draws a smooth curve, since it had to learn from many values at once.",
      objective: "Noise: what it hides and what it teaches, after 20 epochs",
      part: "prediction",
      show: states(["noNoise", "mediumNoise", "highNoise"], 20),
      question: {
        ask: "Why are the targets left without noise?",
        answers: ["The network would learn the noise", "Then a right answer exists"],
        right: 1,
        because: "Noise cannot be predicted. With clean targets the best answer is the curve itself.",
      },
    },
    {
      id: "training",
      title: "Forward, validation, backward",
      text: "One epoch has three parts. *Forward*: states fill and a prediction is made. *Validation*: a sequence it never learned from. *Backward*: the error flows against the arrows and *back through the steps*. Watch the two pictures in each layer, and the curve of the error.",
      objective: "Training: forward, validation, backward; the error goes back through layers and through time",
      part: "phases",
      show: { label: "Begin anew and play", run: () => void begin().then(() => session.play()) },
      question: {
        ask: "In which order do layers light up going backward?",
        answers: ["First to last", "Last to first"],
        right: 1,
        because: "The loss is at the end; the chain rule takes it apart from there.",
      },
    },
    {
      id: "prediction",
      title: "Living on one's own words",
      text: "Grey box: what is read. *Green*: what really follows. *Purple*: what the network says. Only the first prediction rests on real data; each later one reads the earlier ones as if they were data. So *bars grow to the right*, and a small first error does not promise a good tenth.",
      objective: "Multi-step prediction: the state is built from known inputs, then from own predictions, so errors grow",
      part: "prediction",
      question: {
        ask: "What does the network read before prediction 16 of a series?",
        answers: ["15 real values", "15 of its own predictions", "Nothing"],
        right: 1,
        because: "The window holds 15 values, and 15 predictions came before.",
      },
    },
    {
      id: "cell",
      title: "Into the cell",
      text: "A plain layer writes over its state at each step. An *LSTM* keeps a memory cell beside it. Click a layer, or here. Each box is one list of numbers and shows *the real ones*: layer input, then three gates, then the memory, then the output, which goes round the loop.",
      objective: "LSTM cell: layer input, gates, state update, memory cell",
      part: "cell",
      show: {
        label: "Open the cells of layer 1",
        run: () => void session.look(0).then(() => session.play()),
      },
      question: {
        ask: "Which values lie between 0 and 1?",
        answers: ["The gates", "The memory", "The state"],
        right: 0,
        because: "Gates are shares, made by the logistic function σ. The memory is a sum and may leave ± 1.",
      },
    },
    {
      id: "memory",
      title: "Memory is a sum",
      text: "Take one unit and check it: *c = f · c₋₁ + i · g*, written out below the cell. If f is near 1 and i near 0, the memory stays as it is, however many steps go by. And since it is a sum, the error comes back through it without shrinking by a weight at each step.",
      objective: "The memory cell's equation, with its numbers; why errors survive in it",
      part: "cell",
      show: {
        label: "Stop where the memory is made",
        run: () => {
          const at = () =>
            session.goTo(session.ticks.findIndex((tick) => tick.phase === "forward" && tick.step === 4 && tick.stage === 3));
          if (session.config.cell === "lstm" && session.opened !== null) at();
          else void session.use({ ...structuredClone(DEFAULT) }).then(() => session.look(0).then(at));
        },
      },
      question: {
        ask: "f = 1 and i = 0 at every step. What happens to the memory?",
        answers: ["It fades", "It stays", "It grows"],
        right: 1,
        because: "c = 1 · c₋₁ + 0 · g = c₋₁.",
      },
    },
    {
      id: "through",
      title: "Back through time",
      text: "At the end of the walk the error goes back, against the arrows, step by step. The boxes now show *derivatives*: how the error would change with each value. The grey bars under the curve are what each step owes. Compare LSTM and RNN: how far back do the bars reach?",
      objective: "Back-propagation through time; vanishing gradients",
      part: "plot",
      show: {
        label: "Go to the error",
        run: () => {
          const at = () => {
            session.goTo(session.ticks.findIndex((tick) => tick.phase === "error"));
            void session.play();
          };
          if (session.opened !== null) at();
          else void session.look(0).then(at);
        },
      },
      question: {
        ask: "Bars near zero at the early steps mean that …",
        answers: ["those steps are well predicted", "nothing is learned about those steps"],
        right: 1,
        because: "A derivative of zero moves no weight on behalf of that step: the gradient has vanished.",
      },
    },
    {
      id: "own",
      title: "Now you",
      text: "Paste a series or a text, change cells, layers and units. Does a verse need more memory than *abab*? Everything is decided by the settings and the seed, so the link at the top brings another person to exactly this state.",
      objective: "Own data, other cells; a run can be repeated from its seed",
      part: "data",
      show: { label: "Back to the start", run: () => void begin() },
    },
  ];
}

export const GLOSSARY: readonly Term[] = [
  { term: "State, h", text: "What a layer hands to the layer above and to itself at the next step." },
  { term: "Memory cell, c", text: "The second, guarded memory of an LSTM. Only the state is seen from outside." },
  { term: "Gate", text: "A share between 0 and 1, for each unit, computed anew at each step." },
  { term: "Step", text: "One piece of the sequence: a value, a character." },
  { term: "Epoch", text: "Here: 100 sequences, in batches, each of which is one update of the weights." },
  { term: "Held out", text: "Not learned from, so that it shows whether the rule was found." },
  { term: "Blind error", text: "That of an answer which reads nothing: always the mean, or each character by how common it is." },
  { term: "Back-propagation through time", text: "The chain rule along the steps, from the last to the first." },
  { term: "Vanishing gradient", text: "Products of many factors below 1: early steps no longer move any weight." },
];

export const EQUATIONS: readonly Equation[] = [
  {
    title: "LSTM",
    tex: "c_t = f_t \\odot c_{t-1} + i_t \\odot g_t\nh_t = o_t \\odot \\tanh ( c_t )",
    text: "i, f, o are logistic functions σ, g is a tanh of W x + b + U h₋₁ + d, each with its own W, U, b, d. ⊙ multiplies unit by unit.",
  },
  {
    title: "GRU",
    tex: "n_t = \\tanh ( W_n x_t + b_n + r_t \\odot ( U_n h_{t-1} + d_n ) )\nh_t = ( 1 - z_t ) \\odot n_t + z_t \\odot h_{t-1}",
    text: "r resets what the old state brings, z mixes old and new. torch applies r after the product with U, as here; Cho et al. before it.",
  },
  {
    title: "Plain RNN",
    tex: "h_t = \\tanh ( W x_t + b + U h_{t-1} + d )",
    text: "Two biases where one would do: torch and cuDNN keep both, so weights can be carried over as they are.",
  },
  {
    title: "Through time",
    tex: "\\frac{\\partial L}{\\partial h_{t-1}} = \\frac{\\partial L}{\\partial h_{t-1}} \\text{ from above} + U \\cdot \\frac{\\partial L}{\\partial z_t}",
    text: "z is what stands inside the tanh or σ; U is meant transposed. In an LSTM a second way leads through c, multiplied by f alone.",
  },
];

export const SOURCES: readonly Source[] = [
  {
    text: "Bäuerle, Albus, Störk, Seufert, Ropinski 2022, exploRNN: teaching recurrent neural networks through visual exploration (The Visual Computer): the views and their order",
    url: "arXiv 2012.06326",
  },
  { text: "Elman 1990, Finding structure in time (Cognitive Science 14)" },
  { text: "Werbos 1990, Backpropagation through time: what it does and how to do it (Proc. IEEE 78)" },
  { text: "Hochreiter and Schmidhuber 1997, Long short-term memory (Neural Computation 9)" },
  { text: "Gers, Schmidhuber, Cummins 2000, Learning to forget (Neural Computation 12): the forget gate" },
  { text: "Cho et al. 2014, RNN encoder–decoder: the GRU", url: "arXiv 1406.1078" },
  { text: "Tieleman and Hinton 2012, RMSProp (lecture 6.5)" },
  { text: "The verse: Row, Row, Row Your Boat, 1852" },
];

export const KEYS: readonly (readonly [string, string])[] = [
  ["Space", "play or pause"],
  ["n", "one epoch; inside a cell, the next part of a step"],
  ["r", "reset"],
  [", .", "inside a cell: one part back, one part on"],
  ["← →", "on a part of the cell: the unit before, the next unit"],
  ["Enter", "on a part of the cell: its equation"],
  ["Esc", "back to the network"],
];
