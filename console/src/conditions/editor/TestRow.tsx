import { Select } from "antd";
import { useText } from "@/lib/useText";
import type { Test } from "../model";
import { carried, emptyValue, inputOf, type Kind, OPERATORS, type Operator } from "../operators";
import { Operand } from "./Operand";

interface Props {
  kind: Kind;
  tests: Test[];
  values: string[];
  called?: Map<string, string>;
  label: string;
  currency: string | null;
  home: string;
  /** The operators that are offered, if not all of the kind's. */
  only?: readonly string[];
  onChange: (tests: Test[], currency: string | null) => void;
}

const CURRENCIES = ["CNY", "USD", "EUR", "HKD", "JPY", "GBP", "SGD", "TWD", "KRW"];

/** The first test of a value of some kind. */
export function firstTest(kind: Kind): Test {
  const op = kind === "text" ? "in" : OPERATORS[kind][0];
  return { op, value: emptyValue(inputOf(kind, op)) };
}

/** Operator and operand, for each test of one value; money says its currency. */
export function TestRow({ kind, tests, values, called, label, currency, home, only, onChange }: Props) {
  const { t } = useText();
  const set = (i: number, test: Test): void => onChange(tests.map((one, at) => (at === i ? test : one)), currency);
  return (
    <>
      {tests.map((test, i) => {
        const known: readonly string[] = only ?? OPERATORS[kind];
        const offered = known.includes(test.op) ? known : [...known, test.op];
        const free = offered.filter((op) => op === test.op || !tests.some((one) => one.op === op));
        return (
          // A test has no id; its place among the tests of one value is what it is known by.
          <span key={i} className="op-row" style={{ gap: 6 }}>
            {i > 0 && <span className="op-label">{t("editor.and")}</span>}
            <Select
              style={{ width: 136 }}
              aria-label={`${label} ${t("editor.operator")}`}
              value={test.op}
              popupMatchSelectWidth={false}
              onChange={(op: string) => set(i, { op, value: carried(kind, op, test.value) })}
              options={free.map((op) => ({ value: op, label: t(`ops.${op as Operator}`) }))}
            />
            <Operand input={inputOf(kind, test.op)} value={test.value} values={values} called={called} label={label} onChange={(value) => set(i, { ...test, value })} />
          </span>
        );
      })}
      {(kind === "money" || currency !== null) && (
        <Select
          style={{ width: 84 }}
          aria-label={t("editor.currency")}
          value={currency ?? home}
          onChange={(next: string) => onChange(tests, next === home ? null : next)}
          options={[...new Set([home, currency ?? home, ...CURRENCIES])].map((one) => ({ value: one, label: one }))}
        />
      )}
    </>
  );
}
