import { CheckCircleOutlined, CloudOutlined, CloudSyncOutlined, DisconnectOutlined, ExperimentOutlined, MessageOutlined, RedoOutlined, UndoOutlined, WarningOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { Alert, App, Button, Segmented, Switch } from "antd";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { comments } from "@/api/comments";
import { type JourneyDetail, journeys } from "@/api/journeys";
import type { Names } from "@/api/queries";
import { ReferencesContext } from "@/conditions/editor/references";
import { NameBook } from "@/conditions/names";
import { openBy } from "@/journeys/comments";
import { counted } from "@/journeys/faults";
import { useHistory } from "@/journeys/history";
import { type Definition, type Edge, inOrder, type Kind, nodesOf } from "@/journeys/model";
import { connect, copied, type Fragment, fragmentIn, insert, paste, remove } from "@/journeys/operations";
import type { EditorSearch } from "@/journeys/state";
import { useMay, useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import { type Factory, FactoryContext } from "@/pages/tags/factory/context";
import { withValue } from "@/pages/tags/factory/definition";
import { useUndoKeys } from "@/pages/tags/factory/useUndoKeys";
import { Waiting } from "@/parts/Loaded";
import { Palette } from "../canvas/Palette";
import { Frame } from "../Frame";
import { stepOptions, useWords } from "../words";
import { Aside } from "./Aside";
import { type Editing, EditingContext, type Open } from "./context";
import { localKey, readLocal, useKeeping } from "./keeping";
import { lentNames } from "./lent";
import { Range } from "../Range";
import { useFigures } from "./useFigures";

// Each way to look at a journey comes when it is looked at; the drawing is the largest.
const Canvas = lazy(() => import("../canvas/Canvas").then((module) => ({ default: module.Canvas })));
const Outline = lazy(() => import("../outline/Outline").then((module) => ({ default: module.Outline })));
const YamlPane = lazy(() => import("./YamlPane").then((module) => ({ default: module.YamlPane })));
const Publish = lazy(() => import("../publish/Publish").then((module) => ({ default: module.Publish })));

const PAUSE_MS = 500;

function useChecked(definition: Definition, usable: boolean) {
  const [settled, setSettled] = useState(definition);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(definition), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [definition]);
  return useQuery({ ...journeys.check(settled), enabled: usable });
}

const KEPT = { saved: CheckCircleOutlined, saving: CloudSyncOutlined, offline: DisconnectOutlined, conflict: WarningOutlined, refused: WarningOutlined };

interface Props {
  journey: JourneyDetail;
  names: Names;
  search: EditorSearch;
  onSearch: (next: EditorSearch) => void;
}

export function Editor({ journey, names, search, onSearch }: Props) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const session = useSession();
  const readOnly = !useMay("journeys.write");
  const user = session?.user.email ?? "";
  // What could not be saved last time is still on this device.
  const [found] = useState(() => {
    const local = readLocal(localStorage.getItem(localKey(user, journey.name)));
    return local !== null && local.version === journey.draft_version && JSON.stringify(local.definition) !== JSON.stringify(journey.definition) ? local : null;
  });
  const history = useHistory<Definition>(found?.definition ?? journey.definition);
  const definition = history.now;
  const [broken, setBroken] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [clipboard, setClipboard] = useState<Fragment | null>(null);
  const [publishing, setPublishing] = useState(false);
  useUndoKeys(history.undo, history.redo);
  const keeping = useKeeping(user, journey, definition, broken, readOnly);

  const latest = useRef(definition);
  useEffect(() => {
    latest.current = definition;
  });
  const { set: remember } = history;
  const change = useCallback<Editing["change"]>(
    (by, place) => {
      if (readOnly) return;
      const next = by(latest.current);
      latest.current = next;
      remember(next, place ?? null);
    },
    [remember, readOnly],
  );
  const set = useCallback<Factory["set"]>((place, value) => change((before) => withValue(before, place, value), place), [change]);

  const book = useMemo(() => new NameBook(names, language), [names, language]);
  const words = useWords(names, definition.params);
  const checked = useChecked(definition, !broken);
  const problems = useMemo(() => checked.data?.problems ?? [], [checked.data]);
  const faults = useMemo(() => counted(problems), [problems]);
  const errors = problems.filter((one) => one.severity === "error").length;
  const factory = useMemo<Factory>(() => ({ definition, names: book, raw: names, currency: session?.workspace.currency ?? "CNY", problems, set, change }), [definition, book, names, session, problems, set, change]);
  const references = useMemo(() => ({ values: lentOptions(definition, book, t), nodes: stepOptions(definition, words) }), [definition, book, words, t]);

  const open: Open = useMemo(() => (search.sel !== undefined && nodesOf(definition).has(search.sel) ? { kind: "node", name: search.sel } : search.panel !== undefined ? { kind: "panel", name: search.panel } : null), [search.sel, search.panel, definition]);
  const look = useRef(onSearch);
  useEffect(() => {
    look.current = onSearch;
  });
  const setOpen = useCallback((next: Open) => {
    look.current({ sel: next?.kind === "node" ? next.name : undefined, panel: next?.kind === "panel" ? next.name : undefined });
    setSelected(next?.kind === "node" ? new Set([next.name]) : new Set());
  }, []);
  const add = useCallback(
    (edge: Edge, kind: Kind) => {
      let made = "";
      change((before) => {
        const { definition: next, name } = insert(before, edge, kind);
        made = name;
        return next;
      });
      if (made !== "") setOpen({ kind: "node", name: made });
    },
    [change, setOpen],
  );
  const join = useCallback<Editing["connect"]>(
    (edge, target) =>
      change((before) => {
        const next = connect(before, edge, target);
        if (next === before) void message.warning(t("journey.noCircle"));
        return next;
      }),
    [change, message, t],
  );
  const { undo } = history;
  const drop = useCallback(
    (list: Iterable<string>) => {
      const before = nodesOf(latest.current).size;
      change((now) => remove(now, list));
      const gone = before - nodesOf(latest.current).size;
      if (gone < 1) return;
      setOpen(null);
      void message.open({
        duration: 10,
        content: (
          <span>
            {t("journey.removed", { count: gone })}{" "}
            <Button
              type="link"
              size="small"
              onClick={() => {
                undo();
                message.destroy();
              }}
              data-testid="undo-remove"
            >
              {t("editor.undo")}
            </Button>
          </span>
        ),
      });
    },
    [change, message, setOpen, t, undo],
  );
  const copy = useCallback(
    (list: Iterable<string>) => {
      const fragment = copied(latest.current, list, inOrder(latest.current));
      if (fragment === null) return;
      setClipboard(fragment);
      // The text can be put into another journey, another window, a file; without leave only this page has it.
      void navigator.clipboard?.writeText(JSON.stringify(fragment)).catch(() => undefined);
      void message.success(t("journey.copied", { count: Object.keys(fragment.nodes).length }));
    },
    [message, t],
  );
  const putIn = useCallback(
    (edge: Edge, fragment?: Fragment) => {
      const what = fragment ?? clipboard;
      if (what === null) return;
      let made: string[] = [];
      change((before) => {
        const next = paste(before, edge, what);
        made = next.names;
        return next.definition;
      });
      setSelected(new Set(made));
    },
    [change, clipboard],
  );
  useEffect(() => {
    const pasted = (event: ClipboardEvent): void => {
      if ((event.target as HTMLElement | null)?.closest("input, textarea") !== null) return;
      const fragment = fragmentIn(event.clipboardData?.getData("text/plain") ?? "");
      if (fragment !== null) setClipboard(fragment);
    };
    window.addEventListener("paste", pasted);
    return () => window.removeEventListener("paste", pasted);
  }, []);
  const said = useQuery(comments.of(journey.name)).data?.items;
  const spoken = useMemo(() => openBy(said ?? []), [said]);
  const editing = useMemo<Editing>(
    () => ({ definition, readOnly, open, faults, comments: spoken, selected, setOpen, setSelected, change, add, connect: join, remove: drop, copy, paste: putIn, clipboard }),
    [definition, readOnly, open, faults, spoken, selected, setOpen, change, add, join, drop, copy, putIn, clipboard],
  );

  const { figures, versions, count, show } = useFigures(journey, search);
  const unsaved = keeping.state !== "saved" && keeping.state !== "saving";
  useBlocker({ shouldBlockFn: ({ current, next }) => unsaved && current.pathname !== next.pathname && !window.confirm(t("journey.leave")), enableBeforeUnload: () => unsaved });
  const view = search.view ?? "canvas";
  const Kept = KEPT[keeping.state];
  const cache = useQueryClient();
  const publish = async (): Promise<void> => {
    // The check follows each change after a pause: pressed sooner, what is wrong would not be known yet.
    const found = await cache.fetchQuery(journeys.check(definition)).catch(() => undefined);
    if ((found?.problems ?? problems).some((one) => one.severity === "error")) setOpen({ kind: "panel", name: "problems" });
    else if (await keeping.flush()) setPublishing(true);
  };
  return (
    <FactoryContext value={factory}>
      <EditingContext value={editing}>
        <ReferencesContext value={references}>
          <Frame
            journey={journey}
            actions={
              <>
                <span className="op-mute" role="status" data-testid="journey-kept" data-state={keeping.state}>
                  <Kept aria-hidden /> {t(`journey.kept.${keeping.state}`)}
                </span>
                <Button icon={<UndoOutlined />} aria-label={t("editor.undo")} title={`${t("editor.undo")} Ctrl+Z`} disabled={!history.canUndo} onClick={history.undo} data-testid="undo" />
                <Button icon={<RedoOutlined />} aria-label={t("editor.redo")} title={`${t("editor.redo")} Ctrl+Y`} disabled={!history.canRedo} onClick={history.redo} data-testid="redo" />
                <Button icon={<ExperimentOutlined />} onClick={() => setOpen({ kind: "panel", name: "simulate" })} data-testid="journey-simulate">
                  {t("journey.simulate.label")}
                </Button>
                {!readOnly && (
                  <Button type="primary" onClick={() => void publish()} disabled={broken} data-testid="journey-publish">
                    {t("journey.publish.check")}
                  </Button>
                )}
              </>
            }
          >
            {found !== null && keeping.state === "offline" && <Alert type="info" showIcon icon={<CloudOutlined />} title={t("journey.foundLocal")} style={{ marginBottom: 8 }} />}
            {keeping.state === "conflict" && (
              <Alert
                type="warning"
                showIcon
                style={{ marginBottom: 8 }}
                title={t("journey.conflict")}
                action={
                  <span className="op-row">
                    <Button size="small" onClick={() => window.location.reload()}>
                      {t("journey.takeTheirs")}
                    </Button>
                    <Button size="small" onClick={keeping.insist}>
                      {t("journey.keepMine")}
                    </Button>
                  </span>
                }
              />
            )}
            {keeping.state === "refused" && <Alert type="warning" showIcon style={{ marginBottom: 8 }} title={t("journey.refused")} description={keeping.error instanceof Error ? keeping.error.message : undefined} />}
            <div className="op-toolbar">
              <Segmented<"canvas" | "list" | "yaml">
                aria-label={t("common.showAs")}
                value={view}
                onChange={(next) => onSearch({ view: next === "canvas" ? undefined : next })}
                options={[
                  { value: "canvas", label: t("journey.views.canvas") },
                  { value: "list", label: t("journey.views.list") },
                  { value: "yaml", label: "YAML" },
                ]}
              />
              <nav className="op-chips" aria-label={t("journey.parts")}>
                {(["entry", "goal", "policy", "params"] as const).map((part) => (
                  <button key={part} type="button" className="op-chip" aria-pressed={open?.kind === "panel" && open.name === part} onClick={() => setOpen({ kind: "panel", name: part })} data-testid={`part-${part}`}>
                    {t(`journey.panels.${part}`)}
                    {(faults.get(part)?.errors ?? 0) > 0 && <WarningOutlined aria-label={t("journey.errors", { count: faults.get(part)?.errors ?? 0 })} role="img" style={{ color: "var(--op-bad)" }} />}
                  </button>
                ))}
                <button type="button" className="op-chip" aria-pressed={open?.kind === "panel" && open.name === "problems"} onClick={() => setOpen({ kind: "panel", name: "problems" })} data-testid="part-problems" data-value={errors}>
                  {errors > 0 ? <WarningOutlined aria-hidden style={{ color: "var(--op-bad)" }} /> : <CheckCircleOutlined aria-hidden style={{ color: "var(--op-ok)" }} />}
                  {errors > 0 ? t("journey.errors", { count: errors }) : problems.length > 0 ? t("journey.advice", { count: problems.length }) : t("journey.noProblems")}
                </button>
                <button type="button" className="op-chip" aria-pressed={open?.kind === "panel" && open.name === "comments"} onClick={() => setOpen({ kind: "panel", name: "comments" })} data-testid="part-comments">
                  <MessageOutlined aria-hidden />
                  {t("journey.comments.label")}
                  {spoken.size > 0 && <span className="op-num">{[...spoken.values()].reduce((a, b) => a + b, 0)}</span>}
                </button>
              </nav>
              {journey.version !== null && (
                <span className="op-row op-end">
                  <label htmlFor="journey-live">{t("journey.live.label")}</label>
                  <Switch id="journey-live" size="small" checked={search.live === 1} onChange={(on) => onSearch({ live: on ? 1 : undefined })} />
                  {search.live === 1 && <Range size="small" of={search} days={30} versions={versions} onChange={onSearch} />}
                </span>
              )}
            </div>
            <div className="op-workbench" data-view={view} data-open={open !== null}>
              {view === "canvas" && !readOnly && <Palette />}
              <Suspense fallback={<Waiting rows={12} />}>
                {view === "canvas" && <Canvas words={words} figures={figures} onCount={count} onFigure={show} />}
                {view === "list" && <Outline words={words} />}
                {view === "yaml" && <YamlPane definition={definition} readOnly={readOnly} problems={problems} onChange={(next) => change(() => next, "yaml")} onBroken={setBroken} />}
              </Suspense>
              {open !== null && <Aside open={open} words={words} problems={problems} journey={journey} sentence={checked.data?.sentence ?? null} />}
            </div>
          </Frame>
          {publishing && (
            <Suspense>
              <Publish journey={journey} definition={definition} version={keeping.version} words={words} onClose={() => setPublishing(false)} />
            </Suspense>
          )}
        </ReferencesContext>
      </EditingContext>
    </FactoryContext>
  );
}

/** What conditions and values may refer to, as a menu. */
function lentOptions(definition: Definition, book: NameBook, t: ReturnType<typeof useText>["t"]) {
  return lentNames(definition, book).map(({ value, name, source }) => ({ value, label: t(`journey.lent.${source}`, { name }), search: `${value} ${name}`.toLowerCase() }));
}
