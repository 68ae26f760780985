import { Input } from "antd";
import { useState } from "react";
import { isObject, type JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useFactory } from "./context";
import { textsAt, valueAt } from "./definition";
import { Row } from "./Fields";
import { More } from "./More";

type Short = "zh" | "en";

/** What values are called where people read them: one line for each value that the definition names. */
export function ValueTitles({ values }: { values: string[] }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const written = valueAt(definition, "value_titles");
  const titles: JsonObject = isObject(written) ? written : {};
  // A title that is the value is none, and isn't kept; while it is typed (on the way to a longer one) it stays in its box.
  const [same, setSame] = useState<{ value: string; short: Short } | null>(null);
  const named = [...Object.keys(titles), ...(same === null ? [] : [same.value])].sort();
  const all = [...new Set([...textsAt(definition, "values"), ...values, ...named])];
  const shown = (value: string, short: Short): string => {
    const title = titles[value];
    const text = isObject(title) ? title[short] : title;
    return typeof text === "string" && text !== value ? text : "";
  };
  const inBox = (value: string, short: Short): string => shown(value, short) || (same?.value === value && same.short === short ? value : "");
  const write = (value: string, short: Short, text: string): void => {
    setSame(text === value ? { value, short } : null);
    const said = (one: Short): string => (one === short ? text : shown(value, one)) || value;
    const rest = Object.fromEntries(Object.entries(titles).filter(([key]) => key !== value));
    const title: JsonObject = { zh: said("zh"), en: said("en") };
    const next: JsonObject = title.zh === value && title.en === value ? rest : { ...titles, [value]: title };
    set("value_titles", Object.keys(next).length === 0 ? undefined : next);
  };
  if (all.length === 0) return null;
  return (
    <More label={t("factory.valueTitles")} start={Object.keys(titles).length > 0}>
      <Row label={t("factory.valueTitles")} hint={t("factory.valueTitlesHint")} places={["value_titles"]} wide>
        <table className="op-layers" data-testid="value-titles">
          <thead>
            <tr>
              <th scope="col">{t("tags.value")}</th>
              <th scope="col">{t("factory.titleIn.zh")}</th>
              <th scope="col">{t("factory.titleIn.en")}</th>
            </tr>
          </thead>
          <tbody>
            {all.map((value) => (
              <tr key={value}>
                <td>{value}</td>
                {(["zh", "en"] as const).map((short) => (
                  <td key={short}>
                    <Input aria-label={`${value}: ${t(`factory.titleIn.${short}`)}`} placeholder={value} maxLength={60} value={inBox(value, short)} onChange={(event) => write(value, short, event.target.value)} onBlur={() => setSame(null)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Row>
    </More>
  );
}
