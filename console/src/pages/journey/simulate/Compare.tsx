import { DiffOutlined, StopOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { compare, type Difference } from "@/api/backtests";
import { exact, money } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Problem, Waiting } from "@/parts/Loaded";
import { useEditing } from "../editor/context";
import { asked, type Choosing, ready, useAnswer } from "./asked";
import { Hours } from "./Outcome";
import { useFigureName } from "./figures";
import { Whom } from "./Whom";

const SAMPLE = 10_000;

/** Two back-tests of the same customers and the same past. */
export function Differences({ of }: { of: Difference }) {
  const { t, language } = useText();
  const named = useFigureName();
  const cost = [of.before.cost, of.after.cost].map((one) => (one === null ? "–" : money(one.total, one.currency, language)));
  const changed = of.figures.filter((one) => one.before !== one.after);
  return (
    <div className="op-stack" data-testid="difference">
      <p>
        {t("journey.simulate.more", { figure: exact(of.gets_more, language) })} · {t("journey.simulate.fewer", { figure: exact(of.gets_fewer, language) })} · {t("journey.simulate.otherPath", { figure: exact(of.other_path, language) })}
      </p>
      <table className="op-beside">
        <thead>
          <tr>
            <th scope="col">{t("journey.simulate.figure")}</th>
            <th scope="col">{t("journey.simulate.before")}</th>
            <th scope="col">{t("journey.simulate.after")}</th>
          </tr>
        </thead>
        <tbody>
          {changed.map((one) => (
            <tr key={one.figure}>
              <th scope="row">{named(one.figure)}</th>
              <td className="op-num">{exact(one.before, language)}</td>
              <td className="op-num">{exact(one.after, language)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("journey.publish.cost")}</th>
            <td className="op-num">{cost[0]}</td>
            <td className="op-num">{cost[1]}</td>
          </tr>
        </tbody>
      </table>
      {changed.length === 0 && <p className="op-mute">{t("journey.simulate.same")}</p>}
      <Hours of={of.after} before={of.before} />
      {of.messages.length > 0 && (
        <table className="op-beside">
          <thead>
            <tr>
              <th scope="col">{t("journey.simulate.messagesOf")}</th>
              <th scope="col">{t("journey.simulate.before")}</th>
              <th scope="col">{t("journey.simulate.after")}</th>
            </tr>
          </thead>
          <tbody>
            {of.messages.map((one) => (
              <tr key={one.customer_id}>
                <th scope="row">
                  <CustomerName id={one.customer_id} name={one.name} newTab />
                </th>
                <td className="op-num">{one.before}</td>
                <td className="op-num">{one.after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** The draft beside the published version, over the same customers and the same past. */
export function Compare({ choosing }: { choosing: Choosing }) {
  const { t } = useText();
  const { definition } = useEditing();
  const { busy, found, ask, stop } = useAnswer<Difference>(definition);
  const [choice] = choosing;
  return (
    <>
      <p className="op-hint">{t("journey.simulate.compareHint")}</p>
      <Whom choosing={choosing} kinds={["everybody", "segment"]} sample={SAMPLE} />
      <div className="op-row">
        {busy ? (
          <Button icon={<StopOutlined />} onClick={stop}>
            {t("journey.simulate.stop")}
          </Button>
        ) : (
          <Button type="primary" icon={<DiffOutlined />} disabled={!ready(choice)} onClick={() => ask((signal) => compare(asked(definition, choice, SAMPLE), signal))} data-testid="compare-run">
            {t("journey.simulate.compareRun")}
          </Button>
        )}
      </div>
      {busy && <Waiting rows={4} />}
      {found?.error != null && <Problem error={found.error} />}
      {!busy && found?.value != null && <Differences of={found.value} />}
    </>
  );
}
