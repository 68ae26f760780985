import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { App, ConfigProvider } from "antd";
import { useEffect } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { startTexts } from "@/i18n";
import { useUndoable } from "./undo";

beforeAll(async () => {
  window.matchMedia = (media) => ({ media, matches: false, onchange: null, addListener: () => undefined, removeListener: () => undefined, addEventListener: () => undefined, removeEventListener: () => undefined, dispatchEvent: () => false });
  await startTexts("en");
});
beforeEach(() => {
  render(
    <ConfigProvider theme={{ zeroRuntime: true }}>
      <App component={false}>
        <Deed />
      </App>
    </ConfigProvider>,
  );
});
afterEach(cleanup);

let undoable: ReturnType<typeof useUndoable>;
function Deed() {
  const found = useUndoable();
  useEffect(() => {
    undoable = found;
  });
  return null;
}

const buttons = (): HTMLElement[] => screen.queryAllByTestId("undo-toast");

it("has a way back of its own for every deed, also where two are called alike", async () => {
  const [first, second] = [vi.fn(async () => undefined), vi.fn(async () => undefined)];
  await act(() => undoable("Removed Buyers", Promise.resolve(), first));
  await act(() => undoable("Removed Buyers", Promise.resolve(), second));
  await waitFor(() => expect(buttons()).toHaveLength(2));
  for (const one of buttons()) fireEvent.click(one);
  await waitFor(() => expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]));
});

it("goes back once however often it is pressed, and can be tried again where it failed", async () => {
  let settle: { done: (value: unknown) => void; failed: (error: Error) => void } | undefined;
  const back = vi.fn(() => new Promise((done, failed) => (settle = { done, failed })));
  await act(() => undoable("Removed Payers", Promise.resolve(), back));
  await waitFor(() => expect(buttons()).toHaveLength(1));
  const press = (): void => void fireEvent.click(buttons()[0] as HTMLElement);
  press();
  press();
  expect(back).toHaveBeenCalledTimes(1);
  await waitFor(() => expect(buttons()[0]?.className).toContain("loading"));
  await act(async () => settle?.failed(new Error("no line")));
  await waitFor(() => expect(buttons()[0]?.className).not.toContain("loading"));
  press();
  await waitFor(() => expect(back).toHaveBeenCalledTimes(2));
  await act(async () => settle?.done(undefined));
  await waitFor(() => expect(screen.queryByText("Removed Payers")).toBeNull());
});

it("tells of no deed that failed", async () => {
  expect(await act(() => undoable("Removed Owls", Promise.reject(new Error("refused")), async () => undefined))).toBe(false);
  expect(screen.queryByText("Removed Owls")).toBeNull();
});
