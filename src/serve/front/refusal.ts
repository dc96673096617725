/** A request that is not handed on: why, as the status of the answer. The connection ends with it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly status: number, readonly text: string) {
    super(text);
  }

  static bad(): Refusal {
    return new Refusal(400, "Bad Request");
  }
}
