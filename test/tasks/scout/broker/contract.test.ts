import { afterAll, describe, expect, test } from "vitest";
import { type Broker, StreamGoneError } from "../../../../src/tasks/scout/broker/broker.ts";
import { brokerNames, brokerStreams } from "../../../../src/tasks/scout/broker/names.ts";
import {
  getObject,
  openParcel,
  packParcel,
  removeObject,
} from "../../../../src/tasks/scout/broker/parcels.ts";
import { connectNats } from "../../../../src/tasks/scout/broker/run-nats.ts";
import { createMemoryServer } from "./memory-broker.ts";
import { hasNats, startNats, stopServers } from "./servers.ts";

afterAll(stopServers);

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes?: Uint8Array | null) => new TextDecoder().decode(bytes ?? new Uint8Array());
let runs = 0;

const brokers: Record<string, { isHere: boolean; open: () => Promise<() => Promise<Broker>> }> = {
  memory: {
    isHere: true,
    async open() {
      const { connect } = createMemoryServer();
      return async () => connect();
    },
  },
  NATS: {
    isHere: hasNats,
    async open() {
      const { url } = await startNats();
      return () => connectNats({ servers: [url], retrySeconds: 2, name: "test" });
    },
  },
};

describe.each(Object.entries(brokers))("a broker by %s", (_, { isHere, open }) => {
  /** A connection and the streams of a run of its own. */
  async function freshRun() {
    const connect = await opened();
    const names = brokerNames("forty", `${++runs}`);
    const broker = await connect();
    for (const spec of brokerStreams(names, { name: "forty", replicas: 1, ackSeconds: 1 }))
      await broker.ensureStream(spec);
    return { broker, names, connect };
  }
  let once: ReturnType<typeof open> | null = null;
  const opened = () => (once ??= open());
  const block = (names: ReturnType<typeof brokerNames>, id: number, messageId = `${id}`) => {
    const message = { stream: names.blocks, subject: names.block(id, 10 * id), id: messageId };
    return { ...message, bytes: bytesOf(`block ${id}`) };
  };

  test.runIf(isHere)("a queue gives each message to one, until it is acknowledged", async () => {
    const { broker, names } = await freshRun();
    await broker.publish(block(names, 1));
    await broker.publish(block(names, 2));
    await broker.publish(block(names, 2)); // not again
    expect(await broker.messagesIn(names.blocks)).toBe(2);
    expect((await broker.subjectsIn(names.blocks, ">")).sort()).toEqual(
      [1, 2].map((id) => names.block(id, 10 * id)),
    );
    const [first, second] = [
      await broker.pull(names.blocks, 500),
      await broker.pull(names.blocks, 500),
    ];
    expect([textOf(first?.bytes), textOf(second?.bytes)]).toEqual(["block 1", "block 2"]);
    expect(await broker.pull(names.blocks, 200)).toBeNull();
    await first?.ack();
    second?.giveBack(50);
    const again = await broker.pull(names.blocks, 1000);
    expect(again).toMatchObject({ subject: names.block(2, 20), attempt: 2 });
    await again?.ack();
    expect(await broker.messagesIn(names.blocks)).toBe(0);
    await broker.close();
  });

  test.runIf(isHere)(
    "silence of a second gives a message to another, signs of life do not",
    async () => {
      const { broker, names, connect } = await freshRun();
      const other = await connect();
      await broker.publish(block(names, 1));
      const held = await broker.pull(names.blocks, 500);
      const life = setInterval(() => held?.working(), 300);
      expect(await other.pull(names.blocks, 1500)).toBeNull();
      clearInterval(life);
      expect(await other.pull(names.blocks, 3000)).toMatchObject({ attempt: 2 });
      await other.close();
      await broker.close();
    },
  );

  test.runIf(isHere)(
    "a sole reader that starts anew gets at once what it had not acknowledged",
    async () => {
      const { broker, names, connect } = await freshRun();
      const result = { stream: names.results, subject: names.result(1, 10), id: "1" };
      await broker.publish({ ...result, bytes: bytesOf("result") });
      await broker.pull(names.results, 500);
      const anew = await connect();
      for (const spec of brokerStreams(names, { name: "forty", replicas: 1, ackSeconds: 1 }))
        await anew.ensureStream(spec);
      expect(await anew.pull(names.results, 300)).not.toBeNull();
      await anew.close();
      await broker.close();
    },
  );

  test.runIf(isHere)(
    "what does not fit into a message goes to the store in parts, and is removed",
    async () => {
      const { broker, names } = await freshRun();
      const long = Uint8Array.from({ length: 3.3 * broker.maxBytes }, (_, k) => k % 251);
      for (const bytes of [bytesOf("short"), new Uint8Array(0), long]) {
        const message = await packParcel(broker, names, { object: "thing", bytes });
        expect(message.length).toBeLessThanOrEqual(broker.maxBytes);
        const parcel = await openParcel(broker, names, message);
        expect(Buffer.compare(parcel.bytes, bytes)).toBe(0);
        expect(parcel.object).toBe(bytes === long ? "thing" : null);
        if (bytes !== long) continue;
        expect(await broker.messagesIn(names.store)).toBe(4);
        await removeObject(broker, names, "thing");
        expect(await broker.messagesIn(names.store)).toBe(0);
        await expect(openParcel(broker, names, message)).rejects.toThrow(
          "broker: part 0 of thing is not there",
        );
      }
      await expect(openParcel(broker, names, Uint8Array.of(7))).rejects.toThrow("none of ours");
      await expect(openParcel(broker, names, bytesOf("\u0001{}"))).rejects.toThrow("none of ours");
      const none = { object: "none", bytes: 1, partBytes: 1 };
      await expect(getObject(broker, names, none)).rejects.toThrow("is not there");
      await broker.close();
    },
  );

  test.runIf(isHere)("runs are found by their job, and told from those that are over", async () => {
    const { broker, names } = await freshRun();
    expect(await broker.streamsOf("forty.*.store.job")).toContain(names.store);
    expect(await broker.streamsOf("another.*.store.job")).toEqual([]);
    for (const stream of [names.blocks, names.results, names.store])
      await broker.removeStream(stream);
    await broker.removeStream(names.store); // none there is fine
    expect(await broker.streamsOf("forty.*.store.job")).not.toContain(names.store);
    await expect(broker.pull(names.blocks, 300)).rejects.toThrow(StreamGoneError);
    await expect(broker.publish(block(names, 1))).rejects.toThrow(StreamGoneError);
    await broker.close();
  });

  test.runIf(isHere)("a stream tells what it holds, and since when", async () => {
    const { broker, names } = await freshRun();
    const made = await broker.stateOf(names.blocks);
    expect(made).toMatchObject({ messages: 0, bytes: 0, consumers: 1, lastMs: null });
    expect(Math.abs(made.madeMs - Date.now())).toBeLessThan(10_000);
    await broker.publish(block(names, 1));
    const { messages, bytes, lastMs } = await broker.stateOf(names.blocks);
    expect(messages).toBe(1);
    expect(bytes).toBeGreaterThanOrEqual("block 1".length);
    expect(lastMs).toBeGreaterThanOrEqual(Math.floor(made.madeMs));
    expect(await broker.stateOf(names.store)).toMatchObject({ consumers: 0 });
    expect(await broker.streamsOf("forty.>")).toContain(names.blocks);
    expect(await broker.streamsOf("another.>")).toEqual([]);
    await expect(broker.stateOf("forty-none-store")).rejects.toThrow(StreamGoneError);
    await broker.close();
  });

  test.runIf(isHere)("those who listen hear what is told", async () => {
    const { broker, names, connect } = await freshRun();
    const heard: string[] = [];
    broker.listen(names.worker, (bytes) => heard.push(textOf(bytes)));
    const other = await connect();
    while (heard.length === 0) {
      other.tell(names.worker, bytesOf("hello"));
      await new Promise((go) => setTimeout(go, 50));
    }
    expect(heard[0]).toBe("hello");
    await other.close();
    await broker.close();
  });
});

test.runIf(hasNats)("a broker that cannot have three replicas is told so", async () => {
  const { url } = await startNats();
  const broker = await connectNats({ servers: [url], retrySeconds: 2, name: "test" });
  const names = brokerNames("forty", "0");
  const [spec] = brokerStreams(names, { name: "forty", replicas: 3, ackSeconds: 1 });
  await expect(broker.ensureStream(spec)).rejects.toThrow(
    /^broker: no stream forty-0-store: .*; 3 replicas need a cluster of as many servers$/,
  );
  await broker.close();
});

test.runIf(hasNats)("no server, and one that stays away, are told with what to do", async () => {
  await expect(
    connectNats({ servers: ["nats://127.0.0.1:1"], retrySeconds: 1, name: "test" }),
  ).rejects.toThrow(
    /^broker: cannot connect to nats:\/\/127.0.0.1:1: .*; is nats-server running there\?$/,
  );
  const server = await startNats();
  const broker = await connectNats({ servers: [server.url], retrySeconds: 1, name: "test" });
  await server.kill();
  await expect(broker.messagesIn("any")).rejects.toThrow(/tried for 1 s: .*; is it running\?$/);
  await broker.close();
});
