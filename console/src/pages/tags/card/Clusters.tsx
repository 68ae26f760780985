import { Link } from "@tanstack/react-router";
import type { ModelCard, TagDetail } from "@/api/tags";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Panel } from "@/parts/PageHead";

const TRAITS = 5;

/** Each cluster with its size and what sets it apart. */
export function Clusters({ tag, clusters }: { tag: TagDetail; clusters: ModelCard["clusters"] }) {
  const { t, title, language } = useText();
  return (
    <Panel title={t("card.clusters")} testId="card-clusters">
      <ul className="op-clusters">
        {clusters.map((one) => (
          <li key={one.name}>
            <h3>{title(one.title, one.name)}</h3>
            <p>
              <Link to="/customers" search={{ tag: tag.name, value: one.name }} className="op-num">
                {t("card.customersIn", { count: one.customers, figure: exact(one.customers, language) })}
              </Link>{" "}
              <span className="op-mute op-num">{percent(one.share, language)}</span>
            </p>
            <table className="op-traits">
              <thead>
                <tr>
                  <th scope="col">{t("card.trait")}</th>
                  <th scope="col">{t("card.here")}</th>
                  <th scope="col">{t("card.everywhere")}</th>
                  <th scope="col">TGI</th>
                </tr>
              </thead>
              <tbody>
                {one.traits.slice(0, TRAITS).map((trait) => (
                  <tr key={trait.name}>
                    <th scope="row">{title(trait.title, trait.name)}</th>
                    <td>{percent(trait.share, language)}</td>
                    <td>{percent(trait.base_share, language)}</td>
                    <td>
                      <strong>{exact(trait.tgi, language)}</strong>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {one.before !== null && <p className="op-hint">{t("card.before", { name: one.before })}</p>}
          </li>
        ))}
      </ul>
      <p className="op-hint">{t("card.tgiHint")}</p>
    </Panel>
  );
}
