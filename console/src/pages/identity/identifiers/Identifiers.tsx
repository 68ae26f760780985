import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Table } from "antd";
import { identity } from "@/api/identity";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Frame } from "../Frame";
import { Identifier } from "../Identifier";
import { useWords } from "../words";

const SIZE = 50;

/** Identifiers of a type, all or those that one touchpoint named: where a figure of the overview leads. */
export function Identifiers() {
  const { t, title } = useText();
  const words = useWords();
  const { type = "phone", touchpoint, before } = useSearch({ from: "/shell/identity/identifiers" });
  const navigate = useNavigate({ from: "/identity/identifiers" });
  const rules = useQuery(identity.rules());
  const list = useQuery(identity.identifiers({ type, touchpoint, before, size: SIZE }));
  return (
    <Frame
      page="identifiers"
      actions={
        <>
          <Select
            style={{ width: 200 }}
            showSearch={{ optionFilterProp: "label" }}
            aria-label={t("customer.idType")}
            value={type}
            onChange={(next: string) => void navigate({ search: { type: next, touchpoint } })}
            options={(rules.data?.types ?? []).map((one) => ({ value: one.type, label: title(one.title, one.type) }))}
            data-testid="identifiers-type"
          />
          <Select
            style={{ width: 200 }}
            allowClear
            aria-label={t("home.touchpoint")}
            placeholder={t("oneid.allTouchpoints")}
            value={touchpoint}
            onChange={(next: string | undefined) => void navigate({ search: { type, touchpoint: next } })}
            options={(rules.data?.touchpoints ?? []).map((one) => ({ value: one.name, label: words.touchpoint(one.name) }))}
            data-testid="identifiers-touchpoint"
          />
        </>
      }
    >
      <section className="op-panel">
        <Loaded query={list} rows={10}>
          {(data) => (
            <>
              <Table
                size="middle"
                rowKey={(row) => row.identifier.identifier_id}
                data-testid="identifiers"
                dataSource={data.items}
                pagination={false}
                locale={{ emptyText: <Nothing title={t("oneid.noIdentifiers")} text={t("oneid.noIdentifiersText")} /> }}
                columns={[
                  {
                    title: t("oneid.identifier"),
                    render: (_, row) => (
                      <Link to="/customers/$id" params={{ id: String(row.identifier.customer_id) }} search={{ tab: "oneid" }}>
                        <Identifier of={row.identifier} />
                      </Link>
                    ),
                  },
                  { title: t("customers.columns.customer"), render: (_, row) => <CustomerName id={row.identifier.customer_id} name={row.customer} /> },
                  { title: t("oneid.firstTime"), align: "right", render: (_, row) => <Time at={row.first_seen} /> },
                  { title: t("oneid.lastTime"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
                ]}
              />
              <div className="op-row" style={{ padding: "8px 16px" }}>
                <Button disabled={before === undefined} onClick={() => void navigate({ search: { type, touchpoint } })}>
                  {t("oneid.firstPage")}
                </Button>
                <Button disabled={data.next === null} onClick={() => void navigate({ search: { type, touchpoint, before: data.next ?? undefined } })} data-testid="identifiers-next">
                  {t("oneid.nextPage")}
                </Button>
              </div>
            </>
          )}
        </Loaded>
      </section>
    </Frame>
  );
}
