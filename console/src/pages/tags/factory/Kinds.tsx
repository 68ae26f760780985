import { BarChartOutlined, BranchesOutlined, CalculatorOutlined, CloudUploadOutlined, ClusterOutlined, CodeOutlined, DollarOutlined, FieldTimeOutlined, FlagOutlined, HeartOutlined, IdcardOutlined, OrderedListOutlined, RiseOutlined, UsergroupAddOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { useText } from "@/lib/useText";
import { PageHead, Panel } from "@/parts/PageHead";
import type { Start } from "./starts";

const ICONS = {
  attribute: IdcardOutlined,
  import: CloudUploadOutlined,
  first_last: FlagOutlined,
  metric: BarChartOutlined,
  preference: HeartOutlined,
  state: BranchesOutlined,
  sequence: OrderedListOutlined,
  rfm: DollarOutlined,
  expression: CalculatorOutlined,
  sql: CodeOutlined,
  clv: RiseOutlined,
  classifier: FieldTimeOutlined,
  lookalike: UsergroupAddOutlined,
  cluster: ClusterOutlined,
} as const satisfies Record<Start, unknown>;

const GROUPS = [
  { key: "facts", kinds: ["attribute", "import", "first_last"] },
  { key: "behaviour", kinds: ["metric", "preference", "rfm", "sequence", "state"] },
  { key: "formulas", kinds: ["expression", "sql"] },
  { key: "learned", kinds: ["clv", "classifier", "lookalike", "cluster"] },
] as const satisfies readonly { key: string; kinds: readonly Start[] }[];

/** Which kind of tag: what each says, with an example. */
export function Kinds() {
  const { t } = useText();
  return (
    <>
      <PageHead crumb={<Link to="/tags">{t("nav.tags")}</Link>} title={t("factory.new")} sub={t("factory.newSub")} />
      <div className="op-stack">
        {GROUPS.map(({ key, kinds }) => (
          <Panel key={key} title={t(`factory.kindGroups.${key}`)}>
            <ul className="op-kinds">
              {kinds.map((kind) => {
                const Icon = ICONS[kind];
                return (
                  <li key={kind}>
                    <Link to="/tags/new" search={{ kind }} className="op-kind" data-testid={`kind-${kind}`}>
                      <Icon aria-hidden />
                      <span>
                        <strong>{t(`tags.starts.${kind}`)}</strong>
                        <span className="op-mute">{t(`factory.examples.${kind}`)}</span>
                      </span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </Panel>
        ))}
      </div>
    </>
  );
}
