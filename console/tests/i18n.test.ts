/** The catalogues and the code agree: nothing missing, nothing unused, no Chinese outside of the catalogues. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import enDestinations from "../src/i18n/destinations.en.json";
import zhDestinations from "../src/i18n/destinations.zh-CN.json";
import enImports from "../src/i18n/imports.en.json";
import zhImports from "../src/i18n/imports.zh-CN.json";
import enMain from "../src/i18n/en.json";
import enJourneys from "../src/i18n/journeys.en.json";
import zhJourneys from "../src/i18n/journeys.zh-CN.json";
import enReach from "../src/i18n/reach.en.json";
import zhReach from "../src/i18n/reach.zh-CN.json";
import enSandbox from "../src/i18n/sandbox.en.json";
import zhSandbox from "../src/i18n/sandbox.zh-CN.json";
import enTags from "../src/i18n/tags.en.json";
import zhTags from "../src/i18n/tags.zh-CN.json";
import zhMain from "../src/i18n/zh-CN.json";

const SRC = join(import.meta.dirname, "../src");
const zh = { ...zhMain, ...zhTags, ...zhJourneys, ...zhReach, ...zhSandbox, ...zhDestinations, ...zhImports };
const en = { ...enMain, ...enTags, ...enJourneys, ...enReach, ...enSandbox, ...enDestinations, ...enImports };
const PLURAL = /_(zero|one|two|few|many|other)$/;

type Catalogue = { [key: string]: string | Catalogue };

function flat(catalogue: Catalogue, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(catalogue)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) out.set(inner, text);
  }
  return out;
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name) && name !== "schema.d.ts" ? [path] : [];
  });
}

const files = sources(SRC).map((path) => ({ path: path.slice(SRC.length + 1), text: readFileSync(path, "utf8") }));
const texts = { zh: flat(zh), en: flat(en) };
const stems = (catalogue: Map<string, string>): Set<string> => new Set([...catalogue.keys()].map((key) => key.replace(PLURAL, "")));
const known = stems(texts.zh);
const sections = Object.keys(zh).join("|");

/** Keys as whole literals (`t("a.b")`, `cond ? "a.b" : "a.c"`), and the fixed beginnings of keys made at run time. */
function used(): { keys: Set<string>; beginnings: Set<string> } {
  const keys = new Set<string>();
  const beginnings = new Set<string>();
  for (const { text: whole } of files) {
    // Names of permissions are no texts.
    const text = whole.replace(/useMay\("[\w.]+"\)|needs: "[\w.]+"/g, "");
    for (const [, key] of text.matchAll(new RegExp(`"((?:${sections})(?:\\.[\\w-]+)+)"`, "g"))) keys.add(key ?? "");
    for (const [, start] of text.matchAll(new RegExp(`t\\(\`((?:${sections})\\.(?:[\\w-]+\\.)*)\\$\\{`, "g"))) beginnings.add(start ?? "");
  }
  return { keys, beginnings };
}

describe("catalogues", () => {
  it("have no section twice", () => {
    for (const parts of [[zhMain, zhTags, zhJourneys, zhReach, zhSandbox, zhDestinations], [enMain, enTags, enJourneys, enReach, enSandbox, enDestinations]] as const) {
      const sections = parts.flatMap((part) => Object.keys(part));
      expect(sections.filter((one, i) => sections.indexOf(one) !== i)).toEqual([]);
    }
  });

  it("have the same keys in both languages, but for plural forms", () => {
    expect([...stems(texts.en)].sort()).toEqual([...known].sort());
  });

  it("name the same placeholders in both languages", () => {
    const holders = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? "").filter((name) => name !== "count").sort();
    for (const [key, text] of texts.zh) expect([key, ...holders(text)]).toEqual([key, ...holders(texts.en.get(key) ?? "")]);
  });

  it("have every text that the code asks for", () => {
    expect([...used().keys].filter((key) => !known.has(key))).toEqual([]);
    expect([...used().beginnings].filter((start) => ![...known].some((key) => key.startsWith(start)))).toEqual([]);
  });

  it("have no text that nothing asks for", () => {
    const { keys, beginnings } = used();
    expect([...known].filter((key) => !keys.has(key) && ![...beginnings].some((start) => key.startsWith(start)))).toEqual([]);
  });

  it("hold all Chinese text of the console", () => {
    const han = /[\u3400-\u9fff\uf900-\ufaff\uff01-\uff5e\u3001\u3002\u300a-\u300f]/;
    const found = files.flatMap(({ path, text }) => text.split("\n").flatMap((line, i) => (han.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])));
    expect(found).toEqual([]);
  });

  it("leave no English text in the pages", () => {
    // Text between tags, and the attributes that people see or hear.
    const between = />\s*([A-Z][a-z]+(?: [a-z]+)+)[^<>{}]*</g;
    const attribute = /\b(?:aria-label|title|placeholder|label|alt)="([^"]*[a-z]{2,}[^"]*)"/g;
    const found = files
      .filter(({ path }) => path.endsWith(".tsx"))
      .flatMap(({ path, text }) => [...text.matchAll(between), ...text.matchAll(attribute)].map(([, words]) => `${path}: ${words}`));
    expect(found).toEqual([]);
  });
});
