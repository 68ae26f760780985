/** Files made in the browser, without asking any server. */
type Row = Record<string, string | number | boolean | null | undefined>;

/** Rows as CSV; texts that a spreadsheet would take for a formula are made plain. */
export function csv(rows: Row[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const cell = (value: Row[string]): string => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const names = Object.keys(first);
  return [names.map(cell).join(","), ...rows.map((row) => names.map((name) => cell(row[name])).join(","))].join("\r\n");
}

export function save(name: string, content: Blob | string, type = "text/plain"): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A table for spreadsheets, which take it for Unicode by its first mark. */
export function saveCsv(name: string, rows: Row[]): void {
  save(name, new Blob(["\ufeff", csv(rows)], { type: "text/csv;charset=utf-8" }));
}

/** An SVG picture as PNG, at twice its size. */
export async function png(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 2;
  canvas.height = image.height * 2;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob === null ? reject(new Error("canvas")) : resolve(blob)), "image/png"));
}
