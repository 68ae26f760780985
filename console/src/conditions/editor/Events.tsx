import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import { type Events, type Filter, newId } from "../model";
import { matches } from "../names";
import { kindOf } from "../operators";
import { useEditing } from "./context";
import { firstTest, TestRow } from "./TestRow";

interface Props {
  of: Events;
  set: (change: Partial<Events>) => void;
}

/** What a filter on the one field of a move begins as: the segments are yet to be chosen. */
const moved = (): Partial<Events> => ({ where: [{ id: newId(), field: "segment", tests: [firstTest("text")], currency: null }], channel: [], touchpoint: [] });

/**
 * Which event is meant; filters on fields that the new one has not are taken away. `moves`: entering and leaving a
 * segment may be chosen too.
 */
export function EventSelect({ of, set, moves = false }: Props & { moves?: boolean }) {
  const { t } = useText();
  const { names } = useEditing();
  const unknown = of.event !== "" && !names.events.some((one) => one.value === of.event) && !(moves && names.isMove(of.event));
  const events = names.eventGroups((group) => t(`eventGroups.${group as "order"}`, { defaultValue: group === "" ? t("eventGroups.other") : group }));
  const groups = moves ? [...events, { label: t("eventGroups.moves"), options: names.moves }] : events;
  const choose = (event: string): void => {
    const kept = of.where.filter((one) => names.field(event, one.field) !== undefined);
    set({ event, ...(names.isMove(event) && kept.length === 0 ? moved() : { where: kept }) });
  };
  return (
    <Select
      showSearch={{ filterOption: matches }}
      style={{ width: 210 }}
      popupMatchSelectWidth={300}
      aria-label={t("editor.event")}
      placeholder={t("editor.chooseEvent")}
      value={of.event === "" ? undefined : of.event}
      onChange={choose}
      options={unknown ? [{ value: of.event, label: of.event, search: of.event }, ...groups] : groups}
      data-testid="condition-event"
    />
  );
}

function Where({ of, filter, set }: Props & { filter: Filter }) {
  const { t } = useText();
  const { names, currency } = useEditing();
  const field = names.field(of.event, filter.field);
  const move = names.isMove(of.event);
  const change = (next: Filter): void => set({ where: of.where.map((one) => (one.id === filter.id ? next : one)) });
  const taken = new Set(of.where.filter((one) => one.id !== filter.id).map((one) => one.field));
  const fields = names.fieldsOf(of.event).filter((one) => !taken.has(one.value));
  return (
    <div className="op-line">
      <span className="op-label">{move ? (field?.label ?? filter.field) : t("editor.where")}</span>
      {!move && (
        <Select
          showSearch={{ filterOption: matches }}
          style={{ width: 160 }}
          popupMatchSelectWidth={240}
          aria-label={t("editor.field")}
          placeholder={t("editor.field")}
          value={filter.field === "" ? undefined : filter.field}
          onChange={(name: string) => change({ ...filter, field: name, tests: [firstTest(names.field(of.event, name)?.kind ?? "text")], currency: null })}
          options={field === undefined && filter.field !== "" ? [{ value: filter.field, label: filter.field }, ...fields] : fields}
        />
      )}
      {filter.field !== "" && (
        <TestRow
          kind={field?.kind ?? kindOf(undefined)}
          tests={filter.tests}
          values={field?.values ?? []}
          called={field?.called}
          label={field?.label ?? filter.field}
          currency={filter.currency}
          home={currency}
          only={move ? ["in", "is"] : undefined}
          onChange={(tests, money) => change({ ...filter, tests, currency: money })}
        />
      )}
      {!move && <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeFilter")} onClick={() => set({ where: of.where.filter((one) => one.id !== filter.id) })} />}
    </div>
  );
}

/** Filters on fields of the events. */
export function WhereRows({ of, set }: Props) {
  return of.where.map((filter) => <Where key={filter.id} of={of} filter={filter} set={set} />);
}

export function AddWhere({ of, set }: Props) {
  const { t } = useText();
  return (
    <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => set({ where: [...of.where, { id: newId(), field: "", tests: [], currency: null }] })}>
      {t("editor.addFilter")}
    </Button>
  );
}

export const sliced = (of: Events): boolean => of.channel.length > 0 || of.touchpoint.length > 0;

/** Where it happened: channels and touchpoints. */
export function AtRow({ of, set }: Props) {
  const { t } = useText();
  const { names } = useEditing();
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.at")}</span>
      <Select
        mode="multiple"
        showSearch={{ filterOption: matches }}
        style={{ minWidth: 180, maxWidth: 320 }}
        aria-label={t("editor.channel")}
        placeholder={t("editor.anyChannel")}
        value={of.channel}
        onChange={(channel: string[]) => set({ channel })}
        options={names.channels}
      />
      <Select
        mode="multiple"
        showSearch={{ filterOption: matches }}
        style={{ minWidth: 180, maxWidth: 320 }}
        aria-label={t("editor.touchpoint")}
        placeholder={t("editor.anyTouchpoint")}
        value={of.touchpoint}
        onChange={(touchpoint: string[]) => set({ touchpoint })}
        options={names.touchpoints}
      />
    </div>
  );
}
