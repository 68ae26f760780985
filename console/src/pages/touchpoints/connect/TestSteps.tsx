import { ThunderboltOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { type TestResult, useTestTouchpoint } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { failureOf, useFailure } from "../words";

function Steps({ result }: { result: TestResult }) {
  const { t } = useText();
  const failure = useFailure();
  return (
    <div role="status" data-testid="test-result" data-ok={result.ok}>
      <ol className="op-steps">
        {result.steps.map((step) => (
          <li key={step.code} data-testid={`step-${step.code}`} data-ok={step.ok}>
            <Status kind={step.ok ? "ok" : "error"}>{t(`touchpoints.steps.${step.code}.${step.ok ? "ok" : "bad"}`)}</Status>
            {!step.ok && <div className="op-step-todo">{t(`touchpoints.steps.${step.code}.todo`)}</div>}
            {!step.ok && step.code !== "sandbox" && step.message !== "" && failureOf(step.message).kind !== "other" && <div>{failure(step.message)}</div>}
            {step.message !== "" && <div className="op-step-said">{step.message}</div>}
          </li>
        ))}
      </ol>
      <p>
        <Status kind={result.ok ? "ok" : "error"}>{t(result.ok ? "touchpoints.testOk" : "touchpoints.testBad")}</Status>
      </p>
    </div>
  );
}

/** Tries a touchpoint's settings, up to one harmless call to the platform; says each step in words. */
export function TestSteps({ name, primary = false }: { name: string; primary?: boolean }) {
  const { t } = useText();
  const test = useTestTouchpoint(name);
  return (
    <div className="op-stack" style={{ gap: 10 }}>
      <div className="op-row">
        <Button type={primary ? "primary" : "default"} icon={<ThunderboltOutlined />} loading={test.isPending} onClick={() => test.mutate()} data-testid="touchpoint-test">
          {t(test.isSuccess || test.isError ? "touchpoints.testAgain" : "touchpoints.test")}
        </Button>
        <span className="op-mute">{t("touchpoints.testHelp")}</span>
      </div>
      {test.isError && <Problem error={test.error} />}
      {test.isSuccess && <Steps result={test.data} />}
    </div>
  );
}
