import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Tabs } from "antd";
import { consents } from "@/api/consents";
import { useText } from "@/lib/useText";
import { Loaded } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { LedgerTable } from "./Ledger";
import { Notices } from "./Notices";
import { Suppressions } from "./Suppressions";

function Ledger() {
  const { t } = useText();
  const { customer } = useSearch({ from: "/shell/consents" });
  const navigate = useNavigate({ from: "/consents" });
  const query = useInfiniteQuery(consents.ledger(customer, undefined));
  const choose = (typed: string): void => void navigate({ search: (before) => ({ ...before, customer: /^\d{1,15}$/.test(typed.trim()) ? Number(typed.trim()) : undefined }), replace: true });
  return (
    <div className="op-stack">
      <div data-search style={{ maxWidth: 220 }}>
        <Input allowClear aria-label={t("reach.messages.customer")} placeholder={t("reach.messages.customer")} defaultValue={customer} onPressEnter={(event) => choose(event.currentTarget.value)} onBlur={(event) => choose(event.target.value)} />
      </div>
      <Loaded query={query} rows={8}>
        {({ pages }) => (
          <>
            <LedgerTable rows={pages.flatMap((page) => page.items)} />
            {query.hasNextPage && (
              <div>
                <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t("reach.more")}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </div>
  );
}

/** What people said about messages, who gets nothing, and the texts that they were shown. */
export function Consents() {
  const { t } = useText();
  const { tab = "ledger" } = useSearch({ from: "/shell/consents" });
  const navigate = useNavigate({ from: "/consents" });
  return (
    <>
      <PageHead title={t("nav.consents")} sub={t("reach.consents.sub")} />
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key === "ledger" ? undefined : (key as "notices") } })}
        items={[
          { key: "ledger", label: t("reach.consents.tabs.ledger"), children: <Ledger /> },
          { key: "suppressions", label: t("reach.consents.tabs.suppressions"), children: <Suppressions /> },
          { key: "notices", label: t("reach.consents.tabs.notices"), children: <Notices /> },
        ]}
      />
    </>
  );
}
