import { useQuery } from "@tanstack/react-query";
import { App, Button, Popconfirm, Table } from "antd";
import { type Detail, touchpoints, useSaveTouchpoint, type Version } from "@/api/touchpoints";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, useErrorText } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";

/** Every version: who saved it, why, what it changed, and the way back to it. */
export function Versions({ touchpoint }: { touchpoint: Detail }) {
  const { t } = useText();
  const { message } = App.useApp();
  const list = useQuery(touchpoints.versions(touchpoint.name));
  const save = useSaveTouchpoint();
  const errorText = useErrorText();
  const back = (one: Version): void => {
    if (one.body === null) return;
    save.mutate(
      { name: touchpoint.name, secrets: {}, body: { ...one.body, version: touchpoint.version, reason: t("touchpoints.backTo", { version: one.version }) } },
      {
        onSuccess: (saved) => void message.success(t("touchpoints.savedVersion", { version: saved.version })),
        onError: (error) => void message.error([errorText(error).title, ...errorText(error).details].join(" "), 8),
      },
    );
  };
  return (
    <Panel title={t("segments.versions")} flush>
      <Loaded query={list}>
        {(data) => (
          <Table<Version>
            size="small"
            rowKey="version"
            data-testid="touchpoint-versions"
            dataSource={data.items}
            pagination={data.items.length > 8 ? { pageSize: 8, showSizeChanger: false, style: { padding: "0 16px" } } : false}
            columns={[
              { title: t("oneid.version"), width: 60, render: (_, one) => <span className="op-num">{one.version}</span> },
              {
                title: t("touchpoints.changes"),
                render: (_, one) => (
                  <div>
                    {one.deleted ? t("touchpoints.removed") : <span className="op-code">{one.changes.join(", ")}</span>}
                    {one.reason !== "" && <div className="op-mute">{one.reason}</div>}
                  </div>
                ),
              },
              { title: t("oneid.by"), render: (_, one) => author(one.author) },
              { title: t("oneid.at"), render: (_, one) => <Time at={one.at} show="relative" /> },
              {
                title: <span className="op-visually-hidden">{t("touchpoints.actions")}</span>,
                align: "right",
                render: (_, one) =>
                  one.version === touchpoint.version ? (
                    <span className="op-mute">{t("oneid.inForce")}</span>
                  ) : (
                    one.body !== null && (
                      <Popconfirm title={t("oneid.restoreOf", { version: one.version })} description={t("touchpoints.restoreText")} onConfirm={() => back(one)} okText={t("oneid.restore")} cancelText={t("touchpoints.cancel")}>
                        <Button size="small" loading={save.isPending}>
                          {t("oneid.restore")}
                        </Button>
                      </Popconfirm>
                    )
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
