import { CloseOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { lazy, Suspense } from "react";
import type { JourneyDetail, JourneyProblem, Title } from "@/api/journeys";
import { nodesOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { Waiting } from "@/parts/Loaded";
import type { Words } from "../words";
import { Comments } from "./Comments";
import { type Open, useEditing } from "./context";
import { ProblemList } from "./ProblemList";

const NodeForm = lazy(() => import("../forms/NodeForm").then((module) => ({ default: module.NodeForm })));
const EntryForm = lazy(() => import("../forms/Entry").then((module) => ({ default: module.EntryForm })));
const GoalForm = lazy(() => import("../forms/Journey").then((module) => ({ default: module.GoalForm })));
const PolicyForm = lazy(() => import("../forms/Journey").then((module) => ({ default: module.PolicyForm })));
const ParamsForm = lazy(() => import("../forms/Journey").then((module) => ({ default: module.ParamsForm })));
const Simulate = lazy(() => import("../simulate/Simulate").then((module) => ({ default: module.Simulate })));

interface Props {
  open: NonNullable<Open>;
  words: Words;
  problems: JourneyProblem[];
  journey: JourneyDetail;
  sentence: Title | null;
}

/** What stands beside the drawing: the form of what is chosen. The drawing stays in view. */
export function Aside({ open, words, problems, journey, sentence }: Props) {
  const { t, title } = useText();
  const { definition, setOpen, readOnly } = useEditing();
  const node = open.kind === "node" ? nodesOf(definition).get(open.name) : undefined;
  const heading = open.kind === "node" ? (node === undefined ? open.name : words.kind(node)) : t(`journey.panels.${open.name}`);
  return (
    <aside className="op-drawer" aria-label={heading} data-testid="journey-aside">
      <header>
        <h2>{heading}</h2>
        {open.kind === "node" && journey.version !== null && (
          <Link to="/journeys/$name/runs" params={{ name: journey.name }} search={{ node: open.name }}>
            {t("journey.whoIsHere")}
          </Link>
        )}
        <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("journey.close")} onClick={() => setOpen(null)} />
      </header>
      <div className="op-drawer-body">
        <Suspense fallback={<Waiting rows={8} />}>
          {open.kind === "node" ? (
            <>
              <NodeForm key={open.name} name={open.name} words={words} />
              <Comments key={`said ${open.name}`} journey={journey.name} node={open.name} words={words} />
            </>
          ) : open.name === "comments" ? (
            <Comments journey={journey.name} words={words} />
          ) : open.name === "problems" ? (
            <ProblemList problems={problems} words={words} />
          ) : open.name === "simulate" ? (
            <Simulate words={words} />
          ) : (
            <fieldset className="op-plain" disabled={readOnly}>
              <div className="op-form">
                {open.name === "entry" && sentence !== null && <p className="op-sentence">{title(sentence, "")}</p>}
                {open.name === "entry" && <EntryForm />}
                {open.name === "goal" && <GoalForm words={words} />}
                {open.name === "policy" && <PolicyForm />}
                {open.name === "params" && <ParamsForm />}
              </div>
            </fieldset>
          )}
        </Suspense>
      </div>
    </aside>
  );
}
