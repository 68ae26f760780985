import { errorOf, OfflineError } from "./errors";

interface Asked {
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
}

/** A call that the generated client has no types for. */
export async function ask<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, { body, query = {}, signal }: Asked = {}): Promise<T> {
  const url = new URL(`${window.location.origin}/api/v1${path}`);
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
  const headers: Record<string, string> = { ...(method !== "GET" && { "X-OnePool": "1" }), ...(body !== undefined && { "content-type": "application/json" }) };
  const response = await globalThis.fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", signal }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError(String(error));
  });
  const found: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw errorOf(response, found);
  return found as T;
}
