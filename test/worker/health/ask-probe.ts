/** What a probe gets. */
export interface ProbeAnswer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks a worker's health server as Kubernetes would. */
export async function probe(url: string | undefined, path: string): Promise<ProbeAnswer> {
  const response = await fetch(`${url ?? ''}${path}`);
  return { code: response.status, body: (await response.json()) as Record<string, unknown> };
}
