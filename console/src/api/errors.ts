/** RFC 9457 problem details, as every refused request carries them. */
export interface ProblemBody {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  instance?: string;
  hint?: string | null;
  where?: string | null;
  problems?: { place: string; message: string; suggestion: string | null }[];
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly id: string;
  readonly hint: string | null;
  readonly where: string | null;
  readonly problems: NonNullable<ProblemBody["problems"]>;

  constructor(status: number, body: ProblemBody, id: string) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? `http-${status}`;
    this.id = body.instance ?? id;
    this.hint = body.hint ?? null;
    this.where = body.where ?? null;
    this.problems = body.problems ?? [];
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  readonly code = "offline";
}

/** What the server said, as an error; `body` is whatever came back (problem details, another JSON, text or nothing). */
export function errorOf(response: Response, body: unknown): ApiError {
  const id = response.headers.get("x-request-id") ?? "";
  const problem: ProblemBody = typeof body === "object" && body !== null ? { ...body } : {};
  if (problem.detail !== undefined && typeof problem.detail !== "string") problem.detail = JSON.stringify(problem.detail);
  return new ApiError(response.status, problem, id);
}
