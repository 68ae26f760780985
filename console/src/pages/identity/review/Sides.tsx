import { CheckOutlined, EyeInvisibleOutlined, MinusOutlined, SwapOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import type { CustomerBrief } from "@/api/identity";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Money, Time } from "@/parts/Figures";
import { compare, type Likeness, type Row } from "./compare";

const marks = { same: CheckOutlined, masked: EyeInvisibleOutlined, differs: SwapOutlined, one: MinusOutlined, none: MinusOutlined };
const colours: Record<Likeness, string> = { same: "var(--op-ok)", masked: "var(--op-text-2)", differs: "var(--op-bad)", one: "var(--op-text-3)", none: "var(--op-text-3)" };

function Mark({ likeness }: { likeness: Likeness }) {
  const { t } = useText();
  const Icon = marks[likeness];
  return (
    <span style={{ color: colours[likeness] }}>
      <Icon aria-hidden /> {t(`oneid.likeness.${likeness}`)}
    </span>
  );
}

function Values({ values }: { values: string[] }) {
  if (values.length === 0) return <Dash />;
  return (
    <>
      {values.map((one) => (
        <div key={one}>{one}</div>
      ))}
    </>
  );
}

/** Two customers side by side; where they differ is marked by an icon and a word. */
export function Sides({ a, b }: { a: CustomerBrief; b: CustomerBrief }) {
  const { t, title } = useText();
  const attributes = useQuery(queries.standard()).data?.attributes;
  const named = useQuery(queries.names()).data?.attributes;
  /** What an attribute's value is called in the viewer's language. */
  const said = (row: Row, values: string[]): string[] => {
    const titles = row.kind === "attribute" ? named?.find((one) => one.name === row.key)?.value_titles : undefined;
    return titles === undefined ? values : values.map((one) => title(titles[one], one));
  };
  const label = (row: Row): ReactNode => {
    if (row.kind === "contact") return row.key === "name" ? title(attributes?.find((one) => one.name === "name")?.title, t("oneid.name")) : t(`customers.columns.${row.key as "phone"}`);
    if (row.kind === "attribute") return title(attributes?.find((one) => one.name === row.key)?.title, row.key);
    const scope = row.key.slice(row.key.indexOf("@") + 1);
    return (
      <>
        {title(row.title, row.key)}
        {scope !== "" && <span className="op-code" style={{ display: "block" }}>@{scope}</span>}
      </>
    );
  };
  const fact = (name: string, of: (one: CustomerBrief) => ReactNode) => (
    <tr>
      <th scope="row">{name}</th>
      <td>{of(a)}</td>
      <td>{of(b)}</td>
      <td />
    </tr>
  );
  return (
    <table className="op-sides" data-testid="sides">
      <thead>
        <tr>
          <th scope="col">
            <span className="op-visually-hidden">{t("oneid.respect")}</span>
          </th>
          {[a, b].map((one) => (
            <th key={one.customer_id} scope="col">
              <CustomerName id={one.customer_id} name={one.name} newTab />
            </th>
          ))}
          <th scope="col">{t("oneid.comparison")}</th>
        </tr>
      </thead>
      <tbody>
        {compare(a, b).map((row) => (
          <tr key={`${row.kind} ${row.key}`} data-differs={row.likeness === "differs"}>
            <th scope="row">{label(row)}</th>
            <td>
              <Values values={said(row, row.a)} />
            </td>
            <td>
              <Values values={said(row, row.b)} />
            </td>
            <td>
              <Mark likeness={row.likeness} />
            </td>
          </tr>
        ))}
        {fact(t("customers.columns.orders"), (one) => (
          <Exact value={one.orders} />
        ))}
        {fact(t("customers.columns.spend"), (one) => (
          <Money value={one.spend} currency={one.currency} />
        ))}
        {fact(t("customers.columns.first_seen"), (one) => (
          <Time at={one.first_seen} />
        ))}
        {fact(t("customers.columns.last_seen"), (one) => (
          <Time at={one.last_seen} />
        ))}
      </tbody>
    </table>
  );
}
