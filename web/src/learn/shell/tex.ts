// How are equations drawn without a library? A small TeX becomes MathML, which browsers set themselves.
//
// Known: letters, numbers, + − = ( ) [ ] | , ∇ and other signs as they are; _ and ^ with one sign or {…}; \frac{}{}, \sqrt{}, \hat{},
// \bar{}, \text{…}, \log, \tanh, \max, \sum, \odot, \cdot, \sim, \in, \leftarrow, \approx and Greek letters by name.

const SIGNS: Record<string, string> = {
  sum: "∑", odot: "⊙", cdot: "·", sim: "∼", in: "∈", leftarrow: "←", approx: "≈", times: "×", nabla: "∇", partial: "∂", infty: "∞",
  le: "≤", ge: "≥", to: "→", parallel: "∥", quad: "\u2003", ",": "\u2009",
}; // prettier-ignore
const GREEK: Record<string, string> = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", eta: "η", theta: "θ", lambda: "λ", mu: "μ", sigma: "σ", phi: "φ", psi: "ψ",
  tau: "τ", Delta: "Δ", Sigma: "Σ", mathbb: "",
}; // prettier-ignore
const WORDS = new Set(["log", "tanh", "max", "min", "exp", "softmax", "ReLU", "softplus"]);
const OPERATORS = new Set([..."+-=()[]|,:;/∼∈⊙·←≈×∥≤≥→∑∂∇<>"]);
const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  row(end: string | null): string {
    let out = "";
    while (this.at < this.text.length && this.text[this.at] !== end) {
      if (/\s/.test(this.text[this.at])) {
        this.at += 1;
        continue;
      }
      out += this.scripted();
    }
    this.at += 1;
    return `<mrow>${out}</mrow>`;
  }

  scripted(): string {
    const base = this.atom();
    let [below, above]: (string | null)[] = [null, null];
    while (this.text[this.at] === "_" || this.text[this.at] === "^") {
      const sign = this.text[this.at++];
      if (sign === "_") below = this.atom();
      else above = this.atom();
    }
    const both = base.includes("∑") ? "munderover" : "msubsup";
    if (below && above) return `<${both}>${base}${below}${above}</${both}>`;
    if (below) return `<${base.includes("∑") ? "munder" : "msub"}>${base}${below}</${base.includes("∑") ? "munder" : "msub"}>`;
    return above ? `<msup>${base}${above}</msup>` : base;
  }

  atom(): string {
    const sign = this.text[this.at++] ?? "";
    if (sign === "{") return this.row("}");
    if (sign === "\\") return this.command();
    if (/[0-9.]/.test(sign)) {
      let number = sign;
      while (/[0-9.]/.test(this.text[this.at] ?? "")) number += this.text[this.at++];
      return `<mn>${number}</mn>`;
    }
    if (OPERATORS.has(sign)) return `<mo>${sign === "-" ? "−" : escape(sign)}</mo>`;
    return `<mi>${escape(sign)}</mi>`;
  }

  command(): string {
    const name = /^[A-Za-z]+|^./.exec(this.text.slice(this.at))?.[0] ?? "";
    this.at += name.length;
    if (name === "frac") return `<mfrac>${this.atom()}${this.atom()}</mfrac>`;
    if (name === "sqrt") return `<msqrt>${this.atom()}</msqrt>`;
    if (name === "hat") return `<mover accent="true">${this.atom()}<mo>^</mo></mover>`;
    if (name === "bar") return `<mover accent="true">${this.atom()}<mo>¯</mo></mover>`;
    if (name === "text") {
      const end = this.text.indexOf("}", this.at);
      const words = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      return `<mtext>${escape(words)}</mtext>`;
    }
    if (WORDS.has(name)) return `<mi>${name}</mi>`;
    if (name in GREEK) return `<mi>${GREEK[name]}</mi>`;
    if (name in SIGNS) return `<mo>${SIGNS[name]}</mo>`;
    throw new Error(`\\${name} is not known to the small TeX`);
  }
}

/** MathML of a formula; safe to put into a page, since every sign is escaped. */
export function mathml(tex: string): string {
  return `<math display="block">${new Reader(tex).row(null)}</math>`;
}
