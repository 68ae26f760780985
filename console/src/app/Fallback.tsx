import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useText } from "@/lib/useText";
import { Nothing, Problem } from "@/parts/Loaded";

export function Missing() {
  const { t } = useText();
  return <Nothing title={t("errors.noPage")} text={t("errors.noPageText")} actions={<Link to="/">{t("nav.home")}</Link>} />;
}

export function Failed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div style={{ padding: 32 }}>
      <Problem
        error={error}
        retry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </div>
  );
}
