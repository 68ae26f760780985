import { Checkbox, Input, InputNumber, Select } from "antd";
import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { put, text } from "@/pages/messages/definition";
import { SECRETS, TARGETS, type To } from "./model";
import { TOS } from "./words";

interface Props {
  value: JsonObject;
  secrets: Record<string, string>;
  onChange: (value: JsonObject) => void;
  onSecrets: (secrets: Record<string, string>) => void;
}

type Place = "url" | "access_key" | "secret_key" | "table" | "path" | "bucket" | "endpoint" | "region";

/** Where the rows go, field by field. Secrets typed here are kept apart until they are saved. */
export function Target({ value, secrets, onChange, onSecrets }: Props) {
  const { t, title } = useText();
  const kind = TOS.find((one) => one === value.kind) ?? "folder";
  const points = useQuery({ ...queries.touchpoints(), enabled: kind === "webhook" || kind === "ads" });
  const set = (place: string, next: string | number | boolean | undefined): void => onChange(put(value, place, next));
  const turn = (next: To): void => {
    onSecrets({});
    onChange(TARGETS[next]);
  };
  const secret = (place: Place) => (
    <label key={place}>
      <span className="op-mute">{t(`outlets.${place}`)}</span>
      <Input.Password
        autoComplete="new-password"
        spellCheck={false}
        value={secrets[place] ?? ""}
        placeholder={text(value[place]) === "" ? (place === "url" ? "postgresql://user:password@host:5432/db" : "") : t("outlets.kept", { reference: text(value[place]) })}
        onChange={(event) => onSecrets({ ...secrets, [place]: event.target.value })}
        data-testid={`destination-${place}`}
      />
    </label>
  );
  const plain = (place: Place) => (
    <label key={place}>
      <span className="op-mute">{t(`outlets.${place}`)}</span>
      <Input className="op-code" spellCheck={false} value={text(value[place])} onChange={(event) => set(place, event.target.value)} data-testid={`destination-${place}`} />
    </label>
  );
  const format = (
    <div>
      <span className="op-mute">{t("outlets.format")}</span>
      <Select style={{ width: "100%" }} aria-label={t("outlets.format")} value={text(value.format) === "csv" ? "csv" : "parquet"} onChange={(next: string) => set("format", next)} options={["csv", "parquet"].map((one) => ({ value: one, label: one.toUpperCase() }))} data-testid="destination-format" />
    </div>
  );
  return (
    <div className="op-stack" style={{ gap: 12 }}>
      <div>
        <span className="op-mute">{t("outlets.to")}</span>
        <Select style={{ width: "100%" }} aria-label={t("outlets.to")} value={kind} onChange={turn} options={TOS.map((one) => ({ value: one, label: t(`outlets.tos.${one}`) }))} data-testid="destination-to" />
      </div>
      {SECRETS[kind].map((place) => secret(place as Place))}
      {SECRETS[kind].length > 0 && <p className="op-mute">{t("outlets.urlNote")}</p>}
      {kind === "database" && (
        <>
          {plain("table")}
          <Checkbox checked={value.adopt === true} onChange={(event) => set("adopt", event.target.checked ? true : undefined)}>
            {t("outlets.adopt")}
          </Checkbox>
        </>
      )}
      {kind === "s3" && (
        <>
          {plain("bucket")}
          {plain("endpoint")}
          {plain("region")}
        </>
      )}
      {(kind === "folder" || kind === "s3") && (
        <>
          {plain("path")}
          {format}
        </>
      )}
      {(kind === "webhook" || kind === "ads") && (
        <div>
          <span className="op-mute">{t(kind === "ads" ? "outlets.platform" : "outlets.touchpoint")}</span>
          <Select
            style={{ width: "100%" }}
            aria-label={t(kind === "ads" ? "outlets.platform" : "outlets.touchpoint")}
            value={text(value.touchpoint) || undefined}
            onChange={(next: string) => set("touchpoint", next)}
            options={(points.data?.items ?? []).filter((one) => one.channel === kind).map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
            data-testid="destination-touchpoint"
          />
        </div>
      )}
      {kind === "ads" && plain("path")}
      {kind === "webhook" && (
        <label className="op-row">
          <span className="op-mute">{t("outlets.batch")}</span>
          <InputNumber min={1} max={5000} precision={0} value={typeof value.batch === "number" ? value.batch : 500} onChange={(next) => set("batch", next ?? 500)} />
        </label>
      )}
    </div>
  );
}
