import { useQuery } from "@tanstack/react-query";
import { Button, Table } from "antd";
import { messages, type MessageVersion } from "@/api/messages";
import type { JsonObject } from "@/conditions/model";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Dash, Time } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { Yaml } from "@/parts/Yaml";
import { ApprovalStatusMark } from "./Approving";

/** What was saved when, by whom and why; an older one can be taken up again. */
export function Versions({ name, current, onTake }: { name: string; current: number; onTake: ((definition: JsonObject) => void) | undefined }) {
  const { t } = useText();
  const query = useQuery(messages.versions(name));
  return (
    <Loaded query={query}>
      {(items) => (
        <Table<MessageVersion>
          size="middle"
          rowKey="version"
          data-testid="message-versions"
          dataSource={items}
          pagination={items.length > 20 ? { pageSize: 20 } : false}
          expandable={{ expandedRowRender: (one) => (one.definition === null ? <p className="op-mute">{t("reach.retired")}</p> : <Yaml value={one.definition} />) }}
          columns={[
            { title: t("reach.versionNo"), render: (_, one) => <span className="op-num">{one.version}</span> },
            { title: t("versions.author"), render: (_, one) => author(one.author) },
            { title: t("reach.reason"), render: (_, one) => (one.reason === "" ? <Dash /> : one.reason) },
            { title: t("reach.approvals.title"), render: (_, one) => <ApprovalStatusMark status={one.approval} /> },
            { title: t("reach.at"), align: "right", render: (_, one) => <Time at={one.at} /> },
            {
              title: t("reach.tasks.acts"),
              render: (_, { definition, version }) =>
                definition !== null && version !== current && onTake !== undefined ? (
                  <Button size="small" onClick={() => onTake(definition)}>
                    {t("reach.messages.take")}
                  </Button>
                ) : (
                  <Dash />
                ),
            },
          ]}
        />
      )}
    </Loaded>
  );
}
