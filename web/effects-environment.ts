// Where do tests of Svelte's effects run? In Node without a document, compiled as for a browser: else effects never run.
import type { Environment } from "vitest/runtime";

export default {
  name: "effects",
  viteEnvironment: "client",
  setup: () => ({ teardown: () => {} }),
} satisfies Environment;
