import createClient, { type Middleware } from "openapi-fetch";
import { errorOf, OfflineError } from "./errors";
import type { paths } from "./schema";

const guard: Middleware = {
  onRequest({ request }) {
    // The server refuses writes without this header: another site cannot make a browser send it.
    if (request.method !== "GET") request.headers.set("X-OnePool", "1");
    return request;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new OfflineError(String(error));
  },
};

// fetch is looked up at each call so that tests can put their own in its place.
export const client = createClient<paths>({ baseUrl: window.location.origin, fetch: (request) => globalThis.fetch(request), credentials: "same-origin" });
client.use(guard);

/** The body of an answer, or the error the server described. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw errorOf(response, error);
  return data as T;
}
