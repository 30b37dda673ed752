import { useEffect, useState } from "preact/hooks";
import type {
  AlarmRecord,
  Hello,
  HistoryPoint,
  Messages,
  Snapshot,
  Status,
} from "../../src/tasks/scout/monitor/view.ts";

/** Everything that the server has said. */
export interface Live {
  readonly isConnected: boolean;
  readonly hello: Hello | null;
  readonly status: Status | null;
  /** When `status` came, in ms of `performance.now()`. */
  readonly statusAt: number;
  readonly snapshot: Snapshot | null;
  readonly history: readonly HistoryPoint[];
  readonly alarms: readonly AlarmRecord[];
}

const silent: Live = {
  ...{ isConnected: false, hello: null, status: null, statusAt: 0 },
  ...{ snapshot: null, history: [], alarms: [] },
};

/** The server gives a sign of life every 5 s. */
const patienceMs = 12_000;
/** Points in a browser; then every other is dropped, which leaves rates as they are. */
const mostPoints = 4000;

/** The stream of the server; it connects again by itself. */
export function useLive(): Live {
  const [live, setLive] = useState(silent);
  useEffect(() => {
    let source: EventSource;
    let watchdog = 0;
    function connect(): void {
      source = new EventSource("./events");
      listen("hello", (hello, state) => ({ ...state, hello, history: hello.history }));
      listen("status", (status, { snapshot, ...state }) => {
        return { ...state, status, snapshot: status.state === "waiting" ? null : snapshot };
      });
      listen("update", ({ snapshot, points, alarms, ...status }, state) => {
        const history = [...state.history, ...points];
        return {
          ...{ ...state, status, snapshot, alarms },
          history: history.length > mostPoints ? everyOther(history) : history,
        };
      });
      source.onerror = () => setLive((state) => ({ ...state, isConnected: false }));
      expectLife();
    }
    function listen<K extends keyof Messages>(
      name: K,
      next: (message: Messages[K], state: Live) => Live,
    ): void {
      source.addEventListener(name, (event) => {
        const message = JSON.parse((event as MessageEvent<string>).data) as Messages[K];
        setLive((state) => ({
          ...next(message, state),
          ...{ isConnected: true, statusAt: performance.now() },
        }));
        expectLife();
      });
    }
    /** A connection that was cut without a word is given up. */
    function expectLife(): void {
      clearTimeout(watchdog);
      watchdog = window.setTimeout(() => {
        setLive((state) => ({ ...state, isConnected: false }));
        source.close();
        connect();
      }, patienceMs);
    }
    connect();
    return () => {
      clearTimeout(watchdog);
      source.close();
    };
  }, []);
  return live;
}

function everyOther(points: readonly HistoryPoint[]): HistoryPoint[] {
  return points.filter((point, i) => i % 2 === 1 || point.isRestart);
}
