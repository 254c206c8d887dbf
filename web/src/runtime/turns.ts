// In which order do answers count? Only the latest one's, or one after the other.

/** Of several questions of one kind, only the answer to the latest counts. */
export class Latest {
  #turn = 0;

  /** Begin a question; call what it gives when the answer is there, to learn whether it still counts. */
  begin(): () => boolean {
    const mine = ++this.#turn;
    return () => mine === this.#turn;
  }

  /** Let no answer that is on its way count. */
  forget(): void {
    this.#turn += 1;
  }
}

/** Work done one after the other in the order it was asked for, whether or not what came before succeeded. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  do<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
