/** Canonical statuses, with their number and the HTTP status they are answered with: https://google.aip.dev/193 */
export const rpcStatuses = {
  CANCELLED: { code: 1, http: 499 },
  INVALID_ARGUMENT: { code: 3, http: 400 },
  DEADLINE_EXCEEDED: { code: 4, http: 504 },
  NOT_FOUND: { code: 5, http: 404 },
  PERMISSION_DENIED: { code: 7, http: 403 },
  RESOURCE_EXHAUSTED: { code: 8, http: 429 },
  FAILED_PRECONDITION: { code: 9, http: 400 },
  INTERNAL: { code: 13, http: 500 },
  UNAVAILABLE: { code: 14, http: 503 },
} as const;

/** Name of a canonical status. */
export type RpcStatus = keyof typeof rpcStatuses;

/** A `google.rpc.Status`, as results and operations carry it. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** A status with its message. */
export function statusOf(name: RpcStatus, message: string): Status {
  return { code: rpcStatuses[name].code, message };
}
