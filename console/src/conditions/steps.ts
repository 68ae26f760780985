/** Changes of a sequence's steps; each gives new steps. A sequence begins with something done. */
import { newId, type Step } from "./model";

/** Most steps that the language allows. */
export const MOST_STEPS = 12;

export function newStep(did: boolean): Step {
  return { id: newId(), did, event: "", where: [], channel: [], touchpoint: [], gap: null, lasting: did ? null : "3 days" };
}

/** What a step may not have at its place is taken from it: a gap needs something done before, a length something not done. */
function settled(steps: Step[]): Step[] {
  return steps.map((step, i) => {
    const gap = step.did && i > 0 ? step.gap : null;
    const lasting = step.did ? null : step.lasting;
    return gap === step.gap && lasting === step.lasting ? step : { ...step, gap, lasting };
  });
}

/** Whether a step may be moved by so many places. */
export function mayMove(steps: Step[], id: string, by: number): boolean {
  const from = steps.findIndex((step) => step.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= steps.length || by === 0) return false;
  return moved(steps, from, to)[0]?.did === true;
}

function moved(steps: Step[], from: number, to: number): Step[] {
  const out = [...steps];
  const [step] = out.splice(from, 1);
  if (step !== undefined) out.splice(to, 0, step);
  return out;
}

export function moveStep(steps: Step[], id: string, by: number): Step[] {
  const from = steps.findIndex((step) => step.id === id);
  return mayMove(steps, id, by) ? settled(moved(steps, from, from + by)) : steps;
}

/** A new step after the given one. */
export function addStep(steps: Step[], after: string | null, step: Step): Step[] {
  if (steps.length >= MOST_STEPS) return steps;
  const at = after === null ? steps.length : steps.findIndex((one) => one.id === after) + 1;
  return settled([...steps.slice(0, at), step, ...steps.slice(at)]);
}

/** The steps without one; what would then stand first has to be something done, so that the only one stays. */
export function removeStep(steps: Step[], id: string): Step[] {
  const left = steps.filter((step) => step.id !== id);
  return left[0]?.did === true ? settled(left) : steps;
}

export function mayRemove(steps: Step[], id: string): boolean {
  return removeStep(steps, id) !== steps;
}

/** A step with something changed; from done to not done and back, what only the other can have goes. */
export function changeStep(steps: Step[], id: string, change: Partial<Step>): Step[] {
  return settled(steps.map((step) => (step.id === id ? { ...step, ...change } : step)));
}
