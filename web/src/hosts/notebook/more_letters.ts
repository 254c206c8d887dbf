// The second file of the font, as a part of its own.
import css from "../../parts/letters.css?inline";

export default css;
