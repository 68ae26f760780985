import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input, InputNumber, Segmented, Switch } from "antd";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { valueAt } from "../definition";
import { Row } from "../Fields";
import { evenly, type Layers, layersJson, layersOf, layersProblem, MOST_LAYERS, WAYS, withLayer, withoutLayer } from "../layers";

/** From the lowest layer up; by rank from the highest value down. */
function Table({ layers, onChange }: { layers: Layers; onChange: (next: Layers) => void }) {
  const { t } = useText();
  const wrong = layersProblem(layers);
  const { by, at, labels } = layers;
  return (
    <>
      <table className="op-layers">
        <thead>
          <tr>
            <th scope="col">{t("factory.layer")}</th>
            <th scope="col">{t(`factory.cutFrom.${by}`)}</th>
            <th scope="col">
              <span className="op-visually-hidden">{t("factory.acts")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {labels.map((label, i) => (
            // A layer has no id; it is known by its place.
            <tr key={i}>
              <td>
                <Input aria-label={t("factory.layerNumber", { number: i + 1 })} value={label} onChange={(event) => onChange({ ...layers, labels: labels.map((one, k) => (k === i ? event.target.value : one)) })} data-testid={`layer-${i}`} />
              </td>
              <td>
                {i === 0 ? (
                  <span className="op-mute">{t(by === "rank" ? "factory.fromTop" : "factory.fromBottom")}</span>
                ) : (
                  <InputNumber
                    style={{ width: 150 }}
                    aria-label={t("factory.cutNumber", { number: i })}
                    min={by === "number" ? undefined : by === "rank" ? 1 : 0.01}
                    max={by === "percent" ? 99.99 : undefined}
                    prefix={by === "percent" ? "P" : undefined}
                    value={at[i - 1] ?? null}
                    onChange={(next) => onChange({ ...layers, at: at.map((one, k) => (k === i - 1 ? next : one)) })}
                    data-testid={`cut-${i}`}
                  />
                )}
              </td>
              <td>
                <Button type="text" size="small" icon={<PlusOutlined />} aria-label={t("factory.layerAfter", { label })} title={t("factory.layerAfter", { label })} disabled={labels.length >= MOST_LAYERS} onClick={() => onChange(withLayer(layers, i, fresh(labels, t("factory.newLayer"))))} />
                <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("factory.layerAway", { label })} title={t("factory.layerAway", { label })} disabled={labels.length <= 2} onClick={() => onChange(withoutLayer(layers, i))} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="op-row" style={{ marginTop: 6 }}>
        <Button size="small" onClick={() => onChange(evenly(labels))}>
          {t("factory.evenly")}
        </Button>
        <span className="op-mute">{t("factory.layerCount", { count: labels.length, most: MOST_LAYERS })}</span>
      </div>
      {wrong !== null && (
        <div className="op-place" role="alert">
          {t(`factory.layerProblems.${wrong}`)}
        </div>
      )}
    </>
  );
}

function fresh(labels: string[], word: string): string {
  let number = labels.length + 1;
  while (labels.includes(`${word} ${number}`)) number += 1;
  return `${word} ${number}`;
}

/** Layers of a number, or the number itself. */
export function CutAt({ place = "cut", required = false }: { place?: string; required?: boolean }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = valueAt(definition, place);
  const layers = layersOf(said);
  const words = [t("factory.low"), t("factory.middle"), t("factory.high")];
  const on = said !== undefined && said !== null;
  return (
    <Row label={t("factory.layers")} places={[place]} wide hint={layers !== null && t(`factory.cutHints.${layers.by}`)}>
      {!required && (
        <span className="op-row" style={{ marginBottom: on ? 8 : 0 }}>
          <Switch checked={on} aria-label={t("factory.layers")} onChange={(next) => set(place, next ? layersJson({ by: "percent", at: [20, 80], labels: words }) : undefined)} data-testid="cut-switch" />
          <span className="op-mute">{t(on ? "factory.layersOn" : "factory.layersOff")}</span>
        </span>
      )}
      {layers !== null && (
        <>
          <Segmented aria-label={t("factory.cutBy")} value={layers.by} onChange={(by) => set(place, layersJson({ ...layers, by }))} options={WAYS.map((value) => ({ value, label: t(`factory.ways.${value}`) }))} style={{ marginBottom: 8 }} />
          <Table layers={layers} onChange={(next) => set(place, layersJson(next))} />
        </>
      )}
      {on && layers === null && <code className="op-code">{JSON.stringify(said)}</code>}
    </Row>
  );
}
