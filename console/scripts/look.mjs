// Looks at every page in a real browser: a picture of each in both languages and themes, and what axe finds wrong.
// node scripts/look.mjs [base URL] [only pages whose name contains this]; against a real server set ONEPOOL_EMAIL and ONEPOOL_PASSWORD.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const base = process.argv[2] ?? "http://127.0.0.1:5173";
const only = process.argv[3] ?? "";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const out = new URL("../.look/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const combinations = [["zh-CN", "light"], ["zh-CN", "dark"], ["en", "light"], ["en", "dark"]];
let wrong = 0;

for (const [language, theme] of combinations) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, reducedMotion: "reduce", bypassCSP: true });
  await context.addInitScript(([l, t]) => localStorage.setItem("onepool.preferences", JSON.stringify({ language: l, theme: t })), [language, theme]);
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log("page error:", error.message));
  page.on("console", (message) => message.type() === "error" && console.log("console:", message.text().slice(0, 400)));
  if (process.env.ONEPOOL_EMAIL) {
    await page.goto(`${base}/login`);
    await page.getByTestId("login-email").fill(process.env.ONEPOOL_EMAIL);
    await page.getByTestId("login-password").fill(process.env.ONEPOOL_PASSWORD ?? "");
    await page.getByTestId("login-submit").click();
    await page.waitForURL((url) => url.pathname !== "/login");
  }
  const api = async (path) => (await page.request.get(`${base}/api/v1/${path}`)).json();
  const customer = (await api("customers?size=1&sort=-orders")).items[0]?.customer_id;
  const segments = (await api("segments")).items.sort((a, b) => b.size - a.size).map((one) => one.name);
  const [segment] = segments;
  const tag = (await api("tags")).items[0]?.name;
  const pages = {
    login: "/login", home: "/", customers: "/customers", customer: `/customers/${customer}`, orders: `/customers/${customer}?tab=orders`, why: `/customers/${customer}?why=segment:${segment}`,
    segments: "/segments", "segment-new": "/segments/new", "segment-edit": `/segments/${segment}/edit`, segment: `/segments/${segment}`, "segment-versions": `/segments/${segment}/versions`, "segment-portrait": `/segments/${segment}/portrait`, overlap: `/overlap?segments=${segments.slice(0, 4).join(",")}`, lists: "/lists", tags: "/tags", tag: `/tags/${tag}`, quarantine: "/quarantine",
    oneid: "/identity", "oneid-review": "/identity/review", "oneid-conflicts": "/identity/conflicts", "oneid-explain": `/identity/explain?a=${customer}&b=${customer}`, "oneid-decisions": "/identity/decisions",
    "oneid-rules": "/identity/rules", "oneid-model": "/identity/model", "oneid-graph": `/customers/${customer}?tab=oneid`, "oneid-list": `/customers/${customer}?tab=oneid&view=list`, "oneid-merge": `/customers/${customer}?tab=oneid&act=merge`,
  };
  for (const [name, path] of Object.entries(pages)) {
    if (!name.includes(only)) continue;
    await page.goto(base + path);
    await page.waitForLoadState("load");
    await page.waitForFunction(() => document.querySelector("h1") !== null && document.querySelector("[aria-busy=true]") === null, null, { timeout: 15000 }).catch(() => console.log("slow:", name));
    await page.waitForTimeout(700);
    await page.screenshot({ path: `${out}${name}-${language}-${theme}.png` });
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " | " + (n.any[0]?.message ?? n.failureSummary ?? "")).join("\n      ")}`));
    for (const line of found) {
      wrong += 1;
      console.log(`${name} ${language} ${theme}: ${line}`);
    }
  }
  await context.close();
}
await browser.close();
console.log(wrong === 0 ? "axe found nothing" : `axe found ${wrong}`);
process.exitCode = wrong === 0 ? 0 : 1;
