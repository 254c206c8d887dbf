// Is a dark notebook known as dark?
import { expect, it } from "vitest";
import { saidTheme, type Marks } from "./around";

const none: Marks = { classes: [], data: {}, theme: null };

it.each([
  ["JupyterLab, light", { body: { ...none, data: { jpThemeLight: "true" } }, html: none }, "light"],
  ["JupyterLab, dark", { body: { ...none, data: { jpThemeLight: "false" } }, html: none }, "dark"],
  ["VS Code, dark", { body: { ...none, data: { vscodeThemeKind: "vscode-dark" } }, html: none }, "dark"],
  ["VS Code, light", { body: { ...none, data: { vscodeThemeKind: "vscode-light" } }, html: none }, "light"],
  ["VS Code, high contrast", { body: { ...none, data: { vscodeThemeKind: "vscode-high-contrast" } }, html: none }, "dark"],
  [
    "VS Code, light with high contrast",
    { body: { ...none, data: { vscodeThemeKind: "vscode-high-contrast-light" } }, html: none },
    "light",
  ],
  ["Colab, dark", { body: none, html: { ...none, theme: "dark" } }, "dark"],
  ["marimo, dark", { body: { ...none, classes: ["dark", "dark-theme"] }, html: none }, "dark"],
  ["marimo, light", { body: { ...none, classes: ["light"] }, html: none }, "light"],
  ["a page that says nothing", { body: none, html: none }, null],
] as const)("%s", (_, page, theme) => {
  expect(saidTheme(page as unknown as { html: Marks; body: Marks })).toBe(theme);
});
