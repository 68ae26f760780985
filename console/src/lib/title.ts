import type { Language } from "@/app/preferences";

export type Title = Record<string, string> | string | null | undefined;

/** Who did it, as people know them: `user:mei@brand.com` is the account mei@brand.com. */
export function author(name: string | null): string {
  return name?.replace(/^user:/, "") ?? "";
}

/** The title in the viewer's language, else in the other one, else the technical name. */
export function titleOf(title: Title, language: Language, name: string): string {
  if (title === null || title === undefined || title === "") return name;
  if (typeof title === "string") return title;
  const short = language === "zh-CN" ? "zh" : "en";
  return title[short] ?? title[language] ?? title.zh ?? title.en ?? name;
}

/** One text in both languages, written with a middle dot between (Chinese first), in the viewer's; any other text as it is. */
export function sideOf(text: string, language: Language): string {
  const [zh, en, ...more] = text.split(" · ");
  return en === undefined || more.length > 0 || zh === undefined ? text : language === "zh-CN" ? zh : en;
}
