import type { Standard } from "@/api/touchpoints";

export interface Choice {
  value: string;
  label: string;
}
type Titled = { name: string; title: { zh: string; en: string } };
type TitleOf = (title: { zh: string; en: string }, name: string) => string;

const choice = (one: Titled, title: TitleOf): Choice => ({ value: one.name, label: `${title(one.title, one.name)} ${one.name}` });

export function eventChoices(standard: Standard, title: TitleOf): Choice[] {
  return standard.events.map((one) => choice(one, title));
}

/** Fields of the event first, then all others. */
export function fieldChoices(standard: Standard, event: unknown, title: TitleOf): Choice[] {
  const found = new Map<string, Choice>();
  const first = standard.events.find((one) => one.name === event) ?? standard.objects.find((one) => one.name === event);
  for (const from of [...(first === undefined ? [] : [first]), ...standard.events, ...standard.objects]) for (const field of from.fields) if (!found.has(field.name)) found.set(field.name, choice(field, title));
  return [...found.values()];
}

export function attributeChoices(standard: Standard, title: TitleOf): Choice[] {
  return standard.attributes.map((one) => choice(one, title));
}

export function identifierChoices(standard: Standard, title: TitleOf): Choice[] {
  return standard.identifiers.map((one) => choice(one, title));
}

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
/** How senders call what the standard calls otherwise; only for a first guess that one sees and can change. */
const CALLED: Record<string, string> = { mobile: "phone", tel: "phone", telephone: "phone", cellphone: "phone", phonenumber: "phone", mail: "email", username: "name", fullname: "name", nickname: "nickname", sex: "gender", birth: "birthday", orderno: "order_id", ordersn: "order_id", price: "amount" };

/** The name of the standard that a sender's key most likely means; empty where nothing is alike. */
export function guess(key: string, choices: readonly Choice[]): string {
  const wanted = plain(key);
  const found = choices.find((one) => plain(one.value) === wanted || plain(one.label.replace(one.value, "")) === wanted) ?? choices.find((one) => one.value === CALLED[wanted]);
  return found?.value ?? "";
}
