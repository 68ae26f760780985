import { useNavigate, useSearch } from "@tanstack/react-router";
import { useText } from "@/lib/useText";
import { Frame } from "../Frame";
import { History } from "./History";

export function Decisions() {
  const { t } = useText();
  const { page = 1 } = useSearch({ from: "/shell/identity/decisions" });
  const navigate = useNavigate({ from: "/identity/decisions" });
  return (
    <Frame page="decisions">
      <section className="op-panel" aria-label={t("oneid.pages.decisions")}>
        <History page={page} onPage={(next) => void navigate({ search: { page: next } })} />
      </section>
    </Frame>
  );
}
