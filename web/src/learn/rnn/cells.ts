// What is inside each cell, where does it stand, and in what order does it fire? One drawing per kind of cell.
import type { CellName } from "../engine/recurrent";

export interface Part {
  /** Name of the value in a layer's trace. */
  name: string;
  /** As the equations write it, and in words. */
  sign: string;
  title: string;
  /** Left upper corner, in a drawing of 760 × 396. */
  x: number;
  y: number;
  /** Gates lie between 0 and 1; everything else may be negative. */
  gate?: boolean;
  text: string;
  tex: string;
}
export interface Edge {
  from: string;
  to: string;
  /** Back to the next step: drawn around the cell. */
  loop?: boolean;
}
export interface Stage {
  parts: readonly string[];
  /** Number of the caption that belongs to it. */
  caption: number;
  loops?: boolean;
}
export interface Caption {
  title: string;
  text: string;
}
export interface Cell {
  parts: readonly Part[];
  edges: readonly Edge[];
  stages: readonly Stage[];
  captions: readonly Caption[];
}

export const PART = { width: 148, height: 52 } as const;
export const DRAWING = { width: 760, height: 396 } as const;

const fan = (from: readonly string[], to: readonly string[]): Edge[] => from.flatMap((a) => to.map((b) => ({ from: a, to: b })));

const X: Omit<Part, "x" | "y"> = {
  name: "x",
  sign: "xₜ",
  title: "layer input",
  text: "What comes from below: the value that is read now, or, in a higher layer, the state of the layer below.",
  tex: "x_t",
};
const BEFORE: Omit<Part, "x" | "y"> = {
  name: "hBefore",
  sign: "hₜ₋₁",
  title: "state before",
  text: "What this layer said one step ago. It came round the loop; before the first step it is zero.",
  tex: "h_{t-1}",
};

