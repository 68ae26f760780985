import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Checkbox, Input, Modal, Select, Table } from "antd";
import { useState } from "react";
import { consents, type Suppression, useLift, useSuppress } from "@/api/consents";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing, Problem, useErrorText } from "@/parts/Loaded";
import { Status } from "@/parts/Status";

/** Lifting takes a reason; where customers said themselves that they want nothing, the server refuses. */
function Lift({ one }: { one: Suppression }) {
  const { t } = useText();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const lift = useLift();
  const [reason, setReason] = useState<string>();
  if (reason === undefined) {
    return (
      <Button size="small" onClick={() => setReason("")} data-testid={`lift-${one.id}`}>
        {t("reach.consents.lift")}
      </Button>
    );
  }
  return (
    <div className="op-row">
      <Input size="small" style={{ width: 140 }} aria-label={t("reach.consents.reason")} placeholder={t("reach.consents.reason")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      <Button
        size="small"
        disabled={reason.trim() === ""}
        loading={lift.isPending}
        onClick={() =>
          lift.mutate(
            { id: one.id, reason: reason.trim() },
            {
              onError: (error) => {
                const text = errorText(error);
                void message.error([text.title, ...text.details].join(" "));
              },
            },
          )
        }
        data-testid="lift-confirm"
      >
        {t("reach.consents.lift")}
      </Button>
    </div>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const suppress = useSuppress();
  const [kind, setKind] = useState<"phone" | "email" | "customer">("phone");
  const [typed, setTyped] = useState("");
  const [note, setNote] = useState("");
  const values = typed.split(/[\s,;]+/).filter((one) => one !== "");
  const ready = note.trim() !== "" && values.length > 0 && (kind !== "customer" || (values.length === 1 && /^\d{1,15}$/.test(values[0] ?? "")));
  const act = (): void =>
    suppress.mutate({ note: note.trim(), channel: "", category: "", ...(kind === "customer" ? { customer_id: Number(values[0]), addresses: [] } : { type: kind, addresses: values }) });
  return (
    <Modal open title={t("reach.consents.add")} okText={t("reach.consents.add")} cancelText={t("touchpoints.cancel")} okButtonProps={{ disabled: !ready, loading: suppress.isPending, ...{ "data-testid": "suppress-confirm" } }} onOk={act} onCancel={onClose}>
      <div className="op-stack" style={{ gap: 12 }}>
        <Select aria-label={t("reach.consents.who")} value={kind} onChange={setKind} options={(["phone", "email", "customer"] as const).map((value) => ({ value, label: t(`reach.consents.kinds.${value}`) }))} />
        <Input.TextArea aria-label={t(`reach.consents.kinds.${kind}`)} placeholder={t(kind === "customer" ? "reach.messages.customer" : "reach.consents.lines")} autoSize={{ minRows: kind === "customer" ? 1 : 3, maxRows: 10 }} value={typed} onChange={(event) => setTyped(event.target.value)} data-testid="suppress-who" />
        <Input aria-label={t("reach.consents.reason")} placeholder={t("reach.consents.reason")} value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} data-testid="suppress-note" />
        <div role="status">{suppress.data !== undefined && t("reach.consents.added", { added: suppress.data.ids.length, known: suppress.data.known, unknown: suppress.data.unknown })}</div>
        {suppress.isError && <Problem error={suppress.error} />}
      </div>
    </Modal>
  );
}

/** Who gets nothing, and why; entries can be added and lifted. */
export function Suppressions() {
  const { t } = useText();
  const places = usePlaces();
  const may = useMay("consents.write");
  const { act, lifted } = useSearch({ from: "/shell/consents" });
  const navigate = useNavigate({ from: "/consents" });
  const query = useInfiniteQuery({ ...consents.suppressions(lifted === undefined), refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? 30_000 : false) });
  const open = (next: "add" | undefined): void => void navigate({ search: (before) => ({ ...before, act: next }) });
  const begin = may && (
    <Button type="primary" onClick={() => open("add")} data-testid="suppress">
      {t("reach.consents.add")}
    </Button>
  );
  return (
    <>
      <div className="op-row" style={{ marginBottom: 12 }}>
        <Checkbox checked={lifted === 1} onChange={(event) => void navigate({ search: (before) => ({ ...before, lifted: event.target.checked ? 1 : undefined }), replace: true })}>
          {t("reach.consents.showLifted")}
        </Checkbox>
        {begin}
      </div>
      <Loaded query={query} rows={6}>
        {({ pages }) => (
          <>
            <Table<Suppression>
              size="middle"
              rowKey="id"
              data-testid="suppressions"
              dataSource={pages.flatMap((page) => page.items)}
              pagination={false}
              locale={{ emptyText: <Nothing title={t("reach.consents.noSuppressions")} text={t("reach.consents.noSuppressionsText")} /> }}
              columns={[
                { title: t("reach.consents.who"), render: (_, one) => (one.customer_id === null ? <span className="op-code">{one.address}</span> : <CustomerName id={one.customer_id} name={one.address} />) },
                { title: t("reach.reason"), render: (_, one) => t(`reach.consents.reasons.${one.reason as "manual"}`, { defaultValue: one.reason }) },
                { title: t("reach.channel"), render: (_, one) => (one.channel === "" ? t("reach.policies.anyChannel") : places.channel(one.channel)) },
                { title: t("reach.category"), render: (_, one) => (one.category === "" ? t("reach.policies.anyCategory") : t(`reach.categories.${one.category as "promotion"}`, { defaultValue: one.category })) },
                {
                  title: t("reach.at"),
                  render: (_, one) => (
                    <>
                      <Time at={one.at} />
                      <div className="op-mute">
                        {author(one.author)} {one.note}
                      </div>
                    </>
                  ),
                },
                { title: t("reach.state"), render: (_, one) => <Status kind={one.live ? "warning" : "info"}>{t(one.live ? "reach.consents.live" : "reach.consents.lifted")}</Status> },
                ...(may ? [{ title: t("reach.tasks.acts"), render: (_: unknown, one: Suppression) => one.live && <Lift one={one} /> }] : []),
              ]}
            />
            {query.hasNextPage && (
              <Button style={{ marginTop: 12 }} loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("reach.more")}
              </Button>
            )}
          </>
        )}
      </Loaded>
      {act === "add" && <Add onClose={() => open(undefined)} />}
    </>
  );
}
