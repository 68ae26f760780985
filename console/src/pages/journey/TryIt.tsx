import { Link } from "@tanstack/react-router";
import { useText } from "@/lib/useText";

/** From a page that has nothing yet to what would happen. */
export function TryIt({ name }: { name: string }) {
  const { t } = useText();
  return (
    <Link to="/journeys/$name" params={{ name }} search={{ panel: "simulate" }}>
      {t("journey.tryIt")}
    </Link>
  );
}
