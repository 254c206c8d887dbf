// How are weights kept? As plain lists of numbers under their names, which JSON carries and torch can read.
import type { Numbers, Parameter } from "./types";

export interface SavedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: readonly number[];
}

export function saveParameters(parameters: readonly Parameter[]): SavedParameter[] {
  return parameters.map(({ name, shape, value }) => ({ name, shape: [...shape], value: Array.from(value) }));
}

/** Put saved numbers back; says which parameter does not fit. Nothing is changed if one does not. */
export function loadParameters(parameters: readonly Parameter[], saved: readonly SavedParameter[]): void {
  const found = parameters.map(({ name, shape, value }) => {
    const one = saved.find((candidate) => candidate.name === name);
    if (!one) throw new Error(`the file holds no ${name}; it holds ${saved.map((s) => s.name).join(", ") || "nothing"}`);
    const fits = one.shape.join() === shape.join() && Array.isArray(one.value) && one.value.length === value.length;
    if (!fits) throw new Error(`${name} should be ${shape.join(" × ")}, but the file has ${one.shape.join(" × ")}`);
    if (!one.value.every((number) => typeof number === "number" && Number.isFinite(number)))
      throw new Error(`${name} holds something that is no finite number`);
    return one;
  });
  parameters.forEach(({ value }, i) => (value as Float32Array).set(found[i].value));
}

/** Whether every number is finite. */
export function allFinite(numbers: Numbers): boolean {
  for (let i = 0; i < numbers.length; i += 1) if (!Number.isFinite(numbers[i])) return false;
  return true;
}
