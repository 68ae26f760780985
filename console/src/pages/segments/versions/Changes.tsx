import { EditOutlined, MinusCircleOutlined, PlusCircleOutlined } from "@ant-design/icons";
import type { ConditionChange } from "@/api/segments";
import { useText } from "@/lib/useText";

const icons = { added: PlusCircleOutlined, removed: MinusCircleOutlined, changed: EditOutlined };

/** The parts of two conditions that differ, in words side by side: how it was on the left, how it is on the right. */
export function Changes({ rows, none }: { rows: ConditionChange[]; none: string }) {
  const { t, title } = useText();
  if (rows.length === 0) return <p className="op-mute">{none}</p>;
  return (
    <table className="op-changes" data-testid="changes">
      <thead>
        <tr>
          <th scope="col">
            <span className="op-visually-hidden">{t("versions.what")}</span>
          </th>
          <th scope="col">{t("versions.before")}</th>
          <th scope="col">{t("versions.after")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one, i) => {
          const Icon = icons[one.op];
          return (
            // The same part may stand in a condition twice: its place among the rows tells them apart.
            <tr key={i} data-op={one.op}>
              <td>
                <span className="op-change-kind" data-op={one.op}>
                  <Icon aria-hidden /> {t(`versions.ops.${one.op}`)}
                </span>
              </td>
              <td>{one.before === null ? <span className="op-mute">–</span> : <span>{title(one.before, "")}</span>}</td>
              <td>{one.after === null ? <span className="op-mute">–</span> : <span>{title(one.after, "")}</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
