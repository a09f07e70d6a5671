/** Samples of this process's memory, as Celery's `memsample` and `memdump` show them. */
export class MemorySamples {
  #samples: string[] = [];

  /** @param rssBytes memory of this process */
  constructor(private readonly rssBytes: () => number = () => process.memoryUsage.rss()) {}

  /** `56.293MB`; kept for `dump`. */
  take(): string {
    const sample = `${(this.rssBytes() / 1024 / 1024).toFixed(3)}MB`;
    this.#samples = [...this.#samples, sample].slice(-MOST);
    return sample;
  }

  /** @param most samples at most, spread over those that were taken */
  dump(most: number): string {
    const last = this.take();
    const step = Math.max(1, Math.ceil(this.#samples.length / most));
    const shown = this.#samples.filter((_, index) => index % step === 0);
    return ['- rss (sample):', ...shown.map((each) => `-    > ${each},`), `- rss (end): ${last}.`, ''].join(
      '\n',
    );
  }
}

const MOST = 1_000;
