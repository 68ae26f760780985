import { useQuery, useQueryClient } from "@tanstack/react-query";
import { TreeSelect } from "antd";
import { useDeferredValue, useMemo, useState } from "react";
import { type Region, segmentQueries } from "@/api/segments";
import { useText } from "@/lib/useText";

interface Props {
  value: string[];
  label: string;
  onChange: (value: string[]) => void;
}

interface Shown {
  id: string;
  pId: string | null;
  value: string;
  title: string;
  whole: string;
  isLeaf: boolean;
}

/** Provinces, their cities, their districts: opened level by level, or searched by name or code. */
export function Regions({ value, label, onChange }: Props) {
  const { t } = useText();
  const cache = useQueryClient();
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed.trim());
  const top = useQuery(segmentQueries.regions(null, ""));
  const found = useQuery({ ...segmentQueries.regions(null, wanted), enabled: wanted !== "" });
  const chosen = useQuery({ ...segmentQueries.regionsNamed(value), enabled: value.length > 0 });
  const [opened, setOpened] = useState<Region[]>([]);
  const [expanded, setExpanded] = useState<string[]>([]);
  const tree = useMemo(() => {
    const known = new Map<string, Shown>();
    for (const one of [...(top.data?.items ?? []), ...opened, ...(chosen.data?.items ?? []), ...(wanted === "" ? [] : (found.data?.items ?? []))]) {
      known.set(one.code, { id: one.code, pId: one.parent, value: one.code, title: one.name, whole: one.full_name, isLeaf: !one.children });
    }
    return [...known.values()].map((one) => (one.pId !== null && known.has(one.pId) ? one : { ...one, pId: null, title: one.whole }));
  }, [top.data, opened, found.data, chosen.data, wanted]);
  // What is found lies open; without a search the tree is as the reader left it.
  const shown = wanted === "" ? expanded : [...new Set(tree.flatMap((one) => one.pId ?? []))];
  return (
    <TreeSelect
      multiple
      treeDataSimpleMode
      style={{ minWidth: 220, maxWidth: 420 }}
      popupMatchSelectWidth={300}
      aria-label={label}
      placeholder={t("editor.chooseRegion")}
      value={value}
      treeData={tree}
      treeExpandedKeys={shown}
      onTreeExpand={(keys) => setExpanded(keys.map(String))}
      loading={top.isPending || found.isFetching}
      showSearch={{ searchValue: typed, onSearch: setTyped, filterTreeNode: (text, node) => String(node.whole).includes(text.trim()) || String(node.value).startsWith(text.trim()) }}
      loadData={async (node) => {
        const { items } = await cache.ensureQueryData(segmentQueries.regions(String(node.value), ""));
        setOpened((before) => [...before, ...items]);
      }}
      onChange={(next: string[]) => onChange(next)}
      data-testid="condition-regions"
    />
  );
}
