/** Two texts line by line. */
export interface DiffLine {
  op: "same" | "added" | "removed";
  text: string;
}

/** The fewest lines taken away and added that make one of the other (longest common subsequence). */
export function compared(before: string, after: string): DiffLine[] {
  const [a, b] = [before, after].map((text) => text.replace(/\n$/, "").split("\n")) as [string[], string[]];
  const length = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, k: number): number => length[i]?.[k] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) {
      const row = length[i];
      if (row !== undefined) row[k] = a[i] === b[k] ? at(i + 1, k + 1) + 1 : Math.max(at(i + 1, k), at(i, k + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, k] = [0, 0];
  while (i < a.length || k < b.length) {
    if (i < a.length && k < b.length && a[i] === b[k]) {
      lines.push({ op: "same", text: a[i] ?? "" });
      i += 1;
      k += 1;
    } else if (i < a.length && (k === b.length || at(i + 1, k) >= at(i, k + 1))) {
      lines.push({ op: "removed", text: a[i] ?? "" });
      i += 1;
    } else {
      lines.push({ op: "added", text: b[k] ?? "" });
      k += 1;
    }
  }
  return lines;
}
