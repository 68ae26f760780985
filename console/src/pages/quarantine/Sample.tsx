import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Copy, Loaded } from "@/parts/Loaded";

/** JSON laid out for reading; a sample that was cut short stays as it came. */
function laidOut(sample: string): string {
  try {
    return JSON.stringify(JSON.parse(sample), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return sample;
    throw error;
  }
}

export function Sample({ id }: { id: string }) {
  const { t } = useText();
  const item = useQuery(queries.quarantined(id));
  return (
    <Loaded query={item}>
      {(data) => (
        <div>
          <div className="op-row op-mute" style={{ fontSize: 13 }}>
            {t("quarantine.sample")} <span className="op-code">{data.id}</span>
            <Copy text={data.sample} label={t("common.copy")} />
          </div>
          <pre className="op-pre">{laidOut(data.sample)}</pre>
        </div>
      )}
    </Loaded>
  );
}
