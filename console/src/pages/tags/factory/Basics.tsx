import { AutoComplete, Input } from "antd";
import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { NAME } from "@/pages/segments/naming";
import { useFactory } from "./context";
import { textAt, titleAt, valueAt } from "./definition";
import { ChoiceAt, PicksAt, Row, TextAt } from "./Fields";
import { More } from "./More";
import { ValueTitles } from "./ValueTitles";

/** Name, title, owner, purpose, place in the catalogue. */
export function Basics({ fresh, tried }: { fresh: boolean; tried: boolean }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const title = titleAt(definition);
  const name = textAt(definition, "tag");
  const known = useQuery(queries.tags()).data?.items ?? [];
  const groups = [...new Set(known.flatMap((one) => one.group ?? []))].sort();
  const nameless = title.zh.trim() === "" && title.en.trim() === "";
  const taken = fresh && known.some((one) => one.name === name);
  const titleIn = (short: "zh" | "en", id?: string) => (
    <Input
      id={id}
      style={{ flex: "1 1 200px" }}
      aria-label={t(`factory.titleIn.${short}`)}
      placeholder={t(`factory.titleIn.${short}`)}
      maxLength={60}
      status={tried && nameless ? "error" : undefined}
      value={title[short]}
      onChange={(event) => set("title", { ...title, [short]: event.target.value })}
      data-testid={`tag-title-${short}`}
    />
  );
  return (
    <>
      <Row label={t("factory.title")} places={nameless ? [] : ["title"]}>
        <span className="op-row">
          {titleIn("zh")}
          {titleIn("en")}
        </span>
        {tried && nameless && (
          <div className="op-place" role="alert">
            {t("factory.titleMissing")}
          </div>
        )}
      </Row>
      <Row label={t("factory.name")} places={["tag"]} hint={fresh ? t("factory.nameHint") : undefined}>
        {(id) => (
          <>
            <Input id={id} className="op-code" style={{ width: 280 }} disabled={!fresh} value={name} status={!NAME.test(name) || taken ? "error" : undefined} onChange={(event) => set("tag", event.target.value)} data-testid="tag-name" />
            {!NAME.test(name) && (
              <div className="op-place" role="alert">
                {t("editor.nameWrong")}
              </div>
            )}
            {taken && (
              <div className="op-place" role="alert">
                {t("factory.nameTaken")}
              </div>
            )}
          </>
        )}
      </Row>
      <ChoiceAt place="says" label={t("tags.saysLabel")} hint={t("factory.saysHint")} options={(["attribute", "behaviour", "value"] as const).map((value) => ({ value, label: t(`tags.says.${value}`) }))} />
      <More start={definition.group !== undefined || definition.owner !== undefined || definition.purpose !== undefined}>
        <Row label={t("factory.group")} hint={t("factory.groupHint")} places={["group"]}>
        {(id) => (
          <AutoComplete
            id={id}
            style={{ width: 280 }}
            allowClear
            value={textAt(definition, "group")}
            options={groups.map((value) => ({ value }))}
            onChange={(next?: string) => set("group", next === undefined || next === "" ? undefined : next)}
            showSearch={{ filterOption: (typed, one) => String(one?.value).toLowerCase().includes(typed.toLowerCase()) }}
          />
        )}
      </Row>
      <TextAt place="owner" label={t("factory.owner")} placeholder={t("factory.ownerHint")} width={280} />
      <TextAt place="purpose" label={t("factory.purpose")} placeholder={t("factory.purposeHint")} />
      </More>
    </>
  );
}

/** Order of the values, and what a customer has who has none. */
export function Domain() {
  const { t } = useText();
  const { definition } = useFactory();
  const offered = produced(definition);
  return (
    <>
      <PicksAt place="values" label={t("factory.domain")} hint={t("factory.valuesHint")} placeholder={t("factory.valuesFree")} options={offered.map((value) => ({ value, label: value, search: value }))} free />
      <ValueTitles values={offered} />
      <ChoiceAt place="when_missing" label={t("factory.whenMissing")} hint={t("factory.whenMissingHint")} fallback="empty" options={(["empty", "keep_last"] as const).map((value) => ({ value, label: t(`factory.missings.${value}`) }))} />
    </>
  );
}

/** The values that a definition names itself, in their order. */
function produced(definition: Parameters<typeof valueAt>[0]): string[] {
  const texts = (place: string): string[] => {
    const value = valueAt(definition, place);
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  };
  const states = valueAt(definition, "states");
  const rules = Array.isArray(states) ? states.flatMap((_, i) => valueAt(definition, `states[${i}].value`) ?? []) : [];
  const mapped = Object.values(valueAt(definition, "map") ?? {});
  const single = ["value", "otherwise"].flatMap((place) => valueAt(definition, place) ?? []);
  return [...new Set([...texts("cut.labels"), ...rules, ...mapped, ...single].filter((one): one is string => typeof one === "string" && one !== ""))];
}
