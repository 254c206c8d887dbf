// Is a check shown only beside what it checks, however late it is started?
import { expect, test } from "vitest";
import type { Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";
import { Check } from "./checks.svelte";

function at() {
  const study = { jobs: [{ id: "1", state: "running" }] } as unknown as Case;
  const given: { about: string; start: (job: Job) => void; fail: (error: Error) => void } = {
    about: "A",
    start: () => {},
    fail: () => {},
  };
  const check = new Check<object>(
    () => study,
    () => given.about,
    () => new Promise((resolve, reject) => ([given.start, given.fail] = [resolve, reject])),
  );
  return { check, given };
}

test("a check that was started for A does not run under B, nor does its failure", async () => {
  const { check, given } = at();
  let run = check.run();
  given.about = "B";
  given.start({ id: "1" } as Job);
  await run;
  expect(check.job).toBeNull();
  run = check.run();
  given.about = "A";
  given.fail(new Error("no"));
  await run;
  expect(check.problem).toBeNull();
});

test("a check that is started for what is shown runs, and tells why it does not", async () => {
  const { check, given } = at();
  let run = check.run();
  given.start({ id: "1" } as Job);
  await run;
  expect(check.job?.id).toBe("1");
  run = check.run();
  given.fail(new Error("no"));
  await run;
  expect(check.problem).toBe("no");
});
