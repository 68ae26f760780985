import type { Language } from "@/app/preferences";

const HAN = /[\u3400-\u9fff]/;

/** The server says some things in both languages, Chinese first: the part that the viewer reads. */
export function said(message: string, language: Language): string {
  const at = message.lastIndexOf(" / ");
  if (at < 0) return message;
  const [first, second] = [message.slice(0, at), message.slice(at + 3)];
  return HAN.test(first) && /[a-z]/i.test(second) ? (language === "en" ? second : first) : message;
}
