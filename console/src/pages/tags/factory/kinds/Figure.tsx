import { Select } from "antd";
import { FIGURES, type FigureName } from "@/conditions/model";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { textsAt, valueAt } from "../definition";
import { Row } from "../Fields";
import { figureOf, withFigure } from "../figure";
import { commonFields, SourceAt } from "../Source";

/** What is counted or summed: the figure, and of which field. */
export function FigureRow({ place, label }: { place: string; label?: string }) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const source = valueAt(definition, place);
  const figure = figureOf(source);
  const events = textsAt(definition, `${place}.did`);
  const counted = figure === null || figure.name === "times" || figure.name === "days";
  const usable = (name: FigureName) => commonFields(names, events).filter((one) => name === "distinct" || one.kind === "number" || one.kind === "money");
  const choose = (name: FigureName): void => {
    const fields = usable(name);
    const kept = fields.find((one) => one.value === figure?.of) ?? fields.find((one) => one.value === "amount") ?? fields[0];
    set(place, withFigure(source, name, kept?.value ?? null));
  };
  const title = label ?? t("factory.figure");
  return (
    <Row label={title} places={FIGURES.map((one) => `${place}.${one}`).concat(`${place}.currency`)}>
      <span className="op-row">
        <Select<FigureName> style={{ width: 140 }} aria-label={title} value={figure?.name} placeholder={t("factory.choose")} onChange={choose} options={FIGURES.map((name) => ({ value: name, label: t(`figures.${name}`) }))} data-testid={`figure-${place}`} />
        {figure !== null && !counted && (
          <Select
            style={{ width: 200 }}
            showSearch={{ filterOption: matches }}
            aria-label={t("editor.figureOf")}
            placeholder={t("editor.field")}
            value={figure.of === "" ? undefined : figure.of}
            onChange={(of: string) => set(place, withFigure(source, figure.name, of))}
            options={usable(figure.name)}
            data-testid={`figure-of-${place}`}
          />
        )}
      </span>
    </Row>
  );
}

/** One event and one figure of it. */
export function FigureAt({ place, label }: { place: string; label?: string }) {
  return (
    <>
      <SourceAt place={place} label={label} />
      <FigureRow place={place} />
    </>
  );
}
