// The part of an exported page that drives DuckDB; it is only in pages that carry the engine.
import { openWasm } from "./static/wasm";

globalThis.underglassDuckDB = openWasm;
