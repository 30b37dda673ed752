import type { Delivery } from "./broker.ts";

/** Keeps deliveries from being given to another while they are worked on. */
export interface Heartbeat {
  add(delivery: Delivery): void;
  delete(delivery: Delivery): void;
  stop(): void;
}

/** Three signs of life in the time after which the broker would give a message to another. */
export function startHeartbeat(ackSeconds: number): Heartbeat {
  const held = new Set<Delivery>();
  const beat = () => {
    for (const delivery of held) delivery.working();
  };
  const timer = setInterval(beat, (1e3 * ackSeconds) / 3);
  return {
    add: (delivery) => void held.add(delivery),
    delete: (delivery) => void held.delete(delivery),
    stop: () => clearInterval(timer),
  };
}
