import { ArrowRightOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Table } from "antd";
import type { ChangePreview, IdentifierBrief, SegmentEffect } from "@/api/identity";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Exact } from "@/parts/Figures";
import { Status } from "@/parts/Status";
import { Identifier } from "../Identifier";
import { changing } from "./changing";

const SHOWN = 8;

export function IdentifierSet({ identifiers }: { identifiers: IdentifierBrief[] }) {
  const { t } = useText();
  return (
    <ul>
      {identifiers.slice(0, SHOWN).map((one) => (
        <li key={one.identifier_id}>
          <Identifier of={one} />
        </li>
      ))}
      {identifiers.length > SHOWN && <li className="op-mute">{t("oneid.andMore", { count: identifiers.length - SHOWN })}</li>}
    </ul>
  );
}

function Sets({ label, sets, testId }: { label: string; sets: ChangePreview["customers_before"]; testId: string }) {
  return (
    <div className="op-sets" role="group" aria-label={label} data-testid={testId} data-value={sets.length}>
      <span className="op-mute">
        {label} <span className="op-num">{sets.length}</span>
      </span>
      {sets.slice(0, SHOWN).map((one) => (
        <div key={one.customer_id} className="op-set">
          <CustomerName id={one.customer_id} name={one.name} newTab />
          <IdentifierSet identifiers={one.identifiers} />
        </div>
      ))}
    </div>
  );
}

/** Sizes of the segments that change, before and after, and who enters and leaves; how many stay as they are. */
export function SegmentEffects({ segments }: { segments: SegmentEffect[] }) {
  const { t, title } = useText();
  const changed = changing(segments);
  const same = segments.length - changed.length;
  if (changed.length === 0) return <p className="op-mute">{t("oneid.noSegments")}</p>;
  return (
    <Table
      size="small"
      rowKey="segment"
      dataSource={changed}
      footer={same > 0 ? () => t("oneid.sameSegments", { count: same }) : undefined}
      pagination={false}
      data-testid="effect-segments"
      columns={[
        {
          title: t("nav.segments"),
          render: (_, row) => (
            <Link to="/segments/$name" params={{ name: row.segment }} target="_blank">
              {title(row.title, row.segment)}
            </Link>
          ),
        },
        { title: t("oneid.before"), align: "right", render: (_, row) => <Exact value={row.before} /> },
        { title: t("oneid.after"), align: "right", render: (_, row) => <Exact value={row.after} /> },
        { title: t("oneid.entering"), align: "right", render: (_, row) => <Signed value={row.entering} /> },
        { title: t("oneid.leaving"), align: "right", render: (_, row) => <Signed value={-row.leaving} /> },
      ]}
    />
  );
}

export function Signed({ value }: { value: number }) {
  const { language } = useText();
  return <span className="op-num">{value > 0 ? `+${exact(value, language)}` : value < 0 ? `−${exact(-value, language)}` : "0"}</span>;
}

/** What a decision would change: the customers before and after, the segments, and what to think of first. */
export function Effects({ preview }: { preview: ChangePreview }) {
  const { t, title } = useText();
  return (
    <div className="op-stack" data-testid="effects">
      {preview.warnings.map((one) => (
        <Status key={one.code} kind="warning">
          <span style={{ whiteSpace: "normal" }}>{title(one.text, one.code)}</span>
        </Status>
      ))}
      <div className="op-effects">
        <Sets label={t("oneid.customersBefore")} sets={preview.customers_before} testId="effects-before" />
        <ArrowRightOutlined aria-hidden />
        <Sets label={t("oneid.customersAfter")} sets={preview.customers_after} testId="effects-after" />
      </div>
      <p className="op-mute">{t("oneid.moved", { count: preview.identifiers_moved })}</p>
      <SegmentEffects segments={preview.segments} />
    </div>
  );
}
