import { DeleteOutlined, PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { App, AutoComplete, Button, Input, Pagination, Switch } from "antd";
import { useRef, useState } from "react";
import { isObject, type JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { textAt, valueAt } from "../definition";
import { Row, TextAt } from "../Fields";
import { readPairs } from "../map";

const PAGE = 10;

/** Which value of the attribute becomes which value of the tag. */
export function MapAt() {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const { message } = App.useApp();
  const said = valueAt(definition, "map");
  const map: JsonObject | null = isObject(said) ? said : null;
  const rows = Object.entries(map ?? {}).map(([from, to]) => ({ from, to: typeof to === "string" ? to : String(to) }));
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [page, setPage] = useState(1);
  const file = useRef<HTMLInputElement>(null);
  const known = names.attributes.find((one) => one.value === textAt(definition, "from.attribute"))?.values ?? [];
  const add = (): void => {
    if (from.trim() === "" || to.trim() === "") return;
    set("map", { ...map, [from.trim()]: to.trim() });
    setPage(Math.ceil((rows.length + (map !== null && from.trim() in map ? 0 : 1)) / PAGE));
    setFrom("");
    setTo("");
  };
  const load = async (chosen: File): Promise<void> => {
    const { pairs, left } = readPairs(await chosen.text());
    set("map", { ...map, ...Object.fromEntries(pairs) });
    void message.info(t("factory.mapRead", { count: pairs.length, left }));
  };
  return (
    <>
      <Row label={t("factory.map")} places={["map"]} wide>
        <span className="op-row" style={{ marginBottom: map === null ? 0 : 8 }}>
          <Switch
            checked={map !== null}
            aria-label={t("factory.map")}
            onChange={(on) => {
              set("map", on ? {} : undefined);
              if (!on) set("otherwise", undefined);
            }}
            data-testid="map-switch"
          />
          <span className="op-mute">{t(map === null ? "factory.mapOff" : "factory.mapOn")}</span>
        </span>
        {map !== null && (
          <>
            {rows.length === 0 ? (
              <p className="op-mute">{t("factory.mapEmpty")}</p>
            ) : (
              <table className="op-layers">
                <thead>
                  <tr>
                    <th scope="col">{t("factory.mapFrom")}</th>
                    <th scope="col">{t("factory.mapTo")}</th>
                    <th scope="col">
                      <span className="op-visually-hidden">{t("factory.acts")}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.slice((page - 1) * PAGE, page * PAGE).map((row) => (
                    <tr key={row.from}>
                      <td>{row.from}</td>
                      <td>
                        <Input aria-label={t("factory.mapToOf", { value: row.from })} value={row.to} onChange={(event) => set("map", { ...map, [row.from]: event.target.value })} />
                      </td>
                      <td>
                        <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("factory.mapAway", { value: row.from })} onClick={() => set("map", Object.fromEntries(Object.entries(map).filter(([key]) => key !== row.from)))} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {rows.length > PAGE && <Pagination size="small" current={page} pageSize={PAGE} total={rows.length} onChange={setPage} showSizeChanger={false} />}
            <div className="op-row" style={{ marginTop: 8 }}>
              <AutoComplete
                style={{ width: 180 }}
                aria-label={t("factory.mapFrom")}
                placeholder={t("factory.mapFrom")}
                value={from}
                onChange={setFrom}
                options={known.filter((one) => !(one in map)).map((value) => ({ value }))}
                showSearch={{ filterOption: (typed, one) => String(one?.value).includes(typed) }}
              />
              <Input style={{ width: 180 }} aria-label={t("factory.mapTo")} placeholder={t("factory.mapTo")} value={to} onChange={(event) => setTo(event.target.value)} onPressEnter={add} />
              <Button icon={<PlusOutlined />} onClick={add}>
                {t("factory.mapAdd")}
              </Button>
              <span className="op-mute">{t("factory.mapFile")}</span>
              <Button icon={<UploadOutlined />} onClick={() => file.current?.click()}>
                {t("factory.mapUpload")}
              </Button>
              <input
                ref={file}
                type="file"
                hidden
                accept=".csv,.tsv,.txt"
                aria-label={t("factory.mapUpload")}
                onChange={(event) => {
                  const [chosen] = event.target.files ?? [];
                  if (chosen !== undefined) void load(chosen);
                  event.target.value = "";
                }}
              />
            </div>
          </>
        )}
      </Row>
      {map !== null && <TextAt place="otherwise" label={t("factory.otherwise")} hint={t("factory.mapOtherwise")} width={280} />}
    </>
  );
}
