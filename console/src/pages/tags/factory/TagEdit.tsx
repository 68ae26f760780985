import { RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Segmented } from "antd";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Names, queries } from "@/api/queries";
import { tags, type TagDetail, useSaveTag } from "@/api/tags";
import { useHistory } from "@/conditions/history";
import { NameBook } from "@/conditions/names";
import { said } from "@/lib/said";
import { useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import { NAME } from "@/pages/segments/naming";
import { Loaded, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { type Factory, FactoryContext, type TagProblem } from "./context";
import { type Definition, kindOf, textAt, titleAt, valueAt, withValue } from "./definition";
import { Problems } from "./Problems";
import { Forms } from "./Forms";
import type { Start } from "./starts";
import { blank } from "./templates";
import { useDryRun } from "./useDryRun";
import { useUndoKeys } from "./useUndoKeys";
import { freshName } from "./words";
import "../tags.css";
import "./factory.css";

// The YAML parser comes when the text is looked at, the parts of the form beside the page itself.
const Kinds = lazy(() => import("./Kinds").then((module) => ({ default: module.Kinds })));
const Basics = lazy(() => import("./Basics").then((module) => ({ default: module.Basics })));
const Domain = lazy(() => import("./Basics").then((module) => ({ default: module.Domain })));
const SchedulePicker = lazy(() => import("./Schedule").then((module) => ({ default: module.SchedulePicker })));
const DryRunPanel = lazy(() => import("./DryRunPanel").then((module) => ({ default: module.DryRunPanel })));
const Publish = lazy(() => import("./Publish").then((module) => ({ default: module.Publish })));
const YamlPane = lazy(() => import("./YamlPane").then((module) => ({ default: module.YamlPane })));

const PAUSE_MS = 600;

/** A title given in one language stands for both; without any the name does, so that what is not named yet can be tried. */
function completed(definition: Definition): Definition {
  const { zh, en } = titleAt(definition);
  const name = textAt(definition, "tag");
  return { ...definition, title: { zh: zh.trim() || en.trim() || name, en: en.trim() || zh.trim() || name } };
}

function useChecked(definition: Definition, usable: boolean) {
  const [settled, setSettled] = useState(definition);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(definition), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [definition]);
  return useQuery({ ...tags.check(completed(settled)), enabled: usable, placeholderData: (before) => before });
}

/** Nothing stands there yet: that is not wrong before somebody wants to use it. */
function untouched(definition: Definition, place: string): boolean {
  const value = valueAt(definition, place);
  return value === undefined || value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

function Editor({ start, tag, names }: { start: Definition; tag: TagDetail | null; names: Names }) {
  const { t, title, language } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const currency = useSession()?.workspace.currency ?? "CNY";
  const save = useSaveTag(tag?.name ?? null);
  const dry = useDryRun();
  const history = useHistory<Definition>(start);
  const definition = history.now;
  const latest = useRef(definition);
  useEffect(() => {
    latest.current = definition;
  });
  const [pane, setPane] = useState<"dry" | "yaml">("dry");
  const [broken, setBroken] = useState(false);
  const [tried, setTried] = useState(false);
  const [publishing, setPublishing] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  useUndoKeys(history.undo, history.redo);

  const { set: remember } = history;
  const change = useCallback(
    (by: (before: Definition) => Definition) => {
      const next = by(latest.current);
      latest.current = next;
      remember(next);
    },
    [remember],
  );
  const set = useCallback<Factory["set"]>((place, value) => change((before) => withValue(before, place, value)), [change]);
  const book = useMemo(() => new NameBook(names, language), [names, language]);
  const checked = useChecked(definition, !broken && saved === null);
  const found = checked.data?.problems;
  const problems = useMemo<TagProblem[]>(() => (found ?? []).filter((one) => tried || !untouched(definition, one.place)), [found, tried, definition]);
  const doubts = checked.data?.warnings;
  const warnings = useMemo<TagProblem[]>(() => doubts ?? [], [doubts]);
  const factory = useMemo<Factory>(() => ({ definition, names: book, raw: names, currency, problems, warnings, set, change }), [definition, book, names, currency, problems, warnings, set, change]);

  const fresh = tag === null;
  const name = textAt(definition, "tag");
  const called = titleAt(definition);
  const titled = called.zh.trim() !== "" || called.en.trim() !== "";
  const dirty = saved === null && definition !== start;
  useBlocker({ shouldBlockFn: () => dirty && !window.confirm(t("editor.leave")), enableBeforeUnload: () => dirty });
  useEffect(() => {
    if (saved !== null) void navigate({ to: "/tags/$name", params: { name: saved } });
  }, [saved, navigate]);

  const usable = titled && NAME.test(name) && !broken;
  const current = dry.of === definition;
  const startDry = (): void => {
    setTried(true);
    setPane("dry");
    dry.start(definition, completed(definition));
  };
  const publish = (reason: string): void =>
    save.mutate(
      { definition: completed(definition), version: tag?.version ?? null, reason },
      {
        onSuccess: (made) => {
          setPublishing(false);
          setSaved(made.name);
          void message.success(t("publish.done", { tag: title(made.title, made.name), version: made.version }));
        },
      },
    );
  const kind = kindOf(definition);
  const heading = titled ? (language === "en" ? called.en || called.zh : called.zh || called.en) : fresh ? t("factory.new") : name;
  return (
    <FactoryContext value={factory}>
      <PageHead
        crumb={
          <>
            <Link to="/tags">{t("nav.tags")}</Link>
            {fresh && (
              <>
                {" / "}
                <Link to="/tags/new">{t("factory.otherKind")}</Link>
              </>
            )}
          </>
        }
        title={heading}
        sub={kind === null ? undefined : t(`tags.starts.${kind === "model" ? (textAt(definition, "model") as "clv") : kind}`, { defaultValue: kind })}
        actions={
          <>
            <Button icon={<RollbackOutlined />} aria-label={t("editor.undo")} title={t("editor.undo")} disabled={!history.canUndo} onClick={history.undo} />
            <Button icon={<RollbackOutlined style={{ transform: "scaleX(-1)" }} />} aria-label={t("editor.redo")} title={t("editor.redo")} disabled={!history.canRedo} onClick={history.redo} />
            <Button
              type="primary"
              onClick={() => {
                setTried(true);
                if (usable) setPublishing(true);
              }}
              data-testid="tag-publish"
            >
              {t("publish.act")}
            </Button>
          </>
        }
      />
      <div className="op-factory">
        <div className="op-stack">
          <Panel title={t("factory.basics")}>
            <div className="op-form">
              <Suspense fallback={<Waiting rows={4} />}>
                <Basics fresh={fresh} tried={tried} />
              </Suspense>
            </div>
          </Panel>
          <Panel title={t("factory.definition")} testId="tag-form">
            <div className="op-form">
              <Problems list={problems.filter((one) => one.place === "" || one.place === "kind")} />
              <Forms kind={kind} />
            </div>
          </Panel>
          <Panel title={t("factory.values")}>
            <div className="op-form">
              <Suspense fallback={<Waiting rows={4} />}>
                <Domain />
                <SchedulePicker />
              </Suspense>
            </div>
          </Panel>
        </div>
        <aside className="op-panel op-beside" aria-label={t("factory.beside")}>
          <Segmented
            block
            aria-label={t("factory.beside")}
            value={pane}
            onChange={setPane}
            options={[
              { value: "dry", label: t("dry.label") },
              { value: "yaml", label: "YAML" },
            ]}
            style={{ marginBottom: 12 }}
          />
          {checked.data?.sentence != null && (
            <p className="op-sentence" data-testid="tag-sentence" style={{ marginBottom: 12 }}>
              {title(checked.data.sentence, "")}
            </p>
          )}
          {found !== undefined && found.length > 0 && tried && (
            <div style={{ marginBottom: 12 }}>
              <strong style={{ color: "var(--op-bad)" }}>{t("factory.problemCount", { count: found.length })}</strong>
              <ul className="op-faults">
                {found.map((one) => (
                  <li key={one.place + one.message}>
                    {one.place !== "" && <code className="op-code">{one.place}</code>} {said(one.message, language)}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <Suspense fallback={<Waiting rows={6} />}>
            {pane === "dry" ? <DryRunPanel dry={dry} current={current} ready={!broken} fresh={fresh} onStart={startDry} /> : <YamlPane definition={definition} onChange={remember} onBroken={setBroken} />}
          </Suspense>
        </aside>
      </div>
      {publishing && (
        <Suspense>
          <Publish
            fresh={fresh}
            title={heading}
            plan={current ? dry.plan : null}
            usedBy={tag?.used_by ?? []}
            busy={save.isPending}
            error={save.error}
            onDryRun={() => {
              setPublishing(false);
              startDry();
            }}
            onPublish={publish}
            onClose={() => {
              setPublishing(false);
              save.reset();
            }}
          />
        </Suspense>
      )}
    </FactoryContext>
  );
}

function New({ kind, names }: { kind: Start; names: Names }) {
  const { t } = useText();
  const start = useMemo(
    () => blank(kind, freshName(new Date()), { low: t("factory.low"), middle: t("factory.middle"), high: t("factory.high"), value: t("factory.sequenceHolds"), active: t("factory.active"), dormant: t("factory.dormant"), others: t("factory.others") }),
    [kind, t],
  );
  return <Editor start={start} tag={null} names={names} />;
}

export function TagNew() {
  const { kind } = useSearch({ from: "/shell/tags/new" });
  const names = useQuery({ ...queries.names(), enabled: kind !== undefined });
  if (kind === undefined) {
    return (
      <Suspense fallback={<Waiting rows={10} />}>
        <Kinds />
      </Suspense>
    );
  }
  return (
    <Loaded query={names} rows={12}>
      {(data) => <New key={kind} kind={kind} names={data} />}
    </Loaded>
  );
}

export function TagEdit() {
  const { name } = useParams({ from: "/shell/tags/$name/edit" });
  const names = useQuery(queries.names());
  const tag = useQuery({ ...queries.tag(name), refetchOnWindowFocus: false });
  return (
    <Loaded query={tag} rows={12}>
      {(data) => (
        <Loaded query={names} rows={12}>
          {(known) => <Editor key={data.name} start={data.definition as Definition} tag={data} names={known} />}
        </Loaded>
      )}
    </Loaded>
  );
}
