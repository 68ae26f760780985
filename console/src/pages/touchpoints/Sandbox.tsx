import { ExperimentOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { lazy, Suspense } from "react";
import { changeOf, type Detail, useSaveTouchpoint } from "@/api/touchpoints";
import { openTexts } from "@/i18n";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";

const Acts = lazy(async () => {
  const [module] = await Promise.all([import("./Acts"), openTexts("sandbox")]);
  return { default: module.Acts };
});

export function SandboxBadge() {
  const { t } = useText();
  return (
    <span className="op-sandbox-badge" title={t("touchpoints.sandboxShort")}>
      <ExperimentOutlined aria-hidden /> {t("touchpoints.sandbox")}
    </span>
  );
}

/** Said on every tab of a touchpoint that speaks to the sandbox. */
export function SandboxBanner({ touchpoint }: { touchpoint: Detail }) {
  const { t } = useText();
  const may = useMay("touchpoints.write");
  const save = useSaveTouchpoint();
  if (!touchpoint.sandbox) return null;
  return (
    <>
      <div className="op-sandbox-banner" role="note" data-testid="sandbox-banner">
        <ExperimentOutlined aria-hidden />
        <span>{t("touchpoints.sandboxText")}</span>
        {may && (
          <Button size="small" loading={save.isPending} onClick={() => save.mutate({ name: touchpoint.name, secrets: {}, body: { ...changeOf(touchpoint), sandbox: false } })} data-testid="sandbox-leave">
            {t("touchpoints.sandboxLeave")}
          </Button>
        )}
      </div>
      {save.isError && <Problem error={save.error} />}
      {may && (
        <Suspense>
          <Acts name={touchpoint.name} />
        </Suspense>
      )}
    </>
  );
}
