import { BlockOutlined, MergeCellsOutlined, QuestionCircleOutlined, ScissorOutlined, StopOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Drawer } from "antd";
import { type Graph, identity, type Ruling } from "@/api/identity";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Loaded, Nothing } from "@/parts/Loaded";
import { DecisionDrawer } from "../decisions/DecisionDrawer";
import { Explained } from "../explain/Explained";
import { Identifier, useIdentifierText } from "../Identifier";
import { CustomerPicker } from "./CustomerPicker";
import type { Act, useGraphState } from "./state";

type GraphState = ReturnType<typeof useGraphState>;

/** What can be done with what is chosen; what can't be done says why. */
export function ActBar({ graph, state }: { graph: Graph; state: GraphState }) {
  const { t } = useText();
  const text = useIdentifierText();
  const may = useMay("identity.decide");
  const { chosen } = state;
  const nodes = graph.nodes.filter((one) => chosen.includes(one.identifier_id));
  const members = graph.nodes.filter((one) => one.customer_id === graph.customer_id);
  const own = nodes.filter((one) => one.customer_id === graph.customer_id);
  const others = new Set(nodes.filter((one) => one.customer_id !== graph.customer_id).map((one) => one.customer_id));
  const other = others.size === 1 ? [...others][0] : undefined;
  const open = (act: Act): void => state.change({ act, other: act === "merge" || act === "never" ? other : undefined, link: undefined });
  const splittable = own.length > 0 && own.length === nodes.length && own.length < members.length;
  return (
    <div className="op-bar" role="toolbar" aria-label={t("oneid.acts")}>
      <span aria-live="polite" data-testid="chosen" data-value={nodes.length}>
        {nodes.length === 0 ? <span className="op-mute">{t("oneid.chooseHint")}</span> : t("oneid.chosen", { count: nodes.length, what: nodes.length === 1 && nodes[0] !== undefined ? text(nodes[0]) : "" })}
      </span>
      {nodes.length > 0 && (
        <Button type="link" size="small" onClick={() => state.choose([])}>
          {t("oneid.clear")}
        </Button>
      )}
      <span style={{ flex: 1 }} />
      <Button size="small" icon={<QuestionCircleOutlined />} disabled={nodes.length !== 2} title={nodes.length === 2 ? undefined : t("oneid.needTwo")} onClick={() => open("explain")} data-testid="act-explain">
        {t("oneid.explain")}
      </Button>
      {may && (
        <>
          <Button size="small" icon={<ScissorOutlined />} disabled={!splittable} title={splittable ? undefined : t("oneid.needPart")} onClick={() => open("split")} data-testid="act-split">
            {t("oneid.decision.split")}
          </Button>
          <Button size="small" icon={<MergeCellsOutlined />} onClick={() => open("merge")} data-testid="act-merge">
            {t("oneid.mergeWith")}
          </Button>
          <Button size="small" icon={<StopOutlined />} onClick={() => open("never")} data-testid="act-never">
            {t("oneid.decision.never")}
          </Button>
          <Button size="small" icon={<BlockOutlined />} disabled={nodes.length !== 1} title={nodes.length === 1 ? undefined : t("oneid.needOne")} onClick={() => open("block")} data-testid="act-block">
            {t("oneid.decision.block")}
          </Button>
        </>
      )}
    </div>
  );
}

function ExplainDrawer({ a, b, onClose }: { a: number; b: number; onClose: () => void }) {
  const { t } = useText();
  const explanation = useQuery(identity.explain(`identifier:${a}`, `identifier:${b}`));
  return (
    <Drawer open size={560} mask={false} title={t("oneid.explanation")} onClose={onClose}>
      <Loaded query={explanation}>{(data) => <Explained of={data} />}</Loaded>
    </Drawer>
  );
}

/** The drawer of the act that the address names. */
export function ActDrawer({ graph, state }: { graph: Graph; state: GraphState }) {
  const { t } = useText();
  const { act, chosen, other } = state;
  const id = graph.customer_id;
  const close = (): void => state.change({ act: undefined, other: undefined });
  const done = (): void => state.change({ act: undefined, other: undefined, sel: undefined });
  const [a, b] = chosen;
  if (act === undefined) return null;
  if (act === "explain") {
    if (a === undefined || b === undefined) return null;
    return <ExplainDrawer a={a} b={b} onClose={close} />;
  }
  let change: Ruling | undefined;
  if (act === "split" && chosen.length > 0) change = { kind: "split", customer_id: id, identifiers: chosen };
  if (act === "block" && a !== undefined) change = { kind: "block", identifier: a };
  if ((act === "merge" || act === "never") && other !== undefined && other !== id) change = { kind: act, a: id, b: other };
  const picks = act === "merge" || act === "never";
  return (
    <DecisionDrawer key={act} title={t(`oneid.decision.${act}`)} text={t(`oneid.decisionText.${act}`)} change={change} onClose={close} onDone={done}>
      {picks ? (
        <CustomerPicker not={id} value={other} onChange={(next) => state.change({ other: next })} />
      ) : chosen.length === 0 ? (
        <Nothing title={t("oneid.nothingChosen")} />
      ) : (
        <ul className="op-list">
          {graph.nodes
            .filter((one) => chosen.includes(one.identifier_id))
            .map((one) => (
              <li key={one.identifier_id} style={{ padding: "4px 0" }}>
                <Identifier of={one} />
              </li>
            ))}
        </ul>
      )}
    </DecisionDrawer>
  );
}
