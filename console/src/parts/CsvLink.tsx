import { DownloadOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";

/** A list as a file for spreadsheets, for those who may take lists out; the server writes down who took what. */
export function CsvLink({ path }: { path: string }) {
  const { t } = useText();
  const may = useMay("exports.take");
  if (!may) return null;
  return (
    <Button size="small" type="text" href={path} download icon={<DownloadOutlined />} title={t("common.csvNote")} data-testid="csv">
      {t("common.csv")}
    </Button>
  );
}
