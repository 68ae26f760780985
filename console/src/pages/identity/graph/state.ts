import { useNavigate, useSearch } from "@tanstack/react-router";

/** What can be done with the identifiers chosen in the graph or in the list. */
export type Act = "merge" | "split" | "never" | "block" | "explain";

interface State {
  view: "graph" | "list";
  chosen: number[];
  link: number | undefined;
  act: Act | undefined;
  /** The other customer of a merge or of a never-merge. */
  other: number | undefined;
  page: number;
}

type Search = { view?: "list"; sel?: string; link?: number; act?: Act; other?: number; page?: number };

/** The tab's state; all of it stands in the address. */
export function useGraphState(): State & { change: (next: Partial<Search>) => void; choose: (ids: number[]) => void; toggle: (id: number) => void } {
  const search = useSearch({ from: "/shell/customers/$id" });
  const navigate = useNavigate({ from: "/customers/$id" });
  const chosen = search.sel === undefined ? [] : search.sel.split(",").map(Number).filter((id) => Number.isSafeInteger(id) && id >= 0);
  const change = (next: Partial<Search>): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const choose = (ids: number[]): void => change({ sel: ids.length === 0 ? undefined : ids.join(",") });
  return {
    view: search.view ?? "graph",
    chosen,
    link: search.link,
    act: search.act,
    other: search.other,
    page: search.page ?? 1,
    change,
    choose,
    toggle: (id) => choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]),
  };
}
