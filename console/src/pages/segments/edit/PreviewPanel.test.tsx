import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, renderHook, screen, waitFor } from "@testing-library/react";
import type { PropsWithChildren } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Json } from "@/conditions/model";
import { PreviewPanel, usePreview } from "./PreviewPanel";

interface Asked {
  condition: unknown;
  signal: AbortSignal;
  answer: (size: number) => void;
}

let asked: Asked[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { condition } = (await request.clone().json()) as { condition: unknown };
    return new Promise<Response>((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      const answer = (size: number): void =>
        resolve(new Response(JSON.stringify({ size, total: 100, sample: [], seconds: 0.1, sentence: null, problems: [], warnings: [], parts: [] }), { headers: { "content-type": "application/json" } }));
      asked.push({ condition, signal: request.signal, answer });
    });
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function wrapper({ children }: PropsWithChildren) {
  return <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>;
}

describe("the preview", () => {
  it("asks once when typing pauses, and cancels what is in flight when the condition changes", async () => {
    const cache = new QueryClient();
    const { result, rerender } = renderHook(({ condition }: { condition: Json }) => usePreview(condition, true), {
      initialProps: { condition: { did: "a" } as Json },
      wrapper: ({ children }: PropsWithChildren) => <QueryClientProvider client={cache}>{children}</QueryClientProvider>,
    });
    await waitFor(() => expect(asked).toHaveLength(1));
    const second: Json = { did: "b" };
    rerender({ condition: second });
    expect(result.current.current).toBe(false);
    await waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[0]?.signal.aborted).toBe(true);
    act(() => asked[1]?.answer(42));
    await waitFor(() => expect(result.current.data?.size).toBe(42));
    expect(result.current.current).toBe(true);
    expect(asked.map((one) => one.condition)).toEqual([{ did: "a" }, { did: "b" }]);
  });

  it("does not ask for a condition that is not filled in", () => {
    vi.useFakeTimers();
    const { result } = renderHook(() => usePreview({ all: [] }, false), { wrapper });
    act(() => vi.advanceTimersByTime(5_000));
    vi.useRealTimers();
    expect(asked).toHaveLength(0);
    expect(result.current.loading).toBe(false);
  });

  it("shows where an estimate lies, and the change once the size is exact", () => {
    const figures = { size: 42, total: 100, sample: [], seconds: 0.1, sentence: null, problems: [], warnings: [], parts: [] };
    const shown = (approximate: boolean, between: number[] | null): void => {
      const preview = { data: { ...figures, approximate, between }, error: null, current: true, loading: false, retry: () => undefined };
      render(<PreviewPanel preview={preview} unfinished={false} empty={false} now={30} />);
    };
    shown(true, [38, 46]);
    expect(screen.queryByTestId("preview-change")).toBeNull();
    expect(screen.getByTestId("preview-between")).toBeTruthy();
    cleanup();
    shown(false, null);
    expect(screen.getByTestId("preview-change")).toBeTruthy();
    expect(screen.queryByTestId("preview-between")).toBeNull();
  });
});
