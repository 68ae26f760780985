import { Link } from "@tanstack/react-router";
import { useText } from "@/lib/useText";

interface Props {
  id: number;
  name: string | null;
  testId?: string;
  newTab?: boolean;
}

/** A customer by name and number, or by number alone; always a link to the customer's page. */
export function CustomerName({ id, name, testId, newTab = false }: Props) {
  const { t } = useText();
  return (
    <Link to="/customers/$id" params={{ id: String(id) }} target={newTab ? "_blank" : undefined} className="op-num" data-testid={testId}>
      {name === null ? (
        t("customers.numbered", { id })
      ) : (
        <>
          {name} <span className="op-mute">{id}</span>
        </>
      )}
    </Link>
  );
}
