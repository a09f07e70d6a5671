/** Bounds how much work is under way at a time. The first failure stops it: no more is taken, and `settled` tells it. */
export class WorkWindow {
  #underWay = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Called at the next end of something under way. */
  #onEnd: (() => void) | undefined;

  constructor(private readonly size: number) {}

  /** Begins the work; resolves when there is room for more. Not to be called again before that. @throws the first failure so far */
  async add(work: () => Promise<unknown>): Promise<void> {
    this.#check();
    this.#underWay += 1;
    work().then(
      () => this.#ended(),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#ended();
      },
    );
    if (this.#underWay >= this.size) await this.#nextEnd();
  }

  /** Resolves when nothing is under way. @throws the first failure */
  async settled(): Promise<void> {
    while (this.#underWay > 0) await this.#nextEnd();
    this.#check();
  }

  #ended(): void {
    this.#underWay -= 1;
    const told = this.#onEnd;
    this.#onEnd = undefined;
    told?.();
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => (this.#onEnd = resolve));
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
