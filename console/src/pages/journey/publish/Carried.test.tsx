import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Carried } from "./Carried";

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** Two cases; what the server says of the second one. */
function carried(second: Response): () => boolean | undefined {
  vi.stubGlobal("fetch", async (request: Request) => {
    if (request.method === "GET") return json({ items: [{ name: "first" }, { name: "second" }] });
    const { names } = (await request.clone().json()) as { names: string[] };
    return names[0] === "first" ? json({ items: [{ name: "first", passed: true, seconds: 0, differences: [], problem: null }] }) : second;
  });
  let passed: boolean | undefined;
  const told = (said: boolean): void => {
    passed = said;
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Carried journey="carts" definition={{ journey: "carts" }} anyway={false} onAnyway={() => undefined} onPassed={told} />
    </QueryClientProvider>,
  );
  return () => passed;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("cases before publishing", () => {
  it.each([
    ["nothing", json({ items: [] })],
    ["that there is none", json({ code: "case-unknown", detail: "there is no such case" }, 404)],
  ])("have not passed where the server says %s of one", async (_what, second) => {
    const passed = carried(second);
    await waitFor(() => expect(screen.getByTestId("publish-cases").dataset.done).toBe("2"));
    expect(screen.getByTestId("publish-cases").dataset.failed).toBe("1");
    expect(screen.getByTestId("case").textContent).toContain("second");
    expect(passed()).toBe(false);
  });

  it("that cannot be read keep nobody from publishing anyway", async () => {
    vi.stubGlobal("fetch", async () => json({ code: "state", detail: "no answer" }, 500));
    const anyway = vi.fn();
    render(
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <Carried journey="carts" definition={{ journey: "carts" }} anyway={false} onAnyway={anyway} onPassed={() => undefined} />
      </QueryClientProvider>,
    );
    fireEvent.click(await screen.findByTestId("publish-anyway"));
    expect(anyway).toHaveBeenCalledWith(true);
  });
});
