import { fault, lineAnswers, scenario } from "@granary/simulator";

/**
 * Everything the simulator can be told to do wrong, read from its own schema: `create reset` for each call that a fault
 * can strike, `job expire`, `line refusal`, `rate refusal`.
 */
export function faultKinds(): readonly string[] {
  const struck = fault.options.flatMap(({ shape }) => {
    const places = "options" in shape.on ? shape.on.options : [...shape.on.values];
    return places.map((place) => `${place} ${[...shape.what.values].join()}`);
  });
  const rates = Object.keys(scenario.shape.rates.unwrap().shape);
  return [
    ...struck,
    ...lineAnswers.map((answer) => `line ${answer}`),
    ...rates.map((rate) => `rate ${rate}`),
  ];
}
