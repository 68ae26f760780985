// Fails when the first load or a page outgrows its budget (gzip). Run after `vite build`.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const FIRST = 320 * 1024;
const ROUTE = 160 * 1024;
// ECharts comes after the page is up, once for all pages with a chart.
const CHARTS = 180 * 1024;
const dist = new URL("../../src/onepool/console_dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** A chunk's files with all it imports statically. */
function files(key, out = new Set()) {
  const chunk = manifest[key];
  if (out.has(chunk.file)) return out;
  out.add(chunk.file);
  for (const css of chunk.css ?? []) out.add(css);
  for (const next of chunk.imports ?? []) files(next, out);
  return out;
}

const sum = (set) => [...set].reduce((total, file) => total + size(file), 0);
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const shared = files(entry);
// The Chinese texts, ours and those of the libraries, are needed before anything shows: they are part of the first load.
const before = ["src/i18n/zh-CN.json", ...Object.keys(manifest).filter((key) => /antd\/(es|lib)?\/?locale\/zh_CN\.js$|dayjs\/(dayjs\.min|locale\/zh-cn)\.js$/.test(key))];
const texts = before.flatMap((key) => [...files(key)]).filter((file) => !shared.has(file));
const first = sum(shared) + sum(new Set(texts));
console.log(`first load ${kb(first)} of ${kb(FIRST)}`);
let failed = first > FIRST;
for (const key of Object.keys(manifest)) {
  if (!manifest[key].isDynamicEntry || !key.startsWith("src/")) continue;
  const own = sum(new Set([...files(key)].filter((file) => !shared.has(file))));
  if (own > 5 * 1024) console.log(`  ${key} ${kb(own)}`);
  const most = key === "src/parts/charts.ts" ? CHARTS : ROUTE;
  if (own > most) {
    failed = true;
    console.log(`  ^ more than ${kb(most)}`);
  }
}
process.exitCode = failed ? 1 : 0;