export const CELLS: Record<CellName, Cell> = {
  lstm: {
    parts: [
      {
        name: "cBefore",
        sign: "cₜ₋₁",
        title: "memory before",
        x: 0,
        y: 28,
        text: "What the memory cell held one step ago. It passes on untouched but for the forget gate.",
        tex: "c_{t-1}",
      },
      { ...X, x: 0, y: 190 },
      { ...BEFORE, x: 0, y: 272 },
      {
        name: "f",
        sign: "f",
        title: "forget gate",
        gate: true,
        x: 204,
        y: 70,
        text: "For each unit, the share of the old memory that is kept: 1 keeps all, 0 forgets all.",
        tex: "f_t = \\sigma ( W_f x_t + b_f + U_f h_{t-1} + d_f )",
      },
      {
        name: "i",
        sign: "i",
        title: "input gate",
        gate: true,
        x: 204,
        y: 144,
        text: "For each unit, the share of the new candidate that is let into the memory.",
        tex: "i_t = \\sigma ( W_i x_t + b_i + U_i h_{t-1} + d_i )",
      },
      {
        name: "g",
        sign: "g",
        title: "candidate",
        x: 204,
        y: 218,
        text: "What could be remembered of this step, between −1 and 1.",
        tex: "g_t = \\tanh ( W_g x_t + b_g + U_g h_{t-1} + d_g )",
      },
      {
        name: "o",
        sign: "o",
        title: "output gate",
        gate: true,
        x: 204,
        y: 292,
        text: "For each unit, the share of the memory that is shown to the next layer and the next step.",
        tex: "o_t = \\sigma ( W_o x_t + b_o + U_o h_{t-1} + d_o )",
      },
      {
        name: "kept",
        sign: "f ⊙ cₜ₋₁",
        title: "kept",
        x: 408,
        y: 28,
        text: "The old memory after the forget gate.",
        tex: "f_t \\odot c_{t-1}",
      },
      {
        name: "added",
        sign: "i ⊙ g",
        title: "added",
        x: 408,
        y: 170,
        text: "The candidate after the input gate.",
        tex: "i_t \\odot g_t",
      },
      {
        name: "c",
        sign: "cₜ",
        title: "memory cell",
        x: 612,
        y: 84,
        text: "The memory after this step. It is a sum, not a product with weights: so an error can flow back through it over many steps.",
        tex: "c_t = f_t \\odot c_{t-1} + i_t \\odot g_t",
      },
      {
        name: "bent",
        sign: "tanh cₜ",
        title: "bent memory",
        x: 612,
        y: 188,
        text: "The memory, pressed back between −1 and 1.",
        tex: "\\tanh ( c_t )",
      },
      {
        name: "h",
        sign: "hₜ",
        title: "output, state",
        x: 612,
        y: 292,
        text: "What the layer says: to the layer above, and round the loop to itself.",
        tex: "h_t = o_t \\odot \\tanh ( c_t )",
      },
    ],
    edges: [
      ...fan(["x", "hBefore"], ["f", "i", "g", "o"]),
      { from: "cBefore", to: "kept" },
      { from: "f", to: "kept" },
      { from: "i", to: "added" },
      { from: "g", to: "added" },
      { from: "kept", to: "c" },
      { from: "added", to: "c" },
      { from: "c", to: "bent" },
      { from: "bent", to: "h" },
      { from: "o", to: "h" },
      { from: "c", to: "cBefore", loop: true },
      { from: "h", to: "hBefore", loop: true },
    ],
    stages: [
      { parts: ["x", "hBefore", "cBefore", "g"], caption: 0 },
      { parts: ["f", "i", "o"], caption: 1 },
      { parts: ["kept", "added"], caption: 2 },
      { parts: ["c"], caption: 2 },
      { parts: ["bent", "h"], caption: 3 },
      { parts: [], caption: 3, loops: true },
    ],
    captions: [
      { title: "Layer input", text: "The new value and the state before come in. Together they make a candidate g." },
      { title: "Gate activation", text: "The same two make three gates: how much to forget, to let in, to show." },
      { title: "Cell update", text: "Memory = what the forget gate keeps + what the input gate lets in." },
      { title: "Output", text: "The output gate shows part of the memory: upward, and round the loop to the next step." },
    ],
  },
  gru: {
    parts: [
      { ...X, x: 0, y: 150 },
      { ...BEFORE, x: 0, y: 252 },
      {
        name: "z",
        sign: "z",
        title: "update gate",
        gate: true,
        x: 204,
        y: 60,
        text: "For each unit, the share of the old state that stays; the rest is replaced by the candidate.",
        tex: "z_t = \\sigma ( W_z x_t + b_z + U_z h_{t-1} + d_z )",
      },
      {
        name: "r",
        sign: "r",
        title: "reset gate",
        gate: true,
        x: 204,
        y: 190,
        text: "For each unit, how much of what the old state brings the candidate may use.",
        tex: "r_t = \\sigma ( W_r x_t + b_r + U_r h_{t-1} + d_r )",
      },
      {
        name: "brought",
        sign: "Uₙh + dₙ",
        title: "brought by the state",
        x: 204,
        y: 272,
        text: "What the old state would bring to the candidate.",
        tex: "U_n h_{t-1} + d_n",
      },
      {
        name: "reset",
        sign: "r ⊙ (Uₙh + dₙ)",
        title: "after reset",
        x: 408,
        y: 272,
        text: "The reset gate comes after the product with the state, as torch and cuDNN compute it; in Cho et al. it comes before.",
        tex: "r_t \\odot ( U_n h_{t-1} + d_n )",
      },
      {
        name: "n",
        sign: "n",
        title: "candidate",
        x: 408,
        y: 170,
        text: "What the state could become, between −1 and 1.",
        tex: "n_t = \\tanh ( W_n x_t + b_n + r_t \\odot ( U_n h_{t-1} + d_n ) )",
      },
      {
        name: "kept",
        sign: "z ⊙ hₜ₋₁",
        title: "kept",
        x: 408,
        y: 60,
        text: "The part of the old state that stays.",
        tex: "z_t \\odot h_{t-1}",
      },
      {
        name: "added",
        sign: "(1 − z) ⊙ n",
        title: "added",
        x: 612,
        y: 170,
        text: "The part of the candidate that comes in.",
        tex: "( 1 - z_t ) \\odot n_t",
      },
      {
        name: "h",
        sign: "hₜ",
        title: "output, state",
        x: 612,
        y: 272,
        text: "What the layer says: to the layer above, and round the loop to itself. A GRU has no memory beside it.",
        tex: "h_t = ( 1 - z_t ) \\odot n_t + z_t \\odot h_{t-1}",
      },
    ],
    edges: [
      ...fan(["x", "hBefore"], ["z", "r"]),
      { from: "hBefore", to: "brought" },
      { from: "brought", to: "reset" },
      { from: "r", to: "reset" },
      { from: "x", to: "n" },
      { from: "reset", to: "n" },
      { from: "z", to: "kept" },
      { from: "hBefore", to: "kept" },
      { from: "n", to: "added" },
      { from: "z", to: "added" },
      { from: "kept", to: "h" },
      { from: "added", to: "h" },
      { from: "h", to: "hBefore", loop: true },
    ],
    stages: [
      { parts: ["x", "hBefore"], caption: 0 },
      { parts: ["z", "r", "brought"], caption: 1 },
      { parts: ["reset", "n"], caption: 2 },
      { parts: ["kept", "added"], caption: 2 },
      { parts: ["h"], caption: 3 },
      { parts: [], caption: 3, loops: true },
    ],
    captions: [
      { title: "Layer input", text: "The new value and the state before come in." },
      { title: "Gate activation", text: "Together they make two gates: what to keep, and what the candidate may look at." },
      { title: "Cell update", text: "A candidate is made; the update gate mixes it with the old state." },
      { title: "Output", text: "The mixture is the new state: upward, and round the loop to the next step." },
    ],
  },
  rnn: {
    parts: [
      { ...X, x: 60, y: 96 },
      { ...BEFORE, x: 60, y: 226 },
      {
        name: "sum",
        sign: "sum",
        title: "Wxₜ + Uhₜ₋₁ + b + d",
        x: 306,
        y: 162,
        text: "Both, each times its own weights, added up.",
        tex: "W x_t + b + U h_{t-1} + d",
      },
      {
        name: "h",
        sign: "hₜ",
        title: "output, state",
        x: 552,
        y: 162,
        text: "The sum, bent between −1 and 1. Nothing guards the old state: each step writes over all of it.",
        tex: "h_t = \\tanh ( W x_t + b + U h_{t-1} + d )",
      },
    ],
    edges: [
      { from: "x", to: "sum" },
      { from: "hBefore", to: "sum" },
      { from: "sum", to: "h" },
      { from: "h", to: "hBefore", loop: true },
    ],
    stages: [
      { parts: ["x", "hBefore"], caption: 0 },
      { parts: ["sum"], caption: 1 },
      { parts: ["h"], caption: 2 },
      { parts: [], caption: 2, loops: true },
    ],
    captions: [
      { title: "Layer input", text: "The new value and the state before come in." },
      { title: "Sum", text: "Each is multiplied by its own weights; both products are added." },
      { title: "Output", text: "tanh bends the sum: the new state, upward and round the loop to the next step." },
    ],
  },
};
