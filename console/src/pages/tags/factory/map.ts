/** The table of an attribute tag: value -> value. */

/** Two columns under a line of headings, as a spreadsheet saves them; rows without two values are left out and counted. */
export function readPairs(text: string): { pairs: [string, string][]; left: number } {
  const pairs: [string, string][] = [];
  let left = 0;
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) => line.trim() !== "");
  for (const line of lines.slice(1)) {
    const cells = cellsOf(line);
    const [from = "", to = ""] = cells.map((one) => one.trim());
    if (from === "" || to === "") left += 1;
    else pairs.push([from, to]);
  }
  return { pairs, left };
}

function cellsOf(line: string): string[] {
  const by = line.includes("\t") ? "\t" : ",";
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const one = line[i] ?? "";
    if (quoted) {
      if (one !== '"') cell += one;
      else if (line[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (one === '"' && cell === "") quoted = true;
    else if (one === by) {
      cells.push(cell);
      cell = "";
    } else cell += one;
  }
  return [...cells, cell];
}
