import { DeleteOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Input, Tabs } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { type MessageDetail, messages, useDeleteMessage, useSaveMessage } from "@/api/messages";
import type { JsonObject } from "@/conditions/model";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Problem, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { useUndoable } from "@/parts/undo";
import { Approving } from "./Approving";
import { Checks, Preview } from "./Aside";
import { text } from "./definition";
import { MessageForm } from "./Form";
import { TestSend } from "./TestSend";
import { Users } from "./Users";
import "./messages.css";

const YamlEdit = lazy(() => import("./YamlEdit").then((part) => ({ default: part.YamlEdit })));
const Versions = lazy(() => import("./Versions").then((part) => ({ default: part.Versions })));
const TypedConfirm = lazy(() => import("@/pages/touchpoints/TypedConfirm").then((part) => ({ default: part.TypedConfirm })));

/** The same value, half a second after it last changed. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 500);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function Remove({ detail }: { detail: MessageDetail }) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const remove = useDeleteMessage();
  const again = useSaveMessage(undefined);
  const undoable = useUndoable();
  const [asked, setAsked] = useState(false);
  const used = detail.used_by.length > 0;
  return (
    <>
      <Button icon={<DeleteOutlined />} disabled={used} aria-label={t("reach.retire")} title={t(used ? "reach.inUse" : "reach.retire")} onClick={() => setAsked(true)} />
      {asked && (
        <Suspense>
          <TypedConfirm
            title={t("reach.retireTitle", { name: title(detail.title, detail.name) })}
            text={t("reach.retireText")}
            name={detail.name}
            act={t("reach.retire")}
            busy={remove.isPending}
            onConfirm={() =>
              void undoable(t("common.retired", { name: title(detail.title, detail.name) }), remove.mutateAsync(detail.name), () => again.mutateAsync({ definition: detail.definition, reason: "" })).then((gone) => {
                if (gone) void navigate({ to: "/messages" });
              })
            }
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}

function Editor({ detail, first, from }: { detail: MessageDetail | undefined; first: JsonObject; from: "/shell/messages/$name" | "/shell/messages/new" }) {
  const { t, title } = useText();
  const may = useMay("messages.write");
  const { message } = App.useApp();
  const navigate = useNavigate();
  const { tab = "form" } = useSearch({ from });
  const [definition, setDefinition] = useState(first);
  const [broken, setBroken] = useState(false);
  const [reason, setReason] = useState("");
  const settled = useSettled(definition);
  const check = useQuery(messages.check(settled)).data;
  const save = useSaveMessage(detail?.name);
  const changed = JSON.stringify(definition) !== JSON.stringify(detail?.definition);
  const fresh = detail === undefined;
  const ready = may && changed && !broken && settled === definition && check?.problems.length === 0;
  const act = (): void =>
    save.mutate(
      { definition, version: detail?.version, reason },
      {
        onSuccess: (saved) => {
          setReason("");
          void message.success(t("reach.saved", { version: saved.version }));
          if (fresh) void navigate({ to: "/messages/$name", params: { name: saved.name } });
        },
      },
    );
  return (
    <>
      <PageHead
        crumb={<Link to="/messages">{t("nav.messages")}</Link>}
        title={fresh ? t("reach.messages.new") : title(detail.title, detail.name)}
        sub={
          !fresh && (
            <>
              <span className="op-code">{detail.name}</span> · {t("reach.version", { version: detail.version })} · {author(detail.author)} <Time at={detail.changed_at} show="relative" />
            </>
          )
        }
        actions={
          may && (
            <>
              {!fresh && <Remove detail={detail} />}
              {changed && !fresh && <Input style={{ width: 180 }} aria-label={t("reach.changeReason")} placeholder={t("reach.changeReason")} maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />}
              <Button type="primary" disabled={!ready} loading={save.isPending} onClick={act} data-testid="message-save">
                {t("common.save")}
              </Button>
            </>
          )
        }
      />
      {save.isError && <Problem error={save.error} />}
      <div className="op-two">
        <div>
          <Tabs
            activeKey={tab}
            destroyOnHidden
            onChange={(key) => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, tab: key === "form" ? undefined : (key as "yaml") }), replace: true })}
            items={[
              { key: "form", label: t("reach.messages.tabs.form"), disabled: broken, children: <MessageForm definition={definition} readOnly={!may} fresh={fresh} onChange={setDefinition} /> },
              {
                key: "yaml",
                label: "YAML",
                children: (
                  <Suspense fallback={<Waiting rows={10} />}>
                    <YamlEdit value={definition} readOnly={!may} onChange={setDefinition} onBroken={setBroken} />
                  </Suspense>
                ),
              },
              ...(fresh
                ? []
                : [
                    {
                      key: "versions",
                      label: t("reach.messages.tabs.versions"),
                      children: (
                        <Suspense fallback={<Waiting rows={6} />}>
                          <Versions name={detail.name} current={detail.version} onTake={may ? (old) => { setDefinition(old); void navigate({ to: ".", search: {} }); } : undefined} />
                        </Suspense>
                      ),
                    },
                  ]),
            ]}
          />
        </div>
        <div className="op-stack">
          <Checks check={check} />
          <Preview definition={settled} check={check} from={from} />
          {!fresh && (
            <Panel title={t("reach.approvals.title")}>
              {detail.approval_required || detail.approval !== null ? null : <p className="op-mute">{t("reach.approvals.unneededText")}</p>}
              <Approving kind="message" name={detail.name} version={detail.version} mayAsk={may} usable={!changed && detail.check.problems.length === 0} />
            </Panel>
          )}
          {!fresh && may && <TestSend name={detail.name} contents={detail.check.contents} changed={changed} />}
          {!fresh && (
            <Panel title={t("segments.usedBy")}>
              <Users names={detail.used_by} none={t("reach.unused")} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

/** A message that is there: with another version under it, the editor begins anew. */
export function MessagePage() {
  const { name } = useParams({ from: "/shell/messages/$name" });
  // What is being written is not swept away by what others save: they are told of each other when it is saved.
  const query = useQuery({ ...messages.one(name), refetchOnWindowFocus: false });
  return (
    <Loaded query={query} rows={12}>
      {(detail) => <Editor key={`${detail.name} ${detail.version}`} detail={detail} first={detail.definition} from="/shell/messages/$name" />}
    </Loaded>
  );
}

const EMPTY: JsonObject = {
  message: "message_new",
  title: { zh: "", en: "" },
  category: "promotion",
  contents: [{ template: "SMS", channel: "sms", kind: "marketing", content: { template_id: "", text: "" } }],
};

export function MessageNew() {
  const { message } = useSearch({ from: "/shell/messages/new" });
  const copied = useQuery({ ...messages.one(message ?? ""), enabled: message !== undefined });
  if (message !== undefined && copied.data === undefined) return <Waiting rows={12} />;
  const first = copied.data === undefined ? EMPTY : { ...copied.data.definition, message: `${text(copied.data.definition.message)}_2` };
  return <Editor detail={undefined} first={first} from="/shell/messages/new" />;
}
