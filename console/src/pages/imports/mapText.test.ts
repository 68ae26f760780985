import { describe, expect, it } from "vitest";
import { columnIn, withColumn, wrongIn } from "./mapText";

describe("the mapping as text", () => {
  it("takes what the form says and gives it back", () => {
    const one = withColumn("", "no.", "order_id");
    const two = withColumn(one, "note", null);
    expect(columnIn(two, "no.")).toBe("order_id");
    expect(columnIn(two, "note")).toBe(null);
    expect(columnIn(two, "who")).toBe(undefined);
    expect(withColumn(withColumn(two, "note", undefined), "no.", undefined)).toBe("");
  });

  it("keeps what people wrote beside", () => {
    const text = "# from the tills\ntime_zone: Asia/Shanghai\ncolumns:\n  sex: {attribute: gender, values: {m: male}}\n";
    const changed = withColumn(text, "no", "order_id");
    expect(changed).toContain("# from the tills");
    expect(changed).toContain("values: {");
    expect(columnIn(changed, "sex")).toBe(undefined);
    expect(columnIn(changed, "no")).toBe("order_id");
  });

  it("leaves alone what it can't read", () => {
    expect(wrongIn("columns: [")).not.toBe(null);
    expect(wrongIn("columns: {a: b}")).toBe(null);
    for (const text of ["columns: [", "- a\n", "columns: 3\n"]) expect(withColumn(text, "a", "phone")).toBe(text);
  });
});
