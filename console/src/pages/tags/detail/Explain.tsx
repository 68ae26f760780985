import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { TagDetail } from "@/api/tags";
import { tags } from "@/api/tags";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { CustomerPicker } from "@/pages/identity/graph/CustomerPicker";
import { CustomerName } from "@/parts/CustomerName";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Value } from "@/parts/Value";
import { Why } from "@/parts/Why";
import { Contributions } from "../card/Contributions";

function Answer({ tag, id }: { tag: TagDetail; id: number }) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const why = useQuery(tags.explain(tag.name, String(id)));
  return (
    <Loaded query={why}>
      {(data) => (
        <div className="op-stack" data-testid="tag-why">
          <div className="op-row">
            <CustomerName id={id} name={null} />
            <span className="op-mute">{t("why.value")}</span>
            <strong data-testid="why-value">
              <Value value={data.value === null ? null : title(data.value_title, data.value)} />
            </strong>
            <span className="op-mute">
              {t("why.at")} <Time at={data.at} />
            </span>
          </div>
          <Why reason={data.reason} onEvent={() => void navigate({ to: "/customers/$id", params: { id: String(id) }, search: { tab: "timeline" } })} />
        </div>
      )}
    </Loaded>
  );
}

/** Why one customer has this value: the rule, the figures, the events. */
export function Explain({ tag }: { tag: TagDetail }) {
  const { t } = useText();
  const may = useMay("customers.read");
  const navigate = useNavigate({ from: "/tags/$name" });
  const { customer } = useSearch({ from: "/shell/tags/$name" });
  if (!may) return <Nothing title={t("errors.code.forbidden")} />;
  return (
    <div className="op-two">
      <Panel title={t("explain.why")}>
        {customer === undefined ? (
          <Nothing
            title={t("explain.choose")}
            text={t("explain.chooseText")}
            actions={
              <Link to="/customers" search={{ tag: tag.name }}>
                {t("explain.customers")}
              </Link>
            }
          />
        ) : (
          <div className="op-stack">
            <Answer tag={tag} id={customer} />
            {tag.kind === "model" && <Contributions tag={tag.name} id={customer} />}
          </div>
        )}
      </Panel>
      <Panel title={t("explain.customer")}>
        <CustomerPicker not={-1} label={t("explain.who")} value={customer} onChange={(id) => void navigate({ search: { tab: "explain", customer: id } })} />
      </Panel>
    </div>
  );
}
