/**
 * What must be put back when a call ends, however it ends. Each undo is registered before the act that it undoes.
 * It never takes the call's signal: cleaning up cannot be cancelled.
 */

interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export class Undo {
  private steps: readonly Step[] = [];

  /** Registers an undo and returns a function that strikes it out, for what has come to its end by itself. */
  add(name: string, run: () => Promise<void>): () => void {
    const added: Step = { name, run };
    this.steps = [...this.steps, added];
    return () => {
      this.steps = this.steps.filter((step) => step !== added);
    };
  }

  /** Runs each registered undo once, all together, also those that get registered meanwhile. A fault in one stops no other. */
  async run(onFault: (name: string, fault: unknown) => void): Promise<void> {
    while (this.steps.length > 0) {
      const now = this.steps;
      this.steps = [];
      await Promise.all(now.map((step) => step.run().catch((fault: unknown) => onFault(step.name, fault))));
    }
  }
}
