import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { queries } from "@/api/queries";
import { compact } from "@/lib/format";
import { useText } from "@/lib/useText";

interface Props {
  segment: string | undefined;
  tag: string | undefined;
  value: string | undefined;
  onChange: (change: { segment?: string; tag?: string; value?: string }) => void;
}

const contains = (typed: string, option?: { label?: unknown; value?: unknown }): boolean =>
  `${String(option?.label)} ${String(option?.value)}`.toLowerCase().includes(typed.toLowerCase());

/** Customers of one segment, or with a tag, or with one value of that tag. */
export function Filters({ segment, tag, value, onChange }: Props) {
  const { t, title, language } = useText();
  const segments = useQuery(queries.segments());
  const tags = useQuery(queries.tags());
  const values = useQuery({ ...queries.tag(tag ?? ""), enabled: tag !== undefined });
  return (
    <>
      <Select
        allowClear
        showSearch={{ filterOption: contains }}
        style={{ width: 200 }}
        size="large"
        aria-label={t("customers.bySegment")}
        placeholder={t("customers.bySegment")}
        loading={segments.isPending}
        value={segment}
        onChange={(next: string | undefined) => onChange({ segment: next })}
        options={segments.data?.items.map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
      />
      <Select
        allowClear
        showSearch={{ filterOption: contains }}
        style={{ width: 160 }}
        size="large"
        aria-label={t("customers.byTag")}
        placeholder={t("customers.byTag")}
        loading={tags.isPending}
        value={tag}
        onChange={(next: string | undefined) => onChange({ tag: next, value: undefined })}
        options={tags.data?.items.map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
      />
      {tag !== undefined && (
        <Select
          allowClear
          showSearch={{ filterOption: contains }}
          style={{ width: 200 }}
          size="large"
          aria-label={t("customers.byValue")}
          placeholder={t("customers.byValue")}
          loading={values.isPending}
          value={value}
          onChange={(next: string | undefined) => onChange({ value: next })}
          options={values.data?.distribution.map((one) => ({ value: one.value, label: `${title(one.title, one.value)} (${compact(one.count, language)})` }))}
        />
      )}
    </>
  );
}
