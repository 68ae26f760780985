import { CaretRightOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { type PropsWithChildren, useState } from "react";
import { useText } from "@/lib/useText";

/** What most people leave as it is. */
export function More({ start = false, label, children }: PropsWithChildren<{ start?: boolean; label?: string }>) {
  const { t } = useText();
  const [open, setOpen] = useState(start);
  return (
    <>
      <div>
        <Button type="link" size="small" style={{ padding: 0 }} icon={<CaretRightOutlined rotate={open ? 90 : 0} />} aria-expanded={open} onClick={() => setOpen(!open)}>
          {label ?? t("factory.more")}
        </Button>
      </div>
      {open && children}
    </>
  );
}
