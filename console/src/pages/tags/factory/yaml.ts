/** A definition as the text of its file. */
import { stringify } from "yaml";
import { type Definition, ordered } from "./definition";

export const write = (definition: Definition): string => (Object.keys(definition).length === 0 ? "" : stringify(ordered(definition), { lineWidth: 0 }));
