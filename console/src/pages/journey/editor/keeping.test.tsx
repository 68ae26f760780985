import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { JourneyDetail } from "@/api/journeys";
import type { Definition } from "@/journeys/model";
import { useKeeping } from "./keeping";

const { save } = vi.hoisted(() => ({ save: vi.fn<(name: string, definition: unknown, version: number | null) => Promise<{ draft_version: number }>>() }));
vi.mock("@/api/journeys", () => ({ saveDraft: save, journeys: { one: (name: string) => ({ queryKey: ["journeys", name] }) } }));

const drawn = (start: string): Definition => ({ journey: "three", start, nodes: {} }) as unknown as Definition;
const detail = { name: "three", definition: drawn("a"), draft_version: 1 } as unknown as JourneyDetail;

afterEach(cleanup);

it("saves what was changed back while the change before was on its way", async () => {
  const answers: ((version: { draft_version: number }) => void)[] = [];
  save.mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
  const around = ({ children }: { children: ReactNode }): ReactNode => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>;
  const { result, rerender } = renderHook(({ definition }) => useKeeping("mei", detail, definition, false, false), { wrapper: around, initialProps: { definition: drawn("a") } });
  rerender({ definition: drawn("b") });
  await waitFor(() => expect(save).toHaveBeenCalledTimes(1));
  rerender({ definition: drawn("a") });
  await act(async () => answers[0]?.({ draft_version: 2 }));
  await waitFor(() => expect(save).toHaveBeenCalledTimes(2));
  expect(save.mock.calls.map(([, definition, version]) => [(definition as unknown as { start: string }).start, version])).toEqual([
    ["b", 1],
    ["a", 2],
  ]);
  await act(async () => answers[1]?.({ draft_version: 3 }));
  expect(result.current.state).toBe("saved");
  expect(result.current.version).toBe(3);
});
