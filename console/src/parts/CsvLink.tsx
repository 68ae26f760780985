import { DownloadOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useText } from "@/lib/useText";

/** A list as a file for spreadsheets; the server writes down who took it. */
export function CsvLink({ path }: { path: string }) {
  const { t } = useText();
  return (
    <Button size="small" type="text" href={path} download icon={<DownloadOutlined />} title={t("common.csvNote")} data-testid="csv">
      {t("common.csv")}
    </Button>
  );
}
