// Which Python lines give the same patterns?
import type { Found, Settings } from "./answers";

/** Settings that are not the defaults become arguments. */
export function pythonFor(name: string, found: Found): string {
  const other = Object.entries(found.settings)
    .filter(
      ([key, value]) =>
        value !== null && (key === "unit" || JSON.stringify(value) !== JSON.stringify(found.defaults[key as keyof Settings])),
    )
    .map(([key, value]) => `, ${key}=${python(value)}`);
  return `import underglass as ug\n\ncase = ug.Case.open(${python(`${name}.case`)})\npatterns = case.patterns(${python(found.layer)}${other.join("")})\n`;
}

function python(value: unknown): string {
  return value === true ? "True" : value === false ? "False" : JSON.stringify(value);
}
